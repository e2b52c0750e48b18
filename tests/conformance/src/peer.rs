//! The other side of each program: plain blocking std code in this process, never traced.
//!
//! A peer prepares what must exist before the program starts, calls `Cue::ready`, and then acts only after it saw the
//! program wait (a listening socket, a path) and one [`PACE`] later, so that the program has parked.

mod copies;
mod streams;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use socket2::{Domain, Socket, Type};

mod names;

/// How long a program is left alone so that it parks.
pub const PACE: Duration = Duration::from_millis(200);
/// No peer waits longer than this for anything.
pub const LIMIT: Duration = Duration::from_secs(15);

/// A peer's body. Its working directory is the program's.
pub type Peer = fn(&Cue) -> Result<()>;

/// What passes between a peer and the recorder.
#[derive(Debug)]
pub struct Cue {
    /// Tells the recorder that the program may start.
    pub ready: Sender<()>,
    /// The traced process.
    pub pid: Receiver<i32>,
}

impl Cue {
    fn ready(&self) {
        self.ready.send(()).expect("the recorder waits for this");
    }
}

/// The peer of a program, if it has one.
pub fn peer_of(name: &str) -> Option<Peer> {
    Some(match name {
        "accept_emfile" => streams::accept_emfile,
        "accept_many" => streams::accept_many,
        "close_parked" => streams::close_parked,
        "conn_options" => conn_options,
        "conn_queues" => streams::conn_queues,
        "copy_tcp_unix" => copies::copy_tcp_unix,
        "copy_to_file" => copies::copy_to_file,
        "copy_to_pipe" => copies::copy_to_pipe,
        "copy_unix_tcp" => copies::copy_unix_tcp,
        "echo_many" => streams::echo_many,
        "file_copy" => copies::file_copy,
        "deadline_reset" => streams::deadline_reset,
        "dial_dual_stack" => streams::dial_dual_stack,
        "dial_timeout" => streams::dial_timeout,
        "dial_localhost" => dial_localhost,
        "dial_write_read" => dial_write_read,
        "dns_lookup" => dns_lookup,
        "echo_seq3" => echo_seq3,
        "epipe" => epipe,
        "conn_reset" => streams::conn_reset,
        "context_dial" => streams::context_dial,
        "dial_many" => streams::dial_many,
        "half_close" => half_close,
        "happy_eyeballs" => streams::happy_eyeballs,
        "main_returns" => streams::main_returns,
        "copy_both_ways" => copies::both_ways,
        "three_listeners" => streams::three_listeners,
        "request_loop" => streams::request_loop,
        "select_net" => streams::select_net,
        "unix_deadline" => streams::unix_deadline,
        "read_deadline" => read_deadline,
        "sendfile_copy" => sendfile_copy,
        "signal_notify" => signal_notify,
        "splice_copy" => splice_copy,
        "tcp4_listen" => tcp4_listen,
        "tcp_sample" => tcp_sample,
        "udp_echo" => udp_echo,
        "unix_dial" => unix_dial,
        "unix_stream" => unix_stream,
        "unixgram" => unixgram,
        "write_deadline" => write_deadline,
        _ => return names::peer_of(name),
    })
}

fn conn_options(cue: &Cue) -> Result<()> {
    let server = server(20031, None)?;
    cue.ready();
    read_all(&mut accept(&server)?).map(drop)
}

fn dial_localhost(cue: &Cue) -> Result<()> {
    let server = server(20037, None)?;
    cue.ready();
    let mut s = accept(&server)?;
    pace();
    s.write_all(b"hi")?;
    read_all(&mut s).map(drop)
}

fn dial_write_read(cue: &Cue) -> Result<()> {
    let server = server(20006, None)?;
    cue.ready();
    let mut s = accept(&server)?;
    expect(&mut s, b"hello")?;
    pace();
    s.write_all(b"world")?;
    pace();
    Ok(())
}

/// A name server that knows one address of host.example; the answer for A comes before that for AAAA.
fn dns_lookup(cue: &Cue) -> Result<()> {
    const A: [u8; 2] = [0, 1];
    const QUERIES: usize = 4;
    let server = UdpSocket::bind("127.0.0.1:53")?;
    server.set_read_timeout(Some(Duration::from_secs(5)))?;
    cue.ready();
    thread::scope(|scope| {
        for _ in 0..QUERIES {
            let mut query = [0; 2000];
            let (n, from) = server.recv_from(&mut query).context("a query")?;
            let query = query[..n].to_vec();
            let server = &server;
            scope.spawn(move || {
                let name_len = query[12..].iter().position(|&b| b == 0).expect("a name ends with zero") + 1;
                let question = &query[12..12 + name_len + 4];
                let is_a = question[name_len..name_len + 2] == A;
                let known = question.starts_with(b"\x04host");
                let mut answer = query[..2].to_vec();
                answer.extend([
                    0x81,
                    if known { 0x80 } else { 0x83 },
                    0,
                    1,
                    0,
                    u8::from(known && is_a),
                    0,
                    0,
                    0,
                    0,
                ]);
                answer.extend(question);
                if known && is_a {
                    // a pointer to the name, type A, class IN, 60 s, four bytes
                    answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 10]);
                }
                thread::sleep(Duration::from_millis(if is_a { 150 } else { 300 }));
                server.send_to(&answer, from).expect("an answer leaves");
            });
        }
        Ok(())
    })
}

