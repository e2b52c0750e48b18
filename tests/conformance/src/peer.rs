//! The other side of each program: plain blocking std code in this process, never traced.
//!
//! A peer prepares what must exist before the program starts, calls `Cue::ready`, and then acts only after it saw the
//! program wait (a listening socket, a path) and one [`PACE`] later, so that the program has parked.

mod copies;
mod names;
mod streams;
mod tcp;
mod tools;
mod unix_udp;

use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use anyhow::Result;

/// How long a program is left alone so that it parks.
pub const PACE: Duration = Duration::from_millis(200);
/// No peer waits longer than this for anything.
pub const LIMIT: Duration = Duration::from_secs(15);

/// A peer's body. Its working directory is the program's.
pub type Peer = fn(&Cue) -> Result<()>;

/// What passes between a peer and the recorder.
#[derive(Debug)]
pub struct Cue {
    /// Tells the recorder that the program may start.
    pub ready: Sender<()>,
    /// The traced process.
    pub pid: Receiver<i32>,
}

impl Cue {
    fn ready(&self) {
        self.ready.send(()).expect("the recorder waits for this");
    }
}

/// The peer of a program, if it has one.
pub fn peer_of(name: &str) -> Option<Peer> {
    let tables: [fn(&str) -> Option<Peer>; 5] =
        [tcp::peer_of, streams::peer_of, unix_udp::peer_of, copies::peer_of, names::peer_of];
    tables.iter().find_map(|peer_of| peer_of(name))
}
