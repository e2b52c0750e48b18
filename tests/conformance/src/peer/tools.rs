//! What peers are made of: servers and connections with a limit, and waiting for the program.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use socket2::{Domain, Socket, Type};

use super::{LIMIT, PACE};

/// Gives the program the time to park.
pub(super) fn pace() {
    thread::sleep(PACE);
}

/// A TCP server on the loopback interface, perhaps with a small receive buffer.
pub(super) fn server(port: u16, receive_buffer: Option<usize>) -> Result<TcpListener> {
    server_at(SocketAddr::from(([127, 0, 0, 1], port)), receive_buffer, 8)
}

/// A TCP server on another address.
pub(super) fn server_on(ip: [u8; 4], port: u16) -> Result<TcpListener> {
    server_at(SocketAddr::from((ip, port)), None, 8)
}

/// A TCP server with a backlog; it accepts and reads within [`LIMIT`].
pub(super) fn server_at(at: SocketAddr, receive_buffer: Option<usize>, backlog: i32) -> Result<TcpListener> {
    let s = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    s.set_reuse_address(true)?;
    if let Some(bytes) = receive_buffer {
        s.set_recv_buffer_size(bytes)?;
    }
    s.bind(&at.into())?;
    s.listen(backlog)?;
    // accept(2) too gives up at this limit
    s.set_read_timeout(Some(LIMIT))?;
    Ok(s.into())
}

/// The program's connection; reads give up at [`LIMIT`].
pub(super) fn accept(server: &TcpListener) -> Result<TcpStream> {
    let (s, _) = server.accept().context("the program's connection")?;
    s.set_read_timeout(Some(LIMIT))?;
    Ok(s)
}

/// A connection to the program; reads give up at [`LIMIT`].
pub(super) fn dial(port: u16) -> Result<TcpStream> {
    let s = TcpStream::connect(("127.0.0.1", port))?;
    s.set_read_timeout(Some(LIMIT))?;
    Ok(s)
}

/// What comes up to the end.
pub(super) fn read_all(s: &mut impl Read) -> Result<Vec<u8>> {
    let mut got = Vec::new();
    s.read_to_end(&mut got)?;
    Ok(got)
}

/// Reads these bytes and no others.
pub(super) fn expect(s: &mut impl Read, want: &[u8]) -> Result<()> {
    let mut got = vec![0; want.len()];
    s.read_exact(&mut got)?;
    ensure!(got == want, "got {got:?}, want {want:?}");
    Ok(())
}

/// Waits until the program listens, and parks.
pub(super) fn wait_tcp(port: u16) -> Result<()> {
    until("a TCP listener", || listed(&["tcp", "tcp6"], port, "0A"))?;
    pace();
    Ok(())
}

/// Waits until the path is there, and the program parks.
pub(super) fn wait_path(path: &str) -> Result<()> {
    until(path, || Path::new(path).exists())?;
    pace();
    Ok(())
}

/// Waits for something to become true.
pub(super) fn until(what: &str, test: impl Fn() -> bool) -> Result<()> {
    until_some(what, || test().then_some(()))
}

/// Waits for something to be there.
pub(super) fn until_some<T>(what: &str, get: impl Fn() -> Option<T>) -> Result<T> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(got) = get() {
            return Ok(got);
        }
        if Instant::now() > end {
            bail!("gave up waiting for {what}");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Does a table of this thread's network namespace list a socket with this local port and state?
pub(super) fn listed(tables: &[&str], port: u16, state: &str) -> bool {
    let port = format!("{port:04X}");
    tables.iter().any(|table| {
        let text = fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default();
        text.lines().skip(1).any(|row| {
            let mut columns = row.split_whitespace().skip(1);
            let local = columns.next().and_then(|a| a.rsplit(':').next());
            local == Some(&port) && columns.nth(1) == Some(state)
        })
    })
}
