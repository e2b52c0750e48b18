//! Ports of Go's net/lookup_test.go, under their names: contexts that end, many callers, errors of those who dial.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::fake_dns::{self, A, AAAA, Server};
use crate::common::{in_runtime, sorted_texts};
use gopark_net::{DnsError, OpError, Resolver};
use gopark_runtime::chan::bounded;
use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::time::sleep;
use gopark_runtime::{go, scope};

const MS: Duration = Duration::from_millis(1);

/// A look-up that others wait for goes on when the first caller leaves.
#[test]
fn test_lookup_context_cancel() {
    in_runtime(|| {
        let (go_on, gate) = bounded::<()>(0);
        let (begun, beginnings) = bounded(8);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let server = Server::new(move |q| {
            // Relaxed: only the number counts.
            count.fetch_add(1, Relaxed);
            let _ = begun.send(());
            let _ = gate.recv();
            q.reply_with_addr().into()
        });
        let resolver = server.resolver();
        let (ctx, cancel) = Context::background().with_cancel();
        let (first, second) = (resolver.clone(), resolver.clone());
        let first = go(move || first.lookup_ip_context(&ctx, "ip4", "google.test."));
        beginnings.recv().unwrap();
        let second = go(move || second.lookup_ip("ip4", "google.test."));
        sleep(5 * MS);
        cancel();
        let e = first.join().unwrap().unwrap_err();
        assert_eq!(e.to_string(), "lookup google.test.: operation was canceled");
        go_on.close();
        assert_eq!(sorted_texts(&second.join().unwrap().unwrap()), ["192.0.2.1"]);
        assert_eq!(asked.load(Relaxed), 1, "both shared one look-up");
    });
}

/// In Go the caller waits until the server's time is over.
#[test]
fn a_cancelled_look_up_ends_at_once() {
    in_runtime(|| {
        let server = Server::new(|_| vec![]);
        let ends = |look_up: fn(&Resolver, &Context, &str) -> Option<DnsError>, name: &str| {
            let (ctx, cancel) = Context::background().with_cancel();
            go(move || {
                sleep(20 * MS);
                cancel();
            });
            let start = Instant::now();
            let e = look_up(&server.resolver(), &ctx, name).unwrap();
            assert!(start.elapsed() >= 20 * MS && start.elapsed() < Duration::from_secs(3));
            assert_eq!(e.to_string(), format!("lookup {name}: operation was canceled"));
            assert_eq!(e.ended, Some(ContextError::Canceled));
        };
        ends(|r, ctx, name| r.lookup_host_context(ctx, name).err(), "silent.example.");
        ends(|r, ctx, name| r.lookup_cname_context(ctx, name).err(), "silent.example.");
        ends(|r, ctx, addr| r.lookup_addr_context(ctx, addr).err(), "192.0.2.1");
    });
}

/// A deadline is that of the connection to the server, which the error tells of, as in Go.
#[test]
fn a_look_up_ends_at_its_deadline() {
    in_runtime(|| {
        let server = Server::new(|_| vec![]);
        let (ctx, cancel) = Context::background().with_timeout(20 * MS);
        let start = Instant::now();
        let e = server.resolver().lookup_host_context(&ctx, "silent.example.").unwrap_err();
        assert!(start.elapsed() >= 20 * MS && start.elapsed() < Duration::from_secs(3));
        cancel();
        let to = &server.addr;
        assert!(e.to_string().starts_with(&format!("lookup silent.example. on {to}: ")), "{e}");
        assert!(e.err.ends_with(": i/o timeout") && e.is_timeout && e.is_temporary, "{e:?}");
    });
}

/// golang.org/issue/24178.
#[test]
fn test_lookup_host_cancel() {
    in_runtime(|| {
        let server = Server::new(|q| q.reply_with_addr().into());
        let resolver = server.resolver();
        let before = std::fs::read_dir("/proc/self/fd").unwrap().count();
        let (ctx, cancel) = Context::background().with_cancel();
        cancel();
        for _ in 0..600 {
            assert!(resolver.lookup_host_context(&ctx, "invalid.invalid.").is_err());
        }
        assert_eq!(resolver.lookup_host("www.google.test.").unwrap().len(), 2);
        let after = std::fs::read_dir("/proc/self/fd").unwrap().count();
        // Other tests of this process come and go.
        assert!(after < before + 200, "{before} descriptors before, {after} after");
    });
}

