//! Why one exchange with a name server failed, before it becomes a [`DnsError`].
//!
//! Go: net/dnsclient_unix.go (the error variables), net/net.go `newDNSError`.

use std::fmt;

use crate::error::{DnsError, OpError};

/// A failed exchange.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    NoSuchHost,
    LameReferral,
    CannotUnmarshal,
    CannotMarshal,
    ServerMisbehaving,
    ServerTemporarilyMisbehaving,
    InvalidResponse,
    NoAnswer,
    /// A context ended.
    TimedOut,
    Canceled,
    UnexpectedEof,
    /// The C library failed, in its own words.
    Library(String),
    /// The network failed.
    Net {
        text: String,
        timeout: bool,
    },
}

impl Failure {
    pub(crate) fn of_net(e: &OpError) -> Failure {
        Failure::Net { text: e.to_string(), timeout: e.timeout() }
    }

    fn is_timeout(&self) -> bool {
        matches!(self, Failure::TimedOut | Failure::Net { timeout: true, .. })
    }

    /// Worth a try later; for the network's failures Go says so of all of them.
    fn is_temporary(&self) -> bool {
        self.is_timeout() || matches!(self, Failure::ServerTemporarilyMisbehaving | Failure::Net { .. })
    }

    pub(crate) fn into_dns_error(self, name: &str, server: &str) -> DnsError {
        DnsError {
            err: self.to_string(),
            name: name.to_owned(),
            server: server.to_owned(),
            is_timeout: self.is_timeout(),
            is_temporary: self.is_temporary(),
            is_not_found: self == Failure::NoSuchHost,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::NoSuchHost => "no such host",
            Failure::LameReferral => "lame referral",
            Failure::CannotUnmarshal => "cannot unmarshal DNS message",
            Failure::CannotMarshal => "cannot marshal DNS message",
            Failure::ServerMisbehaving | Failure::ServerTemporarilyMisbehaving => "server misbehaving",
            Failure::InvalidResponse => "invalid DNS response",
            Failure::NoAnswer => "no answer from DNS server",
            Failure::TimedOut => "i/o timeout",
            Failure::Canceled => "operation was canceled",
            Failure::UnexpectedEof => "unexpected EOF",
            Failure::Library(text) | Failure::Net { text, .. } => text,
        })
    }
}
