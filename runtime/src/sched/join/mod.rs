//! `go` and what it returns. Model: std::thread::spawn, JoinHandle. Go: the `go` statement.
//!
//! I1 A goroutine spawned here for a `T` has the place of a `ResultSlot<T>` in its slot. Whose that is, and the slot, says the
//!    record's join word (join_word.rs has the protocol).

mod future;
mod result_slot;
mod spawn_error;

use std::any::Any;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;

use crate::sched::g::{self, GRef, WaitReason};
use crate::sched::newproc::{self, Options};
use crate::sched::{gopark, world};
use crate::words::join_word::{Joinable, Published};
use result_slot::ResultSlot;

pub use future::JoinFuture;
pub use spawn_error::SpawnError;

/// A handle's claim to a goroutine's result and slot.
struct Joiner<T> {
    gp: GRef,
    result: PhantomData<T>,
}

// SAFETY: nothing of a `T` is reached through a shared joiner.
unsafe impl<T: Send> Sync for Joiner<T> {}

impl<T> Joiner<T> {
    fn has_result(&self) -> bool {
        self.gp.join.has_result()
    }

    /// Parks until the goroutine has left its result. One waiter at most: `join` takes the handle.
    fn wait(&self, reason: WaitReason) {
        if self.has_result() {
            return;
        }
        gopark(reason, |gp| self.gp.join.wait(gp.as_usize()));
        debug_assert!(self.has_result());
    }

    /// The result, which must be there.
    fn take(self) -> std::thread::Result<T> {
        debug_assert!(self.has_result());
        let release = Release(ManuallyDrop::new(self).gp);
        // SAFETY: I1; it is there, and ours: there is one handle, and it is gone with this.
        unsafe { ResultSlot::take(release.0) }
    }
}

impl<T> Drop for Joiner<T> {
    fn drop(&mut self) {
        if self.gp.join.detach() {
            return;
        }
        let _release = Release(self.gp);
        // SAFETY: I1; it is there (nobody waits, so that is why `detach` failed), and nobody else takes it.
        drop(unsafe { ResultSlot::<T>::take(self.gp) });
    }
}

/// Lets go of the slot, also when a result's destructor panics.
struct Release(GRef);

impl Drop for Release {
    fn drop(&mut self) {
        newproc::release(self.0);
    }
}

/// The goroutine's last step but its end: leaves the result to the handle, or drops it.
#[inline]
fn leave_result<T>(result: std::thread::Result<T>) {
    let gp = g::current_goroutine().expect("on a goroutine's stack");
    let mut result = Some(result);
    if !gp.join.is_detached() {
        // SAFETY: I1; the goroutine's own, not published yet.
        unsafe { ResultSlot::leave(gp, result.take().expect("set above")) };
        match gp.join.publish() {
            Published::Kept => {}
            Published::Awaited(waiter) => future::wake(waiter),
            // SAFETY: left just now, and there is no handle.
            Published::Detached => result = Some(unsafe { ResultSlot::take(gp) }),
        }
    }
    // The user's destructor, if nobody joins.
    drop(result);
}

/// Spawns a goroutine. Model: [`std::thread::spawn`]; Go: the `go` statement.
///
/// It runs soon, on one of the runtime's threads, and may continue on another after anything that parks. Dropping the handle
/// lets it go on by itself. A panic in it unwinds it alone and comes out of [`JoinHandle::join`]. The call itself parks if the caller has
/// computed so long that its P was retaken and none is free.
///
/// # Panics
/// Before the runtime runs; and if no stack can be had (the message names the limit).
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let handle = gopark::go(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// # }) }
/// ```
///
/// What goes in, and what comes out, may be used on another thread and borrows nothing:
///
/// ```compile_fail,E0277
/// let of_this_thread = std::rc::Rc::new(1);
/// gopark::go(move || drop(of_this_thread));
/// ```
///
/// ```compile_fail,E0277
/// gopark::go(|| std::rc::Rc::new(1));
/// ```
///
/// ```compile_fail,E0373
/// let local = 1;
/// gopark::go(|| local + 1);
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

/// [`go`] that fails gently: for servers, which had better refuse one client than end. On failure
/// `f` is dropped, with what it holds.
///
/// # Errors
/// No stack is available: the address space is used up (`ulimit -v`), or on older kernels the
/// number of mappings.
///
/// # Panics
/// Before the runtime runs.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// match gopark::try_go(|| 6 * 7) {
///     Ok(handle) => assert_eq!(handle.join().unwrap(), 42),
///     Err(e) => println!("too busy: {e}"),
/// }
/// # }) }
/// ```
#[track_caller]
pub fn try_go<F, T>(f: F) -> Result<JoinHandle<T>, SpawnError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: 'static: nothing is borrowed.
    unsafe { try_spawn_then(f, || (), Options::default(), Location::caller()) }
}

