//! Files, pipes and other descriptors, parking where they can. Go: package os.
//!
//! ```
//! # unsafe { gopark::run(|| {
//! let (reader, writer) = gopark::os::pipe().unwrap();
//! gopark::go(move || writer.write(b"hello").unwrap());
//! let mut buf = [0; 8];
//! assert_eq!(reader.read(&mut buf).unwrap(), 5); // parks until the other goroutine writes
//! # }) }
//! ```

mod fd;
mod file;
mod path_error;

use std::io;
use std::os::fd::RawFd;

use crate::sys;

pub use fd::Fd;
pub use file::File;
pub(crate) use file::Origin;
pub use path_error::PathError;

/// A connected pair of files: what is written to the second is read from the first. They are named
/// "|0" and "|1".
///
/// # Errors
/// Those of pipe2(2).
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let (r, w) = gopark::os::pipe().unwrap();
/// w.write(b"through").unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(r.read(&mut buf).unwrap(), 7);
/// # }) } }
/// ```
#[doc(alias = "Pipe")]
pub fn pipe() -> io::Result<(File, File)> {
    Ok(pipe_files(sys::pipe2(libc::O_CLOEXEC)?))
}

/// A pipe between a child and us. Its numbers are above the standard ones, which the child may
/// inherit.
pub(crate) fn pipe_to_child() -> io::Result<(File, File)> {
    Ok(pipe_files(sys::own_pipe(libc::O_CLOEXEC)?))
}

fn pipe_files((reader, writer): (RawFd, RawFd)) -> (File, File) {
    (File::of(reader, "|0".into(), Origin::Ours), File::of(writer, "|1".into(), Origin::Ours))
}
