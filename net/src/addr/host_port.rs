//! "host:port" taken apart and put together, literal IPs, ports as numbers.
//!
//! Go: net/ipsock.go `SplitHostPort JoinHostPort`, net/port.go `parsePort`, net/netip/netip.go
//! `ParseAddr`.

use std::fmt::Display;
use std::net::{IpAddr, Ipv6Addr};

use super::name_error::AddrError;

const MISSING_PORT: &str = "missing port in address";
const TOO_MANY_COLONS: &str = "too many colons in address";

/// Splits `host:port`, `host%zone:port`, `[host]:port` or `[host%zone]:port`.
///
/// ```
/// use gopark::net::split_host_port;
/// assert_eq!(split_host_port("[::1%lo]:80"), Ok(("::1%lo", "80")));
/// assert_eq!(split_host_port("::1:80").unwrap_err().to_string(), "address ::1:80: too many colons in address");
/// ```
///
/// # Errors
/// No port, or brackets and colons that do not say where it begins.
#[doc(alias = "SplitHostPort")]
pub fn split_host_port(hostport: &str) -> Result<(&str, &str), AddrError> {
    let fail = |why| Err(AddrError::new(why, hostport));
    let Some(last_colon) = hostport.rfind(':') else {
        return fail(MISSING_PORT);
    };
    // From these on a '[' or ']' has no business.
    let (host, open_from, close_from) = if hostport.starts_with('[') {
        let Some(end) = hostport.find(']') else {
            return fail("missing ']' in address");
        };
        if end + 1 == hostport.len() {
            return fail(MISSING_PORT);
        }
        if end + 1 != last_colon {
            let colon_follows = hostport.as_bytes()[end + 1] == b':';
            return fail(if colon_follows { TOO_MANY_COLONS } else { MISSING_PORT });
        }
        (&hostport[1..end], 1, end + 1)
    } else {
        let host = &hostport[..last_colon];
        if host.contains(':') {
            return fail(TOO_MANY_COLONS);
        }
        (host, 0, 0)
    };
    if hostport[open_from..].contains('[') {
        return fail("unexpected '[' in address");
    }
    if hostport[close_from..].contains(']') {
        return fail("unexpected ']' in address");
    }
    Ok((host, &hostport[last_colon + 1..]))
}

/// Puts "host:port" together, with brackets around a host that has colons.
///
/// ```
/// assert_eq!(gopark::net::join_host_port("::1", 80), "[::1]:80");
/// ```
#[doc(alias = "JoinHostPort")]
pub fn join_host_port(host: &str, port: impl Display) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// A port in digits, or a service name.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Port {
    /// Perhaps out of range, clamped as in Go.
    Number(i64),
    /// Not a number: needs a lookup.
    Name,
}

/// Reads a port; an empty text is port 0.
pub(crate) fn parse_port(service: &str) -> Port {
    const CUTOFF: i64 = 1 << 30;
    let (negative, digits) = match service.as_bytes().first() {
        Some(b'+') => (false, &service[1..]),
        Some(b'-') => (true, &service[1..]),
        _ => (false, service),
    };
    let mut n: i64 = 0;
    for d in digits.bytes() {
        if !d.is_ascii_digit() {
            return Port::Name;
        }
        if n >= CUTOFF {
            break; // Go stops here too, without a look at the rest.
        }
        n = n * 10 + i64::from(d - b'0');
    }
    Port::Number(match (negative, n >= CUTOFF) {
        (false, true) => CUTOFF - 1,
        (true, true) => -CUTOFF,
        (false, false) => n,
        (true, false) => -n,
    })
}

/// A literal IP with an optional zone ("fe80::1%eth0"). `None` if the text is not one.
#[doc(alias = "ParseAddr")]
pub(crate) fn parse_ip(text: &str) -> Option<(IpAddr, &str)> {
    match text.split_once('%') {
        None => Some((text.parse().ok()?, "")),
        Some((_, "")) => None,
        Some((ip, zone)) => Some((ip.parse::<Ipv6Addr>().ok()?.into(), zone)),
    }
}

/// Go's `dtoi`: the decimal number a text begins with, and how long it is.
pub(crate) fn dtoi(text: &str) -> Option<(u32, usize)> {
    const BIG: u32 = 0xff_ffff;
    let mut n: u32 = 0;
    let mut len = 0;
    for d in text.bytes().take_while(u8::is_ascii_digit) {
        n = n * 10 + u32::from(d - b'0');
        len += 1;
        if n >= BIG {
            return None;
        }
    }
    (len > 0).then_some((n, len))
}
