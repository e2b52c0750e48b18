//! Services of `tower` as handlers: an axum router, say, served on goroutines.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use gopark_runtime::block_on;
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use parking_lot::Mutex;
use tower_service::Service;

use crate::body::Body;
use crate::handler::Handler;
use crate::respond::IntoResponse;

/// A handler that asks a clone of the service. Its future runs on the request's goroutine, its body is streamed.
///
/// An error of the service is answered with 500.
///
/// ```
/// use gopark::http::{Body, Handler, Request, Response, tower};
///
/// #[derive(Clone)]
/// struct Hello;
/// impl tower_service::Service<Request<Body>> for Hello {
///     type Response = Response<Body>;
///     type Error = std::convert::Infallible;
///     type Future = std::future::Ready<Result<Response<Body>, Self::Error>>;
///     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
///         std::task::Poll::Ready(Ok(()))
///     }
///     fn call(&mut self, _: Request<Body>) -> Self::Future {
///         std::future::ready(Ok(Response::new("hello".into())))
///     }
/// }
/// # unsafe { gopark::run(|| {
/// let answer = tower(Hello).handle(Request::get("/").body(Body::empty()).unwrap());
/// assert_eq!(answer.into_body().text(64).unwrap(), "hello");
/// # }) }
/// ```
pub fn tower<S, B>(service: S) -> impl Handler
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let service = Mutex::new(service);
    move |request: Request<Body>| {
        let mut service = service.lock().clone();
        let asked = block_on(async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        });
        match asked {
            Ok(response) => response.map(from_http_body).into_response(),
            Err::<_, S::Error>(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// A body of another library, streamed.
fn from_http_body<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::stream(move |w| {
        let mut body = pin!(body);
        loop {
            let Some(frame) = block_on(poll_fn(|cx| body.as_mut().poll_frame(cx))) else { return Ok(()) };
            match frame.map_err(io::Error::other)?.into_data() {
                Ok(data) => w.send(data)?,
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        w.set_trailers(trailers);
                    }
                }
            }
        }
    })
}

/// Bodies of requests as a service reads them.
impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        self.get_mut().poll_next_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.len_hint() == Some(0)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.len_hint().map_or_else(http_body::SizeHint::default, http_body::SizeHint::with_exact)
    }
}
