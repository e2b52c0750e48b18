//! One request on a connection.
//!
//! hyper's side of a connection is a future, driven by its own goroutine. The context's end closes the connection, which ends whatever waits
//! for it: no wait here needs to know of the context.

use std::sync::Arc;

use gopark_net::{AsyncConn, Conn, Dialer};
use gopark_runtime::context::{Context, StopFn};
use gopark_runtime::{block_on, go};
use http::header::{HOST, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, Uri, Version};
use hyper::client::conn::http1;

use super::error::ClientError;
use super::pool::{Kept, Pool};
use crate::body::{Body, Outgoing};

/// What is sent as `User-Agent` where the request has none.
const AGENT: HeaderValue = HeaderValue::from_static("gopark-http/0.1");

/// Sends the request and waits for the response's head.
pub(super) fn send(
    pool: &Arc<Pool>,
    request: Request<Body>,
    context: &Context,
) -> Result<Response<Body>, ClientError> {
    let (host, address) = target(request.uri())?;
    let mut message = prepared(request, &host)?;
    loop {
        context.err().map_or(Ok(()), |e| Err(ClientError::new(e)))?;
        let kept = pool.take(&address);
        let reused = kept.is_some();
        let kept = match kept {
            Some(kept) => kept,
            None => dial(&address, context)?,
        };
        let again = if reused { copy(&message) } else { None };
        let unanswered = match on(pool, kept, &address, message, context) {
            Ok(response) => return Ok(response),
            Err(unanswered) => unanswered,
        };
        if let Some(e) = context.err() {
            return Err(ClientError::new(e));
        }
        // The server closed a kept connection just then. What was not sent, or may be sent twice, goes to another.
        match unanswered.message.map(|message| *message).or(again) {
            Some(repeated) if reused => message = repeated,
            _ => return Err(ClientError::new(unanswered.error)),
        }
    }
}

/// The host with its port as in the URL, and what to dial.
fn target(uri: &Uri) -> Result<(String, String), ClientError> {
    let host = uri.host().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| ClientError::new("no host in request URL"))?;
    if uri.scheme_str() != Some("http") {
        let scheme = uri.scheme_str().unwrap_or_default();
        return Err(ClientError::new(format!("unsupported protocol scheme {scheme:?}")));
    }
    let named = uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok((named, format!("{host}:{}", uri.port_u16().unwrap_or(80))))
}

/// The request as hyper sends it. A goroutine makes its body, if it has to be made.
fn prepared(request: Request<Body>, host: &str) -> Result<Request<Outgoing>, ClientError> {
    let (mut parts, body) = request.into_parts();
    if !parts.headers.contains_key(HOST) {
        parts.headers.insert(HOST, HeaderValue::try_from(host).map_err(ClientError::new)?);
    }
    parts.headers.entry(USER_AGENT).or_insert(AGENT);
    parts.version = Version::HTTP_11;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(ClientError::new)?;
    let (outgoing, producer) = body.into_outgoing();
    if let Some(producer) = producer {
        go(move || producer.run());
    }
    Ok(Request::from_parts(parts, outgoing))
}

/// For a second attempt: of an idempotent request whose body need not be made.
fn copy(message: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let idempotent =
        matches!(*message.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
            || message.headers().contains_key("idempotency-key");
    if !idempotent {
        return None;
    }
    let mut again = Request::new(message.body().again()?);
    *again.method_mut() = message.method().clone();
    *again.uri_mut() = message.uri().clone();
    *again.headers_mut() = message.headers().clone();
    Some(again)
}

/// A new connection, with the goroutine that drives it.
fn dial(address: &str, context: &Context) -> Result<Kept, ClientError> {
    let conn = Dialer::default().dial_context(context, "tcp", address).map_err(ClientError::new)?;
    let (sender, driver) =
        block_on(http1::handshake(AsyncConn::from(conn.clone()))).map_err(ClientError::new)?;
    // It ends with the sender, or with the connection; the request that waits for an answer gets the error.
    go(move || drop(block_on(driver)));
    Ok(Kept { sender, conn })
}

/// Why there is no response, and the request if nothing of it was sent.
struct Unanswered {
    error: hyper::Error,
    message: Option<Box<Request<Outgoing>>>,
}

fn on(
    pool: &Arc<Pool>,
    mut kept: Kept,
    address: &str,
    message: Request<Outgoing>,
    context: &Context,
) -> Result<Response<Body>, Unanswered> {
    let stop = closing_at_end(context, kept.conn.clone());
    let sent = block_on(async {
        match kept.sender.ready().await {
            Ok(()) => kept.sender.try_send_request(message).await.map_err(|mut e| {
                let message = e.take_message().map(Box::new);
                Unanswered { error: e.into_error(), message }
            }),
            Err(error) => Err(Unanswered { error, message: Some(Box::new(message)) }),
        }
    });
    let under_way = UnderWay {
        pool: pool.clone(),
        address: address.to_owned(),
        kept: Some(kept),
        stop,
        _context: context.clone(),
    };
    match sent {
        Ok(response) => Ok(response.map(|body| Body::arriving_with(body, under_way))),
        Err(unanswered) => {
            under_way.discard();
            Err(unanswered)
        }
    }
}

fn closing_at_end(context: &Context, conn: Conn) -> StopFn {
    context.after_func(move || {
        // It may be closed already.
        let _ = conn.close();
    })
}

/// A connection until the response's body has been read; then it is kept. If the body is dropped earlier hyper closes it.
struct UnderWay {
    pool: Arc<Pool>,
    address: String,
    kept: Option<Kept>,
    stop: StopFn,
    /// Without an owner its deadline would not come.
    _context: Context,
}

impl UnderWay {
    fn discard(mut self) {
        self.kept = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Not stopped: the context has ended, and the connection closes.
        self.stop.stop();
        if let Some(kept) = self.kept.take() {
            self.pool.put(std::mem::take(&mut self.address), kept);
        }
    }
}
