//! Ports of Go's net/timeout_test.go for streams, under its names.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{connect, in_runtime, local};
use gopark_net::{Conn, Dialer, Listener, OpError, dial_timeout};
use gopark_runtime::chan::bounded;
use gopark_runtime::time::{Ticker, sleep};
use gopark_runtime::{JoinHandle, go};

const MS: Duration = Duration::from_millis(1);

fn from_now(d: Duration) -> Option<Instant> {
    Some(Instant::now() + d)
}

/// Five seconds ago.
fn past() -> Option<Instant> {
    Some(Instant::now().checked_sub(Duration::from_secs(5)).unwrap())
}

/// An error of the operation that says what Go's says: the deadline passed, without a system's number.
fn assert_deadline_exceeded(e: &OpError, op: &str) {
    assert_eq!(e.op(), op);
    assert!(e.timeout() && e.raw_os_error().is_none() && !e.is_closed(), "{e}");
    assert!(e.to_string().ends_with(": i/o timeout"), "{e}");
}

/// A server that accepts one connection and handles it.
fn serve(ln: &Arc<Listener>, handle: impl FnOnce(Conn) + Send + 'static) -> JoinHandle<()> {
    let ln = ln.clone();
    go(move || handle(ln.accept().unwrap()))
}

#[test]
fn test_dial_timeout() {
    in_runtime(|| {
        let ln = local();
        // Go's "no limit".
        dial_timeout("tcp", &ln.addr().to_string(), Duration::ZERO).unwrap();
        let cases: [(Option<Duration>, Option<Duration>); 5] = [
            (Some(Duration::ZERO), None),
            (None, Some(Duration::ZERO)),
            (Some(Duration::ZERO), Some(Duration::from_secs(5))),
            (Some(MS), None),
            (Some(MS), Some(Duration::from_secs(5))),
        ];
        for (mut timeout, delta) in cases {
            loop {
                let deadline = delta.and_then(from_now);
                let start = Instant::now();
                let dialer = Dialer { timeout, deadline, ..Dialer::default() };
                // The kernel accepts on the listener's behalf: a shorter time then.
                let Err(e) = dialer.dial("tcp", &ln.addr().to_string()) else {
                    timeout = timeout.map(|t| t / 2);
                    continue;
                };
                assert_deadline_exceeded(&e, "dial");
                assert!(start.elapsed() >= timeout.unwrap_or_default());
                break;
            }
        }
    });
}

#[test]
fn test_dial_timeout_max_duration() {
    in_runtime(|| {
        let ln = local();
        for timeout in [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_nanos(i64::MAX as u64)]
        {
            let dialer = Dialer { timeout: Some(timeout), ..Dialer::default() };
            dialer.dial("tcp", &ln.addr().to_string()).unwrap().close().unwrap();
        }
    });
}

#[test]
fn test_accept_timeout() {
    in_runtime(|| {
        let ln = local();
        // A deadline in the past wins over a connection that is there.
        let _client = connect(&ln);
        sleep(5 * MS);
        ln.set_deadline(past()).unwrap();
        assert_deadline_exceeded(&ln.accept().unwrap_err(), "accept");
        let ln = local();
        ln.set_deadline(from_now(10 * MS)).unwrap();
        assert_deadline_exceeded(&ln.accept().unwrap_err(), "accept");
    });
}

#[test]
fn test_accept_timeout_must_return() {
    in_runtime(|| {
        let ln = local();
        ln.set_deadline(None).unwrap();
        ln.set_deadline(from_now(10 * MS)).unwrap();
        assert_deadline_exceeded(&ln.accept().unwrap_err(), "accept");
    });
}

#[test]
fn test_accept_timeout_must_not_return() {
    in_runtime(|| {
        let ln = local();
        ln.set_deadline(past()).unwrap();
        ln.set_deadline(None).unwrap();
        must_not_return({
            let ln = ln.clone();
            move || ln.accept().map(drop)
        })(&|| ln.close().unwrap());
    });
}