#[test]
fn test_concurrent_prefer_go_resolvers_dial() {
    in_runtime(|| {
        let dialled = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
        scope(|s| {
            for dialled in dialled.clone() {
                s.go(move || {
                    let resolver = fake_dns::resolver(|q| q.reply_with_addr().into());
                    let dial = resolver.dial.clone().unwrap();
                    let ours = move |ctx: &Context, network: &str, server: &str| {
                        dialled.store(true, Relaxed);
                        dial(ctx, network, server)
                    };
                    let resolver = Resolver { dial: Some(Arc::new(ours)), ..resolver };
                    assert_eq!(resolver.lookup_ip("ip", "google.test.").unwrap().len(), 2);
                });
            }
        });
        assert!(dialled.iter().all(|d| d.load(Relaxed)));
    });
}

/// golang.org/issue/28600: who dials sees the values of the caller's context.
#[test]
fn test_lookup_ip_addr_preserves_context_values() {
    #[derive(PartialEq, Debug)]
    struct Key(&'static str);

    in_runtime(|| {
        let resolver = fake_dns::resolver(|q| q.reply_with_addr().into());
        let dial = resolver.dial.clone().unwrap();
        let checked = move |ctx: &Context, network: &str, server: &str| {
            assert_eq!(ctx.value::<Key>(), Some(&Key("value-1")));
            assert_eq!(ctx.value::<u32>(), Some(&12));
            dial(ctx, network, server)
        };
        let resolver = Resolver { dial: Some(Arc::new(checked)), ..resolver };
        let ctx = Context::background().with_value(Key("value-1")).with_value(12u32);
        assert_eq!(resolver.lookup_ip_context(&ctx, "ip", "golang.test.").unwrap().len(), 2);
        assert_eq!(resolver.lookup_host_context(&ctx, "golang.test.").unwrap().len(), 2);
    });
}

/// golang.org/issue/30521: one look-up for each network, shared by all who want the same.
#[test]
fn test_lookup_ip_addr_concurrent_calls_for_networks() {
    in_runtime(|| {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, (go_on, gate)) = (asked.clone(), bounded::<()>(0));
        let resolver = fake_dns::resolver(move |q| {
            seen.lock().unwrap().push(q.kind);
            let _ = gate.recv();
            q.reply_with_addr().into()
        });
        let asks = |network, expected: &'static [&'static str]| {
            let resolver = resolver.clone();
            go(move || {
                assert_eq!(sorted_texts(&resolver.lookup_ip(network, "golang.test.").unwrap()), expected)
            })
        };
        let both = &["192.0.2.1", "2001:db8::1"][..];
        let callers = [("ip", both), ("ip4", &both[..1]), ("ip6", &both[1..]), ("ip", both), ("ip", both)]
            .map(|(n, e)| asks(n, e));
        // Four questions: two for "ip", one each for the others.
        while asked.lock().unwrap().len() < 4 {
            sleep(MS);
        }
        sleep(5 * MS);
        go_on.close();
        for caller in callers {
            caller.join().unwrap();
        }
        let mut kinds = asked.lock().unwrap().clone();
        kinds.sort_unstable();
        assert_eq!(kinds, [A, A, AAAA, AAAA]);
    });
}

/// A context's time-out is a look-up's.
#[test]
fn test_dns_timeout() {
    in_runtime(|| {
        let server = Server::new(|_| vec![]);
        let resolver = server.resolver();
        let lookup = |name: &'static str| {
            let resolver = resolver.clone();
            let (ctx, cancel) = Context::background().with_timeout(20 * MS);
            go(move || {
                let e = resolver.lookup_ip_context(&ctx, "ip", name).unwrap_err();
                cancel();
                let dns = e.err().downcast_ref::<DnsError>().unwrap();
                assert!(dns.is_timeout && dns.timeout() && e.timeout(), "{dns:?}");
                assert_eq!(e.to_string(), format!("lookup {name}: i/o timeout"));
                assert_eq!(std::io::Error::from(e).kind(), std::io::ErrorKind::TimedOut);
            })
        };
        lookup("golang.test.").join().unwrap();
        for both in [lookup("golang1.test."), lookup("golang1.test.")] {
            both.join().unwrap();
        }
    });
}

