//! A name could not be looked up.
//!
//! Go: net/net.go `DNSError`.

use std::error::Error;
use std::fmt;
use std::io;

use gopark_runtime::context::ContextError;

/// A failed lookup: "lookup none.example on 127.0.0.1:53: no such host".
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::net::Resolver;
///
/// let e = Resolver::default().lookup_host("").unwrap_err();
/// assert!(e.is_not_found && e.to_string().ends_with("no such host"));
/// # }) }
/// ```
#[doc(alias = "DNSError")]
#[derive(Clone, PartialEq, Eq, Default)]
pub struct DnsError {
    /// What happened.
    pub err: String,
    /// The name looked for.
    pub name: String,
    /// The server asked, or empty.
    pub server: String,
    /// It is known to be a time-out.
    pub is_timeout: bool,
    /// It is known to be temporary.
    pub is_temporary: bool,
    /// The name does not exist, or has no record of the type.
    pub is_not_found: bool,
    /// What ended the context, if that is why; [`Error::source`] gives it.
    #[doc(alias = "UnwrapErr")]
    pub ended: Option<ContextError>,
    /// The names that are valid, where a lookup of an address fails because others are not.
    pub valid_names: Vec<String>,
}

impl DnsError {
    /// Whether a time limit is known to have passed.
    ///
    /// ```
    /// assert!(gopark::net::DnsError { is_timeout: true, ..Default::default() }.timeout());
    /// ```
    pub fn timeout(&self) -> bool {
        self.is_timeout
    }

    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            e if e.is_timeout => io::ErrorKind::TimedOut,
            e if e.is_not_found => io::ErrorKind::NotFound,
            _ => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lookup {}", self.name)?;
        if !self.server.is_empty() {
            write!(f, " on {}", self.server)?;
        }
        write!(f, ": {}", self.err)
    }
}

/// Go's text, as `Display`: what `fn main() -> Result<(), DnsError>` prints. `{:#?}` shows the
/// fields.
impl fmt::Debug for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("DnsError")
            .field("err", &self.err)
            .field("name", &self.name)
            .field("server", &self.server)
            .field("is_timeout", &self.is_timeout)
            .field("is_temporary", &self.is_temporary)
            .field("is_not_found", &self.is_not_found)
            .field("ended", &self.ended)
            .field("valid_names", &self.valid_names)
            .finish()
    }
}

impl Error for DnsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.ended.as_ref().map(|e| e as _)
    }
}

impl From<DnsError> for io::Error {
    fn from(e: DnsError) -> Self {
        io::Error::new(e.kind(), e)
    }
}
