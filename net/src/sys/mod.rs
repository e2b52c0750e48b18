//! The calls of the system: on sockets and on descriptors of all kinds here, on files in `file.rs`,
//! on netlink in `netlink.rs`, on processes in `process.rs`; their errors ([`Errno`]) and their
//! form of addresses ([`RawAddr`]).
//!
//! Two files make other calls, which belong to no descriptor: `process/fork.rs`, whose calls a
//! child makes in the memory of its parent, and `resolve/cgo`, which asks the C library's resolver.
//! `tests/layers.rs` checks that there are no others.
//!
//! I1 errno is read in the same non-inlined function as the call that set it: a goroutine may move
//!    to another thread between two functions. So each function here that goes through libc is
//!    `inline(never)`, and none parks. Those of each request go past libc ([`raw`]) and know no
//!    errno.
//! I2 The calls are the ones Go makes, with Go's arguments, as strace shows them.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

mod errno;
mod file;
mod netlink;
mod process;
mod raw;
mod sockaddr;

pub(crate) use errno::last_errno;
pub use errno::{Errno, SyscallError};
pub(crate) use file::{c_path, fstat, fsync, ftruncate, lseek, may_execute, open, pipe2, stat, unlink};
pub(crate) use netlink::{netlink_message, netlink_rib};
pub(crate) use process::{
    Ended, environment, kill, pidfd_open, pidfd_send_signal, wait_until_ended, wait4, waitid_pidfd,
    waitid_pidfd_bare,
};
pub(crate) use sockaddr::{FAMILY_SIZE, Family, RawAddr, SUN_PATH_SIZE};

/// Repeats a call while a signal interrupts it. Go: ignoringEINTR.
#[doc(alias = "ignoringEINTR")]
#[inline]
pub(crate) fn ignoring_eintr<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno(libc::EINTR)) => {}
            other => return other,
        }
    }
}

/// The result of a call that returns a count, a descriptor or 0; -1 means errno. Inlined into its
/// caller: I1.
#[inline(always)]
fn check(ret: isize) -> Result<usize, Errno> {
    if ret < 0 { Err(last_errno()) } else { Ok(ret as usize) }
}

#[inline(always)]
fn check_fd(ret: libc::c_int) -> Result<RawFd, Errno> {
    check(ret as isize).map(|fd| fd as RawFd)
}

#[inline(always)]
fn check_zero(ret: libc::c_int) -> Result<(), Errno> {
    check(ret as isize).map(drop)
}

/// read(2).
#[inline]
pub(crate) fn read(fd: RawFd, buf: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most buf.len() bytes into buf.
    unsafe { raw::syscall(libc::SYS_read, [fd as usize, buf.as_mut_ptr() as usize, buf.len(), 0]) }
}

/// readv(2).
#[inline(never)]
pub(crate) fn readv(fd: RawFd, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
    // SAFETY: IoSliceMut has the layout of iovec, and each describes separate writable memory.
    check(unsafe { libc::readv(fd, bufs.as_mut_ptr().cast(), bufs.len() as libc::c_int) })
}

/// pread(2).
#[inline(never)]
pub(crate) fn pread(fd: RawFd, buf: &mut [u8], offset: i64) -> Result<usize, Errno> {
    // SAFETY: as for `read`.
    check(unsafe { libc::pread(fd, buf.as_mut_ptr().cast(), buf.len(), offset) })
}

/// write(2).
#[inline]
pub(crate) fn write(fd: RawFd, buf: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads at most buf.len() bytes of buf.
    unsafe { raw::syscall(libc::SYS_write, [fd as usize, buf.as_ptr() as usize, buf.len(), 0]) }
}

/// pwrite(2).
#[inline(never)]
pub(crate) fn pwrite(fd: RawFd, buf: &[u8], offset: i64) -> Result<usize, Errno> {
    // SAFETY: as for `write`.
    check(unsafe { libc::pwrite(fd, buf.as_ptr().cast(), buf.len(), offset) })
}

