//! Process descriptors: waiting for a child and signalling it without a race on its number.
//!
//! Go: os/pidfd_linux.go.
//!
//! I1 Whether the system has them is found out once, by the calls themselves, before the first child.

use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::OnceLock;

use super::fork::{Plan, Role, fork};
use crate::errno::Errno;
use crate::sys::{self, ignoring_eintr};

/// How a child ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waited {
    /// The status as wait(2) gives it.
    Ended(i32),
    /// It runs.
    Runs,
}

/// Whether to wait for the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    Wait,
    Look,
}

/// Does this system have what we need? (Linux 5.4.)
#[doc(alias = "checkPidfd")]
pub(super) fn check() -> Result<(), Errno> {
    static CHECKED: OnceLock<Result<(), Errno>> = OnceLock::new();
    *CHECKED.get_or_init(probe)
}

fn probe() -> Result<(), Errno> {
    let own = open_own()?;
    let checked = probe_with(own);
    let _ = sys::close(own);
    checked
}

fn probe_with(own: RawFd) -> Result<(), Errno> {
    // We are no child of ours.
    match ignoring_eintr(|| waitid_bare(own, libc::WEXITED)) {
        Err(Errno(libc::ECHILD)) => {}
        other => return other.and(Err(Errno(libc::ENOSYS))),
    }
    send_signal(own, 0)?;
    check_clone()
}

#[doc(alias = "checkClonePidfd")]
fn check_clone() -> Result<(), Errno> {
    let mut plan = Plan {
        program: c"",
        argv: &[],
        envp: &[],
        dir: None,
        group: None,
        uid: None,
        gid: None,
        pre_exec: &mut [],
        files: [-1; 3],
        error_pipe: -1,
        role: Role::Probe,
    };
    let child = fork(&mut plan)?;
    let waited = ignoring_eintr(|| waitid_bare(child.pidfd, libc::WEXITED | libc::__WCLONE));
    let _ = sys::close(child.pidfd);
    waited
}

fn open_own() -> Result<RawFd, Errno> {
    // SAFETY: takes nothing.
    open(unsafe { libc::getpid() })
}

/// A descriptor for a process: of a child it is that child, as long as nobody has waited for it.
#[inline(never)]
pub(super) fn open(pid: libc::pid_t) -> Result<RawFd, Errno> {
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 { Err(Errno::last()) } else { Ok(fd as RawFd) }
}

#[inline(never)]
fn waitid_bare(pidfd: RawFd, options: i32) -> Result<(), Errno> {
    let null = ptr::null_mut::<u8>();
    // SAFETY: the pointers are null.
    let ret = unsafe { libc::syscall(libc::SYS_waitid, libc::P_PIDFD, pidfd, null, options, null) };
    if ret < 0 { Err(Errno::last()) } else { Ok(()) }
}

/// Sends a signal; 0 only asks whether one could be sent.
#[doc(alias = "PidFDSendSignal")]
#[inline(never)]
pub(super) fn send_signal(pidfd: RawFd, signal: i32) -> Result<(), Errno> {
    let info = ptr::null::<u8>();
    // SAFETY: the pointer is null.
    let ret = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, info, 0) };
    if ret < 0 { Err(Errno::last()) } else { Ok(()) }
}

/// Waits for the child, or looks whether it has ended. Blocks the thread.
#[doc(alias = "pidfdWait")]
pub(super) fn wait(pidfd: RawFd, patience: Patience) -> Result<Waited, Errno> {
    let options = match patience {
        Patience::Wait => libc::WEXITED,
        Patience::Look => libc::WEXITED | libc::WNOHANG,
    };
    ignoring_eintr(|| waitid(pidfd, options))
}

#[inline(never)]
fn waitid(pidfd: RawFd, options: i32) -> Result<Waited, Errno> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    let (info_ptr, usage_ptr) = (info.as_mut_ptr(), usage.as_mut_ptr());
    // SAFETY: both buffers have the kernel's size.
    let ret = unsafe { libc::syscall(libc::SYS_waitid, libc::P_PIDFD, pidfd, info_ptr, options, usage_ptr) };
    if ret < 0 {
        return Err(Errno::last());
    }
    // SAFETY: zeroed before, filled now; the fields are those of a child's end.
    let (signo, code, status) = unsafe {
        let info = info.assume_init();
        (info.si_signo, info.si_code, info.si_status())
    };
    if signo == 0 {
        return Ok(Waited::Runs);
    }
    Ok(Waited::Ended(wait_status(code, status)))
}

/// The status of wait(2) from waitid's two numbers.
#[doc(alias = "WaitStatus")]
fn wait_status(code: i32, status: i32) -> i32 {
    const CORE_DUMPED: i32 = 0x80;
    match code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => (status & 0x7f) | CORE_DUMPED,
        _ => status & 0x7f,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn statuses_are_those_of_wait() {
        let status = |code, n| ExitStatus::from_raw(wait_status(code, n));
        assert_eq!(status(libc::CLD_EXITED, 3).code(), Some(3));
        assert_eq!(status(libc::CLD_KILLED, 9).signal(), Some(9));
        assert!(status(libc::CLD_DUMPED, 6).core_dumped());
        assert_eq!(status(libc::CLD_DUMPED, 6).signal(), Some(6));
    }
}
