//! Starting a child: clone, and what the child does until it is another program.
//!
//! Go: syscall/exec_linux.go `forkAndExecInChild1`, syscall/exec_unix.go `forkExec`,
//! os/pidfd_linux.go `checkPidfd`.
//!
//! The child shares the parent's memory, the stack included, and the parent sleeps until the child
//! has become another program or ended (CLONE_VM | CLONE_VFORK). It is the cheapest way to start a
//! program, and what Go does. A child that runs functions of the user has its own memory, as the
//! user of std's `pre_exec` expects, and the parent goes on.
//!
//! I1 The child never returns from the assembly that made it: it calls [`child`] below the parent's
//!    frame, so that frame is whole when the parent goes on.
//! I2 The child makes raw system calls on what the parent prepared: no allocation, no lock, no
//!    unwinding. What the user's functions do is the user's duty.
//! I3 Signals are blocked across the clone; the child takes the parent's handlers off before it
//!    lets signals in, as they would run in the parent's memory.

use std::arch::asm;
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

use crate::sys::{self, Errno};

/// A function of the user's for the child.
pub(super) type PreExec = Box<dyn FnMut() -> io::Result<()> + Send + Sync>;

const CHILD_FAILED: i32 = 253;

/// What the child needs, all prepared by the parent.
pub(super) struct Plan<'a> {
    /// The first that can be run becomes the program: [`goes_on_after`].
    pub(super) programs: &'a [CString],
    /// One before them may not be run.
    pub(super) denied: bool,
    /// Ends with a null pointer.
    pub(super) argv: &'a [*const libc::c_char],
    /// Ends with a null pointer.
    pub(super) envp: &'a [*const libc::c_char],
    pub(super) dir: Option<&'a CString>,
    /// A process group to join; 0 makes one.
    pub(super) group: Option<libc::pid_t>,
    pub(super) uid: Option<libc::uid_t>,
    pub(super) gid: Option<libc::gid_t>,
    /// Supplementary groups that were asked for.
    pub(super) groups: Option<&'a [libc::gid_t]>,
    /// What the child calls last.
    pub(super) pre_exec: &'a mut [PreExec],
    /// The child's descriptors 0, 1, 2. The child shuffles them here (the memory is shared, the
    /// parent is done with them).
    pub(super) files: [RawFd; 3],
    /// Where the child says why it failed; close-on-exec. -1: there is no child.
    pub(super) error_pipe: RawFd,
    /// Whether a descriptor for the child is wanted.
    pub(super) with_pidfd: bool,
    /// What the child does first.
    pub(super) role: Role,
}

/// What a child is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// To become the program.
    Exec,
    /// There is none: we become the program ourselves.
    Replace,
    /// To end at once: whether clone works is what is asked.
    Probe,
}

/// A process descriptor that we own. Not std's `OwnedFd`, whose close is two calls in a debug build.
#[derive(Debug)]
pub(super) struct Pidfd(RawFd);

