//! How far a connection is, and until when it must have come further.
//!
//! Shared by the connection's reader, which sees bytes arrive, its service, which sees requests begin and end, and its driver, which
//! watches the time. All of them run on the connection's goroutine; answers may be dropped elsewhere.
//!
//! Setting a limit stores a time and touches no timer: the driver has one timer, and looks when it goes off whether the limit has moved.

use std::time::Instant;

use parking_lot::Mutex;

use super::config::Config;

/// A connection's state.
pub(super) struct Progress {
    config: Config,
    state: Mutex<State>,
}

struct State {
    /// Requests that have begun and not ended.
    open: usize,
    phase: Phase,
    /// When the phase must be over.
    limit: Option<Instant>,
    /// A request was refused: the connection ends.
    refused: bool,
}

/// What the connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The rest of a request's head, or the first.
    Head,
    /// The next request.
    Idle,
    /// Requests are being answered.
    Open,
}

impl Progress {
    pub(super) fn new(config: Config) -> Progress {
        let limit = from_now(config.read_header_timeout);
        Progress { config, state: Mutex::new(State { open: 0, phase: Phase::Head, limit, refused: false }) }
    }

    /// Bytes have come.
    pub(super) fn bytes_arrive(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Idle {
            state.phase = Phase::Head;
            state.limit = from_now(self.config.read_header_timeout);
        }
    }

    pub(super) fn request_begins(&self) {
        let mut state = self.state.lock();
        state.open += 1;
        state.phase = Phase::Open;
        let both = [from_now(self.config.read_timeout), from_now(self.config.write_timeout)];
        state.limit = both.into_iter().flatten().min();
    }

    pub(super) fn request_ends(&self) {
        let mut state = self.state.lock();
        state.open -= 1;
        if state.open == 0 {
            state.phase = Phase::Idle;
            state.limit = from_now(self.config.idle_timeout);
        }
    }

    pub(super) fn refuse(&self) {
        self.state.lock().refused = true;
    }

    pub(super) fn refused(&self) -> bool {
        self.state.lock().refused
    }

    /// The phase, and when it must be over.
    pub(super) fn limit(&self) -> (Phase, Option<Instant>) {
        let state = self.state.lock();
        (state.phase, state.limit)
    }
}

fn from_now(limit: Option<std::time::Duration>) -> Option<Instant> {
    limit.and_then(|d| Instant::now().checked_add(d))
}
