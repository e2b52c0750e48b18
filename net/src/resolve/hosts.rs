//! /etc/hosts.
//!
//! Go: net/hosts.go.
//!
//! I1 Looked at again after 5 s, re-read when its time or size changed. A file without names is looked at each time.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use gopark_runtime::sync::Mutex;

use super::lines::{self, Lines, Version, fields};
use crate::host_port::parse_ip;

const PATH: &str = "/etc/hosts";
const MAX_AGE: Duration = Duration::from_secs(5);

static HOSTS: Mutex<Option<Hosts>> = Mutex::new(None);

/// The file, both ways round.
#[derive(Default, Debug)]
struct Hosts {
    expire: Option<Instant>,
    version: Option<Version>,
    by_name: HashMap<String, Host>,
    by_addr: HashMap<String, Vec<String>>,
}

/// What a name has.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Host {
    /// Literal addresses, in the file's order.
    pub(super) addrs: Vec<String>,
    pub(super) canonical_name: String,
}

/// The addresses of a name.
pub(super) fn lookup_static_host(host: &str) -> Option<Host> {
    let key = abs_domain_name(&host.to_ascii_lowercase());
    with_hosts(|hosts| hosts.by_name.get(&key).cloned())
}

/// The names of an address.
pub(super) fn lookup_static_addr(addr: &str) -> Vec<String> {
    with_hosts(|hosts| {
        let key = literal_ip(addr)?;
        hosts.by_addr.get(&key).cloned()
    })
    .unwrap_or_default()
}

fn with_hosts<R>(look: impl FnOnce(&Hosts) -> R) -> R {
    let mut hosts = HOSTS.lock();
    let hosts = hosts.get_or_insert_default();
    hosts.refresh();
    look(hosts)
}

impl Hosts {
    fn refresh(&mut self) {
        let now = Instant::now();
        if self.expire.is_some_and(|at| now < at) && !self.by_name.is_empty() {
            return;
        }
        let version = lines::stat(PATH).ok();
        if version.is_some() && version == self.version {
            self.expire = Some(now + MAX_AGE);
            return;
        }
        let mut fresh = Hosts { expire: Some(now + MAX_AGE), version, ..Default::default() };
        match Lines::open(PATH) {
            Ok(mut lines) => fresh.parse(&mut lines),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {}
            Err(_) => return,
        }
        *self = fresh;
    }

    fn parse(&mut self, lines: &mut Lines) {
        while let Some(line) = lines.next_line() {
            let words = fields(lines::without_comment(&line));
            if let [addr, names @ ..] = words.as_slice()
                && let Some(addr) = literal_ip(addr)
            {
                self.add(&addr, names);
            }
        }
    }

    fn add(&mut self, addr: &str, names: &[&str]) {
        let canonical = names.first().map(|name| abs_domain_name(&name.to_ascii_lowercase()));
        for name in names {
            self.by_addr.entry(addr.to_owned()).or_default().push(abs_domain_name(name));
            let key = abs_domain_name(&name.to_ascii_lowercase());
            let host = self.by_name.entry(key).or_insert_with(|| Host {
                addrs: Vec::new(),
                canonical_name: canonical.clone().unwrap_or_default(),
            });
            host.addrs.push(addr.to_owned());
        }
    }
}

/// A literal address in its usual spelling.
fn literal_ip(text: &str) -> Option<String> {
    let (ip, zone) = parse_ip(text)?;
    Some(if zone.is_empty() { ip.to_string() } else { format!("{ip}%{zone}") })
}

/// A name with dots gets its final one.
fn abs_domain_name(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') { format!("{name}.") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &'static str) -> Hosts {
        let mut hosts = Hosts::default();
        hosts.parse(&mut Lines::of_text(text));
        hosts
    }

    #[test]
    fn test_lookup_static_host() {
        let hosts = hosts(
            "255.255.255.255\tbroadcasthost\n127.0.0.2\todin # comment\n127.0.0.3 odin # twice\n::2 odin\n\
             bogus name\n127.1.1.1 ThorHost thor.example\n",
        );
        assert_eq!(hosts.by_name["odin"].addrs, ["127.0.0.2", "127.0.0.3", "::2"]);
        assert_eq!(hosts.by_name["thorhost"].canonical_name, "thorhost");
        assert_eq!(hosts.by_name["thor.example."].canonical_name, "thorhost");
        assert_eq!(hosts.by_addr["127.1.1.1"], ["ThorHost", "thor.example."]);
        assert!(!hosts.by_name.contains_key("name"));
    }

    #[test]
    fn literal_addresses_are_spelled_one_way() {
        assert_eq!(literal_ip("0:0::1"), Some("::1".into()));
        assert_eq!(literal_ip("fe80::0001%lo0"), Some("fe80::1%lo0".into()));
        assert_eq!(literal_ip("localhost"), None);
    }
}
