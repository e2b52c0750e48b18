//! /etc/nsswitch.conf: where to look for hosts, and in which order.
//!
//! Go: net/nss.go, net/conf.go `lookupOrder`.
//!
//! I1 Checked again at most every 5 s, by one goroutine at a time; the others use the last version
//!    ([`Cached`]).

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use super::cached::{Cached, Parsed};
use super::lines::{self, Lines, Version};
use super::lookup_order::LookupOrder;

/// The system's.
pub(super) static SYSTEM: Cached<NssConf> = Cached::new(Cow::Borrowed("/etc/nsswitch.conf"));

/// The parsed file.
#[doc(alias = "nssConf")]
#[derive(Default, Debug)]
pub(super) struct NssConf {
    version: Option<Version>,
    failure: Option<Failure>,
    /// By database ("hosts").
    sources: HashMap<String, Vec<String>>,
}

#[derive(PartialEq, Eq, Debug)]
enum Failure {
    Missing,
    /// Unreadable or malformed: nothing to base an order on.
    Bad,
}

impl Parsed for NssConf {
    fn read(path: &str) -> NssConf {
        let bad = || NssConf { failure: Some(Failure::Bad), ..Default::default() };
        let mut lines = match Lines::open(path) {
            Ok(lines) => lines,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return NssConf { failure: Some(Failure::Missing), ..Default::default() };
            }
            Err(_) => return bad(),
        };
        match lines.version() {
            Ok(version) => NssConf { version: Some(version), ..NssConf::parse(&mut lines) },
            Err(_) => bad(),
        }
    }

    fn is_fresh(&self, path: &str) -> bool {
        lines::stat(path).ok() == self.version
    }
}

impl NssConf {
    fn parse(lines: &mut Lines) -> NssConf {
        let mut conf = NssConf::default();
        while let Some(line) = lines.next_line() {
            let line = lines::without_comment(&line).trim();
            if !line.is_empty() && conf.parse_line(line).is_none() {
                conf.failure = Some(Failure::Bad);
                break;
            }
        }
        conf
    }

    /// `None`: malformed. The criteria in brackets are checked for their form only; they matter to
    /// the C library alone.
    fn parse_line(&mut self, line: &str) -> Option<()> {
        let (database, mut rest) = line.split_once(':')?;
        let sources = self.sources.entry(database.trim().to_owned()).or_default();
        loop {
            rest = rest.trim();
            if rest.is_empty() {
                return Some(());
            }
            let (source, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim();
            if let Some(criteria) = rest.strip_prefix('[') {
                let (criteria, after) = criteria.split_once(']')?;
                criteria.split_ascii_whitespace().try_for_each(check_criterion)?;
                rest = after;
            }
            sources.push(source.to_owned());
        }
    }

    /// The order the file asks for. Without a list of sources that can be read: files, then DNS.
    pub(super) fn order(&self) -> LookupOrder {
        let sources = self.sources.get("hosts").map_or(&[][..], Vec::as_slice);
        if self.failure.is_some() || sources.is_empty() {
            return LookupOrder::FilesDns;
        }
        // A source nobody here knows counts as DNS, unless DNS is in the list itself.
        let has_dns = sources.iter().any(|s| s == "dns");
        let mut known = sources.iter().filter_map(|source| match source.as_str() {
            "files" => Some("files"),
            "dns" => Some("dns"),
            _ if !has_dns => Some("dns"),
            _ => None,
        });
        let Some(first) = known.next() else { return LookupOrder::FilesDns };
        let other = known.any(|source| source != first);
        match (first, other) {
            ("files", true) => LookupOrder::FilesDns,
            ("files", false) => LookupOrder::Files,
            (_, true) => LookupOrder::DnsFiles,
            (_, false) => LookupOrder::Dns,
        }
    }
}

fn check_criterion(text: &str) -> Option<()> {
    let text = text.strip_prefix('!').unwrap_or(text);
    (text.len() >= 3 && text.contains('=')).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &'static str) -> LookupOrder {
        NssConf::parse(&mut Lines::of_text(text)).order()
    }

