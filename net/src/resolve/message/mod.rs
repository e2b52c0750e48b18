//! Questions to name servers and their answers, on the wire: written by way of a kept codec, read by
//! [`Reader`].
//!
//! Go: net/dnsclient_unix.go `newRequest checkResponse checkHeader extractExtendedRCode`,
//! golang.org/x/net/dns/dnsmessage.
//!
//! I1 A reply counts only if its id, type, class and name are the question's: others may be
//!    forgeries.
//! I2 A truncated reply is recognised from its header and question alone; the rest may be cut
//!    anywhere.
//! I3 Of a reply only the answers are read, and of them only those of types that were asked for.
//!    Addresses before a record that cannot be read are good, as in Go; names are not.

mod reader;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, Ipv6Addr};

use reader::Reader;
use simple_dns::rdata::OPT;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

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
        let Some(header) = Header::of(reply) else { return Checked::Malformed };
        let mut reader = Reader::new(reply, HEADER_SIZE);
        let mut question = || Some((reader.name()?, reader.word()?, reader.word()?));
        let question = if header.questions == 0 { None } else { question() };
        let Some((name, kind, class)) = question else { return Checked::Malformed };
        let ours = header.has(RESPONSE)
            && header.id == self.id
            && kind == u16::from(self.kind.on_wire())
            && class == CLASS::IN as u16
            && name.eq_ignore_ascii_case(&self.name);
        match ours {
            false => Checked::Foreign,
            true if header.questions != 1 => Checked::SeveralQuestions,
            true if header.has(TRUNCATED) => Checked::Truncated,
            true => Checked::Complete,
        }
    }

    /// The records of the reply, from the first of the wanted type on; the failure the server
    /// reports otherwise. A record that cannot be read ends them (I3).
    #[doc(alias = "skipToAnswer")]
    pub(super) fn answers(&self, reply: &[u8]) -> Result<Vec<Answer>, Failure> {
        let header = Header::of(reply).ok_or(Failure::CannotUnmarshal)?;
        let (rcode, has_additional) = extended_rcode(reply).ok_or(Failure::CannotUnmarshal)?;
        // A name that does not exist may come with records nobody can read.
        if rcode == RCODE::NameError as u16 {
            return Err(Failure::NoSuchHost);
        }
        let mut reader = after_questions(reply, header).ok_or(Failure::CannotUnmarshal)?;
        if header.answers > 0 && reader.clone().record().is_none() {
            return Err(Failure::CannotUnmarshal);
        }
        check_header(header, rcode, has_additional)?;
        let mut answers = Vec::new();
        let all = (0..header.answers).try_for_each(|_| self.read_answer(&mut reader, &mut answers));
        match all {
            // Addresses before it are good; of names, all or none.
            None if answers.is_empty() || self.kind == RecordType::Ptr => Err(Failure::CannotUnmarshal),
            Some(()) if answers.is_empty() => Err(Failure::NoSuchHost),
            _ => Ok(answers),
        }
    }

    /// The next record, if it is of the wanted type or comes after such a one; passed over by its
    /// length if nobody asked for its type.
    fn read_answer(&self, reader: &mut Reader<'_>, answers: &mut Vec<Answer>) -> Option<()> {
        let record = reader.record()?;
        let wanted = record.kind == u16::from(self.kind.on_wire());
        if answers.is_empty() && !wanted {
            return reader.skip(&record);
        }
        let data = match TYPE::from(record.kind) {
            TYPE::PTR if wanted => reader.data(&record, |data| data.name().map(Data::Ptr))?,
            _ if self.kind == RecordType::Ptr => return reader.skip(&record),
            TYPE::A => reader.data(&record, |data| data.octets::<4>().map(|ip| Data::A(ip.into())))?,
            TYPE::AAAA => reader.data(&record, |data| data.octets::<16>().map(|ip| Data::Aaaa(ip.into())))?,
            TYPE::CNAME => reader.data(&record, |data| data.name().map(Data::Cname))?,
            _ => return reader.skip(&record),
        };
        answers.push(Answer { owner: record.owner, data });
        Some(())
    }
}

/// The bits of a header that we look at.
const RESPONSE: u16 = 1 << 15;
const AUTHORITATIVE: u16 = 1 << 10;
const TRUNCATED: u16 = 1 << 9;
const RECURSION_AVAILABLE: u16 = 1 << 7;

/// The beginning of a message.
#[derive(Clone, Copy)]
struct Header {
    id: u16,
    bits: u16,
    questions: u16,
    answers: u16,
}

impl Header {
    fn of(message: &[u8]) -> Option<Header> {
        let header: &[u8; HEADER_SIZE] = message.first_chunk()?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        Some(Header { id: word(0), bits: word(2), questions: word(4), answers: word(6) })
    }

    fn has(self, bit: u16) -> bool {
        self.bits & bit != 0
    }
}

fn after_questions(reply: &[u8], header: Header) -> Option<Reader<'_>> {
    let mut rest = reply.get(HEADER_SIZE..)?;
    (0..header.questions).try_for_each(|_| skip_question(&mut rest))?;
    Some(Reader::new(reply, reply.len() - rest.len()))
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
}

#[doc(alias = "checkHeader")]
fn check_header(header: Header, rcode: u16, has_additional: bool) -> Result<(), Failure> {
    const SUCCESS: u16 = RCODE::NoError as u16;
    const SERVER_FAILURE: u16 = RCODE::ServerFailure as u16;
    let knows_something = header.has(AUTHORITATIVE) || header.has(RECURSION_AVAILABLE);
    match rcode {
        // libresolv goes on to the next server when it receives an invalid referral
        // (golang.org/issue/15434).
        SUCCESS if !knows_something && header.answers == 0 && !has_additional => Err(Failure::LameReferral),
        SUCCESS => Ok(()),
        SERVER_FAILURE => Err(Failure::ServerTemporarilyMisbehaving),
        _ => Err(Failure::ServerMisbehaving),
    }
}

/// The response code with the upper bits of an OPT record (RFC 6891 section 6.1.3); and whether there is any additional record. What cannot be read is
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

fn wire_name(name: &str) -> Result<Name<'_>, Failure> {
    let relative = name.strip_suffix('.').unwrap_or(name);
    if relative.is_empty() {
        return Ok(Name::new_with_labels(&[]));
    }
    Name::new(relative).map_err(|_| Failure::CannotMarshal)
}

fn random_id() -> u16 {
    RandomState::new().build_hasher().finish() as u16
}

#[cfg(test)]
mod tests;
