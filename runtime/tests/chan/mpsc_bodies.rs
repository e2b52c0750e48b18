//! What std's tests of `channel()` and `sync_channel(n)` have in common, by the capacity.

use crate::common::*;
use crate::modes::left_out_when_pinned;
use gopark_runtime::chan::{Receiver, RecvError, RecvTimeoutError, Sender, TryRecvError};
use gopark_runtime::{JoinHandle, go, gosched};

type Cap = Option<usize>;

pub(crate) fn smoke(cap: Cap) {
    let (tx, rx) = channel(cap);
    tx.send(1).unwrap();
    assert_eq!(rx.recv(), Ok(1));
}

pub(crate) fn drop_full(cap: Cap) {
    let (tx, _rx) = channel(cap);
    tx.send(Box::new(1)).unwrap();
}

pub(crate) fn smoke_shared(cap: Cap) {
    let (tx, rx) = channel(cap);
    for tx in [tx.clone(), tx] {
        tx.send(1).unwrap();
        assert_eq!(rx.recv(), Ok(1));
    }
}

pub(crate) fn smoke_threads(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || tx.send(1).unwrap());
        assert_eq!(rx.recv(), Ok(1));
        t.join().unwrap();
    });
}

pub(crate) fn smoke_port_gone(cap: Cap) {
    let (tx, rx) = channel(cap);
    drop(rx);
    assert!(tx.send(1).is_err());
}

pub(crate) fn smoke_shared_port_gone2(cap: Cap) {
    let (tx, rx) = channel(cap);
    drop(rx);
    let tx2 = tx.clone();
    drop(tx);
    assert!(tx2.send(1).is_err());
}

pub(crate) fn port_gone_concurrent(cap: Cap) {
    if cap.is_none() && left_out_when_pinned("port_gone_concurrent", "the sender never parks") {
        return;
    }
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || rx.recv().unwrap());
        while tx.send(1).is_ok() {}
        assert_eq!(t.join().unwrap(), 1);
    });
}

pub(crate) fn port_gone_concurrent_shared(cap: Cap) {
    if cap.is_none() && left_out_when_pinned("port_gone_concurrent_shared", "the sender never parks") {
        return;
    }
    run(|| {
        let (tx, rx) = channel(cap);
        let tx2 = tx.clone();
        let t = go(move || rx.recv().unwrap());
        while tx.send(1).is_ok() && tx2.send(1).is_ok() {}
        assert_eq!(t.join().unwrap(), 1);
    });
}

pub(crate) fn smoke_chan_gone(cap: Cap) {
    let (tx, rx) = channel::<i32>(cap);
    drop(tx);
    assert!(rx.recv().is_err());
}

pub(crate) fn smoke_chan_gone_shared(cap: Cap) {
    let (tx, rx) = channel::<()>(cap);
    drop((tx.clone(), tx));
    assert!(rx.recv().is_err());
}

pub(crate) fn chan_gone_concurrent(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || (0..2).for_each(|_| tx.send(1).unwrap()));
        assert_eq!(rx.iter().count(), 2);
        t.join().unwrap();
    });
}

pub(crate) fn stress(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || (0..10_000).for_each(|_| tx.send(1).unwrap()));
        (0..10_000).for_each(|_| assert_eq!(rx.recv(), Ok(1)));
        t.join().unwrap();
    });
}

pub(crate) fn stress_shared(cap: Cap, amount: usize) {
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || {
            (0..amount * 8).for_each(|_| assert_eq!(rx.recv(), Ok(1)));
            assert!(rx.try_recv().is_err());
        });
        many(8, |_| (0..amount).for_each(|_| tx.send(1).unwrap()));
        t.join().unwrap();
    });
}

pub(crate) fn oneshot_single_thread_close_port_first(cap: Cap) {
    let (_tx, rx) = channel::<i32>(cap);
    drop(rx);
}

pub(crate) fn oneshot_single_thread_close_chan_first(cap: Cap) {
    let (tx, _rx) = channel::<i32>(cap);
    drop(tx);
}

