//! A running strace and the processes below it: found, waited for, stopped.
//!
//! Invariants:
//! - I1: whatever strace traces ends with it: every process whose tracer it is, also one that made itself a daemon, is stopped
//!   before strace is.
//! - I2: strace itself is asked to end, too, when this process dies without having done so.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a program has between the signal that asks it to end and the one that ends it.
const GRACE: Duration = Duration::from_secs(3);

/// A running strace, and the program below it.
pub(crate) struct Tracer {
    child: Child,
    /// The program's process.
    pub(crate) traced: Option<i32>,
}

impl Tracer {
    pub(crate) fn start(mut command: Command) -> Result<Tracer> {
        // SAFETY: prctl with PR_SET_PDEATHSIG takes no pointer and is safe to call between fork and exec.
        unsafe {
            command.pre_exec(|| {
                // I2: strace passes a SIGTERM on to the program that it started.
                match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            })
        };
        let child = command.spawn().context("strace does not start; is it installed?")?;
        Ok(Tracer { child, traced: None })
    }

    /// Waits until strace has started the program. strace has short-lived children of its own before.
    pub(crate) fn find_program(&mut self, exe: &Path, end: Instant) -> Result<()> {
        let id = self.child.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let exe = std::fs::canonicalize(exe)?;
        let patient_until = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end && self.child.try_wait()?.is_none() {
            let kids = std::fs::read_to_string(&children).unwrap_or_default();
            // A script runs as its interpreter: after a while any child that lasts will do.
            let any = Instant::now() > patient_until;
            let is_it =
                |pid: &&str| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|p| any || p == exe);
            if let Some(pid) = kids.split_whitespace().find(is_it) {
                self.traced = pid.parse().ok();
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// The processes that this strace traces.
    pub(crate) fn tracees(&self) -> Vec<i32> {
        let by = format!("\nTracerPid:\t{}\n", self.child.id());
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| {
                std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|s| s.contains(&by))
            })
            .collect()
    }

    /// Whether strace still runs.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether the program itself has ended; what it started may go on.
    pub(crate) fn program_is_gone(&mut self) -> bool {
        !self.runs() || self.traced.is_some_and(|pid| !self.tracees().contains(&pid))
    }

    pub(crate) fn wait(&mut self, end: Instant) -> Option<i32> {
        let status = wait_until(&mut self.child, end)?;
        Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    }

    /// Stops the program and what it started (I1), first with `gently`.
    pub(crate) fn stop(&mut self, gently: Signal) {
        let gone = self.program_is_gone();
        let asked = self.traced.filter(|_| !gone).map_or_else(|| self.tracees(), |pid| vec![pid]);
        send(&asked, gently);
        let end = Instant::now() + GRACE;
        if self.traced.is_some() {
            while Instant::now() < end && !self.program_is_gone() {
                std::thread::sleep(Duration::from_millis(5));
            }
            send(&self.tracees(), gently);
        }
        if wait_until(&mut self.child, end).is_none() {
            self.kill();
        }
    }

    fn kill(&mut self) {
        // A process may be made while the others are killed.
        for _ in 0..20 {
            send(&self.tracees(), Signal::SIGKILL);
            if wait_until(&mut self.child, Instant::now() + Duration::from_millis(100)).is_some() {
                return;
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if self.runs() {
            self.kill();
        }
    }
}

fn send(pids: &[i32], signal: Signal) {
    for pid in pids {
        let _ = kill(Pid::from_raw(*pid), signal);
    }
}

/// Waits for a child until a time.
pub(crate) fn wait_until(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