    /// Go's table with all that is about the C library left out: what it would be asked for is ours
    /// here.
    #[test]
    fn test_conf_host_lookup_order() {
        for (text, expected) in [
            ("foo: bar", LookupOrder::FilesDns),
            ("", LookupOrder::FilesDns),
            ("hosts: dns files", LookupOrder::DnsFiles),
            ("hosts: dns files something_custom", LookupOrder::DnsFiles),
            ("hosts: files mdns4_minimal [NOTFOUND=return] dns mdns4", LookupOrder::FilesDns),
            ("hosts: files mdns dns", LookupOrder::FilesDns),
            ("hosts: dns", LookupOrder::Dns),
            ("hosts: files", LookupOrder::Files),
            ("hosts: files dns\n", LookupOrder::FilesDns),
            ("hosts: files dns myhostname", LookupOrder::FilesDns),
            ("hosts: files myhostname mdns4_minimal [NOTFOUND=return] dns mdns4", LookupOrder::FilesDns),
            (
                "hosts: dns [success=return notfound=continue unavail=continue tryagain=continue] files \
                 [notfound=return]",
                LookupOrder::DnsFiles,
            ),
            // An unknown source counts as DNS, unless DNS is in the list itself.
            ("hosts: resolve files", LookupOrder::DnsFiles),
            ("hosts: mymachines files dns", LookupOrder::FilesDns),
            ("hosts: dns mymachines files", LookupOrder::DnsFiles),
            ("hosts: mymachines", LookupOrder::Dns),
            ("hosts: files [!UNAVAIL=return x] dns", LookupOrder::FilesDns),
        ] {
            assert_eq!(order(text), expected, "{text}");
        }
        let missing = NssConf::read("/a file that does not exist");
        assert_eq!(
            (missing.failure.as_ref(), missing.order()),
            (Some(&Failure::Missing), LookupOrder::FilesDns)
        );
    }

    #[test]
    fn test_addr_lookup_order() {
        // The sources that make Go ask the C library for the names of an address are no reason
        // here.
        assert_eq!(order("hosts: files myhostname dns"), LookupOrder::FilesDns);
        assert_eq!(order("hosts: files mdns4 dns"), LookupOrder::FilesDns);
    }

    #[test]
    fn test_parse_nss_conf() {
        let with = |text: &'static str, database: &str, expected: &[&str]| {
            let conf = NssConf::parse(&mut Lines::of_text(text));
            assert_eq!(conf.failure, None, "{text}");
            assert_eq!(conf.sources[database], expected, "{text}");
        };
        with("foo: a b", "foo", &["a", "b"]);
        with("foo: a b\n", "foo", &["a", "b"]);
        with("   foo:a    b    \n", "foo", &["a", "b"]);
        with("   foo:a    b#c\n", "foo", &["a", "b"]);
        with("   foo:a    b #c \n", "foo", &["a", "b"]);
        with("   foo:a    b [!a=b    X=Y ] c#d \n", "foo", &["a", "b", "c"]);
        let ubuntu = "# comment\n\npasswd:         compat\n\nhosts:          files mdns4_minimal [NOTFOUND=return] dns \
                      mdns4\nprotocols:      db files\n\nnetgroup:       nis\n";
        with(ubuntu, "passwd", &["compat"]);
        with(ubuntu, "hosts", &["files", "mdns4_minimal", "dns", "mdns4"]);
        with(ubuntu, "protocols", &["db", "files"]);
        with(ubuntu, "netgroup", &["nis"]);
        for bad in ["no colon here", "hosts: files [NOTFOUND", "hosts: dns [x] files"] {
            let conf = NssConf::parse(&mut Lines::of_text(bad));
            assert_eq!(
                (conf.failure.as_ref(), conf.order()),
                (Some(&Failure::Bad), LookupOrder::FilesDns),
                "{bad}"
            );
        }
    }
}
