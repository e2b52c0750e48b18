//! Questions to name servers and their answers, on the wire by way of a kept codec.
//!
//! Go: net/dnsclient_unix.go `newRequest checkResponse checkHeader extractExtendedRCode`,
//! golang.org/x/net/dns/dnsmessage.
//!
//! I1 A reply counts only if its id, type, class and name are the question's: others may be
//!    forgeries.
//! I2 A truncated reply is recognised from its header and question alone; the rest may be cut
//!    anywhere.
//! I3 Of a reply only the answers must be readable: what follows them is nothing that we need.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{OPT, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE};

use super::failure::Failure;
use super::sources::godebug;

/// The largest reply over UDP (RFC 6891, and what passes a usual path unfragmented).
pub(super) const MAX_PACKET: usize = 1232;
const HEADER_SIZE: usize = 12;

/// The types of records we ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RecordType {
    A,
    Aaaa,
    Cname,
    Ptr,
}

impl RecordType {
    fn on_wire(self) -> TYPE {
        match self {
            RecordType::A => TYPE::A,
            RecordType::Aaaa => TYPE::AAAA,
            RecordType::Cname => TYPE::CNAME,
            RecordType::Ptr => TYPE::PTR,
        }
    }
}

/// A question ready to send.
#[derive(Debug)]
pub(super) struct Query {
    id: u16,
    name: String,
    kind: RecordType,
    bytes: Vec<u8>,
}

impl Query {
    /// `name` has its final dot.
    pub(super) fn new(name: &str, kind: RecordType, trust_ad: bool) -> Result<Query, Failure> {
        let id = random_id();
        let mut packet = Packet::new_query(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        if trust_ad {
            packet.set_flags(PacketFlag::AUTHENTIC_DATA);
        }
        let on_wire = wire_name(name)?;
        let class = QCLASS::CLASS(CLASS::IN);
        packet.questions.push(Question::new(on_wire, QTYPE::TYPE(kind.on_wire()), class, false));
        if godebug("netedns0").as_deref() != Some("0") {
            let udp_packet_size = MAX_PACKET as u16;
            *packet.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size, version: 0 });
        }
        let bytes = packet.build_bytes_vec().map_err(|_| Failure::CannotMarshal)?;
        Ok(Query { id, name: name.to_owned(), kind, bytes })
    }

    /// For UDP.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// For TCP: with the length in front.
    pub(super) fn bytes_with_length(&self) -> Vec<u8> {
        let mut framed = (self.bytes.len() as u16).to_be_bytes().to_vec();
        framed.extend_from_slice(&self.bytes);
        framed
    }

    /// Whether the bytes answer this question (I1), and whether they are all of the answer.
    #[doc(alias = "checkResponse")]
    pub(super) fn check(&self, reply: &[u8]) -> Checked {
        let Some(head) = with_counts(reply, |[questions, ..]| [questions.min(1), 0, 0, 0]) else {
            return Checked::Malformed;
        };
        let Ok(packet) = Packet::parse(&head) else { return Checked::Malformed };
        let Some(question) = packet.questions.first() else { return Checked::Malformed };
        let ours = packet.has_flags(PacketFlag::RESPONSE)
            && packet.id() == self.id
            && question.qtype == QTYPE::TYPE(self.kind.on_wire())
            && question.qclass == QCLASS::CLASS(CLASS::IN)
            && presentation(&question.qname).eq_ignore_ascii_case(&self.name);
        match ours {
            false => Checked::Foreign,
            true if reply[4..6] != [0, 1] => Checked::SeveralQuestions,
            true if packet.has_flags(PacketFlag::TRUNCATION) => Checked::Truncated,
            true => Checked::Complete,
        }
    }

    /// The records of the reply, from the first of the wanted type on; the failure the server
    /// reports otherwise.
    #[doc(alias = "skipToAnswer")]
    pub(super) fn answers(&self, reply: &[u8]) -> Result<Vec<Answer>, Failure> {
        let (rcode, has_additional) = extended_rcode(reply).ok_or(Failure::CannotUnmarshal)?;
        // A name that does not exist may come with records nobody can read.
        if rcode == RCODE::NameError as u16 {
            return Err(Failure::NoSuchHost);
        }
        let readable =
            with_counts(reply, |[q, answers, ..]| [q, answers, 0, 0]).ok_or(Failure::CannotUnmarshal)?; // I3
        let packet = Packet::parse(&readable).map_err(|_| Failure::CannotUnmarshal)?;
        check_header(&packet, rcode, has_additional)?;
        let wanted = self.kind.on_wire();
        let from_wanted = packet.answers.iter().skip_while(|record| record.rdata.type_code() != wanted);
        let answers: Vec<Answer> = from_wanted.map(Answer::of).collect();
        if answers.is_empty() { Err(Failure::NoSuchHost) } else { Ok(answers) }
    }
}

/// What came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Checked {
    /// The answer.
    Complete,
    /// The beginning of the answer: ask again over TCP.
    Truncated,
    /// The answer to our question and to others, which nobody asked.
    SeveralQuestions,
    /// Not our answer.
    Foreign,
    /// Not a message.
    Malformed,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// Whose it is, with its final dot.
    pub(super) owner: String,
    pub(super) data: Data,
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(String),
    Ptr(String),
    Other,
}

