//! The poller in a log: registrations, events, waits, and what can be wrong with them.
//!
//! `epoll_pwait` itself is scheduling: how often it is called, by which thread, with how many empty results differs from
//! run to run. Its meaning is kept (W1): after a call that had to wait, the next call for that direction is preceded by
//! `wait(FD, r) = MASK` if the poller reported the descriptor for that direction in between. A retry that no event asked
//! for has no such line, and differs.
//!
//! Invariants:
//! - I1: events of a descriptor are recorded in the order of their lines, so the first one after a call is found by
//!   bisection.
//! - I2: a tag in `live` belongs to the descriptor it maps to; `tags_of` may hold more and is checked against `live`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;
use smallvec::SmallVec;

use crate::error::Bad;
use crate::fds::{self, FdId, Ready, Side};
use crate::lines::Origin;
use crate::log::{Log, View};
use crate::projector::Projector;
use crate::rules::Profile;
use crate::text::{bits, show_bits};
use crate::trace::{Lint, What};

/// An event, as strace writes it since 5.0 or wrote it before: `{EPOLLIN, {u32=5, u64=5}}`.
static EVENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{(?:events=)?([A-Z0-9x_|]+), (?:data=)?(\{[^}]*\}|0x[0-9a-f]+|[0-9]+)\}")
        .expect("a constant that was tried")
});
static U64: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"u64=(0x[0-9a-f]+|[0-9]+)").expect("a constant that was tried"));

/// A tag of one poller.
type Tag = (FdId, u64);

/// What the walk knows about the pollers of a process.
#[derive(Default)]
pub(crate) struct Polling {
    live: HashMap<Tag, FdId>,
    dead: HashMap<Tag, (FdId, u32)>,
    tags: HashSet<Tag>,
    tags_of: HashMap<FdId, SmallVec<[Tag; 1]>>,
    /// Threads whose blocking poll reported the eventfd and that have not read it yet.
    must_read: HashSet<u32>,
    /// First line of a poll that may block -> those of the others that were blocking then (L6).
    overlaps: HashMap<u32, Vec<u32>>,
    /// The line on which the call began that had to wait.
    waiting: HashMap<(FdId, bool), u32>,
    /// The events that a poller reported: line, bits. Lines never decrease.
    events: HashMap<FdId, Vec<(u32, Ready)>>,
    /// The shapes of polls, by what varies with the program.
    shapes: BTreeSet<String>,
}

impl Polling {
    /// What a process made by this one knows.
    pub(crate) fn inherited(&self) -> Polling {
        Polling { live: self.live.clone(), tags_of: self.tags_of.clone(), ..Polling::default() }
    }

    /// L6 needs begin and end of every wait, so they are looked at before the walk.
    pub(crate) fn learn_intervals(&mut self, log: &Log, kept: &[u32]) {
        let mut waits = Vec::new();
        for &i in kept {
            let call = &log.calls[i as usize];
            if fds::is_poll(log.strings.get(call.name)) {
                let c = log.view(call);
                if let (Ok(of), Ok(limit)) = (c.arg(0), c.arg(3))
                    && limit != "0"
                {
                    waits.push((call.entry, call.exit, of));
                }
            }
        }
        waits.sort_unstable();
        let mut active: Vec<(u32, u32, &str)> = Vec::new();
        for (entry, exit, of) in waits {
            active.retain(|o| entry < o.1);
            let others: Vec<u32> = active.iter().filter(|o| o.2 == of).map(|o| o.0).collect();
            if !others.is_empty() {
                self.overlaps.insert(entry, others);
            }
            active.push((entry, exit, of));
        }
    }

