//! Looking names up: files, then servers, or the other way round.
//!
//! Go: net/dnsclient_unix.go `goLookupHostOrder goLookupIPCNAMEOrder goLookupPTR lookup`.
//!
//! I1 An error names what the caller asked for, not one of the names that the search list made of
//!    it.

use gopark_runtime::context::Context;

use super::Resolver;
use super::client::Asked;
use super::failure::Failure;
use super::lookup_order::LookupOrder;
use super::message::{Answer, Data, RecordType};
use super::names::{is_domain_name, reverse_addr};
use super::rfc6724::{self, IpZone};
use super::sources::Sources;
use crate::addr::host_port::parse_ip;
use crate::addr::{Inet, InetAddr, NetAddr};
use crate::error::DnsError;

pub(super) fn no_such_host(name: &str) -> DnsError {
    Failure::NoSuchHost.into_dns_error(name, "")
}

/// Which records are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Addrs,
    Addrs4,
    Addrs6,
    /// The canonical name; addresses are asked for too, as a name that has some is its own
    /// canonical one.
    CanonicalName,
}

impl Wanted {
    #[doc(alias = "ipVersion")]
    pub(super) fn of_network(network: &str) -> Wanted {
        match network.as_bytes().last() {
            Some(b'4') => Wanted::Addrs4,
            Some(b'6') => Wanted::Addrs6,
            _ => Wanted::Addrs,
        }
    }

    fn record_types(self) -> &'static [RecordType] {
        match self {
            Wanted::Addrs => &[RecordType::A, RecordType::Aaaa],
            Wanted::Addrs4 => &[RecordType::A],
            Wanted::Addrs6 => &[RecordType::Aaaa],
            Wanted::CanonicalName => &[RecordType::A, RecordType::Aaaa, RecordType::Cname],
        }
    }
}

/// What a name has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    /// The best one first.
    pub(super) addrs: Vec<IpZone>,
    pub(super) canonical_name: Option<String>,
}

impl Found {
    fn suffices(&self, wanted: Wanted) -> bool {
        !self.addrs.is_empty() || (wanted == Wanted::CanonicalName && self.canonical_name.is_some())
    }

    fn add(&mut self, answer: Answer) {
        let Answer { owner, data } = answer;
        let (ip, name) = match data {
            Data::A(ip) => (Some(ip.into()), owner),
            Data::Aaaa(ip) => (Some(ip.into()), owner),
            Data::Cname(target) => (None, target),
            Data::Ptr(_) => return,
        };
        self.addrs.extend(ip.map(|ip| IpZone { ip, zone: String::new() }));
        self.canonical_name.get_or_insert(name);
    }
}

impl Resolver {
    #[doc(alias = "goLookupHostOrder")]
    pub(super) fn lookup_host_in(
        &self,
        ctx: &Context,
        host: &str,
        sources: &Sources,
    ) -> Result<Vec<String>, DnsError> {
        if sources.order.files_first()
            && let Some(host) = sources.hosts.host(host)
        {
            return Ok(host.addrs);
        }
        let found = self.lookup_ip_in(ctx, Wanted::Addrs, host, sources)?;
        Ok(found.addrs.iter().map(IpZone::to_host).collect())
    }

    #[doc(alias = "goLookupIPCNAMEOrder")]
    pub(super) fn lookup_ip_in(
        &self,
        ctx: &Context,
        wanted: Wanted,
        name: &str,
        sources: &Sources,
    ) -> Result<Found, DnsError> {
        if sources.order.files_first() {
            let found = lookup_in_files(name, sources);
            if !found.addrs.is_empty() {
                return Ok(found);
            }
        }
        if sources.order == LookupOrder::Files || !is_domain_name(name) {
            return Err(no_such_host(name));
        }
        let asked = self.lookup_ip_in_dns(ctx, wanted, name, sources);
        if sources.order == LookupOrder::DnsFiles && !asked.as_ref().is_ok_and(|found| found.suffices(wanted))
        {
            let found = lookup_in_files(name, sources);
            if !found.addrs.is_empty() {
                return Ok(found);
            }
        }
        asked
    }