fn echo_seq3(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20004)?;
    for _ in 0..3 {
        let mut s = dial(20004)?;
        for word in [&b"one"[..], b"two two"] {
            pace();
            s.write_all(word)?;
            expect(&mut s, word)?;
        }
        pace();
        drop(s);
        pace();
    }
    Ok(())
}

fn epipe(cue: &Cue) -> Result<()> {
    let server = server(20016, None)?;
    cue.ready();
    let s = accept(&server)?;
    pace();
    drop(s);
    Ok(())
}

fn half_close(cue: &Cue) -> Result<()> {
    let server = server(20017, None)?;
    cue.ready();
    let mut s = accept(&server)?;
    ensure!(read_all(&mut s)? == b"request");
    pace();
    s.write_all(b"response")?;
    pace();
    s.shutdown(Shutdown::Write)?;
    pace();
    Ok(())
}

fn read_deadline(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20010)?;
    ensure!(read_all(&mut dial(20010)?)? == b"late");
    Ok(())
}

fn sendfile_copy(cue: &Cue) -> Result<()> {
    let server = server(20022, None)?;
    cue.ready();
    let got = read_all(&mut accept(&server)?)?;
    ensure!(got == fs::read("data.txt")?);
    Ok(())
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

fn splice_copy(cue: &Cue) -> Result<()> {
    let (from, to) = (server(20020, None)?, server(20021, None)?);
    cue.ready();
    let (mut s, mut d) = (accept(&from)?, accept(&to)?);
    for word in [&b"first"[..], b"second"] {
        pace();
        s.write_all(word)?;
        expect(&mut d, word)?;
    }
    pace();
    drop(s);
    ensure!(read_all(&mut d)?.is_empty());
    Ok(())
}

fn tcp4_listen(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(20001)?;
    let mut s = dial(20001)?;
    pace();
    s.write_all(b"hello")?;
    pace();
    Ok(())
}

fn tcp_sample(cue: &Cue) -> Result<()> {
    cue.ready();
    wait_tcp(9999)?;
    let mut s = dial(9999)?;
    pace();
    s.write_all(b"asdf\n")?;
    ensure!(read_all(&mut s)?.is_empty());
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

fn write_deadline(cue: &Cue) -> Result<()> {
    let server = server(20011, Some(4096))?;
    cue.ready();
    let _s = accept(&server)?;
    thread::sleep(3 * PACE);
    Ok(())
}

fn pace() {
    thread::sleep(PACE);
}

fn server(port: u16, receive_buffer: Option<usize>) -> Result<TcpListener> {
    server_at(SocketAddr::from(([127, 0, 0, 1], port)), receive_buffer, 8)
}

fn server_on(ip: [u8; 4], port: u16) -> Result<TcpListener> {
    server_at(SocketAddr::from((ip, port)), None, 8)
}

fn server_at(at: SocketAddr, receive_buffer: Option<usize>, backlog: i32) -> Result<TcpListener> {
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

fn accept(server: &TcpListener) -> Result<TcpStream> {
    let (s, _) = server.accept().context("the program's connection")?;
    s.set_read_timeout(Some(LIMIT))?;
    Ok(s)
}

fn dial(port: u16) -> Result<TcpStream> {
    let s = TcpStream::connect(("127.0.0.1", port))?;
    s.set_read_timeout(Some(LIMIT))?;
    Ok(s)
}

fn read_all(s: &mut impl Read) -> Result<Vec<u8>> {
    let mut got = Vec::new();
    s.read_to_end(&mut got)?;
    Ok(got)
}

fn expect(s: &mut impl Read, want: &[u8]) -> Result<()> {
    let mut got = vec![0; want.len()];
    s.read_exact(&mut got)?;
    ensure!(got == want, "got {got:?}, want {want:?}");
    Ok(())
}

fn wait_tcp(port: u16) -> Result<()> {
    until("a TCP listener", || listed(&["tcp", "tcp6"], port, "0A"))?;
    pace();
    Ok(())
}

fn wait_path(path: &str) -> Result<()> {
    until(path, || Path::new(path).exists())?;
    pace();
    Ok(())
}

fn until(what: &str, test: impl Fn() -> bool) -> Result<()> {
    until_some(what, || test().then_some(()))
}

fn until_some<T>(what: &str, get: impl Fn() -> Option<T>) -> Result<T> {
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
fn listed(tables: &[&str], port: u16, state: &str) -> bool {
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
