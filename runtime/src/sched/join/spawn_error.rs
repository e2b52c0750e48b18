//! Why a goroutine could not be made.

use std::error::Error;
use std::fmt;
use std::io;

use crate::sched::stack::NoStack;

/// There is no stack for another goroutine. The message names the limit that was reached.
///
/// ```
/// # unsafe { gopark::run(|| {
/// fn served(conn: i32) -> Result<(), gopark::SpawnError> {
///     gopark::try_go(move || drop(conn)).map(drop)
/// }
/// served(1).unwrap();
/// # }) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpawnError(pub(crate) NoStack);

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "go: {}", self.0)
    }
}

impl fmt::Debug for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpawnError({:?})", self.0)
    }
}

impl Error for SpawnError {}

/// Of kind `OutOfMemory`.
impl From<SpawnError> for io::Error {
    fn from(e: SpawnError) -> io::Error {
        io::Error::new(io::ErrorKind::OutOfMemory, e)
    }
}
