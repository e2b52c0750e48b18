//! Zones of IPv6 addresses: interfaces by name and by number; an interface's address. Go:
//! net/interface.go `ipv6ZoneCache`, net/interface_linux.go `interfaceTable`, `addrTable`.
//!
//! The kernel is asked for all interfaces by netlink, as Go asks it, and the answer is kept for a
//! minute.
//!
//! I1 What was asked for less than a minute ago is asked for again only if the name or number was
//!    not in it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::host_port::dtoi;
use crate::sys::{self, Errno};

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(60);

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
}

/// The last answer. Held while the kernel is asked, which waits for nobody.
static CACHE: Mutex<Cache> = Mutex::new(Cache { fetched: None, links: Vec::new() });

struct Cache {
    fetched: Option<Instant>,
    links: Vec<Link>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ask {
    IfStale,
    Always,
}

/// The interface's name, or its number in digits.
pub(crate) fn name(index: u32) -> String {
    let named = find(|link| link.index == index);
    named.map_or_else(|| index.to_string(), |link| link.name)
}

/// The number of an interface given by name or number; 0 if it does not exist.
pub(crate) fn index(zone: &str) -> u32 {
    if zone.is_empty() {
        return 0;
    }
    find(|link| link.name == zone).map_or_else(|| number(zone), |link| link.index)
}

/// The same without asking the kernel.
pub(crate) fn known_index(zone: &str) -> u32 {
    let cache = CACHE.lock();
    let known = cache.links.iter().find(|link| link.name == zone);
    known.map_or_else(|| number(zone), |link| link.index)
}

/// All interfaces, by a separate question.
#[doc(alias = "interfaceTable")]
pub(crate) fn links() -> Result<Vec<Link>, Errno> {
    let links = parse(&sys::netlink_rib(libc::RTM_GETLINK)?)?;
    let mut cache = CACHE.lock();
    if cache.is_stale() && !links.is_empty() {
        cache.keep(links.clone());
    }
    Ok(links)
}

fn number(zone: &str) -> u32 {
    dtoi(zone).map_or(0, |(number, _)| number)
}

/// I1.
fn find(wanted: impl Fn(&Link) -> bool) -> Option<Link> {
    let mut cache = CACHE.lock();
    let asked = cache.update(Ask::IfStale);
    if let Some(link) = cache.links.iter().find(|link| wanted(link)) {
        return Some(link.clone());
    }
    if !asked {
        cache.update(Ask::Always);
    }
    cache.links.iter().find(|link| wanted(link)).cloned()
}

impl Cache {
    fn is_stale(&self) -> bool {
        self.fetched.is_none_or(|at| at.elapsed() >= FRESH)
    }

    /// Whether the kernel gave an answer to be kept.
    fn update(&mut self, ask: Ask) -> bool {
        if ask == Ask::IfStale && !self.is_stale() {
            return false;
        }
        self.fetched = Some(Instant::now());
        match sys::netlink_rib(libc::RTM_GETLINK).and_then(|answer| parse(&answer)) {
            Ok(links) => {
                self.keep(links);
                true
            }
            Err(_) => false,
        }
    }

