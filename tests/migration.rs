//! A goroutine finds itself and its thread after it moved to another: the look-ups of G and M must not be kept by the compiler
//! over a park. Worth most optimised: `cargo test --profile fat-lto --test migration`.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use common::Watchdog;
use gopark::{Builder, go, goid, gosched, lock_os_thread};

const GOROUTINES: usize = 64;
const ROUNDS: usize = if cfg!(debug_assertions) { 500 } else { 5000 };

#[test]
fn goroutine_and_thread_look_ups_survive_migrations() {
    let dog = Watchdog::watch("migration", None, Duration::MAX, Duration::from_secs(60));
    static MOVES: AtomicUsize = AtomicUsize::new(0);
    // SAFETY: nothing bound to a thread lives across a parking call.
    unsafe {
        Builder::new().procs(8).run(|| {
            let all: Vec<_> = (0..GOROUTINES).map(|i| go(move || wander(i))).collect();
            for one in all {
                MOVES.fetch_add(one.join().expect("look-ups hold"), Relaxed);
            }
        });
    }
    drop(dog);
    let moves = MOVES.load(Relaxed);
    println!("{moves} migrations in {} parks", GOROUTINES * ROUNDS);
    assert!(moves > GOROUTINES, "hardly any migration: the test has shown nothing");
}

/// Parks again and again in one frame; returns how often it woke on another thread.
fn wander(i: usize) -> usize {
    let me = goid().expect("inside a goroutine");
    let (mut moves, mut thread) = (0, tid());
    for round in 0..ROUNDS {
        park(i + round);
        assert_eq!(goid(), Some(me), "the look-up of G is stale");
        let now = tid();
        moves += usize::from(now != thread);
        thread = now;
        if round % 64 == 0 {
            // A stale M would lock the goroutine to a thread that it has left.
            let locked = lock_os_thread();
            let fixed = tid();
            park(round);
            assert_eq!(tid(), fixed, "the look-up of M is stale");
            drop(locked);
            thread = fixed;
        }
    }
    moves
}

/// Suspends, in one of several ways.
fn park(kind: usize) {
    match kind % 3 {
        0 => gosched(),
        1 => go(|| ()).join().expect("it does nothing"),
        _ => gopark::time::sleep(Duration::from_micros(1)),
    }
}

fn tid() -> i32 {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::gettid() }
}
