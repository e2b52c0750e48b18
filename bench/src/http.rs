//! A small HTTP/1.1 server over httparse: answers each GET on a kept connection, pipelined ones together.

use bench_contract::{HELLO, READ_BUFFER};
use gopark::net::Conn;

/// More headers than this is no request of the benchmark.
const HEADERS: usize = 16;

pub(crate) fn hello(conn: &Conn) {
    let mut buf = [0; READ_BUFFER];
    let mut filled = 0;
    let mut answers = Vec::with_capacity(256);
    while let Ok(n @ 1..) = conn.read(&mut buf[filled..]) {
        filled += n;
        let mut used = 0;
        answers.clear();
        while let Some(request) = next_request(&buf[used..filled]) {
            used += request.len;
            answers.extend_from_slice(request.answer.as_bytes());
            if request.answer == BAD_REQUEST {
                _ = conn.write(&answers); // the client may have left
                return;
            }
        }
        if !answers.is_empty() && conn.write(&answers).is_err() {
            return;
        }
        buf.copy_within(used..filled, 0);
        filled -= used;
    }
}

struct Request {
    len: usize,
    answer: &'static str,
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
const NOT_ALLOWED: &str = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const _: () = assert!(HELLO.len() == 13, "the length in OK is HELLO's");

/// The request at the start of `bytes`, if all of it is there. A GET has no body.
fn next_request(bytes: &[u8]) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => {
            let answer = if request.method == Some("GET") { OK } else { NOT_ALLOWED };
            Some(Request { len, answer })
        }
        Ok(httparse::Status::Partial) => None,
        Err(_) => Some(Request { len: bytes.len(), answer: BAD_REQUEST }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_request_waits_for_the_rest() {
        let whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert!(next_request(&whole[..whole.len() - 1]).is_none());
        let twice = [whole.as_slice(), whole].concat();
        assert_eq!(next_request(&twice).map(|r| (r.len, r.answer)), Some((whole.len(), OK)));
    }

    #[test]
    fn what_is_no_get_is_refused() {
        assert_eq!(next_request(b"POST / HTTP/1.1\r\n\r\n").map(|r| r.answer), Some(NOT_ALLOWED));
        assert_eq!(next_request(b"\0\0").map(|r| r.answer), Some(BAD_REQUEST));
    }
}
