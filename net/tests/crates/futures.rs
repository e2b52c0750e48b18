//! Futures of the network with several executors: the scheduler's poller wakes them, and no goroutine waits behind one.

use std::future::{Future, poll_fn};
use std::io::Write as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use gopark::future::{interval, sleep, timeout};
use gopark::net::{AsyncConn, AsyncListener, Conn, dial, listen};
use gopark::{block_on, chan, go, num_goroutine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIMIT: Duration = Duration::from_secs(20);

fn on_goroutines(test: fn()) {
    // SAFETY: nothing is bound to a thread.
    unsafe { gopark::run(test) }
}

fn pair() -> (Conn, Conn) {
    let listener = listen("tcp", "127.0.0.1:0").unwrap();
    let client = dial("tcp", &listener.addr().to_string()).unwrap();
    (client, listener.accept().unwrap())
}

/// A waker of no executor that the runtime knows: it sends.
struct Foreign(chan::Sender<()>, AtomicUsize);

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, SeqCst);
        self.0.send(()).unwrap();
    }
}

fn foreign() -> (Arc<Foreign>, Waker, chan::Receiver<()>) {
    let (s, r) = chan::unbounded();
    let foreign = Arc::new(Foreign(s, AtomicUsize::new(0)));
    (foreign.clone(), foreign.into(), r)
}

fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn pending_futures_cost_no_goroutine() {
    on_goroutines(|| {
        let listener = AsyncListener::from(listen("tcp", "127.0.0.1:0").unwrap());
        let (_, waker, woken) = foreign();
        let pairs: Vec<_> = (0..50).map(|_| pair()).collect();
        let before = num_goroutine();
        let mut accept = Box::pin(listener.accept());
        assert!(poll_once(accept.as_mut(), &waker).is_pending());
        let mut readable: Vec<_> = pairs.iter().map(|(a, _)| Box::pin(a.readable())).collect();
        for future in &mut readable {
            assert!(poll_once(future.as_mut(), &waker).is_pending());
            assert!(poll_once(future.as_mut(), &waker).is_pending(), "a second poll");
        }
        assert_eq!(num_goroutine(), before);
        for (_, b) in &pairs {
            b.write(b"x").unwrap();
        }
        for _ in &pairs {
            woken.recv_timeout(LIMIT).unwrap();
        }
        for future in &mut readable {
            assert!(matches!(poll_once(future.as_mut(), &waker), Poll::Ready(Ok(()))));
        }
        let client = dial("tcp", &listener.get_ref().addr().to_string()).unwrap();
        woken.recv_timeout(LIMIT).unwrap();
        let Poll::Ready(Ok(server)) = poll_once(accept.as_mut(), &waker) else {
            panic!("there is a connection")
        };
        assert_eq!(server.get_ref().remote_addr(), client.local_addr());
    });
}

#[test]
fn a_dropped_future_leaves_nothing_behind() {
    on_goroutines(|| {
        let (a, b) = pair();
        let (task, waker, woken) = foreign();
        let owners = Arc::strong_count(&task);
        let mut conn = AsyncConn::from(a.clone());
        {
            let mut readable = pin!(a.readable());
            assert!(poll_once(readable.as_mut(), &waker).is_pending());
        }
        assert!(conn.poll_read(&mut Context::from_waker(&waker), &mut [0; 8]).is_pending());
        assert!(Arc::strong_count(&task) > owners);
        drop(conn);
        let mut nap = Box::pin(sleep(Duration::from_secs(3600)));
        assert!(poll_once(nap.as_mut(), &waker).is_pending());
        drop(nap);
        assert_eq!(Arc::strong_count(&task), owners);
        b.write(b"still here").unwrap();
        assert_eq!(a.read(&mut [0; 32]).unwrap(), 10);
        assert!(woken.try_recv().is_err());
    });
}

