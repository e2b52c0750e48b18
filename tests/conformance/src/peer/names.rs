//! Peers of the programs about names: name servers, and what the names lead to.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::tools::{accept, pace, read_all, server, server_on};
use super::{Cue, LIMIT, Peer};

/// The peer of a program, if it is here.
pub(super) fn peer_of(name: &str) -> Option<Peer> {
    Some(match name {
        "dial_localhost" => dial_localhost,
        "dial_name_dns" => dial_name_dns,
        "dial_name_refused" => dial_name_refused,
        "dns_lookup" => dns_lookup,
        "dns_reverse" => dns_reverse,
        "dns_search" => dns_search,
        "dns_servers" => dns_servers,
        _ => return None,
    })
}

/// Answers for A come first, so that two questions asked at once have one order.
const A_DELAY: Duration = Duration::from_millis(150);
const OTHER_DELAY: Duration = Duration::from_millis(350);

fn dial_localhost(cue: &Cue) -> Result<()> {
    let server = server(20037, None)?;
    cue.ready();
    let mut s = accept(&server)?;
    pace();
    s.write_all(b"hi")?;
    read_all(&mut s).map(drop)
}

/// A name server that knows one address of host.example; the answer for A comes before that for AAAA.
fn dns_lookup(cue: &Cue) -> Result<()> {
    const A: [u8; 2] = [0, 1];
    const QUERIES: usize = 4;
    let server = UdpSocket::bind("127.0.0.1:53")?;
    server.set_read_timeout(Some(Duration::from_secs(5)))?;
    cue.ready();
    thread::scope(|scope| {
        for _ in 0..QUERIES {
            let mut query = [0; 2000];
            let (n, from) = server.recv_from(&mut query).context("a query")?;
            let query = query[..n].to_vec();
            let server = &server;
            scope.spawn(move || {
                let name_len = query[12..].iter().position(|&b| b == 0).expect("a name ends with zero") + 1;
                let question = &query[12..12 + name_len + 4];
                let is_a = question[name_len..name_len + 2] == A;
                let known = question.starts_with(b"\x04host");
                let mut answer = query[..2].to_vec();
                answer.extend([
                    0x81,
                    if known { 0x80 } else { 0x83 },
                    0,
                    1,
                    0,
                    u8::from(known && is_a),
                    0,
                    0,
                    0,
                    0,
                ]);
                answer.extend(question);
                if known && is_a {
                    // a pointer to the name, type A, class IN, 60 s, four bytes
                    answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 10]);
                }
                thread::sleep(Duration::from_millis(if is_a { 150 } else { 300 }));
                server.send_to(&answer, from).expect("an answer leaves");
            });
        }
        Ok(())
    })
}

fn dial_name_dns(cue: &Cue) -> Result<()> {
    let server = server_on([127, 0, 0, 1], 20141)?;
    let names = NameServer::bind([127, 0, 0, 1])?;
    cue.ready();
    thread::scope(|scope| {
        let answering = scope.spawn(|| {
            names.answer(4, |q| match (q.name.as_str(), q.kind) {
                ("host.example", A) => q.reply(SUCCESS).record(A, &[127, 0, 0, 1]),
                ("host.example", AAAA) => q.reply(SUCCESS).record(AAAA, &LOOPBACK6),
                _ => q.reply(NXDOMAIN),
            })
        });
        greet(&server)?;
        answering.join().expect("a name server returns its errors")
    })
}

fn dial_name_refused(cue: &Cue) -> Result<()> {
    let server = server_on([127, 0, 0, 3], 20140)?;
    cue.ready();
    greet(&server)?;
    greet(&server)
}

/// Accepts a connection, greets it when it waits, and sees it close.
fn greet(server: &TcpListener) -> Result<()> {
    let mut s = accept(server)?;
    pace();
    s.write_all(b"hi")?;
    ensure!(read_all(&mut s)?.is_empty());
    Ok(())
}

