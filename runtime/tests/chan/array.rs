//! crossbeam-channel's `tests/array.rs`: bounded channels.

use crate::common::*;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use gopark_runtime::chan::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, bounded, select,
};

#[test]
fn smoke() {
    run(|| {
        let (s, r) = bounded(1);
        s.send(7).unwrap();
        assert_eq!(r.try_recv(), Ok(7));
        s.send(8).unwrap();
        assert_eq!(r.recv(), Ok(8));
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(r.recv_timeout(ms(100)), Err(RecvTimeoutError::Timeout));
    });
}

#[test]
fn capacity() {
    for cap in 1..10 {
        let (s, r) = bounded::<()>(cap);
        assert_eq!((s.capacity(), r.capacity()), (Some(cap), Some(cap)));
    }
}

#[test]
fn len_empty_full() {
    let (s, r) = bounded(2);
    let check = |len, empty, full| {
        assert_eq!((s.len(), s.is_empty(), s.is_full()), (len, empty, full));
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (len, empty, full));
    };
    check(0, true, false);
    s.send(()).unwrap();
    check(1, false, false);
    s.send(()).unwrap();
    check(2, false, true);
    r.recv().unwrap();
    check(1, false, false);
}

#[test]
fn try_recv() {
    run(|| crate::common::try_recv(Some(100)));
}

#[test]
fn recv() {
    run(|| {
        let (s, r) = bounded(100);
        both(
            move || {
                assert_eq!(r.recv(), Ok(7));
                nap(100);
                assert_eq!(r.recv(), Ok(8));
                nap(100);
                assert_eq!(r.recv(), Ok(9));
                assert_eq!(r.recv(), Err(RecvError));
            },
            move || {
                nap(150);
                (7..10).for_each(|i| s.send(i).unwrap());
            },
        );
    });
}

#[test]
fn recv_timeout() {
    run(|| crate::common::recv_timeout(Some(100)));
}

#[test]
fn try_send() {
    run(|| {
        let (s, r) = bounded(1);
        both(
            move || {
                assert_eq!(s.try_send(1), Ok(()));
                assert_eq!(s.try_send(2), Err(TrySendError::Full(2)));
                nap(150);
                assert_eq!(s.try_send(3), Ok(()));
                nap(50);
                assert_eq!(s.try_send(4), Err(TrySendError::Disconnected(4)));
            },
            move || {
                nap(100);
                assert_eq!(r.try_recv(), Ok(1));
                assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
                assert_eq!(r.recv(), Ok(3));
            },
        );
    });
}

#[test]
fn send() {
    run(|| {
        let (s, r) = bounded(1);
        both(
            || {
                for i in 7..11 {
                    s.send(i).unwrap();
                    nap(100);
                }
            },
            || {
                nap(150);
                (7..10).for_each(|i| assert_eq!(r.recv(), Ok(i)));
            },
        );
    });
}

#[test]
fn send_timeout() {
    run(|| {
        let (s, r) = bounded(2);
        both(
            move || {
                assert_eq!(s.send_timeout(1, ms(100)), Ok(()));
                assert_eq!(s.send_timeout(2, ms(100)), Ok(()));
                assert_eq!(s.send_timeout(3, ms(50)), Err(SendTimeoutError::Timeout(3)));
                nap(100);
                assert_eq!(s.send_timeout(4, ms(100)), Ok(()));
                nap(100);
                assert_eq!(s.send(5), Err(SendError(5)));
            },
            move || {
                nap(100);
                assert_eq!(r.recv(), Ok(1));
                nap(100);
                assert_eq!(r.recv(), Ok(2));
                assert_eq!(r.recv(), Ok(4));
            },
        );
    });
}

#[test]
fn send_after_disconnect() {
    let (s, r) = bounded(100);
    (1..4).for_each(|i| s.send(i).unwrap());
    drop(r);
    assert_eq!(s.send(4), Err(SendError(4)));
    assert_eq!(s.try_send(5), Err(TrySendError::Disconnected(5)));
    assert_eq!(s.send_timeout(6, ms(50)), Err(SendTimeoutError::Disconnected(6)));
}

#[test]
fn recv_after_disconnect() {
    let (s, r) = bounded(100);
    (1..4).for_each(|i| s.send(i).unwrap());
    drop(s);
    (1..4).for_each(|i| assert_eq!(r.recv(), Ok(i)));
    assert_eq!(r.recv(), Err(RecvError));
}

