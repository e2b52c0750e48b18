//! One exchange with a server, one name.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gopark_runtime::context::{Context, ContextError};

use super::super::Resolver;
use super::super::client::Asked;
use super::super::failure::Failure;
use super::super::message::{Answer, Data, RecordType};
use super::super::resolv_conf::ResolvConf;
use super::fake_dns::{
    NXDOMAIN, Question, Reply, SERVFAIL, SUCCESS, TEST_ADDR, TEST_ADDR6, resolver, tcp_resolver,
};
use super::{changed, in_runtime};

fn conf() -> ResolvConf {
    changed(ResolvConf::of_text(""), |conf| conf.timeout = Duration::from_secs(3))
}

fn exchange(resolver: &Resolver, name: &str, kind: RecordType) -> Result<Vec<Answer>, Failure> {
    exchange_as(resolver, &conf(), name, kind)
}

fn exchange_as(
    resolver: &Resolver,
    conf: &ResolvConf,
    name: &str,
    kind: RecordType,
) -> Result<Vec<Answer>, Failure> {
    let ctx = Context::background();
    resolver.exchange(&ctx, conf, "192.0.2.53:53", name, kind)?.answers()
}

fn try_one(resolver: &Resolver, name: &str, kind: RecordType) -> Asked {
    resolver.try_one_name(&Context::background(), &conf(), name, kind)
}

fn test_addr(owner: &str) -> Vec<Answer> {
    vec![Answer { owner: owner.into(), data: Data::A(TEST_ADDR) }]
}

/// The networks a resolver used, in order.
fn with_networks(
    handler: impl Fn(&Question) -> Reply + Send + Sync + 'static,
) -> (Resolver, impl Fn() -> Vec<String>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let used = seen.clone();
    let resolver = resolver(move |q| {
        used.lock().unwrap().push(q.network.clone());
        handler(q).into()
    });
    (resolver, move || std::mem::take(&mut *seen.lock().unwrap()))
}

#[test]
fn test_dns_transport_fallback() {
    in_runtime(|| {
        let (resolver, networks) = with_networks(|q| match q.network.as_str() {
            "udp" => q.reply().truncated(),
            _ => q.reply_with_addr(),
        });
        for _ in 0..2 {
            assert_eq!(exchange(&resolver, "com.", RecordType::A), Ok(test_addr("com.")));
            assert_eq!(networks(), ["udp", "tcp"]);
        }
    });
}

/// Go cancels the contexts of all attempts when `exchange` returns.
#[test]
fn the_time_of_the_first_attempt_runs_on_during_the_second() {
    in_runtime(|| {
        let (resolver, _) = with_networks(|q| match q.network.as_str() {
            "udp" => q.reply().truncated(),
            _ => q.reply_with_addr(),
        });
        let inner = resolver.dial.clone().expect("the tests' resolver dials");
        let contexts = Arc::new(Mutex::new(Vec::<Context>::new()));
        let (seen, given) = (Arc::new(Mutex::new(Vec::new())), contexts.clone());
        let errors = seen.clone();
        let dial = move |ctx: &Context, network: &str, server: &str| {
            let mut given = given.lock().unwrap();
            errors.lock().unwrap().extend(given.iter().map(Context::err));
            given.push(ctx.clone());
            drop(given);
            inner(ctx, network, server)
        };
        let resolver = Resolver { dial: Some(Arc::new(dial)), ..resolver };
        assert_eq!(exchange(&resolver, "com.", RecordType::A), Ok(test_addr("com.")));
        assert_eq!(*seen.lock().unwrap(), [None], "while TCP was dialled");
        let after: Vec<_> = contexts.lock().unwrap().iter().map(Context::err).collect();
        assert_eq!(after, [Some(ContextError::Canceled); 2]);
    });
}

#[test]
fn test_dns_transport_no_fallback_on_tcp() {
    in_runtime(|| {
        let (resolver, networks) = with_networks(|q| match q.network.as_str() {
            "udp" => q.reply().truncated(),
            _ => q.reply_with_addr().truncated(),
        });
        assert_eq!(exchange(&resolver, "com.", RecordType::A), Ok(test_addr("com.")));
        assert_eq!(networks(), ["udp", "tcp"]);
    });
}

/// A reply over UDP that is cut in the middle of a record is what the bit promises.
#[test]
fn a_cut_reply_is_asked_for_over_tcp() {
    in_runtime(|| {
        let resolver = resolver(|q| {
            let mut bytes = q.reply_with_addr().bytes();
            if q.network == "udp" {
                bytes[2] |= 2;
                bytes.truncate(bytes.len() - 3);
            }
            vec![bytes]
        });
        assert_eq!(exchange(&resolver, "com.", RecordType::A), Ok(test_addr("com.")));
    });
}

