//! crossbeam-channel's `tests/zero.rs`: rendezvous channels.

use crate::common::*;

use gopark_runtime::chan::{SendError, SendTimeoutError, TryRecvError, TrySendError, bounded, select};

#[test]
fn smoke() {
    let (s, r) = bounded(0);
    assert_eq!(s.try_send(7), Err(TrySendError::Full(7)));
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn capacity() {
    let (s, r) = bounded::<()>(0);
    assert_eq!((s.capacity(), r.capacity()), (Some(0), Some(0)));
}

#[test]
fn len_empty_full() {
    run(|| {
        let (s, r) = bounded(0);
        let check = || {
            assert_eq!((s.len(), s.is_empty(), s.is_full()), (0, true, true));
            assert_eq!((r.len(), r.is_empty(), r.is_full()), (0, true, true));
        };
        check();
        both(|| s.send(0).unwrap(), || assert_eq!(r.recv(), Ok(0)));
        check();
    });
}

#[test]
fn try_recv() {
    run(|| crate::common::try_recv(Some(0)));
}

#[test]
fn recv() {
    run(|| crate::common::recv(Some(0)));
}

#[test]
fn recv_timeout() {
    run(|| crate::common::recv_timeout(Some(0)));
}

#[test]
fn try_send() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || {
                assert_eq!(s.try_send(7), Err(TrySendError::Full(7)));
                nap(150);
                assert_eq!(s.try_send(8), Ok(()));
                nap(50);
                assert_eq!(s.try_send(9), Err(TrySendError::Disconnected(9)));
            },
            move || {
                nap(100);
                assert_eq!(r.recv(), Ok(8));
            },
        );
    });
}

#[test]
fn send() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || {
                for i in 7..10 {
                    s.send(i).unwrap();
                    nap(100);
                }
            },
            move || {
                nap(150);
                (7..10).for_each(|i| assert_eq!(r.recv(), Ok(i)));
            },
        );
    });
}

#[test]
fn send_timeout() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || {
                assert_eq!(s.send_timeout(7, ms(100)), Err(SendTimeoutError::Timeout(7)));
                assert_eq!(s.send_timeout(8, ms(100)), Ok(()));
                assert_eq!(s.send_timeout(9, ms(100)), Err(SendTimeoutError::Disconnected(9)));
            },
            move || {
                nap(150);
                assert_eq!(r.recv(), Ok(8));
            },
        );
    });
}

#[test]
fn len() {
    const COUNT: usize = 25_000;
    run(|| {
        let (s, r) = bounded(0);
        assert_eq!((s.len(), r.len()), (0, 0));
        both(
            || {
                for i in 0..COUNT {
                    assert_eq!(r.recv(), Ok(i));
                    assert_eq!(r.len(), 0);
                }
            },
            || {
                for i in 0..COUNT {
                    s.send(i).unwrap();
                    assert_eq!(s.len(), 0);
                }
            },
        );
        assert_eq!((s.len(), r.len()), (0, 0));
    });
}

#[test]
fn disconnect_wakes_sender() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || assert_eq!(s.send(()), Err(SendError(()))),
            move || {
                nap(100);
                drop(r);
            },
        );
    });
}

#[test]
fn disconnect_wakes_receiver() {
    run(|| crate::common::disconnect_wakes_receiver(Some(0)));
}

#[test]
fn spsc() {
    run(|| crate::common::spsc(Some(0), 100_000));
}

#[test]
fn mpmc() {
    run(|| crate::common::mpmc(Some(0), 25_000));
}

#[test]
fn stress_oneshot() {
    run(|| crate::common::stress_oneshot(Some(0), 10_000));
}

#[test]
fn stress_iter() {
    run(|| crate::common::stress_iter(bounded(0), bounded(0), 1000));
}

#[test]
fn stress_timeout_two_threads() {
    run(|| crate::common::stress_timeout_two_threads(Some(0)));
}

#[test]
fn drops() {
    let mut seed = 3;
    (0..100).for_each(|_| run(|| crate::common::drops(Some(0), random(&mut seed, 10_000), 0)));
}

#[test]
fn fairness() {
    const COUNT: usize = 10_000;
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(0), bounded(0));
        both(
            || {
                let mut hits = [0; 2];
                take_either(&mut hits, &r1, &r2, COUNT);
                assert_fair(&hits, COUNT);
            },
            || {
                let mut hits = [0; 2];
                for _ in 0..COUNT {
                    select! {
                        send(s1, ()) -> _ => hits[0] += 1,
                        send(s2, ()) -> _ => hits[1] += 1,
                    }
                }
                assert_fair(&hits, COUNT);
            },
        );
    });
}

#[test]
fn fairness_duplicates() {
    const COUNT: usize = 10_000;
    run(|| {
        let (s, r) = bounded(0);
        both(
            || {
                let mut hits = [0; 5];
                take_five_ways(&mut hits, &r, COUNT);
                assert_fair(&hits, COUNT);
            },
            || {
                let mut hits = [0; 5];
                for _ in 0..COUNT {
                    select! {
                        send(s, ()) -> _ => hits[0] += 1,
                        send(s, ()) -> _ => hits[1] += 1,
                        send(s, ()) -> _ => hits[2] += 1,
                        send(s, ()) -> _ => hits[3] += 1,
                        send(s, ()) -> _ => hits[4] += 1,
                    }
                }
                assert_fair(&hits, COUNT);
            },
        );
    });
}

#[test]
fn recv_in_send() {
    run(|| {
        let (s, r) = bounded(0);
        gopark_runtime::scope(|scope| {
            scope.go(|| {
                nap(10);
                r.recv()
            });
            scope.go(|| {
                nap(50);
                s.send(()).unwrap();
            });
            select! {
                send(s, r.recv().unwrap()) -> _ => {}
            }
        });
    });
}

#[test]
fn channel_through_channel() {
    run(|| crate::common::channel_through_channel(Some(0)));
}
