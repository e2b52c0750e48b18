//! futex(2), private to the process. Go: runtime/os_linux.go futexsleep, futexwakeup.

use std::sync::atomic::AtomicU32;

/// Sleeps while `*word == expected`. Wakes spuriously too.
#[doc(alias = "futexsleep")]
#[inline(never)]
pub(crate) fn futex_wait(word: &AtomicU32, expected: u32) {
    // SAFETY: the word is a live aligned u32; there is no time limit.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            expected,
            std::ptr::null::<libc::timespec>(),
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
