//! Requests and answers.

use std::io::{Read, Write};
use std::time::Duration;

use gopark::chan;
use gopark::context::Context;
use gopark::go;
use gopark::http::{Body, Request, RequestExt, Response, Router, Server};

use crate::common::{LIMIT, on_goroutines, split, start, start_handler};

#[test]
fn routes_answer_and_a_connection_is_kept() {
    on_goroutines(|| {
        let router = Router::new()
            .get("/", |_| "home")
            .get("/users/{id}", |r: Request<Body>| r.param("id").unwrap().to_owned())
            .post("/echo", |r: Request<Body>| r.into_body());
        let running = start_handler(router);
        assert_eq!(running.get("/"), (200, "home".into()));
        assert_eq!(running.get("/users/7"), (200, "7".into()));
        assert_eq!(running.get("/nobody").0, 404);
        let answers = running.exchange(
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n\
             POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\
             POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
             GET /users/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        );
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 4, "{answers}");
        assert!(answers.contains("\r\n\r\nhello") && answers.contains("3\r\nabc\r\n0\r\n\r\n"), "{answers}");
    });
}

#[test]
fn a_panic_is_500_and_the_server_goes_on() {
    on_goroutines(|| {
        let router = Router::new()
            .get("/", |_| "fine")
            .get("/panic", |_: Request<Body>| -> &'static str { panic!("in a handler, as the test wants") });
        let running = start_handler(router);
        assert_eq!(running.get("/panic").0, 500);
        assert_eq!(running.get("/"), (200, "fine".into()));
    });
}

#[test]
fn a_body_that_fails_is_cut() {
    on_goroutines(|| {
        let (seen, saw) = chan::bounded::<()>(0);
        let running = start_handler(move |_| {
            let saw = saw.clone();
            Body::stream(move |w| {
                w.write_all(b"begun")?;
                w.flush()?;
                saw.recv_timeout(LIMIT).unwrap();
                Err(std::io::Error::other("as the test wants"))
            })
        });
        let mut conn = running.connect();
        conn.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let (mut answer, mut buf) = (String::new(), [0; 512]);
        while !answer.contains("begun") {
            let n = conn.read(&mut buf).unwrap();
            assert!(n > 0, "ended after {answer:?}");
            answer.push_str(std::str::from_utf8(&buf[..n]).unwrap());
        }
        seen.send(()).unwrap();
        let mut rest = String::new();
        let _ = conn.read_to_string(&mut rest);
        assert!(!rest.ends_with("0\r\n\r\n"), "{rest:?}");
    });
}

#[test]
fn bodies_stream_both_ways() {
    on_goroutines(|| {
        // Answers each line as it comes.
        let running = start_handler(|request: Request<Body>| {
            let mut body = request.into_body();
            Body::stream(move |w| {
                let mut buf = [0; 64];
                loop {
                    let n = body.read(&mut buf)?;
                    if n == 0 {
                        return Ok(());
                    }
                    w.write_all(&buf[..n])?;
                    w.flush()?;
                }
            })
        });
        let mut conn = running.connect();
        conn.write_all(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
        for line in ["one", "two", "three"] {
            write!(conn, "{:x}\r\n{line}\r\n", line.len()).unwrap();
            let mut got = String::new();
            while !got.contains(line) {
                let mut buf = [0; 512];
                let n = conn.read(&mut buf).unwrap();
                assert!(n > 0, "ended after {got:?}");
                got.push_str(std::str::from_utf8(&buf[..n]).unwrap());
            }
        }
        conn.write_all(b"0\r\n\r\n").unwrap();
        let mut rest = String::new();
        conn.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
    });
}

#[test]
fn a_context_ends_when_the_client_goes() {
    on_goroutines(|| {
        let (said, heard) = chan::unbounded();
        let running = start_handler(move |request: Request<Body>| {
            let ended = request.context().done().recv_timeout(LIMIT).is_err_and(|e| e.is_disconnected());
            said.send(ended).unwrap();
            "late"
        });
        let mut conn = running.connect();
        conn.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert!(heard.recv_timeout(Duration::from_millis(30)).is_err());
        drop(conn);
        assert_eq!(heard.recv_timeout(LIMIT), Ok(true));
    });
}

#[test]
fn shutdown_answers_what_has_begun() {
    on_goroutines(|| {
        let (begin, begun) = chan::unbounded();
        let (release, released) = chan::unbounded::<()>();
        let running = start_handler(move |_| {
            begin.send(()).unwrap();
            released.recv_timeout(LIMIT).unwrap();
            "done"
        });
        let idle = running.connect();
        let mut busy = running.connect();
        busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        begun.recv_timeout(LIMIT).unwrap();
        let (short, _cancel) = Context::background().with_timeout(Duration::from_millis(20));
        assert!(running.server.shutdown(&short).is_err());
        let server = running.server.clone();
        let ended = go(move || server.shutdown(&Context::background()));
        release.send(()).unwrap();
        let mut answer = String::new();
        busy.read_to_string(&mut answer).unwrap();
        assert_eq!(split(&answer), (200, "done".into()));
        ended.join().unwrap().unwrap();
        assert_eq!(idle.read(&mut [0; 8]).unwrap(), 0);
    });
}

#[test]
fn slow_heads_and_idle_connections_are_cut() {
    on_goroutines(|| {
        let short = Duration::from_millis(60);
        let server = Server::new(|_| "x").read_header_timeout(short).idle_timeout(2 * short);
        let running = start(server);
        for request in ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
            let began = std::time::Instant::now();
            let answer = running.exchange(request);
            assert_eq!(answer.contains("200 OK"), request.ends_with("\r\n\r\n"), "{request:?}: {answer:?}");
            assert!(
                began.elapsed() >= short && began.elapsed() < LIMIT,
                "{request:?}: {:?}",
                began.elapsed()
            );
        }
    });
}

#[test]
fn no_more_connections_than_allowed() {
    on_goroutines(|| {
        let running = start(Server::new(|_| "x").max_connections(1));
        let first = running.connect();
        let mut second = running.connect();
        second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        second.set_read_deadline(Some(std::time::Instant::now() + Duration::from_millis(30))).unwrap();
        assert!(second.read(&mut [0; 8]).is_err());
        drop(first);
        second.set_read_deadline(None).unwrap();
        let mut answer = String::new();
        second.read_to_string(&mut answer).unwrap();
        assert_eq!(split(&answer).0, 200);
    });
}

#[test]
fn head_has_no_body_and_the_length() {
    on_goroutines(|| {
        let running = start_handler(|_| Response::new("hello"));
        let answer = running.exchange("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    });
}
