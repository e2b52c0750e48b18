//! Timers on one thread: against a model, and what the invariants promise about memory.
//!
//! The functions under test need no runtime: heaps are made here and no timer is started through
//! the current P.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use proptest::prelude::*;

use super::timers::Checked;
use super::{HeapTimer, Keep, Timers};

/// Sets a timer as `modify` does, with its heap given.
fn set_in(ts: &Timers, t: &HeapTimer, when: i64, period: i64) -> bool {
    let change = t.change(when, period, None);
    if change.add {
        ts.maybe_add(t);
    }
    change.pending
}

/// Calls (seq, delay) since the last look.
type Log = RefCell<Vec<(usize, i64)>>;

unsafe fn record(arg: *mut (), seq: usize, delay: i64) {
    // SAFETY: each test passes a `Log` that outlives its timers.
    unsafe { &*arg.cast::<Log>() }.borrow_mut().push((seq, delay));
}

fn timers_for(log: &Log, n: usize) -> Vec<HeapTimer> {
    let timers: Vec<HeapTimer> = (0..n).map(|_| HeapTimer::new()).collect();
    for (i, t) in timers.iter().enumerate() {
        // SAFETY: the vector is not grown, and emptied of heaped timers before its end; `record`
        // takes a Log.
        unsafe { t.init(record, std::ptr::from_ref(log).cast_mut().cast()) };
        t.lock().seq = i;
    }
    timers
}

/// Stops all and clears the heap.
fn drain(ts: &Timers, timers: &[HeapTimer]) {
    for t in timers {
        t.stop();
    }
    ts.locked(|ts| ts.adjust());
    assert_eq!((ts.len(), ts.wake_time(), ts.zombies.load(SeqCst)), (0, 0, 0));
}

#[derive(Debug, Clone)]
enum Op {
    Set { timer: usize, after: i64, period: i64 },
    Stop { timer: usize },
    Advance { by: i64, own: bool },
}

fn op() -> impl Strategy<Value = Op> {
    const N: usize = 12;
    prop_oneof![
        4 => (0..N, 1..100i64, prop_oneof![3 => Just(0i64), 1 => 1..20i64])
            .prop_map(|(timer, after, period)| Op::Set { timer, after, period }),
        2 => (0..N).prop_map(|timer| Op::Stop { timer }),
        3 => (0..60i64, any::<bool>()).prop_map(|(by, own)| Op::Advance { by, own }),
    ]
}

proptest! {
    /// Two heaps, a dozen timers. The model: each timer's (when, period).
    #[test]
    fn timers_against_model(ops in prop::collection::vec((op(), any::<bool>()), 1..150)) {
        let log = Log::default();
        let heaps = [Timers::new(), Timers::new()];
        let timers = timers_for(&log, 12);
        let mut model = vec![(0i64, 0i64); timers.len()];
        let mut now = 1;
        for (op, second) in ops {
            match op {
                Op::Set { timer, after, period } => {
                    let was_set = set_in(&heaps[usize::from(second)], &timers[timer], now + after, period);
                    prop_assert_eq!(was_set, model[timer].0 > 0);
                    model[timer] = (now + after, period);
                }
                Op::Stop { timer } => {
                    prop_assert_eq!(timers[timer].stop(), model[timer].0 > 0);
                    model[timer].0 = 0;
                }
                Op::Advance { by, own } => {
                    now += by;
                    let mut expected = Vec::new();
                    for (i, (when, period)) in model.iter_mut().enumerate() {
                        if *when > 0 && *when <= now {
                            let delay = now - *when;
                            expected.push((i, delay));
                            *when = if *period == 0 { 0 } else { *when + *period * (1 + delay / *period) };
                        }
                    }
                    for heap in &heaps {
                        let got = if own { heap.check(now) } else { heap.check_others(now) };
                        prop_assert!(got.poll_until == 0 || got.poll_until > now);
                    }
                    let mut fired = log.take();
                    // Of those in one heap the later due (the less late) come later.
                    fired.sort_unstable();
                    prop_assert_eq!(fired, expected);
                }
            }
            // Never late: the earliest of all is covered by one of the wake times.
            let wake = heaps.iter().map(Timers::wake_time).filter(|&w| w != 0).min();
            if let Some(next) = model.iter().map(|m| m.0).filter(|&w| w > 0).min() {
                prop_assert!(wake.is_some_and(|w| w <= next), "wake {:?}, next {}", wake, next);
            }
            let zombies: i32 = heaps.iter().map(|h| h.zombies.load(SeqCst)).sum();
            let marked = timers.iter().filter(|t| t.lock.peek().zombie()).count();
            prop_assert_eq!(zombies as usize, marked);
            for (t, m) in timers.iter().zip(&model) {
                prop_assert_eq!(t.when(), m.0);
            }
        }
        for t in &timers {
            t.stop();
        }
        for heap in &heaps {
            drain(heap, &[]);
        }
    }
}

