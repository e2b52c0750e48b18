//! Which of several addresses to try first: RFC 6724.
//!
//! Go: net/addrselect.go.
//!
//! I1 The source address of each candidate is learnt by connecting a UDP socket to its port 53:
//!    nothing is sent.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv6Addr};

/// An address with its zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct IpZone {
    pub(crate) ip: IpAddr,
    pub(crate) zone: String,
}

impl IpZone {
    pub(crate) fn to_host(&self) -> String {
        match self.zone.as_str() {
            "" => self.ip.to_canonical().to_string(),
            zone => format!("{}%{zone}", self.ip),
        }
    }
}

/// What the rules look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Attributes {
    scope: u8,
    precedence: u8,
    label: u8,
}

struct Candidate {
    addr: IpZone,
    attributes: Attributes,
    source: Option<(IpAddr, Attributes)>,
}

/// Sorts, best first; `source_of` returns the local address that the system would use, `None` if it
/// has no route.
pub(super) fn sort(addrs: &mut Vec<IpZone>, source_of: impl Fn(&IpZone) -> Option<IpAddr>) {
    if addrs.len() < 2 {
        return;
    }
    let mut candidates: Vec<Candidate> = addrs
        .drain(..)
        .map(|addr| Candidate {
            attributes: attributes_of(addr.ip),
            source: source_of(&addr).map(|ip| (ip.to_canonical(), attributes_of(ip))),
            addr,
        })
        .collect();
    candidates.sort_by(compare);
    addrs.extend(candidates.into_iter().map(|c| c.addr));
}

/// `Less` means `a` is the better one. Rules 3, 4 and 7 are not implemented, in Go neither.
fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    // Rule 1: avoid unusable destinations.
    let ((source_a, from_a), (source_b, from_b)) = match (&a.source, &b.source) {
        (None, None) => return Ordering::Equal,
        (Some(_), None) => return Ordering::Less,
        (None, Some(_)) => return Ordering::Greater,
        (Some(a), Some(b)) => (a, b),
    };
    let (to_a, to_b) = (&a.attributes, &b.attributes);
    // Rules 2, 5, 6, 8, 9: `true` and larger values are better, except for the scope.
    let matching_scope = (to_b.scope == from_b.scope).cmp(&(to_a.scope == from_a.scope));
    let matching_label = (to_b.label == from_b.label).cmp(&(to_a.label == from_a.label));
    matching_scope
        .then(matching_label)
        .then(to_b.precedence.cmp(&to_a.precedence))
        .then(to_a.scope.cmp(&to_b.scope))
        .then_with(|| longest_prefix(a.addr.ip, *source_a, b.addr.ip, *source_b))
}

/// Rule 9, for IPv6 only: for IPv4 it does harm (golang.org/issue/13283).
fn longest_prefix(a: IpAddr, source_a: IpAddr, b: IpAddr, source_b: IpAddr) -> Ordering {
    match (a.to_canonical(), b.to_canonical()) {
        (IpAddr::V6(a), IpAddr::V6(b)) => common_prefix_len(source_b, b).cmp(&common_prefix_len(source_a, a)),
        _ => Ordering::Equal,
    }
}

/// Bits two addresses share, of the 64 that are not the interface's.
fn common_prefix_len(a: IpAddr, b: Ipv6Addr) -> u32 {
    let IpAddr::V6(a) = a else { return 0 };
    ((a.to_bits() ^ b.to_bits()) >> 64).leading_zeros().saturating_sub(64).min(64)
}

fn attributes_of(ip: IpAddr) -> Attributes {
    let (precedence, label) = policy(ip);
    Attributes { scope: scope(ip), precedence, label }
}

/// RFC 6724 section 2.1, longest prefix first: prefix, its length, precedence, label.
const POLICY: &[(Ipv6Addr, u32, u8, u8)] = &[
    (Ipv6Addr::LOCALHOST, 128, 50, 0),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4), // IPv4
    (Ipv6Addr::UNSPECIFIED, 96, 1, 3),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5, 5), // Teredo
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 30, 2), // 6to4
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, 1, 12),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, 1, 11),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, 3, 13),
    (Ipv6Addr::UNSPECIFIED, 0, 40, 1),
];

fn policy(ip: IpAddr) -> (u8, u8) {
    let bits = match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    let entry = POLICY.iter().find(|(prefix, len, _, _)| {
        let differing = bits ^ prefix.to_bits();
        differing.leading_zeros() >= *len
    });
    entry.map_or((0, 0), |&(_, _, precedence, label)| (precedence, label))
}

const LINK_LOCAL: u8 = 0x2;
const SITE_LOCAL: u8 = 0x5;
const GLOBAL: u8 = 0xe;

/// RFC 6724 section 3.1.
fn scope(ip: IpAddr) -> u8 {
    match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_link_local() => LINK_LOCAL,
        IpAddr::V4(_) => GLOBAL,
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unicast_link_local() => LINK_LOCAL,
        IpAddr::V6(ip) if ip.is_multicast() => ip.octets()[1] & 0xf,
        IpAddr::V6(ip) if ip.octets()[0] == 0xfe && ip.octets()[1] & 0xc0 == 0xc0 => SITE_LOCAL,
        IpAddr::V6(_) => GLOBAL,
    }
}

#[cfg(test)]
mod tests;
