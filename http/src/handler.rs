//! What answers requests.

use std::sync::Arc;

use http::{Request, Response};

use crate::body::Body;
use crate::respond::IntoResponse;

/// Answers requests; each call runs in its own goroutine. Go: http.Handler.
///
/// Every `Fn(Request<Body>) -> impl IntoResponse` is one.
///
/// ```
/// use gopark::http::{Body, Handler, Request, Response};
///
/// struct Hello;
/// impl Handler for Hello {
///     fn handle(&self, request: Request<Body>) -> Response<Body> {
///         Response::new(format!("hello, {}", request.uri().path()).into())
///     }
/// }
/// let answer = Hello.handle(Request::get("/you").body(Body::empty()).unwrap());
/// assert_eq!(answer.into_body().text(64).unwrap(), "hello, /you");
/// ```
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. A panic becomes the answer 500, and the server goes on.
    fn handle(&self, request: Request<Body>) -> Response<Body>;
}

impl<F, R> Handler for F
where
    F: Fn(Request<Body>) -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    fn handle(&self, request: Request<Body>) -> Response<Body> {
        self(request).into_response()
    }
}

impl<H: Handler + ?Sized> Handler for Arc<H> {
    fn handle(&self, request: Request<Body>) -> Response<Body> {
        (**self).handle(request)
    }
}
