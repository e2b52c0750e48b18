//! Futures on goroutines: wakers called from anywhere, awaited joins, receivers as streams.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gopark_runtime::sync::Mutex;
use gopark_runtime::{JoinHandle, block_on, chan, go, gosched, time};

/// Runs a test's body in a goroutine.
fn goroutine(body: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing that is bound to a thread over a park.
    unsafe { gopark_runtime::run(body) }
}

/// Pending a number of times; each time the waker goes to somebody who wakes it.
struct Woken<F: Fn(Waker)> {
    left: usize,
    by: F,
}

impl<F: Fn(Waker) + Unpin> Future for Woken<F> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        (self.by)(cx.waker().clone());
        Poll::Pending
    }
}

#[test]
fn woken_from_anywhere() {
    goroutine(|| {
        let wakes: [fn(Waker); 4] = [
            |waker| waker.wake(), // before the poll returns
            |waker| drop(go(move || waker.wake())),
            |waker| {
                go(move || {
                    time::sleep(Duration::from_micros(50));
                    waker.wake_by_ref();
                    waker.wake(); // twice
                });
            },
            |waker| drop(std::thread::spawn(move || waker.wake())),
        ];
        for by in wakes {
            block_on(Woken { left: 50, by });
        }
    });
}

#[test]
fn block_on_a_plain_thread() {
    goroutine(|| {
        let thread = std::thread::spawn(|| {
            block_on(Woken { left: 50, by: |waker| drop(go(move || waker.wake())) });
            block_on(async { go(|| 7).await.unwrap() })
        });
        assert_eq!(gopark_runtime::offload(|| thread.join().unwrap()), 7);
    });
}

/// A waker that is kept and called when its goroutine waits for something else wakes nothing.
#[test]
fn a_late_waker_is_harmless() {
    goroutine(|| {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let wakers = kept.clone();
        block_on(poll_fn(move |cx| {
            wakers.lock().push(cx.waker().clone());
            cx.waker().wake_by_ref();
            if wakers.lock().len() < 10 { Poll::Pending } else { Poll::Ready(()) }
        }));
        let (tx, rx) = chan::bounded(0);
        go(move || {
            kept.lock().drain(..).for_each(Waker::wake);
            time::sleep(Duration::from_millis(1));
            tx.send(5).unwrap();
        });
        assert_eq!(rx.recv(), Ok(5));
    });
}

#[test]
fn joins_are_futures() {
    goroutine(|| {
        let slow: JoinHandle<i32> = go(|| {
            time::sleep(Duration::from_millis(1));
            1
        });
        let quick = go(|| 2);
        let panics = go(|| panic!("on purpose"));
        let sum = block_on(async move {
            assert!(panics.await.is_err());
            slow.await.unwrap() + quick.await.unwrap()
        });
        assert_eq!(sum, 3);
    });
}

/// A joiner that is polled and dropped detaches; one that is polled by two tasks wakes the last.
#[test]
fn a_dropped_join_detaches() {
    goroutine(|| {
        for _ in 0..200 {
            let ended = Arc::new(AtomicUsize::new(0));
            let counter = ended.clone();
            let mut join = go(move || {
                gosched();
                counter.fetch_add(1, Relaxed);
            })
            .into_future();
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut join).poll(&mut cx);
            drop(join);
            while ended.load(Relaxed) == 0 {
                gosched();
            }
            let mut join = go(gosched).into_future();
            if Pin::new(&mut join).poll(&mut cx).is_pending() {
                block_on(join).unwrap();
            }
        }
    });
}

/// Two streams of one channel, read by turns with polls that are given up: nothing is lost, nothing comes twice.
#[test]
fn streams_lose_nothing() {
    const MESSAGES: usize = 2_000;
    goroutine(|| {
        for capacity in [0, 1, 16] {
            let (s, r) = chan::bounded(capacity);
            let senders = 4;
            for sender in 0..senders {
                let s = s.clone();
                go(move || (sender..MESSAGES).step_by(senders).for_each(|i| s.send(i).unwrap()));
            }
            drop(s);
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    let mut stream = r.clone().into_stream();
                    go(move || {
                        let mut seen = Vec::new();
                        loop {
                            // A poll that is given up leaves a watch behind.
                            let early = stream.poll_next(&mut Context::from_waker(Waker::noop()));
                            let next = match early {
                                Poll::Ready(message) => message,
                                Poll::Pending => block_on(pin!(stream.next())),
                            };
                            match next {
                                Some(message) => seen.push(message),
                                None => return seen,
                            }
                        }
                    })
                })
                .collect();
            drop(r);
            let mut all: Vec<usize> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..MESSAGES), "capacity {capacity}");
        }
    });
}
