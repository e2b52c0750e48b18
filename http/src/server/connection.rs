//! One connection, driven by its goroutine.
//!
//! hyper's connection is a future; the goroutine polls it, and parks in between. The driver also watches the time and the
//! server's orders. No poll parks: requests and bodies run in other goroutines.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use gopark_net::Conn;
use gopark_runtime::block_on;
use gopark_runtime::future::{GoExecutor, Sleep, sleep_until};

use super::config::Config;
use super::control::{Control, Order};
use super::io::{Io, Protocol};
use super::progress::{Phase, Progress};
use super::service::Service;
use crate::handler::Handler;

/// Serves a connection to its end.
pub(super) fn serve(conn: Conn, handler: Arc<dyn Handler>, config: &Config, control: &Control) {
    let progress = Arc::new(Progress::new(config.clone()));
    let peer = Arc::new(conn.remote_addr());
    let max_header_bytes = config.max_header_bytes;
    let service = Service { handler, peer, progress: progress.clone(), max_header_bytes };
    let watch = Watch { progress: &progress, control, timer: None, graceful: false };
    let io = Io::new(conn.clone().into(), progress.clone());
    let ended = block_on(drive(io, service, config, watch));
    if ended == Ended::Malformed || progress.refused() {
        linger(&conn);
    }
}

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Both sides know why.
    Agreed,
    /// The client has sent what is no HTTP, and has been told so.
    Malformed,
}

/// How long, and for how many bytes, a client is listened to that has been refused. Go: rstAvoidanceDelay.
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 1 << 20;

/// Takes what the client still sends. A connection that is closed with bytes unread is reset, and the client may lose the answer.
/// Go: closeWriteAndWait.
fn linger(conn: &Conn) {
    // Errors mean that the client has gone.
    if conn.close_write().is_err() || conn.set_read_deadline(Some(Instant::now() + LINGER)).is_err() {
        return;
    }
    let (mut buf, mut left) = ([0; 4096], LINGER_BYTES);
    while left > 0
        && let Ok(n) = conn.read(&mut buf)
        && n > 0
    {
        left = left.saturating_sub(n);
    }
}

async fn drive(mut io: Io, service: Service, config: &Config, mut watch: Watch<'_>) -> Ended {
    let mut protocol = Protocol::Http1;
    if config.http2 {
        let found = watch.over(pin!(io.protocol()), |_| Graceful::Stop).await;
        let Some(Ok(found)) = found else { return Ended::Agreed };
        protocol = found;
    }
    // An error is the client's: it has gone, or sent what is no HTTP, and was told so.
    match protocol {
        Protocol::Http1 => {
            let mut connection = pin!(http1(config).serve_connection(io, service).with_upgrades());
            let end = watch
                .over(connection.as_mut(), |c| {
                    c.graceful_shutdown();
                    Graceful::GoOn
                })
                .await;
            match end {
                Some(Err(e)) if e.is_parse() => Ended::Malformed,
                _ => Ended::Agreed,
            }
        }
        Protocol::Http2 => {
            let mut connection = pin!(http2(config).serve_connection(io, service));
            let _ = watch
                .over(connection.as_mut(), |c| {
                    c.graceful_shutdown();
                    Graceful::GoOn
                })
                .await;
            Ended::Agreed
        }
    }
}

/// The least that hyper's buffer may be limited to.
const LEAST_BUFFER: usize = 8192;

fn http1(config: &Config) -> hyper::server::conn::http1::Builder {
    let mut builder = hyper::server::conn::http1::Builder::new();
    // Room for the request's target besides the fields, so that each gets the answer that is its own.
    builder.max_buf_size((config.max_header_bytes + (64 << 10)).max(LEAST_BUFFER)).max_headers(MAX_HEADERS);
    builder
}

/// The most fields of a request.
const MAX_HEADERS: usize = 128;

fn http2(config: &Config) -> hyper::server::conn::http2::Builder<GoExecutor> {
    let mut builder = hyper::server::conn::http2::Builder::new(GoExecutor::new());
    builder
        .max_header_list_size(u32::try_from(config.max_header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .max_local_error_reset_streams(MAX_RESETS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS);
    builder
}

/// The most streams of a connection at once. Go: 250.
const MAX_STREAMS: u32 = 250;
/// The most streams that a client may have reset and we have not forgotten, and those not yet accepted: against "rapid reset".
const MAX_RESETS: usize = 1024;
const MAX_PENDING_RESETS: usize = 20;

/// What an order to end does to a future.
enum Graceful {
    /// It ends by itself.
    GoOn,
    /// It is dropped.
    Stop,
}

/// What the driver watches besides the connection's future.
struct Watch<'a> {
    progress: &'a Progress,
    control: &'a Control,
    timer: Option<Pin<Box<Sleep>>>,
    /// The connection has been told to end.
    graceful: bool,
}

impl Watch<'_> {
    /// Runs the future to its end; `None` if the time is over, or the server closes.
    async fn over<F: Future>(
        &mut self,
        mut future: Pin<&mut F>,
        end: impl Fn(Pin<&mut F>) -> Graceful,
    ) -> Option<F::Output> {
        poll_fn(|cx| {
            if let Poll::Ready(output) = poll_apart(future.as_mut(), cx) {
                return Poll::Ready(Some(output));
            }
            loop {
                match self.poll_event(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Event::Stop) => return Poll::Ready(None),
                    Poll::Ready(Event::End) => {
                        self.graceful = true;
                        if matches!(end(future.as_mut()), Graceful::Stop) {
                            return Poll::Ready(None);
                        }
                        if let Poll::Ready(output) = poll_apart(future.as_mut(), cx) {
                            return Poll::Ready(Some(output));
                        }
                    }
                }
            }
        })
        .await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match self.control.poll_order(cx) {
            Order::None => {}
            Order::Shutdown if self.graceful => {}
            Order::Shutdown => return Poll::Ready(Event::End),
            Order::Close => return Poll::Ready(Event::Stop),
        }
        loop {
            let (phase, limit) = self.progress.limit();
            let Some(limit) = limit else { return Poll::Pending };
            if limit <= Instant::now() {
                // An idle connection may be told to end; one that is late is cut off.
                let stop = phase != Phase::Idle || self.graceful;
                return Poll::Ready(if stop { Event::Stop } else { Event::End });
            }
            if self.poll_timer(limit, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Ready when the timer, set for `limit` or earlier, has gone off.
    fn poll_timer(&mut self, limit: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(limit)));
        if timer.deadline() > limit || timer.deadline() <= Instant::now() {
            timer.as_mut().get_mut().reset(limit);
        }
        timer.as_mut().poll(cx)
    }
}

enum Event {
    /// The connection ends when what it has begun is done.
    End,
    /// It ends now.
    Stop,
}

/// Polls in a separate frame: what the compiler knows of thread-locals inside is not kept over a park.
#[inline(never)]
fn poll_apart<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(cx)
}
