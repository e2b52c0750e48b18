//! Where server and client run.

use rustix::thread::{CpuSet, sched_setaffinity};
use std::io;
use std::process::{Child, Command};

/// The CPUs of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Both on CPU 0, one worker: no wake-up crosses cores. The steadiest.
    Same,
    /// Server on CPU 0 with one worker, client on CPU 1.
    Split,
    /// Two workers, nothing pinned.
    Free,
}

impl Placement {
    pub(crate) fn server_cpu(self) -> Option<usize> {
        (self != Placement::Free).then_some(0)
    }

    pub(crate) fn client_cpu(self) -> Option<usize> {
        match self {
            Placement::Same => Some(0),
            Placement::Split => Some(1),
            Placement::Free => None,
        }
    }

    pub(crate) fn workers(self) -> usize {
        if self == Placement::Free { 2 } else { 1 }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Placement::Same => "same",
            Placement::Split => "split",
            Placement::Free => "free",
        }
    }
}

/// Starts `command` on `cpu` only. A child inherits the CPUs of the thread that starts it, so a thread is made for it.
pub(crate) fn spawn_on(cpu: Option<usize>, command: &mut Command) -> io::Result<Child> {
    let Some(cpu) = cpu else { return command.spawn() };
    std::thread::scope(|threads| {
        let pinned = threads.spawn(|| {
            let mut only = CpuSet::new();
            only.set(cpu);
            sched_setaffinity(None, &only)?;
            command.spawn()
        });
        pinned.join().expect("starting a process does not panic")
    })
}
