//! W2: the parts of one Write that did not fit at once become one line, `write-all(FD, DATA, SIZE) = SIZE, parked`.
//!
//! Where a long write is cut depends on how fast the peer reads. What the program meant does not.

use std::collections::HashMap;

use crate::error::Bad;
use crate::fds::{self, FdId, Side};
use crate::log::{Log, View};
use crate::trace::{Line, Part, Trace, What};

/// How a long write ended.
enum End {
    Whole,
    Short,
    Failed(String),
}

/// Folds the long writes of a trace.
pub(crate) fn fold_writes(trace: &mut Trace, log: &Log) -> Result<(), Bad> {
    let mut starts = Vec::new();
    for (i, line) in trace.lines.iter().enumerate() {
        if let Some(c) = write_of(log, line)
            && is_short(&c)?
            && let Some(fd) = trace.fds_of(line).next()
        {
            starts.push((i, fd));
        }
    }
    if starts.is_empty() {
        return Ok(());
    }
    let mut lines_of: HashMap<FdId, Vec<usize>> = starts.iter().map(|s| (s.1, Vec::new())).collect();
    for (i, line) in trace.lines.iter().enumerate() {
        for fd in trace.fds_of(line) {
            if let Some(all) = lines_of.get_mut(&fd)
                && all.last() != Some(&i)
            {
                all.push(i);
            }
        }
    }
    let mut gone = vec![false; trace.lines.len()];
    for (i, fd) in starts {
        if !gone[i] {
            let all = &lines_of[&fd];
            let from = all.partition_point(|j| *j < i);
            fold(trace, log, &all[from..], fd, &mut gone)?;
        }
    }
    let mut kept = gone.into_iter().map(|g| !g);
    trace.lines.retain(|_| kept.next().unwrap_or(true));
    Ok(())
}

fn write_of<'l>(log: &'l Log, line: &Line) -> Option<View<'l>> {
    let What::Call(i) = line.what else { return None };
    let call = &log.calls[i as usize];
    (log.strings.get(call.name) == "write").then(|| log.view(call))
}

fn is_short(c: &View<'_>) -> Result<bool, Bad> {
    if c.err.is_some() || !c.ret_is_number() {
        return Ok(c.err == Some("EAGAIN"));
    }
    let done = c.ret_int()?;
    Ok(done > 0 && done < c.int(2)?)
}

/// Folds the write on the first of `all`, the lines of one descriptor, with those that continue it.
fn fold(trace: &mut Trace, log: &Log, all: &[usize], fd: FdId, gone: &mut [bool]) -> Result<(), Bad> {
    let Some(first) = write_of(log, &trace.lines[all[0]]) else { return Ok(()) };
    let total = first.int(2)?;
    let (mut rest, mut parked, mut end, mut used) = (total, false, End::Short, Vec::new());
    for &j in all {
        if gone[j] {
            continue;
        }
        let c = match trace.lines[j].what {
            What::Call(i) => log.view(&log.calls[i as usize]),
            What::Wait(Side::Write) => {
                used.push(j);
                continue;
            }
            What::Wait(Side::Read) | What::WriteAll => break,
        };
        if c.name != "write" || c.int(2)? != rest {
            if fds::is_read_op(c.name) {
                continue; // the other direction goes on meanwhile
            }
            break;
        }
        used.push(j);
        match c.err {
            Some("EAGAIN") => parked = true,
            Some(err) => {
                end = End::Failed(err.to_owned());
                break;
            }
            None => {
                rest -= c.ret_int()?;
                if rest == 0 {
                    end = End::Whole;
                    break;
                }
            }
        }
    }
    let tail = match end {
        End::Whole => format!(" = {total}"),
        End::Short => " = SHORT".to_owned(),
        End::Failed(err) => format!(" = SHORT, then -1 {err}"),
    };
    let text = format!(", DATA, {total}){tail}{}", if parked { ", parked" } else { "" });
    let (head, tail) = (trace.texts.intern("write-all("), trace.texts.intern(&text));
    let start = u32::try_from(trace.parts.len()).expect("a log has fewer than 2^32 parts");
    trace.parts.extend([Part::Text(head), Part::Fd(fd), Part::Text(tail)]);
    let line = &mut trace.lines[all[0]];
    *line = Line { parts: (start, start + 3), what: What::WriteAll, origin: line.origin };
    used.iter().skip(1).for_each(|&j| gone[j] = true);
    Ok(())
}
