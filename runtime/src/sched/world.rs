//! Whether goroutines run at all: from the start of a `run` to the end of its closure.
//!
//! In Go nothing is scheduled once `main` has returned: the process exits. Here `run` returns and the process may go on. Goroutines
//! that are left behind rest: none is started from the end of the last closure until the next `run` begins.
//!
//! A plain thread that waits in the runtime (for a message, a timer, a connection) needs its Ms too, so it counts as long as it waits.
//!
//! I1 There is an [`Active`] for each closure of `run`, from before its goroutine is made until its last instruction; and for each wait of a plain thread, except the one in which the caller of `run` waits for the closure.
//! I2 An M looks at the count before it resumes a goroutine, and after it has ended one. It waits here with what it holds, in mode
//!    RUNTIME, so its P cannot be retaken and checkdead counts it as running.
//! I3 The number of Ps uses the same look: as long as Ms hold Ps that were taken away, the count reads as if nothing might run
//!    ([`interrupt`]), and each M comes to see whether its P is one of them (procs.rs). So that costs no second look in each round.

use std::sync::atomic::{AtomicIsize, Ordering::SeqCst, fence};

use parking_lot::{Condvar, Mutex};

use crate::sched::schedt::try_sched;

/// Alone on its cache line: every M reads it in each round.
#[repr(align(128))]
struct World {
    /// The number of I1, less [`INTERRUPT`] as long as I3 says so: above 0 goroutines may run and nobody need look further.
    active: AtomicIsize,
    lock: Mutex<()>,
    /// `active` is no longer 0.
    begun: Condvar,
}

/// More than there are threads.
const INTERRUPT: isize = isize::MAX / 2;

static WORLD: World = World { active: AtomicIsize::new(0), lock: Mutex::new(()), begun: Condvar::new() };

/// A reason for goroutines to run, as long as it lives (I1).
pub(crate) struct Active(());

impl Active {
    pub(crate) fn new() -> Active {
        enter();
        Active(())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() {
    // ORDERING: SeqCst, pairs with the load in `wait_until_it_runs`: the change is seen under the lock, or before the wait.
    if count(WORLD.active.fetch_add(1, SeqCst)) == 0 {
        drop(WORLD.lock.lock());
        WORLD.begun.notify_all();
        // ORDERING: SeqCst, pairs with the fence in sysmon's `sleep_while_stopped`: it sees the count, or we see that it sleeps.
        fence(SeqCst);
        if let Some(sched) = try_sched() {
            sched.wake_sysmon();
        }
    }
}

fn leave() {
    // ORDERING: SeqCst, as in `enter`.
    WORLD.active.fetch_sub(1, SeqCst);
}

/// The number of I1.
fn count(word: isize) -> isize {
    if word < 0 { word + INTERRUPT } else { word }
}

/// Whether goroutines may run.
pub(crate) fn runs() -> bool {
    // ORDERING: SeqCst, pairs with `enter` and `leave`.
    count(WORLD.active.load(SeqCst)) != 0
}

/// From now on, or no longer, every M is to see whether it holds a P that was taken away (I3). The two take turns: under `sched.lock`.
pub(crate) fn interrupt(on: bool) {
    // ORDERING: SeqCst, as all of the word; an M that sees it too late comes in its next round.
    WORLD.active.fetch_add(if on { -INTERRUPT } else { INTERRUPT }, SeqCst);
}

/// Whether an M must look further before it goes on: [`wait_while_stopped`], and whether it holds a P that was taken away (I3).
#[inline(always)]
pub(crate) fn is_interrupted() -> bool {
    // Relaxed would do for the flag alone; SeqCst costs nothing on a load, and orders it after what the closure did.
    WORLD.active.load(SeqCst) <= 0
}

/// Keeps an M from going on while nothing may run (I2).
#[inline(always)]
pub(crate) fn wait_while_stopped() {
    if is_interrupted() {
        wait_until_it_runs();
    }
}

#[cold]
#[inline(never)]
fn wait_until_it_runs() {
    let mut lock = WORLD.lock.lock();
    // ORDERING: SeqCst, pairs with the add in `enter`, whose caller takes the lock afterwards.
    while !runs() {
        WORLD.begun.wait(&mut lock);
    }
}
