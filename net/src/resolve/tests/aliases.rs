//! Canonical names, and lookups that files answer.

use gopark_runtime::context::Context;

use super::super::hosts::tests::{ALIASES, LOOKUP_STATIC_HOST_ALIASES, forms};
use super::super::lookup::Wanted;
use super::super::lookup_order::LookupOrder;
use super::fake_dns::{A, AAAA, CNAME, NXDOMAIN, SUCCESS, TEST_ADDR, resolver};
use super::{dns, in_runtime, sources};

fn host_aliases(order: LookupOrder, names: &[(&str, &str)]) {
    in_runtime(|| {
        let sources = sources(order, "", ALIASES);
        let resolver = resolver(move |q| {
            assert_eq!(order, LookupOrder::DnsFiles, "nobody is to be asked");
            q.reply().into()
        });
        for (name, canonical) in names {
            for form in forms(name) {
                let ctx = Context::background();
                let found = resolver.lookup_ip_in(&ctx, Wanted::Addrs, &form, &sources).expect(&form);
                let with_dot =
                    if canonical.contains('.') { format!("{canonical}.") } else { (*canonical).into() };
                assert_eq!(found.canonical_name, Some(with_dot), "{form}");
            }
        }
    });
}

#[test]
fn test_go_lookup_ip_cname_order_hosts_aliases_files_only_mode() {
    host_aliases(LookupOrder::Files, LOOKUP_STATIC_HOST_ALIASES);
}

#[test]
fn test_go_lookup_ip_cname_order_hosts_aliases_files_dns_mode() {
    host_aliases(LookupOrder::FilesDns, LOOKUP_STATIC_HOST_ALIASES);
}

#[test]
fn test_go_lookup_ip_cname_order_hosts_aliases_dns_files_mode() {
    host_aliases(LookupOrder::DnsFiles, &[("invalid.invalid", "invalid.test")]);
}

#[test]
fn test_go_lookup_ip_order_fallback_to_file() {
    in_runtime(|| {
        let resolver = resolver(|q| q.reply().into());
        let ctx = Context::background();
        for order in [LookupOrder::FilesDns, LookupOrder::DnsFiles] {
            let sources = sources(order, "", "127.1.1.1\tthor\n");
            let nobody = resolver.lookup_ip_in(&ctx, Wanted::Addrs, "notarealhost", &sources);
            // None of the servers gives a proper answer.
            assert_eq!(nobody.unwrap_err().err, "lame referral", "{order}");
            assert_eq!(resolver.lookup_host_in(&ctx, "thor", &sources).unwrap(), ["127.1.1.1"], "{order}");
        }
    });
}

#[test]
fn test_lookup_order_files_no_such_host() {
    in_runtime(|| {
        let resolver = resolver(|_| panic!("nobody is to be asked"));
        let sources = sources(LookupOrder::Files, "", "");
        let ctx = Context::background();
        let host = resolver.lookup_host_in(&ctx, "test.invalid", &sources).unwrap_err();
        let ip = resolver.lookup_ip_in(&ctx, Wanted::Addrs, "test.invalid", &sources).unwrap_err();
        let addr = resolver.lookup_names_in(&ctx, "192.0.2.1", &sources).unwrap_err();
        for (e, name) in [(host, "test.invalid"), (ip, "test.invalid"), (addr, "192.0.2.1")] {
            assert_eq!(e.to_string(), format!("lookup {name}: no such host"));
            assert!(e.is_not_found && !e.is_temporary);
        }
    });
}

/// The names of an address: the file's, those of DNS, and the file's if DNS has none.
#[test]
fn names_of_an_address_follow_the_order() {
    in_runtime(|| {
        let resolver = resolver(|q| match q.name.as_str() {
            "1.2.0.192.in-addr.arpa." => q.reply().ptr("by.dns.").into(),
            _ => q.reply().rcode(NXDOMAIN).into(),
        });
        let ctx = Context::background();
        let names = |order, addr| {
            let hosts = "192.0.2.1 by.file\n192.0.2.2 other.file\n";
            resolver.lookup_names_in(&ctx, addr, &sources(order, "", hosts)).map_err(|e| e.to_string())
        };
        assert_eq!(names(LookupOrder::FilesDns, "192.0.2.1").unwrap(), ["by.file."]);
        assert_eq!(names(LookupOrder::Dns, "192.0.2.1").unwrap(), ["by.dns."]);
        assert_eq!(names(LookupOrder::DnsFiles, "192.0.2.1").unwrap(), ["by.dns."]);
        assert_eq!(names(LookupOrder::DnsFiles, "192.0.2.2").unwrap(), ["other.file."]);
        let nobody = "lookup 3.2.0.192.in-addr.arpa. on 127.0.0.1:53: no such host";
        assert_eq!(names(LookupOrder::DnsFiles, "192.0.2.3").unwrap_err(), nobody);
    });
}

/// Go: what goLookupCNAME makes of each kind of reply.
#[test]
fn the_canonical_name_is_what_aliases_lead_to() {
    in_runtime(|| {
        let resolver = resolver(|q| match (q.name.as_str(), q.kind) {
            // A chain, as a recursive server gives it.
            ("www.example.", A) => {
                q.reply().cname("real.example.").answer(Some("real.example."), A, &TEST_ADDR.octets()).into()
            }
            ("www.example.", AAAA) => q.reply().cname("real.example.").into(),
            ("www.example.", CNAME) => q.reply().cname("real.example.").into(),
            // No alias.
            ("plain.example.", A) => q.reply().a(TEST_ADDR).into(),
            ("plain.example.", _) => q.reply().rcode(SUCCESS).authoritative().into(),
            // An alias of a name without addresses.
            ("text.example.", CNAME) => q.reply().cname("txt.example.").into(),
            ("text.example.", _) => q.reply().cname("txt.example.").authoritative().into(),
            _ => q.reply().rcode(NXDOMAIN).into(),
        });
        let sources = dns("");
        let cname = |name| {
            let ctx = Context::background();
            let found = resolver.lookup_ip_in(&ctx, Wanted::CanonicalName, name, &sources);
            found.map(|found| found.canonical_name.expect("there is one")).map_err(|e| e.to_string())
        };
        assert_eq!(cname("www.example.").unwrap(), "real.example.");
        assert_eq!(cname("plain.example.").unwrap(), "plain.example.");
        assert_eq!(cname("text.example.").unwrap(), "txt.example.");
        let nobody = "lookup none.example. on 127.0.0.1:53: no such host";
        assert_eq!(cname("none.example.").unwrap_err(), nobody);
    });
}
