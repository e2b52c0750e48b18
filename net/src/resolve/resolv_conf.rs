//! /etc/resolv.conf: servers, search list, options.
//!
//! Go: net/dnsconfig.go, net/dnsconfig_unix.go, net/dnsclient_unix.go `resolverConfig`, `nameList`.
//!
//! I1 Looked at again at most every 5 s, by one goroutine at a time; `options no-reload` stops that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::cached::Cached;
use super::lines::{self, Lines, Version, fields};
use crate::host_port::parse_ip;

const PATH: &str = "/etc/resolv.conf";
const DEFAULT_SERVERS: [&str; 2] = ["127.0.0.1:53", "[::1]:53"];
const MAX_SERVERS: usize = 3;

/// How to ask name servers.
#[derive(Debug)]
pub(super) struct ResolvConf {
    version: Option<Version>,
    /// "host:port".
    pub(super) servers: Vec<String>,
    /// Suffixes, each with its final dot.
    pub(super) search: Vec<String>,
    ndots: usize,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    rotate: bool,
    pub(super) single_request: bool,
    pub(super) use_tcp: bool,
    pub(super) trust_ad: bool,
    no_reload: bool,
    /// Counts queries when `rotate` is on. Relaxed: any server may come first.
    rotation: AtomicUsize,
}

impl Default for ResolvConf {
    fn default() -> Self {
        ResolvConf {
            version: None,
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            single_request: false,
            use_tcp: false,
            trust_ad: false,
            no_reload: false,
            rotation: AtomicUsize::new(0),
        }
    }
}

/// The system's configuration.
pub(super) fn system_conf() -> Arc<ResolvConf> {
    static CONF: Cached<ResolvConf> = Cached::new();
    let fresh = |old: &ResolvConf| {
        old.no_reload || lines::stat(PATH).ok().map(|v| v.modified) == old.version.map(|v| v.modified)
    };
    CONF.get(|| ResolvConf::read(PATH), fresh)
}

impl ResolvConf {
    fn read(path: &str) -> ResolvConf {
        let mut conf = ResolvConf::default();
        if let Ok(mut lines) = Lines::open(path) {
            conf.version = lines.version().ok();
            if conf.version.is_some() {
                conf.parse(&mut lines);
            }
        }
        conf.with_defaults()
    }

    fn parse(&mut self, lines: &mut Lines) {
        while let Some(line) = lines.next_line() {
            if !line.starts_with([';', '#']) {
                self.parse_line(&fields(&line));
            }
        }
    }

    fn parse_line(&mut self, words: &[&str]) {
        match words {
            // Only literal addresses: a name would need a look-up.
            ["nameserver", server, ..] if self.servers.len() < MAX_SERVERS && parse_ip(server).is_some() => {
                self.servers.push(crate::join_host_port(server, 53));
            }
            ["domain", domain, ..] => self.search = vec![rooted(domain)],
            ["search", domains @ ..] => {
                let domains = domains.iter().map(|domain| rooted(domain));
                self.search = domains.filter(|domain| domain != ".").collect();
            }
            ["options", options @ ..] => options.iter().for_each(|option| self.parse_option(option)),
            _ => {}
        }
    }

    fn parse_option(&mut self, option: &str) {
        match option.split_once(':') {
            Some(("ndots", n)) => self.ndots = lines::number(n).min(15) as usize,
            Some(("timeout", n)) => self.timeout = Duration::from_secs(lines::number(n).max(1).into()),
            Some(("attempts", n)) => self.attempts = lines::number(n).max(1),
            _ => match option {
                "rotate" => self.rotate = true,
                "single-request" | "single-request-reopen" => self.single_request = true,
                "use-vc" | "usevc" | "tcp" => self.use_tcp = true,
                "trust-ad" => self.trust_ad = true,
                "no-reload" => self.no_reload = true,
                _ => {} // "edns0" among them: always on.
            },
        }
    }

    fn with_defaults(mut self) -> ResolvConf {
        if self.servers.is_empty() {
            self.servers = DEFAULT_SERVERS.map(str::to_owned).to_vec();
        }
        if self.search.is_empty() {
            self.search = default_search();
        }
        self
    }

