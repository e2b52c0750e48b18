//! Copying, by the kernel where it can: from one descriptor to another without a detour through the
//! program.
//!
//! ```
//! # unsafe { gopark::run(|| {
//! let (mut from, mut to) = gopark::os::pipe().unwrap();
//! gopark::io::copy(&mut &b"hello"[..], &mut to).unwrap();
//! drop(to);
//! let mut all = Vec::new();
//! assert_eq!(gopark::io::copy(&mut from, &mut all).unwrap(), 5);
//! # }) }
//! ```
//!
//! Go: io/io.go `Copy CopyN`, net/tcpsock_posix.go `readFrom writeTo`, os/zero_copy_linux.go.
//!
//! | from \ to | TCP | unix stream | file |
//! |---|---|---|---|
//! | TCP | splice | splice, unless limited | splice |
//! | unix stream | splice | copy | splice |
//! | file | sendfile | sendfile, unless limited | copy_file_range |
//!
//! This holds for the types of both faces, references to them, and an [`io::Take`] of the source.
//! Everything else, and what the kernel refuses before the first byte, goes through a buffer of 32
//! KiB; memory at either end is read or written directly, as Go's `bytes` do it.
//!
//! Errors are those of Go's `io.Copy`: a TCP connection that takes part puts its name before the
//! cause. "writeto" as a source (of a whole copy),
//! "readfrom" as a destination: "writeto tcp A->B: readfrom tcp C->D: splice: connection reset by
//! peer".

// I1 What the kernel moved from under an `io::Take` is taken off its limit.

mod ends;
mod kernel;
mod memory;
mod splice;

use std::io::{self, Read, Write};

use crate::error::{OpError, Partial};
use crate::os::PathError;
use crate::poll::Error;
use crate::poll::endpoint::Class;
use ends::{End, Source};
use kernel::Moved;

const BUFFER: usize = 32 << 10;

/// Copies until the end of `r`. Returns the number of bytes.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let (a, mut b) = gopark::net::socket_pair("unix").unwrap();
/// a.write(b"through").unwrap();
/// drop(a);
/// let mut all = Vec::new();
/// assert_eq!(gopark::io::copy(&mut b, &mut all).unwrap(), 7);
/// assert_eq!(all, b"through");
/// # }) } }
/// ```
///
/// # Errors
/// What reading or writing fails with. If that is an [`OpError`] or a
/// [`PathError`], its `transferred` is the number of bytes that the copy
/// wrote before. [`copy_counted`] returns that number with any error.
#[doc(alias = "Copy")]
pub fn copy<R: Read + ?Sized, W: Write + ?Sized>(r: &mut R, w: &mut W) -> io::Result<u64> {
    copy_or_part(r, w).map_err(|stopped| stopped.error)
}

/// As [`copy`], with the number of bytes also where the copy fails, as Go's `io.Copy` returns both.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let (a, b) = gopark_net::socket_pair("unix").unwrap();
/// drop(b);
/// let (copied, result) = gopark_net::io::copy_counted(&mut &b"to nobody"[..], &mut &a);
/// assert_eq!((copied, result.unwrap_err().kind()), (0, std::io::ErrorKind::BrokenPipe));
/// # }) } }
/// ```
///
/// # Errors
/// As [`copy`].
pub fn copy_counted<R: Read + ?Sized, W: Write + ?Sized>(r: &mut R, w: &mut W) -> (u64, io::Result<()>) {
    match copy_or_part(r, w) {
        Ok(bytes) => (bytes, Ok(())),
        Err(Partial { bytes, error }) => (bytes, Err(error)),
    }
}

/// Copies `n` bytes, no more and no less.
///
/// # Errors
/// As [`copy`]; `UnexpectedEof` if `r` ends before.
///
/// ```
/// let mut to = Vec::new();
/// assert_eq!(gopark::io::copy_n(&mut &b"a line and more"[..], &mut to, 6).unwrap(), 6);
/// assert_eq!(to, b"a line");
/// ```
#[doc(alias = "CopyN")]
pub fn copy_n<R: Read + ?Sized, W: Write + ?Sized>(r: &mut R, w: &mut W, n: u64) -> io::Result<u64> {
    let copied = copy(&mut Read::take(r, n), w)?;
    if copied < n {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "EOF"));
    }
    Ok(copied)
}

fn copy_or_part<R: Read + ?Sized, W: Write + ?Sized>(
    r: &mut R,
    w: &mut W,
) -> Result<u64, Partial<io::Error>> {
    let copied = match memory::copy_from_memory(r, w) {
        Some(written) => written,
        None => copy_asking(r, w).map_err(|stopped| match ends::source_of(r) {
            Some(Source { end, limit: None }) if end.class == Class::Tcp => {
                Partial { bytes: stopped.bytes, error: end.owner.stopped("writeto", stopped) }
            }
            _ => stopped,
        }),
    };
    copied.map_err(|Partial { bytes, error }| Partial { bytes, error: counted(error, bytes) })
}

/// The error with the bytes of the whole copy, if it has a place for them: it may come from the
/// last write, which has counted its own.
fn counted(error: io::Error, bytes: u64) -> io::Error {
    let error = match error.downcast::<OpError>() {
        Ok(op) => return op.with_transferred(bytes).into(),
        Err(error) => error,
    };
    match error.downcast::<PathError>() {
        Ok(path) => path.with_transferred(bytes).into(),
        Err(error) => error,
    }
}

