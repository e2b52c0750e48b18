//! Other protocols on a connection that began as HTTP: WebSockets, by a library that knows nothing of goroutines.

use gopark::go;
use gopark::http::{Body, HeaderMap, IntoResponse, Request, RequestExt, Response, StatusCode};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::common::{on_goroutines, start_handler};

fn echo(mut request: Request<Body>) -> Response<Body> {
    let Some(key) = request.headers().get("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes()))
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Ok(upgrade) = request.upgrade() else { return StatusCode::UPGRADE_REQUIRED.into_response() };
    assert_eq!(upgrade.protocol(), "websocket");
    let headers = HeaderMap::from_iter([("sec-websocket-accept".parse().unwrap(), key.parse().unwrap())]);
    let (response, finish) = upgrade.accept(headers);
    go(move || {
        let mut socket = WebSocket::from_raw_socket(finish(), Role::Server, None);
        while let Ok(message) = socket.read() {
            if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
                break;
            }
        }
    });
    response
}

#[test]
fn a_websocket_echoes() {
    on_goroutines(|| {
        let running = start_handler(echo);
        let (mut socket, response) =
            tungstenite::client(format!("ws://{}/", running.address), running.connect()).unwrap();
        assert_eq!(response.status(), 101);
        for text in ["one".to_owned(), "x".repeat(100_000)] {
            socket.send(Message::text(text.as_str())).unwrap();
            assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), text);
        }
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
    });
}

#[test]
fn no_upgrade_without_a_wish() {
    on_goroutines(|| {
        let running = start_handler(echo);
        let answer = running
            .exchange("GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: x\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    });
}
