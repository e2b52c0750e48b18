//! What the kernel can copy from or to without a detour through the program: see
//! [`io::copy`](crate::io::copy).
//!
//! A type with such a descriptor implements [`Endpoint`] next to its definition and is listed in
//! `io/ends.rs`. Go: the interfaces `io.ReaderFrom` and `io.WriterTo` of `net.TCPConn`,
//! `net.UnixConn` and `os.File`.

use std::io;

use super::{Direction, Error, Fd};
use crate::error::Partial;

/// The class of a descriptor, for copying.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Tcp,
    /// A unix stream.
    Unix,
    /// A file, a pipe, a device.
    File,
}

/// The owner of a descriptor that takes part in copies.
pub(crate) trait Endpoint {
    /// The descriptor and its class. `None` if the kernel must not copy from or to this one: a
    /// datagram socket, or one that must not wait.
    fn descriptor(&self) -> Option<(&Fd, Class)>;

    /// Whether this is a file in append mode, which the kernel does not copy to.
    fn appends(&self) -> bool {
        false
    }

    /// Called before each call that may wait: a timeout for each call starts again.
    fn begin(&self, direction: Direction) -> Result<(), Error> {
        let _ = direction;
        Ok(())
    }

    /// What stopped a copy, in the owner's words: `op` is Go's name of the operation ("readfrom",
    /// "read", "write"; empty: the reason alone), `call` the system call.
    fn copy_error(&self, op: &'static str, call: &'static str, stopped: Partial<Error>) -> io::Error;

    /// Writes all of `buf` as one write of Go's: no other writer comes in between, and the error is
    /// the one that stopped it. `None`: the type has no such write, and std's `Write` is used.
    fn write_whole(&self, buf: &[u8]) -> Option<Result<u64, Partial<io::Error>>> {
        let _ = buf;
        None
    }

    /// What stopped a copy that this end was asked to do. A TCP connection puts its own name before
    /// it, as in Go.
    fn stopped(&self, op: &'static str, stopped: Partial<io::Error>) -> io::Error {
        let _ = op;
        stopped.error
    }
}
