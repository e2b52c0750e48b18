//! Channels among goroutines and threads: what the ported suites do not ask.

use std::thread;

use gopark_runtime::chan::{RecvError, SendError, TryRecvError, TrySendError, bounded, never, unbounded};
use gopark_runtime::{go, gosched};

fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    // SAFETY: nothing in these tests is bound to a thread.
    unsafe { gopark_runtime::run(f) }
}

#[test]
fn rendezvous_ping_pong() {
    run(|| {
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let echo = go(move || {
            while let Ok(x) = r1.recv() {
                s2.send(x + 1).unwrap();
            }
        });
        for i in 0..10_000 {
            s1.send(i).unwrap();
            assert_eq!(r2.recv(), Ok(i + 1));
        }
        drop(s1);
        echo.join().unwrap();
        assert_eq!(r2.recv(), Err(RecvError));
    });
}

#[test]
fn plain_threads_and_goroutines_mix() {
    for cap in [0, 1, 7] {
        let (s, r) = bounded(cap);
        let from_thread = {
            let s = s.clone();
            thread::spawn(move || (0..1000u64).for_each(|i| s.send(i).unwrap()))
        };
        let sum: u64 = run(move || {
            go(move || (0..1000u64).for_each(|i| s.send(i).unwrap()));
            std::iter::from_fn(|| r.recv().ok()).sum()
        });
        from_thread.join().unwrap();
        assert_eq!(sum, 2 * 999 * 1000 / 2);
    }
}

#[test]
fn close_wakes_both_sides() {
    run(|| {
        let (s, r) = bounded::<String>(1);
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let r = r.clone();
                go(move || r.recv())
            })
            .collect();
        gosched();
        s.close();
        assert!(waiters.into_iter().all(|w| w.join().unwrap() == Err(RecvError)));
        assert_eq!(s.send("late".into()), Err(SendError("late".into())));

        let (s, r) = bounded(1);
        s.send("first".to_string()).unwrap();
        let blocked = {
            let s = s.clone();
            go(move || s.send("second".to_string()))
        };
        gosched();
        s.close();
        assert_eq!(blocked.join().unwrap(), Err(SendError("second".into())));
        assert_eq!(r.recv(), Ok("first".into()));
        assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
#[should_panic(expected = "close of closed channel")]
fn close_twice_panics() {
    let (s, _r) = unbounded::<()>();
    s.close();
    s.close();
}

#[test]
fn full_and_parked_senders_keep_order() {
    run(|| {
        let (s, r) = bounded(2);
        let senders: Vec<_> = (0..5)
            .map(|i| {
                let s = s.clone();
                let j = go(move || s.send(i).unwrap());
                gosched();
                j
            })
            .collect();
        drop(s);
        let mut got: Vec<i32> = std::iter::from_fn(|| r.recv().ok()).collect();
        got.sort();
        assert_eq!(got, [0, 1, 2, 3, 4]);
        senders.into_iter().for_each(|j| j.join().unwrap());
    });
}

#[test]
fn unbounded_chain_reuses_and_frees() {
    let (s, r) = unbounded();
    for round in 0..50 {
        for i in 0..round * 3 {
            s.send(Box::new(i)).unwrap();
        }
        for i in 0..round * 3 {
            assert_eq!(r.recv(), Ok(Box::new(i)));
        }
    }
    for i in 0..1000 {
        s.send(Box::new(i)).unwrap();
    }
    assert_eq!(s.len(), 1000);
    drop((s, r));
}

#[test]
fn zero_sized_and_large_messages() {
    let (s, r) = bounded::<()>(3);
    (0..3).for_each(|_| s.send(()).unwrap());
    assert_eq!(s.try_send(()), Err(TrySendError::Full(())));
    assert_eq!(r.len(), 3);
    (0..3).for_each(|_| r.recv().unwrap());

    let (s, r) = unbounded::<[u64; 600]>();
    (0..70).for_each(|i| s.send([i; 600]).unwrap());
    (0..70).for_each(|i| assert_eq!(r.recv(), Ok([i; 600])));

    let (s, r) = bounded::<()>(usize::MAX);
    (0..100).for_each(|_| s.send(()).unwrap());
    assert_eq!(r.len(), 100);
}

#[test]
fn never_is_empty_and_open() {
    const NEVER: gopark_runtime::chan::Receiver<u8> = never();
    assert_eq!(NEVER.try_recv(), Err(TryRecvError::Empty));
    assert!(NEVER.is_empty());
}
