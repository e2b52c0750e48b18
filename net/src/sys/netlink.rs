//! The kernel's lists of network interfaces and of their addresses, asked for by netlink. Go:
//! syscall/netlink_linux.go `NetlinkRIB`, with its calls.

use std::os::fd::RawFd;

use super::{Errno, RawAddr, above_standard, bind, check_fd, close, getsockname, recvfrom, sendto};

/// A message's header: length, kind, flags, number, port.
const HEADER: usize = 16;
/// What is read at a time if the size of a page is unknown.
const USUAL_PAGE: usize = 4096;
/// The question's number.
const QUESTION: u32 = 1;

/// Asks for all interfaces (RTM_GETLINK) or all addresses (RTM_GETADDR): the messages of the
/// answer.
#[doc(alias = "NetlinkRIB")]
pub(crate) fn netlink_rib(what: u16) -> Result<Vec<u8>, Errno> {
    let fd = socket()?;
    let answer = ask(fd, what);
    let _ = close(fd);
    answer
}

#[inline(never)]
fn socket() -> Result<RawFd, Errno> {
    // SAFETY: takes no pointers.
    let fd = check_fd(unsafe {
        libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE)
    })?;
    above_standard(fd)
}

fn ask(fd: RawFd, what: u16) -> Result<Vec<u8>, Errno> {
    let kernel = RawAddr::netlink();
    bind(fd, &kernel)?;
    sendto(fd, &question(what), 0, &kernel)?;
    let port = getsockname(fd)?.netlink_port();
    let mut answer = Vec::new();
    // SAFETY: reads what the kernel told the process at its start.
    let page_size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(USUAL_PAGE);
    // As in Go: the kernel makes its messages for a reader with a page.
    let mut page = vec![0; page_size];
    loop {
        let n = recvfrom(fd, &mut page, 0, &mut RawAddr::empty())?;
        if n < HEADER {
            return Err(Errno(libc::EINVAL));
        }
        answer.extend_from_slice(&page[..n]);
        if is_last(&page[..n], port)? {
            return Ok(answer);
        }
    }
}

/// Of all families, as a dump.
fn question(what: u16) -> [u8; HEADER + 1] {
    let mut text = [0; HEADER + 1];
    let flags = (libc::NLM_F_DUMP | libc::NLM_F_REQUEST) as u16;
    text[0..4].copy_from_slice(&((HEADER + 1) as u32).to_ne_bytes());
    text[4..6].copy_from_slice(&what.to_ne_bytes());
    text[6..8].copy_from_slice(&flags.to_ne_bytes());
    text[8..12].copy_from_slice(&QUESTION.to_ne_bytes());
    text
}

/// Does the answer end in this part? An error if it is not our question's.
fn is_last(part: &[u8], port: u32) -> Result<bool, Errno> {
    let mut rest = part;
    while let Some((kind, _, after)) = netlink_message(rest)? {
        let word = |at: usize| u32::from_ne_bytes(rest[at..at + 4].try_into().expect("four bytes"));
        if (word(8), word(12)) != (QUESTION, port) || i32::from(kind) == libc::NLMSG_ERROR {
            return Err(Errno(libc::EINVAL));
        }
        if i32::from(kind) == libc::NLMSG_DONE {
            return Ok(true);
        }
        rest = after;
    }
    Ok(false)
}

/// A message's kind, what it says, and what follows it.
type Message<'a> = (u16, &'a [u8], &'a [u8]);

/// The first message. `None`: there is no other.
#[doc(alias = "ParseNetlinkMessage")]
pub(crate) fn netlink_message(messages: &[u8]) -> Result<Option<Message<'_>>, Errno> {
    if messages.len() < HEADER {
        return Ok(None);
    }
    let len = u32::from_ne_bytes(messages[0..4].try_into().expect("four bytes")) as usize;
    let kind = u16::from_ne_bytes(messages[4..6].try_into().expect("two bytes"));
    match (messages.get(HEADER..len), messages.get(len.next_multiple_of(4)..)) {
        (Some(body), Some(rest)) => Ok(Some((kind, body, rest))),
        _ => Err(Errno(libc::EINVAL)),
    }
}