#[test]
fn test_special_domain_name() {
    in_runtime(|| {
        let resolver = resolver(|q| match q.name.as_str() {
            "example.com." => q.reply_with_addr().into(),
            _ => q.reply().rcode(NXDOMAIN).into(),
        });
        let nobody = Err(Failure::NoSuchHost);
        assert_eq!(exchange(&resolver, "1.0.168.192.in-addr.arpa.", RecordType::Ptr), nobody);
        assert_eq!(exchange(&resolver, "test.", RecordType::A), nobody);
        assert_eq!(exchange(&resolver, "example.com.", RecordType::A), Ok(test_addr("example.com.")));
        assert_eq!(exchange(&resolver, "localhost.", RecordType::A), nobody);
        assert_eq!(exchange(&resolver, "invalid.", RecordType::A), nobody);
    });
}

#[test]
fn test_ignore_dns_forgeries() {
    in_runtime(|| {
        let resolver = resolver(|q| {
            let garbage = b"garbage DNS response packet".to_vec();
            let forged = q.reply().a([6, 6, 6, 6].into()).other_id().bytes();
            vec![garbage, forged, q.reply_with_addr().bytes()]
        });
        let answers = exchange(&resolver, "www.example.com.", RecordType::A);
        assert_eq!(answers, Ok(test_addr("www.example.com.")));
    });
}

/// Over a stream there is nobody to wait for: Go's words for each way to be wrong.
#[test]
fn a_stream_must_answer_the_question() {
    in_runtime(|| {
        let fails = |handler: fn(&Question) -> Vec<Vec<u8>>| {
            exchange(&tcp_resolver(handler), "www.example.com.", RecordType::A).unwrap_err().to_string()
        };
        assert_eq!(fails(|q| q.reply().other_id().into()), "invalid DNS response");
        assert_eq!(fails(|_| vec![b"garbage".to_vec()]), "cannot unmarshal DNS message");
        assert_eq!(fails(|_| vec![]), "EOF");
        assert_eq!(fails(|_| vec![vec![]]), "cannot unmarshal DNS message");
        let two_questions = |q: &Question| {
            let mut bytes = q.reply_with_addr().bytes();
            bytes[5] = 2;
            vec![bytes]
        };
        assert_eq!(fails(two_questions), "invalid DNS response");
    });
}

#[test]
fn test_dns_dial_tcp() {
    in_runtime(|| {
        let resolver = tcp_resolver(|q| {
            assert_eq!(q.network, "udp");
            q.reply_with_addr().into()
        });
        assert_eq!(exchange(&resolver, "com.", RecordType::A), Ok(test_addr("com.")));
    });
}

#[test]
fn test_dns_use_tcp() {
    in_runtime(|| {
        let conf = changed(conf(), |conf| conf.use_tcp = true);
        let (resolver, networks) = with_networks(Question::reply_with_addr);
        assert_eq!(exchange_as(&resolver, &conf, "com.", RecordType::A), Ok(test_addr("com.")));
        assert_eq!(networks(), ["tcp"]);
    });
}

#[test]
fn test_dns_use_tcp_truncated() {
    in_runtime(|| {
        let conf = changed(conf(), |conf| conf.use_tcp = true);
        let (resolver, networks) = with_networks(|q| q.reply_with_addr().truncated());
        assert_eq!(exchange_as(&resolver, &conf, "com.", RecordType::A), Ok(test_addr("com.")));
        assert_eq!(networks(), ["tcp"]);
    });
}

#[test]
fn test_issue_8434() {
    in_runtime(|| {
        let resolver = resolver(|q| q.reply().rcode(SERVFAIL).into());
        let e = try_one(&resolver, "golang.org.", RecordType::A).unwrap_err();
        assert!(e.is_temporary && !e.is_timeout && !e.is_not_found);
        assert_eq!(e.to_string(), "lookup golang.org. on [::1]:53: server misbehaving");
    });
}

#[test]
fn test_issue_no_such_host_exists() {
    in_runtime(|| {
        let resolver = resolver(|q| q.reply().rcode(NXDOMAIN).into());
        let e = try_one(&resolver, "golang.org.", RecordType::A).unwrap_err();
        assert!(e.is_not_found && !e.is_temporary);
        assert_eq!(e.to_string(), "lookup golang.org. on 127.0.0.1:53: no such host");
    });
}

/// A name that does not exist, or has nothing, is asked for once (golang.org/issue/12778, 25336,
/// 27525).
#[test]
fn test_no_such_host() {
    in_runtime(|| {
        for reply in [
            |q: &Question| q.reply().rcode(NXDOMAIN),
            |q: &Question| q.reply().rcode(SUCCESS).authoritative(),
        ] {
            let lookups = Arc::new(AtomicUsize::new(0));
            let counted = lookups.clone();
            let resolver = resolver(move |q| {
                counted.fetch_add(1, Relaxed);
                reply(q).into()
            });
            let e = try_one(&resolver, ".", RecordType::A).unwrap_err();
            assert_eq!(e.err, "no such host");
            assert!(e.is_not_found);
            assert_eq!(lookups.load(Relaxed), 1);
        }
    });
}

