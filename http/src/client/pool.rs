//! Connections that are kept for the next request. Go: net/http Transport.idleConn.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use gopark_net::Conn;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;

use crate::body::Outgoing;

/// The most idle connections to one host, and how long one is kept. Go: IdleConnTimeout.
const MAX_IDLE: usize = 32;
const IDLE_LIMIT: Duration = Duration::from_secs(90);

/// A connection that carries one request at a time.
pub(super) struct Kept {
    pub(super) sender: SendRequest<Outgoing>,
    pub(super) conn: Conn,
}

/// The connections of a client that carry no request, by the address that was dialled.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<String, Vec<(Instant, Kept)>>>);

impl Pool {
    /// The one used last, if it lives.
    pub(super) fn take(&self, address: &str) -> Option<Kept> {
        let mut hosts = self.0.lock();
        let idle = hosts.get_mut(address)?;
        idle.retain(|(since, kept)| since.elapsed() < IDLE_LIMIT && !kept.sender.is_closed());
        let kept = idle.pop();
        if idle.is_empty() {
            hosts.remove(address);
        }
        kept.map(|(_, kept)| kept)
    }

    /// Keeps one for later; where there are many, it closes.
    pub(super) fn put(&self, address: String, kept: Kept) {
        if kept.sender.is_closed() {
            return;
        }
        let mut hosts = self.0.lock();
        let idle = hosts.entry(address).or_default();
        if idle.len() < MAX_IDLE {
            idle.push((Instant::now(), kept));
        }
    }
}