    /// Of several with one number the first counts.
    fn keep(&mut self, links: Vec<Link>) {
        self.fetched = Some(Instant::now());
        self.links = links;
    }
}

/// The first IPv4 address of an interface, by a separate question. Go: setIPv4MreqToInterface.
#[doc(alias = "setIPv4MreqToInterface")]
pub(crate) fn ipv4_of(index: u32) -> Result<Option<Ipv4Addr>, Errno> {
    let answer = sys::netlink_rib(libc::RTM_GETADDR)?;
    let mut found = None;
    each(&answer, libc::RTM_NEWADDR, |body| {
        if found.is_none() {
            found = ipv4(body, index)?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// The interfaces that an answer lists.
fn parse(answer: &[u8]) -> Result<Vec<Link>, Errno> {
    let mut links = Vec::new();
    each(answer, libc::RTM_NEWLINK, |body| {
        links.push(link(body)?);
        Ok(())
    })?;
    Ok(links)
}

/// What the messages of this kind say, up to the last.
fn each(
    mut answer: &[u8],
    wanted: u16,
    mut call: impl FnMut(&[u8]) -> Result<(), Errno>,
) -> Result<(), Errno> {
    while let Some((kind, body, rest)) = sys::netlink_message(answer)? {
        answer = rest;
        if i32::from(kind) == libc::NLMSG_DONE {
            break;
        }
        if kind == wanted {
            call(body)?;
        }
    }
    Ok(())
}

const BAD: Errno = Errno(libc::EINVAL);

/// An `ifinfomsg` with its attributes.
fn link(body: &[u8]) -> Result<Link, Errno> {
    const INFO: usize = 16;
    let name = attribute(body.get(INFO..).ok_or(BAD)?, libc::IFLA_IFNAME)?.unwrap_or_default();
    let name = String::from_utf8_lossy(name.strip_suffix(&[0]).unwrap_or(name)).into_owned();
    Ok(Link { index: second_word(body)?, name })
}

/// An `ifaddrmsg` with its attributes: the address, if it is an IPv4 one of this interface.
fn ipv4(body: &[u8], index: u32) -> Result<Option<Ipv4Addr>, Errno> {
    const INFO: usize = 8;
    if body.first().copied().map(i32::from) != Some(libc::AF_INET) || second_word(body)? != index {
        return Ok(None);
    }
    let attributes = body.get(INFO..).ok_or(BAD)?;
    // Of a line from point to point the address is the other end's.
    let value = match attribute(attributes, libc::IFA_LOCAL)? {
        Some(local) => Some(local),
        None => attribute(attributes, libc::IFA_ADDRESS)?,
    };
    Ok(value.and_then(|value| <[u8; 4]>::try_from(value).ok()).map(Ipv4Addr::from))
}

/// Where both kinds of messages have the interface's number.
fn second_word(body: &[u8]) -> Result<u32, Errno> {
    body.get(4..8).and_then(|word| word.try_into().ok()).map(u32::from_ne_bytes).ok_or(BAD)
}

/// The value of an attribute. Each has its length with this header, its kind, its value, filled up
/// to a multiple of four.
#[doc(alias = "ParseNetlinkRouteAttr")]
fn attribute(mut attributes: &[u8], wanted: u16) -> Result<Option<&[u8]>, Errno> {
    while let [len0, len1, kind0, kind1, ..] = *attributes {
        let len = usize::from(u16::from_ne_bytes([len0, len1]));
        let value = attributes.get(4..len).ok_or(BAD)?;
        if u16::from_ne_bytes([kind0, kind1]) == wanted {
            return Ok(Some(value));
        }
        attributes = attributes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_found_by_name_and_by_number() {
        assert_eq!((index("lo"), known_index("lo"), name(1)), (1, 1, "lo".to_owned()));
        assert!(links().unwrap().contains(&Link { index: 1, name: "lo".to_owned() }));
    }

    #[test]
    fn what_is_no_interface_is_a_number_or_nothing() {
        assert_eq!((index("77"), index("nosuch"), index("")), (77, 0, 0));
        assert_eq!(name(0x7fff_fff0), "2147483632");
    }

    #[test]
    fn an_interface_has_an_address() {
        assert_eq!(ipv4_of(1).unwrap(), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(ipv4_of(0x7fff_fff0).unwrap(), None);
    }

    #[test]
    fn a_broken_answer_is_refused() {
        let whole = sys::netlink_rib(libc::RTM_GETLINK).unwrap();
        assert!(!parse(&whole).unwrap().is_empty());
        assert_eq!(parse(&whole[..whole.len().min(40)]), Err(BAD));
        assert_eq!(link(&[0; 7]), Err(BAD));
        assert_eq!(ipv4(&[libc::AF_INET as u8; 7], 1), Err(BAD));
    }
}
