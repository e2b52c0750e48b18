//! How calls begin and end the lives of descriptors (A1), and what they teach about them.
//!
//! Invariants:
//! - I1: only successful calls make descriptors.

use crate::error::Bad;
use crate::fds::{self, FdId};
use crate::log::View;
use crate::trace::{Lint, Projector};

impl Projector<'_> {
    /// The descriptors that a successful call makes.
    pub(crate) fn creates(&mut self, c: &View<'_>) -> Result<Vec<FdId>, Bad> {
        let one = |fd| Ok(vec![fd]);
        match c.name {
            "socket" => {
                let kind = fds::socket_kind(c.arg(0)?, c.arg(1)?.split('|').next().unwrap_or(""));
                one(self.make(c, c.ret_int()?, kind, None))
            }
            "accept" | "accept4" => {
                let of = self.need_fd(c, 0)?;
                let kind = format!("{}c", self.kind(of));
                one(self.make(c, c.ret_int()?, &kind, None))
            }
            "openat" | "open" | "creat" => {
                let path = c.arg(usize::from(c.name == "openat"))?.trim_matches('"');
                one(self.make(c, c.ret_int()?, &format!("file:{path}"), Some(path)))
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
            "pidfd_open" => one(self.make(c, c.ret_int()?, "pidfd", None)),
            "dup" => self.duplicate(c),
            "fcntl" if c.arg(1)?.starts_with("F_DUPFD") => self.duplicate(c),
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
            _ => Ok(Vec::new()),
        }
    }

    fn duplicate(&mut self, c: &View<'_>) -> Result<Vec<FdId>, Bad> {
        let of = self.need_fd(c, 0)?;
        let kind = format!("{}+", self.kind(of));
        let path = self.path(of).map(str::to_owned);
        Ok(vec![self.make(c, c.ret_int()?, &kind, path.as_deref())])
    }

    fn make(&mut self, c: &View<'_>, num: i64, kind: &str, path: Option<&str>) -> FdId {
        if let Some(&old) = self.trace.fds.now.get(&num) {
            let open = self.kind(old).to_owned();
            if self.trace.fds.get(old).num == num && open != "unknown" {
                let text = format!("descriptor {num} made while it is still open as {open}");
                self.trace.fault(Lint::L8, c.exit, text);
            }
        }
        let texts = &mut self.trace.texts;
        let (kind, path) = (texts.intern(kind), path.map(|p| texts.intern(p)));
        self.trace.fds.make(num, kind, path)
    }

    /// What a call changes for those after it.
    pub(crate) fn after(&mut self, c: &View<'_>, fd: Option<FdId>) -> Result<(), Bad> {
        match c.name {
            "close" if c.ok() => {
                self.trace.fds.now.remove(&c.int(0)?);
            }
            "dup2" | "dup3" if c.ok() => {
                let to = c.int(1)?;
                let from = self.trace.fds.get(self.need(c, fd)?);
                let (kind, path) = (from.kind, from.path);
                self.trace.fds.make(to, kind, path);
            }
            "connect" if c.arg(1)?.contains("htons(53)") => {
                let fd = self.need(c, fd)?;
                self.trace.fds.get_mut(fd).dns = true;
            }
            "read" if c.ok() && fd.is_some() => {
                let fd = self.need(c, fd)?;
                let is_somaxconn = self.path(fd) == Some("/proc/sys/net/core/somaxconn");
                let (got, room) = (c.ret_int()?, c.int(2)?);
                let f = self.trace.fds.get_mut(fd);
                f.got += got;
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

    fn need(&self, c: &View<'_>, fd: Option<FdId>) -> Result<FdId, Bad> {
        fd.ok_or_else(|| c.bad(format!("argument 1 of {} is no descriptor", c.name)))
    }
}

/// The decimal numbers in a text.
fn numbers(text: &str) -> impl Iterator<Item = i64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok())
}
