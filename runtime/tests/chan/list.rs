//! crossbeam-channel's `tests/list.rs`: unbounded channels.

use crate::common::*;

use gopark_runtime::chan::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, select, unbounded,
};

#[test]
fn smoke() {
    run(|| {
        let (s, r) = unbounded();
        s.try_send(7).unwrap();
        assert_eq!(r.try_recv(), Ok(7));
        s.send(8).unwrap();
        assert_eq!(r.recv(), Ok(8));
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(r.recv_timeout(ms(100)), Err(RecvTimeoutError::Timeout));
    });
}

#[test]
fn capacity() {
    let (s, r) = unbounded::<()>();
    assert_eq!((s.capacity(), r.capacity()), (None, None));
}

#[test]
fn len_empty_full() {
    let (s, r) = unbounded();
    let check = |len, empty| {
        assert_eq!((s.len(), s.is_empty(), s.is_full()), (len, empty, false));
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (len, empty, false));
    };
    check(0, true);
    s.send(()).unwrap();
    check(1, false);
    r.recv().unwrap();
    check(0, true);
}

#[test]
fn try_recv() {
    run(|| crate::common::try_recv(None));
}

#[test]
fn recv() {
    run(|| crate::common::recv(None));
}

#[test]
fn recv_timeout() {
    run(|| crate::common::recv_timeout(None));
}

#[test]
fn recv_timeout_nonempty_expired() {
    run(|| {
        let (s, r) = unbounded();
        s.send(5).unwrap();
        assert_eq!(r.recv_timeout(ms(0)), Ok(5), "what is there is had even with no time to wait");
        assert_eq!(r.recv_timeout(ms(0)), Err(RecvTimeoutError::Timeout));
    });
}

#[test]
fn try_send() {
    let (s, r) = unbounded();
    (0..1000).for_each(|i| assert_eq!(s.try_send(i), Ok(())));
    drop(r);
    assert_eq!(s.try_send(777), Err(TrySendError::Disconnected(777)));
}

#[test]
fn send() {
    let (s, r) = unbounded();
    (0..1000).for_each(|i| assert_eq!(s.send(i), Ok(())));
    drop(r);
    assert_eq!(s.send(777), Err(SendError(777)));
}

#[test]
fn send_timeout() {
    let (s, r) = unbounded();
    (0..1000).for_each(|i| assert_eq!(s.send_timeout(i, ms(i)), Ok(())));
    drop(r);
    assert_eq!(s.send_timeout(777, ms(0)), Err(SendTimeoutError::Disconnected(777)));
}

#[test]
fn send_after_disconnect() {
    let (s, r) = unbounded();
    (1..4).for_each(|i| s.send(i).unwrap());
    drop(r);
    assert_eq!(s.send(4), Err(SendError(4)));
    assert_eq!(s.try_send(5), Err(TrySendError::Disconnected(5)));
    assert_eq!(s.send_timeout(6, ms(0)), Err(SendTimeoutError::Disconnected(6)));
}

#[test]
fn recv_after_disconnect() {
    let (s, r) = unbounded();
    (1..4).for_each(|i| s.send(i).unwrap());
    drop(s);
    (1..4).for_each(|i| assert_eq!(r.recv(), Ok(i)));
    assert_eq!(r.recv(), Err(RecvError));
}

#[test]
fn len() {
    let (s, r) = unbounded();
    assert_eq!((s.len(), r.len()), (0, 0));
    for i in 0..50 {
        s.send(i).unwrap();
        assert_eq!(s.len(), i + 1);
    }
    for i in 0..50 {
        r.recv().unwrap();
        assert_eq!(r.len(), 50 - i - 1);
    }
    assert_eq!((s.len(), r.len()), (0, 0));
}

#[test]
fn disconnect_wakes_receiver() {
    run(|| crate::common::disconnect_wakes_receiver(None));
}

#[test]
fn spsc() {
    run(|| crate::common::spsc(None, 100_000));
}

#[test]
fn mpmc() {
    run(|| crate::common::mpmc(None, 25_000));
}

#[test]
fn stress_oneshot() {
    run(|| crate::common::stress_oneshot(None, 10_000));
}

#[test]
fn stress_iter() {
    run(|| crate::common::stress_iter(unbounded(), unbounded(), 100_000));
}

#[test]
fn stress_timeout_two_threads() {
    run(|| crate::common::stress_timeout_two_threads(None));
}

#[test]
fn drops() {
    let mut seed = 2;
    (0..100).for_each(|_| {
        let (steps, left) = (random(&mut seed, 10_000), random(&mut seed, 1000));
        run(|| crate::common::drops(None, steps, left));
    });
}

#[test]
fn linearizable() {
    run(|| crate::common::linearizable(None));
}

#[test]
fn fairness() {
    run(|| crate::common::fairness(unbounded(), unbounded()));
}

#[test]
fn fairness_duplicates() {
    run(|| crate::common::fairness_duplicates(unbounded()));
}

#[test]
fn recv_in_send() {
    run(|| {
        let (s, r) = unbounded();
        s.send(()).unwrap();
        select! {
            send(s, assert_eq!(r.recv(), Ok(()))) -> _ => {}
        }
        assert_eq!(r.len(), 1);
    });
}

#[test]
fn channel_through_channel() {
    run(|| crate::common::channel_through_channel(None));
}

/// Large messages do not need many times their size of stack. On the test's thread: unoptimised code copies freely.
#[test]
fn stack_overflow() {
    struct Big {
        _data: [u8; 32_768],
    }
    let (s, r) = unbounded();
    s.send(Big { _data: [0; 32_768] }).ok().unwrap();
    assert_eq!(r.try_iter().count(), 1);
}
