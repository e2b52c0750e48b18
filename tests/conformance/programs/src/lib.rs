//! Go's `fmt.Println` as the twins need it: each call is one write(2), and an absent error prints `<nil>`.
//!
//! The programs themselves are in `src/bin`, a folder each; `tests/like_go.rs` runs every folder that it finds there.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;

/// One line, one `write(2)`, as `fmt.Println` makes it.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::line(format_args!($($arg)*)) };
}

/// Writes one line to standard output at once.
pub fn line(args: fmt::Arguments<'_>) {
    let mut text = String::new();
    writeln!(text, "{args}").expect("a String takes everything");
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("standard output");
}

/// Go's `err`: the error's text, or `<nil>`.
pub fn err<T, E: Display>(r: &Result<T, E>) -> String {
    match r {
        Ok(_) => "<nil>".into(),
        Err(e) => e.to_string(),
    }
}

/// Go's `n, err` after a read into a buffer that is not empty: zero bytes are `EOF`.
pub fn read<E: Display>(r: &Result<usize, E>) -> String {
    match r {
        Ok(0) => "0 EOF".into(),
        Ok(n) => format!("{n} <nil>"),
        Err(e) => format!("0 {e}"),
    }
}

/// Go's `string(buf[:n]), err` after a read into `buf`.
pub fn text<E: Display>(buf: &[u8], r: &Result<usize, E>) -> String {
    match r {
        Ok(0) => " EOF".into(),
        Ok(n) => format!("{} <nil>", String::from_utf8_lossy(&buf[..*n])),
        Err(e) => format!(" {e}"),
    }
}

/// Go's `n, err` of calls that give a count, EOF being no error (a copy, a write to nobody).
pub fn count<N: Display, E: Display>(r: &Result<N, E>) -> String {
    match r {
        Ok(n) => format!("{n} <nil>"),
        Err(e) => format!("0 {e}"),
    }
}

/// `os.IsNotExist` of Go's `os.Lstat`, with the system call that Go makes (std's is statx).
pub fn lstat_missing(path: &std::ffi::CStr) -> bool {
    // SAFETY: a stat is plain data; zero is a valid value.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a NUL, `st` is writable for the call.
    let r = unsafe { libc::fstatat(libc::AT_FDCWD, path.as_ptr(), &mut st, libc::AT_SYMLINK_NOFOLLOW) };
    r < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::NotFound
}

/// Go's `os.Remove`, with the system call that Go makes (std's is unlink).
pub fn remove(path: &std::ffi::CStr) -> std::io::Result<()> {
    // SAFETY: the path ends with a NUL.
    match unsafe { libc::unlinkat(libc::AT_FDCWD, path.as_ptr(), 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
