//! A whole strace log: its finished calls, halves put together, in little memory; how its threads ended.
//!
//! Invariants:
//! - I1: calls that the filter drops are checked like the others and counted, but not kept: in a log of a million lines they
//!   are most.
//! - I2: text is kept once (see [`Strings`]); a call is a few symbols and numbers.
//! - I3: a line that does not read is counted and left out; with `strict` it ends the reading.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use smallvec::SmallVec;

use crate::error::{Bad, Error};
use crate::facts::Facts;
use crate::input;
use crate::lines::Origin;
use crate::log_builder::Builder;
use crate::noise::{Filter, Noise};
use crate::parse;
use crate::text::{Strings, Sym};

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

/// How a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The thread.
    pub tid: u32,
    /// The line that says it.
    pub line: u32,
    /// Its status, or the signal that killed it.
    pub how: Result<i32, Sym>,
}

/// A call that never came back.
#[derive(Clone, Copy, Debug)]
pub struct Blocked {
    /// The thread.
    pub tid: u32,
    /// The line it began on.
    pub line: u32,
    /// The call's name.
    pub name: Sym,
    /// Its arguments as far as they are known.
    pub args: Sym,
}

/// How often a call was made, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How often.
    pub calls: u64,
    /// How often it failed.
    pub errors: u64,
    /// How long all of them took (`-T`), in nanoseconds.
    pub time_ns: u64,
}

/// The calls of a log, in the order in which they ended.
#[derive(Debug, Default)]
pub struct Log {
    /// All calls that the filter keeps.
    pub calls: Vec<Call>,
    /// When each call began, in nanoseconds; empty without stamps.
    pub times: Vec<u64>,
    /// Their texts.
    pub strings: Strings,
    /// How threads ended.
    pub ends: Vec<Ended>,
    /// The calls that never came back, by thread.
    pub blocked: Vec<Blocked>,
    /// What was dropped.
    pub noise: Noise,
    /// Calls, errors and time by name, of all calls.
    pub costs: BTreeMap<String, Cost>,
    /// How it was recorded.
    pub facts: Facts,
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
    /// When it began, in nanoseconds; 0 without stamps.
    pub time_ns: u64,
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

/// A number as strace writes it: decimal or hexadecimal.
fn number(text: &str) -> Option<i64> {
    let n = match text.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse::<i128>().ok(),
    }?;
    // 18446744073709551615 is -1 to the kernel as well.
    i64::try_from(n).ok().or_else(|| u64::try_from(n).ok().map(u64::cast_signed))
}

impl<'a> View<'a> {
    /// Argument `i`; a call that lacks it does not read.
    pub fn arg(&self, i: usize) -> Result<&'a str, Bad> {
        self.args.get(i).copied().ok_or_else(|| self.bad(format!("{} has no argument {}", self.name, i + 1)))
    }

    /// Argument `i` as a number.
    pub fn int(&self, i: usize) -> Result<i64, Bad> {
        let text = self.arg(i)?;
        number(text)
            .ok_or_else(|| self.bad(format!("argument {} of {} is no number: {text}", i + 1, self.name)))
    }

    /// The result as a number.
    pub fn ret_int(&self) -> Result<i64, Bad> {
        number(self.ret)
            .ok_or_else(|| self.bad(format!("the result of {} is no number: {}", self.name, self.ret)))
    }

    /// Whether the call succeeded.
    pub fn ok(&self) -> bool {
        self.err.is_none() && !self.ret.starts_with('-') && self.ret != "?"
    }

    /// Whether the result is a plain number.
    pub fn ret_is_number(&self) -> bool {
        self.ret.bytes().all(|b| b.is_ascii_digit())
    }

    /// Where it came from.
    pub fn origin(&self) -> Origin {
        Origin { at: self.entry, tid: self.tid, time_ns: self.time_ns }
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

/// How a log is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Which calls are kept.
    pub filter: Filter,
    /// Whether a line that does not read ends the reading (I3).
    pub strict: bool,
}

impl Reading {
    /// As the conformance suite reads.
    pub fn suite() -> Reading {
        Reading { filter: Filter::suite(), strict: true }
    }
}

impl Log {
    /// Reads the log in a file, with the rules of the conformance suite.
    pub fn load(path: &Path) -> Result<Log, Error> {
        Log::load_with(path, &Reading::suite())
    }

    /// Reads the log that a path names: a file, compressed or not, a pipe, `-`, a folder of `-ff`.
    pub fn load_with(path: &Path, reading: &Reading) -> Result<Log, Error> {
        Log::read(input::open(path, 0)?.rest, path, reading)
    }

    pub(crate) fn read(mut from: Box<dyn BufRead>, path: &Path, reading: &Reading) -> Result<Log, Error> {
        let mut builder = Builder::new(reading);
        let mut line = Vec::new();
        loop {
            line.clear();
            if from.read_until(b'\n', &mut line).map_err(Error::io(path))? == 0 {
                break;
            }
            builder.line(&line).map_err(Error::bad(path))?;
        }
        builder.finish().map_err(Error::bad(path))
    }

    /// Reads a log from memory, with the rules of the conformance suite.
    pub fn parse(bytes: &[u8]) -> Result<Log, Bad> {
        Log::parse_with(bytes, &Reading::suite())
    }

    /// Reads a log from memory.
    pub fn parse_with(bytes: &[u8], reading: &Reading) -> Result<Log, Bad> {
        let mut builder = Builder::new(reading);
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            builder.line(line)?;
        }
        builder.finish()
    }

    /// Call `i` with its texts.
    pub(crate) fn at(&self, i: u32) -> View<'_> {
        let mut view = self.view(&self.calls[i as usize]);
        view.time_ns = self.times.get(i as usize).copied().unwrap_or(0);
        view
    }

    /// A call with its texts.
    pub fn view(&self, call: &Call) -> View<'_> {
        let raw_args = self.strings.get(call.args);
        View {
            entry: call.entry,
            exit: call.exit,
            tid: call.tid,
            time_ns: 0,
            name: self.strings.get(call.name),
            raw_args,
            args: parse::split_args(raw_args),
            ret: self.strings.get(call.ret),
            err: call.err.map(|e| self.strings.get(e)),
            note: self.strings.get(call.note),
        }
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