    fn forget(&mut self, ep: FdId, fd: FdId) -> SmallVec<[Tag; 1]> {
        let tags = self.tags_of.remove(&fd).unwrap_or_default();
        let (mut gone, rest): (SmallVec<[Tag; 1]>, SmallVec<[Tag; 1]>) =
            tags.into_iter().partition(|t| t.0 == ep);
        if !rest.is_empty() {
            self.tags_of.insert(fd, rest);
        }
        gone.retain(|t| self.live.get(t) == Some(&fd));
        for t in &gone {
            self.live.remove(t);
        }
        gone
    }

    fn register(&mut self, tag: Tag, fd: FdId) {
        self.live.insert(tag, fd);
        self.tags_of.entry(fd).or_default().push(tag);
    }
}

/// The limit of a poll in milliseconds: -1 for none; `epoll_pwait2` has a time.
fn limit_of(c: &View<'_>) -> Result<i64, Bad> {
    let text = c.arg(3)?;
    if c.name != "epoll_pwait2" {
        return c.int(3);
    }
    if text == "NULL" {
        return Ok(-1);
    }
    let mut numbers = text.split(|ch: char| !ch.is_ascii_digit()).filter_map(|n| n.parse::<i64>().ok());
    // tv_sec=1, tv_nsec=500: the names hold no digits.
    match (numbers.next(), numbers.next()) {
        (Some(sec), Some(ns)) => {
            Ok(sec.saturating_mul(1000).saturating_add(ns.saturating_add(999_999) / 1_000_000))
        }
        _ => Err(c.bad(format!("not a time: {text}"))),
    }
}

/// The tag in `{u32=1, u64=4294967297}`, `0x10` or `16`.
fn tag_of(c: &View<'_>, data: &str) -> Result<u64, Bad> {
    let text = U64.captures(data).and_then(|m| m.get(1)).map_or(data, |m| m.as_str());
    let tag = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    tag.map_err(|_| c.bad(format!("not the data of an event: {data}")))
}

/// A poll that the end of the process took its thread out of: strace may show what was left in the register of the result,
/// which is the number of `exit_group` then, and decodes so many events, up to the room for them, that are none.
pub(crate) fn is_cut_off(c: &View<'_>) -> bool {
    matches!((c.ret_int(), c.int(2)), (Ok(events), Ok(room)) if events > room)
}

