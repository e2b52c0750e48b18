//! /etc/resolv.conf: servers, search list, options.
//!
//! Go: net/dnsconfig.go, net/dnsconfig_unix.go, net/dnsclient_unix.go `resolverConfig`, `nameList`.
//!
//! I1 Looked at again at most every 5 s, by one goroutine at a time ([`Cached`]); `options
//!    no-reload` stops that.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::cached::{Cached, Parsed};
use super::lines::{self, Lines, Version, fields};
use crate::addr::host_port::parse_ip;

/// The system's.
pub(super) static SYSTEM: Cached<ResolvConf> = Cached::new(Cow::Borrowed("/etc/resolv.conf"));

const DEFAULT_SERVERS: [&str; 2] = ["127.0.0.1:53", "[::1]:53"];
const MAX_SERVERS: usize = 3;

/// How to ask name servers.
#[doc(alias = "dnsConfig")]
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

impl Parsed for ResolvConf {
    fn read(path: &str) -> ResolvConf {
        let mut conf = ResolvConf::default();
        if let Ok(mut lines) = Lines::open(path) {
            conf.version = lines.version().ok();
            if conf.version.is_some() {
                conf.parse(&mut lines);
            }
        }
        conf.with_defaults(&crate::sys::host_name())
    }

    fn is_fresh(&self, path: &str) -> bool {
        let modified = |version: Option<Version>| version.map(|v| v.modified);
        self.no_reload || modified(lines::stat(path).ok()) == modified(self.version)
    }
}

impl ResolvConf {
    /// What a file with this text says, on the machine "host.domain.local".
    #[cfg(test)]
    pub(super) fn of_text(text: &'static str) -> ResolvConf {
        let mut conf = ResolvConf::default();
        conf.parse(&mut Lines::of_text(text));
        conf.with_defaults("host.domain.local")
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
            // Only literal addresses: a name would need a lookup.
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

    fn with_defaults(mut self, host_name: &str) -> ResolvConf {
        if self.servers.is_empty() {
            self.servers = DEFAULT_SERVERS.map(str::to_owned).to_vec();
        }
        if self.search.is_empty() {
            self.search = default_search(host_name);
        }
        self
    }

    /// Which server to ask first; the next query's is another one when `rotate` is on.
    #[doc(alias = "serverOffset")]
    pub(super) fn server_offset(&self) -> usize {
        if self.rotate { self.rotation.fetch_add(1, Relaxed) } else { 0 }
    }

    /// The names to ask for, in order, each with its final dot.
    #[doc(alias = "nameList")]
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

/// RFC 7686: names below .onion are none of DNS's business. Names below .local (RFC 6762) are asked
/// for.
#[doc(alias = "avoidDNS")]
fn avoid_dns(name: &str) -> bool {
    let relative = name.strip_suffix('.').unwrap_or(name);
    name.is_empty() || relative.to_ascii_lowercase().ends_with(".onion")
}

fn rooted(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

/// The domain that the machine's name says it is in.
#[doc(alias = "dnsDefaultSearch")]
fn default_search(host_name: &str) -> Vec<String> {
    match host_name.split_once('.') {
        Some((_, domain)) if !domain.is_empty() => vec![rooted(domain)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
