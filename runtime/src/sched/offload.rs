//! `offload`: a blocking call on a thread of a pool, while the goroutine parks and its own thread
//! serves others.
//!
//! I1 A job lies in the frame of the goroutine that waits for it, which goes on only after the
//!    pool's thread has run it. The pool touches it before it readies the goroutine and never
//!    after.
//! I2 The threads of the pool are counted in `nmsys`, since an idle one wakes nobody. A job counts
//!    as an outside waker from before its goroutine parks until after it was readied, which keeps
//!    the deadlock report away.
//!
//! Rejected: a channel as the queue. Its receivers would be plain threads that park in the runtime,
//! and a new thread could not be started exactly when no idle one is left.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::newproc::catch;
use super::{checkdead, gopark, goready};
use crate::sched::g::{self, GRef, WaitReason};
use crate::sched::schedt::{sched, try_sched};

/// Most threads that the pool has; further jobs queue.
const MAX_THREADS: usize = 512;
/// How long an idle thread stays.
const KEEP: Duration = Duration::from_secs(10);

/// Runs `f` on a thread of a pool and returns its value; the goroutine parks meanwhile.
///
/// For calls that block the thread (files, `getaddrinfo`, a database library) or compute for
/// milliseconds. It costs two hand-overs between threads, some 10 us. [`blocking`](crate::blocking)
/// stays on the thread: it takes what is not `Send`, and in pinned mode it holds up the other
/// goroutines of its thread.
///
/// The pool has at most 512 threads, which end after 10 s without work; with all of them busy a
/// call waits its turn. On a plain thread, and where the system gives the pool no thread at all,
/// `f` runs in place.
///
/// # Panics
/// With what `f` panics with.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let path = String::from("/proc/self/stat");
/// let text = gopark::offload(|| std::fs::read_to_string(&path)).unwrap();
/// assert!(!text.is_empty());
/// # }) }
/// ```
pub fn offload<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    if g::current_goroutine().is_none() || !POOL.has_threads() {
        return f();
    }
    let mut f = Some(f);
    let mut result = None;
    let mut work = || result = Some(catch(f.take().expect("a job runs once")));
    let work: &mut (dyn FnMut() + Send) = &mut work;
    // SAFETY: only the lifetime changes; I1: this frame waits until the job has run.
    let work: &'static mut (dyn FnMut() + Send) = unsafe { std::mem::transmute(work) };
    gopark(WaitReason::Offload, move |gp| {
        checkdead::add_outside_waker();
        POOL.submit(Job { work, gp });
        true
    });
    match result.expect("the goroutine is readied when the job has run") {
        Ok(value) => value,
        Err(payload) => resume_unwind(payload),
    }
}

/// [`offload`] in pinned mode, where a thread that blocks holds up its goroutines;
/// [`blocking`](crate::blocking) in Go's.
pub fn aside<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let pinned = try_sched().is_some_and(|sched| sched.config.pinned);
    if pinned { offload(f) } else { super::blocking::blocking(f) }
}

struct Job {
    work: &'static mut (dyn FnMut() + Send),
    gp: GRef,
}

struct Pool {
    state: Mutex<State>,
    submitted: Condvar,
}

struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

static POOL: Pool = Pool {
    state: Mutex::new(State { queue: VecDeque::new(), threads: 0, idle: 0 }),
    submitted: Condvar::new(),
};

impl Pool {
    /// Sees that a job will find a thread: starts one if none is idle. False if there is no thread
    /// at all.
    fn has_threads(&'static self) -> bool {
        let mut state = self.state.lock();
        if state.idle > state.queue.len() || state.threads == MAX_THREADS {
            return true;
        }
        state.threads += 1;
        drop(state);
        let thread = std::thread::Builder::new().name("gopark-offload".into());
        if thread.spawn(|| self.serve()).is_ok() {
            return true;
        }
        let mut state = self.state.lock();
        state.threads -= 1;
        state.threads > 0
    }

    fn submit(&self, job: Job) {
        self.state.lock().queue.push_back(job);
        self.submitted.notify_one();
    }

    fn serve(&self) {
        count_thread(1);
        while let Some(Job { work, gp }) = self.next() {
            work();
            // I1: nothing of the job is touched from here on.
            goready(gp);
            checkdead::remove_outside_waker();
            checkdead::recheck();
        }
        count_thread(-1);
    }

    /// A job; `None`: none has come for a while, and the thread ends.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        state.idle += 1;
        let mut timed_out = false;
        while state.queue.is_empty() && !timed_out {
            timed_out = self.submitted.wait_for(&mut state, KEEP).timed_out();
        }
        state.idle -= 1;
        let job = state.queue.pop_front();
        if job.is_none() {
            state.threads -= 1;
        }
        job
    }
}

/// One thread of the pool more, or less (I2).
fn count_thread(by: isize) {
    let mut state = sched().lock.lock();
    state.nmsys = state.nmsys.wrapping_add_signed(by);
}
