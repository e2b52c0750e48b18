//! Lookups as resolv.conf says: servers, their order, the search list, the file's changes.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gopark_runtime::context::Context;
use gopark_runtime::scope;
use gopark_runtime::time::sleep;

use super::super::Resolver;
use super::super::cached::Cached;
use super::super::lookup::{Found, Wanted};
use super::super::lookup_order::LookupOrder;
use super::super::message::RecordType;
use super::super::resolv_conf::ResolvConf;
use super::super::sources::Sources;
use super::fake_dns::{A, AAAA, NXDOMAIN, Question, SERVFAIL, resolver};
use super::{TempFile, changed, dns, in_runtime, sources};
use crate::error::DnsError;

fn lookup(resolver: &Resolver, wanted: Wanted, name: &str, sources: &Sources) -> Result<Found, DnsError> {
    resolver.lookup_ip_in(&Context::background(), wanted, name, sources)
}

fn lookup_ip(resolver: &Resolver, name: &str, sources: &Sources) -> Result<Found, DnsError> {
    lookup(resolver, Wanted::Addrs, name, sources)
}

#[test]
fn test_lookup_tor_onion() {
    in_runtime(|| {
        let resolver = resolver(|_| panic!("nobody is to be asked"));
        let found = lookup_ip(&resolver, "foo.onion.", &dns("")).unwrap();
        assert_eq!(found, Found::default());
    });
}

#[test]
fn test_update_resolv_conf() {
    in_runtime(|| {
        let file = TempFile::new("nameserver 8.8.8.8");
        let cached = Cached::<ResolvConf>::new(file.path().into());
        let resolver = resolver(|q| q.reply_with_addr().into());
        for (i, (name, text, servers)) in [
            ("golang.org", "nameserver 8.8.8.8", &["8.8.8.8:53"][..]),
            ("", "", &["127.0.0.1:53", "[::1]:53"]),
            ("www.example.com", "nameserver 8.8.4.4", &["8.8.4.4:53"]),
        ]
        .into_iter()
        .enumerate()
        {
            file.write_later(text, 10 * (i as u64 + 1));
            cached.grow_old();
            let sources = || Sources { conf: cached.get(), ..dns("") };
            scope(|s| {
                for _ in 0..if name.is_empty() { 0 } else { 10 } {
                    s.go(|| assert_eq!(lookup_ip(&resolver, name, &sources()).unwrap().addrs.len(), 2));
                }
            });
            assert_eq!(cached.get().servers, servers);
        }
    });
}

#[test]
fn test_dns_config_no_reload() {
    in_runtime(|| {
        let file = TempFile::new("nameserver 192.0.2.1\noptions no-reload");
        let cached = Cached::<ResolvConf>::new(file.path().into());
        let resolver = resolver(|q| {
            assert_eq!(q.server, "192.0.2.1:53");
            q.reply_with_addr().into()
        });
        for text in ["nameserver 192.0.2.200", ""] {
            let sources = Sources { conf: cached.get(), ..dns("") };
            lookup_ip(&resolver, "go.dev", &sources).unwrap();
            file.write_later(text, 10);
            cached.grow_old();
        }
    });
}

const QUIET: &str = "jgahvsekduiv9bw4b3qhn4ykdfgj0493iohkrjfhdvhjiu4j";

