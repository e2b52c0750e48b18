//! From hyper's request to the handler and back.
//!
//! Each request runs in its own goroutine. What hyper polls for the answer only waits for it; where hyper drops that, the client has
//! gone, and the request's context ends.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use gopark_net::Addr;
use gopark_runtime::try_go;
use http::{Request, Response, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::exchange::Exchange;
use super::progress::Progress;
use crate::body::{Body, Outgoing};
use crate::handler::Handler;
use crate::respond::IntoResponse;

/// A connection's way to the handler.
pub(super) struct Service {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) peer: Arc<Addr>,
    pub(super) progress: Arc<Progress>,
    pub(super) max_header_bytes: usize,
}

impl hyper::service::Service<Request<hyper::body::Incoming>> for Service {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<hyper::body::Incoming>) -> Answering {
        let exchange = Exchange::new(self.peer.clone());
        let open = Open { exchange: exchange.clone(), progress: self.progress.clone() };
        self.progress.request_begins();
        let (mut parts, body) = request.into_parts();
        let version = parts.version;
        if let Err(status) = super::check::request(&parts, self.max_header_bytes) {
            return Answering::refused(open, version, status);
        }
        parts.extensions.insert(exchange.clone());
        let request = Request::from_parts(parts, Body::arriving(body));
        let (handler, task) = (self.handler.clone(), exchange);
        match try_go(move || answer(&*handler, request, &task)) {
            Ok(_goroutine) => Answering { open: Some(open), refused: None },
            // There is no stack for it.
            Err(_) => Answering::refused(open, version, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// The request's goroutine.
fn answer(handler: &dyn Handler, request: Request<Body>, exchange: &Exchange) {
    let ends = Ends(exchange);
    // The panic's message has been printed by then, and the payload is nobody's.
    let response = catch_unwind(AssertUnwindSafe(|| handler.handle(request)))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let (parts, body) = response.into_parts();
    let (outgoing, producer) = body.into_outgoing();
    exchange.answer(Response::from_parts(parts, outgoing));
    if let Some(producer) = producer {
        // A panic drops the producer's end, which cuts the body.
        let _ = catch_unwind(AssertUnwindSafe(|| producer.run()));
    }
    drop(ends);
}

/// Ends the exchange with the request's goroutine, however that ends.
struct Ends<'a>(&'a Exchange);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.abandon();
        self.0.end();
    }
}

/// The connection's hold on a request: until the answer is sent, or hyper gives it up.
struct Open {
    exchange: Arc<Exchange>,
    progress: Arc<Progress>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.progress.request_ends();
        self.exchange.end();
    }
}

/// What hyper polls for the answer.
pub(super) struct Answering {
    open: Option<Open>,
    refused: Option<(Version, StatusCode)>,
}

impl Answering {
    fn refused(open: Open, version: Version, status: StatusCode) -> Answering {
        if version < Version::HTTP_2 {
            open.progress.refuse();
        }
        Answering { open: Some(open), refused: Some((version, status)) }
    }
}

impl Future for Answering {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let open = self.open.as_ref().expect("polled until it was ready");
        let response = match self.refused {
            Some((version, status)) => super::check::refusal(version, status),
            None => match open.exchange.poll_answer(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(response)) => response,
                Poll::Ready(None) => {
                    StatusCode::INTERNAL_SERVER_ERROR.into_response().map(|_| Outgoing::Whole(None))
                }
            },
        };
        let open = self.open.take();
        Poll::Ready(Ok(response.map(|body| Answer { body, _open: open })))
    }
}

/// A response's body, which holds the request open until it is sent.
pub(super) struct Answer {
    body: Outgoing,
    _open: Option<Open>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
