//! crossbeam-channel's `tests/never.rs`.

use crate::common::*;

use std::time::Instant;

use gopark_runtime::chan::{never, select, tick, unbounded};

#[test]
fn smoke() {
    run(|| {
        select! {
            recv(never::<i32>()) -> _ => panic!(),
            default => {}
        }
    });
}

#[test]
fn optional() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        s.send(1).unwrap();
        s.send(2).unwrap();
        let mut r = Some(&r);
        select! {
            recv(r.unwrap_or(&never())) -> _ => {}
            default => panic!(),
        }
        r = None;
        select! {
            recv(r.unwrap_or(&never())) -> _ => panic!(),
            default => {}
        }
    });
}

#[test]
fn tick_n() {
    run(|| {
        let mut r = tick(ms(20));
        let mut step = 0;
        loop {
            select! {
                recv(r) -> _ => step += 1,
                default(ms(200)) => break,
            }
            if step == 10 {
                r = never();
            }
        }
        assert_eq!(step, 10);
    });
}

#[test]
fn capacity() {
    assert_eq!(never::<i32>().capacity(), Some(0));
}

#[test]
fn len_empty_full() {
    let r = never::<i32>();
    assert_eq!((r.len(), r.is_empty(), r.is_full()), (0, true, true));
}

#[test]
fn try_recv() {
    run(|| {
        let r = never::<i32>();
        assert!(r.try_recv().is_err());
        nap(50);
        assert!(r.try_recv().is_err());
    });
}

#[test]
fn recv_timeout() {
    run(|| {
        let start = Instant::now();
        let r = never::<i32>();
        for n in 1..=2 {
            assert!(r.recv_timeout(ms(100)).is_err());
            let passed = start.elapsed();
            assert!(passed >= ms(100 * n) && passed <= ms(100 * n + 50), "{passed:?}");
        }
    });
}
