//! Opening a file for reading as Go's os.Open does it. Go: os/file_unix.go openFileNolog, newFile.
//!
//! The file is made non-blocking and offered to the poller, which takes pipes, devices and files of procfs; a regular file
//! it refuses, and the file goes back into blocking mode.

use std::ffi::CStr;

use crate::error::Errno;
use crate::poll::{Fd, Kind};
use crate::sys;

/// Opens for reading.
pub(crate) fn open_file(path: &CStr) -> Result<Fd, Errno> {
    let raw = loop {
        match sys::open(path, libc::O_RDONLY | libc::O_CLOEXEC, 0) {
            Err(Errno(libc::EINTR)) => {}
            other => break other?,
        }
    };
    let mut fd = Fd::new(raw, Kind::File);
    if sys::set_nonblock(raw, true).is_ok() && fd.init().is_err() {
        let _ = sys::set_nonblock(raw, false);
    }
    Ok(fd)
}
