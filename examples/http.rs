//! An HTTP/1.1 server with keep-alive and pipelining: httparse reads the requests, goroutines do the rest.
//!
//! ```text
//! cargo run --release --example http -- 127.0.0.1:8080 & curl -v http://127.0.0.1:8080/{one,two}
//! ```
//!
//! A browser finds a page at `/` that asks for twenty things at once.

use std::time::{Duration, Instant};

use gopark::go;
use gopark::net::{Conn, OpError, listen};
use httparse::{EMPTY_HEADER, Request, Status};

fn main() -> Result<(), OpError> {
    // SAFETY: nothing bound to a thread lives across a call that parks.
    unsafe { gopark::run(serve) }
}

fn serve() -> Result<(), OpError> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into());
    let ln = listen("tcp", &address)?;
    println!("listening on {}", ln.addr());
    loop {
        let c = ln.accept()?;
        go(move || {
            if let Err(e) = requests(&c) {
                eprintln!("{e}");
            }
        });
    }
}

/// Shows what twenty requests, made at once, are answered.
const PAGE: &str = "<!doctype html><title>gopark</title><pre id=out></pre><script>
for (let i = 1; i <= 20; i++) fetch('/thing/' + i).then(r => r.text()).then(t => out.textContent += t)
</script>
";

/// Answers requests until the client closes, says `Connection: close`, or is silent for a minute.
fn requests(c: &Conn) -> Result<(), OpError> {
    let mut buf = Vec::new();
    loop {
        c.set_read_deadline(Some(Instant::now() + Duration::from_secs(60)))?;
        let mut headers = [EMPTY_HEADER; 64];
        let mut request = Request::new(&mut headers);
        match request.parse(&buf) {
            Ok(Status::Partial) if buf.len() < 64 << 10 => {
                let mut more = [0; 4096];
                match c.read(&mut more)? {
                    0 => return Ok(()),
                    n => buf.extend_from_slice(&more[..n]),
                }
            }
            Ok(Status::Complete(length)) => {
                let has = |name: &str, value: &[u8]| {
                    request
                        .headers
                        .iter()
                        .any(|h| h.name.eq_ignore_ascii_case(name) && h.value.eq_ignore_ascii_case(value))
                };
                // HTTP/1.0 closes unless it says otherwise
                let last = has("connection", b"close")
                    || (request.version == Some(0) && !has("connection", b"keep-alive"));
                match request.path {
                    Some("/") => respond(c, "200 OK", "text/html", PAGE, last)?,
                    path => {
                        let goroutine = gopark::goid().unwrap_or(0);
                        let body = format!("hello from goroutine {goroutine}: {}\n", path.unwrap_or("?"));
                        respond(c, "200 OK", "text/plain", &body, last)?;
                    }
                }
                if last {
                    return Ok(());
                }
                buf.drain(..length);
            }
            _ => return respond(c, "400 Bad Request", "text/plain", "not a request\n", true),
        }
    }
}

fn respond(c: &Conn, status: &str, kind: &str, body: &str, last: bool) -> Result<(), OpError> {
    let connection = if last { "close" } else { "keep-alive" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n"
    );
    c.write(&[head.as_bytes(), body.as_bytes()].concat()).map(drop)
}
