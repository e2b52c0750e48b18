//! /etc/hosts.
//!
//! Go: net/hosts.go.
//!
//! I1 Looked at again after 5 s, re-read when its time or size changed. A file without names is
//!    looked at each time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use gopark_runtime::sync::{Mutex, OnceLock};

use super::lines::{self, Lines, Version, fields};
use crate::addr::host_port::parse_ip;

const MAX_AGE: Duration = Duration::from_secs(5);

/// A hosts file and what it said last.
#[derive(Debug)]
pub(super) struct HostsFile {
    path: Cow<'static, str>,
    cache: Mutex<Hosts>,
}

/// The file, both ways round.
#[derive(Default, Debug)]
struct Hosts {
    /// When to look at the file again; `None`: now.
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

impl HostsFile {
    pub(super) fn new(path: impl Into<Cow<'static, str>>) -> HostsFile {
        HostsFile { path: path.into(), cache: Mutex::new(Hosts::default()) }
    }

    /// The system's.
    pub(super) fn system() -> &'static HostsFile {
        static SYSTEM: OnceLock<HostsFile> = OnceLock::new();
        SYSTEM.get_or_init(|| HostsFile::new("/etc/hosts"))
    }

    /// The addresses of a name.
    #[doc(alias = "lookupStaticHost")]
    pub(super) fn host(&self, name: &str) -> Option<Host> {
        let key = abs_domain_name(&name.to_ascii_lowercase());
        self.look(|hosts| hosts.by_name.get(&key).cloned())
    }

    /// The names of an address.
    #[doc(alias = "lookupStaticAddr")]
    pub(super) fn names(&self, addr: &str) -> Vec<String> {
        self.look(|hosts| hosts.by_addr.get(&literal_ip(addr)?).cloned()).unwrap_or_default()
    }

    fn look<R>(&self, look: impl FnOnce(&Hosts) -> R) -> R {
        let mut hosts = self.cache.lock();
        hosts.refresh(&self.path);
        look(&hosts)
    }

    /// A file that says this, for an hour.
    #[cfg(test)]
    pub(super) fn of_text(text: &'static str) -> HostsFile {
        let file = HostsFile::new("/a file that does not exist");
        let mut hosts = file.cache.lock();
        hosts.parse(&mut Lines::of_text(text));
        hosts.expire = Some(Instant::now() + Duration::from_secs(3600));
        drop(hosts);
        file
    }

    /// The next caller looks at the file, as if 5 s had passed.
    #[cfg(test)]
    pub(super) fn grow_old(&self) {
        self.cache.lock().expire = None;
    }
}

impl Hosts {
    #[doc(alias = "readHosts")]
    fn refresh(&mut self, path: &str) {
        let now = Instant::now();
        if self.expire.is_some_and(|at| now < at) && !self.by_name.is_empty() {
            return;
        }
        let version = lines::stat(path).ok();
        if version.is_some() && version == self.version {
            self.expire = Some(now + MAX_AGE);
            return;
        }
        let mut fresh = Hosts { expire: Some(now + MAX_AGE), version, ..Default::default() };
        match Lines::open(path) {
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
pub(super) mod tests;
