//! A server for a test, and a client that knows nothing.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use gopark::go;
use gopark::http::{Handler, Server};
use gopark::net::{Conn, dial, listen};

/// Longer than anything takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Runs a test on a goroutine; in pinned mode with `GOPARK_PINNED=1`.
pub(crate) fn on_goroutines(test: fn()) {
    // SAFETY: nothing is bound to a thread.
    unsafe { gopark::run(test) }
}

/// A server on a free port, closed when dropped.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) address: String,
}

pub(crate) fn start(server: Server) -> Running {
    let listener = listen("tcp", "127.0.0.1:0").unwrap();
    let address = listener.addr().to_string();
    let serving = server.clone();
    go(move || serving.serve(listener).unwrap());
    Running { server, address }
}

pub(crate) fn start_handler(handler: impl Handler) -> Running {
    start(Server::new(handler))
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.close();
    }
}

impl Running {
    pub(crate) fn connect(&self) -> Conn {
        let conn = dial("tcp", &self.address).unwrap();
        conn.set_deadline(Some(Instant::now() + LIMIT)).unwrap();
        conn
    }

    /// Sends these bytes and reads to the end.
    pub(crate) fn exchange(&self, request: &str) -> String {
        let mut conn = self.connect();
        conn.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A connection that is cut may end in a reset.
        if let Err(e) = conn.read_to_end(&mut answer) {
            assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset, "{e}");
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks for a path on a new connection; returns status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        split(&self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")))
    }
}

/// Status and body of an answer.
pub(crate) fn split(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {answer:?}")), body.to_owned())
}