    /// The servers in the order of this query.
    pub(super) fn servers_in_turn(&self) -> impl Iterator<Item = &str> {
        let offset = if self.rotate { self.rotation.fetch_add(1, Relaxed) } else { 0 };
        let count = self.servers.len();
        (0..count).map(move |i| self.servers[(offset + i) % count].as_str())
    }

    /// The names to ask for, in order, each with its final dot.
    pub(super) fn name_list(&self, name: &str) -> Vec<String> {
        let rooted = name.ends_with('.');
        if name.len() > 254 || (name.len() == 254 && !rooted) {
            return Vec::new();
        }
        if rooted {
            return if avoid_dns(name) { Vec::new() } else { vec![name.to_owned()] };
        }
        let has_ndots = name.matches('.').count() >= self.ndots;
        let unsuffixed = format!("{name}.");
        let suffixed = self.search.iter().map(|suffix| format!("{unsuffixed}{suffix}"));
        let mut names: Vec<String> = suffixed.filter(|n| !avoid_dns(n) && n.len() <= 254).collect();
        if !avoid_dns(&unsuffixed) {
            let at = if has_ndots { 0 } else { names.len() };
            names.insert(at, unsuffixed);
        }
        names
    }
}

/// RFC 7686: names below .onion are none of DNS's business.
fn avoid_dns(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.is_empty() || name.to_ascii_lowercase().ends_with(".onion")
}

fn rooted(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

fn default_search() -> Vec<String> {
    let host_name = crate::os::sys::host_name();
    match host_name.split_once('.') {
        Some((_, domain)) if !domain.is_empty() => vec![rooted(domain)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> ResolvConf {
        let mut conf = ResolvConf::default();
        conf.parse(&mut Lines::of_text(text));
        conf
    }

    #[test]
    fn test_dns_read_config() {
        let conf = parse(
            "; comment\n# comment\ndomain Home\nnameserver 8.8.8.8\nnameserver 2001:4860:4860::8888\nnameserver fe80::1%lo0\n\
             nameserver 9.9.9.9\nnameserver bogus\noptions ndots:5 timeout:10 attempts:3 rotate\noptions trust-ad use-vc\n",
        );
        assert_eq!(conf.servers, ["8.8.8.8:53", "[2001:4860:4860::8888]:53", "[fe80::1%lo0]:53"]);
        assert_eq!(conf.search, ["Home."]);
        assert_eq!((conf.ndots, conf.timeout, conf.attempts), (5, Duration::from_secs(10), 3));
        assert!(conf.rotate && conf.trust_ad && conf.use_tcp && !conf.single_request);

        let clamped = parse("options ndots:16 timeout:0 attempts:-1\nsearch a . b.\n");
        assert_eq!((clamped.ndots, clamped.timeout, clamped.attempts), (15, Duration::from_secs(1), 1));
        assert_eq!(clamped.search, ["a.", "b."]);
        let empty = parse("").with_defaults();
        assert_eq!(empty.servers, DEFAULT_SERVERS);
    }

    #[test]
    fn test_dns_name_list() {
        let conf = ResolvConf { search: vec!["s1.".into(), "s2.".into()], ..Default::default() };
        assert_eq!(conf.name_list("a."), ["a."]);
        assert_eq!(conf.name_list("a"), ["a.s1.", "a.s2.", "a."]);
        assert_eq!(conf.name_list("a.b"), ["a.b.", "a.b.s1.", "a.b.s2."]);
        assert!(conf.name_list("x.onion").iter().all(|n| n != "x.onion."));
        assert!(conf.name_list(&"a".repeat(254)).is_empty());
        let dots = ResolvConf { ndots: 2, search: vec!["s.".into()], ..Default::default() };
        assert_eq!(dots.name_list("a.b"), ["a.b.s.", "a.b."]);
    }

    #[test]
    fn test_dns_rotate() {
        let servers = ["a", "b", "c"].map(str::to_owned).to_vec();
        let conf = ResolvConf { servers, rotate: true, ..Default::default() };
        assert_eq!(conf.servers_in_turn().collect::<String>(), "abc");
        assert_eq!(conf.servers_in_turn().collect::<String>(), "bca");
    }
}
