//! What a child's standard descriptors are. Model: `std::process::Stdio`.
//!
//! I1 What is made for a child (a pipe's end, /dev/null) belongs to its [`Prepared`], which closes it.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use crate::errno::Errno;
use crate::os::{File, pipe};

/// What a standard descriptor of the child is. Model: `std::process::Stdio`.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use gopark_net::process::{Command, Stdio};
/// let mut echo = Command::new("echo").arg("through cat").stdout(Stdio::piped()).spawn().unwrap();
/// let cat = Command::new("cat").stdin(echo.stdout.take().unwrap()).output().unwrap();
/// assert_eq!(cat.stdout, b"through cat\n");
/// echo.wait().unwrap();
/// # }) } }
/// ```
pub struct Stdio(Kind);

enum Kind {
    Inherit,
    Null,
    Piped,
    File(File),
    /// A duplicate could not be made; said when the child is started.
    Failed(Errno),
}

impl Stdio {
    /// The parent's own.
    pub fn inherit() -> Stdio {
        Stdio(Kind::Inherit)
    }

    /// Nothing: an empty input, an output that is thrown away.
    pub fn null() -> Stdio {
        Stdio(Kind::Null)
    }

    /// A pipe to the parent.
    pub fn piped() -> Stdio {
        Stdio(Kind::Piped)
    }

    /// A duplicate of a standard descriptor of ours.
    fn duplicate(of: impl AsFd) -> Stdio {
        Stdio(match of.as_fd().try_clone_to_owned() {
            Ok(fd) => Kind::File(fd.into()),
            Err(e) => Kind::Failed(Errno(e.raw_os_error().unwrap_or(libc::EBADF))),
        })
    }

    /// The descriptor for the child, whose own number of it is `number`.
    pub(super) fn prepare(&self, number: RawFd) -> io::Result<Prepared> {
        match &self.0 {
            Kind::Inherit => Ok(Prepared { file: None, raw: number, parent: None }),
            Kind::File(file) => Ok(Prepared { file: None, raw: file.fd(), parent: None }),
            Kind::Null => {
                let flags = if number == 0 { libc::O_RDONLY } else { libc::O_WRONLY };
                let file = File::open_file("/dev/null", flags, 0)?;
                Ok(Prepared { raw: file.fd(), file: Some(file), parent: None })
            }
            Kind::Piped => {
                let (reader, writer) = pipe()?;
                let (file, parent) = if number == 0 { (reader, writer) } else { (writer, reader) };
                // The child wants it blocking.
                Ok(Prepared { raw: file.fd(), file: Some(file), parent: Some(parent) })
            }
            Kind::Failed(e) => Err((*e).into()),
        }
    }
}

/// One descriptor for the child, and the parent's end if it is a pipe.
pub(super) struct Prepared {
    /// Closed once the child has it (I1).
    pub(super) file: Option<File>,
    pub(super) raw: RawFd,
    pub(super) parent: Option<File>,
}

impl std::fmt::Debug for Stdio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stdio").finish_non_exhaustive()
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        Stdio(Kind::File(file))
    }
}

impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Stdio {
        Stdio(Kind::File(fd.into()))
    }
}

impl From<std::fs::File> for Stdio {
    fn from(file: std::fs::File) -> Stdio {
        OwnedFd::from(file).into()
    }
}

impl From<io::PipeReader> for Stdio {
    fn from(pipe: io::PipeReader) -> Stdio {
        OwnedFd::from(pipe).into()
    }
}

impl From<io::PipeWriter> for Stdio {
    fn from(pipe: io::PipeWriter) -> Stdio {
        OwnedFd::from(pipe).into()
    }
}

impl From<io::Stdout> for Stdio {
    /// Our standard output, whichever descriptor of the child it becomes.
    fn from(stdout: io::Stdout) -> Stdio {
        Stdio::duplicate(stdout)
    }
}

impl From<io::Stderr> for Stdio {
    /// Our standard error, whichever descriptor of the child it becomes.
    fn from(stderr: io::Stderr) -> Stdio {
        Stdio::duplicate(stderr)
    }
}

impl FromRawFd for Stdio {
    unsafe fn from_raw_fd(fd: RawFd) -> Stdio {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}
