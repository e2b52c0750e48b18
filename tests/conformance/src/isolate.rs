//! A network and a mount namespace for one run.
//!
//! Namespaces belong to threads, so each run gets a fresh thread ([`on_stage`]) that leaves the process's; what it spawns,
//! threads and processes, inherits its own. Without the right to make namespaces the runs share the machine's and are
//! serialised by one lock; programs that lay files over /etc cannot run then.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
pub use stracecmp::isolate::Isolation;
use stracecmp::isolate::enter;

/// Runs `f` on a thread of its own, isolated as far as the user may. The working directory is that thread's alone in either case.
pub fn on_stage<T: Send>(f: impl FnOnce(Isolation) -> Result<T> + Send) -> Result<T> {
    static MACHINE: Mutex<()> = Mutex::new(());
    let body = || {
        unshare(CloneFlags::CLONE_FS).context("a working directory of one's own")?;
        match enter()? {
            Isolation::Own => f(Isolation::Own),
            Isolation::Shared => {
                let _one_at_a_time = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
                f(Isolation::Shared)
            }
        }
    };
    std::thread::scope(|s| s.spawn(body).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
