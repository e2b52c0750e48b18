//! crossbeam-channel's `tests/select_macro.rs`, end: types, and single operations that do
//! what the methods of that name do.

use crate::common::*;

use gopark_runtime::chan::{RecvError, SendError, bounded, select, unbounded};

#[test]
fn try_recv() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || {
                select! {
                    recv(r) -> _ => panic!(),
                    default => {}
                }
                nap(150);
                select! {
                    recv(r) -> v => assert_eq!(v, Ok(7)),
                    default => panic!(),
                }
                nap(50);
                select! {
                    recv(r) -> v => assert_eq!(v, Err(RecvError)),
                    default => panic!(),
                }
            },
            move || {
                nap(100);
                select! { send(s, 7) -> res => res.unwrap() }
            },
        );
    });
}

#[test]
fn recv() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || {
                for i in 7..10 {
                    select! { recv(r) -> v => assert_eq!(v, Ok(i)) }
                    nap(100);
                }
                select! { recv(r) -> v => assert_eq!(v, Err(RecvError)) }
            },
            move || {
                nap(150);
                for i in 7..10 {
                    select! { send(s, i) -> res => res.unwrap() }
                }
            },
        );
    });
}

#[test]
fn recv_timeout() {
    run(|| {
        let (s, r) = bounded::<i32>(0);
        both(
            move || {
                select! {
                    recv(r) -> _ => panic!(),
                    default(ms(100)) => {}
                }
                select! {
                    recv(r) -> v => assert_eq!(v, Ok(7)),
                    default(ms(100)) => panic!(),
                }
                select! {
                    recv(r) -> v => assert_eq!(v, Err(RecvError)),
                    default(ms(100)) => panic!(),
                }
            },
            move || {
                nap(150);
                select! { send(s, 7) -> res => res.unwrap() }
            },
        );
    });
}

#[test]
fn try_send() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || {
                select! {
                    send(s, 7) -> _ => panic!(),
                    default => {}
                }
                nap(150);
                select! {
                    send(s, 8) -> res => res.unwrap(),
                    default => panic!(),
                }
                nap(50);
                select! {
                    send(s, 8) -> res => assert_eq!(res, Err(SendError(8))),
                    default => panic!(),
                }
            },
            move || {
                nap(100);
                select! { recv(r) -> v => assert_eq!(v, Ok(8)) }
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
                    select! { send(s, i) -> res => res.unwrap() }
                    nap(100);
                }
            },
            move || {
                nap(150);
                for i in 7..10 {
                    select! { recv(r) -> v => assert_eq!(v, Ok(i)) }
                }
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
                select! {
                    send(s, 7) -> _ => panic!(),
                    default(ms(100)) => {}
                }
                select! {
                    send(s, 8) -> res => res.unwrap(),
                    default(ms(100)) => panic!(),
                }
                select! {
                    send(s, 9) -> res => assert_eq!(res, Err(SendError(9))),
                    default(ms(100)) => panic!(),
                }
            },
            move || {
                nap(150);
                select! { recv(r) -> v => assert_eq!(v, Ok(8)) }
            },
        );
    });
}

#[test]
fn disconnect_wakes_sender() {
    run(|| {
        let (s, r) = bounded(0);
        both(
            move || select! { send(s, ()) -> res => assert_eq!(res, Err(SendError(()))) },
            move || {
                nap(100);
                drop(r);
            },
        );
    });
}

#[test]
fn disconnect_wakes_receiver() {
    run(|| {
        let (s, r) = bounded::<()>(0);
        both(
            move || select! { recv(r) -> v => assert_eq!(v, Err(RecvError)) },
            move || {
                nap(100);
                drop(s);
            },
        );
    });
}

#[test]
fn same_variable_name() {
    run(|| {
        let (_, r) = unbounded::<i32>();
        select! {
            recv(r) -> r => assert!(r.is_err()),
        }
    });
}

#[test]
fn handles_on_heap() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        let (s, r) = (Box::new(s), Box::new(r));
        select! {
            send(*s, 0) -> _ => {}
            recv(*r) -> _ => {}
            default => {}
        }
        drop((s, r));
    });
}

#[test]
fn infer_types() {
    run(|| {
        let (s, r) = unbounded();
        select! {
            recv(r) -> _ => {}
            default => {}
        }
        s.send(()).unwrap();
        let (s, r) = unbounded();
        select! {
            send(s, ()) -> _ => {}
        }
        r.recv().unwrap();
    });
}

#[test]
fn trailing_comma() {
    run(|| {
        let (s, r) = unbounded::<usize>();
        select! {
            send(s, 1,) -> _ => {},
            recv(r,) -> _ => {},
            default(ms(1000),) => {},
        }
    });
}

#[test]
fn result_types() {
    run(|| {
        let ((s, _), (_, r)) = (bounded::<i32>(0), bounded::<i32>(0));
        let received = |_: Result<i32, RecvError>| ();
        let sent = |_: Result<(), SendError<i32>>| ();
        select! { recv(r) -> res => received(res) }
        select! {
            recv(r) -> res => received(res),
            default => {}
        }
        select! {
            recv(r) -> res => received(res),
            default(ms(0)) => {}
        }
        select! { send(s, 0) -> res => sent(res) }
        select! {
            send(s, 0) -> res => sent(res),
            default => {}
        }
        select! {
            send(s, 0) -> res => sent(res),
            default(ms(0)) => {}
        }
        select! {
            send(s, 0) -> res => sent(res),
            recv(r) -> res => received(res),
        }
    });
}