/// By the kernel, or else by hand: the destination's part of Go's `ReadFrom`.
fn copy_asking<R: Read + ?Sized, W: Write + ?Sized>(r: &mut R, w: &mut W) -> Result<u64, Partial<io::Error>> {
    let mut moved = 0;
    if let (Some(source), Some(to)) = (ends::source_of(r), ends::end_of(w)) {
        let by_kernel = move_by_kernel(&source, &to);
        if let Some(limit) = source.limit {
            ends::set_limit(r, limit - by_kernel.bytes());
        }
        match by_kernel {
            Moved::Done(result) => return result,
            Moved::Rest(bytes) => moved = bytes,
        }
    }
    let copied = match memory::copy_to_memory(r, w) {
        Some(copied) => copied,
        None => copy_through_buffer(r, w),
    };
    copied.map(|bytes| moved + bytes).map_err(|stopped| {
        let stopped = stopped.after(moved);
        match ends::end_of(w) {
            Some(to) if to.class == Class::Tcp => {
                Partial { bytes: stopped.bytes, error: to.owner.stopped("readfrom", stopped) }
            }
            _ => stopped,
        }
    })
}

fn move_by_kernel(source: &Source<'_>, to: &End<'_>) -> Moved<io::Error> {
    let from = &source.end;
    let limited = source.limit.is_some();
    let remain = source.limit.unwrap_or(i64::MAX as u64);
    if remain == 0 {
        return Moved::Done(Ok(0));
    }
    let (moved, call) = match (from.class, to.class) {
        (Class::Tcp, Class::Unix) | (Class::File, Class::Unix) if limited => return Moved::Rest(0),
        (Class::Unix, Class::Unix) => return Moved::Rest(0),
        (_, Class::File) if to.owner.appends() => return Moved::Rest(0),
        (Class::File, Class::File) => (kernel::copy_file_range(to, from, remain), "copy_file_range"),
        (Class::File, Class::Tcp | Class::Unix) => (kernel::send_file(to, from, remain), "sendfile"),
        (Class::Tcp | Class::Unix, _) => (splice::splice(to, from, remain), "splice"),
    };
    match moved {
        Moved::Rest(bytes) => Moved::Rest(bytes),
        Moved::Done(result) => {
            Moved::Done(result.map_err(|stopped| Partial {
                bytes: stopped.bytes,
                error: error_of(source, to, call, stopped),
            }))
        }
    }
}

/// The error in the words of the end by which Go makes the kernel's call.
fn error_of(source: &Source<'_>, to: &End<'_>, call: &'static str, stopped: Partial<Error>) -> io::Error {
    let from = &source.end;
    match (from.class, to.class) {
        (Class::File, Class::Tcp | Class::Unix) if source.limit.is_none() => {
            from.owner.copy_error("read", call, stopped)
        }
        (_, Class::Tcp) => to.owner.copy_error("readfrom", call, stopped),
        (_, Class::File) => to.owner.copy_error("write", call, stopped),
        // A whole TCP connection: `copy` puts its "writeto" before it.
        (_, Class::Unix) => from.owner.copy_error("", call, stopped),
    }
}

/// Go's loop; an interrupted call is tried again.
#[doc(alias = "copyBuffer")]
fn copy_through_buffer<R: Read + ?Sized, W: Write + ?Sized>(
    r: &mut R,
    w: &mut W,
) -> Result<u64, Partial<io::Error>> {
    let mut buf = vec![0; BUFFER];
    let mut bytes = 0;
    loop {
        let n = match r.read(&mut buf) {
            Ok(0) => return Ok(bytes),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Partial { bytes, error }),
        };
        match write_counted(w, &buf[..n]) {
            Ok(n) => bytes += n,
            Err(stopped) => return Err(stopped.after(bytes)),
        }
    }
}

/// `write_all` that counts the bytes which went out before an error.
fn write_counted<W: Write + ?Sized>(w: &mut W, buf: &[u8]) -> Result<u64, Partial<io::Error>> {
    if let Some(written) = ends::end_of(w).and_then(|to| to.owner.write_whole(buf)) {
        return written;
    }
    let mut done = 0;
    while done < buf.len() {
        let error = match w.write(&buf[done..]) {
            Ok(0) => io::ErrorKind::WriteZero.into(),
            Ok(n) => {
                done += n;
                continue;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => error,
        };
        return Err(Partial { bytes: done as u64, error });
    }
    Ok(done as u64)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::copy_n;
    use crate::{TcpListener, TcpStream};

    /// Between std-shaped streams too. A splice leaves its pipe in the pool; nothing else in this
    /// crate's unit tests makes one.
    #[test]
    fn the_kernel_copies_between_std_shaped_streams() {
        // SAFETY: nothing thread-bound lives across a call that parks.
        unsafe {
            gopark_runtime::run(|| {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let addr = listener.local_addr().unwrap();
                let pair = || (TcpStream::connect(addr).unwrap(), listener.accept().unwrap().0);
                let ((a, b), (c, _d)) = (pair(), pair());
                (&a).write_all(b"x").unwrap();
                assert_eq!(super::splice::pooled(), 0);
                assert_eq!(copy_n(&mut &b, &mut &c, 1).unwrap(), 1);
                assert_eq!(super::splice::pooled(), 1);
            });
        }
    }
}
