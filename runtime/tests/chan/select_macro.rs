//! crossbeam-channel's `tests/select_macro.rs`: what `select!` does, and its syntax.

use crate::common::*;

use std::time::Instant;

use gopark_runtime::chan::{Receiver, Sender, bounded, never, select, unbounded};
use gopark_runtime::{go, scope};

#[test]
fn smoke1() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded(), unbounded());
        s1.send(1).unwrap();
        select! {
            recv(r1) -> v => assert_eq!(v, Ok(1)),
            recv(r2) -> _ => panic!(),
        }
        s2.send(2).unwrap();
        select! {
            recv(r1) -> _ => panic!(),
            recv(r2) -> v => assert_eq!(v, Ok(2)),
        }
    });
}

#[test]
fn smoke2() {
    run(|| {
        let ends: [_; 5] = std::array::from_fn(|_| unbounded::<i32>());
        ends[4].0.send(5).unwrap();
        select! {
            recv(ends[0].1) -> _ => panic!(),
            recv(ends[1].1) -> _ => panic!(),
            recv(ends[2].1) -> _ => panic!(),
            recv(ends[3].1) -> _ => panic!(),
            recv(ends[4].1) -> v => assert_eq!(v, Ok(5)),
        }
    });
}

#[test]
fn disconnected() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded::<i32>());
        drop(s1);
        let sending = s2.clone();
        go(move || {
            nap(50);
            sending.send(5).unwrap();
        });
        select! {
            recv(r1) -> v => assert!(v.is_err()),
            recv(r2) -> _ => panic!(),
            default(ms(100)) => panic!(),
        }
        assert_eq!(r2.recv(), Ok(5));
        select! {
            recv(r1) -> v => assert!(v.is_err()),
            recv(r2) -> _ => panic!(),
            default(ms(100)) => panic!(),
        }
        go(move || {
            nap(50);
            drop(s2);
        });
        select! {
            recv(r2) -> v => assert!(v.is_err()),
            default(ms(1000)) => panic!(),
        }
    });
}

#[test]
fn default() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded::<i32>());
        select! {
            recv(r1) -> _ => panic!(),
            recv(r2) -> _ => panic!(),
            default => {}
        }
        drop(s1);
        select! {
            recv(r1) -> v => assert!(v.is_err()),
            recv(r2) -> _ => panic!(),
            default => panic!(),
        }
        s2.send(2).unwrap();
        select! {
            recv(r2) -> v => assert_eq!(v, Ok(2)),
            default => panic!(),
        }
        select! {
            recv(r2) -> _ => panic!(),
            default => {}
        }
        select! {
            default => {}
        }
    });
}

#[test]
fn timeout() {
    run(|| {
        let ((_s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded());
        go(move || {
            nap(150);
            s2.send(2).unwrap();
        });
        select! {
            recv(r1) -> _ => panic!(),
            recv(r2) -> _ => panic!(),
            default(ms(100)) => {}
        }
        select! {
            recv(r1) -> _ => panic!(),
            recv(r2) -> v => assert_eq!(v, Ok(2)),
            default(ms(1000)) => panic!(),
        }
        let (s, r) = unbounded::<i32>();
        go(move || {
            nap(50);
            drop(s);
        });
        select! {
            default(ms(100)) => select! {
                recv(r) -> v => assert!(v.is_err()),
                default => panic!(),
            }
        }
    });
}

#[test]
fn default_when_disconnected() {
    run(|| {
        let (_, r) = unbounded::<i32>();
        select! {
            recv(r) -> res => assert!(res.is_err()),
            default => panic!(),
        }
        select! {
            recv(r) -> res => assert!(res.is_err()),
            default(ms(100)) => panic!(),
        }
        let (s, _) = bounded::<i32>(0);
        select! {
            send(s, 0) -> res => assert!(res.is_err()),
            default => panic!(),
        }
        select! {
            send(s, 0) -> res => assert!(res.is_err()),
            default(ms(100)) => panic!(),
        }
    });
}

#[test]
fn default_only() {
    run(|| {
        let start = Instant::now();
        select! { default => {} }
        assert!(start.elapsed() <= ms(50));
        let start = Instant::now();
        select! { default(ms(100)) => {} }
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
        select! {
            recv(r1) -> _ => panic!(),
            recv(r2) -> v => assert_eq!(v, Ok(2)),
            default(ms(1000)) => panic!(),
        }
        let receiver = go(move || {
            nap(50);
            r1.recv()
        });
        select! {
            send(s1, 1) -> res => res.unwrap(),
            send(s2, 2) -> _ => panic!(),
            default(ms(1000)) => panic!(),
        }
        assert_eq!(receiver.join().unwrap(), Ok(1));
    });
}

#[test]
fn both_ready() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(0), bounded(0));
        both(
            move || {
                nap(50);
                s1.send(1).unwrap();
                assert_eq!(r2.recv(), Ok(2));
            },
            move || {
                let mut done = [false; 2];
                for _ in 0..2 {
                    select! {
                        recv(r1) -> v => { assert_eq!(v, Ok(1)); done[0] = true }
                        send(s2, 2) -> res => { res.unwrap(); done[1] = true }
                    }
                }
                assert_eq!(done, [true; 2]);
            },
        );
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
                    loop {
                        select! {
                            send(s1, 1) -> _ => break,
                            default => {}
                        }
                        select! {
                            recv(r_end) -> _ => break,
                            default => {}
                        }
                        gopark_runtime::gosched();
                    }
                });
                scope.go(|| {
                    loop {
                        if let Ok(x) = r2.try_recv() {
                            assert_eq!(x, 2);
                            break;
                        }
                        select! {
                            recv(r_end) -> _ => break,
                            default => {}
                        }
                        gopark_runtime::gosched();
                    }
                });
                scope.go(|| {
                    nap(10);
                    select! {
                        recv(r1) -> v => assert_eq!(v, Ok(1)),
                        send(s2, 2) -> _ => {},
                        default(ms(500)) => panic!(),
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
        let ((s1, r1), (_s2, r2), (s3, r3)) = (unbounded::<i32>(), unbounded::<i32>(), unbounded::<()>());
        go(move || {
            r3.recv().unwrap();
            drop(s1.clone());
            assert!(r3.try_recv().is_err());
            s1.send(1).unwrap();
            r3.recv().unwrap();
        });
        s3.send(()).unwrap();
        select! {
            recv(r1) -> v => assert_eq!(v, Ok(1)),
            recv(r2) -> _ => panic!(),
        }
        s3.send(()).unwrap();
    });
}

