//! An operation on a file failed: "read |0: i/o timeout".
//!
//! Go: io/fs/fs.go `PathError`.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Cause;

/// Operation, path and reason of a failure; one word, boxed inside.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let e = gopark::os::File::open("/no/such/file").unwrap_err();
/// assert_eq!(e.to_string(), "open /no/such/file: no such file or directory");
/// assert_eq!((e.op(), e.raw_os_error()), ("open", Some(2)));
/// # }) } }
/// ```
#[doc(alias = "fs.PathError")]
pub struct PathError(Box<Inner>);

struct Inner {
    /// Empty: the reason alone is shown, as Go does for deadlines.
    op: &'static str,
    path: PathBuf,
    cause: Cause,
    transferred: usize,
}

impl PathError {
    pub(crate) fn new(op: &'static str, path: &Path, cause: impl Into<Cause>) -> PathError {
        PathError(Box::new(Inner { op, path: path.to_owned(), cause: cause.into(), transferred: 0 }))
    }

    pub(crate) fn with_transferred(mut self, bytes: u64) -> PathError {
        self.0.transferred = bytes as usize;
        self
    }

    /// The operation: "open", "read", "write", "close" ...
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(e.op(), "open");
    /// # }) }
    /// ```
    pub fn op(&self) -> &str {
        self.0.op
    }

    /// The file's name, as it was opened.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(e.path().to_str(), Some("/no/such/file"));
    /// # }) }
    /// ```
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The reason: an [`Errno`](crate::Errno) or a [`Sentinel`](crate::Sentinel).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(e.err().to_string(), "no such file or directory");
    /// # }) }
    /// ```
    pub fn err(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.cause.as_error()
    }

    /// Whether a deadline passed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert!(!e.timeout());
    /// # }) }
    /// ```
    pub fn timeout(&self) -> bool {
        self.0.cause.timeout()
    }

    /// Whether the file was closed, before the operation or in its middle.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// reader.close().unwrap();
    /// let e = reader.read(&mut [0; 8]).unwrap_err();
    /// assert!(e.is_closed());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn is_closed(&self) -> bool {
        self.0.cause.is_closed()
    }

    /// The system's number, if the system failed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(e.raw_os_error(), Some(libc::ENOENT));
    /// # }) }
    /// ```
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.cause.raw_os_error()
    }

    /// Bytes that went through before the error.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(e.transferred(), 0);
    /// # }) }
    /// ```
    pub fn transferred(&self) -> usize {
        self.0.transferred
    }

    /// The kind the error has as an [`io::Error`].
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let e = gopark::os::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::NotFound);
    /// # }) }
    /// ```
    pub fn kind(&self) -> io::ErrorKind {
        self.0.cause.kind()
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        if e.op.is_empty() {
            return e.cause.fmt(f);
        }
        write!(f, "{} {}: {}", e.op, e.path.display(), e.cause)
    }
}

/// Go's text, as `Display`: what `fn main() -> Result<(), PathError>` prints. `{:#?}` shows the
/// fields.
impl fmt::Debug for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("PathError")
            .field("op", &self.0.op)
            .field("path", &self.0.path)
            .field("err", &self.0.cause)
            .field("transferred", &self.0.transferred)
            .finish()
    }
}

impl Error for PathError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.cause.as_error())
    }
}

impl From<PathError> for io::Error {
    fn from(e: PathError) -> Self {
        io::Error::new(e.kind(), e)
    }
}
