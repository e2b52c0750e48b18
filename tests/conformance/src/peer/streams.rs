//! The peers of the programs about streams: dialling, deadlines, closing, many connections.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use socket2::Socket;

use super::tools::{accept, dial, expect, pace, read_all, server, server_at, until, wait_path, wait_tcp};
use super::{Cue, LIMIT, Peer};

/// The peer of a program, if it is here.
pub(super) fn peer_of(name: &str) -> Option<Peer> {
    Some(match name {
        "accept_emfile" => accept_emfile,
        "accept_many" => accept_many,
        "close_parked" => close_parked,
        "conn_queues" => conn_queues,
        "conn_reset" => conn_reset,
        "context_dial" => context_dial,
        "deadline_reset" => deadline_reset,
        "dial_dual_stack" => dial_dual_stack,
        "dial_many" => dial_many,
        "dial_timeout" => dial_timeout,
        "echo_many" => echo_many,
        "happy_eyeballs" => happy_eyeballs,
        "main_returns" => main_returns,
        "request_loop" => request_loop,
        "select_net" => select_net,
        "three_listeners" => three_listeners,
        "unix_deadline" => unix_deadline,
        _ => return None,
    })
}

fn deadline_reset(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20040)?;
    let mut s = dial(20040)?;
    pace();
    s.write_all(b"late")?;
    expect(&mut s, b"go")?;
    pace();
    Ok(())
}

/// One port answers on IPv4 only, one on IPv6 only.
fn dial_dual_stack(cue: &Cue) -> Result<()> {
    let four = server(20041, None)?;
    let six = server_at("[::1]:20042".parse()?, None, 8)?;
    cue.ready();
    for server in [&four, &six, &four] {
        let mut s = accept(server)?;
        pace();
        s.write_all(b"hi")?;
        ensure!(read_all(&mut s)?.is_empty());
    }
    Ok(())
}

/// The queue holds one connection and is full: SYNs are dropped.
fn dial_timeout(cue: &Cue) -> Result<()> {
    let at = SocketAddr::from(([127, 0, 0, 1], 20044));
    let _server = server_at(at, None, 0)?;
    let _queued = TcpStream::connect(at)?;
    cue.ready();
    end_of_program(cue)
}

/// Two clients wait to be accepted, and for the end of their connections.
fn accept_emfile(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20064)?;
    let mut clients = [dial(20064)?, dial(20064)?];
    start(20064)?;
    for client in &mut clients {
        ensure!(read_all(client)?.is_empty());
    }
    Ok(())
}

fn accept_many(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20060)?;
    for word in [&b"one"[..], b"two", b"three"] {
        let mut s = dial(20060)?;
        pace();
        s.write_all(word)?;
        ensure!(read_all(&mut s)? == word);
        pace();
    }
    Ok(())
}

/// A client that reads nothing.
fn close_parked(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20062)?;
    let _s = dial(20062)?;
    end_of_program(cue)
}

/// What two writers write must come in two pieces.
fn conn_queues(cue: &Cue) -> Result<()> {
    let server = server(20061, Some(4096))?;
    cue.ready();
    let mut s = accept(&server)?;
    pace();
    s.write_all(b"first")?;
    pace();
    s.write_all(b"second")?;
    for letter in [b'a', b'b'] {
        // each writer finds the buffers full at first
        pace();
        pace();
        let mut piece = vec![0; 8 << 20];
        s.read_exact(&mut piece)?;
        ensure!(piece.iter().all(|c| *c == letter));
    }
    ensure!(read_all(&mut s)?.is_empty());
    Ok(())
}

/// All connect, then all speak, twice, then all go.
fn echo_many(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20068)?;
    let mut clients = (0..20).map(|_| dial(20068)).collect::<Result<Vec<_>>>()?;
    start(20068)?;
    for _ in 0..5 {
        pace();
    }
    for round in 0..2 {
        for (i, client) in clients.iter_mut().enumerate() {
            let word = format!("client {i:02}, word {round}");
            client.write_all(word.as_bytes())?;
            expect(client, word.as_bytes())?;
        }
        pace();
    }
    Ok(())
}

/// Resets the first connection, is reset on the second.
fn conn_reset(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20083)?;
    let s = dial(20083)?;
    pace();
    reset(s)?;
    pace();
    let mut s = dial(20083)?;
    pace();
    s.write_all(b"x")?;
    ensure!(
        read_all(&mut s)
            .is_err_and(|e| e.downcast_ref().map(io::Error::kind) == Some(ErrorKind::ConnectionReset))
    );
    Ok(())
}

