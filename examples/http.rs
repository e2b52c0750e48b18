//! An HTTP/1.1 server with keep-alive and pipelining: httparse reads the requests, goroutines do the rest.
//!
//! ```text
//! cargo run --release --example http -- 127.0.0.1:8080 & curl -v http://127.0.0.1:8080/{one,two}
//! ```
//!
//! A request's body is read and dropped: chunked ones are refused (501), and those above 1 MiB (413).
//! A browser finds a page at `/` that asks for twenty things at once.

use std::io::{Write, stderr, stdout};
use std::time::{Duration, Instant};

use gopark::net::{Conn, OpError, listen};
use httparse::{EMPTY_HEADER, Header, Request, Status};

fn main() -> Result<(), OpError> {
    // SAFETY: nothing bound to a thread lives across a call that parks.
    unsafe { gopark::run(serve) }
}

fn serve() -> Result<(), OpError> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into());
    let ln = listen("tcp", &address)?;
    let _ = writeln!(stdout(), "listening on {}", ln.addr());
    ln.serve(|c| {
        if let Err(e) = requests(&c) {
            let _ = writeln!(stderr(), "{e}");
        }
    })
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
                    || (request.version == Some(0) && !has("connection", b"keep-alive"))
                    // and who waits to be asked for the body need not send it
                    || has("expect", b"100-continue");
                let body = match body_length(request.headers) {
                    Ok(body) => body,
                    Err(status) => return respond(c, status, "text/plain", "not such a body\n", true),
                };
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
                skip(c, &mut buf, length + body)?;
            }
            _ => return respond(c, "400 Bad Request", "text/plain", "not a request\n", true),
        }
    }
}

const LONGEST_BODY: usize = 1 << 20;

/// How long the request's body is. What is not known for sure is refused: a body taken for the next request is an attack (smuggling).
fn body_length(headers: &[Header]) -> Result<usize, &'static str> {
    let all = |name: &'static str| {
        headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value)
    };
    if all("transfer-encoding").next().is_some() {
        return Err("501 Not Implemented");
    }
    let Some(length) = all("content-length").next() else { return Ok(0) };
    let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
    if !digits || all("content-length").any(|other| other != length) {
        return Err("400 Bad Request");
    }
    let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
    length.filter(|&n| n <= LONGEST_BODY).ok_or("413 Content Too Large")
}

/// Takes so many bytes of what the client sends.
fn skip(c: &Conn, buf: &mut Vec<u8>, mut n: usize) -> Result<(), OpError> {
    while n > buf.len() {
        n -= buf.len();
        buf.resize(4096, 0);
        let got = c.read(buf)?;
        buf.truncate(got);
        if got == 0 {
            return Ok(());
        }
    }
    buf.drain(..n);
    Ok(())
}

fn respond(c: &Conn, status: &str, kind: &str, body: &str, last: bool) -> Result<(), OpError> {
    let connection = if last { "close" } else { "keep-alive" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n"
    );
    c.write(&[head.as_bytes(), body.as_bytes()].concat()).map(drop)
}
