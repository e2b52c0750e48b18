//! [`TcpListener`]. Model: std::net::TcpListener.

use std::io;
use std::iter::FusedIterator;
use std::net::{SocketAddr, ToSocketAddrs};

use super::TcpStream;
use super::socket::{SocketFamily, each_addr};
use super::typed::{Addresses, Model, SocketOf, Traits};
use crate::poll::Kind;

/// A TCP socket that listens. Model: [`std::net::TcpListener`]; `accept` parks the goroutine instead of blocking the thread.
///
/// # Examples
/// ```
/// use gopark_net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// # unsafe { gopark_runtime::run(|| {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let addr = listener.local_addr()?;
/// let client = gopark_runtime::go(move || TcpStream::connect(addr)?.write_all(b"hello"));
/// let (mut conn, _) = listener.accept()?;
/// let mut text = String::new();
/// conn.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// client.join().unwrap()
/// # }) }
/// # }
/// ```
pub type TcpListener = SocketOf<ModelTcpListener>;

/// [`TcpListener`]'s mark.
#[derive(Debug)]
pub struct ModelTcpListener;

impl Model for ModelTcpListener {
    const TRAITS: Traits = Traits {
        name: "TcpListener",
        kind: Kind::Stream,
        family: SocketFamily::Tcp,
        addresses: Addresses::InetStream,
    };
}

impl TcpListener {
    /// Binds and listens, on the first of the addresses that allows it. SO_REUSEADDR is set, as std does.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` when there is none.
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        each_addr(addr, |addr| Ok(std::net::TcpListener::bind(addr)?.into()))
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with_std(std::net::TcpListener::local_addr)
    }

    /// The next connection and its peer; parks until one comes.
    ///
    /// # Errors
    /// Those of accept4(2); out of descriptors among them, after which the listener goes on working.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (raw, peer) = self.socket.accept()?;
        let stream = TcpStream::fresh(raw)?;
        let peer = peer.to_socket_addr().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok((stream, peer))
    }

    /// The connections that come, for ever; each `next` is an `accept`.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The same, owning the listener.
    pub fn into_incoming(self) -> IntoIncoming {
        IntoIncoming { listener: self }
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpListener| s.set_ttl(ttl))
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.with_std(std::net::TcpListener::ttl)
    }
}

/// The connections of a listener. See [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for Incoming<'_> {}

/// The connections of a listener that it owns. See [`TcpListener::into_incoming`].
#[derive(Debug)]
pub struct IntoIncoming {
    listener: TcpListener,
}

impl Iterator for IntoIncoming {
    type Item = io::Result<TcpStream>;
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for IntoIncoming {}
