//! tokio/tests/sync_watch.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::go;
use gopark_runtime::sync::watch::{self, Closed};

use super::{goroutine, parked};

#[test]
fn single_rx_recv() {
    goroutine(|| {
        let (tx, rx) = watch::channel("one");
        assert_eq!(rx.changed_timeout(Duration::from_millis(1)), Ok(false), "not notified at first");
        assert_eq!(rx.get(), "one");
        let waiting = parked(move || {
            rx.changed().unwrap();
            rx
        });
        tx.send("two").unwrap();
        let rx = waiting.join().unwrap();
        assert_eq!(rx.get(), "two");
        let waiting = parked(move || (rx.changed(), rx.get()));
        drop(tx);
        assert_eq!(waiting.join().unwrap(), (Err(Closed), "two"));
    });
}

#[test]
fn multi_rx() {
    goroutine(|| {
        let (tx, rx1) = watch::channel(1);
        let rx2 = rx1.clone();
        let waiting = [rx1, rx2].map(|rx| parked(move || (rx.changed(), rx.get())));
        tx.send(2).unwrap();
        for receiver in waiting {
            assert_eq!(receiver.join().unwrap(), (Ok(()), 2));
        }
    });
}

#[test]
fn rx_observes_final_value() {
    let (tx, rx) = watch::channel("one");
    drop(tx);
    assert_eq!((rx.changed(), rx.get()), (Err(Closed), "one"));

    let (tx, rx) = watch::channel("one");
    tx.send("two").unwrap();
    assert_eq!((rx.changed(), rx.get()), (Ok(()), "two"));
    tx.send("three").unwrap();
    drop(tx);
    assert_eq!((rx.changed(), rx.get()), (Ok(()), "three"));
    assert_eq!((rx.changed(), rx.get()), (Err(Closed), "three"));
}

#[test]
fn borrow_and_update() {
    let (tx, rx) = watch::channel("one");
    assert!(!rx.has_changed());
    tx.send("two").unwrap();
    assert!(rx.has_changed());
    assert_eq!(rx.get(), "two");
    assert!(rx.has_changed(), "a look alone is no update");
    assert_eq!(rx.get_and_update(), "two");
    assert!(!rx.has_changed());
}

#[test]
fn reopened_after_subscribe() {
    let (tx, rx) = watch::channel("one");
    drop(rx);
    assert!(tx.send("two").is_err());
    let rx = tx.subscribe();
    assert_eq!(rx.get(), "one", "what was not sent changed nothing");
    tx.send("three").unwrap();
    assert_eq!(rx.get_and_update(), "three");
    drop(rx);
    assert_eq!(tx.send_replace("four"), "three");
    assert_eq!(tx.subscribe().get(), "four");
}

#[test]
fn send_modify_panic() {
    let (tx, rx) = watch::channel("one");
    tx.send_modify(|old| *old = "two");
    assert_eq!(rx.get_and_update(), "two");
    let panicked = catch_unwind(AssertUnwindSafe(|| tx.send_modify(|_| panic!("no"))));
    assert!(panicked.is_err());
    assert!(!rx.has_changed());
    tx.send_modify(|old| *old = "three");
    assert!(rx.has_changed(), "it goes on");
    assert_eq!(rx.get(), "three");
}

#[test]
fn multiple_sender() {
    let (tx1, rx) = watch::channel(0);
    let tx2 = tx1.clone();
    tx1.send(1).unwrap();
    tx2.send(2).unwrap();
    assert_eq!(rx.get_and_update(), 2);
    drop(tx1);
    tx2.send(3).unwrap();
    assert_eq!(rx.get_and_update(), 3);
    drop(tx2);
    assert_eq!(rx.changed(), Err(Closed));
}

#[test]
fn wait_for_errors_on_closed_channel_true_predicate() {
    let (tx, rx) = watch::channel(0);
    tx.send(1).unwrap();
    drop(tx);
    // As in tokio's documentation: the last value is looked at first.
    assert_eq!(rx.wait_for(|value| *value == 1), Ok(()));
    assert_eq!(rx.wait_for(|value| *value == 2), Err(Closed));
}

#[test]
fn wait_for_sees_each_state_it_is_woken_for() {
    goroutine(|| {
        let (tx, rx) = watch::channel(0);
        let waiting = parked(move || (rx.wait_for(|value| *value == 1000), rx.get()));
        (1..=1000).for_each(|i| tx.send(i).unwrap());
        assert_eq!(waiting.join().unwrap(), (Ok(()), 1000));
    });
}

/// The last change and the end come together: the waiter sees the change.
#[test]
fn the_last_value_before_the_close_is_not_missed() {
    goroutine(|| {
        for _ in 0..500 {
            let (tx, rx) = watch::channel(false);
            let waiting = go(move || rx.wait_for(|value| *value));
            tx.send_replace(true);
            drop(tx);
            assert_eq!(waiting.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn a_context_ends_the_wait() {
    goroutine(|| {
        let (_tx, rx) = watch::channel(0);
        let (ctx, cancel) = Context::background().with_cancel();
        let waiting = parked(move || rx.changed_context(&ctx));
        cancel();
        assert_eq!(waiting.join().unwrap(), Err(ContextError::Canceled));
    });
}
