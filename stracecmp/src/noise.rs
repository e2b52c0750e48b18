//! Calls that say how a program happened to run, not what it does: dropped by default, counted and shown as a table.
//!
//! Invariants:
//! - I1: a call of noise that fails for want of memory, threads or rights is kept: a program that dies of it must differ.
//! - I2: what a stored reference holds is never noise: the reference decides.

use std::collections::{BTreeMap, HashSet};

use regex::Regex;

use crate::parse::RawCall;
use crate::syscalls;

/// A group of calls that are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Memory: mmap, brk.
    Memory,
    /// Threads: futex, rseq, sched_yield.
    Threads,
    /// Signals: masks and handlers, and the signals that runtimes send themselves.
    Signals,
    /// Clocks and sleeps.
    Time,
    /// Who and where: getpid, uname.
    Identity,
    /// Dropped because somebody asked for it.
    Asked,
}

impl Group {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Group::Memory => "memory",
            Group::Threads => "threads",
            Group::Signals => "signals",
            Group::Time => "time",
            Group::Identity => "identity",
            Group::Asked => "dropped on request",
        }
    }
}

/// The group of a call by its name alone.
pub fn group_of(name: &str) -> Option<Group> {
    Some(match name {
        "futex"
        | "futex_time64"
        | "futex_wait"
        | "futex_wake"
        | "futex_waitv"
        | "futex_requeue"
        | "set_robust_list"
        | "get_robust_list"
        | "set_tid_address"
        | "rseq"
        | "arch_prctl"
        | "set_thread_area"
        | "get_thread_area"
        | "set_tls"
        | "get_tls"
        | "ARM_set_tls"
        | "sched_yield"
        | "sched_getaffinity"
        | "sched_setaffinity"
        | "sched_getparam"
        | "sched_setparam"
        | "sched_getscheduler"
        | "sched_setscheduler"
        | "sched_get_priority_max"
        | "sched_get_priority_min"
        | "sched_getattr"
        | "sched_setattr"
        | "membarrier"
        | "exit"
        | "getcpu"
        | "cacheflush"
        | "riscv_flush_icache" => Group::Threads,
        "rt_sigaction" | "rt_sigprocmask" | "sigaction" | "sigprocmask" | "sigaltstack" | "rt_sigreturn"
        | "sigreturn" | "rt_sigpending" | "sigpending" | "signal" | "ssetmask" | "sgetmask" => Group::Signals,
        "nanosleep"
        | "clock_nanosleep"
        | "clock_nanosleep_time64"
        | "clock_gettime"
        | "clock_gettime64"
        | "clock_getres"
        | "clock_getres_time64"
        | "gettimeofday"
        | "time"
        | "times"
        | "getrusage"
        | "getitimer" => Group::Time,
        "getpid" | "getppid" | "gettid" | "getpgrp" | "getpgid" | "getsid" | "getuid" | "geteuid"
        | "getgid" | "getegid" | "getresuid" | "getresgid" | "getgroups" | "getuid32" | "geteuid32"
        | "getgid32" | "getegid32" | "getresuid32" | "getresgid32" | "getgroups32" | "getxpid"
        | "getxuid" | "getxgid" | "uname" | "sysinfo" | "getrandom" | "getrlimit" | "ugetrlimit"
        | "getpriority" => Group::Identity,
        "brk" | "msync" | "mincore" => return (name == "brk").then_some(Group::Memory),
        _ => {
            let call = syscalls::of(name)?;
            let memory = call.is_of("mem") && !name.starts_with("io_") && !name.starts_with("process_");
            return memory.then_some(Group::Memory);
        }
    })
}

/// Memory, threads, signals, time: what the conformance suite's references leave out (D1).
fn is_of_suite(name: &str) -> bool {
    matches!(
        name,
        "mmap"
            | "munmap"
            | "mprotect"
            | "mremap"
            | "madvise"
            | "tgkill"
            | "tkill"
            | "exit"
            | "arch_prctl"
            | "set_tid_address"
            | "set_robust_list"
            | "rseq"
            | "futex"
            | "nanosleep"
            | "clock_nanosleep"
            | "sched_yield"
    )
}

/// Which calls are kept when a log is read.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only what the conformance suite leaves out is left out.
    pub suite: bool,
    /// Calls that are kept although they are noise.
    pub keep: HashSet<String>,
    /// Calls that are dropped although they are none.
    pub drop: HashSet<String>,
    /// Only calls of these classes (`network`, `file`, `desc`, `process` ...) or names; empty: all.
    pub only: Vec<String>,
    /// Calls whose text one of these matches are dropped.
    pub ignore: Vec<Regex>,
}

impl Filter {
    /// What the conformance suite's references were made with.
    pub fn suite() -> Filter {
        Filter { suite: true, ..Filter::default() }
    }

