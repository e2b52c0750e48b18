//! The reader of logs, line by line: halves are put together, broken lines mended, what does not read counted.

use std::collections::HashMap;

use crate::error::Bad;
use crate::log::{Blocked, Call, Cost, Ended, Log, Reading};
use crate::parse::{self, End, Item, Prefix, RawCall};
use crate::stderr_mode;
use crate::text::{Sym, decode};

/// A call whose second half is still to come.
struct Half {
    entry: u32,
    time_ns: u64,
    head: String,
}

/// A line that broke off: strace writes the rest after what the program itself wrote to the same terminal.
struct Broken {
    line: u32,
    text: String,
    reason: Bad,
    /// Lines since then.
    waited: u32,
}

/// So many lines of the program's own output may stand in the middle of a call.
const PATIENCE: u32 = 200;

pub(crate) struct Builder<'r> {
    log: Log,
    reading: &'r Reading,
    open: HashMap<(u32, Sym), Half>,
    seen: u64,
    broken: Option<Broken>,
    bad: (u64, Option<Bad>),
    /// The stamp of the line before, for `-r`.
    clock_ns: u64,
}

impl<'r> Builder<'r> {
    pub(crate) fn new(reading: &'r Reading) -> Self {
        Builder {
            log: Log::default(),
            reading,
            open: HashMap::new(),
            seen: 0,
            broken: None,
            bad: (0, None),
            clock_ns: 0,
        }
    }

    pub(crate) fn line(&mut self, bytes: &[u8]) -> Result<(), Bad> {
        self.log.lines += 1;
        let no = self.log.lines;
        let text = decode(bytes);
        let whole = bytes.ends_with(b"\n");
        if let Some(broken) = &mut self.broken {
            broken.waited += 1;
            if let Some(joined) = stderr_mode::joined(&broken.text, &text) {
                let from = self.broken.take().map_or(no, |b| b.line);
                return self.read(&joined, from, true);
            }
        }
        self.read(&text, no, whole)
    }

    /// Reads one line that began on line `no`.
    fn read(&mut self, text: &str, no: u32, whole: bool) -> Result<(), Bad> {
        match self.item(text, no) {
            Ok(()) => {
                // A line that reads ends the hope for the rest of a broken one.
                if self
                    .broken
                    .as_ref()
                    .is_some_and(|b| b.waited > PATIENCE || !stderr_mode::may_go_on(&b.text))
                {
                    self.give_up()?;
                }
                Ok(())
            }
            // The writer was stopped in the middle of the last line.
            Err(bad) if !whole && no > 1 => {
                self.log.notes.push(format!("line {no} is cut off and left out ({})", bad.reason));
                Ok(())
            }
            Err(bad) => self.does_not_read(text, no, bad.at(no as usize)),
        }
    }

    fn does_not_read(&mut self, text: &str, no: u32, bad: Bad) -> Result<(), Bad> {
        let begins = stderr_mode::begins_call(text);
        // What the program itself wrote, in the middle of a broken line.
        if self.broken.is_some() && !begins {
            return Ok(());
        }
        if begins && !self.reading.strict {
            self.give_up()?;
            let text = text.trim_end_matches(['\n', '\r']).to_owned();
            self.broken = Some(Broken { line: no, text, reason: bad, waited: 0 });
            return Ok(());
        }
        // Output without an end of line, and strace's line after it.
        if !self.reading.strict
            && let Some(at) = text.find("[pid ").filter(|at| *at > 0)
            && self.item(&text[at..], no).is_ok()
        {
            return Ok(());
        }
        self.bad(bad)
    }

    fn give_up(&mut self) -> Result<(), Bad> {
        self.broken.take().map_or(Ok(()), |b| self.bad(b.reason))
    }

    fn bad(&mut self, bad: Bad) -> Result<(), Bad> {
        if self.reading.strict {
            return Err(bad);
        }
        self.bad.0 += 1;
        self.bad.1.get_or_insert(bad);
        Ok(())
    }

