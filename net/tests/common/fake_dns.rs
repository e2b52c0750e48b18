//! A name server of the tests', on loopback: goroutines that answer as a handler says. Messages are put together here by
//! hand, so that the codec of the resolver is not tested against itself.
//!
//! Who includes this file has `gopark_net` in the module above: the crate's own unit tests call the crate itself so.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::context::Context;
use gopark_runtime::go;

use super::gopark_net::{Conn, Dialer, Listener, OpError, PacketConn, Resolver, listen, listen_packet};

/// No server waits longer than this for a question.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const PTR: u16 = 12;
pub(crate) const TXT: u16 = 16;
pub(crate) const AAAA: u16 = 28;
const OPT: u16 = 41;

pub(crate) const SUCCESS: u8 = 0;
pub(crate) const SERVFAIL: u8 = 2;
pub(crate) const NXDOMAIN: u8 = 3;
pub(crate) const REFUSED: u8 = 5;

/// Go's test addresses (RFC 5737, RFC 3849).
pub(crate) const TEST_ADDR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(crate) const TEST_ADDR6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// The messages to send to a question: none leaves it unanswered.
pub(crate) type Handler = dyn Fn(&Question) -> Vec<Vec<u8>> + Send + Sync;

/// A question as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// "udp" or "tcp".
    pub network: String,
    /// The server that was asked, as the resolver names it.
    pub server: String,
    /// With its final dot.
    pub name: String,
    pub kind: u16,
    bytes: Vec<u8>,
    /// Where the question ends.
    end: usize,
}

impl Question {
    fn read(network: &str, server: &str, bytes: Vec<u8>) -> Question {
        let mut name = String::new();
        let mut at = 12;
        while bytes[at] != 0 {
            let end = at + 1 + usize::from(bytes[at]);
            name.push_str(std::str::from_utf8(&bytes[at + 1..end]).expect("names of the tests are ASCII"));
            name.push('.');
            at = end;
        }
        if name.is_empty() {
            name.push('.');
        }
        let kind = u16::from_be_bytes([bytes[at + 1], bytes[at + 2]]);
        Question { network: network.into(), server: server.into(), name, kind, bytes, end: at + 5 }
    }

    /// Whether the AD bit is set.
    pub(crate) fn authentic_data(&self) -> bool {
        self.bytes[3] & 0x20 != 0
    }

    /// The size that an OPT record promises, and how many bytes of options it has.
    pub(crate) fn edns0(&self) -> Option<(u16, u16)> {
        let record = &self.bytes[self.end..];
        let word = |at: usize| u16::from_be_bytes([record[at], record[at + 1]]);
        (self.bytes[10..12] == [0, 1] && record[0] == 0 && word(1) == OPT).then(|| (word(3), word(9)))
    }

    /// A reply without records.
    pub(crate) fn reply(&self) -> Reply {
        let mut bytes = self.bytes[..self.end].to_vec();
        bytes[2] = 0x80;
        bytes[3] = 0;
        bytes[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        Reply { bytes }
    }

    /// A reply with one address, if addresses of the kind are asked for.
    pub(crate) fn reply_with_addr(&self) -> Reply {
        match self.kind {
            A => self.reply().a(TEST_ADDR),
            AAAA => self.reply().aaaa(TEST_ADDR6),
            _ => self.reply(),
        }
    }
}

/// A message under way. Records of the answer come before others.
#[derive(Clone, Debug)]
pub struct Reply {
    bytes: Vec<u8>,
}

impl Reply {
    pub fn rcode(mut self, code: u8) -> Reply {
        self.bytes[3] |= code;
        self
    }

    pub fn truncated(mut self) -> Reply {
        self.bytes[2] |= 2;
        self
    }

    pub fn authoritative(mut self) -> Reply {
        self.bytes[2] |= 4;
        self
    }

    pub fn recursion_available(mut self) -> Reply {
        self.bytes[3] |= 0x80;
        self
    }

    pub fn other_id(mut self) -> Reply {
        self.bytes[1] = self.bytes[1].wrapping_add(1);
        self
    }

    pub fn a(self, addr: Ipv4Addr) -> Reply {
        self.answer(None, A, &addr.octets())
    }

    pub fn aaaa(self, addr: Ipv6Addr) -> Reply {
        self.answer(None, AAAA, &addr.octets())
    }

    pub fn cname(self, target: &str) -> Reply {
        self.answer(None, CNAME, &on_wire(target))
    }

    pub fn ptr(self, target: &str) -> Reply {
        self.answer(None, PTR, &on_wire(target))
    }

    /// A record of the question's name, or of another.
    pub fn answer(mut self, owner: Option<&str>, kind: u16, data: &[u8]) -> Reply {
        self.bytes[7] += 1;
        let owner = owner.map_or(vec![0xc0, 12], on_wire);
        self.record(&owner, kind, 1, 60, data)
    }

    /// An OPT record with the upper bits of the response code.
    pub fn opt(mut self, upper_rcode: u8) -> Reply {
        self.bytes[11] += 1;
        self.record(&[0], OPT, 1232, u32::from(upper_rcode) << 24, &[])
    }

