//! Where a lookup looks, and in which order: what the environment, the resolver and the system's
//! files say.
//!
//! Go: net/conf.go `systemConf lookupOrder mustUseGoResolver goDebugNetDNS`.
//!
//! I1 resolv.conf is looked at before nsswitch.conf, as in Go: it shows in traces. One lookup uses
//!    one version of it.
//! I2 The C library is asked only where `GODEBUG=netdns=cgo` says so and the resolver does not
//!    insist on its own: in all else this is Go built without cgo.

use std::io::Write;
use std::sync::Arc;

use gopark_runtime::sync::OnceLock;

use super::Resolver;
use super::hosts::HostsFile;
use super::lookup_order::LookupOrder;
use super::nss;
use super::resolv_conf::{self, ResolvConf};

/// What one lookup of our own resolver works with.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub(super) order: LookupOrder,
    pub(super) conf: Arc<ResolvConf>,
    pub(super) hosts: &'static HostsFile,
}

/// Which resolver does a lookup.
#[derive(Debug)]
pub(super) enum Way {
    CLibrary,
    Own(Sources),
}

impl Resolver {
    /// How to look up `host`, or an address (`lookup` says which, for `GODEBUG=netdns=2`).
    #[doc(alias = "lookupOrder")]
    pub(super) fn way(&self, lookup: &str, host: &str) -> Way {
        let debug = NetDns::of_environment();
        let (way, shown) = if self.must_use_own(debug) {
            let conf = resolv_conf::SYSTEM.get();
            let order = nss::SYSTEM.get().order();
            (Way::Own(Sources { order, conf, hosts: HostsFile::system() }), order.to_string())
        } else {
            (Way::CLibrary, "cgo".into())
        };
        if debug.level > 1 {
            say(&format!("{lookup}({host}) = {shown}"));
        }
        way
    }

    #[doc(alias = "mustUseGoResolver")]
    pub(super) fn must_use_own(&self, debug: NetDns) -> bool {
        !debug.cgo || self.prefer_go || !self.servers.is_empty()
    }
}

/// `GODEBUG=netdns=`: "go" or "cgo", a debug level, or both with a '+' between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct NetDns {
    pub(super) cgo: bool,
    go: bool,
    level: u32,
}

impl NetDns {
    /// What the environment says. Read once, as in Go; the first reader announces the setting if
    /// asked to.
    pub(super) fn of_environment() -> NetDns {
        static SETTING: OnceLock<NetDns> = OnceLock::new();
        *SETTING.get_or_init(|| {
            let setting = NetDns::parse(&godebug("netdns").unwrap_or_default());
            setting.announce();
            setting
        })
    }

    #[doc(alias = "goDebugNetDNS")]
    fn parse(value: &str) -> NetDns {
        let mut setting = NetDns::default();
        for part in value.splitn(2, '+') {
            if part.starts_with(|c: char| c.is_ascii_digit()) {
                setting.level = super::lines::number(part);
            } else if !part.is_empty() {
                (setting.cgo, setting.go) = (part == "cgo", part == "go");
            }
        }
        setting
    }

    fn announce(self) {
        if self.level > 1 {
            say(&format!("confVal.netCgo = {}  netGo = {}", self.cgo, self.go));
        }
        if self.level > 0 {
            say(match self {
                NetDns { go: true, .. } => "GODEBUG setting forcing use of Go's resolver",
                NetDns { cgo: true, .. } => "using cgo DNS resolver",
                _ => "cgo resolver not asked for; using Go's DNS resolver",
            });
        }
    }
}

/// A line on standard error, in Go's form.
fn say(what: &str) {
    let line = format!("go package net: {what}\n");
    // A closed standard error is no failure.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// A setting in the environment's GODEBUG, a list "a=1,b=2" in which the last one counts.
pub(super) fn godebug(key: &str) -> Option<String> {
    let all = std::env::var("GODEBUG").ok()?;
    let settings = all.split(',').filter_map(|setting| setting.split_once('='));
    settings.rev().find(|(k, _)| *k == key).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netdns_is_read_as_go_reads_it() {
        let parse = |value| {
            let NetDns { cgo, go, level } = NetDns::parse(value);
            (cgo, go, level)
        };
        assert_eq!(parse(""), (false, false, 0));
        assert_eq!(parse("cgo"), (true, false, 0));
        assert_eq!(parse("go"), (false, true, 0));
        assert_eq!(parse("cgo+1"), (true, false, 1));
        assert_eq!(parse("2+cgo"), (true, false, 2));
        assert_eq!(parse("1"), (false, false, 1));
        assert_eq!(parse("something"), (false, false, 0));
    }

    /// Go: TestConfHostLookupOrder "force" and "resolver-prefergo", and what own servers mean here.
    #[test]
    fn the_c_library_is_asked_when_wanted() {
        let cgo = NetDns { cgo: true, ..NetDns::default() };
        assert!(!Resolver::default().must_use_own(cgo));
        assert!(Resolver::default().must_use_own(NetDns::default()));
        assert!(Resolver { prefer_go: true, ..Resolver::default() }.must_use_own(cgo));
        assert!(Resolver { servers: vec!["127.0.0.1:53".into()], ..Resolver::default() }.must_use_own(cgo));
    }
}
