//! tokio/tests/sync_broadcast.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::go;
use gopark_runtime::sync::broadcast::{
    self, RecvContextError, RecvError, RecvTimeoutError, SendError, TryRecvError,
};

use super::{goroutine, parked};

const EMPTY: Result<i32, TryRecvError> = Err(TryRecvError::Empty);
const CLOSED: Result<i32, TryRecvError> = Err(TryRecvError::Closed);

fn lagged(n: u64) -> Result<i32, TryRecvError> {
    Err(TryRecvError::Lagged(n))
}

#[test]
fn send_try_recv_bounded() {
    let (tx, rx) = broadcast::channel(16);
    assert_eq!(rx.try_recv(), EMPTY);
    assert_eq!(tx.send(1), Ok(1));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), EMPTY);
}

#[test]
fn send_two_recv() {
    let (tx, rx1) = broadcast::channel(16);
    let rx2 = tx.subscribe();
    assert_eq!(tx.send(1), Ok(2));
    assert_eq!((rx1.try_recv(), rx2.try_recv()), (Ok(1), Ok(1)));
    assert_eq!((rx1.try_recv(), rx2.try_recv()), (EMPTY, EMPTY));
}

#[test]
fn send_two_recv_bounded() {
    goroutine(|| {
        let (tx, rx1) = broadcast::channel(16);
        let rx2 = tx.subscribe();
        let receivers = [rx1, rx2].map(|rx| parked(move || [rx.recv(), rx.recv()]));
        assert_eq!(tx.send("hello"), Ok(2));
        tx.send("world").unwrap();
        for receiver in receivers {
            assert_eq!(receiver.join().unwrap(), [Ok("hello"), Ok("world")]);
        }
    });
}

#[test]
fn lagging_rx() {
    let (tx, rx1) = broadcast::channel(2);
    let rx2 = tx.subscribe();
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!(rx1.try_recv(), Ok(1));
    tx.send(3).unwrap();
    assert_eq!(rx2.try_recv(), lagged(1));
    assert_eq!(rx2.try_recv(), Ok(2));
    assert_eq!((rx1.try_recv(), rx1.try_recv()), (Ok(2), Ok(3)));
    tx.send(4).unwrap();
    tx.send(5).unwrap();
    assert_eq!(rx2.try_recv(), lagged(1));
    tx.send(6).unwrap();
    assert_eq!(rx2.try_recv(), lagged(1));
}

#[test]
fn send_no_rx() {
    let (tx, rx) = broadcast::channel(16);
    drop(rx);
    assert_eq!(tx.send(1), Err(SendError(1)));
    let rx = tx.subscribe();
    tx.send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
#[should_panic(expected = "broadcast channel capacity cannot be zero")]
fn zero_capacity() {
    let _ = broadcast::channel::<()>(0);
}

#[test]
#[should_panic(expected = "broadcast channel capacity exceeded")]
fn capacity_too_big() {
    let _ = broadcast::channel::<()>(1 + (usize::MAX >> 1));
}

#[test]
fn panic_in_clone() {
    #[derive(PartialEq, Debug)]
    struct Value(usize);
    impl Clone for Value {
        fn clone(&self) -> Value {
            assert_ne!(0, self.0);
            Value(self.0)
        }
    }
    let (tx, rx) = broadcast::channel(16);
    let _other = tx.subscribe(); // so that the message has to be cloned
    tx.send(Value(0)).unwrap();
    tx.send(Value(1)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| rx.try_recv())).is_err());
    assert_eq!(rx.try_recv(), Ok(Value(1)));
}

#[test]
fn dropping_tx_notifies_rx() {
    goroutine(|| {
        let (tx, rx1) = broadcast::channel::<()>(16);
        let rx2 = tx.subscribe();
        let tx2 = tx.clone();
        let receivers = [rx1, rx2].map(|rx| parked(move || rx.recv()));
        drop(tx);
        assert!(receivers.iter().all(super::is_parked), "a sender is left");
        drop(tx2);
        for receiver in receivers {
            assert_eq!(receiver.join().unwrap(), Err(RecvError::Closed));
        }
    });
}

#[test]
fn unconsumed_messages_are_dropped() {
    let (tx, rx) = broadcast::channel(16);
    let message = Arc::new(());
    tx.send(message.clone()).unwrap();
    assert_eq!(2, Arc::strong_count(&message));
    drop(rx);
    assert_eq!(1, Arc::strong_count(&message));
}