/// Runs `op`, which must still be parked after 100 ms; then `end` ends it, with an error that is no timeout.
fn must_not_return(op: impl FnOnce() -> Result<(), OpError> + Send + 'static) -> impl FnOnce(&dyn Fn()) {
    let (done, finished) = bounded(1);
    go(move || done.send(op()).unwrap());
    move |end| {
        let early = finished.recv_timeout(100 * MS);
        assert!(early.is_err(), "it was not to return: {early:?}");
        end();
        let e = finished.recv().unwrap().unwrap_err();
        assert!(!e.timeout() && !e.temporary() && e.is_closed(), "{e}");
    }
}

#[test]
fn test_read_timeout() {
    in_runtime(|| {
        let ln = local();
        let server = serve(&ln, |c| {
            c.write(b"READ TIMEOUT TEST").unwrap();
            // Until the client is done.
            let _ = c.read(&mut [0]);
        });
        let c = connect(&ln);
        let mut b = [0];
        c.set_read_deadline(past()).unwrap();
        for _ in 0..2 {
            assert_deadline_exceeded(&c.read(&mut b).unwrap_err(), "read");
        }
        let limit = 50 * MS;
        c.set_read_deadline(from_now(limit)).unwrap();
        let e = loop {
            match c.read(&mut b) {
                Ok(n) => assert_eq!(n, 1),
                Err(e) => break e,
            }
            sleep(limit / 3);
        };
        assert_deadline_exceeded(&e, "read");
        assert_deadline_exceeded(&c.read(&mut b).unwrap_err(), "read");
        drop(c);
        server.join().unwrap();
    });
}

#[test]
fn test_read_timeout_must_not_return() {
    in_runtime(|| {
        let ln = local();
        let c = connect(&ln);
        c.set_deadline(past()).unwrap();
        c.set_write_deadline(past()).unwrap();
        c.set_read_deadline(None).unwrap();
        let reader = c.clone();
        must_not_return(move || reader.read(&mut [0]).map(drop))(&|| c.close().unwrap());
    });
}

#[test]
fn test_write_timeout() {
    in_runtime(|| {
        let ln = local();
        for limit in [None, Some(10 * MS)] {
            let c = connect(&ln);
            c.set_write_deadline(limit.map_or(past(), from_now)).unwrap();
            let mut failed = 0;
            while failed < 2 {
                match c.write(b"WRITE TIMEOUT TEST") {
                    Ok(_) => {
                        assert!(limit.is_some() && failed == 0, "wrote after the deadline");
                        sleep(limit.unwrap() / 3);
                    }
                    Err(e) => {
                        assert_deadline_exceeded(&e, "write");
                        assert_eq!(e.transferred(), 0);
                        failed += 1;
                    }
                }
            }
        }
    });
}

#[test]
fn test_write_timeout_must_not_return() {
    in_runtime(|| {
        let ln = local();
        let c = connect(&ln);
        c.set_deadline(past()).unwrap();
        c.set_read_deadline(past()).unwrap();
        c.set_write_deadline(None).unwrap();
        let writer = c.clone();
        must_not_return(move || {
            loop {
                writer.write(&[0; 1024])?;
            }
        })(&|| c.close().unwrap());
    });
}

/// Repeats an attempt with more time until it takes at most a tenth more than it should.
fn accurate_some_time(mut attempt: impl FnMut(Duration) -> Duration) {
    let mut d = MS;
    loop {
        let actual = attempt(d);
        assert!(actual >= d, "{actual:?} instead of {d:?}");
        if actual <= d * 11 / 10 {
            return;
        }
        d = actual * 5 / 4;
        assert!(d < Duration::from_secs(4), "never accurate: {actual:?}");
    }
}

#[test]
fn test_read_timeout_fluctuation() {
    in_runtime(|| {
        let ln = local();
        let c = connect(&ln);
        accurate_some_time(|d| {
            let start = Instant::now();
            c.set_read_deadline(Some(start + d)).unwrap();
            assert_deadline_exceeded(&c.read(&mut [0; 256]).unwrap_err(), "read");
            start.elapsed()
        });
    });
}

