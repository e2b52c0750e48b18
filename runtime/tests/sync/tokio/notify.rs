//! tokio/tests/sync_notify.rs

use std::sync::Arc;
use std::time::Duration;

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::sync::Notify;

use super::{goroutine, is_parked, parked};

fn waiter(notify: &Arc<Notify>) -> gopark_runtime::JoinHandle<()> {
    let notify = notify.clone();
    parked(move || notify.wait())
}

#[test]
fn notify_notified_one() {
    let notify = Notify::new();
    notify.notify_one();
    notify.wait();
}

#[test]
fn notify_multi_notified_one() {
    goroutine(|| {
        let notify = Arc::new(Notify::new());
        let (first, second) = (waiter(&notify), waiter(&notify));
        notify.notify_one();
        first.join().unwrap();
        assert!(is_parked(&second), "one notification, one waiter");
        notify.notify_one();
        second.join().unwrap();
    });
}

#[test]
fn notify_notified_multi() {
    goroutine(|| {
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        notify.notify_one(); // the same permit
        notify.wait();
        let second = waiter(&notify);
        notify.notify_one();
        second.join().unwrap();
    });
}

#[test]
fn notified_drop_notified_notify() {
    goroutine(|| {
        let notify = Arc::new(Notify::new());
        assert!(!notify.wait_timeout(Duration::from_millis(1)));
        let second = waiter(&notify);
        notify.notify_one();
        second.join().unwrap();
        assert!(!notify.wait_timeout(Duration::ZERO), "who gave up left nothing");
    });
}

#[test]
fn notify_waiters_wakes_those_that_wait() {
    goroutine(|| {
        let notify = Arc::new(Notify::new());
        let waiters = [waiter(&notify), waiter(&notify), waiter(&notify)];
        notify.notify_waiters();
        waiters.into_iter().for_each(|w| w.join().unwrap());
        assert!(!notify.wait_timeout(Duration::from_millis(1)), "and keeps no permit");
    });
}

#[test]
fn unpolled_future_completed_by_notify_waiters_preserves_notify_one_permit() {
    goroutine(|| {
        let notify = Notify::new();
        notify.notify_one();
        notify.notify_waiters();
        assert!(notify.wait_timeout(Duration::ZERO));
    });
}

#[test]
fn a_plain_thread_waits_too() {
    goroutine(|| {
        let notify = Arc::new(Notify::new());
        let other = notify.clone();
        let thread = std::thread::spawn(move || other.wait());
        notify.notify_one();
        gopark_runtime::blocking(|| thread.join().unwrap());
    });
}

#[test]
fn a_context_ends_the_wait() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        let waiting = parked(move || Notify::new().wait_context(&ctx));
        cancel();
        assert_eq!(waiting.join().unwrap(), Err(ContextError::Canceled));
    });
}

/// One permit for each round: none is lost between waits that give up.
#[test]
fn notifications_beside_timeouts_are_not_lost() {
    goroutine(|| {
        let notify = Arc::new(Notify::new());
        let acknowledge = Arc::new(Notify::new());
        let (theirs, ack) = (notify.clone(), acknowledge.clone());
        let waiter = gopark_runtime::go(move || {
            for _ in 0..500 {
                while !theirs.wait_timeout(Duration::from_micros(20)) {}
                ack.notify_one();
            }
        });
        for _ in 0..500 {
            notify.notify_one();
            assert!(acknowledge.wait_timeout(Duration::from_secs(30)), "a notification is lost");
        }
        waiter.join().unwrap();
    });
}
