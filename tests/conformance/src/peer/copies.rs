//! The peers of the programs that copy between descriptors.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};

use anyhow::{Result, ensure};

use super::tools::{accept, dial, expect, pace, read_all, server, until_some, wait_tcp};
use super::{Cue, LIMIT, Peer};

/// The peer of a program, if it is here.
pub(super) fn peer_of(name: &str) -> Option<Peer> {
    Some(match name {
        "copy_both_ways" => both_ways,
        "copy_tcp_unix" => copy_tcp_unix,
        "copy_to_file" => copy_to_file,
        "copy_to_pipe" => copy_to_pipe,
        "copy_unix_tcp" => copy_unix_tcp,
        "file_copy" => file_copy,
        "sendfile_copy" => sendfile_copy,
        "splice_copy" => splice_copy,
        _ => return None,
    })
}

/// What is written here comes out there, a word at a time.
fn relayed(from: &mut impl Write, to: &mut impl Read, words: [&str; 2]) -> Result<()> {
    for word in words {
        pace();
        from.write_all(word.as_bytes())?;
        expect(to, word.as_bytes())?;
    }
    Ok(())
}

/// A unix server that is copied to.
fn file_copy(cue: &Cue) -> Result<()> {
    let unix = UnixListener::bind("peer.sock")?;
    cue.ready();
    let got = read_all(&mut accept_unix(&unix)?)?;
    ensure!(got == fs::read("data.txt")?);
    Ok(())
}

fn copy_to_file(cue: &Cue) -> Result<()> {
    let tcp = server(20065, None)?;
    cue.ready();
    let mut s = accept(&tcp)?;
    for word in [&b"12345"[..], b"and more", b"to the end"] {
        pace();
        s.write_all(word)?;
    }
    pace();
    Ok(())
}

fn copy_unix_tcp(cue: &Cue) -> Result<()> {
    let (source, sink) = (UnixListener::bind("source.sock")?, server(20067, None)?);
    cue.ready();
    let (mut from, mut to) = (accept_unix(&source)?, accept(&sink)?);
    relayed(&mut from, &mut to, ["one", "and two"])?;
    pace();
    drop(from);
    ensure!(read_all(&mut to)? == b"through a pipe");
    Ok(())
}

fn copy_tcp_unix(cue: &Cue) -> Result<()> {
    let (source, sink) = (server(20066, None)?, UnixListener::bind("sink.sock")?);
    cue.ready();
    let (mut from, mut to) = (accept(&source)?, accept_unix(&sink)?);
    relayed(&mut from, &mut to, ["one", "and two"])?;
    pace();
    drop(from);
    pace();
    to.write_all(b"back")?;
    ensure!(read_all(&mut to)?.is_empty());
    Ok(())
}

fn copy_to_pipe(cue: &Cue) -> Result<()> {
    let source = server(20066, None)?;
    cue.ready();
    let mut from = accept(&source)?;
    for word in [&b"through"[..], b" a pipe"] {
        pace();
        from.write_all(word)?;
    }
    ensure!(read_all(&mut from)?.is_empty());
    Ok(())
}

/// Both ends of a proxy.
fn both_ways(cue: &Cue) -> Result<()> {
    let upstream = server(20091, None)?;
    cue.ready();
    wait_tcp(20090)?;
    let mut client = dial(20090)?;
    let mut server = accept(&upstream)?;
    for word in [&b"question"[..], b"another"] {
        pace();
        client.write_all(word)?;
        expect(&mut server, word)?;
        pace();
        server.write_all(b"answer")?;
        expect(&mut client, b"answer")?;
    }
    pace();
    client.shutdown(Shutdown::Write)?;
    ensure!(read_all(&mut server)?.is_empty());
    pace();
    server.write_all(b"last words")?;
    expect(&mut client, b"last words")?;
    pace();
    drop(server);
    ensure!(read_all(&mut client)?.is_empty());
    Ok(())
}

/// std's unix listener has no limit of its own.
fn accept_unix(server: &UnixListener) -> Result<UnixStream> {
    server.set_nonblocking(true)?;
    let s = until_some("the program's connection", || server.accept().ok())?.0;
    s.set_nonblocking(false)?;
    s.set_read_timeout(Some(LIMIT))?;
    Ok(s)
}

fn sendfile_copy(cue: &Cue) -> Result<()> {
    let server = server(20022, None)?;
    cue.ready();
    let got = read_all(&mut accept(&server)?)?;
    ensure!(got == fs::read("data.txt")?);
    Ok(())
}

fn splice_copy(cue: &Cue) -> Result<()> {
    let (from, to) = (server(20020, None)?, server(20021, None)?);
    cue.ready();
    let (mut s, mut d) = (accept(&from)?, accept(&to)?);
    relayed(&mut s, &mut d, ["first", "second"])?;
    pace();
    drop(s);
    ensure!(read_all(&mut d)?.is_empty());
    Ok(())
}
