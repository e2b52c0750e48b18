//! Temporary errors, with and without `strict_errors`. Go: TestStrictErrorsLookupIP,
//! TestStrictErrorsLookupTXT.

use std::time::Duration;

use gopark_runtime::context::Context;

use super::super::Resolver;
use super::super::lookup::Wanted;
use super::super::message::RecordType;
use super::super::resolv_conf::ResolvConf;
use super::super::sources::Sources;
use super::fake_dns::{A, NXDOMAIN, Question, SERVFAIL, TXT, resolver};
use super::{changed, dns, in_runtime};
use crate::error::DnsError;

const NAME: &str = "test-issue19592";
const SERVER: &str = "192.0.2.53:53";
const SEARCH_X: &str = "test-issue19592.x.golang.org.";
const SEARCH_Y: &str = "test-issue19592.y.golang.org.";
const IP4: &str = "192.0.2.1";
const IP6: &str = "2001:db8::1";

/// What becomes of a question.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Fine,
    /// The connection goes away.
    Eof,
    Servfail,
    Timeout,
}

/// How the error of a failed lookup ends, and what it is.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Expected {
    err: &'static str,
    timeout: bool,
    temporary: bool,
    not_found: bool,
}

const TIMEOUT: Expected = Expected { err: ": i/o timeout", timeout: true, temporary: true, not_found: false };
const SERVFAILED: Expected =
    Expected { err: "server misbehaving", timeout: false, temporary: true, not_found: false };
const NO_SUCH_HOST: Expected =
    Expected { err: "no such host", timeout: false, temporary: false, not_found: true };

struct Case {
    what: &'static str,
    fate: fn(&Question) -> Fate,
    strict: Option<Expected>,
    lax: Option<Expected>,
    ips: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case { what: "no errors", fate: |_| Fate::Fine, strict: None, lax: None, ips: &[IP4, IP6] },
    Case {
        what: "an error of the first name fails in strict mode",
        fate: |q| if q.name == SEARCH_X { Fate::Timeout } else { Fate::Fine },
        strict: Some(TIMEOUT),
        lax: None,
        ips: &[IP4, IP6],
    },
    Case {
        what: "a time-out of its IPv4 alone fails in strict mode",
        fate: |q| if q.name == SEARCH_X && q.kind == A { Fate::Timeout } else { Fate::Fine },
        strict: Some(TIMEOUT),
        lax: None,
        ips: &[IP4, IP6],
    },
    Case {
        what: "SERVFAIL of its IPv6 alone fails in strict mode",
        fate: |q| if q.name == SEARCH_X && q.kind != A { Fate::Servfail } else { Fate::Fine },
        strict: Some(SERVFAILED),
        lax: None,
        ips: &[IP4, IP6],
    },
    Case {
        what: "an error of the second name always fails",
        fate: |q| if q.name == SEARCH_Y { Fate::Timeout } else { Fate::Fine },
        strict: Some(TIMEOUT),
        lax: Some(NO_SUCH_HOST), // That of the name itself.
        ips: &[],
    },
    Case {
        what: "a time-out of the second name's IPv6 fails in strict mode",
        fate: |q| if q.name == SEARCH_Y && q.kind != A { Fate::Timeout } else { Fate::Fine },
        strict: Some(TIMEOUT),
        lax: None,
        ips: &[IP4],
    },
    Case {
        what: "a server that does not finish is no temporary error",
        fate: |q| if q.name == SEARCH_Y && q.kind == A { Fate::Eof } else { Fate::Fine },
        strict: None,
        lax: None,
        ips: &[IP6],
    },
];

fn handle(fate: fn(&Question) -> Fate, q: &Question) -> Vec<Vec<u8>> {
    match fate(q) {
        Fate::Fine if q.name == SEARCH_Y => q.reply_with_addr().into(),
        // The search list goes on.
        Fate::Fine => q.reply().rcode(NXDOMAIN).into(),
        Fate::Servfail => q.reply().rcode(SERVFAIL).into(),
        Fate::Eof if q.network == "udp" => q.reply().truncated().into(),
        Fate::Eof | Fate::Timeout => vec![],
    }
}

/// With a time that the tests can wait for.
fn sources() -> Sources {
    let conf = ResolvConf::of_text("nameserver 192.0.2.53\nsearch x.golang.org y.golang.org");
    let conf = changed(conf, |conf| conf.timeout = Duration::from_millis(60));
    Sources { conf: conf.into(), ..dns("") }
}

fn check(e: &DnsError, name: &str, expected: Expected, what: &str) {
    assert!(e.err.ends_with(expected.err), "{what}: {e}");
    assert_eq!((e.name.as_str(), e.server.as_str()), (name, SERVER), "{what}: {e}");
    let kind = (e.is_timeout, e.is_temporary, e.is_not_found);
    assert_eq!(kind, (expected.timeout, expected.temporary, expected.not_found), "{what}: {e:?}");
}

#[test]
fn test_strict_errors_lookup_ip() {
    in_runtime(|| {
        for case in CASES {
            for strict_errors in [true, false] {
                let resolver = Resolver { strict_errors, ..resolver(move |q| handle(case.fate, q)) };
                let ctx = Context::background();
                let found = resolver.lookup_ip_in(&ctx, Wanted::Addrs, NAME, &sources());
                let expected = if strict_errors { case.strict } else { case.lax };
                match (found, expected) {
                    (Ok(found), None) => {
                        let mut ips: Vec<String> = found.addrs.iter().map(|a| a.ip.to_string()).collect();
                        ips.sort();
                        assert_eq!(ips, case.ips, "{}", case.what);
                    }
                    (Err(e), Some(expected)) => check(&e, NAME, expected, case.what),
                    (found, _) => panic!("{}: strict {strict_errors}: {found:?}", case.what),
                }
            }
        }
    });
}

/// Go's socket that is on fire: nobody listens there.
#[test]
fn a_refused_question_is_a_temporary_error() {
    in_runtime(|| {
        let closed = {
            let socket = crate::listen_packet("udp", "127.0.0.1:0").unwrap();
            socket.local_addr().to_string()
        };
        let resolver = Resolver { servers: vec![closed.clone()], ..Resolver::default() };
        let ctx = Context::background();
        let e = resolver.lookup_records(&ctx, NAME, RecordType::A, &sources()).unwrap_err();
        assert!(e.err.starts_with("read udp 127.0.0.1:"), "{e}");
        assert!(e.err.ends_with(&format!("->{closed}: read: connection refused")), "{e}");
        assert!(e.is_temporary && !e.is_timeout && !e.is_not_found);
    });
}

/// Go asks for TXT records.
#[test]
fn test_strict_errors_lookup_txt() {
    in_runtime(|| {
        let handler = |q: &Question| match q.name.as_str() {
            "test.x.golang.org." => vec![],
            "test.y.golang.org." => q.reply().answer(None, TXT, b"\x02ok").ptr("found.").into(),
            other => panic!("unexpected name {other}"),
        };
        for strict_errors in [true, false] {
            let resolver = Resolver { strict_errors, ..resolver(handler) };
            let ctx = Context::background();
            match resolver.lookup_records(&ctx, "test", RecordType::Ptr, &sources()) {
                Err(e) if strict_errors => check(&e, "test", TIMEOUT, "strict"),
                Ok(answers) if !strict_errors => assert_eq!(answers.len(), 1),
                other => panic!("strict {strict_errors}: {other:?}"),
            }
        }
    });
}
