//! Who runs when: several woken at once, and after `main` has ended.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gopark_runtime::context::Context;
use gopark_runtime::{Builder, chan, go, gosched};

use super::inside;

/// Starts five that wait by `wait`, wakes all by `wake`, and returns the order in which they go on. For one P.
fn order(wait: impl Fn() + Clone + Send + 'static, wake: impl FnOnce()) -> Vec<usize> {
    static LOG: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let tasks: Vec<_> = (0..5)
        .map(|i| {
            let wait = wait.clone();
            go(move || {
                wait();
                LOG.lock().unwrap().push(i);
            })
        })
        .collect();
    gosched();
    wake();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    std::mem::take(&mut *LOG.lock().unwrap())
}

/// Go wakes the receivers of a closed channel from a stack (closechan's gList), also those of a context's `Done`.
pub(super) fn closing_wakes_the_newest_first() {
    // SAFETY: no guard is held over a park.
    unsafe {
        Builder::new().procs(1).run(|| {
            let (sender, receiver) = chan::bounded::<()>(0);
            let closed = order(move || assert!(receiver.recv().is_err()), move || sender.close());
            assert_eq!(closed, [4, 3, 2, 1, 0], "a channel");
            let (ctx, cancel) = Context::background().with_cancel();
            let waiting = ctx.clone();
            let cancelled = order(move || assert!(waiting.done().recv().is_err()), move || cancel.cancel());
            assert_eq!(cancelled, [4, 3, 2, 1, 0], "a context");
        })
    }
}

/// What is left behind when `main` ends rests, and goes on in the next `run`.
pub(super) fn nothing_runs_after_main() {
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    let spin = || {
        loop {
            TURNS.fetch_add(1, Relaxed);
            gosched();
        }
    };
    inside(move || {
        (0..4).for_each(|_| drop(go(spin)));
        gopark_runtime::time::sleep(Duration::from_millis(5));
    });
    // One that was running when `main` ended comes to its next call.
    std::thread::sleep(Duration::from_millis(20));
    let rests = TURNS.load(Relaxed);
    assert!(rests > 0);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(TURNS.load(Relaxed), rests, "goroutines ran outside of `run`");
    inside(|| gopark_runtime::time::sleep(Duration::from_millis(20)));
    assert!(TURNS.load(Relaxed) > rests, "they did not go on in the next `run`");
}

/// A plain thread that waits in the runtime, outside of every `run`, is served.
pub(super) fn a_plain_thread_waits_after_main() {
    inside(|| ());
    assert_eq!(go(|| 6 * 7).join().unwrap(), 42);
    gopark_runtime::time::sleep(Duration::from_millis(5));
    let (sender, receiver) = chan::bounded(0);
    drop(go(move || sender.send(1).unwrap()));
    assert_eq!(receiver.recv(), Ok(1));
}
