//! Which texts can be names, and the name under which DNS keeps the names of an address.
//!
//! Go: net/dnsclient.go `isDomainName reverseaddr`.

use std::net::IpAddr;

use crate::error::DnsError;

/// Whether a text can be a host's name (RFC 1035, RFC 3696, and '_' for SRV).
#[doc(alias = "isDomainName")]
pub(super) fn is_domain_name(name: &str) -> bool {
    if name == "." {
        return true;
    }
    if name.is_empty() || name.len() > 254 || (name.len() == 254 && !name.ends_with('.')) {
        return false;
    }
    let relative = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    // Something but digits and dots must be in it.
    relative.split('.').all(is_label) && !name.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The name under which DNS keeps the names of an address: "4.3.2.1.in-addr.arpa.".
#[doc(alias = "reverseaddr")]
pub(super) fn reverse_addr(addr: &str) -> Result<String, DnsError> {
    let unrecognized =
        || DnsError { err: "unrecognized address".into(), name: addr.to_owned(), ..Default::default() };
    let ip: IpAddr = addr.parse().map_err(|_| unrecognized())?;
    Ok(match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(ip) => {
            let nibbles: String =
                ip.octets().iter().rev().map(|byte| format!("{:x}.{:x}.", byte & 0xf, byte >> 4)).collect();
            format!("{nibbles}ip6.arpa.")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_dns_name() {
        let char63 = "a".repeat(63);
        let long_domain = format!("{}example", format!("{char63}.").repeat(5));
        let last = |n: usize| long_domain[long_domain.len() - n..].to_owned();
        for (name, valid) in [
            ("_xmpp-server._tcp.google.com".into(), true),
            ("foo.com".into(), true),
            ("1foo.com".into(), true),
            ("26.0.0.73.com".into(), true),
            ("10-0-0-1".into(), true),
            ("fo-o.com".into(), true),
            ("fo1o.com".into(), true),
            ("foo1.com".into(), true),
            ("a.b..com".into(), false),
            ("a.b-.com".into(), false),
            ("a.b.com-".into(), false),
            ("a.b..".into(), false),
            ("b.com.".into(), true),
            (".".into(), true),
            ("1.2.3".into(), false),
            (format!("{char63}.com"), true),
            (format!("{char63}a.com"), false),
            // On the wire a name has two octets more: 253 are fine, a final dot does not count.
            (last(253), true),
            (format!("{}.", last(253)), true),
            (last(254), false),
        ] {
            assert_eq!(is_domain_name(&name), valid, "{name}");
        }
    }

    #[test]
    fn test_reverse_address() {
        for (addr, arpa) in [
            ("1.2.3.4", "4.3.2.1.in-addr.arpa."),
            ("245.110.36.114", "114.36.110.245.in-addr.arpa."),
            ("::ffff:12.34.56.78", "78.56.34.12.in-addr.arpa."),
            ("::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."),
            ("1::", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.ip6.arpa."),
            (
                "1234:567::89a:bcde",
                "e.d.c.b.a.9.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.6.5.0.4.3.2.1.ip6.arpa.",
            ),
            (
                "1234:567:fefe:bcbc:adad:9e4a:89a:bcde",
                "e.d.c.b.a.9.8.0.a.4.e.9.d.a.d.a.c.b.c.b.e.f.e.f.7.6.5.0.4.3.2.1.ip6.arpa.",
            ),
        ] {
            assert_eq!(reverse_addr(addr).as_deref(), Ok(arpa));
        }
        for addr in ["1.2.3", "1.2.3.4.5", "1234:567:bcbca::89a:bcde", "1234:567::bcbc:adad::89a:bcde"] {
            let error = reverse_addr(addr).unwrap_err();
            assert_eq!(error.to_string(), format!("lookup {addr}: unrecognized address"));
        }
    }
}
