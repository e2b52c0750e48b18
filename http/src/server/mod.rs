//! The server. Go: net/http Server.
//!
//! | file | holds |
//! |---|---|
//! | `connection.rs` | a connection, driven by its goroutine |
//! | `service.rs`, `exchange.rs` | a request, its goroutine, its answer |
//! | `check.rs` | requests that are refused |
//! | `progress.rs`, `config.rs` | time-outs and limits |
//! | `control.rs` | the server's orders to its connections |
//! | `io.rs` | the connection's bytes |

mod check;
mod config;
mod connection;
mod control;
mod exchange;
mod io;
mod progress;
mod service;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gopark_net::{Listener, OpError};
use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::sync::Semaphore;
use gopark_runtime::try_go;
use parking_lot::Mutex;

use config::Config;
use control::{Connections, Order};
pub(crate) use exchange::Exchange;
pub(crate) use io::Io;

use crate::handler::Handler;

/// Serves requests on the listener's connections, with a new [`Server`]'s limits, until the listener is closed.
///
/// # Errors
/// As [`Server::serve`].
///
/// ```
/// use gopark::{go, http, net};
/// use std::io::{Read, Write};
///
/// # unsafe { gopark::run(|| {
/// let listener = net::listen("tcp", "127.0.0.1:0").unwrap();
/// let address = listener.addr().to_string();
/// go(|| http::serve(listener, |_| "hello"));
///
/// let mut conn = net::dial("tcp", &address).unwrap();
/// write!(conn, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
/// let mut answer = String::new();
/// conn.read_to_string(&mut answer).unwrap();
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"));
/// # }) }
/// ```
pub fn serve(listener: Listener, handler: impl Handler) -> Result<(), ServeError> {
    Server::new(handler).serve(listener)
}

/// An HTTP server. A clone is the same server.
///
/// It is safe with clients that are slow, large or hostile. By default a request's head must come within 10 s and be at most
/// 64 KiB with at most 128 fields, and a connection may be idle for 120 s.
///
/// ```
/// use gopark::{context::Context, go, http::Server, net};
/// use std::time::Duration;
///
/// # unsafe { gopark::run(|| {
/// let listener = net::listen("tcp", "127.0.0.1:0").unwrap();
/// let server = Server::new(|_| "hello").idle_timeout(Duration::from_secs(30));
/// let serving = server.clone();
/// let serving = go(move || serving.serve(listener));
/// // On a signal, say:
/// server.shutdown(&Context::background()).unwrap();
/// assert!(serving.join().unwrap().is_ok());
/// # }) }
/// ```
#[derive(Clone)]
pub struct Server {
    handler: Arc<dyn Handler>,
    config: Config,
    shared: Arc<Shared>,
}

struct Shared {
    connections: Arc<Connections>,
    listeners: Mutex<Vec<Arc<Listener>>>,
}

impl Server {
    /// A server with this handler.
    ///
    /// ```
    /// let server = gopark::http::Server::new(|_| "hello");
    /// # drop(server);
    /// ```
    pub fn new(handler: impl Handler) -> Server {
        Server {
            handler: Arc::new(handler),
            config: Config::default(),
            shared: Arc::new(Shared {
                connections: Arc::new(Connections::new()),
                listeners: Mutex::default(),
            }),
        }
    }

    /// How long a request's head may take, from its first byte on (of a new connection: from its beginning). Default: 10 s; zero: no
    /// limit. A client that is late is cut off.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let server = gopark::http::Server::new(|_| "hello").read_header_timeout(Duration::from_secs(2));
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn read_header_timeout(mut self, d: Duration) -> Server {
        self.config.read_header_timeout = unless_zero(d);
        self
    }

    /// How long a request may take from the end of its head on, the reading of its body included. Default: no limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let server = gopark::http::Server::new(|_| "hello").read_timeout(Duration::from_secs(60));
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn read_timeout(mut self, d: Duration) -> Server {
        self.config.read_timeout = unless_zero(d);
        self
    }

    /// How long an answer may take from the end of the request's head on. Default: no limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let server = gopark::http::Server::new(|_| "hello").write_timeout(Duration::from_secs(60));
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn write_timeout(mut self, d: Duration) -> Server {
        self.config.write_timeout = unless_zero(d);
        self
    }

    /// How long a connection may wait for its next request. Default: 120 s; zero: no limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let server = gopark::http::Server::new(|_| "hello").idle_timeout(Duration::from_secs(30));
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn idle_timeout(mut self, d: Duration) -> Server {
        self.config.idle_timeout = unless_zero(d);
        self
    }

    /// The most bytes of a request's head. Default: 64 KiB; HTTP/1.1 takes 8 KiB at least. The answer to more is 431.
    ///
    /// ```
    /// let server = gopark::http::Server::new(|_| "hello").max_header_bytes(16 << 10);
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn max_header_bytes(mut self, n: usize) -> Server {
        self.config.max_header_bytes = n;
        self
    }

