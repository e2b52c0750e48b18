//! Whoever talks to the program while it is recorded.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::record::wait_until;

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

/// Waits until somebody listens at `to`, connects, sends, and reads to the end.
pub(crate) fn send(text: &[u8], to: SocketAddr, end: Instant) -> Result<()> {
    while !somebody_listens(to.port()) {
        ensure!(Instant::now() < end, "nobody listens at {to}");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(pace());
    let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&to, left).with_context(|| format!("connecting to {to}"))?;
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
