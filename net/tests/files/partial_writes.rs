//! std's contract of `Write`: an error means that nothing was written. So a writer that keeps its buffer after an error, and tries
//! again, sends no byte twice.

use std::io::{BufWriter, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, pair, pattern};
use gopark_net::os::{self, File, PathError, pipe};
use gopark_net::{Conn, OpError, UnixStream, io, socket_pair};
use gopark_runtime::go;

const LEN: usize = 1 << 20;
const SHORT: Duration = Duration::from_millis(20);

fn soon() -> Option<Instant> {
    Some(Instant::now() + SHORT)
}

/// Flushes a buffered megabyte until a deadline, and then the rest without one: the peer gets each byte once.
fn flushed_in_two_goes<W: Write>(writer: W, limit: impl Fn(&W, bool), peer: impl Read + Send + 'static) {
    let sent = pattern(LEN);
    let mut buffered = BufWriter::with_capacity(LEN + 1, writer);
    buffered.write_all(&sent).unwrap();
    limit(buffered.get_ref(), true);
    let e = buffered.flush().unwrap_err();
    assert!(matches!(e.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock), "{e}");
    assert!(buffered.buffer().len() < LEN, "a part went out");
    limit(buffered.get_ref(), false);
    received_is(&sent, peer, move || {
        buffered.flush().unwrap();
    });
}

/// Sends by `send` (whose end closes the connection), and compares what the peer has read.
fn received_is(sent: &[u8], mut peer: impl Read + Send + 'static, send: impl FnOnce()) {
    let reader = go(move || {
        let mut got = Vec::new();
        peer.read_to_end(&mut got).unwrap();
        got
    });
    send();
    let got = reader.join().unwrap();
    assert_eq!(got.len(), sent.len());
    assert!(got == sent, "each byte once, in order");
}

fn conn_limit(conn: &Conn, on: bool) {
    conn.set_write_deadline(if on { soon() } else { None }).unwrap();
}

/// A pair whose buffers hold much less than a megabyte.
fn narrow() -> (Conn, Conn) {
    let (a, b) = pair();
    a.set_write_buffer(32 << 10).unwrap();
    b.set_read_buffer(32 << 10).unwrap();
    (a, b)
}

#[test]
fn a_connection_flushed_again_after_a_deadline() {
    in_runtime(|| {
        let (a, b) = narrow();
        flushed_in_two_goes(a, conn_limit, b);
        let (a, b) = socket_pair("unix").unwrap();
        flushed_in_two_goes(a, conn_limit, b);
    });
}

#[test]
fn a_std_shaped_stream_flushed_again_after_a_timeout() {
    in_runtime(|| {
        let (a, b) = UnixStream::pair().unwrap();
        let limit = |s: &UnixStream, on: bool| s.set_write_timeout(on.then_some(SHORT)).unwrap();
        flushed_in_two_goes(a, limit, b);
    });
}

#[test]
fn a_pipe_flushed_again_after_a_deadline() {
    in_runtime(|| {
        let limit = |f: &File, on: bool| f.set_write_deadline(if on { soon() } else { None }).unwrap();
        let (reader, writer) = pipe().unwrap();
        flushed_in_two_goes(writer, limit, reader);
        let limit = |f: &os::Fd, on: bool| f.set_write_deadline(if on { soon() } else { None }).unwrap();
        let (reader, writer) = pipe().unwrap();
        flushed_in_two_goes(os::Fd::new(writer.into()).unwrap(), limit, reader);
    });
}

/// As rustls sends its records: vectored writes, of which it forgets as much as the result says, and nothing on an error.
#[test]
fn records_written_again_after_a_deadline() {
    in_runtime(|| {
        let sent = pattern(LEN);
        let (mut a, b) = narrow();
        a.set_write_deadline(soon()).unwrap();
        let mut left: &[u8] = &sent;
        let write = |a: &mut Conn, left: &mut &[u8]| -> std::io::Result<()> {
            while !left.is_empty() {
                let records: Vec<_> = left.chunks(16 << 10).map(IoSlice::new).collect();
                *left = &left[Write::write_vectored(a, &records)?..];
            }
            Ok(())
        };
        assert_eq!(write(&mut a, &mut left).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(left.len() < LEN, "a part went out");
        a.set_write_deadline(None).unwrap();
        received_is(&sent, b, move || write(&mut a, &mut left).unwrap());
    });
}

/// The source of a copy has moved on by what went out, as Go's `bytes.Reader` has.
#[test]
fn a_copy_from_memory_goes_on_where_it_stopped() {
    in_runtime(|| {
        let sent = pattern(LEN);
        let (mut a, b) = narrow();
        a.set_write_deadline(soon()).unwrap();
        let mut left: &[u8] = &sent;
        let (copied, result) = io::copy_counted(&mut left, &mut a);
        let e = result.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::TimedOut);
        assert!(!left.is_empty() && left.len() < LEN);
        assert_eq!(copied as usize, LEN - left.len());
        let e = e.downcast::<OpError>().unwrap();
        assert_eq!(e.transferred() as u64, copied);
        a.set_write_deadline(None).unwrap();
        received_is(&sent, b, move || {
            io::copy(&mut left, &mut a).unwrap();
        });
    });
}

/// The error of a copy says how much of all went through, whoever it is from.
#[test]
fn a_copy_that_fails_counts() {
    in_runtime(|| {
        // By hand, from a reader that is no descriptor: several writes, the last of which fails.
        let (mut a, b) = socket_pair("unix").unwrap();
        a.set_write_deadline(soon()).unwrap();
        let mut endless = std::io::repeat(7);
        let (copied, result) = io::copy_counted(&mut endless, &mut a);
        let e = result.unwrap_err().downcast::<OpError>().unwrap();
        assert!(copied > 32 << 10, "{copied}");
        assert_eq!(e.transferred() as u64, copied);
        drop(a);
        assert_eq!(io::copy(&mut &b, &mut std::io::sink()).unwrap(), copied);
        // By the kernel, into a pipe that is full.
        let (a, b) = socket_pair("unix").unwrap();
        let (reader, writer) = pipe().unwrap();
        // SAFETY: takes no pointers.
        assert!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) } >= 4096);
        a.write(&pattern(160 << 10)).unwrap();
        drop(a);
        writer.set_write_deadline(soon()).unwrap();
        let e = io::copy(&mut &b, &mut &writer).unwrap_err().downcast::<PathError>().unwrap();
        assert!(e.transferred() > 0);
        drop(writer);
        assert_eq!(io::copy(&mut &reader, &mut std::io::sink()).unwrap(), e.transferred() as u64);
    });
}

#[test]
fn several_buffers_go_and_come_in_one_call() {
    fn check(mut w: impl Write, mut r: impl Read) {
        let parts = [IoSlice::new(b"abc"), IoSlice::new(b""), IoSlice::new(b"def")];
        assert_eq!(w.write_vectored(&parts).unwrap(), 6);
        let (mut one, mut two) = ([0; 4], [0; 4]);
        let n = r.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).unwrap();
        assert_eq!((n, &one, &two[..2]), (6, b"abcd", &b"ef"[..]));
    }
    in_runtime(|| {
        let (a, b) = pair();
        check(&a, &b);
        check(b, a);
        let (reader, writer) = pipe().unwrap();
        check(&writer, &reader);
        check(writer, reader);
        let (reader, writer) = pipe().unwrap();
        check(os::Fd::new(writer.into()).unwrap(), os::Fd::new(reader.into()).unwrap());
    });
}
