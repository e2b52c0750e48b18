//! What the types promise the compiler. Model: std's sockets and files, which are all of it.

use std::panic::{RefUnwindSafe, UnwindSafe};

use gopark_net::os::{Fd, File, PathError};
use gopark_net::process::{Child, Command};
use gopark_net::{
    Addr, Conn, Dialer, ListenConfig, Listener, OpError, PacketConn, Resolver, TcpListener, TcpStream,
    UdpSocket, UnixDatagram, UnixListener, UnixStream,
};

fn shared<T: Send + Sync + Unpin + 'static>() {}
fn like_std<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}

#[test]
fn sockets_and_files_are_as_stds() {
    like_std::<std::net::TcpStream>();
    like_std::<TcpStream>();
    like_std::<TcpListener>();
    like_std::<UdpSocket>();
    like_std::<UnixStream>();
    like_std::<UnixListener>();
    like_std::<UnixDatagram>();
    like_std::<Conn>();
    like_std::<Listener>();
    like_std::<PacketConn>();
    like_std::<File>();
    like_std::<Fd>();
    like_std::<Child>();
    like_std::<Addr>();
}

#[test]
fn errors_and_configurations_may_be_shared() {
    shared::<OpError>();
    shared::<PathError>();
    shared::<Dialer>();
    shared::<ListenConfig>();
    shared::<Resolver>();
    shared::<Command>();
    assert!(size_of::<OpError>() <= 2 * size_of::<usize>());
}
