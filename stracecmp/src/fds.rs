//! Descriptors: one [`Fd`] for each life of a number, and which calls concern them.
//!
//! Invariants:
//! - I1 (rule A1): a number means the life that its last maker began; `close` ends it.
//! - I2: a descriptor that the log did not see being made is of the kind `unknown`.

use std::collections::HashMap;

use crate::syscalls;
use crate::text::{Strings, Sym};

/// A life of a descriptor, as an index into [`FdTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FdId(pub(crate) u32);

/// A direction in which a descriptor can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Reading, accepting.
    Read,
    /// Writing, connecting.
    Write,
}

impl Side {
    /// `r` or `w`.
    pub fn letter(self) -> char {
        match self {
            Side::Read => 'r',
            Side::Write => 'w',
        }
    }
}

/// The bits of an event that wake somebody, in the order in which they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready(u8);

const READY: [(&str, Side, bool); 5] = [
    ("EPOLLIN", Side::Read, false),
    ("EPOLLOUT", Side::Write, false),
    ("EPOLLERR", Side::Read, true),
    ("EPOLLHUP", Side::Read, true),
    ("EPOLLRDHUP", Side::Read, false),
];

impl Ready {
    /// The waking bits among the names of a mask.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Ready {
        Ready(names.filter_map(|n| READY.iter().position(|r| r.0 == n)).fold(0, |m, i| m | 1 << i))
    }

    /// The bits that concern one direction; errors and hang-ups concern both.
    #[must_use]
    pub fn for_side(self, side: Side) -> Ready {
        let bits = READY.iter().enumerate().filter(|(_, r)| r.1 == side || r.2);
        Ready(bits.fold(0, |m, (i, _)| m | 1 << i) & self.0)
    }

    /// Whether nobody would wake.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// `EPOLLIN|EPOLLHUP`
    pub fn names(self) -> String {
        let names: Vec<_> =
            READY.iter().enumerate().filter(|(i, _)| self.0 >> i & 1 == 1).map(|(_, r)| r.0).collect();
        names.join("|")
    }
}

/// One life of a descriptor, from the call that made it to its close.
#[derive(Debug)]
pub struct Fd {
    /// Its number.
    pub num: i64,
    /// What it is: `tcp6`, `tcp6c` (accepted from one), `epoll`, `file:PATH`.
    pub kind: Sym,
    /// The path, of a file.
    pub path: Option<Sym>,
    /// Its place among those of its kind, once it has been written somewhere.
    pub(crate) number: Option<u32>,
    /// Whether the log saw it being made.
    pub(crate) made: bool,
    /// Whether it closes itself at an exec.
    pub(crate) cloexec: bool,
    /// Whether it was made by `socket` for a stream: DNS over TCP has a length before each message.
    pub(crate) stream: bool,
    /// Whether its last read brought the two bytes of a length alone.
    pub(crate) lone: bool,
    /// Bytes read so far (A5).
    pub(crate) got: i64,
    /// Size of the first read (A5).
    pub(crate) room: i64,
    /// Whether it is connected to port 53 (A7).
    pub(crate) dns: bool,
}

/// All lives, and which of them each number means now.
#[derive(Debug, Default)]
pub struct FdTable {
    pub(crate) all: Vec<Fd>,
    pub(crate) now: HashMap<i64, FdId>,
}

