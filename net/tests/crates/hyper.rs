//! An async library that knows nothing of goroutines, on goroutines: hyper's HTTP/1 server and client over [`AsyncConn`].

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use gopark_net::{AsyncConn, Listener, dial, listen};
use gopark_runtime::{block_on, go};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Response};

/// A body in one piece.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |b| b.len() as u64))
    }
}

async fn collect(mut body: Incoming) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        all.extend_from_slice(frame.unwrap().data_ref().map_or(&[], |bytes| bytes));
    }
    all
}

/// Answers with the path and what was sent.
async fn echo(request: Request<Incoming>) -> Result<Response<Whole>, Infallible> {
    let mut answer = request.uri().path().as_bytes().to_vec();
    answer.extend(collect(request.into_body()).await);
    Ok(Response::new(Whole(Some(answer.into()))))
}

/// A goroutine for each connection; hyper drives it.
fn serve(listener: Listener) {
    while let Ok(conn) = listener.accept() {
        go(move || {
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(AsyncConn::from(conn), service_fn(echo));
            block_on(served).unwrap();
        });
    }
}

fn post(sender: &mut hyper::client::conn::http1::SendRequest<Whole>, path: &str, body: &[u8]) -> Vec<u8> {
    let body = Whole(Some(Bytes::copy_from_slice(body)));
    let request = Request::post(path).header("host", "gopark").body(body).unwrap();
    block_on(async {
        sender.ready().await.unwrap();
        collect(sender.send_request(request).await.unwrap().into_body()).await
    })
}

#[test]
fn hyper_serves_and_asks_on_goroutines() {
    const CLIENTS: usize = 8;
    const REQUESTS: usize = 20;
    // SAFETY: nothing is bound to a thread.
    unsafe {
        gopark_runtime::run(|| {
            let listener = listen("tcp", "127.0.0.1:0").unwrap();
            let address = listener.addr().to_string();
            go(move || serve(listener));
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let conn = AsyncConn::from(dial("tcp", &address).unwrap());
                    go(move || {
                        let (mut sender, connection) =
                            block_on(hyper::client::conn::http1::handshake(conn)).unwrap();
                        let driver = go(move || block_on(connection).unwrap());
                        for i in 0..REQUESTS {
                            // From a few bytes to more than a socket's buffer takes at once.
                            let body = vec![b'x'; 1 << i];
                            let answer = post(&mut sender, &format!("/{client}/{i}"), &body);
                            let path = format!("/{client}/{i}").into_bytes();
                            assert!(answer.starts_with(&path) && answer[path.len()..] == body);
                        }
                        drop(sender);
                        driver.join().unwrap();
                    })
                })
                .collect();
            for client in clients {
                client.join().unwrap();
            }
        });
    }
}

/// A future that is dropped while it waits leaves the connection as it was.
#[test]
fn a_dropped_wait_takes_nothing() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        gopark_runtime::run(|| {
            let listener = listen("tcp", "127.0.0.1:0").unwrap();
            let client = dial("tcp", &listener.addr().to_string()).unwrap();
            let server = listener.accept().unwrap();
            block_on(async {
                let mut waiting = pin!(client.readable());
                // One poll, then away with it.
                std::future::poll_fn(|cx| {
                    assert!(waiting.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
            });
            gopark_runtime::gosched();
            server.write(b"still here").unwrap();
            let mut buf = [0; 32];
            assert_eq!(client.read(&mut buf).unwrap(), 10);
        });
    }
}
