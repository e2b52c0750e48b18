//! Looking names up: files, then servers, or the other way round.
//!
//! Go: net/dnsclient_unix.go `goLookupHostOrder goLookupIPCNAMEOrder goLookupPTR`, net/lookup.go `lookupIPAddr`.

use std::net::IpAddr;

use gopark_runtime::context::Context;

use super::failure::Failure;
use super::hosts::{self, Host};
use super::message::{Answer, RecordType};
use super::nss::LookupOrder;
use super::resolv_conf::{self, ResolvConf};
use super::rfc6724::{self, IpZone};
use super::{Resolver, cgo};
use crate::addr::{Inet, InetAddr, NetAddr};
use crate::error::DnsError;
use crate::host_port::parse_ip;

fn no_such_host(name: &str) -> DnsError {
    Failure::NoSuchHost.into_dns_error(name, "")
}

impl Resolver {
    pub(super) fn lookup_host_in_order(&self, ctx: &Context, host: &str) -> Result<Vec<String>, DnsError> {
        let order = self.lookup_order();
        if order.files_first()
            && let Some(Host { addrs, .. }) = hosts::lookup_static_host(host)
        {
            return Ok(addrs);
        }
        let ips = match order {
            LookupOrder::Cgo => cgo::lookup_ip(ctx, "ip", host)?,
            LookupOrder::Files => return Err(no_such_host(host)),
            _ => self.lookup_ip_in_order(ctx, "ip", host, order)?,
        };
        Ok(ips.iter().map(IpZone::to_host).collect())
    }

    pub(super) fn lookup_ip_by_name(
        &self,
        ctx: &Context,
        network: &str,
        host: &str,
    ) -> Result<Vec<IpZone>, DnsError> {
        match self.lookup_order() {
            LookupOrder::Cgo => cgo::lookup_ip(ctx, network, host),
            order => self.lookup_ip_in_order(ctx, network, host, order),
        }
    }

    /// Go's lookupOrder: resolv.conf is looked at first, then nsswitch.conf.
    fn lookup_order(&self) -> LookupOrder {
        if !self.prefer_go && super::prefers_cgo() {
            return LookupOrder::Cgo;
        }
        resolv_conf::system_conf();
        super::nss::system_order()
    }

    #[doc(alias = "goLookupIPCNAMEOrder")]
    fn lookup_ip_in_order(
        &self,
        ctx: &Context,
        network: &str,
        name: &str,
        order: LookupOrder,
    ) -> Result<Vec<IpZone>, DnsError> {
        if order.files_first() {
            let addrs = Self::lookup_ip_in_files(name);
            if !addrs.is_empty() {
                return Ok(addrs);
            }
            if order == LookupOrder::Files {
                return Err(no_such_host(name));
            }
        }
        if !is_domain_name(name) {
            return Err(no_such_host(name));
        }
        let asked = self.lookup_ip_in_dns(ctx, network, name);
        if order == LookupOrder::DnsFiles && asked.as_ref().map_or(true, Vec::is_empty) {
            let addrs = Self::lookup_ip_in_files(name);
            if !addrs.is_empty() {
                return Ok(addrs);
            }
        }
        asked
    }

    fn lookup_ip_in_dns(&self, ctx: &Context, network: &str, name: &str) -> Result<Vec<IpZone>, DnsError> {
        let kinds: &[RecordType] = match network.as_bytes().last() {
            Some(b'4') => &[RecordType::A],
            Some(b'6') => &[RecordType::Aaaa],
            _ => &[RecordType::A, RecordType::Aaaa],
        };
        let conf = resolv_conf::system_conf();
        let mut addrs = Vec::new();
        let mut last_error: Option<DnsError> = None;
        for fqdn in conf.name_list(name) {
            let is_original = fqdn.strip_suffix('.') == Some(name);
            let mut hit_strict_error = false;
            for result in self.ask_all(ctx, &conf, &fqdn, kinds) {
                match result {
                    Ok(answered) => addrs.extend(answered.answers.into_iter().filter_map(ip_of)),
                    Err(e) if self.strict_errors && (e.is_timeout || e.is_temporary) => {
                        hit_strict_error = true;
                        last_error = Some(e);
                    }
                    // The original name's error is the one to tell.
                    Err(e) if last_error.is_none() || is_original => last_error = Some(e),
                    Err(_) => {}
                }
            }
            if hit_strict_error {
                // One family alone would look like all there is.
                addrs.clear();
                break;
            }
            if !addrs.is_empty() {
                break;
            }
        }
        Self::sort_by_rfc6724(&mut addrs);
        match last_error {
            // The user asked for this name, not for the one with a suffix.
            Some(e) if addrs.is_empty() => Err(DnsError { name: name.to_owned(), ..e }),
            _ => Ok(addrs),
        }
    }

    fn lookup_ip_in_files(name: &str) -> Vec<IpZone> {
        let host = hosts::lookup_static_host(name).unwrap_or_default();
        let ip_of = |addr: &String| {
            let (ip, zone) = parse_ip(addr)?;
            Some(IpZone { ip, zone: zone.to_owned() })
        };
        let mut addrs = host.addrs.iter().filter_map(ip_of).collect();
        Self::sort_by_rfc6724(&mut addrs);
        addrs
    }

