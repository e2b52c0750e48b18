//! Why a context is done. Go: context.Canceled, context.DeadlineExceeded.

use std::fmt;
use std::io;

/// Why a context is done. Displays in Go's words.
///
/// ```
/// use gopark::context::ContextError;
/// assert_eq!(ContextError::DeadlineExceeded.to_string(), "context deadline exceeded");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ContextError {
    /// It was cancelled.
    Canceled,
    /// Its deadline has passed.
    DeadlineExceeded,
}

impl ContextError {
    /// Whether the deadline passed.
    ///
    /// ```
    /// use gopark::context::ContextError;
    /// assert!(ContextError::DeadlineExceeded.timeout() && !ContextError::Canceled.timeout());
    /// ```
    #[doc(alias = "Timeout")]
    pub fn timeout(self) -> bool {
        self == ContextError::DeadlineExceeded
    }
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ContextError::Canceled => "context canceled",
            ContextError::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl std::error::Error for ContextError {}

/// The kind is [`TimedOut`](io::ErrorKind::TimedOut), or [`Other`](io::ErrorKind::Other) for a
/// cancelled context (`Interrupted` would make callers try again).
impl From<ContextError> for io::Error {
    fn from(e: ContextError) -> io::Error {
        let kind = if e.timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::Other };
        io::Error::new(kind, e)
    }
}