impl AsRawFd for Pidfd {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl Drop for Pidfd {
    fn drop(&mut self) {
        let _ = sys::close(self.0);
    }
}

/// A child: its process number and a descriptor that stands for it, if the plan asks for one.
pub(super) struct Forked {
    pub(super) pid: libc::pid_t,
    pub(super) pidfd: Option<Pidfd>,
}

/// Makes the child. Returns when it has become the program, or failed (then the error pipe says
/// why); if it has functions of the user's to run, that comes later.
pub(super) fn fork(plan: &mut Plan<'_>) -> Result<Forked, Errno> {
    let mask = block_signals();
    let forked = if plan.pre_exec.is_empty() { share_memory(plan) } else { copy_memory(plan) };
    restore_signals(&mask);
    forked
}

#[inline(never)]
fn share_memory(plan: &mut Plan<'_>) -> Result<Forked, Errno> {
    let mut pidfd: libc::c_int = -1;
    let signal = if plan.role == Role::Exec { libc::SIGCHLD } else { 0 };
    let with_pidfd = if plan.with_pidfd { libc::CLONE_PIDFD } else { 0 };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | with_pidfd | signal;
    // SAFETY: plan and pidfd outlive the child's use of them: the parent sleeps until then.
    let pid = unsafe { clone_and_run(flags, &raw mut pidfd, ptr::from_mut(plan).cast()) };
    if pid < 0 {
        return Err(Errno(-pid as i32));
    }
    let pid = pid as libc::pid_t;
    if plan.with_pidfd { forked(pid, Ok(pidfd)) } else { Ok(Forked { pid, pidfd: None }) }
}

/// Through the C library, so that its allocator works in the child.
#[inline(never)]
fn copy_memory(plan: &mut Plan<'_>) -> Result<Forked, Errno> {
    // SAFETY: the child does what I2 says, below this frame, and does not return.
    let pid = match unsafe { libc::fork() } {
        ..0 => return Err(sys::last_errno()),
        // SAFETY: as above; the plan is the child's own copy.
        0 => unsafe { child(plan) },
        pid => pid,
    };
    if plan.with_pidfd { forked(pid, sys::pidfd_open(pid)) } else { Ok(Forked { pid, pidfd: None }) }
}

/// A child that was made, with its descriptor; without one it ends.
fn forked(pid: libc::pid_t, pidfd: Result<RawFd, Errno>) -> Result<Forked, Errno> {
    match pidfd.and_then(sys::above_standard) {
        // SAFETY: the kernel made it for us.
        Ok(pidfd) => Ok(Forked { pid, pidfd: Some(Pidfd(pidfd)) }),
        Err(e) => {
            // Nobody has waited for it.
            let _ = sys::kill(pid, libc::SIGKILL);
            let _ = sys::ignoring_eintr(|| sys::wait4(pid, libc::__WALL));
            Err(e)
        }
    }
}

/// Becomes the program. Returns only if that fails, with why.
pub(super) fn replace(plan: &mut Plan<'_>) -> Errno {
    let mask = block_signals();
    // SAFETY: SIGPIPE's action is set to the default, and back to what it was.
    unsafe {
        let mut before = MaybeUninit::<libc::sigaction>::uninit();
        libc::sigaction(libc::SIGPIPE, MaybeUninit::zeroed().as_ptr(), before.as_mut_ptr());
        let errno = become_program(plan);
        libc::sigaction(libc::SIGPIPE, before.as_ptr(), ptr::null_mut());
        restore_signals(&mask);
        Errno(errno)
    }
}

/// clone(2) with the parent's own stack. In the child: `child(plan)`, which does not return (I1).
///
/// # Safety
/// `pidfd` and `plan` are valid, and the flags hold CLONE_VM and CLONE_VFORK.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
unsafe fn clone_and_run(flags: i32, pidfd: *mut libc::c_int, plan: *mut Plan<'_>) -> i64 {
    let ret: i64;
    // SAFETY: the system call has the arguments of clone(2). The child gets the stack pointer as it
    // is, aligns it and calls below it; without `nostack` the compiler keeps nothing below the
    // stack pointer. The parent resumes after the child is gone from this memory, with all its
    // registers; rcx and r11 are the call's own, the others are the child's to change.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",    // the child: no frame above
            "and rsp, -16",    // as a call wants it
            "mov rdi, r12",
            "call {child}",
            "ud2",
            "2:",
            child = sym child,
            inlateout("rax") libc::SYS_clone => ret,
            in("rdi") i64::from(flags),
            in("rsi") 0_i64,   // the parent's own stack
            in("rdx") pidfd,
            in("r10") 0_i64,
            in("r8") 0_i64,
            in("r12") plan,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    ret
}

/// As above.
///
/// # Safety
/// As above.
#[cfg(target_arch = "aarch64")]
#[inline(never)]
unsafe fn clone_and_run(flags: i32, pidfd: *mut libc::c_int, plan: *mut Plan<'_>) -> i64 {
    let ret: i64;
    // SAFETY: as above; the stack pointer is aligned always here, and the link register is not kept
    // by the child, which never returns.
    unsafe {
        asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x20",
            "bl {child}",
            "brk 1",
            "2:",
            child = sym child,
            in("x8") libc::SYS_clone,
            inlateout("x0") i64::from(flags) => ret,
            in("x1") 0_i64,
            in("x2") pidfd,
            in("x3") 0_i64,
            in("x4") 0_i64,
            in("x20") plan,
            lateout("x30") _,
        );
    }
    ret
}

/// The child, from its first instruction to its last (I2).
///
/// # Safety
/// The plan is valid, and not used by anything else in the meantime.
unsafe extern "C" fn child(plan: *mut Plan<'_>) -> ! {
    // SAFETY: the caller's duty.
    let plan = unsafe { &mut *plan };
    if plan.role == Role::Probe {
        exit(libc::SYS_exit_group, 0);
    }
    // A word, as in Go.
    let errno = become_program(plan) as usize;
    // SAFETY: writes the bytes of a local to a descriptor of ours.
    unsafe { libc::syscall(libc::SYS_write, plan.error_pipe, ptr::from_ref(&errno), size_of::<usize>()) };
    exit(libc::SYS_exit, CHILD_FAILED)
}

fn exit(call: libc::c_long, status: i32) -> ! {
    loop {
        // SAFETY: ends the process.
        unsafe { libc::syscall(call, status) };
    }
}

/// Returns only with the number of what failed.
fn become_program(plan: &mut Plan<'_>) -> i32 {
    let mut done = || -> Result<(), i32> {
        if let Some(group) = plan.group {
            raw(libc::SYS_setpgid, [0, i64::from(group), 0])?;
        }
        if plan.role != Role::Replace {
            default_handlers();
        }
        unblock_signals();
        change_identity(plan)?;
        if let Some(dir) = plan.dir {
            raw(libc::SYS_chdir, [dir.as_ptr() as i64, 0, 0])?;
        }
        place_files(&mut plan.files, &mut plan.error_pipe)?;
        for f in plan.pre_exec.iter_mut() {
            if let Err(e) = f() {
                return Err(e.raw_os_error().unwrap_or(libc::EINVAL));
            }
        }
        exec_first(plan)
    };
    match done() {
        Ok(()) => libc::ENOEXEC, // execve does not return when it succeeds
        Err(errno) => errno,
    }
}