/// What is not sent is thrown away, and the peer hears of it.
fn reset(s: TcpStream) -> Result<()> {
    Socket::from(s).set_linger(Some(Duration::ZERO))?;
    Ok(())
}

/// The IPv6 address drops SYNs, the IPv4 one answers.
fn happy_eyeballs(cue: &Cue) -> Result<()> {
    let at = "[::1]:20080".parse()?;
    let _six = server_at(at, None, 0)?;
    let _queued = TcpStream::connect(at)?;
    let four = server(20080, None)?;
    cue.ready();
    for _ in 0..2 {
        let mut s = accept(&four)?;
        (0..2).for_each(|_| pace()); // The program sleeps for the first one.
        s.write_all(b"hi")?;
        ensure!(read_all(&mut s)?.is_empty());
    }
    end_of_program(cue)
}

fn main_returns(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20088)?;
    let _s = dial(20088)?;
    end_of_program(cue)
}

/// One request at a time, then two in one write.
fn request_loop(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20086)?;
    let mut s = dial(20086)?;
    for _ in 0..2 {
        pace();
        s.write_all(b"a question\n")?;
        expect(&mut s, b"answer to a question\n")?;
    }
    pace();
    s.write_all(b"one\ntwo\n")?;
    expect(&mut s, b"answer to one\nanswer to two\n")?;
    pace();
    Ok(())
}

fn select_net(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20085)?;
    let mut a = dial(20085)?;
    pace();
    let mut b = dial(20085)?;
    for word in ["one", "two"] {
        for s in [&mut a, &mut b] {
            pace();
            s.write_all(word.as_bytes())?;
        }
    }
    pace();
    drop(a);
    pace();
    drop(b);
    Ok(())
}

/// Comes after the listener's first deadline, and speaks after the connection's.
fn unix_deadline(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_path("deadline.sock")?;
    pace();
    let mut s = UnixStream::connect("deadline.sock")?;
    s.set_read_timeout(Some(LIMIT))?;
    ensure!(read_all(&mut s)?.is_empty());
    pace();
    s.write_all(b"after it")?;
    pace();
    Ok(())
}

/// As [`dial_timeout`].
fn context_dial(cue: &Cue) -> Result<()> {
    let at = SocketAddr::from(([127, 0, 0, 1], 20093));
    let _server = server_at(at, None, 0)?;
    let _queued = TcpStream::connect(at)?;
    cue.ready();
    end_of_program(cue)
}

/// Three come alone; five come together and are answered when all have asked.
fn dial_many(cue: &Cue) -> Result<()> {
    let server = server(20097, None)?;
    cue.ready();
    for at_once in [1, 1, 1, 5] {
        let mut conns = (0..at_once).map(|_| accept(&server)).collect::<Result<Vec<_>>>()?;
        for s in &mut conns {
            expect(s, b"question")?;
        }
        pace();
        for s in &mut conns {
            s.write_all(b"answer")?;
            ensure!(read_all(s)?.is_empty());
        }
    }
    Ok(())
}

fn three_listeners(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20092)?;
    wait_path("three.sock")?;
    pace();
    let mut tcp = dial(20092)?;
    pace();
    tcp.write_all(b"by tcp")?;
    expect(&mut tcp, b"by tcp")?;
    pace();
    let mut unix = UnixStream::connect("three.sock")?;
    unix.set_read_timeout(Some(LIMIT))?;
    pace();
    unix.write_all(b"by unix")?;
    expect(&mut unix, b"by unix")?;
    pace();
    let udp = UdpSocket::bind("127.0.0.1:0")?;
    udp.send_to(b"by udp", "127.0.0.1:20092")?;
    udp.set_read_timeout(Some(LIMIT))?;
    ensure!(udp.recv(&mut [0; 16])? == b"by udp".len());
    Ok(())
}

/// Tells a program that waits for a datagram that its peer is where it should be.
fn start(port: u16) -> Result<()> {
    UdpSocket::bind("127.0.0.1:0")?.send_to(b"start", ("127.0.0.1", port))?;
    Ok(())
}

fn end_of_program(cue: &Cue) -> Result<()> {
    let pid = cue.pid.recv_timeout(LIMIT).context("the traced process")?;
    let process = PathBuf::from(format!("/proc/{pid}"));
    until("the program's end", || !process.exists())
}
