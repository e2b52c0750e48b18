//! crossbeam-channel's `tests/mpsc.rs`, module `select_tests`; see `mpsc.rs`.

use crate::common::*;

use gopark_runtime::chan::{Receiver, TryRecvError, bounded, select, unbounded};
use gopark_runtime::{go, gosched};

fn yields(n: usize) {
    (0..n).for_each(|_| gosched());
}

#[test]
fn smoke() {
    run(|| {
        let ((tx1, rx1), (tx2, rx2)) = (unbounded(), unbounded());
        tx1.send(1).unwrap();
        select! {
            recv(rx1) -> foo => assert_eq!(foo, Ok(1)),
            recv(rx2) -> _ => panic!(),
        }
        tx2.send(2).unwrap();
        select! {
            recv(rx1) -> _ => panic!(),
            recv(rx2) -> bar => assert_eq!(bar, Ok(2)),
        }
        drop(tx1);
        select! {
            recv(rx1) -> foo => assert!(foo.is_err()),
            recv(rx2) -> _ => panic!(),
        }
        drop(tx2);
        select! { recv(rx2) -> bar => assert!(bar.is_err()) }
    });
}

#[test]
fn smoke2() {
    run(|| {
        let ends: [_; 5] = std::array::from_fn(|_| unbounded::<i32>());
        ends[4].0.send(4).unwrap();
        select! {
            recv(ends[0].1) -> _ => panic!("1"),
            recv(ends[1].1) -> _ => panic!("2"),
            recv(ends[2].1) -> _ => panic!("3"),
            recv(ends[3].1) -> _ => panic!("4"),
            recv(ends[4].1) -> foo => assert_eq!(foo, Ok(4)),
        }
    });
}

#[test]
fn closed() {
    run(|| {
        let ((_tx1, rx1), (tx2, rx2)) = (unbounded::<i32>(), unbounded::<i32>());
        drop(tx2);
        select! {
            recv(rx1) -> _ => panic!(),
            recv(rx2) -> a2 => assert!(a2.is_err()),
        }
    });
}

#[test]
fn unblocks() {
    run(|| {
        let ((tx1, rx1), (_tx2, rx2), (tx3, rx3)) = (unbounded(), unbounded::<i32>(), unbounded());
        go(move || {
            yields(20);
            tx1.send(1).unwrap();
            rx3.recv().unwrap();
            yields(20);
        });
        select! {
            recv(rx1) -> a => assert_eq!(a, Ok(1)),
            recv(rx2) -> _ => panic!(),
        }
        tx3.send(1).unwrap();
        select! {
            recv(rx1) -> a => assert!(a.is_err()),
            recv(rx2) -> _ => panic!(),
        }
    });
}