impl FdTable {
    /// The life behind an id.
    pub fn get(&self, id: FdId) -> &Fd {
        &self.all[id.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, id: FdId) -> &mut Fd {
        &mut self.all[id.0 as usize]
    }

    /// Begins a life; the caller has checked what the number meant before.
    pub(crate) fn make(&mut self, num: i64, kind: Sym, path: Option<Sym>) -> FdId {
        let id = FdId(u32::try_from(self.all.len()).expect("a log has fewer than 2^32 lines"));
        self.all.push(Fd {
            num,
            kind,
            path,
            number: None,
            made: true,
            cloexec: false,
            stream: false,
            lone: false,
            got: 0,
            room: 0,
            dns: false,
        });
        self.now.insert(num, id);
        id
    }

    /// What a number means now (I2).
    pub(crate) fn of_number(&mut self, num: i64, texts: &mut Strings) -> FdId {
        match self.now.get(&num) {
            Some(id) => *id,
            None => {
                let unknown = texts.intern("unknown");
                let id = self.make(num, unknown, None);
                self.get_mut(id).made = false;
                id
            }
        }
    }
}

/// Calls that ask the poller.
pub fn is_poll(name: &str) -> bool {
    matches!(name, "epoll_pwait" | "epoll_wait" | "epoll_pwait2")
}

/// Calls that make a process (or a thread).
pub fn is_fork(name: &str) -> bool {
    matches!(name, "clone" | "clone3" | "vfork" | "fork")
}

/// Calls whose first argument is a descriptor.
pub fn is_on_fd(name: &str) -> bool {
    is_poll(name)
        || matches!(
            name,
            "close"
                | "read"
                | "write"
                | "readv"
                | "writev"
                | "pread64"
                | "pwrite64"
                | "fcntl"
                | "bind"
                | "listen"
                | "connect"
                | "accept"
                | "accept4"
                | "getsockname"
                | "getpeername"
                | "setsockopt"
                | "getsockopt"
                | "shutdown"
                | "sendto"
                | "recvfrom"
                | "sendmsg"
                | "recvmsg"
                | "sendmmsg"
                | "recvmmsg"
                | "fstat"
                | "lseek"
                | "ioctl"
                | "dup"
                | "getdents64"
                | "epoll_ctl"
                | "fsync"
                | "fdatasync"
                | "ftruncate"
                | "fchmod"
                | "fchown"
                | "flock"
                | "pidfd_send_signal"
                | "fallocate"
                | "fstatfs"
                | "fchdir"
                | "preadv"
                | "pwritev"
        )
}

/// Calls with two descriptors, and where these are.
pub fn two_fds(name: &str) -> Option<[usize; 2]> {
    match name {
        "dup2" | "dup3" | "sendfile" => Some([0, 1]),
        "splice" | "tee" | "copy_file_range" => Some([0, 2]),
        _ => None,
    }
}

/// Calls that make a descriptor or a process: they stand where they ended, others where they began.
pub fn is_maker(name: &str) -> bool {
    is_fork(name)
        || (syscalls::of(name).is_some_and(|c| c.gives == syscalls::Gives::Fd)
            && !matches!(name, "fcntl" | "fcntl64" | "ioctl" | "dup2" | "dup3"))
        || matches!(
            name,
            "socket"
                | "accept"
                | "accept4"
                | "openat"
                | "open"
                | "creat"
                | "pipe"
                | "pipe2"
                | "epoll_create1"
                | "epoll_create"
                | "eventfd2"
                | "eventfd"
                | "dup"
                | "socketpair"
                | "pidfd_open"
                | "memfd_create"
                | "timerfd_create"
                | "signalfd4"
                | "inotify_init1"
                | "userfaultfd"
        )
}

/// Calls that wait for their first argument to become readable.
pub fn is_read_op(name: &str) -> bool {
    matches!(name, "read" | "readv" | "recvfrom" | "recvmsg" | "accept" | "accept4")
}

/// Calls that wait for their first argument to become writable.
pub fn is_write_op(name: &str) -> bool {
    matches!(name, "write" | "writev" | "sendto" | "sendmsg" | "connect")
}

/// What `socket` makes.
pub fn socket_kind(family: &str, kind: &str) -> &'static str {
    match (family, kind) {
        ("AF_INET", "SOCK_STREAM") => "tcp4",
        ("AF_INET6", "SOCK_STREAM") => "tcp6",
        ("AF_INET", "SOCK_DGRAM") => "udp4",
        ("AF_INET6", "SOCK_DGRAM") => "udp6",
        ("AF_UNIX", "SOCK_STREAM") => "unix",
        ("AF_UNIX", "SOCK_DGRAM") => "unixgram",
        ("AF_UNIX", "SOCK_SEQPACKET") => "unixpacket",
        _ => "socket",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_by_side() {
        let all = Ready::of("EPOLLIN|EPOLLOUT|EPOLLHUP|EPOLLPRI".split('|'));
        assert_eq!(all.for_side(Side::Read).names(), "EPOLLIN|EPOLLHUP");
        assert_eq!(all.for_side(Side::Write).names(), "EPOLLOUT|EPOLLHUP");
        assert!(Ready::of(["EPOLLPRI"].into_iter()).is_empty());
        assert_eq!(
            Ready::of("EPOLLRDHUP|EPOLLERR".split('|')).for_side(Side::Read).names(),
            "EPOLLERR|EPOLLRDHUP"
        );
    }
}
