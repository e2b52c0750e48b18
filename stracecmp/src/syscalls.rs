//! The one table of all system calls of Linux: which arguments are descriptors, process ids, pointers, times.
//!
//! `syscalls.tsv` is made by `tools/syscalls.py` out of strace's own decoders, for all of its architectures. What depends on
//! another argument (`ioctl`, `fcntl`, `kcmp`, `waitid`) is decided in [`argument`].

use std::collections::HashMap;
use std::sync::LazyLock;

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A descriptor.
    Fd,
    /// The descriptor of a folder, or AT_FDCWD.
    DirFd,
    /// A process or thread id.
    Pid,
    /// A time.
    Time,
    /// Another pointer.
    Pointer,
    /// Anything else.
    Plain,
}

/// What a call's result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A new descriptor.
    Fd,
    /// A process or thread id.
    Pid,
    /// An address.
    Address,
    /// Anything else.
    Plain,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    classes: &'static str,
    args: &'static str,
    /// What the result is.
    pub gives: Gives,
}

static TABLE: LazyLock<HashMap<&'static str, Call>> = LazyLock::new(|| {
    let rows = include_str!("syscalls.tsv").lines().filter(|l| !l.starts_with('#'));
    let row = |line: &'static str| {
        let mut columns = line.split('\t');
        let (name, classes, args) = (columns.next()?, columns.next()?, columns.next()?);
        let gives = match columns.next()? {
            "fd" => Gives::Fd,
            "pid" => Gives::Pid,
            "hex" => Gives::Address,
            _ => Gives::Plain,
        };
        Some((name, Call { classes, args, gives }))
    };
    rows.filter_map(row).collect()
});

/// What the table says of a call.
pub fn of(name: &str) -> Option<&'static Call> {
    TABLE.get(name)
}

impl Call {
    /// Whether strace counts it to a class: `desc`, `file`, `net`, `mem`, `signal`, `process`, `ipc`, `creds`, `clock`.
    pub fn is_of(&self, class: &str) -> bool {
        self.classes.split(',').any(|c| c == class)
    }

    /// What argument `i` is, whatever the others are.
    pub fn role(&self, i: usize) -> Role {
        match self.args.as_bytes().get(i) {
            Some(b'f') => Role::Fd,
            Some(b'd') => Role::DirFd,
            Some(b'p') => Role::Pid,
            Some(b't') => Role::Time,
            Some(b'a') => Role::Pointer,
            _ => Role::Plain,
        }
    }
}

/// Requests of `ioctl` whose third argument is a descriptor.
const IOCTL_ON_FD: [&str; 8] = [
    "FICLONE",
    "BTRFS_IOC_CLONE",
    "LOOP_SET_FD",
    "LOOP_CHANGE_FD",
    "PERF_EVENT_IOC_SET_OUTPUT",
    "PERF_EVENT_IOC_SET_BPF",
    "NBD_SET_SOCK",
    "BINDER_SET_CONTEXT_MGR_FD",
];

/// What argument `i` of a call is, with the others before one's eyes.
pub fn argument(name: &str, args: &[&str], i: usize) -> Role {
    let at = |n: usize| args.get(n).copied().unwrap_or("");
    match (name, i) {
        ("ioctl", 2) if IOCTL_ON_FD.iter().any(|r| at(1).contains(r)) => Role::Fd,
        ("ioctl", 2) => Role::Pointer,
        ("fcntl" | "fcntl64", 2) if at(1) == "F_SETOWN" => Role::Pid,
        ("fcntl" | "fcntl64", 2) => Role::Plain,
        ("kcmp", 3 | 4) if matches!(at(2), "KCMP_FILE" | "KCMP_EPOLL_TFD") => Role::Fd,
        ("waitid", 1) => match at(0) {
            "P_PIDFD" => Role::Fd,
            "P_PID" | "P_PGID" => Role::Pid,
            _ => Role::Plain,
        },
        ("wait4" | "waitpid", 0) => Role::Pid,
        ("fanotify_mark", _) if args.len() > 4 && i == args.len() - 2 => Role::DirFd,
        // The second number of these is one that is wanted, or one of another process.
        ("dup2" | "dup3", 1) => Role::Plain,
        _ => of(name).map_or(Role::Plain, |c| c.role(i)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_descriptors_pids_and_results() {
        for (name, i, role) in [
            ("read", 0, Role::Fd),
            ("read", 1, Role::Pointer),
            ("openat", 0, Role::DirFd),
            ("splice", 2, Role::Fd),
            ("symlinkat", 1, Role::DirFd),
            ("sched_getaffinity", 0, Role::Pid),
            ("timerfd_settime", 2, Role::Time),
            ("_llseek", 0, Role::Fd),
            ("sendfile64", 1, Role::Fd),
            ("quotactl_fd", 0, Role::Fd),
        ] {
            assert_eq!(of(name).expect(name).role(i), role, "{name} {i}");
        }
        for name in ["openat2", "memfd_create", "fanotify_init", "pidfd_getfd", "landlock_create_ruleset"] {
            assert_eq!(of(name).expect(name).gives, Gives::Fd, "{name}");
        }
        assert_eq!(of("getppid").expect("known").gives, Gives::Pid);
        assert!(of("mmap2").expect("known").is_of("mem"));
        assert!(of("no_such_call").is_none());
    }

    #[test]
    fn some_arguments_depend_on_others() {
        assert_eq!(argument("ioctl", &["5", "FICLONE", "6"], 2), Role::Fd);
        assert_eq!(argument("ioctl", &["5", "TCGETS", "0x7ffd"], 2), Role::Pointer);
        assert_eq!(argument("waitid", &["P_PIDFD", "5"], 1), Role::Fd);
        assert_eq!(argument("waitid", &["P_PID", "5"], 1), Role::Pid);
        assert_eq!(argument("kcmp", &["1", "2", "KCMP_FILE", "3", "4"], 4), Role::Fd);
    }
}
