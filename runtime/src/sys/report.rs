//! Lines on stderr that cannot fail: a full disk, a dead reader of the pipe or a lack of memory
//! must not end the process.
//!
//! `eprintln!` panics where stderr cannot be written, and in a panic hook that aborts. So nothing
//! in this library uses it.

use std::fmt::{self, Write};

/// The longest line; what goes beyond is cut.
const LINE: usize = 1024;

/// Text in a fixed place: allocates nothing, so it may be used in a signal handler.
pub(crate) struct Fixed {
    bytes: [u8; LINE],
    len: usize,
}

impl Fixed {
    pub(crate) const fn new() -> Fixed {
        Fixed { bytes: [0; LINE], len: 0 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Fixed {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let n = s.len().min(LINE - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}

/// Writes one line to stderr by one write(2), or nothing if stderr does not take it.
/// Async-signal-safe.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut line = Fixed::new();
    let _ = line.write_fmt(text);
    // A line that was cut still ends.
    line.len = line.len.min(LINE - 1);
    let _ = line.write_str("\n");
    write(line.as_bytes());
}

/// Writes to stderr what it takes. Async-signal-safe.
pub(crate) fn write(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: a buffer of the caller's. The result is looked at only for progress.
        let n = unsafe { libc::write(2, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => bytes = &bytes[n..],
            _ => return,
        }
    }
}
