//! What hyper lets pass and RFC 9110 and 9112 do not.

use http::request::Parts;
use http::{Response, StatusCode};

use crate::body::Outgoing;

/// Whether a request may go to the handler; else the status that says why not.
pub(super) fn request(parts: &Parts) -> Result<(), StatusCode> {
    let _ = parts;
    Ok(())
}

/// The answer to a request that may not; the connection ends with it.
pub(super) fn refusal(status: StatusCode) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::Whole(None));
    *response.status_mut() = status;
    response
}
