//! crossbeam-channel's `tests/select.rs`, second half: the order of events, fairness, clones, operations that are not
//! completed.

use crate::common::*;

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gopark_runtime::chan::{Receiver, Select, Sender, TryRecvError, after, bounded, tick, unbounded};
use gopark_runtime::go;

/// So many goroutines each select between sending their number and receiving another's.
fn match_all(threads: usize, (s, r): (&Sender<usize>, &Receiver<usize>)) {
    many(threads, |i| {
        let mut sel = Select::new();
        sel.recv(r);
        sel.send(s);
        let oper = sel.select();
        match oper.index() {
            0 => assert_ne!(oper.recv(r), Ok(i)),
            _ => oper.send(s, i).unwrap(),
        }
    });
}

#[test]
fn matching() {
    run(|| {
        let (s, r) = bounded(0);
        match_all(44, (&s, &r));
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn matching_with_leftover() {
    run(|| {
        let (s, r) = bounded(0);
        both(|| match_all(55, (&s, &r)), || s.send(!0).unwrap());
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    });
}

/// One of two channels has a message at any moment, so a select that does not wait finds one.
fn linearizable(cap: Option<usize>, how: impl Fn(&mut Select<'_>, [&Receiver<i32>; 2]) + Sync) {
    const COUNT: usize = 50_000;
    let ((start_s, start_r), (end_s, end_r)) = (bounded(0), bounded(0));
    let ((s1, r1), (s2, r2)) = (channel(cap), channel(cap));
    both(
        || {
            for _ in 0..COUNT {
                start_s.send(()).unwrap();
                s1.send(1).unwrap();
                let mut sel = Select::new();
                sel.recv(&r1);
                sel.recv(&r2);
                how(&mut sel, [&r1, &r2]);
                end_s.send(()).unwrap();
                let _ = r2.try_recv();
            }
        },
        || {
            for _ in 0..COUNT {
                start_r.recv().unwrap();
                s2.send(1).unwrap();
                let _ = r1.try_recv();
                end_r.recv().unwrap();
            }
        },
    );
}

#[test]
fn linearizable_try() {
    for cap in [Some(1), None] {
        run(|| {
            linearizable(cap, |sel, rs| {
                let oper = sel.try_select().unwrap();
                let chosen = rs[oper.index()];
                assert_eq!(oper.recv(chosen), Ok(1));
            });
        });
    }
}

#[test]
fn linearizable_timeout() {
    for cap in [Some(1), None] {
        run(|| {
            linearizable(cap, |sel, rs| {
                let oper = sel.select_timeout(ms(0)).unwrap();
                let chosen = rs[oper.index()];
                assert_eq!(oper.recv(chosen), Ok(1));
            });
        });
    }
}

#[test]
fn fairness1() {
    const COUNT: usize = 10_000;
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(COUNT), unbounded());
        (0..COUNT).for_each(|_| [&s1, &s2].into_iter().for_each(|s| s.send(()).unwrap()));
        let mut hits = [0; 4];
        for _ in 0..COUNT {
            let (after, tick) = (after(ms(0)), tick(ms(0)));
            let mut sel = Select::new();
            [&r1, &r2].into_iter().for_each(|r| _ = sel.recv(r));
            [&after, &tick].into_iter().for_each(|r| _ = sel.recv(r));
            let oper = sel.select();
            hits[oper.index()] += 1;
            match oper.index() {
                0 => oper.recv(&r1).unwrap(),
                1 => oper.recv(&r2).unwrap(),
                2 => drop(oper.recv(&after).unwrap()),
                _ => drop(oper.recv(&tick).unwrap()),
            }
        }
        assert_fair(&hits, COUNT);
    });
}

#[test]
fn fairness2() {
    const COUNT: usize = 10_000;
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded::<()>(), bounded(1), bounded(0));
        both(
            || {
                for _ in 0..COUNT {
                    let mut sel = Select::new();
                    let mut senders: Vec<&Sender<()>> = Vec::new();
                    senders.extend([&s1, &s2].into_iter().filter(|s| s.is_empty()));
                    senders.push(&s3);
                    senders.iter().for_each(|s| _ = sel.send(s));
                    let oper = sel.select();
                    let chosen = senders[oper.index()];
                    oper.send(chosen, ()).unwrap();
                }
            },
            || {
                let rs = [&r1, &r2, &r3];
                let mut hits = [0; 3];
                for _ in 0..COUNT {
                    let mut sel = Select::new();
                    rs.into_iter().for_each(|r| _ = sel.recv(r));
                    let oper = sel.select();
                    let at = oper.index();
                    oper.recv(rs[at]).unwrap();
                    hits[at] += 1;
                }
                assert!(hits.iter().all(|&h| h >= COUNT / 3 / 50), "{hits:?}");
            },
        );
    });
}