/// The last receiver gets the message itself; a message that all have read is not kept.
#[test]
fn messages_are_dropped_once_read() {
    let (tx, rx1) = broadcast::channel(16);
    let rx2 = tx.subscribe();
    let message = Arc::new(());
    tx.send(message.clone()).unwrap();
    drop(rx1.try_recv());
    assert_eq!(2, Arc::strong_count(&message));
    drop(rx2.try_recv());
    assert_eq!(1, Arc::strong_count(&message));
}

#[test]
fn single_capacity_recvs_after_drop_2() {
    let (tx, rx) = broadcast::channel(1);
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    drop(tx);
    assert_eq!((rx.try_recv(), rx.try_recv(), rx.try_recv()), (lagged(1), Ok(2), CLOSED));
}

#[test]
fn dropping_sender_does_not_overwrite() {
    let (tx, rx) = broadcast::channel(2);
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    drop(tx);
    assert_eq!((rx.try_recv(), rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2), CLOSED));
}

#[test]
fn lagging_receiver_recovers_after_wrap_open() {
    let (tx, rx) = broadcast::channel(2);
    for i in 1..=4 {
        tx.send(i).unwrap();
    }
    assert_eq!((rx.try_recv(), rx.try_recv(), rx.try_recv()), (lagged(2), Ok(3), Ok(4)));
    assert_eq!(rx.try_recv(), EMPTY);
}

#[test]
fn receiver_len_with_lagged() {
    let (tx, rx) = broadcast::channel(3);
    for i in 1..=4 {
        tx.send(i).unwrap();
    }
    assert_eq!(rx.len(), 4);
    tx.send(5).unwrap();
    assert_eq!(rx.len(), 5);
    assert_eq!(rx.try_recv(), lagged(1));
    assert_eq!(rx.len(), 4);
}

#[test]
fn lag_uses_power_of_two_buffer_length() {
    let (tx, rx) = broadcast::channel(3);
    for i in 0..5 {
        tx.send(i).unwrap();
    }
    assert_eq!((rx.try_recv(), rx.try_recv()), (lagged(1), Ok(1)));
}

#[test]
fn resubscribe_points_to_tail() {
    let (tx, rx) = broadcast::channel(3);
    tx.send(1).unwrap();
    let again = rx.resubscribe();
    assert_eq!((rx.try_recv(), again.try_recv()), (Ok(1), EMPTY));
    tx.send(2).unwrap();
    assert_eq!((rx.try_recv(), again.try_recv()), (Ok(2), Ok(2)));
}

#[test]
fn resubscribe_to_closed_channel() {
    let (tx, rx) = broadcast::channel::<i32>(2);
    drop(tx);
    assert_eq!(rx.resubscribe().try_recv(), CLOSED);
}

#[test]
fn waits_end_with_time_and_context() {
    goroutine(|| {
        let (tx, rx) = broadcast::channel(2);
        assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
        tx.send(1).unwrap();
        assert_eq!(rx.recv_timeout(Duration::MAX), Ok(1));
        let (ctx, cancel) = Context::background().with_cancel();
        let waiting = parked(move || rx.recv_context(&ctx));
        cancel();
        assert_eq!(waiting.join().unwrap(), Err(RecvContextError::Context(ContextError::Canceled)));
        drop(tx);
    });
}

/// tokio: tests/sync_broadcast_weak and loom_broadcast in one: every receiver gets all, in order.
#[test]
fn many_senders_many_receivers() {
    const EACH: usize = 300;
    goroutine(|| {
        let (tx, rx) = broadcast::channel(4096);
        let receivers: Vec<_> = [rx, tx.subscribe(), tx.subscribe()]
            .into_iter()
            .map(|rx| {
                go(move || {
                    let mut next = [0; 4];
                    while let Ok((sender, i)) = rx.recv() {
                        assert_eq!(i, next[sender], "in order");
                        next[sender] += 1;
                    }
                    next
                })
            })
            .collect();
        for sender in 0..4 {
            let tx = tx.clone();
            go(move || (0..EACH).for_each(|i| _ = tx.send((sender, i)).unwrap()));
        }
        drop(tx);
        for receiver in receivers {
            assert_eq!(receiver.join().unwrap(), [EACH; 4]);
        }
    });
}
