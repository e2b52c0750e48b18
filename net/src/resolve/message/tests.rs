use simple_dns::ResourceRecord;
use simple_dns::rdata::{A, CNAME, RData};

use super::*;

fn reply_to(query: &Query, change: impl FnOnce(&mut Packet<'_>)) -> Vec<u8> {
    let mut packet = Packet::parse(query.bytes()).unwrap().into_reply();
    *packet.opt_mut() = None;
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE);
    change(&mut packet);
    packet.build_bytes_vec().unwrap()
}

fn record(name: &'static str, rdata: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, rdata)
}

#[test]
fn a_query_is_gos() {
    let query = Query::new("host.example.", RecordType::A, false).unwrap();
    let expected: &[u8] =
        b"\x01\0\0\x01\0\0\0\0\0\x01\x04host\x07example\0\0\x01\0\x01\0\0)\x04\xd0\0\0\0\0\0\0";
    assert_eq!(&query.bytes()[2..], expected);
    assert_eq!(query.bytes_with_length()[..2], (query.bytes().len() as u16).to_be_bytes());
    let with_ad = Query::new("host.example.", RecordType::A, true).unwrap();
    assert_eq!(with_ad.bytes()[3], 0x20);
    let label = "a".repeat(64);
    assert_eq!(Query::new(&format!("{label}."), RecordType::A, false).unwrap_err(), Failure::CannotMarshal);
}

#[test]
fn answers_come_out() {
    let query = Query::new("host.example.", RecordType::A, false).unwrap();
    let reply = reply_to(&query, |packet| {
        packet.answers.push(record("host.example", RData::CNAME(CNAME(Name::new("real.example").unwrap()))));
        packet.answers.push(record("real.example", RData::A(A { address: 0xc000_020a })));
    });
    assert_eq!(query.check(&reply), Checked::Complete);
    let data = Data::A(Ipv4Addr::new(192, 0, 2, 10));
    assert_eq!(query.answers(&reply), Ok(vec![Answer { owner: "real.example.".into(), data }]));
}

#[test]
fn forgeries_are_told_from_answers() {
    let query = Query::new("host.example.", RecordType::A, false).unwrap();
    let other_id = reply_to(&query, |packet| packet.set_id(packet.id().wrapping_add(1)));
    assert_eq!(query.check(&other_id), Checked::Foreign);
    let other_name =
        reply_to(&query, |packet| packet.questions[0].qname = Name::new("evil.example").unwrap());
    assert_eq!(query.check(&other_name), Checked::Foreign);
    let other_case =
        reply_to(&query, |packet| packet.questions[0].qname = Name::new("HOST.example").unwrap());
    assert_eq!(query.check(&other_case), Checked::Complete);
    assert_eq!(query.check(query.bytes()), Checked::Foreign);
    assert_eq!(query.check(b"short"), Checked::Malformed);
}

#[test]
fn truncation_shows_though_the_rest_is_cut() {
    let query = Query::new("host.example.", RecordType::A, false).unwrap();
    let mut reply = reply_to(&query, |packet| {
        packet.set_flags(PacketFlag::TRUNCATION);
        packet.answers.push(record("host.example", RData::A(A { address: 1 })));
    });
    reply.truncate(reply.len() - 3);
    assert_eq!(query.check(&reply), Checked::Truncated);
}

#[test]
fn servers_fail_in_gos_words() {
    let query = Query::new("host.example.", RecordType::A, false).unwrap();
    let fails = |change: fn(&mut Packet<'_>)| query.answers(&reply_to(&query, change)).unwrap_err();
    assert_eq!(fails(|p| *p.rcode_mut() = RCODE::NameError), Failure::NoSuchHost);
    assert_eq!(fails(|p| *p.rcode_mut() = RCODE::ServerFailure), Failure::ServerTemporarilyMisbehaving);
    assert_eq!(fails(|p| *p.rcode_mut() = RCODE::Refused), Failure::ServerMisbehaving);
    assert_eq!(fails(|_| {}), Failure::NoSuchHost);
    assert_eq!(fails(|p| p.remove_flags(PacketFlag::RECURSION_AVAILABLE)), Failure::LameReferral);
    assert_eq!(query.answers(b"\0\0\x80\0nonsense").unwrap_err(), Failure::CannotUnmarshal);
}

#[test]
fn a_pointer_to_itself_ends() {
    let query = Query::new("a.", RecordType::A, false).unwrap();
    let mut reply = query.bytes()[..12].to_vec();
    reply[2] |= 0x80;
    reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
    assert_eq!(query.check(&reply), Checked::Malformed);
}