impl Projector<'_> {
    /// A call of the poller.
    pub(crate) fn poll(&mut self, c: &View<'_>) -> Result<(), Bad> {
        self.trace.counts.polls += 1;
        let ep = self.need_fd(c, 0)?;
        if self.kind(ep) == "unknown" {
            self.trace.fds.get_mut(ep).kind = self.trace.texts.intern("epoll");
        }
        if self.kind(ep) != "epoll" {
            let text = format!("{} on a descriptor that is no epoll instance: {c}", c.name);
            self.lint(Lint::L1, c.exit, text);
        }
        self.check_shape(c);
        if c.err.is_some() {
            if self.rules.profile == Profile::Go {
                self.lint(Lint::L1, c.exit, format!("a poll failed: {c}"));
                return Ok(());
            }
            return Err(c.bad(format!("a poll failed: {c}")));
        }
        self.check_break_is_read(c, false);
        let ms = limit_of(c)?;
        let counts = &mut self.trace.counts;
        if ms < 0 {
            counts.unlimited += 1;
        } else if ms > 0 {
            counts.limited += 1;
            if c.ret == "0" {
                counts.expired += 1;
                counts.longest_ms = counts.longest_ms.max(Some(ms));
            }
        }
        if ms != 0 {
            for other in self.polling.overlaps.remove(&c.entry).unwrap_or_default() {
                let text = format!("two threads wait in the poller at once (lines {other} and {})", c.entry);
                self.lint(Lint::L6, c.entry, text);
            }
        }
        self.events(c, ep, ms)
    }

    /// A fault that Go never has; other programs may.
    pub(crate) fn lint(&mut self, lint: Lint, line: u32, text: String) {
        if self.rules.profile == Profile::Go {
            self.trace.fault(lint, line, text);
        }
    }

    fn check_shape(&mut self, c: &View<'_>) {
        self.buf.clear();
        self.buf.push_str(c.name);
        self.buf.push_str("(epoll, EVENTS, ");
        for (i, a) in c.args.iter().enumerate().skip(2) {
            if i > 2 {
                self.buf.push_str(", ");
            }
            self.buf.push_str(if i == 3 { "MS" } else { a });
        }
        self.buf.push(')');
        if !self.rules.suite {
            if self.polling.shapes.insert(self.buf.clone()) {
                let all: Vec<&str> = self.polling.shapes.iter().map(String::as_str).collect();
                self.trace.counts.signature = Some(all.join(" and "));
            }
            return;
        }
        let first = self.trace.counts.signature.get_or_insert_with(|| self.buf.clone());
        if *first != self.buf {
            let text = format!("polls of two shapes: {first} and {}", self.buf);
            self.lint(Lint::L1, c.exit, text);
        }
    }

    fn events(&mut self, c: &View<'_>, ep: FdId, ms: i64) -> Result<(), Bad> {
        let text = c.arg(1)?;
        if text == "[]" {
            return Ok(());
        }
        for m in EVENT.captures_iter(text) {
            let (mask, data) = (&m[1], &m[2]);
            let tag = (ep, tag_of(c, data)?);
            // A poller that the log did not see being made has descriptors that it did not see being added.
            let half_way = !self.trace.fds.get(ep).made;
            let Some(&fd) = self.polling.live.get(&tag) else {
                match self.polling.dead.get(&tag) {
                    Some(&(fd, gone)) if gone < c.entry => {
                        let text = format!("an event with the tag of a removed {}", self.kind(fd));
                        self.lint(Lint::L2, c.exit, text);
                    }
                    Some(_) => {} // it was removed while the poll was under way
                    None if half_way && !self.rules.suite => {}
                    None => {
                        let text = format!("an event with a tag that no ADD gave: {data}");
                        self.lint(Lint::L2, c.exit, text);
                    }
                }
                continue;
            };
            if self.kind(fd) == "eventfd" {
                if !bits(mask).eq(["EPOLLIN"]) {
                    self.lint(Lint::L4, c.exit, format!("the eventfd is ready for {mask}"));
                }
                if ms != 0 {
                    self.polling.must_read.insert(c.tid);
                }
                continue;
            }
            self.polling.events.entry(fd).or_default().push((c.exit, Ready::of(bits(mask))));
        }
        Ok(())
    }

    /// L4: the thread that took the break's event from a blocking poll reads it next.
    pub(crate) fn check_break_is_read(&mut self, c: &View<'_>, reads_it: bool) {
        if self.polling.must_read.remove(&c.tid) && !reads_it {
            let text = "the eventfd was not read after a blocking poll reported it".to_owned();
            self.lint(Lint::L4, c.exit, text);
        }
    }

    /// L4: the break is eight bytes, the number 1, and read as eight bytes.
    pub(crate) fn check_break(&mut self, c: &View<'_>) -> Result<(), Bad> {
        if self.rules.profile == Profile::Generic {
            return Ok(());
        }
        let fine = match c.err {
            Some(err) => err == "EAGAIN",
            None => c.arg(1)? == r#""\1\0\0\0\0\0\0\0""# && c.arg(2)? == "8" && c.ret == "8",
        };
        if !fine {
            self.lint(Lint::L4, c.exit, format!("the eventfd: {c}"));
        }
        Ok(())
    }

    /// A registration, written down and remembered.
    pub(crate) fn epoll_ctl(&mut self, c: &View<'_>) -> Result<(), Bad> {
        let (ep, op, fd) = (self.need_fd(c, 0)?, c.arg(1)?, self.need_fd(c, 2)?);
        self.txt("epoll_ctl(");
        self.name(ep);
        self.txt(", ");
        self.txt(op);
        self.txt(", ");
        self.name(fd);
        let event = c.arg(3)?;
        if let Some(m) = EVENT.captures(event) {
            let (mask, tag) = (show_bits(bits(&m[1])), tag_of(c, &m[2])?);
            self.txt(", {events=");
            self.txt(&mask);
            self.txt(", data=TAG})");
            self.add_or_modify(c, op, fd, (ep, tag));
        } else {
            self.txt(", ");
            self.txt(if event.starts_with("0x") { "PTR" } else { event });
            self.txt(")");
        }
        if op == "EPOLL_CTL_DEL" && c.ok() {
            for tag in self.polling.forget(ep, fd) {
                self.polling.dead.insert(tag, (fd, c.exit));
            }
        }
        self.result(c);
        Ok(())
    }

    fn add_or_modify(&mut self, c: &View<'_>, op: &str, fd: FdId, tag: Tag) {
        match op {
            "EPOLL_CTL_ADD" => {
                if !self.polling.tags.insert(tag) {
                    let text = format!("the tag of an earlier ADD is used again for {}", self.kind(fd));
                    self.lint(Lint::L3, c.exit, text);
                }
                if c.ok() {
                    self.polling.dead.remove(&tag);
                    self.polling.register(tag, fd);
                }
            }
            "EPOLL_CTL_MOD" if c.ok() => {
                self.polling.forget(tag.0, fd);
                self.polling.register(tag, fd);
            }
            _ => {}
        }
    }

    /// Which descriptors the call waits for if it cannot go on.
    fn waits_for(&mut self, c: &View<'_>, fd: Option<FdId>) -> Result<SmallVec<[(FdId, Side); 2]>, Bad> {
        let one = |side| fd.map(|fd| (fd, side)).into_iter().collect();
        Ok(match c.name {
            name if fds::is_read_op(name) => one(Side::Read),
            name if fds::is_write_op(name) => one(Side::Write),
            "sendfile" => one(Side::Write),
            "getsockopt" if c.args.get(2) == Some(&"SO_ERROR") => one(Side::Write),
            "splice" => {
                let (from, to) = (c.arg(0)?, c.arg(2)?);
                let both = [(self.fd(from), Side::Read), (self.fd(to), Side::Write)];
                both.into_iter().filter_map(|(fd, side)| Some((fd?, side))).collect()
            }
            _ => SmallVec::new(),
        })
    }

    /// W1: writes the wait that ended before this call, and notes whether the call must wait itself.
    pub(crate) fn wake(&mut self, c: &View<'_>, fd: Option<FdId>) -> Result<(), Bad> {
        for (fd, side) in self.waits_for(c, fd)? {
            if let Some(first) = self.polling.waiting.remove(&(fd, side == Side::Write)) {
                self.wait_line(c, fd, side, first);
            }
            if !matches!(c.err, Some("EAGAIN" | "EINPROGRESS")) {
                continue;
            }
            let waits = match self.kind(fd) {
                "pipeR+" | "pipeW+" => false,
                "pipeR" | "pipeW" => c.name != "splice",
                _ => true,
            };
            if waits {
                self.polling.waiting.insert((fd, side == Side::Write), c.entry);
            }
        }
        Ok(())
    }

    fn wait_line(&mut self, c: &View<'_>, fd: FdId, side: Side, first: u32) {
        let Some(events) = self.polling.events.get(&fd) else { return };
        let after = events.partition_point(|e| e.0 <= first); // I1
        let found = events[after..]
            .iter()
            .take_while(|e| e.0 <= c.entry)
            .map(|e| (e.0, e.1.for_side(side)))
            .find(|(_, ready)| !ready.is_empty());
        if let Some((at, ready)) = found {
            let start = self.begin_line();
            self.txt("wait(");
            self.name(fd);
            self.txt(&format!(", {}) = {}", side.letter(), ready.names()));
            let line = self.end_line(start, What::Wait(side), Origin { at, ..c.origin() });
            self.trace.lines.push(line);
        }
    }
}
