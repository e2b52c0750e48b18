//! How a call of any program is written down: what belongs to one run is taken out, by the table of all system calls.
//!
//! | taken out | written |
//! |---|---|
//! | numbers of descriptors, also in sets, `fd=` fields and control messages | names |
//! | ids of processes, users and threads, the ids of DNS and netlink messages | `PID`, `ID` |
//! | ports that the kernel chose: of `getsockname` and of peers, unless the program named them before | `EPH1` |
//! | addresses of memory | `PTR` |
//! | dates and times in what the program prints, and in HTTP | `DATE`, `TIME` |
//! | sizes, times, owners of files; what /proc and /sys hold; names of temporary files | `N`, `DATA`, `TEMP1` |
//!
//! Invariants:
//! - I1: inside quoted strings only paths, dates and ports that were seen are changed.

use std::sync::LazyLock;

use regex::Regex;

use crate::fds::{self, FdId};
use crate::log::View;
use crate::masks::{Context, Dns};
use crate::projector::Projector;
use crate::syscalls::{self, Gives, Role};

/// A5: files whose contents belong to the machine and the moment.
const MACHINE: [&str; 6] =
    ["/proc/", "/sys/", "/dev/urandom", "/dev/random", "/etc/ld.so.cache", "/etc/ld.so.preload"];

static LEFT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:, )?left \{[^}]*\}").expect("a constant that was tried"));

/// Calls that answer with an address that the kernel fills in.
fn answers_address(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept4"
            | "getsockname"
            | "getpeername"
            | "recvfrom"
            | "recvmsg"
            | "recvmmsg"
            | "recvmmsg_time64"
    )
}

/// What getsockopt tells about the moment.
const KERNELS_OWN: [&str; 5] =
    ["TCP_INFO", "SO_COOKIE", "SO_INCOMING_CPU", "SO_INCOMING_NAPI_ID", "SO_MEMINFO"];

/// Whether the first argument is the id of a System V object, which counts up from run to run.
fn takes_ipc_id(name: &str) -> bool {
    matches!(name, "semop" | "semtimedop" | "semctl" | "shmat" | "shmctl" | "msgsnd" | "msgrcv" | "msgctl")
}

fn is_select(name: &str) -> bool {
    matches!(name, "select" | "_newselect" | "pselect6" | "pselect6_time64")
}