#[test]
fn test_extended_rcode() {
    in_runtime(|| {
        // Success by the header, something else by the upper bits in the OPT record.
        let resolver = resolver(|q| q.reply_with_addr().opt(1 << 6).into());
        let e = try_one(&resolver, "go.dev.", RecordType::A).unwrap_err();
        assert_eq!(e.err, "server misbehaving");
        assert!(!e.is_temporary);
    });
}

/// Only the answers need be readable.
#[test]
fn broken_additional_records_do_no_harm() {
    in_runtime(|| {
        let resolver = resolver(|q| q.reply_with_addr().broken_additional().into());
        assert_eq!(exchange(&resolver, "go.dev.", RecordType::A), Ok(test_addr("go.dev.")));
        let aaaa = vec![Answer { owner: "go.dev.".into(), data: Data::Aaaa(TEST_ADDR6) }];
        assert_eq!(exchange(&resolver, "go.dev.", RecordType::Aaaa), Ok(aaaa));
    });
}

/// Records of types that nobody asked for are passed over by their length, whatever is in them.
#[test]
fn records_that_nobody_asked_for_do_no_harm() {
    const TYPES: [u16; 12] = [6, 15, 20, 22, 29, 33, 42, 46, 64, 65, 257, 0xfff0];
    in_runtime(|| {
        let resolver = resolver(|q| {
            let before = TYPES.iter().fold(q.reply(), |reply, &kind| reply.answer(None, kind, b"\xff\xc0"));
            let with = before.a(TEST_ADDR);
            TYPES.iter().fold(with, |reply, &kind| reply.answer(None, kind, b"")).into()
        });
        assert_eq!(exchange(&resolver, "com.", RecordType::A), Ok(test_addr("com.")));
    });
}

/// Go's answers: what comes before is good.
#[test]
fn a_record_that_cannot_be_read_ends_the_addresses() {
    in_runtime(|| {
        // Larger than was asked for, and without the bit that says so: the end is lost.
        let large = resolver(|q| (0..120).fold(q.reply(), |reply, n| reply.a([192, 0, 2, n].into())).into());
        let answers = exchange(&large, "com.", RecordType::A).unwrap();
        assert_eq!(answers.len(), (1232 - 12 - 9) / 16);
        let dotted = |q: &Question| q.reply().a(TEST_ADDR).cname("com").bytes();
        let with_dot = resolver(move |q| {
            let mut bytes = dotted(q);
            let at = bytes.len() - 3;
            bytes[at] = b'.';
            vec![bytes]
        });
        assert_eq!(exchange(&with_dot, "com.", RecordType::A), Ok(test_addr("com.")));
        assert_eq!(exchange(&with_dot, "com.", RecordType::Cname), Err(Failure::CannotUnmarshal));
        let owner = resolver(|q| {
            let reply = q.reply().answer(Some("a.com"), 1, &TEST_ADDR.octets());
            let mut bytes = reply.bytes();
            let at = bytes.len() - 14 - 7;
            bytes.splice(at..at + 7, *b"\x05a.com\0");
            vec![bytes]
        });
        assert_eq!(exchange(&owner, "com.", RecordType::A), Err(Failure::CannotUnmarshal));
        let names = resolver(|q| {
            let mut bytes = q.reply().ptr("good.example").ptr("bad").bytes();
            let at = bytes.len() - 3;
            bytes[at] = b'.';
            vec![bytes]
        });
        assert_eq!(exchange(&names, "com.", RecordType::Ptr), Err(Failure::CannotUnmarshal));
    });
}

/// The sizes that are promised. Without EDNS0, by `GODEBUG=netedns0=0`: tests/names/environment.rs.
#[test]
fn test_dns_packet_size() {
    in_runtime(|| {
        let resolver = resolver(|q| {
            assert_eq!(q.edns0(), Some((1232, 0)));
            q.reply_with_addr().into()
        });
        assert_eq!(exchange(&resolver, "go.dev.", RecordType::A), Ok(test_addr("go.dev.")));
    });
}

#[test]
fn test_dns_trust_ad() {
    in_runtime(|| {
        let resolver = resolver(|q| {
            assert_eq!(q.authentic_data(), q.name == "trustad.go.dev.");
            q.reply_with_addr().into()
        });
        let plain = ResolvConf::of_text("nameserver 127.0.0.1");
        exchange_as(&resolver, &plain, "notrustad.go.dev.", RecordType::A).unwrap();
        let trusting = ResolvConf::of_text("nameserver 127.0.0.1\noptions trust-ad");
        exchange_as(&resolver, &trusting, "trustad.go.dev.", RecordType::A).unwrap();
    });
}
