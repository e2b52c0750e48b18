//! A whole strace log: its finished calls, halves put together, in little memory.
//!
//! Invariants:
//! - I1: calls that rule D1 drops are checked like the others but not kept: in a log of a million lines they are most.
//! - I2: text is kept once (see [`Strings`]); a call is a few symbols and numbers.
//! - I3: a log may be cut off in its last line, and only there; that is told in [`Log::notes`], not an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use smallvec::SmallVec;

use crate::error::{Bad, Error};
use crate::lines::Origin;
use crate::parse::{self, Item, RawCall};
use crate::text::{Strings, Sym, decode};

/// D1: memory, threads, signals, time: calls that are not about descriptors.
pub fn is_dropped(name: &str) -> bool {
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

/// One finished call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The line it began on, counted from 1.
    pub entry: u32,
    /// The line it ended on.
    pub exit: u32,
    /// The thread, 0 if the log has no thread ids.
    pub tid: u32,
    /// The call's name.
    pub name: Sym,
    /// All arguments as one text.
    pub args: Sym,
    /// The result: `?`, a number, or a hexadecimal number.
    pub ret: Sym,
    /// The error's name.
    pub err: Option<Sym>,
    /// What strace says after the result.
    pub note: Sym,
}

/// The calls of a log, in the order in which they ended.
#[derive(Debug, Default)]
pub struct Log {
    /// All calls but those of D1.
    pub calls: Vec<Call>,
    /// Their texts.
    pub strings: Strings,
    /// What was odd about the log without making it unreadable.
    pub notes: Vec<String>,
    /// How many lines it has.
    pub lines: u32,
}

/// A call with its texts at hand.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The line it began on.
    pub entry: u32,
    /// The line it ended on.
    pub exit: u32,
    /// The thread.
    pub tid: u32,
    /// The call's name.
    pub name: &'a str,
    /// All arguments as one text.
    pub raw_args: &'a str,
    /// The arguments.
    pub args: SmallVec<[&'a str; 8]>,
    /// The result.
    pub ret: &'a str,
    /// The error's name.
    pub err: Option<&'a str>,
    /// What strace says after the result.
    pub note: &'a str,
}

impl<'a> View<'a> {
    /// Argument `i`; a call that lacks it does not read.
    pub fn arg(&self, i: usize) -> Result<&'a str, Bad> {
        self.args.get(i).copied().ok_or_else(|| self.bad(format!("{} has no argument {}", self.name, i + 1)))
    }

    /// Argument `i` as a number.
    pub fn int(&self, i: usize) -> Result<i64, Bad> {
        let text = self.arg(i)?;
        text.parse()
            .map_err(|_| self.bad(format!("argument {} of {} is no number: {text}", i + 1, self.name)))
    }

    /// The result as a number.
    pub fn ret_int(&self) -> Result<i64, Bad> {
        self.ret
            .parse()
            .map_err(|_| self.bad(format!("the result of {} is no number: {}", self.name, self.ret)))
    }

    /// Whether the call succeeded.
    pub fn ok(&self) -> bool {
        self.err.is_none() && self.ret != "-1"
    }

    /// Whether the result is a plain number.
    pub fn ret_is_number(&self) -> bool {
        self.ret.bytes().all(|b| b.is_ascii_digit())
    }

    /// Where it came from.
    pub fn origin(&self) -> Origin {
        Origin { at: self.entry, tid: self.tid, time_ns: 0 }
    }

    /// A complaint about this call.
    pub fn bad(&self, reason: String) -> Bad {
        Bad::new(self.entry as usize, reason)
    }
}

impl std::fmt::Display for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({}) = {} {}", self.name, self.args.join(", "), self.ret, self.err.unwrap_or(""))
    }
}

impl Log {
    /// Reads the log in a file.
    pub fn load(path: &Path) -> Result<Log, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut builder = Builder::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(Error::io(path))? == 0 {
                break;
            }
            builder.line(&line).map_err(Error::bad(path))?;
        }
        builder.finish().map_err(Error::bad(path))
    }

    /// Reads a log from memory.
    pub fn parse(bytes: &[u8]) -> Result<Log, Bad> {
        let mut builder = Builder::default();
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            builder.line(line)?;
        }
        builder.finish()
    }

    /// A call with its texts.
    pub fn view(&self, call: &Call) -> View<'_> {
        let raw_args = self.strings.get(call.args);
        View {
            entry: call.entry,
            exit: call.exit,
            tid: call.tid,
            name: self.strings.get(call.name),
            raw_args,
            args: parse::split_args(raw_args),
            ret: self.strings.get(call.ret),
            err: call.err.map(|e| self.strings.get(e)),
            note: self.strings.get(call.note),
        }
    }
}

