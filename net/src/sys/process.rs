//! Calls on processes. The rules are those of [`sys`](super).

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr;

use super::{Errno, last_errno};

/// How a process ended, in waitid's two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    /// CLD_EXITED and the like.
    pub(crate) code: i32,
    /// The exit status or the signal.
    pub(crate) status: i32,
}

/// Our environment as it is: entries without a '=', double ones, in their order.
pub(crate) fn environment() -> Vec<CString> {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    let mut entries = Vec::new();
    // SAFETY: the C library's array of strings, which ends with a null pointer; null if there is
    // none. Nobody changes it now: that is what `std::env::set_var` demands of its caller, whose
    // process has other threads.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            entries.push(CStr::from_ptr(*at).to_owned());
            at = at.add(1);
        }
    }
    entries
}

/// pidfd_open(2), a descriptor for a process: of a child it is that child, as long as nobody has
/// waited for it.
#[inline(never)]
pub(crate) fn pidfd_open(pid: libc::pid_t) -> Result<RawFd, Errno> {
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 { Err(last_errno()) } else { Ok(fd as RawFd) }
}

/// pidfd_send_signal(2); 0 only asks whether one could be sent.
#[doc(alias = "PidFDSendSignal")]
#[inline(never)]
pub(crate) fn pidfd_send_signal(pidfd: RawFd, signal: i32) -> Result<(), Errno> {
    let info = ptr::null::<u8>();
    // SAFETY: the pointer is null.
    let ret = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, info, 0) };
    if ret < 0 { Err(last_errno()) } else { Ok(()) }
}

/// waitid(2); `None`: no child has ended, and WNOHANG was given.
#[inline(never)]
pub(crate) fn waitid_pidfd(pidfd: RawFd, options: i32) -> Result<Option<Ended>, Errno> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    let (info_ptr, usage_ptr) = (info.as_mut_ptr(), usage.as_mut_ptr());
    // SAFETY: both buffers have the kernel's size.
    let ret = unsafe { libc::syscall(libc::SYS_waitid, libc::P_PIDFD, pidfd, info_ptr, options, usage_ptr) };
    if ret < 0 {
        return Err(last_errno());
    }
    // SAFETY: zeroed before, filled now; the fields are those of a child's end.
    let (signo, code, status) = unsafe {
        let info = info.assume_init();
        (info.si_signo, info.si_code, info.si_status())
    };
    if signo == 0 {
        return Ok(None);
    }
    Ok(Some(Ended { code, status }))
}

/// waitid(2) for a child by its number: waits until it has ended, and leaves it to be waited for.
#[doc(alias = "blockUntilWaitable")]
#[inline(never)]
pub(crate) fn wait_until_ended(pid: libc::pid_t) -> Result<(), Errno> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOWAIT;
    // SAFETY: the buffer has the kernel's size; no usage is asked for.
    let ret = unsafe {
        let usage = ptr::null_mut::<u8>();
        libc::syscall(libc::SYS_waitid, libc::P_PID, pid, info.as_mut_ptr(), options, usage)
    };
    if ret < 0 { Err(last_errno()) } else { Ok(()) }
}

/// kill(2).
#[inline(never)]
pub(crate) fn kill(pid: libc::pid_t, signal: i32) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    if unsafe { libc::kill(pid, signal) } < 0 { Err(last_errno()) } else { Ok(()) }
}

/// waitid(2) without a place for the result.
#[inline(never)]
pub(crate) fn waitid_pidfd_bare(pidfd: RawFd, options: i32) -> Result<(), Errno> {
    let null = ptr::null_mut::<u8>();
    // SAFETY: the pointers are null.
    let ret = unsafe { libc::syscall(libc::SYS_waitid, libc::P_PIDFD, pidfd, null, options, null) };
    if ret < 0 { Err(last_errno()) } else { Ok(()) }
}

/// wait4(2) for one child: its status; `None`: it has not ended, and WNOHANG was given.
#[inline(never)]
pub(crate) fn wait4(pid: libc::pid_t, options: i32) -> Result<Option<i32>, Errno> {
    let mut status = 0;
    // SAFETY: the status is written to memory of its size; no usage is asked for.
    match unsafe { libc::wait4(pid, &raw mut status, options, ptr::null_mut()) } {
        ..0 => Err(last_errno()),
        0 => Ok(None),
        _ => Ok(Some(status)),
    }
}