    #[doc(alias = "sortByRFC6724")]
    fn sort_by_rfc6724(addrs: &mut Vec<IpZone>) {
        rfc6724::sort(addrs, |addr| {
            let to = InetAddr { inet: Inet::Udp, ip: Some(addr.ip), port: 53, zone: addr.zone.clone() };
            let fd = crate::sock::dial_udp(&NetAddr::Inet(to)).ok()?;
            let source = fd.local()?.ip();
            let _ = fd.close();
            source
        });
    }

    #[doc(alias = "goLookupPTR")]
    pub(super) fn lookup_names_of(&self, ctx: &Context, addr: &str) -> Result<Vec<String>, DnsError> {
        let order = self.lookup_order();
        if order == LookupOrder::Cgo {
            return cgo::lookup_ptr(addr);
        }
        if order.files_first() {
            let names = hosts::lookup_static_addr(addr);
            if !names.is_empty() {
                return Ok(names);
            }
            if order == LookupOrder::Files {
                return Err(no_such_host(addr));
            }
        }
        let arpa = reverse_addr(addr)?;
        match self.lookup_records(ctx, &arpa, RecordType::Ptr) {
            Ok(answers) => Ok(answers.into_iter().filter_map(ptr_of).collect()),
            Err(e) if e.is_not_found && order == LookupOrder::DnsFiles => {
                Some(hosts::lookup_static_addr(addr)).filter(|names| !names.is_empty()).ok_or(e)
            }
            Err(e) => Err(e),
        }
    }

    /// The canonical name of a host.
    pub(super) fn lookup_canonical_name(&self, ctx: &Context, host: &str) -> Result<String, DnsError> {
        if self.lookup_order().files_first()
            && let Some(host) = hosts::lookup_static_host(host)
        {
            return Ok(host.canonical_name);
        }
        let answers = self.lookup_records(ctx, host, RecordType::Cname)?;
        answers.into_iter().find_map(cname_of).ok_or_else(|| no_such_host(host))
    }

    fn lookup_records(&self, ctx: &Context, name: &str, kind: RecordType) -> Result<Vec<Answer>, DnsError> {
        if !is_domain_name(name) {
            return Err(no_such_host(name));
        }
        let conf: std::sync::Arc<ResolvConf> = resolv_conf::system_conf();
        let mut last = no_such_host(name);
        for fqdn in conf.name_list(name) {
            match self.try_one_name(ctx, &conf, &fqdn, kind) {
                Ok(answered) => return Ok(answered.answers),
                Err(e) => {
                    let stop = self.strict_errors && (e.is_timeout || e.is_temporary);
                    last = DnsError { name: name.to_owned(), ..e };
                    if stop {
                        break;
                    }
                }
            }
        }
        Err(last)
    }
}

fn ip_of(answer: Answer) -> Option<IpZone> {
    let ip: IpAddr = match answer {
        Answer::A(ip) => ip.into(),
        Answer::Aaaa(ip) => ip.into(),
        _ => return None,
    };
    Some(IpZone { ip, zone: String::new() })
}

fn ptr_of(answer: Answer) -> Option<String> {
    match answer {
        Answer::Ptr(name) => Some(name),
        _ => None,
    }
}

fn cname_of(answer: Answer) -> Option<String> {
    match answer {
        Answer::Cname(name) => Some(name),
        _ => None,
    }
}

/// The name that has the names of an address: "4.3.2.1.in-addr.arpa.".
#[doc(alias = "reverseaddr")]
fn reverse_addr(addr: &str) -> Result<String, DnsError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_dns_name() {
        let long = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        for (name, valid) in [
            ("_xmpp-server._tcp.google.com", true),
            ("foo.com", true),
            ("1foo.com", true),
            ("26.0.0.73.com", true),
            ("10-0-0-1", true),
            ("fo-o.com", true),
            ("fo1o.com", true),
            ("foo1.com", true),
            ("a.b..com", false),
            ("a.b-.com", false),
            ("a.b.com-", false),
            ("a.b..", false),
            ("b.com.", true),
            (".", true),
            ("1.2.3", false),
            (long.as_str(), true),
        ] {
            assert_eq!(is_domain_name(name), valid, "{name}");
        }
        assert!(!is_domain_name(&"a".repeat(64)));
    }

    #[test]
    fn test_reverse_address() {
        for (addr, arpa) in [
            ("1.2.3.4", "4.3.2.1.in-addr.arpa."),
            ("::ffff:127.0.0.1", "1.0.0.127.in-addr.arpa."),
            ("::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."),
        ] {
            assert_eq!(reverse_addr(addr).as_deref(), Ok(arpa));
        }
        let error = reverse_addr("1.2.3").unwrap_err();
        assert_eq!(error.to_string(), "lookup 1.2.3: unrecognized address");
    }
}
