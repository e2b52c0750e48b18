//! Asking name servers: one exchange, one name, a list of names.
//!
//! Go: net/dnsclient_unix.go `exchange dnsPacketRoundTrip dnsStreamRoundTrip tryOneName goLookupIPCNAMEOrder`.
//!
//! I1 A and AAAA are asked for at once, by two goroutines, unless resolv.conf says `single-request`.
//! I2 A forged or foreign reply is ignored; the wait goes on until the deadline.

use std::sync::Arc;
use std::time::Instant;

use gopark_runtime::chan::bounded;
use gopark_runtime::context::Context;
use gopark_runtime::go;

use super::Resolver;
use super::failure::Failure;
use super::message::{Answer, Checked, MAX_PACKET, Query, RecordType};
use super::resolv_conf::ResolvConf;
use crate::conn::Conn;
use crate::error::DnsError;

/// What a server answered for one name and type.
pub(super) struct Answered {
    pub(super) answers: Vec<Answer>,
}

impl Resolver {
    /// Asks for each of the types at once (I1), and gives the results in the order they come.
    pub(super) fn ask_all(
        &self,
        ctx: &Context,
        conf: &Arc<ResolvConf>,
        fqdn: &str,
        kinds: &[RecordType],
    ) -> Vec<Result<Answered, DnsError>> {
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
        lane.iter().take(kinds.len()).collect()
    }

    /// Asks each server, as often as configured, until one knows. `name` has its final dot.
    #[doc(alias = "tryOneName")]
    pub(super) fn try_one_name(
        &self,
        ctx: &Context,
        conf: &ResolvConf,
        name: &str,
        kind: RecordType,
    ) -> Result<Answered, DnsError> {
        let mut last = Failure::NoAnswer.into_dns_error(name, "");
        for _ in 0..conf.attempts {
            let servers: Vec<&str> = match self.servers.as_slice() {
                [] => conf.servers_in_turn().collect(),
                own => own.iter().map(String::as_str).collect(),
            };
            for server in servers {
                match self.exchange(ctx, conf, server, name, kind) {
                    Ok(answers) => return Ok(Answered { answers }),
                    // The name does not exist: another server would not help.
                    Err(Failure::NoSuchHost) => return Err(Failure::NoSuchHost.into_dns_error(name, server)),
                    Err(failure) => last = failure.into_dns_error(name, server),
                }
            }
        }
        Err(last)
    }

    fn exchange(
        &self,
        ctx: &Context,
        conf: &ResolvConf,
        server: &str,
        name: &str,
        kind: RecordType,
    ) -> Result<Vec<Answer>, Failure> {
        let query = Query::new(name, kind, conf.trust_ad)?;
        let networks: &[&str] = if conf.use_tcp { &["tcp"] } else { &["udp", "tcp"] };
        for network in networks {
            let (ctx, cancel) = ctx.with_deadline(Instant::now() + conf.timeout);
            let conn = self.dial_server(&ctx, network, server)?;
            if let Some(deadline) = ctx.deadline() {
                let _ = conn.set_deadline(Some(deadline));
            }
            let packets = matches!(conn.local_addr().network(), "udp" | "unixgram" | "ip");
            let reply =
                if packets { packet_round_trip(&conn, &query) } else { stream_round_trip(&conn, &query) };
            let _ = conn.close();
            cancel();
            let (reply, checked) = reply?;
            if checked == Checked::Truncated && *network == "udp" {
                continue;
            }
            return query.answers(&reply);
        }
        Err(Failure::NoAnswer)
    }
}

#[doc(alias = "dnsPacketRoundTrip")]
fn packet_round_trip(conn: &Conn, query: &Query) -> Result<(Vec<u8>, Checked), Failure> {
    conn.write(query.bytes()).map_err(|e| Failure::of_net(&e))?;
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
    conn.write(&query.bytes_with_length()).map_err(|e| Failure::of_net(&e))?;
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

fn read_full(conn: &Conn, mut buf: &mut [u8]) -> Result<(), Failure> {
    while !buf.is_empty() {
        match conn.read(buf).map_err(|e| Failure::of_net(&e))? {
            0 => return Err(Failure::UnexpectedEof),
            n => buf = &mut buf[n..],
        }
    }
    Ok(())
}