#[test]
fn test_go_lookup_ip_with_resolver_config() {
    in_runtime(|| {
        let resolver = resolver(|q| match (q.server.as_str(), q.name.as_str(), q.kind) {
            ("[2001:4860:4860::8888]:53" | "8.8.8.8:53", "ipv4.google.com.", A)
            | ("[2001:4860:4860::8888]:53" | "8.8.8.8:53", "ipv6.google.com.", AAAA)
            | ("[2001:4860:4860::8888]:53" | "8.8.8.8:53", "hostname.as112.net.", _) => {
                q.reply_with_addr().into()
            }
            ("[2001:4860:4860::8888]:53" | "8.8.8.8:53", ..) => q.reply().rcode(NXDOMAIN).into(),
            // Nobody answers for the broadcast address.
            _ => vec![],
        });
        let both = "nameserver 2001:4860:4860::8888\nnameserver 8.8.8.8\n";
        let ok = |name: &str, conf: &str, families: (usize, usize)| {
            let conf: &'static str = format!("{conf}\n{both}").leak();
            let found = lookup_ip(&resolver, name, &dns(conf)).unwrap();
            let v4 = found.addrs.iter().filter(|a| a.ip.is_ipv4()).count();
            assert_eq!((v4, found.addrs.len() - v4), families, "{name} with {conf}");
        };
        let search = "search x.golang.org y.golang.org";
        ok("ipv4.google.com.", "", (1, 0));
        ok("ipv4.google.com", "domain golang.org", (1, 0));
        ok("ipv4.google.com", search, (1, 0));
        ok("ipv6.google.com.", "", (0, 1));
        ok("ipv6.google.com", "domain golang.org", (0, 1));
        ok("ipv6.google.com", search, (0, 1));
        ok("hostname.as112.net", "domain golang.org", (1, 1));
        ok("hostname.as112.net", search, (1, 1));

        let conf = ResolvConf::of_text("nameserver 255.255.255.255\noptions timeout:1 attempts:1");
        assert_eq!((conf.timeout, conf.attempts), (Duration::from_secs(1), 1));
        let conf = changed(conf, |conf| conf.timeout = Duration::from_millis(50));
        let e = lookup_ip(&resolver, QUIET, &Sources { conf: conf.into(), ..dns("") }).unwrap_err();
        assert_eq!((e.name.as_str(), e.server.as_str(), e.is_timeout), (QUIET, "255.255.255.255:53", true));
        let e = lookup_ip(&resolver, QUIET, &dns("options timeout:3 attempts:1\nnameserver 8.8.8.8"))
            .unwrap_err();
        assert_eq!((e.name.as_str(), e.server.as_str(), e.is_timeout), (QUIET, "8.8.8.8:53", false));
    });
}

/// golang.org/issue/12712: the error is that of the name itself, not of one that the search list
/// made.
#[test]
fn test_error_for_original_name_when_searching() {
    in_runtime(|| {
        const NAME: &str = "doesnotexist.domain";
        let handler = |q: &Question| match q.name.as_str() {
            "doesnotexist.domain.servfail." => q.reply().rcode(SERVFAIL).into(),
            _ => q.reply().rcode(NXDOMAIN).into(),
        };
        for (strict_errors, err, temporary) in
            [(true, "server misbehaving", true), (false, "no such host", false)]
        {
            let resolver = Resolver { strict_errors, ..resolver(handler) };
            let e = lookup_ip(&resolver, NAME, &dns("search servfail")).unwrap_err();
            assert_eq!((e.name.as_str(), e.err.as_str(), e.is_temporary), (NAME, err, temporary));
        }
    });
}

/// golang.org/issue/15434: after a referral to nobody the next server is asked.
#[test]
fn test_ignore_lame_referrals() {
    in_runtime(|| {
        let resolver = resolver(|q| match q.server.as_str() {
            "192.0.2.2:53" => q.reply_with_addr().recursion_available().into(),
            // An OPT record makes an empty answer of it.
            _ if q.name.starts_with("empty.com.") => q.reply().opt(0).into(),
            _ => q.reply().into(),
        });
        let sources = dns("nameserver 192.0.2.1\nnameserver 192.0.2.2");
        let found = lookup(&resolver, Wanted::Addrs4, "www.golang.org", &sources).unwrap();
        assert_eq!(found.addrs.iter().map(|a| a.ip.to_string()).collect::<Vec<_>>(), ["192.0.2.1"]);
        let e = lookup(&resolver, Wanted::Addrs4, "empty.com", &sources).unwrap_err();
        assert_eq!(e.err, "no such host");
        // Nobody but such servers.
        let e =
            lookup(&resolver, Wanted::Addrs4, "www.golang.org", &dns("nameserver 192.0.2.1")).unwrap_err();
        assert_eq!(e.to_string(), "lookup www.golang.org on 192.0.2.1:53: lame referral");
    });
}

