//! Errors about names and addresses, found before any socket is asked.
//!
//! Go: net/net.go `AddrError ParseError UnknownNetworkError DNSError`.

use std::error::Error;
use std::fmt;
use std::io;

use gopark_runtime::context::ContextError;

/// An address that cannot be used: "address 1.2.3.4: missing port in address".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddrError {
    /// What is wrong.
    pub err: &'static str,
    /// The address, possibly empty.
    pub addr: String,
}

impl AddrError {
    pub(crate) fn new(err: &'static str, addr: impl Into<String>) -> Self {
        AddrError { err, addr: addr.into() }
    }
}

impl fmt::Display for AddrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.addr.is_empty() {
            write!(f, "address {}: ", self.addr)?;
        }
        f.write_str(self.err)
    }
}

impl Error for AddrError {}

impl From<AddrError> for io::Error {
    fn from(e: AddrError) -> Self {
        io::Error::new(io::ErrorKind::InvalidInput, e)
    }
}

/// A malformed literal: "invalid IP address: 1.2.3".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// What was expected: "IP address".
    pub kind: &'static str,
    /// The malformed text.
    pub text: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {}: {}", self.kind, self.text)
    }
}

impl Error for ParseError {}

/// A network name nobody knows: "unknown network bogus".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownNetworkError(pub String);

impl fmt::Display for UnknownNetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown network {}", self.0)
    }
}

impl Error for UnknownNetworkError {}

/// A failed look-up: "lookup none.example on 127.0.0.1:53: no such host".
#[doc(alias = "DNSError")]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
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
    /// The names that are valid, where a look-up of an address fails because others are not.
    pub valid_names: Vec<String>,
}

impl DnsError {
    /// Whether a time limit is known to have passed.
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