#[test]
fn both_ready() {
    run(|| {
        let ((tx1, rx1), (tx2, rx2), (tx3, rx3)) = (unbounded(), unbounded(), unbounded::<()>());
        go(move || {
            yields(20);
            tx1.send(1).unwrap();
            tx2.send(2).unwrap();
            rx3.recv().unwrap();
        });
        for _ in 0..2 {
            select! {
                recv(rx1) -> a => assert_eq!(a, Ok(1)),
                recv(rx2) -> a => assert_eq!(a, Ok(2)),
            }
        }
        assert_eq!(rx1.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(rx2.try_recv(), Err(TryRecvError::Empty));
        tx3.send(()).unwrap();
    });
}

#[test]
fn stress() {
    run(|| {
        let ((tx1, rx1), (tx2, rx2), (tx3, rx3)) = (unbounded(), unbounded(), unbounded::<()>());
        go(move || {
            for i in 0..10_000 {
                if i % 2 == 0 { &tx1 } else { &tx2 }.send(i).unwrap();
                rx3.recv().unwrap();
            }
        });
        for i in 0..10_000 {
            select! {
                recv(rx1) -> i1 => assert!(i % 2 == 0 && i1 == Ok(i)),
                recv(rx2) -> i2 => assert!(i % 2 == 1 && i2 == Ok(i)),
            }
            tx3.send(()).unwrap();
        }
    });
}

/// A clone that comes and goes does not disturb a select.
fn clone_and_send() {
    run(|| {
        let ((tx1, rx1), (_tx2, rx2), (tx3, rx3)) = (unbounded(), unbounded::<i32>(), unbounded::<()>());
        go(move || {
            rx3.recv().unwrap();
            drop(tx1.clone());
            assert_eq!(rx3.try_recv(), Err(TryRecvError::Empty));
            tx1.send(2).unwrap();
            rx3.recv().unwrap();
        });
        tx3.send(()).unwrap();
        select! {
            recv(rx1) -> i1 => assert_eq!(i1, Ok(2)),
            recv(rx2) -> _ => panic!(),
        }
        tx3.send(()).unwrap();
    });
}

#[test]
fn cloning() {
    clone_and_send();
}

#[test]
fn cloning2() {
    clone_and_send();
}

#[test]
fn cloning3() {
    run(|| {
        let ((tx1, rx1), (tx2, rx2), (tx3, rx3)) = (unbounded::<()>(), unbounded::<()>(), unbounded());
        go(move || {
            select! {
                recv(rx1) -> _ => panic!(),
                recv(rx2) -> _ => {}
            }
            tx3.send(()).unwrap();
        });
        yields(1000);
        drop(tx1.clone());
        tx2.send(()).unwrap();
        rx3.recv().unwrap();
    });
}

/// After `n` messages, with or without an earlier clone, a select finds one.
fn preflight(n: usize, clone: bool) {
    run(|| {
        let (tx, rx) = unbounded();
        if clone {
            drop(tx.clone());
        }
        (0..n).for_each(|_| tx.send(()).unwrap());
        select! { recv(rx) -> v => assert_eq!(v, Ok(())) }
        assert_eq!(rx.len(), n - 1);
    });
}

/// The same, but all messages were received and the sender is gone.
fn preflight_gone(n: usize, clone: bool) {
    run(|| {
        let (tx, rx) = unbounded();
        if clone {
            drop(tx.clone());
        }
        (0..n).for_each(|_| tx.send(()).unwrap());
        drop(tx);
        (0..n).for_each(|_| rx.recv().unwrap());
        select! { recv(rx) -> v => assert!(v.is_err()) }
    });
}

#[test]
fn preflight1() {
    preflight(1, false);
}

#[test]
fn preflight2() {
    preflight(2, false);
}

#[test]
fn preflight3() {
    preflight(1, true);
}

#[test]
fn preflight4() {
    preflight(1, false);
}

#[test]
fn preflight5() {
    preflight(2, false);
}

#[test]
fn preflight6() {
    preflight(1, true);
}

#[test]
fn preflight7() {
    preflight_gone(0, false);
}

#[test]
fn preflight8() {
    preflight_gone(1, false);
}

#[test]
fn preflight9() {
    preflight_gone(1, true);
}

/// A message for a select that waits, on a channel that has seen `before` messages.
fn data_waiting(before: usize, clone: bool) {
    run(|| {
        let ((tx1, rx1), (tx2, rx2)) = (unbounded(), unbounded());
        if clone {
            drop(tx1.clone());
        }
        (0..before).for_each(|_| tx1.send(()).unwrap());
        (0..before).for_each(|_| rx1.recv().unwrap());
        go(move || {
            select! { recv(rx1) -> n => n.unwrap() }
            tx2.send(()).unwrap();
        });
        yields(100);
        tx1.send(()).unwrap();
        rx2.recv().unwrap();
    });
}

#[test]
fn oneshot_data_waiting() {
    data_waiting(0, false);
}

#[test]
fn stream_data_waiting() {
    data_waiting(2, false);
}

#[test]
fn shared_data_waiting() {
    data_waiting(1, true);
}

#[test]
fn sync1() {
    run(|| {
        let (tx, rx) = bounded(1);
        tx.send(1).unwrap();
        select! { recv(rx) -> n => assert_eq!(n, Ok(1)) }
    });
}

#[test]
fn sync2() {
    run(|| {
        let (tx, rx) = bounded(0);
        go(move || {
            yields(100);
            tx.send(1).unwrap();
        });
        select! { recv(rx) -> n => assert_eq!(n, Ok(1)) }
    });
}

#[test]
fn sync3() {
    run(|| {
        let ((tx1, rx1), (tx2, rx2)) = (bounded(0), unbounded());
        go(move || tx1.send(1).unwrap());
        go(move || tx2.send(2).unwrap());
        let other = |r: &Receiver<i32>, expected| assert_eq!(r.recv(), Ok(expected));
        select! {
            recv(rx1) -> n => { assert_eq!(n, Ok(1)); other(&rx2, 2) }
            recv(rx2) -> n => { assert_eq!(n, Ok(2)); other(&rx1, 1) }
        }
    });
}
