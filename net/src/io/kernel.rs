//! sendfile and copy_file_range.
//!
//! Go: internal/poll/sendfile_linux.go, copy_file_range_linux.go.
//!
//! I1 The destination's write side and the source's read side are locked, each for the whole of a transfer (sendfile) or of a
//!    round (copy_file_range).

use super::ends::End;
use crate::poll::{Direction, Error};
use crate::sys::{self, Errno};

/// The most that one sendfile is asked for.
const MAX_SEND_FILE: u64 = 4 << 20;
/// The most that one copy_file_range is asked for.
const MAX_COPY_FILE_RANGE: u64 = 1 << 30;

/// How far a transfer came.
pub(super) struct Moved {
    pub(super) bytes: u64,
    /// The kernel does this kind of transfer; if not, nothing was moved.
    pub(super) handled: bool,
    pub(super) error: Option<Error>,
}

/// From a file to a stream socket, until the file ends or `remain` bytes went. What fails before the first call was not handled: the
/// copy by hand finds it again, after it has read.
#[doc(alias = "SendFile")]
pub(super) fn send_file(to: &End<'_>, from: &End<'_>, remain: u64) -> Moved {
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
    let error = locked.and_then(|sent| sent).err();
    let refused = error.is_some_and(|e| e.is_errno(libc::ENOSYS) || e.is_errno(libc::EINVAL));
    Moved { bytes, handled: bytes != 0 || (began && !refused), error }
}

/// From file to file.
#[doc(alias = "CopyFileRange")]
pub(super) fn copy_file_range(to: &End<'_>, from: &End<'_>, remain: u64) -> Moved {
    let mut bytes = 0;
    while bytes < remain {
        match copy_round(to, from, (remain - bytes).min(MAX_COPY_FILE_RANGE) as usize) {
            // Some file systems fail silently: copy by hand. After a first byte it is the end.
            Ok(0) => return Moved { bytes, handled: bytes != 0, error: None },
            Ok(n) => bytes += n as u64,
            Err(Error::Errno(Errno(
                libc::ENOSYS | libc::EXDEV | libc::EINVAL | libc::EIO | libc::EOPNOTSUPP | libc::EPERM,
            ))) => return Moved { bytes, handled: false, error: None },
            Err(e) => return Moved { bytes, handled: true, error: Some(e) },
        }
    }
    Moved { bytes, handled: true, error: None }
}

fn copy_round(to: &End<'_>, from: &End<'_>, max: usize) -> Result<usize, Error> {
    to.fd.unpolled_io(Direction::Write, |to_raw| {
        Ok(from.fd.unpolled_io(Direction::Read, |from_raw| sys::copy_file_range(from_raw, to_raw, max)))
    })?
}
