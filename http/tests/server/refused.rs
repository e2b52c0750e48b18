//! Malformed, oversized and smuggling requests: each gets the answer that RFC 9110 and 9112 want, none reaches the handler, and the
//! connection ends with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use gopark::http::{Body, Request};

use crate::common::{on_goroutines, start_handler};

/// What follows each bad request: it must never be answered.
const NEXT: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

/// Requests, and the statuses of which one is the answer; 0: the connection may end without one.
struct Group {
    name: &'static str,
    statuses: &'static [u16],
    requests: Vec<String>,
}

fn group(name: &'static str, statuses: &'static [u16], requests: impl IntoIterator<Item = String>) -> Group {
    Group { name, statuses, requests: requests.into_iter().collect() }
}

/// A request with these field lines.
fn with_fields(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n")
}

fn groups() -> Vec<Group> {
    let lines = [
        "GET",
        "GET /",
        "GET / HTTP",
        "GET / HTTP/",
        "GET / HTTP/1",
        "GET / HTTP/1.",
        "GET / http/1.1",
        "GET / HTTP/1.1 x",
        "GET /  HTTP/1.1",
        "GET  / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        "GET / HTTP/1.10",
        "GET / HTTP/11.1",
        "GET / HTTP/x.y",
        "GET / HTTP/-1.1",
        "GET / HTTP/1,1",
        "G@T / HTTP/1.1",
        "G(ET / HTTP/1.1",
        "G\0ET / HTTP/1.1",
        "\u{e9} / HTTP/1.1",
        "GET x HTTP/1.1",
        "GET * HTTP/1.1",
        "GET example.com:80 HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "GET / a HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\r HTTP/1.1",
        "GET ftp://x/ HTTP/1.1",
        "GET http:// HTTP/1.1",
        "GET http://a@b/ HTTP/1.1",
        "GET http://[::1/ HTTP/1.1",
        "/ GET HTTP/1.1",
        ": / HTTP/1.1",
    ];
    let versions = ["GET / HTTP/0.9", "GET / HTTP/2.0", "GET / HTTP/3.0", "GET / HTTP/1.2", "GET / HTTP/9.9"];
    let hosts = [
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "user:pw@a",
        "a:x",
        "a:1:2",
        "a:-1",
        "a:123456",
        "[::1",
        "[x]",
        "[::1]x",
        "[]",
        "::1",
        "a\\b",
        "a\"b",
        "a<b",
        "a>b",
        "a^b",
        "a`b",
        "a{b",
        "a|b",
        "a}b",
        "%zz",
        "%2",
        "a\tb",
        ":80",
        "\u{e9}",
        "http://a",
    ];
    let bad_fields = [
        "No colon",
        ": no name",
        "Name : space",
        "Name\t: tab",
        " Leading: space",
        "Na me: space",
        "Na\0me: x",
        "N\u{e9}: x",
        "Na(me: x",
        "Na)me: x",
        "Na<me: x",
        "Na>me: x",
        "Na@me: x",
        "Na,me: x",
        "Na;me: x",
        "Na\\me: x",
        "Na\"me: x",
        "Na/me: x",
        "Na[me: x",
        "Na]me: x",
        "Na?me: x",
        "Na=me: x",
        "Na{me: x",
        "Na}me: x",
        "X: a\0b",
        "X: a\x01b",
        "X: a\x07b",
        "X: a\x7fb",
        "X: a\x1bb",
        "X: a\rb",
        "X: a\r\n folded",
        "X: a\r\n\tfolded",
    ];
    let lengths = [
        "",
        "+1",
        "-1",
        "0x1",
        "1 ",
        "a",
        "1a",
        "1,2",
        "1, 2",
        "1;",
        "1.0",
        "1e1",
        " 1 1",
        "18446744073709551616",
        "99999999999999999999999",
        "\"1\"",
        "\u{661}",
        "1_0",
        "--1",
        "0x",
    ];
    let lengths_differ = [
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: x",
        "Content-Length: x\r\nContent-Length: 5",
        "Content-Length: 5\r\nX: y\r\ncontent-length: 6",
    ];
    let not_chunked = [
        "x",
        "identity",
        "gzip",
        "chunked, gzip",
        "chunked, identity",
        "chunkedx",
        "xchunked",
        "\"chunked\"",
        "chunked;q=1",
        "chunked ;",
        "chunk ed",
        "chunked, chunked",
        "chunked,chunked",
        "Chunked, CHUNKED",
        ",chunked,",
        "chunked,",
        ",,",
        "\x0bchunked",
        "chunked\x0b",
    ];
    let twice = [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ];
    let unknown =
        ["gzip, chunked", "x, chunked", "deflate,chunked", "gzip, deflate, chunked", "identity, chunked"];
    let expects = ["x", "100-continu", "200-ok", "100-continue, x", "continue"];
    let chunks = [
        "x\r\n",
        "-1\r\n\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " \r\n",
        "\r\n",
        "1\r\nab\r\n",
        "1\r\na0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "1 1\r\na\r\n",
        "g\r\n",
        "1\u{e9}\r\na\r\n",
        "ffffffffffffffff0\r\n",
    ];
    vec![
        group("request line", &[400, 0], lines.map(|line| format!("{line}\r\nHost: x\r\n\r\n"))),
        group("version", &[400, 505, 0], versions.map(|line| format!("{line}\r\nHost: x\r\n\r\n"))),
        group("host", &[400], hosts.map(|host| format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))),
        group(
            "host missing or twice",
            &[400],
            ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "X: y\r\n", "Hostx: a\r\n"]
                .map(|fields| format!("GET / HTTP/1.1\r\n{fields}\r\n")),
        ),
        group("field", &[400, 0], bad_fields.map(with_fields)),
        group("length", &[400, 413], lengths.map(|n| with_fields(&format!("Content-Length: {n}"))))
            .without("1 "),
        group("lengths differ", &[400], lengths_differ.map(with_fields)),
        group(
            "not chunked at the end",
            &[400, 501],
            not_chunked.map(|c| with_fields(&format!("Transfer-Encoding: {c}"))),
        ),
        group("chunked twice", &[400, 501], twice.map(with_fields)),
        group("unknown coding", &[501], unknown.map(|c| with_fields(&format!("Transfer-Encoding: {c}")))),
        group("expectation", &[417], expects.map(|e| with_fields(&format!("Expect: {e}")))),
        group(
            "HTTP/1.0 chunked",
            &[400],
            ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()],
        ),
        group(
            "large",
            &[431],
            [
                with_fields(&format!("X: {}", "a".repeat(65 << 10))),
                with_fields(&"X: y\r\n".repeat(200)),
                with_fields(&format!("{}: x", "a".repeat(66 << 10))),
            ]
            .map(|r| r.replace("\r\n\r\n\r\n", "\r\n\r\n")),
        ),
        group(
            "long target",
            &[414],
            [33, 60].map(|k| format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(k << 10))),
        ),
        // The head is in order: the handler runs and finds the body broken.
        group("chunk", &[422, 0], chunks.map(|chunk| with_fields("Transfer-Encoding: chunked") + chunk)),
    ]
}

