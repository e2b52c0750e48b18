//! Threads as the kernel knows them.

/// Sleeps the thread; used by the scheduler's back-offs and by sysmon.
/// Go: runtime/sys_linux_amd64.s usleep.
#[inline(never)]
pub(crate) fn usleep(us: u32) {
    let ts = libc::timespec { tv_sec: i64::from(us / 1_000_000), tv_nsec: i64::from(us % 1_000_000) * 1000 };
    // SAFETY: ts is valid; the remaining time is not wanted.
    unsafe { libc::nanosleep(&ts, std::ptr::null_mut()) };
}

/// The calling thread's number. gettid(2).
pub(crate) fn gettid() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// The processor time that a thread of this process has used, in nanoseconds; `None` if there is no
/// such thread.
pub(crate) fn thread_cpu_ns(tid: i32) -> Option<i64> {
    // The clock's number holds the tid (pthread_getcpuclockid(3) makes the same of a pthread_t):
    // per thread, scheduler's count.
    const PER_THREAD_SCHED: libc::clockid_t = 6;
    let clock = !tid << 3 | PER_THREAD_SCHED;
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: ts is a valid place for the result; the kernel refuses a tid of another process.
    let done = unsafe { libc::clock_gettime(clock, &mut ts) } == 0;
    done.then_some(ts.tv_sec * 1_000_000_000 + ts.tv_nsec)
}

/// Whether the thread sleeps in the kernel; false if /proc does not say.
pub(crate) fn thread_sleeps(tid: i32) -> bool {
    // `TID (NAME) STATE ...`; the name may hold anything.
    let stat = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('S' | 'D'))
}

/// The number of processors that the process may run on; `None` if there are more than the C
/// library's set holds. sched_getaffinity(2): one call that reads no file (std's count also
/// considers cgroup quotas, which are not processors).
pub(crate) fn processors() -> Option<usize> {
    // SAFETY: a set of bits, for which zeroes are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is valid and has the size that is said.
    let done = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &mut set) } == 0;
    // SAFETY: as above.
    done.then(|| unsafe { libc::CPU_COUNT(&set) } as usize)
}

/// The number of the process's threads; `None` if /proc does not say.
pub(crate) fn thread_count() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}