/// Twenty clones of a select between sending and receiving.
fn clones(s: &Sender<usize>, r: &Receiver<usize>) {
    let mut sel = Select::new();
    let recv = sel.recv(r);
    sel.send(s);
    many(20, |i| {
        let mut sel = sel.clone();
        let oper = sel.select();
        match oper.index() {
            n if n == recv => assert_ne!(oper.recv(r), Ok(i)),
            _ => oper.send(s, i).unwrap(),
        }
    });
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn sync_and_clone() {
    run(|| {
        let (s, r) = bounded(0);
        clones(&s, &r);
    });
}

#[test]
fn send_and_clone() {
    run(|| {
        let (s, r) = &bounded::<usize>(0);
        let mut sel = Select::new();
        let recv = sel.recv(r);
        sel.send(s);
        gopark_runtime::scope(|scope| {
            for i in 0..20 {
                let mut sel = sel.clone();
                scope.go(move || {
                    let oper = sel.select();
                    match oper.index() {
                        n if n == recv => assert_ne!(oper.recv(r), Ok(i)),
                        _ => oper.send(s, i).unwrap(),
                    }
                });
            }
        });
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn reuse() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (bounded(0), bounded(0), bounded(100));
        go(move || {
            for i in 0..10_000 {
                s1.send(i).unwrap();
                assert_eq!((r2.recv(), r3.recv()), (Ok(i), Ok(())));
            }
        });
        let mut sel = Select::new();
        let recv = sel.recv(&r1);
        sel.send(&s2);
        for i in 0..10_000 {
            for _ in 0..2 {
                let oper = sel.select();
                match oper.index() {
                    n if n == recv => assert_eq!(oper.recv(&r1), Ok(i)),
                    _ => oper.send(&s2, i).unwrap(),
                }
            }
            s3.send(()).unwrap();
        }
    });
}

/// An operation may be completed with a clone of its end.
#[test]
fn issue_1096() {
    for cap in [None, Some(2), Some(0)] {
        run(|| {
            let (s, r) = channel::<u32>(cap);
            let sending = s.clone();
            go(move || sending.send(123).unwrap());
            let mut sel = Select::new();
            sel.recv(&r);
            assert_eq!(sel.select().recv(&r.clone()), Ok(123));

            let receiver = go({
                let r = r.clone();
                move || r.recv()
            });
            let mut sel = Select::new();
            sel.send(&s);
            sel.select().send(&s.clone(), 124).unwrap();
            assert_eq!(receiver.join().unwrap(), Ok(124));
        });
    }
}

/// Drops a chosen send; the panic's words.
fn drop_uncompleted<T>(s: &Sender<T>) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let mut sel = Select::new();
        sel.send(s);
        drop(sel.try_select().unwrap());
    }));
    panic.unwrap_err().downcast_ref::<&str>().unwrap().to_string()
}

const WORDS: &str = "dropped `SelectedOperation` without completing the operation";

/// The model hangs here and says that it should panic; so it does here, and the channel stays good.
#[test]
fn uncompleted_select_unbounded() {
    run(|| {
        for filled in 0..=1 {
            let (s, r) = unbounded();
            (0..filled).for_each(|i| s.send(Box::new(i)).unwrap());
            assert_eq!(drop_uncompleted(&s), WORDS);
            assert_eq!((s.len(), r.len()), (filled, filled));
            s.send(Box::new(7)).unwrap();
        }
    });
}

/// As above: the kept place is free again.
#[test]
fn uncompleted_select_bounded() {
    run(|| {
        for filled in 0..=1 {
            let (s, r) = bounded(2);
            (0..filled).for_each(|i| s.send(Box::new(i)).unwrap());
            assert_eq!(drop_uncompleted(&s), WORDS);
            (filled..2).for_each(|i| s.try_send(Box::new(i)).unwrap());
            assert!(r.is_full());
        }
    });
}

/// As above: the receiver goes on waiting, and gets the next message.
#[test]
fn uncompleted_select_zero() {
    run(|| {
        let (s, r) = bounded(0);
        let receiver = go(move || r.recv());
        nap(50);
        assert_eq!(drop_uncompleted(&s), WORDS);
        s.send(Box::new(5)).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(Box::new(5)));
    });
}

/// Chooses a send and forgets it.
fn forget_send(s: &Sender<Box<u8>>) {
    let mut sel = Select::new();
    sel.send(s);
    mem::forget(sel.select());
}

#[test]
fn forget_select_unbounded() {
    for filled in 0..=1 {
        run(|| {
            let (s, r) = unbounded();
            (0..filled).for_each(|i| s.send(Box::new(i)).unwrap());
            forget_send(&s);
            drop((s, r));
        });
    }
}

/// The model hangs in the drop of a channel with a forgotten place; here it does not.
#[test]
fn forget_select_bounded() {
    for filled in 0..=2 {
        run(|| {
            let (s, r) = bounded(2);
            (0..filled).for_each(|i| s.send(Box::new(i)).unwrap());
            let forgetting = s.clone();
            let forgetter = go(move || forget_send(&forgetting));
            nap(20);
            drop((s, r));
            forgetter.join().unwrap();
        });
    }
}

#[test]
fn forget_select_zero() {
    run(|| {
        let (s, r) = bounded(0);
        let forgetter = go(move || forget_send(&s));
        nap(20);
        drop(r);
        forgetter.join().unwrap();
    });
}
