//! The thread that starts threads for Ms that must not. Go: runtime/proc.go startTemplateThread, templateThread, newmHandoff.
//!
//! A new thread inherits from the one that creates it. Go has the template thread for creators in a state that is not known; here
//! they are threads that sysmon has made lighter (niceness.rs W3). sysmon starts it before it first lowers one.
//!
//! I1 An M in the list has been counted (`new_m`) and has its `nextp`: whoever takes it off starts it or gives both back.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::{Condvar, Mutex};

use crate::sched::m::M;
use crate::sched::schedt::sched;
use crate::sched::wake;

/// Go: newmHandoff.
struct Handoff {
    /// Ms that want a thread.
    waiting: Mutex<Vec<&'static M>>,
    /// One was added.
    added: Condvar,
    /// The thread exists. Written and read by sysmon.
    runs: AtomicBool,
}

static HANDOFF: Handoff =
    Handoff { waiting: Mutex::new(Vec::new()), added: Condvar::new(), runs: AtomicBool::new(false) };

/// Starts the thread unless it runs; false if there is no thread to be had. For sysmon alone.
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

/// Has it start a thread for this M.
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