#[test]
fn deadlines_and_closing_wake_futures() {
    on_goroutines(|| {
        let (a, _b) = pair();
        let (_, waker, woken) = foreign();
        let mut readable = Box::pin(a.readable());
        assert!(poll_once(readable.as_mut(), &waker).is_pending());
        a.set_read_deadline(Some(Instant::now() + Duration::from_millis(5))).unwrap();
        woken.recv_timeout(LIMIT).unwrap();
        let Poll::Ready(Err(e)) = poll_once(readable.as_mut(), &waker) else {
            panic!("the deadline has passed")
        };
        assert!(e.timeout(), "{e}");
        a.set_read_deadline(None).unwrap();
        let mut readable = Box::pin(a.readable());
        assert!(poll_once(readable.as_mut(), &waker).is_pending());
        a.close().unwrap();
        woken.recv_timeout(LIMIT).unwrap();
        let Poll::Ready(Err(e)) = poll_once(readable.as_mut(), &waker) else { panic!("it is closed") };
        assert!(e.is_closed(), "{e}");
    });
}

/// A goroutine that reads from a connection on which a future waits, and the other way round.
#[test]
fn futures_and_goroutines_share_a_side() {
    on_goroutines(|| {
        let (a, b) = pair();
        let future = {
            let a = a.clone();
            go(move || {
                let mut conn = AsyncConn::from(a);
                let mut buf = [0; 1];
                block_on(poll_fn(|cx| conn.poll_read(cx, &mut buf))).unwrap();
                buf[0]
            })
        };
        let goroutine = {
            let a = a.clone();
            go(move || {
                let mut buf = [0; 1];
                assert_eq!(a.read(&mut buf).unwrap(), 1);
                buf[0]
            })
        };
        for byte in [b"1", b"2"] {
            gopark::time::sleep(Duration::from_millis(2));
            b.write(byte).unwrap();
        }
        let mut got = [future.join().unwrap(), goroutine.join().unwrap()];
        got.sort_unstable();
        assert_eq!(&got, b"12");
    });
}

#[test]
fn many_short_messages_reach_a_future_that_skips_calls() {
    const MESSAGES: u32 = 5_000;
    on_goroutines(|| {
        let (a, b) = pair();
        let reader = go(move || {
            let mut conn = AsyncConn::from(a);
            block_on(async {
                for i in 0..MESSAGES {
                    assert_eq!(conn.read_u32().await.unwrap(), i);
                    conn.write_u32(i).await.unwrap();
                }
                assert_eq!(conn.read(&mut [0; 8]).await.unwrap(), 0);
            });
        });
        for i in 0..MESSAGES {
            (&b).write_all(&i.to_be_bytes()).unwrap();
            let mut echoed = [0; 4];
            std::io::Read::read_exact(&mut &b, &mut echoed).unwrap();
            assert_eq!(u32::from_be_bytes(echoed), i);
        }
        drop(b);
        reader.join().unwrap();
    });
}

#[test]
fn time_for_any_executor() {
    on_goroutines(|| {
        let began = Instant::now();
        block_on(async {
            assert!(timeout(Duration::from_millis(10), std::future::pending::<()>()).await.is_err());
            assert_eq!(timeout(LIMIT, async { 7 }).await, Ok(7));
            let mut ticks = interval(Duration::from_millis(5));
            for _ in 0..3 {
                ticks.tick().await;
            }
        });
        assert!(began.elapsed() >= Duration::from_millis(20), "{:?}", began.elapsed());
        let (_, waker, woken) = foreign();
        let mut nap = Box::pin(sleep(Duration::from_millis(5)));
        assert!(poll_once(nap.as_mut(), &waker).is_pending());
        woken.recv_timeout(LIMIT).unwrap();
        assert!(poll_once(nap.as_mut(), &waker).is_ready());
        nap.reset(Instant::now() + Duration::from_millis(5));
        assert!(poll_once(nap.as_mut(), &waker).is_pending());
        woken.recv_timeout(LIMIT).unwrap();
        assert!(poll_once(nap.as_mut(), &waker).is_ready());
    });
}

/// A connection of ours read by a task of tokio's, and tokio's sockets and timers on a goroutine.
#[test]
fn tokio_both_ways() {
    on_goroutines(|| {
        let (a, b) = pair();
        let text = block_on(gopark::future::tokio(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let reader = tokio::spawn(async move {
                let mut text = String::new();
                AsyncConn::from(a).read_to_string(&mut text).await.unwrap();
                text
            });
            gopark::future::sleep(Duration::from_millis(5)).await;
            AsyncConn::from(b).write_all(b"through the poller").await.unwrap();
            reader.await.unwrap()
        }));
        assert_eq!(text, "through the poller");
    });
}