    /// An additional record that ends too early.
    pub fn broken_additional(mut self) -> Reply {
        self.bytes[11] += 1;
        self.bytes.extend([0xc0, 12, 0, 1, 0]);
        self
    }

    fn record(mut self, owner: &[u8], kind: u16, class: u16, ttl: u32, data: &[u8]) -> Reply {
        self.bytes.extend(owner);
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend(class.to_be_bytes());
        self.bytes.extend(ttl.to_be_bytes());
        self.bytes.extend((data.len() as u16).to_be_bytes());
        self.bytes.extend(data);
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The one message that is sent.
impl From<Reply> for Vec<Vec<u8>> {
    fn from(reply: Reply) -> Self {
        vec![reply.bytes]
    }
}

/// A name in length-prefixed labels.
pub(crate) fn on_wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A resolver whose every dial reaches a server of its own, which knows the address that was dialled.
#[doc(alias = "fakeDNSServer")]
pub(crate) fn resolver(handler: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Resolver {
    resolver_that_dials(handler, |network| if network == "udp" { "udp" } else { "tcp" })
}

/// The same, with streams whatever network is asked for.
pub(crate) fn tcp_resolver(handler: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Resolver {
    resolver_that_dials(handler, |_| "tcp")
}

fn resolver_that_dials(
    handler: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static,
    over: impl Fn(&str) -> &'static str + Send + Sync + 'static,
) -> Resolver {
    let handler: Arc<Handler> = Arc::new(handler);
    let dial = move |ctx: &Context, network: &str, server: &str| -> Result<Conn, OpError> {
        let (handler, asked, server) = (handler.clone(), network.to_owned(), server.to_owned());
        let addr = match over(network) {
            "udp" => {
                let socket = listen_packet("udp", "127.0.0.1:0")?;
                let addr = socket.local_addr();
                go(move || answer_packet(&socket, &asked, &server, &*handler));
                addr
            }
            _ => {
                let listener = listen("tcp", "127.0.0.1:0")?;
                let addr = listener.addr();
                go(move || answer_stream(&listener, &asked, &server, &*handler));
                addr
            }
        };
        Dialer::default().dial_context(ctx, over(network), &addr.to_string())
    };
    Resolver { prefer_go: true, dial: Some(Arc::new(dial)), ..Resolver::default() }
}

/// A server on one loopback address, UDP and TCP, for as long as the value lives.
pub(crate) struct Server {
    pub addr: String,
    udp: Arc<PacketConn>,
    tcp: Arc<Listener>,
}

impl Server {
    pub(crate) fn new(handler: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Server {
        let handler: Arc<Handler> = Arc::new(handler);
        let (udp, tcp) = (0..100).find_map(|_| same_port()).expect("a port that both have free");
        let addr = tcp.addr().to_string();
        let (socket, listener, tcp_handler) = (udp.clone(), tcp.clone(), handler.clone());
        let name = addr.clone();
        go(move || while answer_packet(&socket, "udp", &name, &*handler) {});
        let name = addr.clone();
        go(move || while answer_stream(&listener, "tcp", &name, &*tcp_handler) {});
        Server { addr, udp, tcp }
    }

    /// A resolver that asks this server.
    pub(crate) fn resolver(&self) -> Resolver {
        Resolver { servers: vec![self.addr.clone()], ..Resolver::default() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its goroutines end with an error each.
        let _ = self.udp.close();
        let _ = self.tcp.close();
    }
}

fn same_port() -> Option<(Arc<PacketConn>, Arc<Listener>)> {
    let tcp = listen("tcp", "127.0.0.1:0").ok()?;
    Some((Arc::new(listen_packet("udp", &tcp.addr().to_string()).ok()?), Arc::new(tcp)))
}

/// Whether there will be more.
fn answer_packet(socket: &PacketConn, network: &str, server: &str, handler: &Handler) -> bool {
    let _ = socket.set_deadline(Some(Instant::now() + LIMIT));
    let mut bytes = vec![0; 1500];
    let Ok((n, Some(from))) = socket.read_from(&mut bytes) else { return false };
    bytes.truncate(n);
    for message in handler(&Question::read(network, server, bytes)) {
        let _ = socket.write_to(&message, &from);
    }
    true
}

fn answer_stream(listener: &Listener, network: &str, server: &str, handler: &Handler) -> bool {
    let _ = listener.set_deadline(Some(Instant::now() + LIMIT));
    let Ok(conn) = listener.accept() else { return false };
    let Some(bytes) = framed(&conn) else { return true };
    for message in handler(&Question::read(network, server, bytes)) {
        let mut framed = (message.len() as u16).to_be_bytes().to_vec();
        framed.extend(message);
        let _ = conn.write(&framed);
    }
    true
}

/// A message with its length in front.
fn framed(conn: &Conn) -> Option<Vec<u8>> {
    let exactly = |len: usize| {
        let mut bytes = vec![0; len];
        let mut read = 0;
        while read < len {
            read += conn.read(&mut bytes[read..]).ok().filter(|&n| n > 0)?;
        }
        Some(bytes)
    };
    let len = exactly(2)?;
    exactly(usize::from(u16::from_be_bytes([len[0], len[1]])))
}