    /// Why a call is dropped, if it is.
    pub(crate) fn drops(&self, c: &RawCall<'_>, text: &str) -> Option<Group> {
        let name = restarted(c).unwrap_or(c.name);
        if self.keep.contains(name) {
            return None;
        }
        if self.drop.contains(name)
            || self.ignore.iter().any(|r| r.is_match(text))
            || (!self.only.is_empty() && !self.only.iter().any(|o| is_of(name, o)))
        {
            return Some(Group::Asked);
        }
        if self.suite {
            return is_of_suite(name).then_some(Group::Threads);
        }
        let group = match name {
            "tgkill" | "tkill" | "kill" | "rt_sigqueueinfo" | "rt_tgsigqueueinfo" => own_signal(c.args),
            "prctl" => matches!(c.args.split(',').next(), Some("PR_SET_NAME" | "PR_SET_VMA" | "PR_GET_NAME"))
                .then_some(Group::Threads),
            // A query of a limit; setting one is the program's doing.
            "prlimit64" => {
                (c.args.split(',').nth(2).map(str::trim) == Some("NULL")).then_some(Group::Identity)
            }
            _ => group_of(name),
        }?;
        let failed = match c.err {
            Some("ENOMEM" | "EPERM") => true,
            Some("EAGAIN" | "EACCES" | "ENFILE" | "ENOSPC") => group == Group::Memory,
            _ => false,
        };
        (!failed).then_some(group) // I1
    }
}

/// The signals that runtimes send to their own threads: Go's preemption, glibc's cancellation, garbage collectors.
fn own_signal(args: &str) -> Option<Group> {
    let signal = args.split(',').map(str::trim).find(|a| a.starts_with("SIG"))?;
    (signal == "SIGURG" || signal.starts_with("SIGRT")).then_some(Group::Signals)
}

/// `restart_syscall(<... resuming interrupted futex ...>)` is the futex call again.
fn restarted<'a>(c: &RawCall<'a>) -> Option<&'a str> {
    let inside = c.args.strip_prefix("<... resuming interrupted ").filter(|_| c.name == "restart_syscall");
    inside.and_then(|r| r.strip_suffix(" ...>"))
}

/// Whether a call is of a class as strace names them, or has this name.
fn is_of(name: &str, what: &str) -> bool {
    let class = match what.trim_start_matches('%') {
        "network" => "net",
        "memory" => "mem",
        other => other,
    };
    name == what || syscalls::of(name).is_some_and(|c| c.is_of(class))
}

/// How often each call was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    counts: BTreeMap<String, (Group, u64, u64)>,
}

impl Noise {
    pub(crate) fn count(&mut self, group: Group, name: &str, failed: bool) {
        if !self.counts.contains_key(name) {
            self.counts.insert(name.to_owned(), (group, 0, 0));
        }
        if let Some(row) = self.counts.get_mut(name) {
            row.1 += 1;
            row.2 += u64::from(failed);
        }
    }

    /// The rows: group, call, how often, how often it failed.
    pub fn rows(&self) -> impl Iterator<Item = (Group, &str, u64, u64)> {
        self.counts.iter().map(|(name, n)| (n.0, name.as_str(), n.1, n.2))
    }

    /// How often a call was dropped.
    pub fn of(&self, name: &str) -> u64 {
        self.counts.get(name).map_or(0, |n| n.1)
    }

    /// Whether nothing was dropped.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(filter: &Filter, text: &str) -> Option<Group> {
        filter.drops(&crate::parse::call(text).expect(text), text)
    }

    #[test]
    fn noise_by_default() {
        let f = Filter::default();
        for text in [
            "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = 0xb776d000",
            "rt_sigaction(SIGPIPE, NULL, NULL, 8) = 0",
            "tgkill(7, 8, SIGURG) = 0",
            "futex(0x1, FUTEX_WAIT, 0, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
            "restart_syscall(<... resuming interrupted futex ...>) = 0",
            "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0",
        ] {
            assert!(dropped(&f, text).is_some(), "{text}");
        }
        for text in [
            "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = -1 ENOMEM (Cannot allocate memory)",
            "tgkill(7, 8, SIGABRT) = 0",
            "io_uring_setup(8, {}) = 3",
            "restart_syscall(<... resuming interrupted poll ...>) = 1",
            "prlimit64(0, RLIMIT_NOFILE, {rlim_cur=9, rlim_max=9}, NULL) = 0",
            "msync(0x7f0000000000, 4096, MS_SYNC) = 0",
        ] {
            assert_eq!(dropped(&f, text), None, "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_decides() {
        let keep = Filter { keep: ["futex".to_owned()].into(), ..Filter::default() };
        assert_eq!(dropped(&keep, "futex(0x1, FUTEX_WAKE, 1) = 0"), None);
        let only = Filter { only: vec!["network".to_owned()], ..Filter::default() };
        assert_eq!(dropped(&only, "socket(AF_INET, SOCK_STREAM, 0) = 3"), None);
        assert_eq!(dropped(&only, "close(3) = 0"), Some(Group::Asked));
    }
}