/// writev(2).
#[inline(never)]
pub(crate) fn writev(fd: RawFd, bufs: &[IoSlice<'_>]) -> Result<usize, Errno> {
    // SAFETY: IoSlice has the layout of iovec, and each describes readable memory.
    check(unsafe { libc::writev(fd, bufs.as_ptr().cast(), bufs.len() as libc::c_int) })
}

/// recvfrom(2) with room for the sender's address.
#[inline(never)]
pub(crate) fn recvfrom(fd: RawFd, buf: &mut [u8], flags: i32, from: &mut RawAddr) -> Result<usize, Errno> {
    let (addr, len) = from.as_mut_parts();
    // Also for no bytes a place that is one, as Go's `_zero`: an empty vector has none.
    let mut zero = 0u8;
    let at = if buf.is_empty() { &raw mut zero } else { buf.as_mut_ptr() };
    // SAFETY: buf as for `read`; addr and len belong to `from`, whose length says how much may be
    // written.
    check(unsafe { libc::recvfrom(fd, at.cast(), buf.len(), flags, addr, len) })
}

/// recv(2): recvfrom without an address.
#[inline(never)]
pub(crate) fn recv(fd: RawFd, buf: &mut [u8], flags: i32) -> Result<usize, Errno> {
    // SAFETY: as for `read`.
    check(unsafe { libc::recv(fd, buf.as_mut_ptr().cast(), buf.len(), flags) })
}

/// sendto(2).
#[inline(never)]
pub(crate) fn sendto(fd: RawFd, buf: &[u8], flags: i32, to: &RawAddr) -> Result<usize, Errno> {
    // SAFETY: buf as for `write`; the address is as long as it says.
    check(unsafe { libc::sendto(fd, buf.as_ptr().cast(), buf.len(), flags, to.as_ptr(), to.len()) })
}

/// What recvmsg(2) reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Bytes of data.
    pub(crate) n: usize,
    /// Bytes of control data.
    pub(crate) oobn: usize,
    /// MSG_TRUNC and the like.
    pub(crate) flags: i32,
}

fn msghdr() -> libc::msghdr {
    // SAFETY: all fields are integers and pointers, for which zero is a value: no name, no data, no
    // control data.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The vector of one buffer; an empty one has no address, as in Go.
fn one_buffer(base: *mut u8, len: usize) -> libc::iovec {
    let base = if len == 0 { std::ptr::null_mut() } else { base };
    libc::iovec { iov_base: base.cast(), iov_len: len }
}

/// recvmsg(2) with one buffer. As Go does it: a stream or packet socket that carries control data
/// but no data needs a byte to read (of a datagram socket none).
#[inline(never)]
pub(crate) fn recvmsg(
    fd: RawFd,
    buf: &mut [u8],
    oob: &mut [u8],
    flags: i32,
    from: &mut RawAddr,
) -> Result<Received, Errno> {
    let mut dummy = [0u8; 1];
    let mut iov = one_buffer(buf.as_mut_ptr(), buf.len());
    let mut msg = msghdr();
    if !oob.is_empty() {
        if buf.is_empty() && socket_type(fd)? != libc::SOCK_DGRAM {
            iov = libc::iovec { iov_base: dummy.as_mut_ptr().cast(), iov_len: 1 };
        }
        msg.msg_control = oob.as_mut_ptr().cast();
        msg.msg_controllen = oob.len();
    }
    let (addr, _) = from.as_mut_parts();
    msg.msg_name = addr.cast();
    msg.msg_namelen = from.len();
    msg.msg_iov = &raw mut iov;
    msg.msg_iovlen = 1;
    // SAFETY: every pointer of msg is to memory of the length it gives, alive over the call.
    let n = check(unsafe { libc::recvmsg(fd, &raw mut msg, flags) })?;
    from.set_len(msg.msg_namelen);
    let n = if iov.iov_base == dummy.as_mut_ptr().cast() { 0 } else { n };
    Ok(Received { n, oobn: msg.msg_controllen, flags: msg.msg_flags })
}

/// sendmsg(2) with one buffer; the dummy byte as in `recvmsg`.
#[inline(never)]
pub(crate) fn sendmsg(
    fd: RawFd,
    buf: &[u8],
    oob: &[u8],
    to: Option<&RawAddr>,
    flags: i32,
) -> Result<usize, Errno> {
    let dummy = [0u8; 1];
    let mut empty = false;
    let mut iov = one_buffer(buf.as_ptr().cast_mut(), buf.len());
    let mut msg = msghdr();
    if !oob.is_empty() {
        if buf.is_empty() && socket_type(fd)? != libc::SOCK_DGRAM {
            empty = true;
            iov = libc::iovec { iov_base: dummy.as_ptr().cast_mut().cast(), iov_len: 1 };
        }
        msg.msg_control = oob.as_ptr().cast_mut().cast();
        msg.msg_controllen = oob.len();
    }
    if let Some(to) = to {
        msg.msg_name = to.as_ptr().cast_mut().cast();
        msg.msg_namelen = to.len();
    }
    msg.msg_iov = &raw mut iov;
    msg.msg_iovlen = 1;
    // SAFETY: every pointer of msg is to memory of the length it gives, alive over the call, and
    // only read.
    let n = check(unsafe { libc::sendmsg(fd, &raw const msg, flags) })?;
    Ok(if empty { 0 } else { n })
}

/// The socket's type: SOCK_STREAM ...
pub(crate) fn socket_type(fd: RawFd) -> Result<i32, Errno> {
    getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)
}