/// Whether the next folder of PATH is tried after this error: as execvp(3), which std calls.
pub(super) fn goes_on_after(errno: i32) -> bool {
    matches!(
        errno,
        libc::EACCES | libc::ENOENT | libc::ESTALE | libc::ENOTDIR | libc::ENODEV | libc::ETIMEDOUT
    )
}

/// Becomes the first of the programs that can be run. Of the errors that do not end the search,
/// EACCES is the one to report.
fn exec_first(plan: &Plan<'_>) -> Result<(), i32> {
    let (argv, envp) = (plan.argv.as_ptr() as i64, plan.envp.as_ptr() as i64);
    let (mut denied, mut last) = (plan.denied, libc::ENOENT);
    for program in plan.programs {
        match raw(libc::SYS_execve, [program.as_ptr() as i64, argv, envp]) {
            Err(errno) if goes_on_after(errno) => {
                denied |= errno == libc::EACCES;
                last = errno;
            }
            other => return other,
        }
    }
    Err(if denied { libc::EACCES } else { last })
}

/// Supplementary groups, group, user: in Go's order, for after the user no right to change the
/// others may be left.
fn change_identity(plan: &Plan<'_>) -> Result<(), i32> {
    match plan.groups {
        Some(groups) => raw(libc::SYS_setgroups, [groups.len() as i64, groups.as_ptr() as i64, 0])?,
        // Another user or group does not keep our supplementary groups. EPERM: we have no right to
        // change any, which is no failure, as with std: what follows fails if it changes anything.
        None if plan.uid.is_some() || plan.gid.is_some() => match raw(libc::SYS_setgroups, [0, 0, 0]) {
            Ok(()) | Err(libc::EPERM) => {}
            Err(errno) => return Err(errno),
        },
        None => {}
    }
    if let Some(gid) = plan.gid {
        raw(libc::SYS_setgid, [i64::from(gid), 0, 0])?;
    }
    if let Some(uid) = plan.uid {
        raw(libc::SYS_setuid, [i64::from(uid), 0, 0])?;
    }
    Ok(())
}

/// Puts the files at 0, 1, 2 without one treading on another. Go: passes 1 and 2.
fn place_files(files: &mut [RawFd; 3], pipe: &mut RawFd) -> Result<(), i32> {
    let mut next = files.iter().copied().fold(files.len() as RawFd, RawFd::max) + 1;
    if (0..next).contains(pipe) {
        dup3(*pipe, next, libc::O_CLOEXEC)?;
        *pipe = next;
        next += 1;
    }
    for (i, file) in (0..).zip(files.iter_mut()) {
        if *file >= 0 && *file < i {
            if next == *pipe {
                next += 1;
            }
            dup3(*file, next, libc::O_CLOEXEC)?;
            *file = next;
            next += 1;
        }
    }
    for (i, &fd) in (0..).zip(files.iter()) {
        if fd == i {
            match raw(libc::SYS_fcntl, [i64::from(fd), i64::from(libc::F_SETFD), 0]) {
                // Closed here, and inherited so, as with std.
                Ok(()) | Err(libc::EBADF) => {}
                Err(errno) => return Err(errno),
            }
        } else {
            dup3(fd, i, 0)?;
        }
    }
    Ok(())
}

fn dup3(from: RawFd, to: RawFd, flags: i32) -> Result<(), i32> {
    raw(libc::SYS_dup3, [i64::from(from), i64::from(to), i64::from(flags)])
}

fn raw(call: libc::c_long, [a, b, c]: [i64; 3]) -> Result<(), i32> {
    // SAFETY: the callers pass numbers, or pointers into the parent's plan, as the calls want them.
    // errno is the parent thread's: it reads it only after its own calls.
    let ret = unsafe { libc::syscall(call, a, b, c) };
    // SAFETY: errno's address is valid on every thread.
    if ret < 0 { Err(unsafe { *libc::__errno_location() }) } else { Ok(()) }
}

/// I3. What is ignored stays ignored, but for SIGPIPE, which Rust ignores and programs do not
/// expect so.
#[doc(alias = "clearSignalHandlers")]
fn default_handlers() {
    for signal in 1..=64 {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: all-zero is the default action; the system fills or reads valid structures.
        unsafe {
            if libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) != 0 {
                continue;
            }
            let handler = action.assume_init().sa_sigaction;
            let ignored = handler == libc::SIG_IGN && signal != libc::SIGPIPE;
            if handler != libc::SIG_DFL && !ignored {
                libc::sigaction(signal, MaybeUninit::zeroed().as_ptr(), ptr::null_mut());
            }
        }
    }
}

fn unblock_signals() {
    let mut none = MaybeUninit::uninit();
    // SAFETY: sigemptyset fills the set before it is used.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
    }
}

#[doc(alias = "runtime_BeforeFork")]
fn block_signals() -> libc::sigset_t {
    let (mut all, mut old) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset fills the one, pthread_sigmask the other.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr());
        old.assume_init()
    }
}

fn restore_signals(mask: &libc::sigset_t) {
    // SAFETY: a mask the system gave us.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) };
}
