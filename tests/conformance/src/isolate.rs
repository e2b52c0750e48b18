//! A network and a mount namespace for one run.
//!
//! Namespaces belong to threads, so each run gets a fresh thread ([`on_stage`]) that leaves the process's; what it spawns,
//! threads and processes, inherits its own. Only root may make them. An ordinary user's process becomes root of a user namespace
//! first ([`become_root`]); where the system does not allow that, the runs share the machine's namespaces and are serialised
//! by one lock, and programs that need the right are skipped.

use std::fs;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
pub use stracecmp::isolate::Isolation;
use stracecmp::isolate::enter;

/// Makes an ordinary user's process root of a user namespace, in which it may do what root may do to namespaces of its own. The
/// files it makes stay the user's. Does nothing for root, and nothing where the system refuses.
///
/// Must be called while the process has one thread.
pub fn become_root() {
    let (uid, gid) = (geteuid(), getegid());
    if uid.is_root() || unshare(CloneFlags::CLONE_NEWUSER).is_err() {
        return;
    }
    let maps = [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {uid} 1")),
        ("gid_map", format!("0 {gid} 1")),
    ];
    for (file, text) in maps {
        fs::write(format!("/proc/self/{file}"), text).expect("the namespace is ours");
    }
}

/// Whether the process is root, perhaps only of a user namespace.
pub fn is_root() -> bool {
    geteuid().is_root()
}

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
