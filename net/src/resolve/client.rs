//! Asking name servers: one exchange, one name, several types of records.
//!
//! Go: net/dnsclient_unix.go `exchange dnsPacketRoundTrip dnsStreamRoundTrip tryOneName
//! goLookupIPCNAMEOrder`.
//!
//! I1 A and AAAA are asked for at once, by two goroutines, unless resolv.conf says
//!    `single-request`.
//! I2 A forged or foreign reply is ignored; the wait goes on until the deadline.
//! I3 Each exchange has its own time, the dial included, and ends at a context's deadline. The time
//!    of a question over UDP runs on while the same is asked over TCP, as Go cancels both when the
//!    function returns. A context that is cancelled does not stop it, as in Go: the caller leaves,
//!    and the socket stays until its time is over.

use std::sync::Arc;
use std::time::Instant;

use gopark_runtime::chan::bounded;
use gopark_runtime::context::Context;
use gopark_runtime::go;

use super::Resolver;
use super::addr_list::{Op, resolve_addr_list};
use super::failure::Failure;
use super::message::{Answer, Checked, MAX_PACKET, Query, RecordType};
use super::resolv_conf::ResolvConf;
use crate::conn::Conn;
use crate::conn::dial::{Cancels, Options, SysDialer};
use crate::error::{DnsError, OpError};

/// What one name has of one type.
pub(super) type Asked = Result<Vec<Answer>, DnsError>;

impl Resolver {
    /// Asks for each of the types at once (I1), and gives the results in the order they come.
    pub(super) fn ask_all(
        &self,
        ctx: &Context,
        conf: &Arc<ResolvConf>,
        fqdn: &str,
        kinds: &[RecordType],
    ) -> Vec<Asked> {
        if conf.single_request {
            return kinds.iter().map(|&kind| self.try_one_name(ctx, conf, fqdn, kind)).collect();
        }
        let (results, lane) = bounded(kinds.len());
        for &kind in kinds {
            let (resolver, ctx, conf) = (self.clone(), ctx.clone(), conf.clone());
            let (fqdn, results) = (fqdn.to_owned(), results.clone());
            go(move || {
                // The lane has room for all; its receiver may be gone.
                let _ = results.send(resolver.try_one_name(&ctx, &conf, &fqdn, kind));
            });
        }
        drop(results);
        // A user's function that dials may panic; half an answer would look like a whole one.
        kinds.iter().map(|_| lane.recv().expect("the query did not panic")).collect()
    }

    /// Asks each server, as often as configured, until one knows. `name` has its final dot.
    #[doc(alias = "tryOneName")]
    pub(super) fn try_one_name(
        &self,
        ctx: &Context,
        conf: &ResolvConf,
        name: &str,
        kind: RecordType,
    ) -> Asked {
        let servers = if self.servers.is_empty() { &conf.servers } else { &self.servers };
        let first = conf.server_offset();
        let mut last = Failure::NoAnswer.into_dns_error(name, "");
        for _ in 0..conf.attempts {
            for i in 0..servers.len() {
                let server = &servers[first.wrapping_add(i) % servers.len()];
                let replied = self.exchange(ctx, conf, server, name, kind);
                match replied.and_then(|reply| reply.answers()) {
                    Ok(answers) => return Ok(answers),
                    // The name does not exist: another server would not help.
                    Err(Failure::NoSuchHost) => return Err(Failure::NoSuchHost.into_dns_error(name, server)),
                    Err(failure) => last = failure.into_dns_error(name, server),
                }
            }
        }
        Err(last)
    }

    /// Sends a question and receives its reply, over UDP, or TCP where that is configured or the
    /// reply was cut.
    pub(super) fn exchange(
        &self,
        ctx: &Context,
        conf: &ResolvConf,
        server: &str,
        name: &str,
        kind: RecordType,
    ) -> Result<Reply, Failure> {
        let query = Query::new(name, kind, conf.trust_ad)?;
        let networks: &[&str] = if conf.use_tcp { &["tcp"] } else { &["udp", "tcp"] };
        let mut cancels = Cancels::default();
        for network in networks {
            let ctx = cancels.push(ctx.with_deadline(Instant::now() + conf.timeout)); // I3
            let replied = self.dial_server(&ctx, network, server).and_then(|conn| {
                let replied = round_trip(&ctx, &conn, &query);
                let _ = conn.close();
                replied
            });
            match replied? {
                (_, Checked::SeveralQuestions) => return Err(Failure::InvalidResponse),
                // RFC 5966. A reply that is cut over TCP is used as it is, as in glibc.
                (_, Checked::Truncated) if *network == "udp" => {}
                (bytes, _) => return Ok(Reply { query, bytes }),
            }
        }
        Err(Failure::NoAnswer)
    }

