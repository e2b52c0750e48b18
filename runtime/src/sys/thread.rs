//! Threads as the kernel knows them.

/// Sleeps the thread; used by the scheduler's back-offs and by sysmon. Go: runtime/sys_linux_amd64.s usleep.
#[inline(never)]
pub(crate) fn usleep(us: u32) {
    let ts = libc::timespec { tv_sec: i64::from(us / 1_000_000), tv_nsec: i64::from(us % 1_000_000) * 1000 };
    // SAFETY: ts is valid; the remaining time is not wanted.
    unsafe { libc::nanosleep(&ts, std::ptr::null_mut()) };
}

/// How many threads the process has; `None` where /proc does not tell.
pub(crate) fn thread_count() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}
