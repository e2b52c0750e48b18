//! The client, asking our server and others that misbehave.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use gopark::context::Context;
use gopark::go;
use gopark::http::{Body, Client, IntoResponse, Request, RequestExt, Response, Router, StatusCode};
use gopark::net::listen;

use crate::common::{LIMIT, on_goroutines, start_handler};

fn redirect(status: u16, to: &str) -> Response<Body> {
    let mut response = StatusCode::from_u16(status).unwrap().into_response();
    response.headers_mut().insert("location", to.parse().unwrap());
    response
}

#[test]
fn connections_are_kept() {
    on_goroutines(|| {
        let running = start_handler(|r: Request<Body>| r.peer_addr().unwrap().to_string());
        let url = format!("http://{}/", running.address);
        let client = Client::new();
        let ask = || client.get(&url).send().unwrap().into_body().text(99).unwrap();
        let first = ask();
        assert!((0..20).all(|_| ask() == first));
        // One that is being used is not given away.
        let held = client.get(&url).send().unwrap();
        assert_ne!(ask(), first);
        drop(held);
    });
}

#[test]
fn bodies_go_both_ways() {
    on_goroutines(|| {
        let running = start_handler(|r: Request<Body>| r.into_body());
        let url = format!("http://{}/echo", running.address);
        let client = Client::new();
        let large = vec![b'x'; 1 << 20];
        let sent = large.clone();
        let streamed = Body::stream(move |w| sent.chunks(10_000).try_for_each(|c| w.write_all(c)));
        let response = client.post(&url).body(streamed).timeout(LIMIT).send().unwrap();
        assert_eq!(response.into_body().bytes(2 << 20).unwrap(), large);
        let response = client.put(&url).header("x-y", "z").body("short").send().unwrap();
        assert_eq!(response.into_body().text(9).unwrap(), "short");
    });
}

#[test]
fn redirects_follow_the_rules() {
    on_goroutines(|| {
        let see = |r: Request<Body>| {
            let method = r.method().clone();
            format!("{method} {}", r.into_body().text(99).unwrap())
        };
        let router = Router::new()
            .any("/end", see)
            .any("/301", |_| redirect(301, "/end"))
            .any("/303", |_| redirect(303, "end"))
            .any("/307", |_| redirect(307, "/end"))
            .any("/loop", |_| redirect(302, "/loop"))
            .any("/nowhere", |_| redirect(302, "http://"));
        let running = start_handler(router);
        let client = Client::new();
        let post = |path: &str| {
            let url = format!("http://{}{path}", running.address);
            client.post(&url).body("b").send().map(|r| r.into_body().text(99).unwrap())
        };
        assert_eq!(post("/301").unwrap(), "GET ");
        assert_eq!(post("/303").unwrap(), "GET ");
        assert_eq!(post("/307").unwrap(), "POST b");
        assert!(post("/loop").unwrap_err().to_string().ends_with(": stopped after 10 redirects"));
        assert!(post("/nowhere").unwrap_err().to_string().contains("failed to parse Location header"));
    });
}

#[test]
fn times_and_contexts_end_requests() {
    on_goroutines(|| {
        let router = Router::new()
            .get("/late", |r: Request<Body>| r.context().done().recv_timeout(LIMIT).is_err().to_string())
            .get("/slow", |_| {
                Body::stream(|w| {
                    w.write_all(b"begun")?;
                    w.flush()?;
                    gopark::time::sleep(LIMIT);
                    Ok(())
                })
            });
        let running = start_handler(router);
        let url = |path: &str| format!("http://{}{path}", running.address);
        let client = Client::new();
        let short = Duration::from_millis(40);
        let e = client.get(&url("/late")).timeout(short).send().unwrap_err();
        assert!(e.timeout() && e.to_string().starts_with("Get \"http://"), "{e}");
        let (ctx, cancel) = Context::background().with_cancel();
        go(move || {
            gopark::time::sleep(short);
            cancel();
        });
        let e = client.get(&url("/late")).context(&ctx).send().unwrap_err();
        assert!(!e.timeout() && e.to_string().ends_with(": context canceled"), "{e}");
        let mut body = client.get(&url("/slow")).timeout(10 * short).send().unwrap().into_body();
        assert_eq!(body.read(&mut [0; 9]).unwrap(), 5);
        assert!(body.read(&mut [0; 9]).is_err());
    });
}

/// A server that answers one request and closes the connection when the next one comes.
#[test]
fn a_connection_that_died_idle_is_replaced() {
    on_goroutines(|| {
        let listener = listen("tcp", "127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.addr());
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = accepted.clone();
        go(move || {
            for mut conn in listener.incoming().flatten() {
                counted.fetch_add(1, SeqCst);
                let _ = conn.read(&mut [0; 1024]);
                let _ = conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                let _ = conn.read(&mut [0; 1024]);
            }
        });
        let client = Client::new();
        for i in 1..=3 {
            assert_eq!(client.get(&url).send().unwrap().into_body().text(9).unwrap(), "ok");
            assert_eq!(accepted.load(SeqCst), i);
        }
    });
}

#[test]
fn what_cannot_be_asked() {
    on_goroutines(|| {
        let client = Client::new();
        for (url, error) in [
            ("/path", "no host in request URL"),
            ("ftp://x/", "unsupported protocol scheme \"ftp\""),
            ("http://a b/", "invalid uri character"),
            ("http://127.0.0.1:1/", "connection refused"),
        ] {
            let e = client.get(url).send().unwrap_err().to_string();
            assert!(e.ends_with(error), "{url}: {e}");
        }
    });
}
