//! crossbeam-channel's `tests/select.rs`: the `Select` struct.

use crate::common::*;

use std::any::Any;
use std::time::Instant;

use gopark_runtime::chan::{
    Receiver, RecvError, Select, SelectTimeoutError, Sender, TryRecvError, bounded, unbounded,
};
use gopark_runtime::{go, scope};

/// Which of the receivers was chosen, and what it got; `None` for an error of the select.
type Got<T> = Option<(usize, Result<T, RecvError>)>;

/// How to select.
enum How {
    Wait,
    Try,
    For(u64),
}
use How::{For, Try, Wait};

/// Selects among receivers by `Select`.
fn select_recv<T>(rs: &[&Receiver<T>], how: How) -> Got<T> {
    let mut sel = Select::new();
    let numbers: Vec<usize> = rs.iter().map(|r| sel.recv(r)).collect();
    let oper = match how {
        Wait => Some(sel.select()),
        Try => sel.try_select().ok(),
        For(millis) => sel.select_timeout(ms(millis)).ok(),
    }?;
    let at = numbers.iter().position(|&n| n == oper.index()).unwrap();
    Some((at, oper.recv(rs[at])))
}

/// Sends by a `Select` of one operation.
fn select_send<T>(s: &Sender<T>, msg: T, how: How) -> Option<bool> {
    let mut sel = Select::new();
    sel.send(s);
    let oper = match how {
        Wait => Some(sel.select()),
        Try => sel.try_select().ok(),
        For(millis) => sel.select_timeout(ms(millis)).ok(),
    }?;
    Some(oper.send(s, msg).is_ok())
}

/// Receives from `r`, or sends `i` into `s`, whichever can go on.
fn recv_or_send(sel: &mut Select<'_>, (s, r): (&Sender<usize>, &Receiver<usize>), i: usize) -> Option<usize> {
    let oper = sel.select();
    match oper.index() {
        0 => Some(oper.recv(r).unwrap()),
        _ => {
            oper.send(s, i).unwrap();
            None
        }
    }
}

#[test]
fn smoke1() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded(), unbounded());
        s1.send(1).unwrap();
        assert_eq!(select_recv(&[&r1, &r2], Wait), Some((0, Ok(1))));
        s2.send(2).unwrap();
        assert_eq!(select_recv(&[&r1, &r2], Wait), Some((1, Ok(2))));
    });
}

#[test]
fn smoke2() {
    run(|| {
        let ends: Vec<_> = (0..5).map(|_| unbounded()).collect();
        ends[4].0.send(5).unwrap();
        let rs: Vec<_> = ends.iter().map(|(_, r)| r).collect();
        assert_eq!(select_recv(&rs, Wait), Some((4, Ok(5))));
    });
}

#[test]
fn disconnected() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded());
        drop(s1);
        let sending = s2.clone();
        go(move || {
            nap(50);
            sending.send(5).unwrap();
        });
        assert_eq!(select_recv(&[&r1, &r2], For(100)), Some((0, Err(RecvError))));
        assert_eq!(r2.recv(), Ok(5));
        assert_eq!(select_recv(&[&r1, &r2], For(100)), Some((0, Err(RecvError))));
        go(move || {
            nap(50);
            drop(s2);
        });
        assert_eq!(select_recv(&[&r2], For(1000)), Some((0, Err(RecvError))));
    });
}

#[test]
fn default() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded());
        assert_eq!(select_recv(&[&r1, &r2], Try), None);
        drop(s1);
        assert_eq!(select_recv(&[&r1, &r2], Try), Some((0, Err(RecvError))));
        s2.send(2).unwrap();
        assert_eq!(select_recv(&[&r2], Try), Some((0, Ok(2))));
        assert_eq!(select_recv(&[&r2], Try), None);
        assert_eq!(select_recv::<i32>(&[], Try), None);
    });
}

#[test]
fn timeout() {
    run(|| {
        let ((_s1, r1), (s2, r2)) = (unbounded(), unbounded());
        go(move || {
            nap(150);
            s2.send(2).unwrap();
        });
        assert_eq!(select_recv(&[&r1, &r2], For(100)), None);
        assert_eq!(select_recv(&[&r1, &r2], For(1000)), Some((1, Ok(2))));

        let (s, r) = unbounded::<i32>();
        go(move || {
            nap(50);
            drop(s);
        });
        assert_eq!(select_recv::<i32>(&[], For(100)), None);
        assert_eq!(select_recv(&[&r], Try), Some((0, Err(RecvError))));
    });
}