pub(crate) fn oneshot_single_thread_send_port_close(cap: Cap) {
    let (tx, rx) = channel(cap);
    drop(rx);
    assert!(tx.send(Box::new(0)).is_err());
}

pub(crate) fn oneshot_single_thread_recv_chan_close(cap: Cap) {
    let (tx, rx) = channel::<i32>(cap);
    drop(tx);
    assert_eq!(rx.recv(), Err(RecvError));
}

pub(crate) fn oneshot_single_thread_send_then_recv(cap: Cap) {
    let (tx, rx) = channel(cap);
    tx.send(Box::new(10)).unwrap();
    assert_eq!(rx.recv(), Ok(Box::new(10)));
}

pub(crate) fn oneshot_single_thread_try_recv_open(cap: Cap) {
    let (tx, rx) = channel(cap);
    tx.send(10).unwrap();
    assert_eq!(rx.recv(), Ok(10));
}

pub(crate) fn oneshot_single_thread_peek_data(cap: Cap) {
    let (tx, rx) = channel(cap);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(10).unwrap();
    assert_eq!(rx.try_recv(), Ok(10));
}

pub(crate) fn oneshot_single_thread_peek_close(cap: Cap) {
    let (tx, rx) = channel::<i32>(cap);
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

pub(crate) fn oneshot_single_thread_peek_open(cap: Cap) {
    let (_tx, rx) = channel::<i32>(cap);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

pub(crate) fn oneshot_multi_task_recv_then_send(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || rx.recv());
        tx.send(Box::new(10)).unwrap();
        assert_eq!(t.join().unwrap(), Ok(Box::new(10)));
    });
}

pub(crate) fn oneshot_multi_task_recv_then_close(cap: Cap) {
    run(|| {
        let (tx, rx) = channel::<Box<i32>>(cap);
        let t = go(move || drop(tx));
        assert_eq!(go(move || rx.recv()).join().unwrap(), Err(RecvError));
        t.join().unwrap();
    });
}

pub(crate) fn oneshot_multi_thread_close_stress(cap: Cap) {
    run(|| {
        for _ in 0..100 {
            let (tx, rx) = channel::<i32>(cap);
            both(move || drop(rx), move || drop(tx));
        }
    });
}

pub(crate) fn oneshot_multi_thread_send_close_stress(cap: Cap) {
    run(|| {
        for _ in 0..100 {
            let (tx, rx) = channel(cap);
            both(move || drop(rx), move || _ = tx.send(1));
        }
    });
}

pub(crate) fn oneshot_multi_thread_recv_close_stress(cap: Cap) {
    run(|| {
        for _ in 0..100 {
            let (tx, rx) = channel::<i32>(cap);
            both(
                move || assert_eq!(go(move || rx.recv()).join().unwrap(), Err(RecvError)),
                move || go(move || drop(tx)).join().unwrap(),
            );
        }
    });
}

pub(crate) fn oneshot_multi_thread_send_recv_stress(cap: Cap) {
    run(|| {
        for _ in 0..100 {
            let (tx, rx) = channel(cap);
            let t = go(move || tx.send(Box::new(10)).unwrap());
            assert_eq!(rx.recv(), Ok(Box::new(10)));
            t.join().unwrap();
        }
    });
}

/// Each message is sent and received by a goroutine of its own.
pub(crate) fn stream_send_recv_stress(cap: Cap) {
    fn send(tx: Sender<Box<i32>>, i: i32) -> JoinHandle<()> {
        go(move || {
            if i < 10 {
                tx.send(Box::new(i)).unwrap();
                send(tx, i + 1);
            }
        })
    }
    fn recv(rx: Receiver<Box<i32>>, i: i32) -> JoinHandle<()> {
        go(move || {
            if i < 10 {
                assert_eq!(rx.recv(), Ok(Box::new(i)));
                recv(rx, i + 1).join().unwrap();
            }
        })
    }
    run(|| {
        for _ in 0..20 {
            let (tx, rx) = channel(cap);
            send(tx, 0);
            recv(rx, 0).join().unwrap();
        }
    });
}