/// What [`go_with`] may ask for.
///
/// ```
/// let options = gopark::GoOptions { name: Some("reader".into()), ..Default::default() };
/// assert_eq!(options.stack_size, None);
/// ```
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
/// # unsafe { gopark::run(|| {
/// let options = gopark::GoOptions { stack_size: Some(1 << 20), name: Some("deep".into()) };
/// gopark::go_with(options, || ()).join().unwrap();
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
        here: false,
    };
    // SAFETY: 'static: nothing is borrowed.
    unsafe { spawn(f, options, Location::caller()) }
}

/// [`go`] for a closure that is not `Send`: the goroutine begins on the caller's thread and, as pinned goroutines do, stays there.
///
/// # Panics
/// Where the caller is not a pinned goroutine (see [`run_pinned`](crate::run_pinned)); and as [`go`].
///
/// # Examples
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// # unsafe { gopark::run_pinned(|| {
/// let count = Rc::new(Cell::new(0));
/// let theirs = count.clone();
/// gopark::go_local(move || theirs.set(1)).join().unwrap();
/// assert_eq!(count.get(), 1);
/// # }) }
/// ```
///
/// Its handle stays on the thread, too, if the value is not `Send`:
///
/// ```compile_fail,E0277
/// # unsafe { gopark::run_pinned(|| {
/// let handle = gopark::go_local(|| std::rc::Rc::new(1));
/// gopark::go(move || handle.join());
/// # }) }
/// ```
#[track_caller]
pub fn go_local<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let pinned = g::current_goroutine().is_some_and(|gp| gp.home().is_some());
    assert!(pinned, "go_local: the caller is not a pinned goroutine (see gopark::run_pinned)");
    let options = Options { here: true, ..Options::default() };
    // SAFETY: 'static: nothing is borrowed. `here` keeps `f` and its result on this thread; the handle is `Send` only if `T` is.
    unsafe { spawn(f, options, Location::caller()) }
}

/// Spawns without the bounds.
///
/// # Safety
/// What `f` and `T` borrow lives until the goroutine has ended; both may go to the thread on which the goroutine runs.
#[inline]
#[track_caller]
unsafe fn spawn<F, T>(f: F, options: Options, site: &'static Location<'static>) -> JoinHandle<T>
where
    F: FnOnce() -> T,
{
    // SAFETY: the caller's duty.
    unsafe { spawn_then(f, || (), options, site) }
}

/// As [`spawn`], and runs `at_end` when nothing of `f` is left in the goroutine, not even a result that nobody joins.
///
/// # Safety
/// What `f` and `T` borrow lives until `at_end` has run, and what `at_end` borrows until the goroutine has ended; all of it may go
/// to the thread on which the goroutine runs.
#[inline]
#[track_caller]
pub(crate) unsafe fn spawn_then<F, T>(
    f: F,
    at_end: impl FnOnce() + Send,
    options: Options,
    site: &'static Location<'static>,
) -> JoinHandle<T>
where
    F: FnOnce() -> T,
{
    // SAFETY: the caller's duty.
    match unsafe { try_spawn_then(f, at_end, options, site) } {
        Ok(handle) => handle,
        Err(SpawnError(e)) => newproc::refuse(e),
    }
}