#[test]
fn default_when_disconnected() {
    run(|| {
        let (_, r) = unbounded::<i32>();
        assert_eq!(select_recv(&[&r], Try), Some((0, Err(RecvError))));
        assert_eq!(select_recv(&[&r], For(100)), Some((0, Err(RecvError))));
        let (s, _) = bounded(0);
        assert_eq!(select_send(&s, 0, Try), Some(false));
        assert_eq!(select_send(&s, 0, For(100)), Some(false));
    });
}

#[test]
fn default_only() {
    run(|| {
        let start = Instant::now();
        assert!(Select::new().try_select().is_err());
        assert!(start.elapsed() <= ms(50));
        let start = Instant::now();
        assert_eq!(Select::new().select_timeout(ms(100)).err(), Some(SelectTimeoutError));
        let passed = start.elapsed();
        assert!(passed >= ms(90) && passed <= ms(150), "{passed:?}");
    });
}

#[test]
fn unblocks() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded::<i32>(0), bounded::<i32>(0));
        let sending = s2.clone();
        go(move || {
            nap(50);
            sending.send(2).unwrap();
        });
        assert_eq!(select_recv(&[&r1, &r2], For(1000)), Some((1, Ok(2))));
        let receiver = go(move || {
            nap(50);
            r1.recv()
        });
        let mut sel = Select::new();
        let one = sel.send(&s1);
        sel.send(&s2);
        let oper = sel.select_timeout(ms(1000)).unwrap();
        assert_eq!(oper.index(), one);
        oper.send(&s1, 1).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(1));
    });
}

#[test]
fn both_ready() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(0), bounded(0));
        go(move || {
            nap(50);
            s1.send(1).unwrap();
            assert_eq!(r2.recv(), Ok(2));
        });
        let mut sel = Select::new();
        sel.recv(&r1);
        sel.send(&s2);
        assert_eq!(recv_or_send(&mut sel, (&s2, &r1), 2), Some(1));
        assert_eq!(recv_or_send(&mut sel, (&s2, &r1), 2), None);
    });
}

#[test]
fn loop_try() {
    for _ in 0..20 {
        run(|| {
            let ((s1, r1), (s2, r2)) = (bounded::<i32>(0), bounded::<i32>(0));
            let (s_end, r_end) = bounded::<()>(0);
            scope(|scope| {
                scope.go(|| {
                    while select_send(&s1, 1, Try).is_none() && select_recv(&[&r_end], Try).is_none() {
                        gopark_runtime::gosched();
                    }
                });
                scope.go(|| {
                    loop {
                        if let Some((_, got)) = select_recv(&[&r2], Try) {
                            assert_eq!(got, Ok(2));
                            break;
                        }
                        if select_recv(&[&r_end], Try).is_some() {
                            break;
                        }
                        gopark_runtime::gosched();
                    }
                });
                scope.go(|| {
                    nap(10);
                    let mut sel = Select::new();
                    let one = sel.recv(&r1);
                    sel.send(&s2);
                    if let Ok(oper) = sel.select_timeout(ms(500)) {
                        if oper.index() == one {
                            assert_eq!(oper.recv(&r1), Ok(1));
                        } else {
                            oper.send(&s2, 2).unwrap();
                        }
                    }
                    drop(s_end);
                });
            });
        });
    }
}

#[test]
fn cloning1() {
    run(|| {
        let ((s1, r1), (_s2, r2), (s3, r3)) = (unbounded(), unbounded(), unbounded::<()>());
        go(move || {
            r3.recv().unwrap();
            drop(s1.clone());
            assert_eq!(r3.try_recv(), Err(TryRecvError::Empty));
            s1.send(1).unwrap();
            r3.recv().unwrap();
        });
        s3.send(()).unwrap();
        assert_eq!(select_recv(&[&r1, &r2], Wait), Some((0, Ok(1))));
        s3.send(()).unwrap();
    });
}

#[test]
fn cloning2() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<()>(), unbounded());
        let selecting = go(move || select_recv(&[&r1, &r2], Wait));
        nap(50);
        drop(s1.clone());
        s2.send(()).unwrap();
        assert_eq!(selecting.join().unwrap(), Some((1, Ok(()))));
    });
}

#[test]
fn preflight1() {
    run(|| {
        let (s, r) = unbounded();
        s.send(()).unwrap();
        assert_eq!(select_recv(&[&r], Wait), Some((0, Ok(()))));
    });
}

