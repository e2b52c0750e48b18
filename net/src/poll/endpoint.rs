//! What the kernel can copy from or to without a detour through the program: see [`io::copy`](crate::io::copy).
//!
//! A type whose values are such descriptors implements [`Endpoint`] beside its definition, and stands in the list of `io/ends.rs`.
//! Go: the interfaces `io.ReaderFrom` and `io.WriterTo` of `net.TCPConn`, `net.UnixConn` and `os.File`.

use std::io;

use super::{Direction, Error, Fd};
use crate::error::Partial;

/// What a descriptor is, for copying.
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
    /// The descriptor and what it is; none if this one is not to be copied from and to by the kernel: a datagram socket, one that must
    /// not wait.
    fn descriptor(&self) -> Option<(&Fd, Class)>;

    /// A file opened to be appended to: the kernel does not copy to such a one.
    fn appends(&self) -> bool {
        false
    }

    /// Called before each call that may wait: a timeout that counts for each call starts anew.
    fn begin(&self, direction: Direction) -> Result<(), Error> {
        let _ = direction;
        Ok(())
    }

    /// What stopped a copy, in the owner's words: `op` is Go's name of the operation ("readfrom", "read", "write"; empty: the reason
    /// alone), `call` the system call.
    fn copy_error(&self, op: &'static str, call: &'static str, stopped: Partial<Error>) -> io::Error;

    /// Writes all of `buf` as one write of Go's: no other writer comes in between, and the error is the one that stopped it.
    /// `None`: the type has no such write, and std's `Write` is used.
    fn write_whole(&self, buf: &[u8]) -> Option<Result<u64, Partial<io::Error>>> {
        let _ = buf;
        None
    }

    /// What stopped a copy that this end was asked to do, after so many bytes. Of Go's types a TCP connection puts its own name before it.
    fn stopped(&self, op: &'static str, stopped: Partial<io::Error>) -> io::Error {
        let _ = op;
        stopped.error
    }
}