/// Counts the messages, all 1, by receives of a limited time.
fn count_by_timeouts(rx: &Receiver<usize>, millis: u64) -> usize {
    let mut count = 0;
    loop {
        match rx.recv_timeout(ms(millis)) {
            Ok(n) => count += n,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return count,
        }
    }
}

pub(crate) fn stress_recv_timeout_two_threads(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        let t = go(move || {
            for i in 0..50 {
                if i % 2 == 0 {
                    nap(20);
                }
                tx.send(1).unwrap();
            }
        });
        assert_eq!(count_by_timeouts(&rx, 10), 50);
        t.join().unwrap();
    });
}

pub(crate) fn stress_recv_timeout_shared(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        for i in 0..100 {
            let tx = tx.clone();
            go(move || {
                nap(i * 5);
                tx.send(1).unwrap();
            });
        }
        drop(tx);
        assert_eq!(count_by_timeouts(&rx, 5), 100);
    });
}

pub(crate) fn recv_a_lot(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        (0..10_000).for_each(|_| tx.send(()).unwrap());
        (0..10_000).for_each(|_| rx.recv().unwrap());
    });
}

pub(crate) fn shared_chan_stress(cap: Cap) {
    run(|| {
        let (tx, rx) = channel(cap);
        for _ in 0..101 {
            let tx = tx.clone();
            go(move || tx.send(()).unwrap());
        }
        (0..101).for_each(|_| rx.recv().unwrap());
    });
}

pub(crate) fn test_nested_recv_iter(cap: Cap) {
    run(|| {
        let ((tx, rx), (total_tx, total_rx)) = (channel::<i32>(cap), channel(cap));
        go(move || total_tx.send(rx.iter().sum::<i32>()).unwrap());
        [3, 1, 2].into_iter().for_each(|n| tx.send(n).unwrap());
        drop(tx);
        assert_eq!(total_rx.recv(), Ok(6));
    });
}

pub(crate) fn test_recv_iter_break(cap: Cap) {
    run(|| {
        let ((tx, rx), (count_tx, count_rx)) = (channel::<i32>(cap), channel(cap));
        go(move || {
            let mut count = 0;
            for n in &rx {
                if count >= 3 {
                    break;
                }
                count += n;
            }
            count_tx.send(count).unwrap();
        });
        (0..2).for_each(|_| tx.send(2).unwrap());
        (0..2).for_each(|_| _ = tx.try_send(2));
        drop(tx);
        assert_eq!(count_rx.recv(), Ok(4));
    });
}

pub(crate) fn try_recv_states(cap: Cap) {
    run(|| {
        let ((tx1, rx1), (tx2, rx2), (tx3, rx3)) = (channel(cap), channel::<()>(cap), channel::<()>(cap));
        go(move || {
            rx2.recv().unwrap();
            tx1.send(1).unwrap();
            tx3.send(()).unwrap();
            rx2.recv().unwrap();
            drop(tx1);
            tx3.send(()).unwrap();
        });
        assert_eq!(rx1.try_recv(), Err(TryRecvError::Empty));
        tx2.send(()).unwrap();
        rx3.recv().unwrap();
        assert_eq!(rx1.try_recv(), Ok(1));
        assert_eq!(rx1.try_recv(), Err(TryRecvError::Empty));
        tx2.send(()).unwrap();
        rx3.recv().unwrap();
        assert_eq!(rx1.try_recv(), Err(TryRecvError::Disconnected));
    });
}

pub(crate) fn destroy_upgraded_shared_port_when_sender_still_active(cap: Cap) {
    run(|| {
        let ((tx, rx), (tx2, rx2)) = (channel::<()>(cap), channel::<()>(cap));
        go(move || {
            rx.recv().unwrap();
            drop(rx);
            tx2.send(()).unwrap();
        });
        (0..5000).for_each(|_| gosched());
        let tx2 = tx.clone();
        drop(tx);
        tx2.send(()).unwrap();
        rx2.recv().unwrap();
    });
}
