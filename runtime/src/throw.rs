//! The two ways in which the process ends by the runtime's will. Go: runtime/panic.go throw, fatal.
//!
//! A bug of the runtime `throw!`s with the values that show it; a program that cannot go on by its own fault (unlock
//! of an unlocked mutex, deadlock) is `fatal`. Both print Go's words and exit with status 2; neither unwinds.

use std::io::Write;

/// Prints `fatal error: ...` and ends the process with status 2.
#[cold]
#[inline(never)]
pub(crate) fn fatal(message: &str) -> ! {
    let mut text = String::with_capacity(message.len() + 16);
    text.push_str("fatal error: ");
    text.push_str(message);
    text.push('\n');
    let _ = std::io::stderr().write_all(text.as_bytes());
    exit2()
}

/// Ends the process with status 2, at once, without running exit handlers.
pub(crate) fn exit2() -> ! {
    // SAFETY: _exit does not return and runs nothing.
    unsafe { libc::_exit(2) }
}

/// A bug of the runtime: prints what was found and ends the process with status 2.
macro_rules! throw {
    ($($arg:tt)*) => {{
        #[cfg(loom)]
        panic!($($arg)*);
        #[cfg(not(loom))]
        $crate::throw::fatal(&format!($($arg)*))
    }};
}
pub(crate) use throw;