    fn lookup_ip_in_dns(
        &self,
        ctx: &Context,
        wanted: Wanted,
        name: &str,
        sources: &Sources,
    ) -> Result<Found, DnsError> {
        let mut found = Found::default();
        let mut last_error: Option<DnsError> = None;
        for fqdn in sources.conf.name_list(name) {
            let is_original = fqdn.strip_suffix('.') == Some(name);
            let mut hit_strict_error = false;
            for asked in self.ask_all(ctx, &sources.conf, &fqdn, wanted.record_types()) {
                match asked {
                    Ok(answers) => answers.into_iter().for_each(|answer| found.add(answer)),
                    Err(e) if self.is_strict_about(&e) => {
                        hit_strict_error = true;
                        last_error = Some(e);
                    }
                    // Report the error of the original name.
                    Err(e) if last_error.is_none() || is_original => last_error = Some(e),
                    Err(_) => {}
                }
            }
            if hit_strict_error {
                // One family alone would look like all there is.
                found.addrs.clear();
                break;
            }
            if found.suffices(wanted) {
                break;
            }
        }
        sort_by_rfc6724(&mut found.addrs);
        match last_error {
            Some(e) if !found.suffices(wanted) => Err(DnsError { name: name.to_owned(), ..e }), // I1
            _ => Ok(found),
        }
    }

    #[doc(alias = "goLookupPTR")]
    pub(super) fn lookup_names_in(
        &self,
        ctx: &Context,
        addr: &str,
        sources: &Sources,
    ) -> Result<Vec<String>, DnsError> {
        let in_files = || Some(sources.hosts.names(addr)).filter(|names| !names.is_empty());
        if sources.order.files_first()
            && let Some(names) = in_files()
        {
            return Ok(names);
        }
        if sources.order == LookupOrder::Files {
            return Err(no_such_host(addr));
        }
        match self.lookup_records(ctx, &reverse_addr(addr)?, RecordType::Ptr, sources) {
            Ok(answers) => Ok(answers.into_iter().filter_map(name_pointed_to).collect()),
            Err(e) if e.is_not_found && sources.order == LookupOrder::DnsFiles => in_files().ok_or(e),
            Err(e) => Err(e),
        }
    }

    /// The records of a name, which the search list may complete.
    #[doc(alias = "lookup")]
    pub(super) fn lookup_records(
        &self,
        ctx: &Context,
        name: &str,
        kind: RecordType,
        sources: &Sources,
    ) -> Asked {
        let mut last = no_such_host(name);
        for fqdn in sources.conf.name_list(name) {
            match self.try_one_name(ctx, &sources.conf, &fqdn, kind) {
                Ok(answers) => return Ok(answers),
                Err(e) => last = e,
            }
            if self.is_strict_about(&last) {
                break;
            }
        }
        Err(DnsError { name: name.to_owned(), ..last }) // I1
    }

    /// Whether an error ends a lookup that could go on.
    fn is_strict_about(&self, e: &DnsError) -> bool {
        self.strict_errors && (e.is_timeout || e.is_temporary)
    }
}

#[doc(alias = "goLookupIPFiles")]
fn lookup_in_files(name: &str, sources: &Sources) -> Found {
    let Some(host) = sources.hosts.host(name) else { return Found::default() };
    let ip_of = |addr: &String| {
        let (ip, zone) = parse_ip(addr)?;
        Some(IpZone { ip, zone: zone.to_owned() })
    };
    let mut addrs = host.addrs.iter().filter_map(ip_of).collect();
    sort_by_rfc6724(&mut addrs);
    Found { addrs, canonical_name: Some(host.canonical_name) }
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

fn name_pointed_to(answer: Answer) -> Option<String> {
    match answer.data {
        Data::Ptr(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_ip_version() {
        for (network, wanted) in [
            ("tcp", Wanted::Addrs),
            ("tcp4", Wanted::Addrs4),
            ("tcp6", Wanted::Addrs6),
            ("udp", Wanted::Addrs),
            ("udp4", Wanted::Addrs4),
            ("udp6", Wanted::Addrs6),
            ("ip", Wanted::Addrs),
            ("ip4", Wanted::Addrs4),
            ("ip6", Wanted::Addrs6),
            ("ip7", Wanted::Addrs),
            ("", Wanted::Addrs),
        ] {
            assert_eq!(Wanted::of_network(network), wanted, "{network}");
        }
    }
}
