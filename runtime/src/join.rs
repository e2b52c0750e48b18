//! `go` and what it returns. Model: std::thread::spawn, JoinHandle, scope.
//!
//! I1 The packet's `result` is written by the goroutine before `state` becomes DONE, and read by the joiner after.

mod future;

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire},
};

use crate::g::{GRef, WaitReason};
use crate::proc::newproc::{self, Options};
use crate::proc::{gopark, goready};

pub use future::JoinFuture;

/// Nobody waits, it runs.
const RUNNING: usize = 0;
/// The result is there.
const DONE: usize = 1;
// Any other value: the waiting joiner's GRef, or a future's waker (future.rs).

/// What a goroutine leaves for its joiner.
struct Packet<T> {
    /// RUNNING, DONE, or the joiner's record or waker.
    state: AtomicUsize,
    result: UnsafeCell<Option<std::thread::Result<T>>>,
}

// SAFETY: I1: the result changes hands with `state`.
unsafe impl<T: Send> Sync for Packet<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Packet<T> {}

impl<T> Packet<T> {
    fn new() -> Arc<Packet<T>> {
        Arc::new(Packet { state: AtomicUsize::new(RUNNING), result: UnsafeCell::new(None) })
    }

    /// The goroutine has ended.
    fn finish(&self, result: std::thread::Result<T>) {
        // SAFETY: I1: the state is not DONE yet, so the result is the goroutine's.
        unsafe { *self.result.get() = Some(result) };
        // ORDERING: Release pairs with the Acquire in `wait` (I1); Acquire for the joiner's record.
        match self.state.swap(DONE, AcqRel) {
            RUNNING => {}
            waiter => {
                // SAFETY: taken out of the state just now.
                if !unsafe { future::wake(waiter) } {
                    // SAFETY: what is no waker came from GRef::as_usize in `wait`.
                    goready(unsafe { GRef::from_usize(waiter) });
                }
            }
        }
    }

    fn is_done(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `finish`.
        self.state.load(Acquire) == DONE
    }

    /// Parks until the goroutine has ended. One waiter at most: `join` takes the handle.
    fn wait(&self) {
        if self.is_done() {
            return;
        }
        gopark(WaitReason::Join, |gp| {
            // ORDERING: Release publishes the parked record to `finish`; Acquire pairs with its Release when it was faster.
            self.state.compare_exchange(RUNNING, gp.as_usize(), AcqRel, Acquire).is_ok()
        });
        debug_assert!(self.is_done());
    }

    /// The result, once.
    fn take(&self) -> std::thread::Result<T> {
        debug_assert!(self.is_done());
        // SAFETY: I1: DONE, and there is one joiner.
        unsafe { (*self.result.get()).take() }.expect("a result is taken once")
    }
}

/// Spawns a goroutine. Model: [`std::thread::spawn`]; Go: the `go` statement.
///
/// It runs soon, on one of the runtime's threads, and may continue on another after anything that parks. Dropping the handle
/// lets it go on by itself. The call itself parks if the caller has computed so long that its P was retaken and none is free. A panic in it unwinds it alone and comes out of [`JoinHandle::join`].
///
/// # Panics
/// Before the runtime runs; and if no stack can be had (the message names the limit).
///
/// # Examples
/// ```
/// # unsafe { gopark_runtime::run(|| {
/// let handle = gopark_runtime::go(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// # }) }
/// ```
#[doc(alias = "newproc")]
#[track_caller]
pub fn go<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: 'static: nothing is borrowed.
    unsafe { spawn(f, Options::default(), Location::caller()) }
}

/// What [`go_with`] may ask for.
#[derive(Debug, Clone, Default)]
pub struct GoOptions {
    /// Bytes of address space for the stack, rounded up to a power of two; `None`: the runtime's default.
    pub stack_size: Option<usize>,
    /// A name for messages and dumps.
    pub name: Option<String>,
}

/// [`go`] with options for this one goroutine.
///
/// # Panics
/// As [`go`].
///
/// # Examples
/// ```
/// # unsafe { gopark_runtime::run(|| {
/// let options = gopark_runtime::GoOptions { stack_size: Some(1 << 20), name: Some("deep".into()) };
/// gopark_runtime::go_with(options, || ()).join().unwrap();
/// # }) }
/// ```
#[track_caller]
pub fn go_with<F, T>(options: GoOptions, f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let options = Options {
        stack_size: options.stack_size.unwrap_or(0),
        name: options.name.map(String::into_boxed_str),
    };
    // SAFETY: 'static: nothing is borrowed.
    unsafe { spawn(f, options, Location::caller()) }
}

/// Spawns without the `'static` bounds.
///
/// # Safety
/// What `f` and `T` borrow lives until the goroutine has ended.
#[inline]
unsafe fn spawn<F, T>(f: F, options: Options, site: &'static Location<'static>) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    // SAFETY: the caller's duty.
    unsafe { spawn_then(f, || (), options, site) }
}

/// As [`spawn`], and runs `at_end` when nothing of `f` is left in the goroutine, not even a result that nobody joins.
///
/// # Safety
/// What `f` and `T` borrow lives until `at_end` has run, and what `at_end` borrows until the goroutine has ended.
#[inline]
pub(crate) unsafe fn spawn_then<F, T>(
    f: F,
    at_end: impl FnOnce() + Send,
    options: Options,
    site: &'static Location<'static>,
) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let packet = Packet::new();
    let theirs = packet.clone();
    let main = move || {
        let result = newproc::catch(f);
        // What is called from here on is the user's, too: a future's waker, and the destructor of a result that nobody joins.
        newproc::contain(|| theirs.finish(result));
        newproc::contain(move || drop(theirs));
        at_end();
    };
    // SAFETY: the caller's duty; `main` catches every panic.
    match unsafe { newproc::newproc(main, options, site) } {
        Ok(gp) => JoinHandle { packet, id: gp.goid.load(std::sync::atomic::Ordering::Relaxed) },
        Err(e) => newproc::refuse(e),
    }
}

/// A goroutine's end to wait for. Model: [`std::thread::JoinHandle`].
pub struct JoinHandle<T> {
    packet: Arc<Packet<T>>,
    id: u64,
}

impl<T> JoinHandle<T> {
    /// Parks until the goroutine has ended; its value, or what it panicked with.
    ///
    /// # Errors
    /// The panic's payload, as with `std::thread`.
    pub fn join(self) -> std::thread::Result<T> {
        self.packet.wait();
        self.packet.take()
    }

    /// Has it ended? Then `join` does not park.
    pub fn is_finished(&self) -> bool {
        self.packet.is_done()
    }

    /// The goroutine's number, as in dumps and messages.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Runs `f` as a goroutine and waits for it; its panic resumes here.
#[track_caller]
pub(crate) fn run_to_end<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    // SAFETY: this frame, and with it all that `f` and `T` borrow, stays until `join` has returned.
    let handle = unsafe { spawn(f, Options::default(), Location::caller()) };
    match handle.join() {
        Ok(value) => value,
        Err(payload) => resume(payload),
    }
}

fn resume(payload: Box<dyn Any + Send>) -> ! {
    std::panic::resume_unwind(payload)
}