    /// The most connections at once, for each [`serve`](Self::serve); further ones wait in the listener's queue. Default: no limit.
    ///
    /// ```
    /// let server = gopark::http::Server::new(|_| "hello").max_connections(10_000);
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn max_connections(mut self, n: usize) -> Server {
        self.config.max_connections = Some(n.max(1));
        self
    }

    /// Whether HTTP/2 is spoken with clients that begin with it, or choose it by ALPN. Default: yes.
    ///
    /// ```
    /// let server = gopark::http::Server::new(|_| "hello").http2(false);
    /// # drop(server);
    /// ```
    #[must_use]
    pub fn http2(mut self, on: bool) -> Server {
        self.config.http2 = on;
        self
    }

    /// Serves the listener's connections until [`shutdown`](Self::shutdown) or [`close`](Self::close), or until the listener is
    /// closed. May be called for several listeners.
    ///
    /// Where accept fails for a moment, as out of descriptors, it goes on; see [`Listener::incoming`].
    ///
    /// # Errors
    /// Those of accept that do not pass. `Ok` after `shutdown`, `close`, and the listener's end.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let server = gopark::http::Server::new(|_| "hello");
    /// let closer = server.clone();
    /// gopark::go(move || closer.close());
    /// server.serve(listener).unwrap();
    /// # }) }
    /// ```
    pub fn serve(&self, listener: Listener) -> Result<(), ServeError> {
        let listener = Arc::new(listener);
        self.shared.listeners.lock().push(listener.clone());
        let served = self.serve_until_closed(&listener);
        self.shared.listeners.lock().retain(|other| !Arc::ptr_eq(other, &listener));
        served
    }

    fn serve_until_closed(&self, listener: &Listener) -> Result<(), ServeError> {
        if self.shared.connections.ending() {
            let _ = listener.close();
            return Ok(());
        }
        let room = self.config.max_connections.map(|n| Arc::new(Semaphore::new(n)));
        let mut incoming = listener.incoming();
        loop {
            let permit = room.as_ref().map(|room| {
                room.acquire().forget();
                Permit(room.clone())
            });
            let Some(conn) = incoming.next() else { return Ok(()) };
            let conn = conn.map_err(ServeError)?;
            let Some(control) = self.shared.connections.enter() else { return Ok(()) };
            let (handler, config) = (self.handler.clone(), self.config.clone());
            // Where there is no stack for it the connection is dropped, and closes.
            let _ = try_go(move || {
                connection::serve(conn, handler, &config, &control);
                drop(permit);
            });
        }
    }

    /// Ends the server gently: listeners are closed, idle connections too, and requests that have begun are answered first. Returns
    /// when the last connection has ended. Go: http.Server.Shutdown.
    ///
    /// # Errors
    /// The context's; what is left goes on then, until [`close`](Self::close).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    /// use std::time::Duration;
    ///
    /// let server = gopark::http::Server::new(|_| "hello");
    /// let (ctx, _cancel) = Context::background().with_timeout(Duration::from_secs(10));
    /// server.shutdown(&ctx).unwrap();
    /// # }) }
    /// ```
    pub fn shutdown(&self, context: &Context) -> Result<(), ContextError> {
        self.end(Order::Shutdown);
        match self.shared.connections.none_left().recv_context(context) {
            Ok(()) => Ok(()),
            Err(_) => context.err().map_or(Ok(()), Err),
        }
    }

    /// Ends the server at once: listeners and connections are closed, and requests' contexts cancelled. Go: http.Server.Close.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// gopark::http::Server::new(|_| "hello").close();
    /// # }) }
    /// ```
    pub fn close(&self) {
        self.end(Order::Close);
    }

    fn end(&self, order: Order) {
        self.shared.connections.give(order);
        // Closing parks, so the lock is not held over it.
        let listeners = std::mem::take(&mut *self.shared.listeners.lock());
        for listener in listeners {
            // It may be closed already.
            let _ = listener.close();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Room for one connection.
struct Permit(Arc<Semaphore>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

fn unless_zero(d: Duration) -> Option<Duration> {
    (!d.is_zero()).then_some(d)
}

/// Why a server had to stop serving: accept failed for good.
///
/// ```
/// use std::time::Instant;
///
/// # unsafe { gopark::run(|| {
/// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
/// listener.set_deadline(Some(Instant::now())).unwrap();
/// let error = gopark::http::serve(listener, |_| "hello").unwrap_err();
/// assert!(error.to_string().ends_with("i/o timeout"));
/// # }) }
/// ```
#[derive(Debug)]
pub struct ServeError(OpError);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
