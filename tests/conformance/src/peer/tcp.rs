//! The peers of the programs about one TCP connection, or one after the other.

use std::io::Write;
use std::net::Shutdown;
use std::thread;

use anyhow::{Result, ensure};

use super::tools::{accept, dial, expect, pace, read_all, server, wait_tcp};
use super::{Cue, PACE, Peer};

/// The peer of a program, if it is here.
pub(super) fn peer_of(name: &str) -> Option<Peer> {
    Some(match name {
        "conn_options" => conn_options,
        "dial_write_read" => dial_write_read,
        "echo_seq3" => echo_seq3,
        "epipe" => epipe,
        "half_close" => half_close,
        "read_deadline" => read_deadline,
        "tcp4_listen" => tcp4_listen,
        "tcp_sample" => tcp_sample,
        "write_deadline" => write_deadline,
        _ => return None,
    })
}

fn conn_options(cue: &Cue) -> Result<()> {
    let server = server(20031, None)?;
    cue.ready();
    read_all(&mut accept(&server)?).map(drop)
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

fn write_deadline(cue: &Cue) -> Result<()> {
    let server = server(20011, Some(4096))?;
    cue.ready();
    let _s = accept(&server)?;
    thread::sleep(3 * PACE);
    Ok(())
}
