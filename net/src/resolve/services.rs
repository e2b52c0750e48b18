//! Ports and protocols by name: a few built in, the rest from /etc/services and /etc/protocols.
//!
//! Go: net/lookup.go `services protocols lookupPortMap`, net/port_unix.go, net/lookup_unix.go
//! `readProtocols`.
//!
//! I1 Each file is read once, by the first lookup of a name; numbers never get here.

use std::collections::HashMap;

use gopark_runtime::sync::OnceLock;

use super::failure::Failure;
use super::lines::{Lines, fields, without_comment};
use crate::addr::host_port::dtoi;
use crate::error::{AddrError, DnsError};

const BUILT_IN_SERVICES: &[(&str, &str, u32)] = &[
    ("udp", "domain", 53),
    ("tcp", "ftp", 21),
    ("tcp", "ftps", 990),
    ("tcp", "gopher", 70),
    ("tcp", "http", 80),
    ("tcp", "https", 443),
    ("tcp", "imap2", 143),
    ("tcp", "imap3", 220),
    ("tcp", "imaps", 993),
    ("tcp", "pop3", 110),
    ("tcp", "pop3s", 995),
    ("tcp", "smtp", 25),
    ("tcp", "submissions", 465),
    ("tcp", "ssh", 22),
    ("tcp", "telnet", 23),
];

const BUILT_IN_PROTOCOLS: &[(&str, u32)] =
    &[("icmp", 1), ("igmp", 2), ("tcp", 6), ("udp", 17), ("ipv6-icmp", 58)];

/// Longer names than Go's buffer never match.
const MAX_SERVICE_NAME: usize = "mobility-header".len() + 10;
const MAX_PROTOCOL_NAME: usize = "RSVP-E2E-IGNORE".len() + 10;

/// By transport, then by name.
#[derive(Default)]
struct Services(HashMap<String, HashMap<String, u32>>);

/// The port of a service on "tcp", "udp" (with "4" or "6") or "ip", which takes either.
pub(super) fn lookup_port(network: &str, service: &str) -> Result<u32, DnsError> {
    static SERVICES: OnceLock<Services> = OnceLock::new();
    let services = SERVICES.get_or_init(Services::read_system);
    match network {
        "ip" => services.find("tcp", "ip", service).or_else(|_| services.find("udp", "ip", service)),
        "tcp" | "tcp4" | "tcp6" => services.find("tcp", "tcp", service),
        "udp" | "udp4" | "udp6" => services.find("udp", "udp", service),
        _ => Err(unknown_network(network, service)),
    }
}

fn unknown_network(network: &str, service: &str) -> DnsError {
    let name = format!("{network}/{service}");
    DnsError { err: "unknown network".into(), name, ..Default::default() }
}

impl Services {
    fn read_system() -> Services {
        let mut services = Services::default();
        for &(transport, name, port) in BUILT_IN_SERVICES {
            services.insert(transport, name, port);
        }
        if let Ok(mut lines) = Lines::open("/etc/services") {
            services.parse(&mut lines);
        }
        services
    }

    /// "http 80/tcp www www-http # World Wide Web HTTP"
    fn parse(&mut self, lines: &mut Lines) {
        while let Some(line) = lines.next_line() {
            let words = fields(without_comment(&line));
            let [name, number, aliases @ ..] = words.as_slice() else { continue };
            let Some((port, transport)) = port_and_transport(number) else { continue };
            for name in std::iter::once(name).chain(aliases) {
                self.insert(transport, name, port);
            }
        }
    }

    fn insert(&mut self, transport: &str, name: &str, port: u32) {
        self.0.entry(transport.to_owned()).or_default().insert(name.to_owned(), port);
    }

    fn find(&self, transport: &str, shown: &str, service: &str) -> Result<u32, DnsError> {
        let Some(ports) = self.0.get(transport) else {
            return Err(unknown_network(shown, service));
        };
        let key = service.to_ascii_lowercase();
        match ports.get(&key) {
            Some(&port) if service.len() <= MAX_SERVICE_NAME => Ok(port),
            _ => Err(Failure::UnknownPort.into_dns_error(&format!("{shown}/{service}"), "")),
        }
    }
}

fn port_and_transport(text: &str) -> Option<(u32, &str)> {
    let (port, digits) = dtoi(text)?;
    let transport = text[digits..].strip_prefix('/')?;
    (port > 0).then_some((port, transport))
}

/// The number of an IP protocol.
pub(crate) fn lookup_protocol(name: &str) -> Result<u32, AddrError> {
    static PROTOCOLS: OnceLock<HashMap<String, u32>> = OnceLock::new();
    let protocols = PROTOCOLS.get_or_init(read_protocols);
    match protocols.get(&name.to_ascii_lowercase()) {
        Some(&number) if name.len() <= MAX_PROTOCOL_NAME => Ok(number),
        _ => Err(AddrError::new("unknown IP protocol specified", name)),
    }
}

/// "tcp    6   TCP    # transmission control protocol"
fn read_protocols() -> HashMap<String, u32> {
    let mut protocols: HashMap<String, u32> =
        BUILT_IN_PROTOCOLS.iter().map(|&(name, number)| (name.to_owned(), number)).collect();
    let Ok(mut lines) = Lines::open("/etc/protocols") else { return protocols };
    while let Some(line) = lines.next_line() {
        let words = fields(without_comment(&line));
        let [name, number, aliases @ ..] = words.as_slice() else { continue };
        let Some((number, _)) = dtoi(number) else { continue };
        for name in std::iter::once(name).chain(aliases) {
            protocols.entry((*name).to_owned()).or_insert(number);
        }
    }
    protocols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_lookup_protocol_minimal() {
        // SAFETY: nothing thread-bound lives across a parking call.
        unsafe {
            gopark_runtime::run(|| {
                for (name, number) in
                    [("tcp", 6), ("TcP", 6), ("icmp", 1), ("igmp", 2), ("udp", 17), ("ipv6-icmp", 58)]
                {
                    assert_eq!(lookup_protocol(name), Ok(number), "{name}");
                }
                let e = lookup_protocol("bogus").unwrap_err();
                assert_eq!(e.to_string(), "address bogus: unknown IP protocol specified");
            });
        }
    }

    #[test]
    fn test_lookup_port() {
        let mut services = Services::default();
        services.parse(&mut Lines::of_text(
            "# c\nhttp 80/tcp www # web\ndomain 53/udp\nbad 0/tcp\nworse x/tcp\nworst 7\n",
        ));
        for name in ["http", "HTTP", "www"] {
            assert_eq!(services.find("tcp", "tcp", name), Ok(80));
        }
        assert_eq!(services.find("udp", "udp", "domain"), Ok(53));
        for name in ["bad", "worse", "worst"] {
            let error = services.find("tcp", "tcp", name).unwrap_err();
            assert_eq!(error.to_string(), format!("lookup tcp/{name}: unknown port"));
            assert!(error.is_not_found);
        }
        assert!(services.find("sctp", "sctp", "http").is_err());
    }
}