/// The socket's protocol: IPPROTO_TCP, IPPROTO_MPTCP ...
pub(crate) fn protocol(fd: RawFd) -> Result<i32, Errno> {
    getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL)
}

/// accept4(2), close-on-exec and non-blocking.
#[inline(never)]
pub(crate) fn accept4(fd: RawFd, peer: &mut RawAddr) -> Result<RawFd, Errno> {
    let (addr, len) = peer.as_mut_parts();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: addr and len belong to `peer`.
    let fd = unsafe {
        raw::syscall(libc::SYS_accept4, [fd as usize, addr as usize, len as usize, flags as usize])
    };
    fd.map(|fd| fd as RawFd)
}

/// socket(2), close-on-exec and non-blocking.
#[doc(alias = "sysSocket")]
#[inline(never)]
pub(crate) fn socket(family: i32, sotype: i32, proto: i32) -> Result<RawFd, Errno> {
    // SAFETY: takes no pointers.
    check_fd(unsafe { libc::socket(family, sotype | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, proto) })
}

/// bind(2).
#[inline(never)]
pub(crate) fn bind(fd: RawFd, addr: &RawAddr) -> Result<(), Errno> {
    // SAFETY: the address is as long as it says.
    check_zero(unsafe { libc::bind(fd, addr.as_ptr(), addr.len()) })
}

/// connect(2).
#[inline(never)]
pub(crate) fn connect(fd: RawFd, addr: &RawAddr) -> Result<(), Errno> {
    // SAFETY: the address is as long as it says.
    check_zero(unsafe { libc::connect(fd, addr.as_ptr(), addr.len()) })
}

/// listen(2).
#[inline(never)]
pub(crate) fn listen(fd: RawFd, backlog: i32) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    check_zero(unsafe { libc::listen(fd, backlog) })
}

/// getsockname(2).
#[inline(never)]
pub(crate) fn getsockname(fd: RawFd) -> Result<RawAddr, Errno> {
    let mut local = RawAddr::empty();
    let (addr, len) = local.as_mut_parts();
    // SAFETY: addr and len belong to `local`.
    check_zero(unsafe { libc::getsockname(fd, addr, len) })?;
    Ok(local)
}

/// getpeername(2).
#[inline(never)]
pub(crate) fn getpeername(fd: RawFd) -> Result<RawAddr, Errno> {
    let mut peer = RawAddr::empty();
    let (addr, len) = peer.as_mut_parts();
    // SAFETY: addr and len belong to `peer`.
    check_zero(unsafe { libc::getpeername(fd, addr, len) })?;
    Ok(peer)
}

/// setsockopt(2) with a value of the option's own type.
#[inline(never)]
pub(crate) fn setsockopt<T: Copy>(fd: RawFd, level: i32, name: i32, value: &T) -> Result<(), Errno> {
    let len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads size_of::<T>() bytes of value.
    check_zero(unsafe { libc::setsockopt(fd, level, name, std::ptr::from_ref(value).cast(), len) })
}

/// setsockopt(2) with an int.
pub(crate) fn setsockopt_int(fd: RawFd, level: i32, name: i32, value: i32) -> Result<(), Errno> {
    setsockopt(fd, level, name, &value)
}

/// getsockopt(2) for an int.
#[inline(never)]
pub(crate) fn getsockopt_int(fd: RawFd, level: i32, name: i32) -> Result<i32, Errno> {
    let mut value: i32 = 0;
    let mut len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the kernel writes at most len bytes into value.
    check_zero(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut len) })?;
    Ok(value)
}

/// getsockopt(2) for a plain structure; `value` holds what the kernel does not fill.
///
/// # Safety
/// Any bytes are a value of `T`.
#[inline(never)]
pub(crate) unsafe fn getsockopt<T: Copy>(fd: RawFd, level: i32, name: i32, mut value: T) -> Result<T, Errno> {
    let mut len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most len bytes into value; whatever it writes is a T by the
    // caller's duty.
    check_zero(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut len) })?;
    Ok(value)
}

/// shutdown(2).
#[inline(never)]
pub(crate) fn shutdown(fd: RawFd, how: i32) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    check_zero(unsafe { libc::shutdown(fd, how) })
}

/// close(2). The descriptor is gone whatever it returns.
#[inline(never)]
pub(crate) fn close(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: takes no pointers; the caller owns the descriptor.
    unsafe { raw::syscall(libc::SYS_close, [fd as usize, 0, 0, 0]) }.map(drop)
}

/// splice(2) without offsets, not waiting for the pipe.
#[inline(never)]
pub(crate) fn splice(from: RawFd, to: RawFd, max: usize) -> Result<usize, Errno> {
    let null = std::ptr::null_mut();
    // SAFETY: no pointers but null ones.
    check(unsafe { libc::splice(from, null, to, null, max, libc::SPLICE_F_NONBLOCK) })
}