/// The goroutines that ask go away although nobody waits for them any more.
#[test]
fn test_dns_goroutine_race() {
    in_runtime(|| {
        let resolver = fake_dns::resolver(|_| vec![]);
        let (ctx, cancel) = Context::background().with_timeout(Duration::from_micros(2));
        assert!(resolver.lookup_ip_context(&ctx, "ip", "where.are.they.now.").is_err());
        cancel();
    });
}

#[test]
fn test_dns_error_unwrap() {
    use std::error::Error;

    in_runtime(|| {
        let why = |e: DnsError| *e.source().unwrap().downcast_ref::<ContextError>().unwrap();
        // Who dials fails with a context's end, of its own or of the caller's.
        let dial = |ctx: Context| {
            let dial = move |_: &Context, network: &str, _: &str| {
                gopark_net::Dialer::default().dial_context(&ctx, network, "127.0.0.1:9")
            };
            Resolver { prefer_go: true, dial: Some(Arc::new(dial)), ..Resolver::default() }
        };
        let (late, _cancel) = Context::background().with_deadline(Instant::now());
        let e = dial(late).lookup_host("test.go.test.").unwrap_err();
        assert!(e.is_timeout && e.is_temporary);
        assert_eq!(why(e), ContextError::DeadlineExceeded);
        let (cancelled, cancel) = Context::background().with_cancel();
        cancel();
        assert_eq!(
            why(dial(cancelled.clone()).lookup_host("test.go.test.").unwrap_err()),
            ContextError::Canceled
        );
        let server = Server::new(|q| q.reply_with_addr().into());
        let e = server.resolver().lookup_host_context(&cancelled, "text.go.test.").unwrap_err();
        assert!(e.err.ends_with("operation was canceled"), "{e}");
        assert_eq!(why(e), ContextError::Canceled);
    });
}

/// A dial function's own error comes as it is.
#[test]
fn a_dial_function_may_fail_in_its_own_words() {
    in_runtime(|| {
        let dial = |_: &Context, _: &str, _: &str| Err(OpError::from(std::io::Error::other("no way there")));
        let resolver = Resolver { prefer_go: true, dial: Some(Arc::new(dial)), ..Resolver::default() };
        let e = resolver.lookup_host("test.go.test.").unwrap_err();
        assert_eq!(e.err, "no way there");
    });
}

/// Go: TestDNSFlood, with a server that answers.
#[test]
fn test_dns_flood() {
    const N: usize = 300;
    in_runtime(|| {
        let server = Server::new(|q| q.reply_with_addr().into());
        scope(|s| {
            for i in 0..N {
                let resolver = server.resolver();
                s.go(move || {
                    let ips = resolver.lookup_ip("ip4", &format!("{i}.net-test.golang.test.")).unwrap();
                    assert_eq!(sorted_texts(&ips), ["192.0.2.1"]);
                });
            }
        });
    });
}

/// Neither half an answer nor a name that nobody can look up any more.
#[test]
fn a_dial_function_that_panics_is_its_callers_trouble() {
    in_runtime(|| {
        let resolver = fake_dns::resolver(|q| q.reply_with_addr().into());
        let (dial, worked) = (resolver.dial.clone().unwrap(), AtomicUsize::new(0));
        let second_panics = move |ctx: &Context, network: &str, server: &str| {
            // Relaxed: only the number counts.
            assert!(worked.fetch_add(1, Relaxed) != 1, "the test's panic");
            dial(ctx, network, server)
        };
        let resolver = Resolver { dial: Some(Arc::new(second_panics)), ..resolver };
        let again = resolver.clone();
        assert!(go(move || resolver.lookup_ip("ip", "golang.test.")).join().is_err());
        assert_eq!(again.lookup_ip("ip", "golang.test.").unwrap().len(), 2);
    });
}
