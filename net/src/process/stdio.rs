//! What a child's standard descriptors are. Model: `std::process::Stdio`.
//!
//! I1 Descriptors made for a child (a pipe's end, /dev/null) are closed in the parent as soon as
//!    the child has them, or has failed; in the order they were made, and before the parent's ends
//!    ([`Files`]).

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use crate::os::{File, pipe_to_child};
use crate::sys::Errno;

/// What a standard descriptor of the child is. Model: `std::process::Stdio`.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::process::{Command, Stdio};
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
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// Command::new("true").stdout(Stdio::inherit()).status().unwrap();
    /// # }) }
    /// ```
    pub fn inherit() -> Stdio {
        Stdio(Kind::Inherit)
    }

    /// Nothing: an empty input, an output that is thrown away.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// Command::new("echo").stdout(Stdio::null()).status().unwrap();
    /// # }) }
    /// ```
    pub fn null() -> Stdio {
        Stdio(Kind::Null)
    }

    /// A pipe to the parent.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// let child = Command::new("echo").stdout(Stdio::piped()).spawn().unwrap();
    /// assert_eq!(child.wait_with_output().unwrap().stdout, b"\n");
    /// # }) }
    /// ```
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

    /// What the child gets as its descriptor `number`, and the parent's end if it is a pipe.
    fn prepare(&self, number: usize) -> io::Result<(Source<'_>, Option<File>)> {
        match &self.0 {
            Kind::Inherit => Ok((Source::Inherited, None)),
            Kind::File(file) => Ok((Source::Given(file), None)),
            Kind::Null => {
                let flags = if number == 0 { libc::O_RDONLY } else { libc::O_WRONLY };
                Ok((Source::Made(File::open_file("/dev/null", flags, 0)?), None))
            }
            Kind::Piped => {
                let (reader, writer) = pipe_to_child()?;
                let (file, parent) = if number == 0 { (reader, writer) } else { (writer, reader) };
                Ok((Source::Made(file), Some(parent)))
            }
            Kind::Failed(e) => Err((*e).into()),
        }
    }

    pub(super) fn is_piped(&self) -> bool {
        matches!(self.0, Kind::Piped)
    }
}

/// Where one of the child's standard descriptors comes from.
enum Source<'a> {
    /// The parent's of the same number.
    Inherited,
    Given(&'a File),
    /// Made for the child, and closed once it has it.
    Made(File),
    Closed,
}

/// One descriptor for the child, and the parent's end if it is a pipe.
struct Prepared<'a> {
    /// The number it has in the child.
    number: usize,
    source: Source<'a>,
    parent: Option<File>,
}

/// The child's standard descriptors, in the order they were made.
#[derive(Default)]
pub(super) struct Files<'a>(Vec<Prepared<'a>>);

impl<'a> Files<'a> {
    pub(super) fn add(&mut self, number: usize, stdio: &'a Stdio) -> io::Result<()> {
        let (source, parent) = stdio.prepare(number)?;
        self.0.push(Prepared { number, source, parent });
        Ok(())
    }

    /// Their numbers here, in the child's order. The child wants them blocking.
    pub(super) fn numbers(&self) -> [RawFd; 3] {
        [0, 1, 2].map(|number| {
            let file = self.0.iter().find(|file| file.number == number);
            match file.map(|file| &file.source) {
                Some(Source::Given(file)) => file.fd(),
                Some(Source::Made(file)) => file.fd(),
                Some(Source::Inherited) => number as RawFd,
                Some(Source::Closed) | None => -1,
            }
        })
    }

    /// I1.
    pub(super) fn close_made(&mut self) {
        for file in self.0.iter_mut().filter(|file| matches!(file.source, Source::Made(_))) {
            file.source = Source::Closed;
        }
    }

    /// The parent's end of this one, if it is a pipe.
    pub(super) fn take_parent(&mut self, number: usize) -> Option<File> {
        self.0.iter_mut().find(|file| file.number == number)?.parent.take()
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        self.close_made();
    }
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
