//! The template thread: starts threads for Ms whose own thread must not. Go: runtime/proc.go
//! startTemplateThread, templateThread, newmHandoff.
//!
//! A new thread inherits from its creator. Go uses the template thread for creators in an unknown
//! state; here they are threads that sysmon has reniced (niceness.rs W3). sysmon starts the
//! template thread before it first renices one.
//!
//! I1 An M in the list has been counted (`new_m`) and has its `nextp`: the one that takes it off
//!    the list starts it or gives both back.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::{Condvar, Mutex};

use crate::sched::m::M;
use crate::sched::schedt::sched;
use crate::sched::wake;

/// Go: newmHandoff.
struct Handoff {
    /// Ms that wait for a thread.
    waiting: Mutex<Vec<&'static M>>,
    /// Signalled when one is added.
    added: Condvar,
    /// The thread exists. Written and read by sysmon.
    runs: AtomicBool,
}

static HANDOFF: Handoff =
    Handoff { waiting: Mutex::new(Vec::new()), added: Condvar::new(), runs: AtomicBool::new(false) };

/// Starts the template thread unless it runs. False if the system has no thread. For sysmon alone.
pub(crate) fn start() -> bool {
    // Relaxed: sysmon's own flag.
    if HANDOFF.runs.load(Relaxed) {
        return true;
    }
    let thread = std::thread::Builder::new().name("gopark-template".into()).stack_size(128 << 10);
    let started = thread.spawn(serve).is_ok();
    HANDOFF.runs.store(started, Relaxed);
    // Afterwards: checkdead.rs I5.
    sched().lock.lock().nmsys += usize::from(started);
    started
}

/// Hands the M to the template thread.
pub(crate) fn start_thread(m: &'static M) {
    HANDOFF.waiting.lock().push(m);
    HANDOFF.added.notify_one();
}

fn serve() {
    loop {
        let mut waiting = HANDOFF.waiting.lock();
        while waiting.is_empty() {
            HANDOFF.added.wait(&mut waiting);
        }
        let ms = std::mem::take(&mut *waiting);
        drop(waiting);
        ms.into_iter().for_each(wake::start_thread);
    }
}
