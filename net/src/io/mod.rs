//! Copying, by the kernel where it can: from one descriptor to another without a detour through the program.
//!
//! Go: io/io.go `Copy CopyN`, net/tcpsock_posix.go `readFrom writeTo`, os/zero_copy_linux.go.
//!
//! | from \ to | TCP | unix stream | file |
//! |---|---|---|---|
//! | TCP | splice | splice, unless limited | splice |
//! | unix stream | splice | copy | splice |
//! | file | sendfile | sendfile, unless limited | copy_file_range |
//!
//! Either face's types, references to them, and an [`io::Take`] of what is read from. Everything else, and what the kernel refuses
//! before the first byte, goes through a buffer of 32 KiB.
//!
//! I1 What the kernel moved from under an [`io::Take`] is taken off its limit.

mod ends;
mod kernel;
mod splice;

use std::io::{self, Read, Write};

use crate::endpoint::{Class, CopyFailure};
use crate::poll;
use ends::{End, Source};
use kernel::Moved;

const BUFFER: usize = 32 << 10;

/// Copies until the end of `r`: how many bytes.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let (a, mut b) = gopark_net::socket_pair("unix").unwrap();
/// a.write(b"through").unwrap();
/// drop(a);
/// let mut all = Vec::new();
/// assert_eq!(gopark_net::io::copy(&mut b, &mut all).unwrap(), 7);
/// assert_eq!(all, b"through");
/// # }) } }
/// ```
///
/// # Errors
/// What reading or writing fails with.
#[doc(alias = "Copy")]
pub fn copy<R: Read + ?Sized, W: Write + ?Sized>(r: &mut R, w: &mut W) -> io::Result<u64> {
    let mut moved = 0;
    if let (Some(source), Some(to)) = (ends::source_of(r), ends::end_of(w)) {
        let result = move_by_kernel(&source, &to);
        moved = result.bytes;
        let finished = result.handled || result.error.is_some();
        if let Some(limit) = source.limit {
            ends::set_limit(r, limit - moved);
        }
        if let Some(e) = result.error {
            return Err(e);
        }
        if finished {
            return Ok(moved);
        }
    }
    let done = copy_through_buffer(r, w, &mut moved);
    done.map_err(|e| told_by_ends(ends::source_of(r).as_ref(), ends::end_of(w).as_ref(), e, moved))?;
    Ok(moved)
}

/// Copies `n` bytes, no more and no less.
///
/// # Errors
/// As [`copy`]; `UnexpectedEof` if `r` ends before.
#[doc(alias = "CopyN")]
pub fn copy_n<R: Read + ?Sized, W: Write + ?Sized>(r: &mut R, w: &mut W, n: u64) -> io::Result<u64> {
    let copied = copy(&mut Read::take(r, n), w)?;
    if copied < n {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "EOF"));
    }
    Ok(copied)
}

/// What the kernel did.
struct ByKernel {
    bytes: u64,
    /// It did all there was to do.
    handled: bool,
    error: Option<io::Error>,
}

fn move_by_kernel(source: &Source<'_>, to: &End<'_>) -> ByKernel {
    let from = &source.end;
    let limited = source.limit.is_some();
    let remain = source.limit.unwrap_or(i64::MAX as u64);
    if remain == 0 {
        return ByKernel { bytes: 0, handled: true, error: None };
    }
    let (moved, call) = match (from.class, to.class) {
        (Class::Tcp, Class::Unix) | (Class::File, Class::Unix) if limited => return by_hand(),
        (Class::Unix, Class::Unix) => return by_hand(),
        (_, Class::File) if to.owner.appends() => return by_hand(),
        (Class::File, Class::File) => (kernel::copy_file_range(to, from, remain), "copy_file_range"),
        (Class::File, Class::Tcp | Class::Unix) => (kernel::send_file(to, from, remain), "sendfile"),
        (Class::Tcp | Class::Unix, _) => (splice::splice(to, from, remain), "splice"),
    };
    let Moved { bytes, handled, error } = moved;
    let error = error.filter(|_| handled).map(|e| error_of(source, to, e, call, bytes));
    ByKernel { bytes, handled, error }
}

fn by_hand() -> ByKernel {
    ByKernel { bytes: 0, handled: false, error: None }
}

/// An error of the kernel's copying, told as in Go by the ends that do it there.
fn error_of(
    source: &Source<'_>,
    to: &End<'_>,
    error: poll::Error,
    call: &'static str,
    bytes: u64,
) -> io::Error {
    let from = &source.end;
    let failure = |op| CopyFailure { op, call, error, transferred: bytes };
    let told = match (from.class, to.class) {
        // os.File's WriteTo, which a limited reader hides.
        (Class::File, Class::Tcp | Class::Unix) if source.limit.is_none() => {
            return from.owner.copy_error(failure("read"));
        }
        (Class::Tcp, Class::Unix) => return from.owner.copy_error(failure("writeto")),
        (_, Class::Tcp | Class::Unix) => to.owner.copy_error(failure("readfrom")),
        (_, Class::File) => to.owner.copy_error(failure("write")),
    };
    told_by_source(source, told, bytes)
}

/// An error of copying by hand: a TCP connection that is copied to, and one that is copied from, put their words around it.
fn told_by_ends(
    source: Option<&Source<'_>>,
    to: Option<&End<'_>>,
    error: io::Error,
    bytes: u64,
) -> io::Error {
    let Some(source) = source else { return error };
    let told = match to {
        Some(to) if to.class == Class::Tcp => to.owner.told_by("readfrom", error, bytes),
        _ => error,
    };
    told_by_source(source, told, bytes)
}

/// Go: TCPConn.WriteTo.
fn told_by_source(source: &Source<'_>, error: io::Error, bytes: u64) -> io::Error {
    match source {
        Source { end, limit: None } if end.class == Class::Tcp => end.owner.told_by("writeto", error, bytes),
        _ => error,
    }
}

/// Go's loop; an interrupted call is tried again.
#[doc(alias = "copyBuffer")]
fn copy_through_buffer<R: Read + ?Sized, W: Write + ?Sized>(
    r: &mut R,
    w: &mut W,
    copied: &mut u64,
) -> io::Result<()> {
    let mut buf = vec![0; BUFFER];
    loop {
        let n = match r.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        w.write_all(&buf[..n])?;
        *copied += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::copy_n;
    use crate::{TcpListener, TcpStream};

    /// Between std-shaped streams too. A splice leaves its pipe in the pool; nothing else in this crate's unit tests makes one.
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
