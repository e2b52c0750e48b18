//! Why one exchange with a name server failed, before it becomes a [`DnsError`].
//!
//! Go: net/dnsclient_unix.go (the error variables), net/net.go `newDNSError`.

use std::fmt;

use gopark_runtime::context::ContextError;

use crate::error::{DnsError, OpError, Sentinel};

/// A failed exchange.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    NoSuchHost,
    UnknownPort,
    LameReferral,
    CannotUnmarshal,
    CannotMarshal,
    ServerMisbehaving,
    ServerTemporarilyMisbehaving,
    InvalidResponse,
    NoAnswer,
    /// A context ended.
    Context(ContextError),
    /// A stream ended before the reply began.
    Eof,
    /// A stream ended in the middle of the reply.
    UnexpectedEof,
    /// The C library failed, in its own words.
    Library {
        text: String,
        temporary: bool,
    },
    /// The network failed.
    Net {
        text: String,
        timeout: bool,
        /// What ended the context, if that is why.
        ended: Option<ContextError>,
    },
}

impl Failure {
    pub(crate) fn of_net(e: &OpError) -> Failure {
        let ended = match e.err().downcast_ref() {
            Some(Sentinel::Canceled) => Some(ContextError::Canceled),
            Some(Sentinel::ContextDeadline) => Some(ContextError::DeadlineExceeded),
            _ => None,
        };
        Failure::Net { text: e.to_string(), timeout: e.timeout(), ended }
    }

    fn is_timeout(&self) -> bool {
        matches!(self, Failure::Context(e) if e.timeout())
            || matches!(self, Failure::Net { timeout: true, .. })
    }

    /// Worth a try later; for the network's failures Go says so of all of them.
    fn is_temporary(&self) -> bool {
        match self {
            Failure::ServerTemporarilyMisbehaving | Failure::Net { .. } => true,
            Failure::Library { temporary, .. } => *temporary,
            other => other.is_timeout(),
        }
    }

    fn ended(&self) -> Option<ContextError> {
        match self {
            Failure::Context(e) => Some(*e),
            Failure::Net { ended, .. } => *ended,
            _ => None,
        }
    }

    #[doc(alias = "newDNSError")]
    pub(crate) fn into_dns_error(self, name: &str, server: &str) -> DnsError {
        DnsError {
            err: self.to_string(),
            name: name.to_owned(),
            server: server.to_owned(),
            is_timeout: self.is_timeout(),
            is_temporary: self.is_temporary(),
            is_not_found: matches!(self, Failure::NoSuchHost | Failure::UnknownPort),
            ended: self.ended(),
            ..DnsError::default()
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::NoSuchHost => "no such host",
            Failure::UnknownPort => "unknown port",
            Failure::LameReferral => "lame referral",
            Failure::CannotUnmarshal => "cannot unmarshal DNS message",
            Failure::CannotMarshal => "cannot marshal DNS message",
            Failure::ServerMisbehaving | Failure::ServerTemporarilyMisbehaving => "server misbehaving",
            Failure::InvalidResponse => "invalid DNS response",
            Failure::NoAnswer => "no answer from DNS server",
            Failure::Context(ContextError::DeadlineExceeded) => "i/o timeout",
            Failure::Context(_) => "operation was canceled",
            Failure::Eof => "EOF",
            Failure::UnexpectedEof => "unexpected EOF",
            Failure::Library { text, .. } | Failure::Net { text, .. } => text,
        })
    }
}