/// A call whose second half is still to come.
struct Half {
    entry: u32,
    head: String,
}

#[derive(Default)]
struct Builder {
    log: Log,
    open: HashMap<(u32, Sym), Half>,
    seen: u64,
}

impl Builder {
    fn line(&mut self, bytes: &[u8]) -> Result<(), Bad> {
        self.log.lines += 1;
        let no = self.log.lines;
        match self.item(&decode(bytes)) {
            // I3: no line end: the writer was stopped in the middle of it.
            Err(bad) if !bytes.ends_with(b"\n") && no > 1 => {
                self.log.notes.push(format!("line {no} is cut off and left out ({})", bad.reason));
                Ok(())
            }
            other => other.map_err(|bad| bad.at(no as usize)),
        }
    }

    fn item(&mut self, text: &str) -> Result<(), Bad> {
        let no = self.log.lines;
        let (tid, item) = parse::line(text)?;
        match item {
            Item::Nothing => Ok(()),
            Item::Call(body) => self.call(&parse::without_fd_notes(body), no, tid),
            Item::Unfinished { name, head } => {
                let mut head = head.to_owned();
                if head.ends_with(',') {
                    head.push(' ');
                }
                let name = self.log.strings.intern(name);
                self.open.insert((tid, name), Half { entry: no, head });
                Ok(())
            }
            Item::Resumed { name, rest } => {
                let name = self.log.strings.intern(name);
                match self.open.remove(&(tid, name)) {
                    Some(mut half) if !parse::never_returned(rest) => {
                        half.head.push_str(rest);
                        self.call(&parse::without_fd_notes(&half.head), half.entry, tid)
                    }
                    // Its first half is before the log begins, or the program ended inside the call.
                    _ => Ok(()),
                }
            }
        }
    }

    fn call(&mut self, text: &str, entry: u32, tid: u32) -> Result<(), Bad> {
        let RawCall { name, args, ret, err, note } = parse::call(text)?;
        self.seen += 1;
        if is_dropped(name) || is_restart_of_dropped(name, args) {
            return Ok(());
        }
        let s = &mut self.log.strings;
        let call = Call {
            entry,
            exit: self.log.lines,
            tid,
            name: s.intern(name),
            args: s.intern(args),
            ret: s.intern(ret),
            err: err.map(|e| s.intern(e)),
            note: s.intern(note),
        };
        self.log.calls.push(call);
        Ok(())
    }

    fn finish(mut self) -> Result<Log, Bad> {
        if self.seen == 0 {
            return Err(Bad::new(0, "no calls in the log"));
        }
        if self.log.calls.is_empty() {
            self.log.notes.push("no call of the log is about descriptors".to_owned());
        }
        self.log.calls.shrink_to_fit();
        Ok(self.log)
    }
}

/// `restart_syscall(<... resuming interrupted futex ...>)` is the futex call again.
fn is_restart_of_dropped(name: &str, args: &str) -> bool {
    name == "restart_syscall"
        && args
            .strip_prefix("<... resuming interrupted ")
            .and_then(|r| r.strip_suffix(" ...>"))
            .is_some_and(is_dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(log: &Log) -> Vec<String> {
        log.calls.iter().map(|c| log.view(c).to_string()).collect()
    }

    #[test]
    fn halves_are_put_together() {
        let log = Log::parse(
            b"7 read(3,  <unfinished ...>\n8 close(4 <unfinished ...>\n7 <... read resumed>\"x\", 1) = 1\n\
              8 <... close resumed>) = 0\n9 <... write resumed>) = 1\n8 exit_group(0 <unfinished ...>\n\
              8 <... exit_group resumed> <unfinished ...>) = ?\n8 +++ exited with 0 +++\n",
        )
        .expect("reads");
        assert_eq!(names(&log), [r#"read(3, "x", 1) = 1 "#, "close(4) = 0 "]);
        assert_eq!((log.calls[0].entry, log.calls[0].exit), (1, 3));
    }

    #[test]
    fn a_cut_end_is_told() {
        let log = Log::parse(b"7 close(3) = 0\n7 write(1, \"ab").expect("reads");
        assert_eq!((log.calls.len(), log.notes.len()), (1, 1));
        let bad = Log::parse(b"7 close(3) = 0\n7 write(1, \"ab\n").expect_err("is wrong");
        assert_eq!(bad.line, 2);
    }

    #[test]
    fn restarts_of_dropped_calls_are_dropped() {
        let log = Log::parse(
            b"7 restart_syscall(<... resuming interrupted futex ...>) = 0\n7 restart_syscall(<... resuming interrupted poll ...>) = 1\n",
        )
        .expect("reads");
        assert_eq!(log.calls.len(), 1);
    }
}