#[test]
fn fires_in_order_and_once() {
    let log = Log::default();
    let ts = Timers::new();
    let timers = timers_for(&log, 100);
    for (i, t) in timers.iter().enumerate() {
        assert!(!set_in(&ts, t, 1000 - 7 * i as i64, 0));
    }
    assert_eq!(ts.check(1), Checked { now: 1, poll_until: 1000 - 7 * 99, ran: false });
    assert!(ts.check(2000).ran);
    assert_eq!(log.take().iter().map(|c| c.0).collect::<Vec<_>>(), (0..100).rev().collect::<Vec<_>>());
    assert_eq!(ts.check(3000), Checked { now: 3000, poll_until: 0, ran: false });
    drain(&ts, &timers);
}

/// Stopped timers go without waiting for their time: at the next add, and by `check` when they are
/// many.
#[test]
fn stopped_timers_leave_the_heap() {
    let log = Log::default();
    let ts = Timers::new();
    let timers = timers_for(&log, 1000);
    for round in 0..10 {
        for t in &timers {
            set_in(&ts, t, 1_000_000 + round, 0);
            assert!(t.stop());
        }
        assert!(ts.len() <= 2, "{} timers left", ts.len());
    }
    for t in &timers {
        set_in(&ts, t, 1_000_000, 0);
    }
    for t in &timers[..300] {
        t.stop();
    }
    assert_eq!(ts.check_others(10).poll_until, 1_000_000);
    assert_eq!(ts.len(), 1000);
    ts.check(10);
    assert_eq!(ts.len(), 700);
    drain(&ts, &timers);
}

/// The entry is removed from the tail of a heap of one: the wake time must not stay behind.
#[test]
fn last_zombie_takes_its_wake_time_along() {
    let log = Log::default();
    let ts = Timers::new();
    let timers = timers_for(&log, 2);
    set_in(&ts, &timers[0], 50, 0);
    timers[0].stop();
    // Needs no adding: only cleans.
    assert_eq!(ts.maybe_add(&timers[1]), None);
    assert_eq!((ts.len(), ts.wake_time()), (0, 0));
}

/// A counted timer and the number of references to it.
struct Counted {
    timer: HeapTimer,
    calls: AtomicUsize,
}

unsafe fn retain(arg: *mut ()) {
    // SAFETY: `counted` passes an Arc<Counted>'s pointer.
    unsafe { Arc::increment_strong_count(arg.cast::<Counted>().cast_const()) };
}

unsafe fn release(arg: *mut ()) {
    // SAFETY: as in `retain`.
    unsafe { Arc::decrement_strong_count(arg.cast::<Counted>().cast_const()) };
}

static KEEP: Keep = Keep { retain, release };

unsafe fn count(arg: *mut (), _: usize, _: i64) {
    // SAFETY: `arg` is the Counted that holds the timer, kept by the heap's reference.
    unsafe { &*arg.cast::<Counted>() }.calls.fetch_add(1, SeqCst);
}

fn counted() -> Arc<Counted> {
    let c = Arc::new(Counted { timer: HeapTimer::counted(&KEEP), calls: AtomicUsize::new(0) });
    // SAFETY: in an Arc: does not move, and the heap's references keep it.
    unsafe { c.timer.init(count, Arc::as_ptr(&c).cast_mut().cast()) };
    c
}

#[test]
fn a_heap_keeps_what_it_holds() {
    let ts = Timers::new();
    let once = counted();
    set_in(&ts, &once.timer, 10, 0);
    assert_eq!(Arc::strong_count(&once), 2);
    set_in(&ts, &once.timer, 20, 0);
    assert_eq!(Arc::strong_count(&once), 2);
    ts.check(20);
    assert_eq!((Arc::strong_count(&once), once.calls.load(SeqCst)), (1, 1));

    let repeated = counted();
    set_in(&ts, &repeated.timer, 30, 10);
    ts.check(35);
    ts.check(45);
    assert_eq!((Arc::strong_count(&repeated), repeated.calls.load(SeqCst)), (2, 2));
    repeated.timer.stop();
    let weak = Arc::downgrade(&repeated);
    drop(repeated);
    assert_eq!(weak.strong_count(), 1, "the heap's");
    ts.check(55);
    assert_eq!(weak.strong_count(), 0);
    assert_eq!(ts.len(), 0);
}