/// A hexadecimal number that is not small.
fn is_address(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|h| h.len() >= 4 && h.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Projector<'_> {
    /// Whether a path's contents belong to the machine.
    pub(crate) fn is_machine(path: &str) -> bool {
        MACHINE.iter().any(|m| path.starts_with(m))
    }

    /// Writes a call; `made` are the descriptors it made.
    pub(crate) fn neutral_word(&mut self, c: &View<'_>, made: &[FdId]) {
        let first = match syscalls::argument(c.name, &c.args, 0) {
            Role::Fd | Role::DirFd => c.args.first().and_then(|a| self.fd(a)),
            _ => None,
        };
        let machine = first.and_then(|fd| self.path(fd)).is_some_and(Self::is_machine);
        let context = self.context(c, first);
        self.txt(c.name);
        self.txt("(");
        for i in 0..c.args.len() {
            if i > 0 {
                self.txt(", ");
            }
            self.neutral_argument(c, i, made, machine, context);
        }
        self.txt(")");
        self.neutral_result(c, made, machine, context);
    }

    /// Writes a call of which nothing is known.
    pub(crate) fn plain(&mut self, c: &View<'_>) {
        self.neutral_word(c, &[]);
    }

    fn context(&self, c: &View<'_>, first: Option<FdId>) -> Context {
        let printed =
            first.is_some_and(|fd| matches!(self.kind(fd), "stdout" | "stderr" | "stdout+" | "stderr+"));
        let fd = first.map(|fd| self.trace.fds.get(fd));
        let is_dns = fd.is_some_and(|fd| fd.dns) || (c.name == "sendto" && c.raw_args.contains("htons(53)"));
        let dns = match fd {
            _ if !is_dns => Dns::No,
            Some(fd) if fd.stream && !fd.lone => Dns::WithLength,
            _ => Dns::Message,
        };
        let data =
            fds::is_read_op(c.name) || fds::is_write_op(c.name) || matches!(c.name, "pwrite64" | "pread64");
        Context { printed, data, dns, answer: answers_address(c.name) }
    }

    fn neutral_argument(&mut self, c: &View<'_>, i: usize, made: &[FdId], machine: bool, context: Context) {
        let a = c.args[i];
        let number = a.parse::<i64>().ok();
        match (c.name, i) {
            ("pipe" | "pipe2", 0) | ("socketpair", 3) if made.len() == 2 => {
                self.txt("[");
                self.name(made[0]);
                self.txt(", ");
                self.name(made[1]);
                return self.txt("]");
            }
            ("dup2" | "dup3", 1) => return self.wanted(number, made.first().copied(), a),
            ("fcntl" | "fcntl64", 2) if c.args[1].starts_with("F_DUPFD") => {
                return self.wanted(number, None, a);
            }
            ("close_range", 0 | 1) => {
                let open = number.and_then(|n| self.trace.fds.now.get(&n).copied());
                return if number.is_some_and(|n| n < i64::from(u32::MAX)) {
                    self.wanted(number, open, a)
                } else {
                    self.txt(a)
                };
            }
            (name, 0) if is_select(name) => return self.txt("N"),
            (name, 1..=3) if is_select(name) && a.starts_with('[') => return self.set(a),
            ("listen", 1) if self.somaxconn.as_deref() == Some(a) => return self.txt("SOMAXCONN"),
            ("io_uring_register", 2)
                if ["FILES", "EVENTFD", "RING_FDS"].iter().any(|k| c.args[1].contains(k)) =>
            {
                return if a.starts_with('[') && !a.contains('{') {
                    self.set(a)
                } else {
                    self.neutral_value(a, context)
                };
            }
            ("ioctl", 2) if c.args[1].starts_with("TIOC") && c.args[1].ends_with("PGRP") => {
                return self.txt("[PID]");
            }
            ("read" | "pread64", 1) if machine => {
                return self.txt(if c.ret == "0" { "\"\"" } else { "DATA" });
            }
            ("execve", 2) | ("execveat", 3) => return self.txt("ENV"),
            ("getdents" | "getdents64", 1) if machine => return self.txt("DATA"),
            ("read", 1) if self.is_signalfd(c) && a.starts_with('"') => return self.txt("SIGINFO"),
            ("getcwd", 0) if c.ok() => return self.txt("CWD"),
            ("readlink" | "readlinkat", _) if c.ok() && i + 2 == c.args.len() && self.links_to_machine(c) => {
                return self.txt("DATA");
            }
            ("getsockopt", 3) if KERNELS_OWN.contains(&c.args[2]) => return self.txt("INFO"),
            (name, 0) if takes_ipc_id(name) && number.is_some_and(|n| n > 0) => return self.txt("ID"),
            ("setsockopt", 3) if c.args[2].starts_with("SO_ATTACH") && a.starts_with('[') => {
                return self.set(a);
            }
            ("mq_open" | "shm_open", _) => {}
            ("ppoll" | "ppoll_time64" | "recvmmsg", _)
            | ("select" | "_newselect" | "pselect6" | "pselect6_time64", 4)
                if syscalls::argument(c.name, &c.args, i) == Role::Time || (is_select(c.name) && i == 4) =>
            {
                return self.limit(a);
            }
            ("pidfd_open" | "setpgid" | "getpgid", _)
                if number.is_some_and(|n| n > 1) && i < 2 && c.name != "pidfd_open"
                    || (c.name == "pidfd_open" && i == 0) =>
            {
                return self.txt("PID");
            }
            ("clone" | "clone3", _) => return self.clone_argument(a, made),
            _ => {}
        }
        match (syscalls::argument(c.name, &c.args, i), number) {
            (Role::Fd | Role::DirFd, Some(n)) if n >= 0 => match self.fd(a) {
                Some(fd) => self.name(fd),
                None => self.txt(a),
            },
            (Role::Pid, Some(n)) if n > 1 => self.txt("PID"),
            (Role::Pid, Some(n)) if n < -1 => self.txt("-PID"),
            (Role::Pointer | Role::Time, None) if is_address(a) => self.txt("PTR"),
            (Role::Time, None) if c.raw_args.contains("ABSTIME") => self.txt("TIME"),
            _ if a.len() >= 7 && is_address(a) && !(c.name == "ioctl" && i == 1) => self.txt("PTR"),
            _ if a.starts_with("{ru_utime") => self.txt("RUSAGE"),
            _ => self.neutral_value(a, context),
        }
    }

    /// A number that the program wants for a descriptor: the standard ones are kept.
    fn wanted(&mut self, number: Option<i64>, fd: Option<FdId>, text: &str) {
        match (number, fd) {
            (Some(n), Some(fd)) if n > 2 => self.name(fd),
            (Some(n), None) if n > 2 => self.txt("FD"),
            _ => self.txt(text),
        }
    }

    fn clone_argument(&mut self, a: &str, made: &[FdId]) {
        let key = ["parent_tid=[", "pidfd=["].into_iter().find(|k| a.contains(k));
        match (key, made.first()) {
            (Some(key), Some(&fd)) => {
                let at = a.find(key).map_or(0, |i| i + key.len());
                let end = a[at..].find(']').map_or(a.len(), |e| at + e);
                self.pointers(&a[..at]);
                self.name(fd);
                self.pointers(&a[end..]);
            }
            _ => self.pointers(a),
        }
    }

    /// Text in which every hexadecimal number is a pointer, and every id one of this run.
    fn pointers(&mut self, text: &str) {
        static HEX: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"0x[0-9a-f]+").expect("a constant that was tried"));
        static TID: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(tid|tidptr)=\[\d+\]").expect("a constant that was tried"));
        let plain = HEX.replace_all(text, "PTR");
        let plain = TID.replace_all(&plain, "$1=[PID]").into_owned();
        self.txt(&plain);
    }

    /// A time that is waited for at most: whole milliseconds are the program's, the rest is what was left.
    fn limit(&mut self, a: &str) {
        let digits: Vec<&str> = a.split(|ch: char| !ch.is_ascii_digit()).filter(|d| !d.is_empty()).collect();
        let micros = a.contains("usec");
        let odd =
            digits.last().is_some_and(|d| *d != "0" && !d.ends_with(if micros { "000" } else { "000000" }));
        if is_address(a) || (a.starts_with('{') && odd) {
            self.txt(if odd { "LIMIT" } else { "PTR" })
        } else {
            self.txt(a)
        }
    }

    /// `[5 6]` as names.
    pub(crate) fn set(&mut self, text: &str) {
        self.txt("[");
        let numbers: Vec<&str> =
            text.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
        for (i, n) in numbers.into_iter().enumerate() {
            if i > 0 {
                self.txt(", ");
            }
            match self.fd(n) {
                Some(fd) => self.name(fd),
                None => self.txt(n),
            }
        }
        self.txt("]");
    }

    fn is_signalfd(&mut self, c: &View<'_>) -> bool {
        self.fd(c.args[0]).is_some_and(|fd| self.kind(fd) == "signalfd")
    }

    fn links_to_machine(&self, c: &View<'_>) -> bool {
        let path = c.args[usize::from(c.name == "readlinkat")].trim_matches('"');
        Self::is_machine(path) || (path.is_empty() && c.name == "readlinkat")
    }

    fn neutral_result(&mut self, c: &View<'_>, made: &[FdId], machine: bool, context: Context) {
        if let Some(err) = c.err {
            self.txt(" = -1 ");
            return self.txt(err);
        }
        let gives = syscalls::of(c.name).map_or(Gives::Plain, |s| s.gives);
        let positive = c.ret.parse::<i64>().is_ok_and(|n| n > 0) || c.ret.starts_with("0x");
        let process = fds::is_fork(c.name)
            || gives == Gives::Pid
            || matches!(c.name, "wait4" | "waitpid" | "waitid" | "setsid" | "getsid" | "getpgid")
            || c.args.get(1) == Some(&"F_GETOWN");
        self.txt(" = ");
        match made {
            _ if process && positive => self.txt("PID"),
            _ if matches!(c.name, "dup2" | "dup3") => {
                self.wanted(c.ret.parse().ok(), made.first().copied(), c.ret);
            }
            [fd, ..] if !matches!(c.name, "pipe" | "pipe2" | "socketpair" | "recvmsg" | "recvmmsg") => {
                self.name(*fd)
            }
            _ if gives == Gives::Fd && positive && !c.name.starts_with("fcntl") && c.name != "ioctl" => {
                match self.fd(c.ret) {
                    Some(fd) => self.name(fd),
                    None => self.txt(c.ret),
                }
            }
            _ if machine
                && matches!(c.name, "read" | "pread64" | "getdents" | "getdents64")
                && c.ret != "0" =>
            {
                self.txt("N");
            }
            _ if c.name == "getcwd" => self.txt("N"),
            _ if matches!(c.name, "semget" | "shmget" | "msgget") => self.txt("ID"),
            _ if matches!(c.name, "readlink" | "readlinkat") && self.links_to_machine(c) => self.txt("N"),
            _ if c.note.starts_with("(flags ") => self.txt(c.note),
            _ if gives == Gives::Address || (c.ret.len() >= 7 && is_address(c.ret)) => self.txt("PTR"),
            _ => self.txt(c.ret),
        }
        let sets = is_select(c.name) || matches!(c.name, "poll" | "ppoll" | "ppoll_time64");
        if sets && !c.note.is_empty() && c.note != "(Timeout)" {
            self.ready(c.note, context);
        }
    }

    /// What a poll or select found: `([{fd=5, revents=POLLIN}])`, `(in [5], out [6], left {tv_sec=1})`.
    fn ready(&mut self, note: &str, context: Context) {
        let note = LEFT.replace(note, "").into_owned();
        self.txt(" ");
        let mut rest = note.as_str();
        while let Some((before, after)) = rest.split_once('[') {
            let Some((list, tail)) = after.split_once(']') else { break };
            if list.contains('{') {
                break;
            }
            self.txt(before);
            self.set(list);
            rest = tail;
        }
        self.unquoted(rest, context);
    }
}
