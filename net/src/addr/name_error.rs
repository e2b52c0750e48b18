//! Errors about names and addresses, found before any socket is asked.
//!
//! Go: net/net.go `AddrError ParseError UnknownNetworkError`.

use std::error::Error;
use std::fmt;
use std::io;

/// An address that cannot be used: "address 1.2.3.4: missing port in address".
///
/// ```
/// let e = gopark::net::split_host_port("1.2.3.4").unwrap_err();
/// assert_eq!((e.err, e.addr.as_str()), ("missing port in address", "1.2.3.4"));
/// ```
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
///
/// ```
/// let e = gopark::net::ParseError { kind: "IP address", text: "1.2.3".into() };
/// assert_eq!(e.to_string(), "invalid IP address: 1.2.3");
/// ```
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
///
/// ```
/// let e = gopark::net::UnixAddr::new("bogus", "/x").unwrap_err();
/// assert_eq!(e.to_string(), "unknown network bogus");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownNetworkError(pub String);

impl fmt::Display for UnknownNetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown network {}", self.0)
    }
}

impl Error for UnknownNetworkError {}
