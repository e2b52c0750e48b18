//! epoll(7) and eventfd(2), by raw system calls: the kernel sees the arguments that it sees from
//! Go. Go: internal/runtime/syscall/syscall_linux.go.

use std::mem::MaybeUninit;

use super::errno;
use super::errno::Errno;

/// An event as the kernel writes it.
pub(crate) use libc::epoll_event as Event;

pub(crate) const IN: u32 = libc::EPOLLIN as u32;
pub(crate) const OUT: u32 = libc::EPOLLOUT as u32;
pub(crate) const RDHUP: u32 = libc::EPOLLRDHUP as u32;
pub(crate) const HUP: u32 = libc::EPOLLHUP as u32;
pub(crate) const ERR: u32 = libc::EPOLLERR as u32;
pub(crate) const ET: u32 = libc::EPOLLET as u32;

fn check(ret: libc::c_long, errno: i32) -> Result<usize, Errno> {
    usize::try_from(ret).map_err(|_| Errno(errno))
}

/// A new epoll instance, close-on-exec.
#[inline(never)]
pub(crate) fn epoll_create1() -> Result<i32, Errno> {
    // SAFETY: takes no pointers.
    let ret = unsafe { libc::syscall(libc::SYS_epoll_create1, libc::EPOLL_CLOEXEC) };
    above_standard(check(ret, errno())? as i32)
}

/// A new eventfd with value 0, close-on-exec and non-blocking.
#[inline(never)]
pub(crate) fn eventfd() -> Result<i32, Errno> {
    // SAFETY: takes no pointers.
    let ret = unsafe { libc::syscall(libc::SYS_eventfd2, 0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    above_standard(check(ret, errno())? as i32)
}

/// The same descriptor by a number above the standard ones, which the user may have closed: a child
/// would inherit it there, and what is written to the standard output would reach it.
#[inline(never)]
fn above_standard(fd: i32) -> Result<i32, Errno> {
    if fd > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY: takes no pointers.
    let ret = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1) };
    let above = check(ret.into(), errno());
    // SAFETY: takes no pointers; the descriptor is ours.
    unsafe { libc::close(fd) };
    above.map(|fd| fd as i32)
}

/// Watches `fd`.
#[inline(never)]
pub(crate) fn epoll_ctl_add(epfd: i32, fd: i32, events: u32, data: u64) -> Result<(), Errno> {
    let mut event = Event { events, u64: data };
    // SAFETY: event lives over the call.
    let ret = unsafe { libc::syscall(libc::SYS_epoll_ctl, epfd, libc::EPOLL_CTL_ADD, fd, &raw mut event) };
    check(ret, errno()).map(drop)
}

/// Stops watching `fd`. With a zeroed event, as Go passes one.
#[inline(never)]
pub(crate) fn epoll_ctl_del(epfd: i32, fd: i32) -> Result<(), Errno> {
    let mut event = Event { events: 0, u64: 0 };
    // SAFETY: event lives over the call.
    let ret = unsafe { libc::syscall(libc::SYS_epoll_ctl, epfd, libc::EPOLL_CTL_DEL, fd, &raw mut event) };
    check(ret, errno()).map(drop)
}

/// Waits for events, at most `ms` milliseconds (-1: without limit), and returns them.
#[inline(never)]
pub(crate) fn epoll_pwait(
    epfd: i32,
    events: &mut [MaybeUninit<Event>],
    ms: i32,
) -> Result<&mut [Event], Errno> {
    let no_mask = std::ptr::null::<libc::sigset_t>();
    // A word, not an int: what follows the sixth argument's lower half on the stack would be the
    // upper half.
    let mask_size = 0_usize;
    // SAFETY: the kernel writes at most events.len() events; the mask is null and its size 0.
    let ret = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait,
            epfd,
            events.as_mut_ptr(),
            events.len() as i32,
            ms,
            no_mask,
            mask_size,
        )
    };
    // SAFETY: the kernel has written n events.
    check(ret, errno()).map(|n| unsafe { events[..n].assume_init_mut() })
}

/// Adds 1 to an eventfd.
#[inline(never)]
pub(crate) fn eventfd_write(fd: i32) -> Result<(), Errno> {
    let one: u64 = 1;
    // SAFETY: eight readable bytes.
    let ret = unsafe { libc::syscall(libc::SYS_write, fd, &raw const one, size_of::<u64>()) };
    check(ret, errno()).map(drop)
}

/// Reads an eventfd's value, which clears it.
#[inline(never)]
pub(crate) fn eventfd_read(fd: i32) -> Result<u64, Errno> {
    let mut value: u64 = 0;
    // SAFETY: eight writable bytes.
    let ret = unsafe { libc::syscall(libc::SYS_read, fd, &raw mut value, size_of::<u64>()) };
    check(ret, errno()).map(|_| value)
}
