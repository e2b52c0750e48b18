//! User code that misbehaves where the runtime calls it: destructors that panic, wakers that panic, stacks that are not ours.
//!
//! What comes out of it is the user's affair, but each goroutine must end, and no thread of the runtime may be lost with its P.

use std::future::{Future, IntoFuture};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult};
use gopark_runtime::{Builder, GoOptions, chan, go, go_with, goid, goroutines, num_goroutine, scope, time};

/// On two Ps: two threads lost with theirs would be the end. One test at a time: they count goroutines.
fn run<T: Send>(main: impl FnOnce() -> T + Send) -> T {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().procs(2).run(|| {
            // The main goroutine of the test before may not quite have ended.
            wait_for(1);
            main()
        })
    }
}

/// Panics when it is dropped, unless that would abort.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

/// Panics when it is dropped, with something that panics when it is dropped.
struct BombOfBombs;

impl Drop for BombOfBombs {
    fn drop(&mut self) {
        panic_any(Bomb);
    }
}

/// Until no goroutine is left that this test has started.
fn wait_for(started_before: usize) {
    let limit = Instant::now() + Duration::from_secs(20);
    while num_goroutine() > started_before {
        assert!(Instant::now() < limit, "{} goroutines have not ended", num_goroutine() - started_before);
        time::sleep(Duration::from_millis(1));
    }
}

#[test]
fn panics_of_destructors_end_with_their_goroutine() {
    run(|| {
        let before = num_goroutine();
        for _ in 0..8 {
            // One that has ended leaves what it left to whoever drops the handle.
            let _ = std::panic::catch_unwind(|| drop(go(|| panic_any(Bomb))));
            let _ = std::panic::catch_unwind(|| drop(go(|| BombOfBombs))).map_err(std::mem::forget);
            drop(time::after_func(Duration::ZERO, || panic_any(Bomb)));
            let bomb = BombOfBombs;
            drop(time::after_func(Duration::ZERO, move || {
                let _held = &bomb;
            }));
            let payload = go(|| panic_any(Bomb)).join().unwrap_err();
            std::mem::forget(payload);
        }
        wait_for(before);
        let panicked = std::panic::catch_unwind(|| scope(|s| drop(s.go(|| panic_any(Bomb)))));
        assert!(panicked.is_err());
        wait_for(before);
    });
}

#[test]
fn a_waker_that_panics_ends_with_the_goroutine_that_calls_it() {
    run(|| {
        let before = num_goroutine();
        for _ in 0..8 {
            let (release, held) = chan::bounded::<()>(0);
            let handle = go(move || assert!(held.recv().is_err()));
            let mut end = handle.into_future();
            let waker = Waker::from(Arc::new(PanickingWaker));
            assert!(Pin::new(&mut end).poll(&mut Context::from_waker(&waker)).is_pending());
            drop(release);
            wait_for(before);
            let Poll::Ready(end) = Pin::new(&mut end).poll(&mut Context::from_waker(&waker)) else {
                panic!("the goroutine has ended")
            };
            end.unwrap();
        }
    });
}

/// libtest captures what the threads print that a test has started, and the runtime's threads were started by
/// any test: the message must reach the output of the whole all the same.
#[test]
fn a_goroutines_panic_is_not_swallowed_by_capture() {
    const CHILD: &str = "GOPARK_HOSTILE_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return run(|| assert!(go(|| panic!("for all to see")).join().is_err()));
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "a_goroutines_panic_is_not_swallowed_by_capture"]).env(CHILD, "1");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("for all to see") && said.contains("hostile.rs:"), "{said}");
}

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

/// Memory for a coroutine of the user's own.
struct UserStack(Vec<u128>);

// SAFETY: the vector is neither moved nor resized while it is a stack, and its ends are multiples of 16. (No guard: the test's frames are
// small.)
unsafe impl Stack for UserStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.0.as_ptr_range().end as usize).expect("not at address 0")
    }
    fn limit(&self) -> StackPointer {
        StackPointer::new(self.0.as_ptr() as usize).expect("not at address 0")
    }
}

/// A goroutine that switches to a stack of its own (another coroutine library, a stack grown by switching) is a plain thread to the
/// runtime meanwhile: it must not touch the P of the goroutine below it, which sysmon may retake at any time.
#[test]
fn on_a_foreign_stack_the_caller_counts_as_a_plain_thread() {
    run(|| {
        let (numbers, received) = chan::bounded::<u64>(0);
        let sum = go(move || received.iter().sum::<u64>());
        let mut user = Coroutine::<(), (), (), _>::with_stack(UserStack(vec![0; 1 << 14]), move |_, ()| {
            assert_eq!(goid(), None);
            for i in 0..100 {
                numbers.send(i).unwrap();
                assert_eq!(go(move || i).join().unwrap(), i);
            }
            time::sleep(Duration::from_millis(2));
        });
        assert!(matches!(user.resume(()), CoroutineResult::Return(())));
        assert!(goid().is_some());
        drop(user);
        assert_eq!(sum.join().unwrap(), 4950);
    });
}

/// A dump runs on the parked goroutine's stack: where that is nearly full it does without, and nobody dies of being looked at.
#[test]
fn a_parked_stack_without_room_is_not_unwound() {
    const STACK: usize = 64 << 10;
    const PAGE: usize = 4096;
    for left in [3 * PAGE / 4, 2 * PAGE, 6 * PAGE] {
        run(|| {
            let (parked, wait) = chan::bounded(0);
            let options = GoOptions { stack_size: Some(STACK), ..Default::default() };
            let deep = go_with(options, move || {
                let here = 0u8;
                // Slots are aligned to their size, and the lowest quarter is the guard.
                let lowest = ((&raw const here).addr() & !(STACK - 1)) + STACK / 4;
                at_depth(lowest + left, &|| parked.send(()).unwrap());
            });
            let limit = Instant::now() + Duration::from_secs(20);
            let frames = loop {
                let seen = goroutines().into_iter().find(|g| g.id == deep.id());
                match seen.and_then(|g| g.backtrace) {
                    Some(trace) => break trace.addresses().len(),
                    None => assert!(Instant::now() < limit, "it does not park"),
                }
                time::sleep(Duration::from_millis(1));
            };
            assert_eq!(frames > 0, left == 6 * PAGE, "{frames} frames with {left} bytes left");
            wait.recv().unwrap();
            deep.join().unwrap();
        });
    }
}

/// Calls `f` when the stack has come down to `lowest`.
#[inline(never)]
fn at_depth(lowest: usize, f: &dyn Fn()) {
    let pad = std::hint::black_box([0u8; 64]);
    if (&raw const pad).addr() > lowest {
        at_depth(lowest, f);
    } else {
        f();
    }
    std::hint::black_box(pad);
}
