//! futex(2), private to the process. Go: runtime/os_linux.go futexsleep, futexwakeup.

use std::sync::atomic::AtomicU32;

/// Sleeps while `*word == expected`, at most `timeout_ns` (`None`: without limit). Wakes spuriously too.
#[doc(alias = "futexsleep")]
#[inline(never)]
pub(crate) fn futex_wait(word: &AtomicU32, expected: u32, timeout_ns: Option<i64>) {
    let ts = timeout_ns.map(|ns| libc::timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 });
    let ts_ptr = ts.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
    // SAFETY: the word is a live aligned u32 and ts_ptr is null or points to ts, which outlives the call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            expected,
            ts_ptr,
        );
    }
}

/// Wakes at most `count` threads that sleep on the word.
///
/// Async-signal-safe.
#[doc(alias = "futexwakeup")]
#[inline(never)]
pub(crate) fn futex_wake(word: &AtomicU32, count: i32) {
    // SAFETY: the word is only used as an address; the kernel does not write to it.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count);
    }
}
