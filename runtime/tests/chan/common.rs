//! What the ported channel suites share. The originals' threads are goroutines here; their seconds are tenths of
//! seconds.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::chan::{
    Receiver, RecvError, RecvTimeoutError, Sender, TryRecvError, bounded, select, unbounded,
};

/// Runs a test as a goroutine.
pub(crate) fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    // SAFETY: nothing in these tests is bound to a thread.
    unsafe { gopark_runtime::run(f) }
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Sleeps so many milliseconds.
pub(crate) fn nap(millis: u64) {
    gopark_runtime::time::sleep(ms(millis));
}

/// Runs both as goroutines and waits for both.
pub(crate) fn both(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    gopark_runtime::scope(|s| {
        s.go(a);
        s.go(b);
    });
}

/// Runs `n` goroutines, each with its number, and waits for all.
pub(crate) fn many(n: usize, f: impl Fn(usize) + Send + Sync) {
    gopark_runtime::scope(|s| {
        let f = &f;
        (0..n).for_each(|i| drop(s.go(move || f(i))));
    });
}

/// A channel with room for `cap` messages, or any number.
pub(crate) fn channel<T>(cap: Option<usize>) -> (Sender<T>, Receiver<T>) {
    cap.map_or_else(unbounded, bounded)
}

/// One producer, one consumer: all messages arrive, in order, then the end.
pub(crate) fn spsc(cap: Option<usize>, count: usize) {
    let (s, r) = channel(cap);
    both(
        move || {
            (0..count).for_each(|i| assert_eq!(r.recv(), Ok(i)));
            assert!(r.recv().is_err());
        },
        move || (0..count).for_each(|i| s.send(i).unwrap()),
    );
}

/// Four producers of the numbers below `count`, four consumers: each number arrives four times.
pub(crate) fn mpmc(cap: Option<usize>, count: usize) {
    let (s, r) = channel::<usize>(cap);
    let seen: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    many(8, |i| match i {
        0..4 => (0..count).for_each(|_| _ = seen[r.recv().unwrap()].fetch_add(1, SeqCst)),
        _ => (0..count).for_each(|n| s.send(n).unwrap()),
    });
    assert!(r.try_recv().is_err());
    assert!(seen.iter().all(|n| n.load(SeqCst) == 4));
}

/// Channels of one message each, sent and received at once.
pub(crate) fn stress_oneshot(cap: Option<usize>, count: usize) {
    for _ in 0..count {
        let (s, r) = channel(cap);
        both(move || assert_eq!(r.recv(), Ok(0)), move || s.send(0).unwrap());
    }
}

/// A channel that carries its successor, and so on.
pub(crate) fn channel_through_channel(cap: Option<usize>) {
    const COUNT: usize = 1000;
    type T = Box<dyn Any + Send>;
    let (mut s, mut r) = channel::<T>(cap);
    both(
        move || {
            for _ in 0..COUNT {
                let (new_s, new_r) = channel::<T>(cap);
                s.send(Box::new(new_r)).unwrap();
                s = new_s;
            }
        },
        move || {
            for _ in 0..COUNT {
                r = *r.recv().unwrap().downcast::<Receiver<T>>().expect("a receiver");
            }
        },
    );
}

/// Each of `hits` had at least half its fair share of `count`.
#[track_caller]
pub(crate) fn assert_fair(hits: &[usize], count: usize) {
    assert!(hits.iter().all(|&h| h >= count / hits.len() / 2), "{hits:?} of {count}");
}

/// Counts its drops.
#[derive(Debug)]
pub(crate) struct DropCounter<'a>(pub &'a AtomicUsize);

impl Drop for DropCounter<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// `steps` messages received and `left` left inside: each is dropped once.
pub(crate) fn drops(cap: Option<usize>, steps: usize, left: usize) {
    let drops = AtomicUsize::new(0);
    let (s, r) = channel::<DropCounter<'_>>(cap);
    both(
        || (0..steps).for_each(|_| drop(r.recv().unwrap())),
        || (0..steps).for_each(|_| s.send(DropCounter(&drops)).unwrap()),
    );
    (0..left).for_each(|_| s.try_send(DropCounter(&drops)).unwrap());
    assert_eq!(drops.load(SeqCst), steps);
    drop(s);
    drop(r);
    assert_eq!(drops.load(SeqCst), steps + left);
}

/// A number below `n`, from a seed that moves on.
pub(crate) fn random(seed: &mut u64, n: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize % n
}

/// Sends and receives that give up after 10 ms and try again, out of step: nothing is lost.
pub(crate) fn stress_timeout_two_threads(cap: Option<usize>) {
    const COUNT: usize = 40;
    let (s, r) = channel(cap);
    let pause = |i: usize| {
        if i.is_multiple_of(2) {
            nap(25)
        }
    };
    both(
        move || {
            for i in 0..COUNT {
                pause(i);
                while s.send_timeout(i, ms(10)).is_err() {}
            }
        },
        move || {
            for i in 0..COUNT {
                pause(i);
                let got = std::iter::repeat_with(|| r.recv_timeout(ms(10))).find_map(Result::ok);
                assert_eq!(got, Some(i));
            }
        },
    );
}