fn dns_reverse(cue: &Cue) -> Result<()> {
    let names = NameServer::bind([127, 0, 0, 1])?;
    cue.ready();
    let ip6 = "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
    names.answer(3, |q| match q.name.as_str() {
        "10.2.0.192.in-addr.arpa" => {
            q.reply(SUCCESS).record(PTR, b"\x04host\x07example\0").record(PTR, b"\x05other\x07example\0")
        }
        name if name == ip6 => q.reply(SUCCESS).record(PTR, b"\x03six\x07example\0"),
        _ => q.reply(NXDOMAIN),
    })
}

fn dns_search(cue: &Cue) -> Result<()> {
    let names = NameServer::bind([127, 0, 0, 1])?;
    cue.ready();
    names.answer(4 + 3, |q| match (q.name.as_str(), q.kind) {
        ("host.two.example", A) => q.reply(SUCCESS).record(A, &[127, 0, 0, 2]).record(A, &[127, 0, 0, 3]),
        ("host.two.example", _) => q.reply(SUCCESS),
        ("host.one.example", A) => q.reply(SERVFAIL),
        _ => q.reply(NXDOMAIN),
    })
}

fn dns_servers(cue: &Cue) -> Result<()> {
    let _silent = NameServer::bind([127, 0, 0, 2])?;
    let names = NameServer::bind([127, 0, 0, 3])?;
    cue.ready();
    // Each name and type once, whatever server came first.
    names.answer(4, |q| match (q.name.as_str(), q.kind) {
        ("host.example", A) => q.reply(SUCCESS).record(A, &[192, 0, 2, 10]),
        ("host.example", _) => q.reply(SUCCESS),
        _ => q.reply(SERVFAIL),
    })
}

const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const SUCCESS: u8 = 0;
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;
const LOOPBACK6: [u8; 16] = std::net::Ipv6Addr::LOCALHOST.octets();

struct NameServer(UdpSocket);

impl NameServer {
    fn bind(ip: [u8; 4]) -> Result<NameServer> {
        let socket = UdpSocket::bind((std::net::Ipv4Addr::from(ip), 53))?;
        socket.set_read_timeout(Some(LIMIT))?;
        Ok(NameServer(socket))
    }

    /// Answers so many questions, each after its time.
    fn answer(&self, questions: usize, reply: impl Fn(&Question) -> Reply) -> Result<()> {
        thread::scope(|scope| {
            for _ in 0..questions {
                let mut bytes = vec![0; 2000];
                let (n, from) = self.0.recv_from(&mut bytes).context("a question")?;
                bytes.truncate(n);
                let question = Question::read(bytes);
                let reply = reply(&question);
                scope.spawn(move || {
                    thread::sleep(if question.kind == A { A_DELAY } else { OTHER_DELAY });
                    self.0.send_to(&reply.bytes, from).expect("an answer leaves");
                });
            }
            Ok(())
        })
    }
}

struct Question {
    /// Without a final dot.
    name: String,
    kind: u16,
    /// Header and question.
    bytes: Vec<u8>,
}

impl Question {
    fn read(mut bytes: Vec<u8>) -> Question {
        let mut labels = Vec::new();
        let mut at = 12;
        while bytes[at] != 0 {
            let end = at + 1 + usize::from(bytes[at]);
            labels.push(String::from_utf8_lossy(&bytes[at + 1..end]).into_owned());
            at = end;
        }
        let kind = u16::from_be_bytes([bytes[at + 1], bytes[at + 2]]);
        bytes.truncate(at + 5);
        Question { name: labels.join("."), kind, bytes }
    }

    fn reply(&self, rcode: u8) -> Reply {
        let mut bytes = self.bytes.clone();
        bytes[2..12].copy_from_slice(&[0x81, 0x80 | rcode, 0, 1, 0, 0, 0, 0, 0, 0]);
        Reply { bytes }
    }
}

struct Reply {
    bytes: Vec<u8>,
}

impl Reply {
    /// A record of the question's name.
    fn record(mut self, kind: u16, data: &[u8]) -> Reply {
        self.bytes[7] += 1;
        self.bytes.extend([0xc0, 12]);
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend([0, 1, 0, 0, 0, 60]);
        self.bytes.extend((data.len() as u16).to_be_bytes());
        self.bytes.extend(data);
        self
    }
}
