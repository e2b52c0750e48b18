//! Threads as the kernel knows them.

/// Sleeps the thread; used by the scheduler's back-offs and by sysmon. Go: runtime/sys_linux_amd64.s usleep.
#[inline(never)]
pub(crate) fn usleep(us: u32) {
    let ts = libc::timespec { tv_sec: i64::from(us / 1_000_000), tv_nsec: i64::from(us % 1_000_000) * 1000 };
    // SAFETY: ts is valid; the remaining time is not wanted.
    unsafe { libc::nanosleep(&ts, std::ptr::null_mut()) };
}

/// The kernel's number of the calling thread.
pub(crate) fn gettid() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::gettid() }
}

/// Linux 6.12: how long a turn a thread of the ordinary scheduling class asks for. Short turns come sooner, long ones later; the share
/// of the processor stays the same. 0 is the system's default. Elsewhere it has no effect.
#[inline(never)]
pub(crate) fn set_slice(tid: i32, slice_ns: u64) {
    /// struct sched_attr, SCHED_ATTR_SIZE_VER0.
    #[repr(C)]
    struct SchedAttr {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        runtime: u64,
        deadline: u64,
        period: u64,
    }
    let mut attr =
        SchedAttr { size: 48, policy: 0, flags: 0, nice: 0, priority: 0, runtime: 0, deadline: 0, period: 0 };
    // SAFETY: attr has the size that it says. The thread's nice value and policy are read first, to be left as they are.
    unsafe {
        if libc::syscall(libc::SYS_sched_getattr, tid, &raw mut attr, size_of::<SchedAttr>(), 0) == 0
            && attr.policy == 0
        {
            attr.runtime = slice_ns;
            libc::syscall(libc::SYS_sched_setattr, tid, &raw const attr, 0);
        }
    }
}

/// How many threads the process has; `None` where /proc does not tell.
pub(crate) fn thread_count() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}