/// Answers are taken by `try_iter` until enough have come.
pub(crate) fn stress_iter(
    request: (Sender<()>, Receiver<()>),
    response: (Sender<usize>, Receiver<usize>),
    count: usize,
) {
    let ((request_s, request_r), (response_s, response_r)) = (request, response);
    gopark_runtime::scope(|scope| {
        scope.go(move || {
            let mut sum = 0;
            while sum < count {
                sum += response_r.try_iter().take(count - sum).sum::<usize>();
                let _ = request_s.try_send(());
                gopark_runtime::gosched();
            }
        });
        for () in request_r.iter() {
            if response_s.send(1).is_err() {
                break;
            }
        }
    });
}

/// Who has sent into a channel with room for all can receive at once.
pub(crate) fn linearizable(cap: Option<usize>) {
    let (s, r) = channel(cap);
    many(4, |_| {
        for _ in 0..25_000 {
            s.send(0).unwrap();
            r.try_recv().unwrap();
        }
    });
}

/// Empty, then a message, then the end, by `try_recv`.
pub(crate) fn try_recv(cap: Option<usize>) {
    let (s, r) = channel(cap);
    both(
        move || {
            assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
            nap(150);
            assert_eq!(r.try_recv(), Ok(7));
            nap(50);
            assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
        },
        move || {
            nap(100);
            s.send(7).unwrap();
        },
    );
}

/// The same by `recv_timeout`.
pub(crate) fn recv_timeout(cap: Option<usize>) {
    let (s, r) = channel(cap);
    both(
        move || {
            assert_eq!(r.recv_timeout(ms(100)), Err(RecvTimeoutError::Timeout));
            assert_eq!(r.recv_timeout(ms(100)), Ok(7));
            assert_eq!(r.recv_timeout(ms(100)), Err(RecvTimeoutError::Disconnected));
        },
        move || {
            nap(150);
            s.send(7).unwrap();
        },
    );
}

/// Three messages that wait for their receiver, or it for them.
pub(crate) fn recv(cap: Option<usize>) {
    let (s, r) = channel(cap);
    both(
        move || {
            for i in 7..10 {
                assert_eq!(r.recv(), Ok(i));
                nap(100);
            }
            assert_eq!(r.recv(), Err(RecvError));
        },
        move || {
            nap(150);
            (7..10).for_each(|i| s.send(i).unwrap());
        },
    );
}

/// Who waits for a message learns that none will come.
pub(crate) fn disconnect_wakes_receiver(cap: Option<usize>) {
    let (s, r) = channel::<()>(cap);
    both(
        move || assert_eq!(r.recv(), Err(RecvError)),
        move || {
            nap(100);
            drop(s);
        },
    );
}

/// Takes `count` messages of either, and counts whose they were.
pub(crate) fn take_either<T>(hits: &mut [usize; 2], r1: &Receiver<T>, r2: &Receiver<T>, count: usize) {
    for _ in 0..count {
        select! {
            recv(r1) -> _ => hits[0] += 1,
            recv(r2) -> _ => hits[1] += 1,
        }
    }
}

/// Takes `count` messages by five cases that are the same, and counts which was chosen.
pub(crate) fn take_five_ways<T>(hits: &mut [usize; 5], r: &Receiver<T>, count: usize) {
    for _ in 0..count {
        select! {
            recv(r) -> _ => hits[0] += 1,
            recv(r) -> _ => hits[1] += 1,
            recv(r) -> _ => hits[2] += 1,
            recv(r) -> _ => hits[3] += 1,
            recv(r) -> _ => hits[4] += 1,
        }
    }
}

/// How many messages show whether a choice is fair.
const FAIR: usize = 10_000;

/// Two channels, each with as many messages as are taken of both.
pub(crate) fn fairness((s1, r1): (Sender<()>, Receiver<()>), (s2, r2): (Sender<()>, Receiver<()>)) {
    (0..FAIR).for_each(|_| [&s1, &s2].into_iter().for_each(|s| s.send(()).unwrap()));
    let mut hits = [0; 2];
    take_either(&mut hits, &r1, &r2, FAIR);
    assert_fair(&hits, FAIR);
}

/// A channel of which all messages are taken.
pub(crate) fn fairness_duplicates((s, r): (Sender<()>, Receiver<()>)) {
    (0..FAIR).for_each(|_| s.send(()).unwrap());
    let mut hits = [0; 5];
    take_five_ways(&mut hits, &r, FAIR);
    assert_fair(&hits, FAIR);
}

/// How `after` and `tick` make a channel.
pub(crate) type Clock = fn(Duration) -> Receiver<Instant>;

/// The time that comes is the one that was asked for, and is had soon after.
pub(crate) fn clock_recv(clock: Clock) {
    let start = Instant::now();
    let r = clock(ms(50));
    let fired = r.recv().unwrap();
    assert!(fired - start >= ms(50));
    let now = Instant::now();
    assert!(fired < now && now - fired < fired - start);
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
}

/// The earlier of two is chosen, whichever comes first in the select.
pub(crate) fn clock_recv_race(clock: Clock) {
    select! {
        recv(clock(ms(50))) -> _ => {}
        recv(clock(ms(100))) -> _ => panic!(),
    }
    select! {
        recv(clock(ms(100))) -> _ => panic!(),
        recv(clock(ms(50))) -> _ => {}
    }
}

/// With a default: what is due goes before it, what is not does not wait.
pub(crate) fn clock_stress_default(clock: Clock) {
    for _ in 0..10 {
        select! {
            recv(clock(ms(0))) -> _ => {}
            default => panic!(),
        }
    }
    for _ in 0..10 {
        select! {
            recv(clock(ms(100))) -> _ => panic!(),
            default => {}
        }
    }
}
