//! The peers of the programs about streams: dialling, deadlines, closing, many connections.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{Cue, LIMIT, accept, dial, expect, pace, read_all, server, server_at, until, wait_tcp};

pub(super) fn deadline_reset(cue: &Cue) -> Result<()> {
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
pub(super) fn dial_dual_stack(cue: &Cue) -> Result<()> {
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
pub(super) fn dial_timeout(cue: &Cue) -> Result<()> {
    let at = SocketAddr::from(([127, 0, 0, 1], 20044));
    let _server = server_at(at, None, 0)?;
    let _queued = TcpStream::connect(at)?;
    cue.ready();
    end_of_program(cue)
}

fn end_of_program(cue: &Cue) -> Result<()> {
    let pid = cue.pid.recv_timeout(LIMIT).context("the traced process")?;
    let process = PathBuf::from(format!("/proc/{pid}"));
    until("the program's end", || !process.exists())
}
