//! sendfile and copy_file_range.
//!
//! Go: internal/poll/sendfile_linux.go, copy_file_range_linux.go.
//!
//! I1 The destination's write side and the source's read side are locked, each for the whole of a
//!    transfer (sendfile) or of a round (copy_file_range).

use super::ends::End;
use crate::error::Partial;
use crate::poll::{Direction, Error};
use crate::sys::{self, Errno};

/// The most that one sendfile is asked for.
const MAX_SEND_FILE: u64 = 4 << 20;
/// The most that one copy_file_range is asked for.
const MAX_COPY_FILE_RANGE: u64 = 1 << 30;

/// How far a transfer came.
pub(super) enum Moved<E> {
    /// To its end, or until it failed for good.
    Done(Result<u64, Partial<E>>),
    /// This number of bytes; the kernel does not do this kind of transfer, and the rest is for the
    /// copy by hand.
    Rest(u64),
}

impl<E> Moved<E> {
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Moved::Done(Ok(bytes) | Err(Partial { bytes, .. })) | Moved::Rest(bytes) => *bytes,
        }
    }
}

/// From a file to a stream socket, until the file ends or `remain` bytes are sent. What fails
/// before the first call was not handled: the copy by hand finds it again, after it has read.
#[doc(alias = "SendFile")]
pub(super) fn send_file(to: &End<'_>, from: &End<'_>, remain: u64) -> Moved<Error> {
    let mut bytes = 0;
    let mut began = false;
    let locked = from.fd.raw_io(Direction::Read, |from_raw| {
        Ok(to.owner.begin(Direction::Write).and_then(|()| {
            to.fd.raw_io(Direction::Write, |to_raw| {
                began = true;
                while bytes < remain {
                    let n = sys::sendfile(to_raw, from_raw, (remain - bytes).min(MAX_SEND_FILE) as usize)?;
                    if n == 0 {
                        break;
                    }
                    bytes += n as u64;
                    // An error is found by the next wait.
                    let _ = to.owner.begin(Direction::Write);
                }
                Ok(())
            })
        }))
    });
    let sent = locked.and_then(|sent| sent);
    // EPERM: a sandbox.
    let refused = [libc::ENOSYS, libc::EINVAL, libc::EOPNOTSUPP, libc::EPERM];
    let refused = sent.is_err_and(|e| refused.iter().any(|&errno| e.is_errno(errno)));
    if bytes == 0 && (!began || refused) {
        return Moved::Rest(0);
    }
    Moved::Done(sent.map(|()| bytes).map_err(|error| Partial { bytes, error }))
}

/// From file to file.
#[doc(alias = "CopyFileRange")]
pub(super) fn copy_file_range(to: &End<'_>, from: &End<'_>, remain: u64) -> Moved<Error> {
    let mut bytes = 0;
    while bytes < remain {
        match copy_round(to, from, (remain - bytes).min(MAX_COPY_FILE_RANGE) as usize) {
            // Some file systems fail silently: copy by hand. After a first byte it is the end.
            Ok(0) if bytes == 0 => return Moved::Rest(0),
            Ok(0) => return Moved::Done(Ok(bytes)),
            Ok(n) => bytes += n as u64,
            Err(Error::Errno(Errno(
                libc::ENOSYS | libc::EXDEV | libc::EINVAL | libc::EIO | libc::EOPNOTSUPP | libc::EPERM,
            ))) => return Moved::Rest(bytes),
            Err(error) => return Moved::Done(Err(Partial { bytes, error })),
        }
    }
    Moved::Done(Ok(bytes))
}

fn copy_round(to: &End<'_>, from: &End<'_>, max: usize) -> Result<usize, Error> {
    to.fd.unpolled_io(Direction::Write, |to_raw| {
        Ok(from.fd.unpolled_io(Direction::Read, |from_raw| sys::copy_file_range(from_raw, to_raw, max)))
    })?
}
