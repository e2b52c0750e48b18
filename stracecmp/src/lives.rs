//! How calls begin and end the lives of descriptors (A1), and what they teach about them.
//!
//! Invariants:
//! - I1: only successful calls make descriptors.

use crate::error::Bad;
use crate::fds::{self, FdId};
use crate::log::View;
use crate::projector::Projector;
use crate::trace::Lint;

impl Projector<'_> {
    /// The descriptors that a successful call makes.
    pub(crate) fn creates(&mut self, c: &View<'_>) -> Result<Vec<FdId>, Bad> {
        let one = |fd| Ok(vec![fd]);
        match c.name {
            "socket" => {
                let sort = c.arg(1)?.split('|').next().unwrap_or("");
                let kind = fds::socket_kind(c.arg(0)?, sort);
                let fd = self.make(c, c.ret_int()?, kind, None);
                self.trace.fds.get_mut(fd).stream = sort == "SOCK_STREAM";
                one(fd)
            }
            "accept" | "accept4" => {
                let of = self.need_fd(c, 0)?;
                let kind = format!("{}c", self.kind(of));
                one(self.make(c, c.ret_int()?, &kind, None))
            }
            "openat" | "open" | "creat" | "openat2" => {
                let path = c.arg(usize::from(c.name.starts_with("openat")))?.trim_matches('"');
                if self.rules.suite {
                    return one(self.make(c, c.ret_int()?, &format!("file:{path}"), Some(path)));
                }
                if c.raw_args.contains("O_EXCL") {
                    self.temporary.made(path);
                }
                let path = self.neutral_file(path);
                one(self.make(c, c.ret_int()?, &format!("file:{path}"), Some(&path)))
            }
            "mkdir" | "mkdirat" if !self.rules.suite => {
                self.temporary.made(c.arg(usize::from(c.name == "mkdirat"))?.trim_matches('"'));
                Ok(Vec::new())
            }
            "dup2" | "dup3" if !self.rules.suite && c.arg(0)? != c.arg(1)? => {
                let of = self.need_fd(c, 0)?;
                let from = self.trace.fds.get(of);
                let (kind, path) = (from.kind, from.path);
                let fd = self.trace.fds.make(c.int(1)?, kind, path);
                self.ports.duplicate(of, fd);
                self.trace.fds.get_mut(fd).cloexec = c.raw_args.contains("CLOEXEC");
                one(fd)
            }
            "recvmsg" | "recvmmsg" if !self.rules.suite && c.raw_args.contains("SCM_RIGHTS") => {
                let lists = c.raw_args.split("SCM_RIGHTS, cmsg_data=[").skip(1);
                let passed: Vec<i64> =
                    lists.flat_map(|l| numbers(l.split(']').next().unwrap_or(""))).collect();
                Ok(passed.into_iter().map(|n| self.make(c, n, "passed", None)).collect())
            }
            "pipe" | "pipe2" | "socketpair" => {
                let (at, kinds) =
                    if c.name == "socketpair" { (3, ["pair", "pair"]) } else { (0, ["pipeR", "pipeW"]) };
                let text = c.arg(at)?;
                let mut nums = numbers(text);
                let (Some(a), Some(b)) = (nums.next(), nums.next()) else {
                    return Err(c.bad(format!("not a pair of descriptors: {text}")));
                };
                Ok(vec![self.make(c, a, kinds[0], None), self.make(c, b, kinds[1], None)])
            }
            "epoll_create1" | "epoll_create" => one(self.make(c, c.ret_int()?, "epoll", None)),
            "eventfd2" | "eventfd" => one(self.make(c, c.ret_int()?, "eventfd", None)),
            "pidfd_open" => {
                let fd = self.make(c, c.ret_int()?, "pidfd", None);
                self.trace.fds.get_mut(fd).cloexec = true;
                one(fd)
            }
            "dup" => self.duplicate(c),
            "fcntl" | "fcntl64" if c.arg(1)?.starts_with("F_DUPFD") => self.duplicate(c),
            "bpf" if !self.rules.suite && makes_bpf(c.arg(0)?) => {
                one(self.make(c, c.ret_int()?, "bpf", None))
            }
            "clone" | "clone3" if c.raw_args.contains("CLONE_PIDFD") => {
                let pidfd = ["parent_tid=[", "pidfd=["].iter().filter_map(|key| {
                    let at = c.raw_args.find(key)?;
                    let (num, _) = c.raw_args[at + key.len()..].split_once(']')?;
                    Some((at, num.parse().ok()?))
                });
                match pidfd.min() {
                    Some((_, num)) => one(self.make(c, num, "pidfd", None)),
                    None => Ok(Vec::new()),
                }
            }
            name if !self.rules.suite && fds::is_maker(name) && !fds::is_fork(name) => {
                // signalfd changes the set of one that is there.
                if name.starts_with("signalfd") && c.arg(0)? == c.ret {
                    return Ok(Vec::new());
                }
                one(self.make(c, c.ret_int()?, kind_by_name(name), None))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn duplicate(&mut self, c: &View<'_>) -> Result<Vec<FdId>, Bad> {
        let of = self.need_fd(c, 0)?;
        let kind = format!("{}+", self.kind(of));
        let path = self.path(of).map(str::to_owned);
        let fd = self.make(c, c.ret_int()?, &kind, path.as_deref());
        self.ports.duplicate(of, fd);
        Ok(vec![fd])
    }

    fn make(&mut self, c: &View<'_>, num: i64, kind: &str, path: Option<&str>) -> FdId {
        if let Some(&old) = self.trace.fds.now.get(&num) {
            let open = self.kind(old).to_owned();
            if self.trace.fds.get(old).num == num && open != "unknown" {
                let text = format!("descriptor {num} made while it is still open as {open}");
                self.lint(Lint::L8, c.exit, text);
            }
        }
        let texts = &mut self.trace.texts;
        let (kind, path) = (texts.intern(kind), path.map(|p| texts.intern(p)));
        let fd = self.trace.fds.make(num, kind, path);
        self.trace.fds.get_mut(fd).cloexec = c.raw_args.contains("CLOEXEC");
        fd
    }

    /// What a call changes for those after it.
    pub(crate) fn after(&mut self, c: &View<'_>, fd: Option<FdId>) -> Result<(), Bad> {
        match c.name {
            "close" if c.ok() => {
                self.trace.fds.now.remove(&c.int(0)?);
            }
            "close_range" if c.ok() && !self.rules.suite => self.close_range(c)?,
            "fcntl" | "fcntl64" if c.ok() && c.args.get(1) == Some(&"F_SETFD") => {
                let fd = self.need(c, fd)?;
                self.trace.fds.get_mut(fd).cloexec = c.arg(2)?.contains("FD_CLOEXEC");
            }
            "ioctl" if c.ok() && matches!(c.args.get(1), Some(&("FIOCLEX" | "FIONCLEX"))) => {
                let fd = self.need(c, fd)?;
                self.trace.fds.get_mut(fd).cloexec = c.args.get(1) == Some(&"FIOCLEX");
            }
            "dup2" | "dup3" if c.ok() && self.rules.suite => {
                let to = c.int(1)?;
                let of = self.need(c, fd)?;
                let from = self.trace.fds.get(of);
                let (kind, path) = (from.kind, from.path);
                let fd = self.trace.fds.make(to, kind, path);
                self.ports.duplicate(of, fd);
            }
            "connect" if c.arg(1)?.contains("htons(53)") => {
                let fd = self.need(c, fd)?;
                self.trace.fds.get_mut(fd).dns = true;
            }
            "recvfrom" | "recv" if c.ok() && fd.is_some() => {
                let fd = self.need(c, fd)?;
                self.trace.fds.get_mut(fd).lone = c.ret == "2";
            }
            "read" if c.ok() && fd.is_some() => {
                let fd = self.need(c, fd)?;
                let is_somaxconn = self.path(fd) == Some("/proc/sys/net/core/somaxconn");
                let (got, room) = (c.ret_int()?, c.int(2)?);
                let f = self.trace.fds.get_mut(fd);
                f.got += got;
                f.lone = got == 2;
                f.room = if f.room == 0 { room } else { f.room };
                if is_somaxconn {
                    let digits: String = c.arg(1)?.chars().skip(1).take_while(char::is_ascii_digit).collect();
                    if c.arg(1)?.starts_with('"') && !digits.is_empty() {
                        self.somaxconn = Some(digits);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close_range(&mut self, c: &View<'_>) -> Result<(), Bad> {
        let (from, to) = (c.int(0)?, c.int(1)?);
        let to = if to < 0 { i64::MAX } else { to };
        let marks = c.raw_args.contains("CLOSE_RANGE_CLOEXEC");
        let hit: Vec<i64> = self.trace.fds.now.keys().copied().filter(|n| (from..=to).contains(n)).collect();
        for n in hit {
            if marks {
                let fd = self.trace.fds.now[&n];
                self.trace.fds.get_mut(fd).cloexec = true;
            } else {
                self.trace.fds.now.remove(&n);
            }
        }
        Ok(())
    }

    fn need(&self, c: &View<'_>, fd: Option<FdId>) -> Result<FdId, Bad> {
        fd.ok_or_else(|| c.bad(format!("argument 1 of {} is no descriptor", c.name)))
    }
}

/// Whether a command of bpf makes a descriptor.
fn makes_bpf(command: &str) -> bool {
    ["_CREATE", "_LOAD", "_GET", "_BY_ID", "_OPEN"].iter().any(|e| command.ends_with(e))
}

/// What a call that makes a descriptor makes: `timerfd_create` a timerfd.
fn kind_by_name(name: &str) -> &str {
    const KINDS: [&str; 12] = [
        "timerfd",
        "signalfd",
        "inotify",
        "fanotify",
        "memfd",
        "userfaultfd",
        "io_uring",
        "landlock",
        "pidfd",
        "perf",
        "bpf",
        "mq",
    ];
    KINDS.into_iter().find(|k| name.starts_with(k)).unwrap_or("fd")
}

/// The decimal numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = i64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok())
}
