//! An HTTP server in the blocking style: a router, and a handler that streams.
//!
//! ```text
//! cargo run --release --features http --example http_hello -- 127.0.0.1:8080
//! curl http://127.0.0.1:8080/hello/you
//! ```

use std::io::{Write, stdout};
use std::time::Duration;

use gopark::http::{Body, Request, RequestExt, Router, Server};

fn hello(request: Request<Body>) -> String {
    format!("hello, {}\n", request.param("name").unwrap_or("world"))
}

/// A line each 10 ms, sent as it is written.
fn count(_: Request<Body>) -> Body {
    Body::stream(|w| {
        for i in 1..=3 {
            writeln!(w, "{i}")?;
            w.flush()?;
            gopark::time::sleep(Duration::from_millis(10));
        }
        Ok(())
    })
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    // SAFETY: nothing is bound to a thread.
    unsafe {
        gopark::run_pinned(|| {
            let listener = gopark::net::listen("tcp", &address)?;
            // Not println!, which panics where the output cannot be written.
            let _ = writeln!(stdout(), "listening on {}", listener.addr());
            let router = Router::new()
                .get("/", |_| "home\n")
                .get("/hello/{name}", hello)
                .get("/count", count)
                .post("/echo", |request: Request<Body>| request.into_body());
            Ok(Server::new(router).serve(listener)?)
        })
    }
}
