//! /etc/nsswitch.conf: where to look for hosts, and in which order.
//!
//! Go: net/nss.go, net/conf.go `lookupOrder`.
//!
//! I1 Looked at again at most every 5 s, by one goroutine at a time; the others use what there is.

use std::collections::HashMap;
use std::io;

use super::cached::Cached;
use super::lines::{self, Lines, Version};

const PATH: &str = "/etc/nsswitch.conf";

/// The parsed file.
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

/// The order of look-ups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LookupOrder {
    /// The C library does it.
    Cgo,
    FilesDns,
    DnsFiles,
    Files,
    Dns,
}

impl LookupOrder {
    pub(super) fn files_first(self) -> bool {
        matches!(self, LookupOrder::FilesDns | LookupOrder::Files)
    }
}

/// The order the system asks for.
pub(super) fn system_order() -> LookupOrder {
    static CONF: Cached<NssConf> = Cached::new();
    let fresh = |old: &NssConf| lines::stat(PATH).ok() == old.version;
    CONF.get(|| NssConf::read(PATH), fresh).order()
}

impl NssConf {
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

    /// `None`: malformed. The criteria in brackets are checked for their form only; they matter to the C library alone.
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

    fn order(&self) -> LookupOrder {
        let sources = self.sources.get("hosts").map_or(&[][..], Vec::as_slice);
        match self.failure {
            Some(Failure::Missing | Failure::Bad) => return LookupOrder::FilesDns,
            None if sources.is_empty() => return LookupOrder::FilesDns,
            None => {}
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

    #[test]
    fn test_conf_host_lookup_order() {
        assert_eq!(order("hosts: files dns"), LookupOrder::FilesDns);
        assert_eq!(order("hosts: dns files"), LookupOrder::DnsFiles);
        assert_eq!(order("hosts: files"), LookupOrder::Files);
        assert_eq!(order("hosts: dns\n"), LookupOrder::Dns);
        assert_eq!(order("foo: bar\n"), LookupOrder::FilesDns);
        assert_eq!(order("hosts: files mdns4_minimal [NOTFOUND=return] dns mdns4"), LookupOrder::FilesDns);
        assert_eq!(order("hosts: mymachines files"), LookupOrder::DnsFiles);
        assert_eq!(order("hosts: files [!UNAVAIL=return x] dns"), LookupOrder::FilesDns);
    }

    #[test]
    fn test_parse_nss_conf() {
        let text =
            "# c\n\npasswd:  compat\nhosts: files mdns4_minimal [NOTFOUND=return SUCCESS=continue] dns # x\n";
        let conf = NssConf::parse(&mut Lines::of_text(text));
        assert_eq!(conf.failure, None);
        assert_eq!(conf.sources["passwd"], ["compat"]);
        assert_eq!(conf.sources["hosts"], ["files", "mdns4_minimal", "dns"]);
        for bad in ["no colon here", "hosts: files [NOTFOUND", "hosts: dns [x] files"] {
            assert_eq!(NssConf::parse(&mut Lines::of_text(bad)).failure, Some(Failure::Bad), "{bad}");
        }
    }
}
