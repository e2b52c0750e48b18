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

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst, fence};

use parking_lot::{Condvar, Mutex};

use crate::sched::schedt::try_sched;

/// Alone on its cache line: every M reads it in each round.
#[repr(align(128))]
struct World {
    /// See I1.
    active: AtomicUsize,
    lock: Mutex<()>,
    /// `active` is no longer 0.
    begun: Condvar,
}

static WORLD: World = World { active: AtomicUsize::new(0), lock: Mutex::new(()), begun: Condvar::new() };

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
    if WORLD.active.fetch_add(1, SeqCst) == 0 {
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

/// Whether goroutines may run.
#[inline(always)]
pub(crate) fn runs() -> bool {
    // Relaxed would do for the flag alone; SeqCst costs nothing on a load, and orders it after what the closure did.
    WORLD.active.load(SeqCst) != 0
}

/// Keeps an M from going on while nothing may run (I2).
#[inline(always)]
pub(crate) fn wait_while_stopped() {
    if !runs() {
        wait_until_it_runs();
    }
}

#[cold]
#[inline(never)]
fn wait_until_it_runs() {
    let mut lock = WORLD.lock.lock();
    // ORDERING: SeqCst, pairs with the add in `enter`, whose caller takes the lock afterwards.
    while WORLD.active.load(SeqCst) == 0 {
        WORLD.begun.wait(&mut lock);
    }
}
