//! Process descriptors: waiting for a child and signalling it without a race on its number.
//!
//! Go: os/pidfd_linux.go.
//!
//! I1 The calls themselves are tried once, before the first child, to find out whether the system
//!    has them. Where one of the calls is missing or refused (an old kernel, a sandbox) children go
//!    by their numbers.
//! I2 A number belongs to the child until it has been waited for. So its owner lets no signal go to
//!    it while it is waited for: first the end is awaited, then the status taken under the lock
//!    under which signals are sent. (Go: `blockUntilWaitable`, `sigMu`.)

use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;

use super::fork::{Pidfd, Plan, Role, fork};
use crate::sys::{self, Errno, ignoring_eintr};

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

/// What a child is waited for and signalled by.
#[derive(Debug)]
pub(super) enum Handle {
    Pidfd(Pidfd),
    /// I2.
    Number(libc::pid_t),
}

impl Handle {
    pub(super) fn signal(&self, signal: i32) -> Result<(), Errno> {
        match self {
            Handle::Pidfd(pidfd) => sys::pidfd_send_signal(pidfd.as_raw_fd(), signal),
            Handle::Number(pid) => sys::kill(*pid, signal),
        }
    }
}

/// Does this system have what we need? (Linux 5.4.)
#[doc(alias = "checkPidfd")]
pub(super) fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| probe().is_ok())
}

fn probe() -> Result<(), Errno> {
    let own = sys::pidfd_open(std::process::id() as libc::pid_t)?;
    let checked = probe_with(own);
    let _ = sys::close(own);
    checked
}

fn probe_with(own: RawFd) -> Result<(), Errno> {
    // We are no child of ours.
    match ignoring_eintr(|| sys::waitid_pidfd_bare(own, libc::WEXITED)) {
        Err(Errno(libc::ECHILD)) => {}
        other => return other.and(Err(Errno(libc::ENOSYS))),
    }
    sys::pidfd_send_signal(own, 0)?;
    check_clone()
}

#[doc(alias = "checkClonePidfd")]
fn check_clone() -> Result<(), Errno> {
    let mut plan = Plan {
        programs: &[],
        denied: false,
        argv: &[],
        envp: &[],
        dir: None,
        group: None,
        uid: None,
        gid: None,
        groups: None,
        pre_exec: &mut [],
        files: [-1; 3],
        error_pipe: -1,
        with_pidfd: true,
        role: Role::Probe,
    };
    let child = fork(&mut plan)?;
    let pidfd = child.pidfd.expect("it was asked for");
    ignoring_eintr(|| sys::waitid_pidfd_bare(pidfd.as_raw_fd(), libc::WEXITED | libc::__WCLONE))
}

/// Waits for the child, or looks whether it has ended. Blocks the thread.
#[doc(alias = "pidfdWait")]
pub(super) fn wait(pidfd: RawFd, patience: Patience) -> Result<Waited, Errno> {
    let options = match patience {
        Patience::Wait => libc::WEXITED,
        Patience::Look => libc::WEXITED | libc::WNOHANG,
    };
    let ended = ignoring_eintr(|| sys::waitid_pidfd(pidfd, options))?;
    Ok(ended.map_or(Waited::Runs, |sys::Ended { code, status }| Waited::Ended(wait_status(code, status))))
}

/// Waits for a child by its number. `reap` takes the status of one that has ended (I2); only where
/// the system knows no way to wait without taking it, the status comes at once, and a signal may
/// come too late.
pub(super) fn wait_by_number(
    pid: libc::pid_t,
    reap: impl FnOnce() -> Result<Waited, Errno>,
) -> Result<Waited, Errno> {
    match ignoring_eintr(|| sys::wait_until_ended(pid)) {
        Ok(()) => reap(),
        Err(Errno(libc::ENOSYS | libc::EPERM)) => take_status(pid, Patience::Wait),
        Err(e) => Err(e),
    }
}

/// The status of a child by its number, which is nobody's afterwards.
pub(super) fn take_status(pid: libc::pid_t, patience: Patience) -> Result<Waited, Errno> {
    let options = if patience == Patience::Wait { 0 } else { libc::WNOHANG };
    Ok(ignoring_eintr(|| sys::wait4(pid, options))?.map_or(Waited::Runs, Waited::Ended))
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