    fn item(&mut self, text: &str, no: u32) -> Result<(), Bad> {
        let (prefix, item) = parse::line(text)?;
        let time_ns = self.time(prefix);
        let tid = prefix.tid;
        match item {
            Item::Nothing => {}
            Item::Call(body) => self.call(&parse::without_fd_notes(body), no, prefix, time_ns)?,
            Item::Unfinished { name, head } => {
                self.seen += 1;
                let mut head = head.to_owned();
                if head.ends_with(',') {
                    head.push(' ');
                }
                let name = self.log.strings.intern(name);
                self.open.insert((tid, name), Half { entry: no, time_ns, head });
            }
            Item::Resumed { name, rest } => {
                self.seen += 1;
                let name = self.log.strings.intern(name);
                match self.open.remove(&(tid, name)) {
                    Some(mut half) if !parse::never_returned(rest) => {
                        half.head.push_str(rest);
                        self.call(&parse::without_fd_notes(&half.head), half.entry, prefix, half.time_ns)?;
                    }
                    // Its first half is before the log begins, or the program ended inside the call.
                    _ => {}
                }
            }
            Item::Ended(end) => {
                let how = match end {
                    End::Exited(status) => Ok(status),
                    End::Killed(signal) => Err(self.log.strings.intern(signal)),
                };
                self.log.ends.push(Ended { tid, line: no, how });
            }
            Item::Signal(_) => {}
            Item::Personality(mode) => self.log.facts.personality(mode),
        }
        Ok(())
    }

    fn time(&mut self, prefix: Prefix) -> u64 {
        match (prefix.time_ns, prefix.relative) {
            (0, false) => 0,
            (ns, false) => {
                self.clock_ns = ns;
                ns
            }
            (ns, true) => {
                self.clock_ns += ns;
                self.clock_ns.max(1)
            }
        }
    }

    fn call(&mut self, text: &str, entry: u32, prefix: Prefix, time_ns: u64) -> Result<(), Bad> {
        let canonical = self.log.facts.learn(text);
        let text = canonical.as_deref().unwrap_or(text);
        let RawCall { name, args, ret, err, note } = parse::call(text)?;
        let args = stderr_mode::without_output(name, args);
        let raw = RawCall { name, args, ret, err, note };
        self.seen += 1;
        self.cost(&raw, text);
        if let Some(group) = self.reading.filter.drops(&raw, text) {
            self.log.noise.count(group, name, err.is_some());
            return Ok(());
        }
        let s = &mut self.log.strings;
        let call = Call {
            entry,
            exit: self.log.lines,
            tid: prefix.tid,
            name: s.intern(name),
            args: s.intern(args),
            ret: s.intern(ret),
            err: err.map(|e| s.intern(e)),
            note: s.intern(note),
        };
        self.log.calls.push(call);
        if time_ns > 0 {
            self.log.times.resize(self.log.calls.len() - 1, 0);
            self.log.times.push(time_ns);
        }
        Ok(())
    }

    fn cost(&mut self, raw: &RawCall<'_>, text: &str) {
        if !self.log.costs.contains_key(raw.name) {
            self.log.costs.insert(raw.name.to_owned(), Cost::default());
        }
        if let Some(cost) = self.log.costs.get_mut(raw.name) {
            cost.calls += 1;
            cost.errors += u64::from(raw.err.is_some());
            cost.time_ns += parse::duration(text).unwrap_or(0);
        }
    }

    pub(crate) fn finish(mut self) -> Result<Log, Bad> {
        if let Some(broken) = self.broken.take() {
            if broken.line == self.log.lines && broken.line > 1 {
                let text = format!("line {} is cut off and left out ({})", broken.line, broken.reason.reason);
                self.log.notes.push(text);
            } else {
                self.bad(broken.reason)?;
            }
        }
        match (self.seen, self.bad) {
            (0, (_, Some(bad))) => return Err(bad),
            (0, _) => return Err(Bad::new(0, "no calls in the log")),
            (_, (n, Some(bad))) => self.log.notes.push(format!(
                "{n} line{} not read as strace output and left out; the first is line {}: {}",
                if n == 1 { " does" } else { "s do" },
                bad.line,
                bad.reason
            )),
            _ => {}
        }
        if self.log.calls.is_empty() {
            self.log.notes.push("no call of the log is compared".to_owned());
        }
        let strings = &mut self.log.strings;
        self.log.blocked = self
            .open
            .iter()
            .map(|(&(tid, name), half)| {
                let args = half.head.split_once('(').map_or("", |h| h.1).trim_end().trim_end_matches(',');
                Blocked { tid, line: half.entry, name, args: strings.intern(&parse::without_fd_notes(args)) }
            })
            .collect();
        self.log.blocked.sort_by_key(|b| b.line);
        self.log.calls.shrink_to_fit();
        Ok(self.log)
    }
}
