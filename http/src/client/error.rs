//! What goes wrong with a request. Go: url.Error.

use std::error::Error;
use std::fmt;

use gopark_runtime::context::ContextError;
use http::{Method, Uri};

/// Why a request has no response. Displays as Go's, `Get "http://host/": dial tcp 127.0.0.1:80: connect: connection refused`.
///
/// ```
/// # unsafe { gopark::run(|| {
/// let error = gopark::http::Client::new().get("ftp://host/").send().unwrap_err();
/// assert_eq!(error.to_string(), "Get \"ftp://host/\": unsupported protocol scheme \"ftp\"");
/// assert!(!error.timeout());
/// # }) }
/// ```
#[derive(Debug)]
pub struct ClientError {
    /// Method and URI.
    of: Option<Box<(Method, Uri)>>,
    cause: Box<dyn Error + Send + Sync>,
}

impl ClientError {
    pub(super) fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ClientError {
        ClientError { of: None, cause: cause.into() }
    }

    pub(super) fn of(mut self, method: &Method, uri: &Uri) -> ClientError {
        self.of = Some(Box::new((method.clone(), uri.clone())));
        self
    }

    /// Whether the time was over.
    pub fn timeout(&self) -> bool {
        let of_context = self.cause.downcast_ref::<ContextError>().is_some_and(|e| e.timeout());
        let of_network = self.cause.downcast_ref::<gopark_net::OpError>().is_some_and(|e| e.timeout());
        of_context || of_network
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((method, uri)) = self.of.as_deref() {
            let (first, rest) = method.as_str().split_at(1);
            write!(f, "{first}{} \"{uri}\": ", rest.to_ascii_lowercase())?;
        }
        self.cause.fmt(f)
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
