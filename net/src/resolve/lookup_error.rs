//! What a lookup fails with that is not always a [`DnsError`](crate::DnsError). Go: the `error` of
//! net/lookup.go.

use std::error::Error;
use std::fmt;
use std::io;

use crate::error::Cause;

/// A lookup failed: shows the reason, which [`err`](Self::err) gives as the type it is.
///
/// ```
/// use gopark::net::{AddrError, Resolver};
/// # fn main() { unsafe { gopark::run(|| {
/// let e = Resolver::default().lookup_port("tcp", "65536").unwrap_err();
/// assert_eq!(e.to_string(), "address 65536: invalid port");
/// assert!(e.err().is::<AddrError>());
/// # }) } }
/// ```
pub struct LookupError(pub(super) Cause);

impl LookupError {
    /// A [`DnsError`](crate::DnsError), [`AddrError`](crate::AddrError) or
    /// [`UnknownNetworkError`](crate::UnknownNetworkError).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::Resolver;
    ///
    /// let e = Resolver::default().lookup_port("tcp", "65536").unwrap_err();
    /// assert_eq!(e.err().to_string(), "address 65536: invalid port");
    /// # }) }
    /// ```
    pub fn err(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.as_error()
    }

    /// Whether a time limit is known to have passed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::Resolver;
    ///
    /// let e = Resolver::default().lookup_port("tcp", "65536").unwrap_err();
    /// assert!(!e.timeout());
    /// # }) }
    /// ```
    pub fn timeout(&self) -> bool {
        self.0.timeout()
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Go's text, as `Display`: what `fn main() -> Result<(), LookupError>` prints. `{:#?}` shows the
/// reason's fields.
impl fmt::Debug for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_tuple("LookupError").field(&self.0).finish()
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_error())
    }
}

impl From<LookupError> for io::Error {
    fn from(e: LookupError) -> Self {
        io::Error::new(e.0.kind(), e)
    }
}