#[test]
fn cloning2() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<()>(), unbounded::<()>());
        let selecting = go(move || {
            select! {
                recv(r1) -> _ => panic!(),
                recv(r2) -> v => v,
            }
        });
        nap(50);
        drop(s1.clone());
        s2.send(()).unwrap();
        assert_eq!(selecting.join().unwrap(), Ok(()));
    });
}

#[test]
fn preflight1() {
    run(|| {
        let (s, r) = unbounded();
        s.send(()).unwrap();
        select! { recv(r) -> v => assert_eq!(v, Ok(())) }
    });
}

#[test]
fn preflight2() {
    run(|| {
        let (s, r) = unbounded();
        drop(s.clone());
        s.send(()).unwrap();
        drop(s);
        select! { recv(r) -> v => assert!(v.is_ok()) }
        assert!(r.try_recv().unwrap_err().is_disconnected());
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
        select! { recv(r) -> v => assert!(v.is_err()) }
    });
}

#[test]
fn duplicate_operations() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        let mut hit = [false; 4];
        while hit.contains(&false) {
            select! {
                recv(r) -> _ => hit[0] = true,
                recv(r) -> _ => hit[1] = true,
                send(s, 0) -> _ => hit[2] = true,
                send(s, 0) -> _ => hit[3] = true,
            }
        }
    });
}

#[test]
fn nesting() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        select! {
            send(s, 0) -> _ => select! {
                recv(r) -> v => {
                    assert_eq!(v, Ok(0));
                    select! {
                        send(s, 1) -> _ => select! {
                            recv(r) -> v => assert_eq!(v, Ok(1)),
                        }
                    }
                }
            }
        }
    });
}

#[test]
#[should_panic(expected = "send panicked")]
#[allow(
    unreachable_code,
    clippy::diverging_sub_expression,
    reason = "as in the original: the syntax is what is tested"
)]
fn panic_sender() {
    fn get() -> Sender<i32> {
        panic!("send panicked")
    }
    run(|| {
        select! {
            send(get(), panic!()) -> _ => {}
        }
    });
}

#[test]
#[should_panic(expected = "recv panicked")]
fn panic_receiver() {
    fn get() -> Receiver<i32> {
        panic!("recv panicked")
    }
    run(|| {
        select! {
            recv(get()) -> _ => {}
        }
    });
}

#[test]
#[allow(
    clippy::or_fun_call,
    clippy::unnecessary_literal_unwrap,
    reason = "as in the original: the syntax is what is tested"
)]
fn references() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        select! {
            send(s, 0) -> _ => {}
            recv(r) -> _ => {}
        }
        select! {
            send(&&&&s, 0) -> _ => {}
            recv(&&&&r) -> _ => {}
        }
        select! {
            recv(Some(&r).unwrap_or(&never())) -> _ => {},
            default => {}
        }
        select! {
            recv(Some(r).unwrap_or(never())) -> _ => {},
            default => {}
        }
    });
}

#[test]
#[allow(
    clippy::never_loop,
    clippy::match_single_binding,
    reason = "as in the original: the syntax is what is tested"
)]
fn case_blocks() {
    run(|| {
        let (_s, r) = unbounded::<i32>();
        let v = select! {
            recv(r) -> _ => 3.0,
            recv(r) -> _ => loop {
                unreachable!()
            },
            recv(r) -> _ => match 7 + 3 {
                _ => unreachable!()
            },
            default => 7.
        };
        assert_eq!(v, 7.0);
        select! {
            recv(r) -> msg => if msg.is_ok() {
                unreachable!()
            },
            default => ()
        }
    });
}

#[test]
#[allow(clippy::redundant_closure_call, reason = "as in the original: the syntax is what is tested")]
fn move_handles() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        select! {
            recv((move || r)()) -> _ => {}
            send((move || s)(), 0) -> _ => {}
        }
    });
}

#[test]
fn default_syntax() {
    run(|| {
        let (s, r) = bounded::<i32>(0);
        select! {
            recv(r) -> _ => panic!(),
            default => {}
        }
        select! {
            send(s, 0) -> _ => panic!(),
            default() => {}
        }
        select! { default => {} }
        select! { default() => {} }
    });
}
