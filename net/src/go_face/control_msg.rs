//! Control data of Unix domain sockets: descriptors and credentials that go along with a message.
//!
//! ```
//! use gopark::net::{control_msg, socket_pair};
//! use std::os::fd::AsFd;
//!
//! # unsafe { gopark::run(|| {
//! let (a, b) = socket_pair("unix").unwrap();
//! a.write_msg(b"x", &control_msg::rights(&[std::io::stdin().as_fd()])).unwrap();
//! let mut oob = vec![0; control_msg::rights_space(1)];
//! let (_, oobn, ..) = b.read_msg(&mut [0; 1], &mut oob).unwrap();
//! // SAFETY: received just now, and taken once.
//! let descriptors = unsafe { control_msg::take_rights(&mut oob[..oobn]) };
//! assert_eq!(descriptors.len(), 1);
//! # }) }
//! ```
//!
//! Go: syscall/sockcmsg_unix.go `UnixRights ParseSocketControlMessage ParseUnixRights`,
//! sockcmsg_linux.go `UnixCredentials`.

// I1 Headers are read and written at the kernel's alignment, by copying: a buffer of bytes need
//    not be aligned.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::conn::PeerCred;

const HEADER: usize = size_of::<libc::cmsghdr>();
const ALIGN: usize = size_of::<usize>();

fn aligned(len: usize) -> usize {
    len.next_multiple_of(ALIGN)
}

/// Room for the control data of one message with `n` descriptors.
///
/// ```
/// assert_eq!(gopark::net::control_msg::rights_space(1), 24);
/// ```
#[doc(alias = "CmsgSpace")]
pub const fn rights_space(descriptors: usize) -> usize {
    HEADER + (descriptors * size_of::<RawFd>()).next_multiple_of(ALIGN)
}

/// Control data that sends descriptors along.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::os::fd::AsFd;
/// use gopark::net::control_msg;
/// let (a, b) = gopark::net::socket_pair("unix").unwrap();
/// let null = std::fs::File::open("/dev/null").unwrap();
/// a.write_msg(b"x", &control_msg::rights(&[null.as_fd()])).unwrap();
/// let mut oob = [0; control_msg::rights_space(1)];
/// let (_, oobn, ..) = b.read_msg(&mut [0; 1], &mut oob).unwrap();
/// // SAFETY: received just now, and taken once.
/// let got = unsafe { control_msg::take_rights(&mut oob[..oobn]) };
/// assert_eq!(got.len(), 1);
/// # }) } }
/// ```
#[doc(alias = "UnixRights")]
pub fn rights(descriptors: &[BorrowedFd<'_>]) -> Vec<u8> {
    let data: Vec<u8> = descriptors.iter().flat_map(|fd| fd.as_raw_fd().to_ne_bytes()).collect();
    message(libc::SCM_RIGHTS, &data)
}

/// Control data that sends credentials along; the kernel checks that they are the sender's.
///
/// ```
/// use gopark::net::{PeerCred, control_msg};
///
/// let me = PeerCred { pid: 7, uid: 0, gid: 0 };
/// let mut oob = control_msg::credentials(me);
/// assert_eq!(control_msg::parse_credentials(&mut oob), Some(me));
/// ```
#[doc(alias = "UnixCredentials")]
pub fn credentials(cred: PeerCred) -> Vec<u8> {
    let data = [cred.pid.to_ne_bytes(), cred.uid.to_ne_bytes(), cred.gid.to_ne_bytes()].concat();
    message(libc::SCM_CREDENTIALS, &data)
}

fn message(kind: i32, data: &[u8]) -> Vec<u8> {
    let len = HEADER + data.len();
    let mut bytes = Vec::with_capacity(aligned(len));
    bytes.extend_from_slice(&len.to_ne_bytes());
    bytes.extend_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(data);
    bytes.resize(aligned(len), 0);
    bytes
}

/// The descriptors in control data that was received, close-on-exec. They are taken out, so that
/// nobody owns them twice.
///
/// # Safety
/// `oob` is what a receive has filled, and no copy of it is asked as well: a descriptor that is
/// made up, or taken twice, has another owner already.
#[doc(alias = "ParseUnixRights")]
pub unsafe fn take_rights(oob: &mut [u8]) -> Vec<OwnedFd> {
    let mut taken = Vec::new();
    each_message(oob, |kind, data| {
        if kind == libc::SCM_RIGHTS {
            for fd in data.chunks_exact_mut(size_of::<RawFd>()) {
                let raw = RawFd::from_ne_bytes((&*fd).try_into().expect("a chunk has the size"));
                fd.copy_from_slice(&(-1 as RawFd).to_ne_bytes());
                if raw >= 0 {
                    // SAFETY: the kernel put it there for the receiver, as the caller says; it is
                    // overwritten, so it is taken once.
                    taken.push(unsafe { OwnedFd::from_raw_fd(raw) });
                }
            }
        }
    });
    taken
}

/// The credentials in control data that was received.
///
/// ```
/// use gopark::net::{PeerCred, control_msg};
///
/// let me = PeerCred { pid: 7, uid: 0, gid: 0 };
/// let mut oob = control_msg::credentials(me);
/// assert_eq!(control_msg::parse_credentials(&mut oob), Some(me));
/// ```
#[doc(alias = "ParseUnixCredentials")]
pub fn parse_credentials(oob: &mut [u8]) -> Option<PeerCred> {
    let mut found = None;
    each_message(oob, |kind, data| {
        if kind == libc::SCM_CREDENTIALS && data.len() >= size_of::<libc::ucred>() {
            let word = |at: usize| <[u8; 4]>::try_from(&data[at..at + 4]).expect("four bytes");
            found = Some(PeerCred {
                pid: i32::from_ne_bytes(word(0)),
                uid: u32::from_ne_bytes(word(4)),
                gid: u32::from_ne_bytes(word(8)),
            });
        }
    });
    found
}

/// Calls `f` with kind and data of each message of SOL_SOCKET.
#[doc(alias = "ParseSocketControlMessage")]
fn each_message(mut oob: &mut [u8], mut f: impl FnMut(i32, &mut [u8])) {
    while oob.len() >= HEADER {
        let len = usize::from_ne_bytes(oob[..ALIGN].try_into().expect("a header is longer"));
        if len < HEADER || len > oob.len() {
            return;
        }
        let int = |at: usize| i32::from_ne_bytes(oob[at..at + 4].try_into().expect("four bytes"));
        let (level, kind) = (int(ALIGN), int(ALIGN + 4));
        if level == libc::SOL_SOCKET {
            f(kind, &mut oob[HEADER..len]);
        }
        let next = aligned(len).min(oob.len());
        oob = &mut oob[next..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_back() {
        let cred = PeerCred { pid: 1, uid: 2, gid: 3 };
        let mut bytes = credentials(cred);
        assert_eq!(bytes.len() % ALIGN, 0);
        assert_eq!(parse_credentials(&mut bytes), Some(cred));
    }

    #[test]
    fn malformed_data_ends_the_list() {
        for mut bytes in
            [vec![], vec![0; HEADER], vec![0xff; 64], credentials(PeerCred { pid: 1, uid: 2, gid: 3 })]
        {
            bytes.truncate(bytes.len().saturating_sub(9));
            // SAFETY: none of them names a descriptor.
            assert!(unsafe { take_rights(&mut bytes) }.is_empty());
            assert_eq!(parse_credentials(&mut bytes), None);
        }
    }
}
