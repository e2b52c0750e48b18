//! Whoever talks to the program while it is recorded.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::tracer::{Tracer, wait_until};

/// How long a peer lets the program be after it saw it listen, so that it has parked.
fn pace() -> Duration {
    let secs = std::env::var("CONF_PACE").ok().and_then(|p| p.parse().ok()).unwrap_or(0.2);
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::from_millis(200))
}

/// A running peer script; it ends with this value.
pub(crate) struct Script {
    child: Child,
}

impl Script {
    /// Waits for its end.
    pub(crate) fn finish(&mut self, end: Instant) -> Result<()> {
        match wait_until(&mut self.child, end.max(Instant::now() + Duration::from_secs(5))) {
            Some(status) => ensure!(status.success(), "the client failed: {status}"),
            None => bail!("the client did not end"),
        }
        Ok(())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Starts a peer script and waits for its `ready`.
pub(crate) fn start_script(path: &Path, work: &Path, pidfile: &Path) -> Result<Script> {
    let path = std::path::absolute(path)?;
    let mut command = match path.extension() {
        Some(e) if e == "py" => {
            let mut c = Command::new("python3");
            c.arg(&path);
            c
        }
        _ => Command::new(&path),
    };
    command.current_dir(work).env("CONF_PIDFILE", pidfile).env("PYTHONDONTWRITEBYTECODE", "1");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut script = Script { child: child.with_context(|| format!("client {}", path.display()))? };
    let mut line = String::new();
    if let Some(out) = script.child.stdout.take() {
        let mut out = BufReader::new(out);
        out.read_line(&mut line)?;
        // What it says later is nobody's business, but it must not block on a full pipe.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    }
    ensure!(line.trim() == "ready", "the client did not say that it is ready (it said {:?})", line.trim());
    Ok(script)
}

/// Waits until the program serves, and runs a command of the shell to its end.
pub(crate) fn run_command(line: &str, work: &Path, strace: &mut Tracer, end: Instant) -> Result<()> {
    let port = loop {
        if let Some(port) = served(&strace.tracees()) {
            break port;
        }
        ensure!(strace.runs(), "the program ended before it served anybody");
        ensure!(Instant::now() < end, "the program does not listen");
        std::thread::sleep(Duration::from_millis(10));
    };
    std::thread::sleep(pace());
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(work).stdin(Stdio::null());
    if let Some(port) = port {
        command.env("STRACECMP_PORT", port.to_string());
    }
    // What it says is not the report's.
    command.stdout(Stdio::from(std::io::stderr().as_fd().try_clone_to_owned()?));
    let mut script = Script { child: command.spawn().context("the client")? };
    script.finish(end)
}

/// The port at which one of the processes listens, or a bound UDP socket's; `Some(None)` if it is a socket without a port.
fn served(pids: &[i32]) -> Option<Option<u16>> {
    let mut sockets: HashSet<u64> = HashSet::new();
    for pid in pids {
        for fd in std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let link = std::fs::read_link(fd.path()).unwrap_or_default();
            let inode = link
                .to_str()
                .and_then(|l| l.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
            sockets.extend(inode);
        }
    }
    let table =
        |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
    // A listening TCP socket comes before a UDP socket, which may be a client's.
    for (name, state) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
        for row in table(name).lines().skip(1) {
            let cols: Vec<&str> = row.split_whitespace().collect();
            let [_, local, _, st, _, _, _, _, _, inode, ..] = cols[..] else { continue };
            let ours = inode.parse::<u64>().is_ok_and(|i| sockets.contains(&i));
            let port = local.rsplit(':').next().and_then(|p| u16::from_str_radix(p, 16).ok());
            if ours && st == state && port != Some(0) {
                return Some(port);
            }
        }
    }
    let listens = |row: &str| {
        let cols: Vec<&str> = row.split_whitespace().collect();
        let [_, _, _, flags, _, _, inode, ..] = cols[..] else { return false };
        flags == "00010000" && inode.parse::<u64>().is_ok_and(|i| sockets.contains(&i))
    };
    table("unix").lines().skip(1).any(listens).then_some(None)
}

/// Waits until somebody listens at `to`, connects, sends, and reads to the end.
pub(crate) fn send(text: &[u8], to: SocketAddr, end: Instant) -> Result<()> {
    while !somebody_listens(to.port()) {
        ensure!(Instant::now() < end, "nobody listens at {to}");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(pace());
    let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut stream = connect(to, left).with_context(|| format!("connecting to {to}"))?;
    std::thread::sleep(pace());
    stream.write_all(text)?;
    // The end of what is sent comes a pace after the text: a program that is slow must not see both in one event.
    stream.set_read_timeout(Some(pace()))?;
    if read_to_end(&mut stream)? == Heard::Quiet {
        stream.shutdown(Shutdown::Write)?;
        stream.set_read_timeout(Some(left))?;
        ensure!(read_to_end(&mut stream)? == Heard::End, "{to} does not close the connection");
    }
    Ok(())
}

/// Connects; where nobody listens at the loopback address of IPv4, to that of IPv6.
fn connect(to: SocketAddr, left: Duration) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, left);
    if stream.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)
        && to.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST)
    {
        return TcpStream::connect_timeout(&(Ipv6Addr::LOCALHOST, to.port()).into(), left);
    }
    stream
}

/// How reading ended.
#[derive(PartialEq, Eq)]
enum Heard {
    /// The other side closed.
    End,
    /// It said nothing for the time that was set.
    Quiet,
}

fn read_to_end(stream: &mut TcpStream) -> Result<Heard> {
    use std::io::ErrorKind::{ConnectionReset, Interrupted, TimedOut, WouldBlock};
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf) {
            Ok(0) => return Ok(Heard::End),
            Ok(_) => {}
            Err(e) => match e.kind() {
                // A program that closes with unread data resets the connection: that is its way, not a fault of the peer.
                ConnectionReset => return Ok(Heard::End),
                TimedOut | WouldBlock => return Ok(Heard::Quiet),
                Interrupted => {}
                _ => return Err(e.into()),
            },
        }
    }
}

/// Whether a TCP socket of this thread's network listens on a port.
fn somebody_listens(port: u16) -> bool {
    let tail = format!(":{port:04X}");
    ["tcp", "tcp6"].iter().any(|name| {
        let table = std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
        table.lines().skip(1).any(|row| {
            let mut cols = row.split_whitespace().skip(1);
            cols.next().is_some_and(|local| local.ends_with(&tail)) && cols.nth(1) == Some("0A")
        })
    })
}
