//! Questions to name servers and their answers, on the wire by way of a kept codec.
//!
//! Go: net/dnsclient_unix.go `newRequest checkResponse checkHeader extractExtendedRCode`, golang.org/x/net/dns/dnsmessage.
//!
//! I1 A reply counts only if its id, type, class and name are the question's: others may be forgeries.
//! I2 A truncated reply is recognised from its header and question alone; the rest may be cut anywhere.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{OPT, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

use super::failure::Failure;

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
        if super::godebug("netedns0").as_deref() != Some("0") {
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
    pub(super) fn check(&self, reply: &[u8]) -> Checked {
        let Some(head) = head_of(reply) else { return Checked::Malformed };
        let Ok(packet) = Packet::parse(&head) else { return Checked::Malformed };
        let Some(question) = packet.questions.first() else { return Checked::Malformed };
        let ours = packet.has_flags(PacketFlag::RESPONSE)
            && packet.id() == self.id
            && question.qtype == QTYPE::TYPE(self.kind.on_wire())
            && question.qclass == QCLASS::CLASS(CLASS::IN)
            && presentation(&question.qname).eq_ignore_ascii_case(&self.name);
        match ours {
            false => Checked::Foreign,
            true if packet.has_flags(PacketFlag::TRUNCATION) => Checked::Truncated,
            true => Checked::Complete,
        }
    }

    /// The records of the reply; the failure the server reports otherwise.
    pub(super) fn answers(&self, reply: &[u8]) -> Result<Vec<Answer>, Failure> {
        // A name that does not exist may come with records nobody can read.
        if reply.len() >= HEADER_SIZE && reply[3] & 0xf == RCODE::NameError as u8 {
            return Err(Failure::NoSuchHost);
        }
        let packet = Packet::parse(reply).map_err(|_| Failure::CannotUnmarshal)?;
        check_header(&packet)?;
        let wanted = self.kind.on_wire();
        let from_wanted = packet.answers.iter().skip_while(|record| record.rdata.type_code() != wanted);
        let answers: Vec<Answer> = from_wanted.map(|record| Answer::of(&record.rdata)).collect();
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
    /// Not our answer.
    Foreign,
    /// Not a message.
    Malformed,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(String),
    Ptr(String),
    Other,
}

impl Answer {
    fn of(rdata: &RData<'_>) -> Answer {
        match rdata {
            RData::A(a) => Answer::A(Ipv4Addr::from(a.address)),
            RData::AAAA(aaaa) => Answer::Aaaa(Ipv6Addr::from(aaaa.address)),
            RData::CNAME(cname) => Answer::Cname(presentation(&cname.0)),
            RData::PTR(ptr) => Answer::Ptr(presentation(&ptr.0)),
            _ => Answer::Other,
        }
    }
}

fn check_header(packet: &Packet<'_>) -> Result<(), Failure> {
    match packet.rcode() {
        RCODE::NameError => return Err(Failure::NoSuchHost),
        RCODE::NoError => {}
        RCODE::ServerFailure => return Err(Failure::ServerTemporarilyMisbehaving),
        _ => return Err(Failure::ServerMisbehaving),
    }
    // libresolv goes on to the next server when it receives an invalid referral (golang.org/issue/15434).
    let has_additional = packet.opt().is_some() || !packet.additional_records.is_empty();
    let knows_something = packet.has_flags(PacketFlag::AUTHORITATIVE_ANSWER)
        || packet.has_flags(PacketFlag::RECURSION_AVAILABLE);
    if !knows_something && packet.answers.is_empty() && !has_additional {
        return Err(Failure::LameReferral);
    }
    Ok(())
}

/// The header and the questions, the other sections declared empty (I2).
fn head_of(reply: &[u8]) -> Option<Vec<u8>> {
    let mut head = reply.to_vec();
    head.get_mut(6..HEADER_SIZE)?.fill(0);
    head[3] &= !0x40; // The codec refuses the reserved bit; Go does not look at it.
    Some(head)
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
#[path = "message_tests.rs"]
mod tests;