    /// A connection to a name server. Those of resolv.conf are literal addresses: dialling them
    /// does not come back here.
    fn dial_server(&self, ctx: &Context, network: &str, server: &str) -> Result<Conn, Failure> {
        let conn = match &self.dial {
            Some(dial) => dial(ctx, network, server),
            None => dial_with_defaults(ctx, network, server),
        };
        conn.map_err(|e| Failure::of_net(&e))
    }
}

/// As a `Dialer` without any options does it.
fn dial_with_defaults(ctx: &Context, network: &str, server: &str) -> Result<Conn, OpError> {
    let resolved = resolve_addr_list(&Resolver::default(), ctx, Op::Dial, network, server, None)
        .map_err(|cause| OpError::new("dial", network.to_owned(), cause))?;
    let dialer = SysDialer {
        options: Options { own: true, ..Options::default() },
        network: resolved.network,
        name: network.to_owned(),
        proto: resolved.proto,
        local: None,
    };
    dialer.dial(ctx, resolved.addrs)
}

/// What a server said to a question.
#[derive(Debug)]
pub(super) struct Reply {
    query: Query,
    bytes: Vec<u8>,
}

impl Reply {
    pub(super) fn answers(&self) -> Result<Vec<Answer>, Failure> {
        self.query.answers(&self.bytes)
    }
}

fn round_trip(ctx: &Context, conn: &Conn, query: &Query) -> Result<(Vec<u8>, Checked), Failure> {
    let _ = conn.set_deadline(ctx.deadline());
    // What a user's function dials may be a stream whatever was asked for.
    match conn.local_addr().network() {
        "udp" | "ip" | "unixgram" | "unixpacket" => packet_round_trip(conn, query),
        _ => stream_round_trip(conn, query),
    }
}

#[doc(alias = "dnsPacketRoundTrip")]
fn packet_round_trip(conn: &Conn, query: &Query) -> Result<(Vec<u8>, Checked), Failure> {
    write(conn, query.bytes())?;
    let mut reply = vec![0; MAX_PACKET];
    loop {
        let n = conn.read(&mut reply).map_err(|e| Failure::of_net(&e))?;
        match query.check(&reply[..n]) {
            Checked::Foreign | Checked::Malformed => {} // I2
            checked => {
                reply.truncate(n);
                return Ok((reply, checked));
            }
        }
    }
}

#[doc(alias = "dnsStreamRoundTrip")]
fn stream_round_trip(conn: &Conn, query: &Query) -> Result<(Vec<u8>, Checked), Failure> {
    write(conn, &query.bytes_with_length())?;
    let mut len = [0; 2];
    read_full(conn, &mut len)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(len))];
    read_full(conn, &mut reply)?;
    match query.check(&reply) {
        Checked::Malformed => Err(Failure::CannotUnmarshal),
        Checked::Foreign => Err(Failure::InvalidResponse),
        checked => Ok((reply, checked)),
    }
}

fn write(conn: &Conn, bytes: &[u8]) -> Result<(), Failure> {
    conn.write(bytes).map(drop).map_err(|e| Failure::of_net(&e))
}

/// Go's `io.ReadFull`.
fn read_full(conn: &Conn, buf: &mut [u8]) -> Result<(), Failure> {
    let mut read = 0;
    while read < buf.len() {
        match conn.read(&mut buf[read..]).map_err(|e| Failure::of_net(&e))? {
            0 if read == 0 => return Err(Failure::Eof),
            0 => return Err(Failure::UnexpectedEof),
            n => read += n,
        }
    }
    Ok(())
}
