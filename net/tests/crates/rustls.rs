//! A blocking library that knows nothing of goroutines, on goroutines: rustls over both faces.

use std::io::{Read, Write};
use std::sync::Arc;

use crate::common::in_runtime;
use gopark_net::{Conn, TcpListener, TcpStream, dial};
use gopark_runtime::go;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

const CLIENTS: usize = 16;
const ROUNDS: usize = 20;

/// A certificate for "localhost" that nobody but its own client trusts.
fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.into()], key).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// Echoes until the peer says that it will send no more.
fn serve(socket: TcpStream, config: Arc<ServerConfig>) {
    let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
    let mut buf = vec![0; 40_000];
    loop {
        match tls.read(&mut buf).unwrap() {
            0 => break,
            n => tls.write_all(&buf[..n]).unwrap(),
        }
    }
    tls.conn.send_close_notify();
    tls.flush().unwrap();
}

/// Sends messages of growing size and expects each back.
fn call(socket: Conn, config: Arc<ClientConfig>, fill: u8) {
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket);
    for round in 1..=ROUNDS {
        let message = vec![fill; round * 1500];
        tls.write_all(&message).unwrap();
        let mut back = vec![0; message.len()];
        tls.read_exact(&mut back).unwrap();
        assert_eq!(back, message);
    }
    tls.conn.send_close_notify();
    tls.flush().unwrap();
    assert_eq!(tls.read(&mut [0]).unwrap(), 0, "the server says goodbye too");
}

#[test]
fn tls_over_both_faces() {
    in_runtime(|| {
        let (server, client) = configs();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let acceptor = go(move || {
            let connections: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    let (socket, _) = listener.accept().unwrap();
                    let config = server.clone();
                    go(move || serve(socket, config))
                })
                .collect();
            connections.into_iter().for_each(|c| c.join().unwrap());
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|i| {
                let (address, config) = (address.clone(), client.clone());
                go(move || call(dial("tcp", &address).unwrap(), config, i as u8))
            })
            .collect();
        clients.into_iter().for_each(|c| c.join().unwrap());
        acceptor.join().unwrap();
    });
}