/// golang.org/issue/16865: after a time-out the next server is asked, with its own time.
#[test]
fn test_retry_timeout() {
    in_runtime(|| {
        let resolver = resolver(|q| match q.server.as_str() {
            "192.0.2.1:53" => vec![],
            _ => {
                // Longer than what a common limit would leave.
                sleep(Duration::from_millis(60));
                q.reply_with_addr().into()
            }
        });
        let conf = ResolvConf::of_text("nameserver 192.0.2.1\nnameserver 192.0.2.2");
        let conf = changed(conf, |conf| (conf.timeout, conf.attempts) = (Duration::from_millis(100), 5));
        let sources = Sources { conf: conf.into(), ..dns("") };
        assert_eq!(lookup_ip(&resolver, "www.golang.org", &sources).unwrap().addrs.len(), 2);
    });
}

#[test]
fn test_rotate() {
    const NAMES: [&str; 3] = ["192.0.2.1:53", "192.0.2.2:53", "192.0.2.1:53"];
    in_runtime(|| {
        for (options, expected) in [("", [NAMES[0]; 3]), ("options rotate", NAMES)] {
            let used = Arc::new(Mutex::new(Vec::new()));
            let seen = used.clone();
            let resolver = resolver(move |q| {
                seen.lock().unwrap().push(q.server.clone());
                q.reply_with_addr().into()
            });
            let conf = format!("nameserver 192.0.2.1\nnameserver 192.0.2.2\n{options}").leak();
            let sources = dns(conf);
            for _ in 0..3 {
                lookup(&resolver, Wanted::Addrs4, "www.golang.org", &sources).unwrap();
            }
            assert_eq!(*used.lock().unwrap(), expected, "{options}");
        }
    });
}

/// One query keeps its first server through all attempts, and goes round once in each.
#[test]
fn rotation_moves_from_query_to_query() {
    in_runtime(|| {
        let used = Arc::new(Mutex::new(Vec::new()));
        let seen = used.clone();
        let resolver = resolver(move |q| {
            seen.lock().unwrap().push(q.server[..9].to_owned());
            q.reply().rcode(SERVFAIL).into()
        });
        let conf =
            ResolvConf::of_text("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions rotate attempts:2");
        for expected in [["192.0.2.1", "192.0.2.2"], ["192.0.2.2", "192.0.2.1"]] {
            let ctx = Context::background();
            let e = resolver.try_one_name(&ctx, &conf, "x.", RecordType::A).unwrap_err();
            assert_eq!(e.err, "server misbehaving");
            assert_eq!(std::mem::take(&mut *used.lock().unwrap()), [expected, expected].concat());
        }
    });
}

/// golang.org/issue/29644.
#[test]
fn test_single_request_lookup() {
    in_runtime(|| {
        let v4_done = Arc::new(AtomicBool::new(false));
        let done = v4_done.clone();
        let resolver = resolver(move |q| {
            if q.kind == A {
                if q.name.starts_with("slowipv4") {
                    sleep(Duration::from_millis(10));
                }
                // Relaxed: the exchange orders it.
                done.store(true, Relaxed);
            } else {
                assert!(done.load(Relaxed), "AAAA was asked for before A was answered");
            }
            q.reply_with_addr().into()
        });
        let sources = dns("options single-request");
        for name in ["hostname.example.net", "slowipv4.example.net"] {
            v4_done.store(false, Relaxed);
            assert_eq!(lookup_ip(&resolver, name, &sources).unwrap().addrs.len(), 2);
        }
    });
}

#[test]
fn test_long_dns_names() {
    in_runtime(|| {
        let resolver = resolver(|q| q.reply_with_addr().into());
        let prefix = "verylongdomainlabel.".repeat(20);
        let (with_dot, without) = (".go.dev.", ".go.dev");
        let sources = sources(LookupOrder::FilesDns, "", "");
        for (len, suffix, fails) in [
            (255, with_dot, true),
            (254, with_dot, false),
            (253, with_dot, false),
            (253, without, false),
            (254, without, true),
        ] {
            let name = format!("{}{suffix}", &prefix[..len - suffix.len()]);
            let ctx = Context::background();
            let host = resolver.lookup_host_in(&ctx, &name, &sources).map(drop);
            let ip = lookup_ip(&resolver, &name, &sources).map(drop);
            let cname = lookup(&resolver, Wanted::CanonicalName, &name, &sources).map(drop);
            for result in [host, ip, cname] {
                let expected = fails.then(|| format!("lookup {name}: no such host"));
                assert_eq!(result.err().map(|e| e.to_string()), expected, "{len} {suffix}");
            }
        }
    });
}
