//! The peers of the programs about unix sockets, UDP and signals.

use std::io::Write;
use std::net::UdpSocket;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::tools::{listed, pace, read_all, until, until_some, wait_path, wait_tcp};
use super::{Cue, LIMIT, Peer};

/// The peer of a program, if it is here.
pub(super) fn peer_of(name: &str) -> Option<Peer> {
    Some(match name {
        "signal_notify" => signal_notify,
        "udp_echo" => udp_echo,
        "unix_dial" => unix_dial,
        "unix_stream" => unix_stream,
        "unixgram" => unixgram,
        _ => return None,
    })
}

fn signal_notify(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20035)?;
    let pid = Pid::from_raw(cue.pid.recv_timeout(LIMIT).context("the traced process")?);
    kill(pid, Signal::SIGUSR1)?;
    pace();
    kill(pid, Signal::SIGUSR1)?;
    Ok(())
}

fn udp_echo(cue: &Cue) -> Result<()> {
    cue.ready();
    until("the UDP socket", || listed(&["udp", "udp6"], 20023, "07"))?;
    pace();
    let s = UdpSocket::bind("0.0.0.0:0")?;
    s.set_read_timeout(Some(LIMIT))?;
    for word in [&b"ping"[..], b""] {
        s.send_to(word, "127.0.0.1:20023")?;
        let mut got = [0; 100];
        let n = s.recv(&mut got)?;
        ensure!(got[..n] == *word);
        pace();
    }
    Ok(())
}

fn unix_dial(cue: &Cue) -> Result<()> {
    let server = UnixListener::bind("peer.sock")?;
    // std's unix listener has no limit of its own
    server.set_nonblocking(true)?;
    cue.ready();
    let mut s = until_some("the program's connection", || server.accept().ok())?.0;
    s.set_nonblocking(false)?;
    s.set_read_timeout(Some(LIMIT))?;
    pace();
    s.write_all(b"hi")?;
    ensure!(read_all(&mut s)?.is_empty());
    Ok(())
}

fn unix_stream(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_path("unix.sock")?;
    let mut s = UnixStream::connect("unix.sock")?;
    s.set_read_timeout(Some(LIMIT))?;
    pace();
    s.write_all(b"ping")?;
    ensure!(read_all(&mut s)? == b"pong");
    Ok(())
}

fn unixgram(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_path("dgram.sock")?;
    UnixDatagram::unbound()?.send_to(b"anon", "dgram.sock")?;
    pace();
    let s = UnixDatagram::bind("peer.sock")?;
    s.set_read_timeout(Some(LIMIT))?;
    s.send_to(b"named", "dgram.sock")?;
    let mut got = [0; 100];
    let n = s.recv(&mut got)?;
    ensure!(&got[..n] == b"pong");
    Ok(())
}
