//! The server workloads: a task for each connection, the read buffer inside it.

use bench_contract::{HELLO, Job, READ_BUFFER, ready};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, header, server::conn::http1, service::service_fn};
use std::future::Future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub async fn serve<F>(job: &'static Job, connection: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", job.get("port", 0))).await.expect("the port is free");
    ready();
    loop {
        let (stream, _) = listener.accept().await.expect("accept");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        tokio::spawn(connection(stream));
    }
}

pub async fn echo(mut stream: TcpStream) {
    let mut buf = [0; READ_BUFFER];
    while let Ok(n @ 1..) = stream.read(&mut buf).await {
        if stream.write_all(&buf[..n]).await.is_err() {
            return;
        }
    }
}

pub async fn one_line(mut stream: TcpStream) {
    let mut buf = [0; READ_BUFFER];
    let mut len = 0;
    while !buf[..len].contains(&b'\n') {
        let Ok(n @ 1..) = stream.read(&mut buf[len..]).await else { return };
        len += n;
    }
    _ = stream.write_all(&buf[..len]).await; // the client may have left
}

pub async fn hello(stream: TcpStream) {
    let answer = service_fn(async |_: Request<Incoming>| {
        Response::builder()
            .header(header::CONTENT_TYPE, "text/plain")
            .body(Full::new(Bytes::from_static(HELLO.as_bytes())))
    });
    let io = hyper_util::rt::TokioIo::new(stream);
    _ = http1::Builder::new().serve_connection(io, answer).await; // the client may have left
}