/// sendfile(2) from the file's own offset.
#[inline(never)]
pub(crate) fn sendfile(to: RawFd, from: RawFd, max: usize) -> Result<usize, Errno> {
    // SAFETY: no pointers but a null one.
    check(unsafe { libc::sendfile(to, from, std::ptr::null_mut(), max) })
}

/// copy_file_range(2) with the files' own offsets.
#[inline(never)]
pub(crate) fn copy_file_range(from: RawFd, to: RawFd, max: usize) -> Result<usize, Errno> {
    let null = std::ptr::null_mut();
    // SAFETY: no pointers but null ones.
    check(unsafe { libc::copy_file_range(from, null, to, null, max, 0) })
}

/// fcntl(F_SETPIPE_SZ).
#[inline(never)]
pub(crate) fn set_pipe_size(fd: RawFd, size: i32) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    check(unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, size) } as isize).map(drop)
}

/// socketpair(2) of Unix domain sockets, close-on-exec and non-blocking.
#[inline(never)]
pub(crate) fn socketpair(sotype: i32) -> Result<(RawFd, RawFd), Errno> {
    let mut fds = [-1; 2];
    let sotype = sotype | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: fds has room for both.
    check_zero(unsafe { libc::socketpair(libc::AF_UNIX, sotype, 0, fds.as_mut_ptr()) })?;
    Ok((fds[0], fds[1]))
}

/// A duplicate, close-on-exec.
#[doc(alias = "DupCloseOnExec")]
#[inline(never)]
pub(crate) fn dup_cloexec(fd: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: takes no pointers.
    check_fd(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}

/// The same descriptor by a number above the standard ones. For what the library makes for itself:
/// where the user has closed one of 0, 1 and 2, a child would inherit it as its own, and writes
/// that are meant for nobody would reach it.
#[inline(never)]
pub(crate) fn above_standard(fd: RawFd) -> Result<RawFd, Errno> {
    if fd > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY: takes no pointers.
    let above = check_fd(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1) });
    let _ = close(fd);
    above
}

/// A socket for the library itself: [`socket`] and [`above_standard`].
pub(crate) fn own_socket(family: i32, sotype: i32, proto: i32) -> Result<RawFd, Errno> {
    above_standard(socket(family, sotype, proto)?)
}

/// A pipe for the library itself: [`pipe2`] and [`above_standard`].
pub(crate) fn own_pipe(flags: i32) -> Result<(RawFd, RawFd), Errno> {
    let (reader, writer) = pipe2(flags)?;
    match (above_standard(reader), above_standard(writer)) {
        (Ok(reader), Ok(writer)) => Ok((reader, writer)),
        (reader, writer) => {
            let left = [reader, writer].map(|end| end.map(close));
            Err(left.into_iter().find_map(Result::err).expect("one of them failed"))
        }
    }
}

/// fcntl(F_GETFL).
#[inline(never)]
pub(crate) fn get_flags(fd: RawFd) -> Result<i32, Errno> {
    // SAFETY: takes no pointers.
    check_fd(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}

/// fcntl(F_SETFL).
#[inline(never)]
pub(crate) fn set_flags(fd: RawFd, flags: i32) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    check_zero(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) })
}

/// Puts a descriptor into non-blocking mode, or back. Two calls, as Go makes them. Go:
/// syscall.SetNonblock.
#[doc(alias = "SetNonblock")]
pub(crate) fn set_nonblock(fd: RawFd, nonblocking: bool) -> Result<(), Errno> {
    let flags = get_flags(fd)?;
    let wanted = if nonblocking { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    if wanted == flags { Ok(()) } else { set_flags(fd, wanted) }
}

/// Is the descriptor ready for `events` (POLLIN, POLLOUT) now? poll(2) without waiting.
#[inline(never)]
pub(crate) fn ready_now(fd: RawFd, events: i16) -> Result<bool, Errno> {
    let mut one = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one pollfd, alive over the call.
    check(unsafe { libc::poll(&raw mut one, 1, 0) } as isize).map(|n| n > 0)
}

/// uname(2): the machine's name; empty if it has none.
#[inline(never)]
pub(crate) fn host_name() -> String {
    let mut uts = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the buffer is a utsname; zeroes are one too, so it is one even if the call fails.
    let uts = unsafe {
        libc::uname(uts.as_mut_ptr());
        uts.assume_init()
    };
    // SAFETY: c_char and u8 have the same layout, and the array outlives the slice.
    let bytes = unsafe { std::slice::from_raw_parts(uts.nodename.as_ptr().cast::<u8>(), uts.nodename.len()) };
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
