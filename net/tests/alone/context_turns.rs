//! Beyond Go: an operation under a context ends with it also while it waits for its turn on the descriptor.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{self, Waker};
use std::time::{Duration, Instant};

use crate::common::in_runtime;
use gopark_net::{Conn, listen, socket_pair};
use gopark_runtime::context::Context;
use gopark_runtime::time::sleep;
use gopark_runtime::{go, goroutines};

const MS: Duration = Duration::from_millis(1);

/// Until so many goroutines wait for `reason`.
fn wait_until_parked(count: usize, reason: &str) {
    let limit = Instant::now() + Duration::from_secs(20);
    while goroutines().iter().filter(|g| g.wait_reason == reason).count() < count {
        assert!(Instant::now() < limit, "nobody waits for {reason}");
        sleep(MS);
    }
}

/// Until no goroutine waits for `reason`.
fn wait_until_gone(reason: &str) {
    let limit = Instant::now() + Duration::from_secs(20);
    while goroutines().iter().any(|g| g.wait_reason == reason) {
        assert!(Instant::now() < limit, "somebody still waits for {reason}");
        sleep(MS);
    }
}

fn canceled(e: gopark_net::OpError) {
    assert!(e.to_string().ends_with(": operation was canceled"), "{e}");
}

#[test]
fn a_context_ends_the_wait_for_ones_turn() {
    crate::alone(module_path!(), "a_context_ends_the_wait_for_ones_turn", || {
        in_runtime(|| {
            let (conn, peer) = socket_pair("unix").unwrap();
            let first = conn.clone();
            let first = go(move || first.read(&mut [0; 8]).unwrap());
            wait_until_parked(1, "IO wait");

            let (ctx, cancel) = Context::background().with_cancel();
            let (second, its_ctx) = (conn.clone(), ctx.clone());
            let second = go(move || second.read_context(&its_ctx, &mut [0; 8]).unwrap_err());
            let mut ready = conn.readable();
            assert!(pin!(&mut ready).poll(&mut task::Context::from_waker(Waker::noop())).is_pending());
            wait_until_parked(2, "semacquire");
            cancel();
            canceled(second.join().unwrap());
            drop(ready);
            wait_until_gone("semacquire");

            // The first is still there, and is the next to read.
            assert!(!first.is_finished());
            peer.write(b"four").unwrap();
            assert_eq!(first.join().unwrap(), 4);

            let listener = Arc::new(listen("tcp", "127.0.0.1:0").unwrap());
            let first = listener.clone();
            let first = go(move || first.accept().unwrap_err());
            wait_until_parked(1, "IO wait");
            let second = listener.clone();
            let second = go(move || {
                let (ctx, _cancel) = Context::background().with_timeout(5 * MS);
                second.accept_context(&ctx).unwrap_err()
            });
            assert!(second.join().unwrap().timeout());
            listener.close().unwrap();
            assert!(first.join().unwrap().is_closed());
        });
    });
}

/// Whatever the order of cancelling, reading and closing: each byte is read once, and nobody stays behind.
#[test]
fn impatient_readers_lose_no_turn() {
    crate::alone(module_path!(), "impatient_readers_lose_no_turn", || {
        for round in 0..60 {
            in_runtime(|| {
                let (conn, peer) = socket_pair("unix").unwrap();
                let read = Arc::new(AtomicUsize::new(0));
                let readers: Vec<_> = (0..8)
                    .map(|i| {
                        let (conn, read) = (conn.clone(), read.clone());
                        go(move || reader(&conn, &read, i, round))
                    })
                    .collect();
                for _ in 0..200 {
                    peer.write(b"x").unwrap();
                    sleep(Duration::from_micros(20));
                }
                peer.close_write().unwrap();
                for reader in readers {
                    reader.join().unwrap();
                }
                assert_eq!(read.load(SeqCst), 200);
            });
        }
    });
}

/// Reads bytes until the end, under contexts of various lengths or under none.
fn reader(conn: &Conn, read: &AtomicUsize, i: u64, round: u64) {
    let mut buf = [0];
    for turn in 0.. {
        let result = if i == 0 {
            conn.read(&mut buf)
        } else {
            let length = Duration::from_micros((i * 37 + turn * 61 + round * 13) % 300);
            let (ctx, _cancel) = Context::background().with_timeout(length);
            conn.read_context(&ctx, &mut buf)
        };
        match result {
            Ok(0) => return,
            Ok(n) => drop(read.fetch_add(n, SeqCst)),
            Err(e) => assert!(e.timeout(), "{e}"),
        }
    }
}