#[test]
fn preflight2() {
    run(|| {
        let (s, r) = unbounded();
        drop(s.clone());
        s.send(()).unwrap();
        drop(s);
        assert_eq!(select_recv(&[&r], Wait), Some((0, Ok(()))));
        assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn preflight3() {
    run(|| {
        let (s, r) = unbounded();
        drop(s.clone());
        s.send(()).unwrap();
        drop(s);
        r.recv().unwrap();
        assert_eq!(select_recv(&[&r], Wait), Some((0, Err(RecvError))));
    });
}

#[test]
fn duplicate_operations() {
    run(|| {
        let (s, r) = unbounded();
        let mut hit = [false; 4];
        while hit.contains(&false) {
            let mut sel = Select::new();
            (0..2).for_each(|_| _ = sel.recv(&r));
            (0..2).for_each(|_| _ = sel.send(&s));
            let oper = sel.select();
            hit[oper.index()] = true;
            match oper.index() {
                0 | 1 => assert_eq!(oper.recv(&r), Ok(0)),
                _ => oper.send(&s, 0).unwrap(),
            }
        }
    });
}

#[test]
fn nesting() {
    run(|| {
        let (s, r) = unbounded();
        for i in 0..2 {
            let mut outer = Select::new();
            outer.send(&s);
            let oper = outer.select();
            // Another select while this operation waits for its completion.
            assert_eq!(select_recv(&[&r], Try), None);
            oper.send(&s, i).unwrap();
            assert_eq!(select_recv(&[&r], Wait), Some((0, Ok(i))));
        }
    });
}

#[test]
fn stress_recv() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded(), bounded(5), bounded(100));
        go(move || {
            for i in 0..10_000 {
                for s in [&s1, &s2] {
                    s.send(i).unwrap();
                    r3.recv().unwrap();
                }
            }
        });
        for i in 0..10_000 {
            for _ in 0..2 {
                assert_eq!(select_recv(&[&r1, &r2], Wait).unwrap().1, Ok(i));
                s3.send(()).unwrap();
            }
        }
    });
}

#[test]
fn stress_send() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (bounded(0), bounded(0), bounded(100));
        go(move || {
            for i in 0..10_000 {
                assert_eq!((r1.recv(), r2.recv(), r3.recv()), (Ok(i), Ok(i), Ok(())));
            }
        });
        for i in 0..10_000 {
            for _ in 0..2 {
                let mut sel = Select::new();
                let one = sel.send(&s1);
                sel.send(&s2);
                let oper = sel.select();
                let chosen = if oper.index() == one { &s1 } else { &s2 };
                oper.send(chosen, i).unwrap();
            }
            s3.send(()).unwrap();
        }
    });
}

#[test]
fn stress_mixed() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (bounded(0), bounded(0), bounded(100));
        go(move || {
            for i in 0..10_000 {
                s1.send(i).unwrap();
                assert_eq!((r2.recv(), r3.recv()), (Ok(i), Ok(())));
            }
        });
        for i in 0..10_000 {
            for _ in 0..2 {
                let mut sel = Select::new();
                sel.recv(&r1);
                sel.send(&s2);
                assert!(recv_or_send(&mut sel, (&s2, &r1), i).is_none_or(|got| got == i));
            }
            s3.send(()).unwrap();
        }
    });
}

#[test]
fn stress_timeout_two_threads() {
    run(|| {
        let (s, r) = bounded(2);
        let pause = |i: usize| {
            if i.is_multiple_of(2) {
                nap(50)
            }
        };
        both(
            move || {
                for i in 0..20 {
                    pause(i);
                    while select_send(&s, i, For(10)).is_none() {}
                }
            },
            move || {
                for i in 0..20 {
                    pause(i);
                    let got = std::iter::repeat_with(|| select_recv(&[&r], For(10))).find_map(|got| got);
                    assert_eq!(got, Some((0, Ok(i))));
                }
            },
        );
    });
}

#[test]
fn send_recv_same_channel() {
    run(|| {
        let (s, r) = bounded::<i32>(0);
        let mut sel = Select::new();
        sel.send(&s);
        sel.recv(&r);
        assert!(sel.select_timeout(ms(50)).is_err(), "a select does not pair with itself");

        let (s, r) = unbounded::<i32>();
        let mut sel = Select::new();
        let send = sel.send(&s);
        sel.recv(&r);
        let oper = sel.select_timeout(ms(50)).unwrap();
        assert_eq!(oper.index(), send);
        oper.send(&s, 0).unwrap();
    });
}

#[test]
fn channel_through_channel() {
    type T = Box<dyn Any + Send>;
    for cap in 0..3 {
        run(|| {
            let (mut s, mut r) = bounded::<T>(cap);
            both(
                move || {
                    for _ in 0..1000 {
                        let (new_s, new_r) = bounded::<T>(cap);
                        assert_eq!(select_send(&s, Box::new(new_r) as T, Wait), Some(true));
                        s = new_s;
                    }
                },
                move || {
                    for _ in 0..1000 {
                        let (_, got) = select_recv(&[&r], Wait).unwrap();
                        r = *got.unwrap().downcast::<Receiver<T>>().expect("a receiver");
                    }
                },
            );
        });
    }
}
