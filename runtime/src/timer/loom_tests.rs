//! Models of the timer protocol. The heap's owner checks while others set, stop and look at the
//! wake time.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;

use super::{HeapTimer, Timers};

struct World {
    ts: Timers,
    timers: [HeapTimer; 2],
    calls: [AtomicUsize; 2],
}

unsafe fn count(arg: *mut (), _: usize, _: i64) {
    // SAFETY: `world` passes one of its counters; the world outlives its timers.
    unsafe { &*arg.cast::<AtomicUsize>() }.fetch_add(1, SeqCst);
}

/// Two timers in one heap, due at 100 and 200.
fn world() -> Arc<World> {
    let world = Arc::new(World {
        ts: Timers::new(),
        timers: [HeapTimer::new(), HeapTimer::new()],
        calls: [AtomicUsize::new(0), AtomicUsize::new(0)],
    });
    for i in 0..2 {
        // SAFETY: in an Arc; emptied from the heap by `end`.
        unsafe { world.timers[i].init(count, std::ptr::from_ref(&world.calls[i]).cast_mut().cast()) };
        set(&world, i, 100 * (i as i64 + 1));
    }
    world
}

fn set(world: &World, i: usize, when: i64) -> bool {
    let change = world.timers[i].change(when, 0, None);
    if change.add {
        world.ts.maybe_add(&world.timers[i]);
    }
    change.pending
}

fn end(world: &World) {
    world.timers[0].stop();
    world.timers[1].stop();
    world.ts.locked(|ts| ts.adjust());
    assert_eq!(world.ts.wake_time(), 0);
}

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// One timer's change is scanned while the other's is made: the wake time covers both in the end,
/// and the first all the time.
#[test]
fn loom_modify_against_adjust() {
    model(|| {
        let w = world();
        set(&w, 0, 10);
        let owner = thread::spawn({
            let w = w.clone();
            move || w.ts.locked(|ts| ts.adjust())
        });
        let modifier = thread::spawn({
            let w = w.clone();
            // Not earlier than the bound: Go's modify would not write it.
            move || set(&w, 1, 20)
        });
        let seen = w.ts.wake_time();
        assert!(seen != 0 && seen <= 10, "late: {seen}");
        owner.join().expect("owner");
        assert!(modifier.join().expect("modifier"));
        w.timers[0].stop();
        w.ts.locked(|ts| ts.adjust_if_due(10));
        let seen = w.ts.wake_time();
        assert!(seen != 0 && seen <= 20, "late: {seen}");
        end(&w);
    });
}

/// Modified while a scan runs, with nothing else to hold the bound down.
#[test]
fn loom_modify_later_than_bound_survives_the_scan() {
    model(|| {
        let w = world();
        set(&w, 0, 10);
        let modifier = thread::spawn({
            let w = w.clone();
            move || set(&w, 1, 20)
        });
        // Runs timer 0 and so scans.
        assert!(w.ts.check(10).ran);
        assert!(modifier.join().expect("modifier"));
        let seen = w.ts.wake_time();
        assert!(seen != 0 && seen <= 20, "late: {seen}");
        assert!(w.ts.check(20).ran);
        assert_eq!((w.calls[0].load(SeqCst), w.calls[1].load(SeqCst)), (1, 1));
        end(&w);
    });
}

/// A reset that finds the timer marked already takes the short way.
#[test]
fn loom_second_modify_against_adjust() {
    model(|| {
        let w = world();
        set(&w, 0, 10);
        set(&w, 1, 30);
        let modifier = thread::spawn({
            let w = w.clone();
            move || set(&w, 1, 20)
        });
        assert!(w.ts.check(10).ran);
        assert!(modifier.join().expect("modifier"));
        let seen = w.ts.wake_time();
        assert!(seen != 0 && seen <= 20, "late: {seen}");
        end(&w);
    });
}

/// Stop leaves a mark without a bound; the reset after it must make one.
#[test]
fn loom_stop_then_modify_against_adjust() {
    model(|| {
        let w = world();
        set(&w, 0, 10);
        let modifier = thread::spawn({
            let w = w.clone();
            move || {
                assert!(w.timers[1].stop());
                assert!(!set(&w, 1, 20));
            }
        });
        assert!(w.ts.check(10).ran);
        modifier.join().expect("modifier");
        let seen = w.ts.wake_time();
        assert!(seen != 0 && seen <= 20, "late: {seen}");
        w.ts.check(20);
        assert_eq!(w.calls[1].load(SeqCst), 1);
        end(&w);
    });
}

/// The bound is lowered between the two steps of `adjust`: a reader is never later than the lowest
/// made public.
#[test]
fn loom_lowered_during_adjust_is_never_late() {
    model(|| {
        let w = world();
        set(&w, 0, 50);
        let owner = thread::spawn({
            let w = w.clone();
            move || w.ts.locked(|ts| ts.adjust())
        });
        set(&w, 1, 20);
        let seen = w.ts.wake_time();
        assert!(seen != 0 && seen <= 20, "late: {seen}");
        owner.join().expect("owner");
        end(&w);
    });
}

/// Reset against firing: `pending` tells the truth, and each setting goes off once.
#[test]
fn loom_reset_against_firing() {
    model(|| {
        let w = world();
        let resetter = thread::spawn({
            let w = w.clone();
            move || set(&w, 0, 150)
        });
        w.ts.check(100);
        let pending = resetter.join().expect("resetter");
        assert_eq!(w.calls[0].load(SeqCst), usize::from(!pending));
        assert!(w.ts.check(150).ran);
        assert_eq!(w.calls[0].load(SeqCst), 1 + usize::from(!pending));
        end(&w);
    });
}

/// Stop against firing: either it went off or it was stopped.
#[test]
fn loom_stop_against_firing() {
    model(|| {
        let w = world();
        let stopper = thread::spawn({
            let w = w.clone();
            move || w.timers[0].stop()
        });
        w.ts.check(100);
        let stopped = stopper.join().expect("stopper");
        assert_eq!(w.calls[0].load(SeqCst), usize::from(!stopped));
        end(&w);
    });
}

/// Two Ms check one heap: each timer goes off once.
#[test]
fn loom_two_checkers() {
    model(|| {
        let w = world();
        let thief = thread::spawn({
            let w = w.clone();
            move || w.ts.check_others(200)
        });
        w.ts.check(200);
        thief.join().expect("thief");
        assert_eq!((w.calls[0].load(SeqCst), w.calls[1].load(SeqCst)), (1, 1));
        end(&w);
    });
}