#[test]
fn test_write_timeout_fluctuation() {
    in_runtime(|| {
        let ln = local();
        let c = connect(&ln);
        accurate_some_time(|d| {
            let start = Instant::now();
            c.set_write_deadline(Some(start + d)).unwrap();
            let e = loop {
                if let Err(e) = c.write(b"TIMEOUT TRANSMITTER") {
                    break e;
                }
            };
            assert_deadline_exceeded(&e, "write");
            start.elapsed()
        });
    });
}

#[test]
fn test_various_deadlines() {
    in_runtime(|| {
        let ln = local();
        let acceptor = ln.clone();
        let server = go(move || {
            while let Ok(c) = acceptor.accept() {
                let _ = c.read(&mut [0]);
            }
        });
        let ns =
            [1, 2, 5, 50, 100, 200, 500, 750, 1_000, 5_000, 25_000, 250_000, 500_000, 1_000_000, 5_000_000]
                .map(Duration::from_nanos);
        for timeout in ns.into_iter().chain([100 * MS, 250 * MS]) {
            for _ in 0..3 {
                let c = connect(&ln);
                let start = Instant::now();
                c.set_deadline(Some(start + timeout)).unwrap();
                let e = loop {
                    match c.read(&mut [0; 512]) {
                        Ok(n) => assert_ne!(n, 0, "the end came before the deadline"),
                        Err(e) => break e,
                    }
                };
                assert!(e.timeout(), "{timeout:?}: {e}");
                assert!(start.elapsed() >= timeout);
            }
        }
        ln.close().unwrap();
        server.join().unwrap();
    });
}

#[test]
fn test_read_write_prolonged_timeout() {
    in_runtime(|| {
        let ln = local();
        let server = serve(&ln, |c| {
            let hour = Duration::from_secs(3600);
            let reader = c.clone();
            let reads = go(move || {
                loop {
                    reader.set_read_deadline(from_now(hour)).unwrap();
                    match reader.read(&mut [0]) {
                        Ok(0) | Err(_) => return,
                        Ok(_) => {}
                    }
                }
            });
            loop {
                c.set_write_deadline(from_now(hour)).unwrap();
                if c.write(&[0]).is_err() {
                    break;
                }
            }
            reads.join().unwrap();
        });
        let c = connect(&ln);
        let mut b = [0];
        for _ in 0..1000 {
            c.write(&b).unwrap();
            c.read(&mut b).unwrap();
        }
        c.close().unwrap();
        server.join().unwrap();
    });
}

#[test]
fn test_read_write_deadline_race() {
    in_runtime(|| {
        const N: usize = 1000;
        let ln = local();
        let c = connect(&ln);
        let two_us = Duration::from_micros(2);
        let (setter, reader, mut writer) = (c.clone(), c.clone(), c.clone());
        let all = [
            go(move || {
                let ticks = Ticker::new(two_us);
                for _ in 0..N {
                    setter.set_read_deadline(from_now(two_us)).unwrap();
                    setter.set_write_deadline(from_now(two_us)).unwrap();
                    ticks.recv().unwrap();
                }
            }),
            go(move || (0..N).for_each(|_| drop(reader.read(&mut [0])))),
            go(move || (0..N).for_each(|_| drop(writer.write_all(&[0])))),
        ];
        for goroutine in all {
            goroutine.join().unwrap();
        }
    });
}

#[test]
fn test_concurrent_set_deadline() {
    in_runtime(|| {
        let ln = local();
        let (n, m) = (8, 16);
        let conns: Vec<Conn> = (0..n).map(|_| connect(&ln)).collect();
        let now = Instant::now();
        let all: Vec<_> = conns
            .iter()
            .flat_map(|c| {
                (0..m).map(|j| {
                    let c = c.clone();
                    go(move || c.set_deadline(Some(now + Duration::from_secs(3600 + j))).unwrap())
                })
            })
            .collect();
        for goroutine in all {
            goroutine.join().unwrap();
        }
    });
}
