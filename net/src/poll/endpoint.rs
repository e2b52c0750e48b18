//! What the kernel can copy from or to without a detour through the program: see [`io::copy`](crate::io::copy).
//!
//! A type whose values are such descriptors implements [`Endpoint`] beside its definition, and stands in the list of `io/ends.rs`.
//! Go: the interfaces `io.ReaderFrom` and `io.WriterTo` of `net.TCPConn`, `net.UnixConn` and `os.File`.

use std::io;

use crate::poll::{Direction, Error, Fd};

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

    /// The failure in the owner's words.
    fn copy_error(&self, failure: CopyFailure) -> io::Error;

    /// Writes all of `buf` as one write of Go's: no other writer comes in between, and the error is the one that stopped it.
    /// `None`: the type has no such write, and std's `Write` is used.
    fn write_whole(&self, buf: &[u8]) -> Option<Result<u64, Stopped>> {
        let _ = buf;
        None
    }

    /// What stopped a copy that this end was asked to do, after so many bytes. Of Go's types a TCP connection puts its own name before it.
    fn stopped(&self, op: &'static str, error: io::Error, transferred: u64) -> io::Error {
        let _ = (op, transferred);
        error
    }
}

/// Why a copy ended early.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CopyFailure {
    /// Go's name of the operation: "readfrom", "read", "write"; empty: the reason alone.
    pub(crate) op: &'static str,
    /// The system call.
    pub(crate) call: &'static str,
    pub(crate) error: Error,
    /// Bytes that went through before.
    pub(crate) transferred: u64,
}

/// A copy or a write that ended early.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// Bytes that went through before.
    pub(crate) bytes: u64,
    pub(crate) error: io::Error,
}
