//! What went through before an error: Go's "n and an error" where Rust's results have one or the
//! other.

/// An operation that stopped in its middle: the bytes so far and the error.
///
/// `E` is the error at each level: the bare one of a descriptor, the one with the call's name,
/// std's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partial<E> {
    pub(crate) bytes: u64,
    pub(crate) error: E,
}

impl<E> Partial<E> {
    /// The same with the error of another level.
    pub(crate) fn map<F>(self, f: impl FnOnce(E) -> F) -> Partial<F> {
        Partial { bytes: self.bytes, error: f(self.error) }
    }

    /// The same after `before` other bytes.
    pub(crate) fn after(self, before: u64) -> Partial<E> {
        Partial { bytes: before + self.bytes, ..self }
    }

    /// As std's `Write` has it, where an error means that nothing was written: the part that went
    /// out, if there is one.
    pub(crate) fn or_part(self) -> Result<usize, E> {
        match self.bytes {
            0 => Err(self.error),
            bytes => Ok(bytes as usize),
        }
    }
}

/// Before the first byte.
impl<E> From<E> for Partial<E> {
    fn from(error: E) -> Self {
        Partial { bytes: 0, error }
    }
}