impl Group {
    /// Blanks around a value are no part of it.
    fn without(mut self, value: &str) -> Group {
        let end = format!(": {value}\r\n\r\n");
        self.requests.retain(|request| !request.ends_with(&end));
        self
    }
}

#[test]
fn each_gets_its_answer_and_none_is_taken_for_two() {
    on_goroutines(|| {
        let reached = Arc::new(AtomicUsize::new(0));
        let running = {
            let reached = reached.clone();
            start_handler(move |request: Request<Body>| {
                assert_ne!(request.uri().path(), "/smuggled");
                match request.into_body().bytes(1 << 20) {
                    Ok(_) => {
                        reached.fetch_add(1, SeqCst);
                        gopark::http::StatusCode::OK
                    }
                    Err(_) => gopark::http::StatusCode::UNPROCESSABLE_ENTITY,
                }
            })
        };
        let (mut tried, mut wrong) = (0, Vec::new());
        for Group { name, statuses, requests } in groups() {
            for request in requests {
                tried += 1;
                let answer = running.exchange(&(request.clone() + NEXT));
                let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
                let answers = answer.matches("HTTP/1.1 ").count();
                if !statuses.contains(&status) || answers > 1 {
                    wrong.push(format!(
                        "{name}: {:?}: {status}, {answers} answers",
                        &request[..request.len().min(120)]
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(tried >= 150, "{tried}");
        assert_eq!(reached.load(SeqCst), 0);
    });
}

#[test]
fn what_is_unusual_but_in_order_is_served() {
    on_goroutines(|| {
        let running = start_handler(|request: Request<Body>| request.into_body());
        let end = "Connection: close\r\n";
        for request in [
            format!("GET http://x/ HTTP/1.1\r\nHost: x\r\n{end}\r\n"),
            format!("OPTIONS * HTTP/1.1\r\nHost: x\r\n{end}\r\n"),
            "GET / HTTP/1.0\r\n\r\n".to_owned(),
            format!("GET / HTTP/1.1\r\nHost:\r\n{end}\r\n"),
            format!("GET / HTTP/1.1\r\nhOsT: [::1]:80\r\n{end}\r\n"),
            format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n{end}\r\nab"),
            format!(
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: CHUNKED\r\n{end}\r\n2;a=b\r\nab\r\n0\r\n\r\n"
            ),
            format!("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n{end}\r\nab"),
            format!("\r\nGET / HTTP/1.1\r\nHost: x\r\n{end}\r\n"),
            format!("GET / HTTP/1.1\nHost: x\n{end}\n"),
            format!("M-SEARCH / HTTP/1.1\r\nHost: x\r\n{end}\r\n"),
        ] {
            let answer = running.exchange(&request);
            assert!(
                answer.contains("HTTP/1.1 200 OK\r\n") || answer.contains("HTTP/1.0 200 OK\r\n"),
                "{request:?}: {answer:?}"
            );
        }
    });
}
