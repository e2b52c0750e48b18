//! What becomes a response.

use bytes::Bytes;
use gopark_net::os::File;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use crate::body::Body;

/// What a handler may return.
///
/// Text gets the type `text/plain; charset=utf-8`, bytes `application/octet-stream`.
///
/// ```
/// use gopark::http::{IntoResponse, StatusCode};
///
/// assert_eq!("hello".into_response().status(), 200);
/// assert_eq!((StatusCode::NOT_FOUND, "no such page").into_response().status(), 404);
/// let result: Result<&str, StatusCode> = Err(StatusCode::FORBIDDEN);
/// assert_eq!(result.into_response().status(), 403);
/// ```
pub trait IntoResponse {
    /// The response.
    fn into_response(self) -> Response<Body>;
}

fn typed(body: impl Into<Body>, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

const TEXT: &str = "text/plain; charset=utf-8";
const BINARY: &str = "application/octet-stream";

impl IntoResponse for () {
    fn into_response(self) -> Response<Body> {
        Response::new(Body::empty())
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response<Body> {
        typed(self, TEXT)
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response<Body> {
        typed(self, TEXT)
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Response<Body> {
        typed(self, BINARY)
    }
}

impl IntoResponse for &'static [u8] {
    fn into_response(self) -> Response<Body> {
        typed(self, BINARY)
    }
}

impl IntoResponse for Bytes {
    fn into_response(self) -> Response<Body> {
        typed(self, BINARY)
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response<Body> {
        typed(self, BINARY)
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response<Body> {
        Response::new(self)
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self;
        response
    }
}

impl<R: IntoResponse> IntoResponse for (StatusCode, R) {
    fn into_response(self) -> Response<Body> {
        let mut response = self.1.into_response();
        *response.status_mut() = self.0;
        response
    }
}

impl<B: Into<Body>> IntoResponse for Response<B> {
    fn into_response(self) -> Response<Body> {
        self.map(Into::into)
    }
}

impl<R: IntoResponse, E: IntoResponse> IntoResponse for Result<R, E> {
    fn into_response(self) -> Response<Body> {
        match self {
            Ok(response) => response.into_response(),
            Err(error) => error.into_response(),
        }
    }
}