/// As [`spawn_then`], with an error where that panics.
///
/// # Safety
/// As for [`spawn_then`].
#[inline]
unsafe fn try_spawn_then<F, T>(
    f: F,
    at_end: impl FnOnce() + Send,
    options: Options,
    site: &'static Location<'static>,
) -> Result<JoinHandle<T>, SpawnError>
where
    F: FnOnce() -> T,
{
    let main = move || {
        let result = newproc::catch(f);
        // What is called from here on is the user's, too: a future's waker, and the destructor of a result that nobody joins.
        newproc::contain(|| leave_result(result));
        at_end();
    };
    // SAFETY: the caller's duty; `main` catches every panic.
    let gp = unsafe { newproc::newproc(main, options, site, Joinable::Yes, ResultSlot::<T>::BYTES) };
    gp.map(|gp| JoinHandle(Joiner { gp, result: PhantomData })).map_err(SpawnError)
}

/// A goroutine's end to wait for. Model: [`std::thread::JoinHandle`].
///
/// While it exists the goroutine's record and, if it is small, its result are kept in the uppermost page of its stack, also after
/// its end: drop handles that are not needed.
///
/// ```
/// # unsafe { gopark::run(|| {
/// let handle = gopark::go(|| "done");
/// assert_eq!(handle.join().unwrap(), "done");
/// drop(gopark::go(|| "nobody joins this one"));
/// # }) }
/// ```
pub struct JoinHandle<T>(Joiner<T>);

impl<T> JoinHandle<T> {
    /// Parks until the goroutine has ended; its value, or what it panicked with.
    ///
    /// # Errors
    /// The panic's payload, as with `std::thread`.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// assert_eq!(gopark::go(|| 7).join().unwrap(), 7);
    /// let panicked = gopark::go(|| panic!("no")).join();
    /// assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"no"));
    /// # }) }
    /// ```
    pub fn join(self) -> std::thread::Result<T> {
        self.join_for(WaitReason::Join)
    }

    fn join_for(self, reason: WaitReason) -> std::thread::Result<T> {
        self.0.wait(reason);
        self.0.take()
    }

    /// Whether the goroutine has ended; `join` then returns at once.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let handle = gopark::go(|| ());
    /// while !handle.is_finished() {
    ///     gopark::gosched();
    /// }
    /// # }) }
    /// ```
    pub fn is_finished(&self) -> bool {
        self.0.has_result()
    }

    /// The goroutine's number, as in dumps and messages.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// assert!(gopark::go(|| ()).id() > 1);
    /// # }) }
    /// ```
    pub fn id(&self) -> u64 {
        // Relaxed: set before we had the handle; the record is not used again while we have it.
        self.0.gp.goid.load(Relaxed)
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// Runs `f` as a goroutine and waits for it; its panic resumes here.
#[track_caller]
pub(crate) fn run_to_end<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    // SAFETY: both are `Send`.
    unsafe { run_to_end_anywhere(f) }
}

/// The same for what need not be `Send`.
///
/// # Safety
/// The caller waits meanwhile, so nothing is used by two threads at once. The caller's duty is that neither `f` nor `T` is bound to
/// a thread (a lock guard, a handle of a thread-local).
#[track_caller]
pub(crate) unsafe fn run_to_end_anywhere<T>(f: impl FnOnce() -> T) -> T {
    let active = world::Active::new();
    let f = move || {
        // Dropped when `f` has returned or unwound: from then on nothing is scheduled.
        let _active = active;
        f()
    };
    // SAFETY: this frame, and with it all that `f` and `T` borrow, stays until `join` has returned; the rest is the caller's duty.
    let handle = unsafe { spawn(f, Options::default(), Location::caller()) };
    match handle.join_for(WaitReason::Main) {
        Ok(value) => value,
        Err(payload) => resume(payload),
    }
}

fn resume(payload: Box<dyn Any + Send>) -> ! {
    std::panic::resume_unwind(payload)
}
