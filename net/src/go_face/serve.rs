//! Accepting for as long as the listener lives: errors that pass do not end a server.
//!
//! Go: net/http/server.go `Server.Serve`, which backs off on temporary errors of accept. accept(2) lists more of them, and says that
//! the network's errors of a connection that waits are to be treated like EAGAIN.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use gopark_runtime::time::sleep;
use gopark_runtime::try_go;

use super::listen::Listener;
use crate::conn::Conn;
use crate::error::OpError;

/// The first and the longest pause after an error that passes. Go: `tempDelay`.
const FIRST_DELAY: Duration = Duration::from_millis(5);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

impl Listener {
    /// Runs `f` with each connection, in a goroutine for each, until the listener is closed.
    ///
    /// Goes on where accept fails for a moment, as out of descriptors; see [`incoming`](Self::incoming). A client for whom there is no
    /// stack is turned away: its connection closes, the others stay.
    ///
    /// # Errors
    /// As [`incoming`](Self::incoming). `Ok` after [`close`](Self::close).
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let ln = std::sync::Arc::new(listen("tcp", "127.0.0.1:0").unwrap());
    /// let server = ln.clone();
    /// let server = gopark::go(move || server.serve(|conn| drop(conn.write(b"hello"))));
    /// let conn = dial("tcp", &ln.addr().to_string()).unwrap();
    /// assert_eq!(conn.read(&mut [0; 8]).unwrap(), 5);
    /// ln.close().unwrap();
    /// assert!(server.join().unwrap().is_ok());
    /// # }) } }
    /// ```
    #[track_caller]
    pub fn serve(&self, f: impl Fn(Conn) + Send + Sync + 'static) -> Result<(), OpError> {
        let f = Arc::new(f);
        let mut said = false;
        for conn in self.incoming() {
            let (conn, f) = (conn?, f.clone());
            // On failure the connection is dropped with the closure, and closes.
            if let Err(e) = try_go(move || f(conn))
                && !std::mem::replace(&mut said, true)
            {
                say(format_args!("{}: connections are turned away: {e}", self.addr()));
            }
        }
        Ok(())
    }

    /// The connections, one after another, until the listener is closed.
    ///
    /// Errors of accept that pass are not yielded: out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM), refused by a firewall (EPERM),
    /// and those of a connection that failed before it was accepted. The iterator sleeps, from 5 ms up to 1 s while they last, and tries
    /// again. It says so on stderr, once for each kind of error. Go: net/http.Server.Serve.
    ///
    /// An item is an error where trying again would not help: a passed deadline, a socket that does not listen.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let client = dial("tcp", &ln.addr().to_string()).unwrap();
    /// let conn = ln.incoming().next().unwrap().unwrap();
    /// assert_eq!(conn.remote_addr(), client.local_addr());
    /// ln.close().unwrap();
    /// assert!(ln.incoming().next().is_none());
    /// # }) } }
    /// ```
    pub fn incoming(&self) -> Accepted<'_> {
        Accepted { listener: self, said: Vec::new() }
    }
}

/// The connections of a [`Listener`]. See [`Listener::incoming`].
///
/// ```
/// use gopark::net::{dial, listen};
///
/// # unsafe { gopark::run(|| {
/// let listener = listen("tcp", "127.0.0.1:0").unwrap();
/// let client = dial("tcp", &listener.addr().to_string()).unwrap();
/// let mut accepted: gopark::net::Accepted<'_> = listener.incoming();
/// assert_eq!(accepted.next().unwrap().unwrap().remote_addr(), client.local_addr());
/// # }) }
/// ```
#[must_use = "an iterator does nothing until it is asked"]
pub struct Accepted<'a> {
    listener: &'a Listener,
    /// The errors that were told of.
    said: Vec<i32>,
}

impl fmt::Debug for Accepted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("listener", self.listener).finish_non_exhaustive()
    }
}

impl Iterator for Accepted<'_> {
    type Item = Result<Conn, OpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut delay = FIRST_DELAY;
        loop {
            let e = match self.listener.accept() {
                Ok(conn) => return Some(Ok(conn)),
                Err(e) if e.is_closed() => return None,
                Err(e) => e,
            };
            let Some(errno) = e.raw_os_error().filter(|&errno| passes(errno)) else { return Some(Err(e)) };
            if !self.said.contains(&errno) {
                self.said.push(errno);
                say(format_args!("{e}; retrying"));
            }
            sleep(delay);
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }
}

/// Whether accept may succeed later though it has failed with this.
fn passes(errno: i32) -> bool {
    use libc::*;
    matches!(
        errno,
        // The process or the system is short of something. ENOSPC: the poller's limit (fs.epoll.max_user_watches).
        EMFILE | ENFILE | ENOBUFS | ENOMEM | ENOSPC
        // The connection failed before it was accepted; a firewall refused it.
        | ECONNABORTED | ECONNRESET | EPROTO | EPERM | ETIMEDOUT | EINTR | EAGAIN
        // accept(2): "should detect the network errors defined for the protocol after accept() and treat them like EAGAIN".
        | ENETDOWN | ENOPROTOOPT | EHOSTDOWN | ENONET | EHOSTUNREACH | EOPNOTSUPP | ENETUNREACH
    )
}

/// A line on stderr; where that cannot be written, nothing happens.
fn say(text: fmt::Arguments<'_>) {
    let _ = std::io::stderr().write_all(format!("gopark: {text}\n").as_bytes());
}