impl Answer {
    fn of(record: &ResourceRecord<'_>) -> Answer {
        let data = match &record.rdata {
            RData::A(a) => Data::A(Ipv4Addr::from(a.address)),
            RData::AAAA(aaaa) => Data::Aaaa(Ipv6Addr::from(aaaa.address)),
            RData::CNAME(cname) => Data::Cname(presentation(&cname.0)),
            RData::PTR(ptr) => Data::Ptr(presentation(&ptr.0)),
            _ => Data::Other,
        };
        Answer { owner: presentation(&record.name), data }
    }
}

#[doc(alias = "checkHeader")]
fn check_header(packet: &Packet<'_>, rcode: u16, has_additional: bool) -> Result<(), Failure> {
    const SUCCESS: u16 = RCODE::NoError as u16;
    const SERVER_FAILURE: u16 = RCODE::ServerFailure as u16;
    let knows_something = packet.has_flags(PacketFlag::AUTHORITATIVE_ANSWER)
        || packet.has_flags(PacketFlag::RECURSION_AVAILABLE);
    match rcode {
        // libresolv goes on to the next server when it receives an invalid referral
        // (golang.org/issue/15434).
        SUCCESS if !knows_something && packet.answers.is_empty() && !has_additional => {
            Err(Failure::LameReferral)
        }
        SUCCESS => Ok(()),
        SERVER_FAILURE => Err(Failure::ServerTemporarilyMisbehaving),
        _ => Err(Failure::ServerMisbehaving),
    }
}

/// The response code with the upper bits of an OPT record (RFC 6891 section 6.1.3), which the codec
/// looks for in another place; and whether there is any additional record. What cannot be read is
/// not there. `None`: no header.
#[doc(alias = "extractExtendedRCode")]
fn extended_rcode(reply: &[u8]) -> Option<(u16, bool)> {
    let rcode = u16::from(reply.get(3)? & 0xf);
    let count = |i: usize| Some(u16::from_be_bytes([*reply.get(4 + 2 * i)?, *reply.get(5 + 2 * i)?]));
    let (questions, records, additional) =
        (count(0)?, u32::from(count(1)?) + u32::from(count(2)?), count(3)?);
    let mut rest = &reply[HEADER_SIZE..];
    let skipped = (0..questions).try_for_each(|_| skip_question(&mut rest)).is_some()
        && (0..records).try_for_each(|_| next_record(&mut rest).map(drop)).is_some();
    let mut has_additional = false;
    for _ in 0..if skipped { additional } else { 0 } {
        let Some((kind, ttl)) = next_record(&mut rest) else { break };
        has_additional = true;
        if kind == u16::from(TYPE::OPT) {
            return Some((rcode | (ttl >> 24 << 4) as u16, true));
        }
    }
    Some((rcode, has_additional))
}

fn skip_question(rest: &mut &[u8]) -> Option<()> {
    skip_name(rest)?;
    rest.split_off(..4).map(drop)
}

/// The type and the TTL of the next record.
fn next_record(rest: &mut &[u8]) -> Option<(u16, u32)> {
    skip_name(rest)?;
    let fixed = rest.split_off(..10)?;
    let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    rest.split_off(..usize::from(word(8)))?;
    Some((word(0), u32::from(word(4)) << 16 | u32::from(word(6))))
}

/// Labels up to the empty one or a pointer.
fn skip_name(rest: &mut &[u8]) -> Option<()> {
    loop {
        match *rest.split_off_first()? {
            0 => return Some(()),
            len @ 1..=63 => drop(rest.split_off(..usize::from(len))?),
            0xc0.. => return rest.split_off(..1).map(drop),
            _ => return None,
        }
    }
}

/// The bytes with other numbers of questions, answers, authorities and additional records. `None`:
/// too short.
fn with_counts(reply: &[u8], change: impl FnOnce([u16; 4]) -> [u16; 4]) -> Option<Vec<u8>> {
    let mut reply = reply.to_vec();
    let counts = reply.get_mut(4..HEADER_SIZE)?;
    let read = |i: usize| u16::from_be_bytes([counts[2 * i], counts[2 * i + 1]]);
    let changed = change([read(0), read(1), read(2), read(3)]);
    for (at, count) in counts.chunks_exact_mut(2).zip(changed) {
        at.copy_from_slice(&count.to_be_bytes());
    }
    reply[3] &= !0x40; // The codec refuses the reserved bit; Go does not look at it.
    Some(reply)
}

fn wire_name(name: &str) -> Result<Name<'_>, Failure> {
    let relative = name.strip_suffix('.').unwrap_or(name);
    if relative.is_empty() {
        return Ok(Name::new_with_labels(&[]));
    }
    Name::new(relative).map_err(|_| Failure::CannotMarshal)
}

fn presentation(name: &Name<'_>) -> String {
    format!("{name}.")
}

fn random_id() -> u16 {
    RandomState::new().build_hasher().finish() as u16
}

#[cfg(test)]
mod tests;