#[test]
fn len() {
    const COUNT: usize = 25_000;
    const CAP: usize = 1000;
    run(|| {
        let (s, r) = bounded(CAP);
        let fill_and_drain = |n: usize| {
            for i in 0..n {
                s.send(i).unwrap();
                assert_eq!(s.len(), i + 1);
            }
            for i in 0..n {
                r.recv().unwrap();
                assert_eq!(r.len(), n - i - 1);
            }
            assert_eq!((s.len(), r.len()), (0, 0));
        };
        (0..CAP / 10).for_each(|_| fill_and_drain(50));
        fill_and_drain(CAP);
        both(
            || {
                for i in 0..COUNT {
                    assert_eq!(r.recv(), Ok(i));
                    assert!(r.len() <= CAP);
                }
            },
            || {
                for i in 0..COUNT {
                    s.send(i).unwrap();
                    assert!(s.len() <= CAP);
                }
            },
        );
        assert_eq!((s.len(), r.len()), (0, 0));
    });
}

#[test]
fn disconnect_wakes_sender() {
    run(|| {
        let (s, r) = bounded(1);
        both(
            move || {
                assert_eq!(s.send(()), Ok(()));
                assert_eq!(s.send(()), Err(SendError(())));
            },
            move || {
                nap(100);
                drop(r);
            },
        );
    });
}

#[test]
fn disconnect_wakes_receiver() {
    run(|| crate::common::disconnect_wakes_receiver(Some(1)));
}

#[test]
fn spsc() {
    run(|| crate::common::spsc(Some(3), 100_000));
}

#[test]
fn mpmc() {
    run(|| crate::common::mpmc(Some(3), 25_000));
}

#[test]
fn stress_oneshot() {
    run(|| crate::common::stress_oneshot(Some(1), 10_000));
}

#[test]
fn stress_iter() {
    run(|| crate::common::stress_iter(bounded(1), bounded(1), 100_000));
}

#[test]
fn stress_timeout_two_threads() {
    run(|| crate::common::stress_timeout_two_threads(Some(2)));
}

#[test]
fn drops() {
    let mut seed = 1;
    (0..100).for_each(|_| {
        let (steps, left) = (random(&mut seed, 10_000), random(&mut seed, 50));
        run(|| crate::common::drops(Some(50), steps, left));
    });
}

#[test]
fn linearizable() {
    run(|| crate::common::linearizable(Some(4)));
}

#[test]
fn fairness() {
    run(|| crate::common::fairness(bounded(10_000), bounded(10_000)));
}

#[test]
fn fairness_duplicates() {
    run(|| crate::common::fairness_duplicates(bounded(10_000)));
}

#[test]
#[allow(
    unreachable_code,
    clippy::diverging_sub_expression,
    reason = "as in the original: the syntax is what is tested"
)]
fn recv_in_send() {
    run(|| {
        let (s, _r) = bounded(1);
        s.send(()).unwrap();
        select! {
            send(s, panic!("the message of a send that is not chosen is not made")) -> _ => panic!(),
            default => {}
        }
        let (s, r) = bounded(2);
        s.send(()).unwrap();
        select! {
            send(s, assert_eq!(r.recv(), Ok(()))) -> _ => {}
        }
        assert_eq!(r.len(), 1);
    });
}

#[test]
fn channel_through_channel() {
    run(|| crate::common::channel_through_channel(Some(1)));
}

#[test]
fn panic_on_drop() {
    /// Notes its drop; panics at the second, and at the first if told to.
    struct Msg<'a>(&'a mut bool, Option<&'static str>);
    impl Drop for Msg<'_> {
        fn drop(&mut self) {
            assert!(!*self.0 || std::thread::panicking(), "double drop");
            *self.0 = true;
            if let Some(words) = self.1 {
                std::panic::panic_any(words);
            }
        }
    }
    let (mut a, mut b) = (false, false);
    let (s, r) = bounded(2);
    s.send(Msg(&mut a, None)).ok().unwrap();
    s.send(Msg(&mut b, None)).ok().unwrap();
    drop((s, r));
    assert!(a && b);

    let (mut a, mut b) = (false, false);
    let (s, r) = bounded(2);
    s.send(Msg(&mut a, Some("first drop"))).ok().unwrap();
    s.send(Msg(&mut b, Some("first drop"))).ok().unwrap();
    drop(s);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(r))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"first drop"));
    // What comes after the one that panicked is leaked.
    assert!(a && !b);
}

#[test]
fn drop_unreceived() {
    let (s, r) = bounded::<Rc<()>>(1);
    let msg = Rc::new(());
    let weak = Rc::downgrade(&msg);
    s.send(msg).ok().unwrap();
    drop(r);
    assert!(weak.upgrade().is_none(), "messages are dropped with the last receiver");
    drop(s);
}
