//! From differing rows to causes: what was moved, what ended otherwise, what has another argument, what is left out or added.
//!
//! Invariants:
//! - I1: a cause is read off two lines (or one and its absence) and names them; it says nothing that these do not show.
//! - I2: the same arguments with another result are an outcome, whatever call it is: only then arguments are looked at.
//! - I3: a line that is on both sides has moved; it is neither left out nor added.

use smallvec::SmallVec;

use crate::diff::{Mark, Row};
use crate::explain::Class;
use crate::parse;
use crate::text::{Piece, pieces};

/// A line and its place in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line of the file; 0 if it has none.
    pub line: u32,
    /// The line.
    pub text: String,
}

/// Why something differs, with its evidence (I1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The class.
    pub class: Class,
    /// The descriptor: `tcp6c`; empty if it is about none.
    pub kind: String,
    /// What each program does.
    pub says: String,
    /// The reference's line.
    pub want: Option<Place>,
    /// The candidate's line.
    pub got: Option<Place>,
    /// How many descriptors show it.
    pub times: usize,
}

/// A line in its parts.
struct Said<'a> {
    call: &'a str,
    args: SmallVec<[&'a str; 8]>,
    raw_args: &'a str,
    result: &'a str,
}

impl<'a> Said<'a> {
    fn of(line: &'a str) -> Said<'a> {
        let (call, rest) = line.split_once('(').unwrap_or((line, ""));
        let (raw_args, result) = rest.rsplit_once(") = ").unwrap_or((rest, ""));
        Said { call, args: parse::split_args(raw_args), raw_args, result }
    }

    fn error(&self) -> Option<&'a str> {
        self.result.strip_prefix("-1 ")
    }

    /// Whether the call had to wait.
    fn tried(&self) -> bool {
        matches!(self.error(), Some("EAGAIN" | "EINPROGRESS"))
    }

    fn data(&self) -> Option<&'a str> {
        pieces(self.raw_args).find_map(|p| if let Piece::Quoted(q) = p { Some(q) } else { None })
    }

    /// `epoll_ctl` with its operation, other calls by name.
    fn name(&self) -> String {
        match (self.call, self.args.get(1), self.args.get(2)) {
            ("epoll_ctl", Some(op), _) => op.to_string(),
            ("setsockopt" | "getsockopt", _, Some(option)) => format!("{} {option}", self.call),
            ("fcntl", Some(what), _) => format!("fcntl {what}"),
            _ => self.call.to_owned(),
        }
    }
}

/// Whether a call carries data.
fn moves_data(call: &str) -> bool {
    const CALLS: [&str; 16] = [
        "read",
        "write",
        "readv",
        "writev",
        "recvfrom",
        "sendto",
        "recvmsg",
        "sendmsg",
        "recv",
        "send",
        "sendfile",
        "splice",
        "write-all",
        "copy_file_range",
        "pread64",
        "pwrite64",
    ];
    CALLS.contains(&call)
}

/// The causes that the rows of one descriptor show.
pub(crate) fn of_rows(kind: &str, rows: &[Row], times: usize) -> Vec<Cause> {
    let mut gone: Vec<usize> = at(rows, Mark::Gone);
    let mut new: Vec<usize> = at(rows, Mark::New);
    let mut out = Vec::new();
    let mut tell = |class, says: String, g: Option<usize>, n: Option<usize>| {
        let want = g.map(|g| Place { line: rows[g].want, text: rows[g].text.clone() });
        let got = n.map(|n| Place { line: rows[n].got, text: rows[n].text.clone() });
        out.push(Cause { class, kind: kind.to_owned(), says, want, got, times });
    };
    let said = |i: usize| Said::of(&rows[i].text);
    // I3
    take_pairs(
        &mut gone,
        &mut new,
        |g, n| rows[g].text == rows[n].text,
        |g, n| {
            let (class, says) = moved(rows, g, n);
            tell(class, says, Some(g), Some(n));
        },
    );
    // I2
    let outcome = |g: usize, n: usize| (said(g).call, said(g).raw_args) == (said(n).call, said(n).raw_args);
    take_pairs(&mut gone, &mut new, outcome, |g, n| {
        let (class, says) = ended(&said(g), &said(n));
        tell(class, says, Some(g), Some(n));
    });
    // A call that had to wait is not one that went through.
    let one_argument = |g: usize, n: usize| {
        let (a, b) = (said(g), said(n));
        a.name() == b.name() && a.tried() == b.tried() && differing(&a, &b).len() == 1
    };
    take_pairs(&mut gone, &mut new, one_argument, |g, n| {
        let (class, says) = changed(&said(g), &said(n));
        tell(class, says, Some(g), Some(n));
    });
    let same_call = |g: usize, n: usize| said(g).call == said(n).call && said(g).tried() == said(n).tried();
    take_pairs(&mut gone, &mut new, same_call, |g, n| {
        let (class, says) = changed(&said(g), &said(n));
        tell(class, says, Some(g), Some(n));
    });
    let same_data = |g: usize, n: usize| {
        let (a, b) = (said(g), said(n));
        moves_data(a.call) && moves_data(b.call) && a.data().is_some() && a.data() == b.data()
    };
    take_pairs(&mut gone, &mut new, same_data, |g, n| {
        let says =
            format!("the same bytes go by {} here, by {} in the reference", said(n).call, said(g).call);
        tell(Class::OtherCallForData, says, Some(g), Some(n));
    });
    for g in gone {
        let (class, says) = left_out(&said(g));
        tell(class, says, Some(g), None);
    }
    for n in new {
        let (class, says) = added(rows, n, &said(n));
        tell(class, says, None, Some(n));
    }
    // What follows from a registration that is not there is no mistake of its own.
    if out.iter().any(|c| c.class == Class::NotRegistered) {
        out.retain(|c| !matches!(c.class, Class::NoWaitForEvent | Class::NoDelBeforeClose));
    }
    out
}

/// Calls that make a descriptor in the reference and fail here, or the other way round: their lines stand in the sequences of
/// different descriptors, or of none.
pub(crate) fn failed_makers<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<Cause> {
    let of = |mark| {
        let lines = rows.clone().filter(move |r| r.mark == mark).map(|r| (r, Said::of(&r.text)));
        lines.filter(|(_, s)| s.result == "self" || s.error().is_some()).collect::<Vec<_>>()
    };
    let mut theirs = of(Mark::New);
    let mut out: Vec<Cause> = Vec::new();
    for (want, a) in of(Mark::Gone) {
        let fits = |b: &Said<'_>| {
            (a.call, a.raw_args) == (b.call, b.raw_args) && (a.result == "self") != (b.result == "self")
        };
        if let Some(i) = theirs.iter().position(|(_, b)| fits(b)) {
            let (got, b) = theirs.remove(i);
            let place = |line, row: &Row| Some(Place { line, text: row.text.clone() });
            let (class, says) = ended(&a, &b);
            let (want, got) = (place(want.want, want), place(got.got, got));
            out.push(Cause { class, kind: String::new(), says, want, got, times: 1 });
        }
    }
    out
}

fn at(rows: &[Row], mark: Mark) -> Vec<usize> {
    rows.iter().enumerate().filter(|(_, r)| r.mark == mark).map(|(i, _)| i).collect()
}

/// Takes out the pairs that belong together, each line once.
fn take_pairs(
    gone: &mut Vec<usize>,
    new: &mut Vec<usize>,
    fits: impl Fn(usize, usize) -> bool,
    mut pair: impl FnMut(usize, usize),
) {
    gone.retain(|&g| match new.iter().position(|&n| fits(g, n)) {
        Some(i) => {
            pair(g, new.remove(i));
            false
        }
        None => true,
    });
}

/// A line that stands elsewhere: what it has passed.
fn moved(rows: &[Row], gone: usize, new: usize) -> (Class, String) {
    let (from, to) = (gone.min(new), gone.max(new));
    let mut passed = rows[from + 1..to].iter().filter(|r| r.mark == Mark::Same);
    let other = if gone < new { passed.next_back() } else { passed.next() };
    let mine = Said::of(&rows[gone].text);
    let (here, there) = if gone < new { ("after", "before") } else { ("before", "after") };
    let Some(other) = other.map(|r| Said::of(&r.text)) else {
        return (Class::OtherOrder, format!("{} stands elsewhere", mine.name()));
    };
    let (a, b) = (mine.name(), other.name());
    let class = match ((a.as_str(), here), b.as_str()) {
        (("EPOLL_CTL_DEL", "after"), "close") | (("close", "before"), "EPOLL_CTL_DEL") => {
            Class::ClosedBeforeDel
        }
        _ => Class::OtherOrder,
    };
    (class, format!("{a} comes {here} {b} here, {there} it in the reference"))
}

/// The same call with the same arguments and another result.
fn ended(want: &Said<'_>, got: &Said<'_>) -> (Class, String) {
    if want.call == "wait" {
        let says = format!("woken by {} here, by {} in the reference", got.result, want.result);
        return (Class::OtherReadiness, says);
    }
    let how = |s: &Said<'_>| match s.error() {
        Some(err) => format!("fails with {err}"),
        None if s.result == "self" => "makes a descriptor".to_owned(),
        None => format!("returns {}", s.result),
    };
    let hint = got.error().or(want.error()).and_then(meaning).map_or(String::new(), |m| format!(" ({m})"));
    (
        Class::OtherResult,
        format!("{} {} here{hint}, in the reference it {}", want.name(), how(got), how(want)),
    )
}

/// What the most frequent errors mean.
fn meaning(error: &str) -> Option<&'static str> {
    Some(match error {
        "EADDRINUSE" => "another socket has this address",
        "EADDRNOTAVAIL" => "the machine does not have this address",
        "ECONNREFUSED" => "nobody listens there",
        "ECONNRESET" => "the other side broke the connection off",
        "EPIPE" => "the other side reads no more",
        "EMFILE" => "the process has no descriptor left",
        "ENFILE" => "the machine has no descriptor left",
        "ENOMEM" => "there is no memory left",
        "EACCES" | "EPERM" => "it is not allowed",
        "ENOENT" => "it does not exist",
        "EEXIST" => "it exists already",
        "EBADF" => "the descriptor is not open",
        "ETIMEDOUT" => "no answer in time",
        "EAGAIN" => "it would have to wait",
        "EINPROGRESS" => "it goes on in the background",
        "ENOSYS" | "EOPNOTSUPP" => "this kernel does not know it",
        _ => return None,
    })
}

/// The arguments that differ.
fn differing(want: &Said<'_>, got: &Said<'_>) -> Vec<usize> {
    let n = want.args.len().max(got.args.len());
    (0..n).filter(|&i| want.args.get(i) != got.args.get(i)).collect()
}

/// What an argument is called.
fn argument_name(call: &str, i: usize) -> String {
    let known = match (call, i) {
        ("socket", 0) => "the family",
        ("socket", 1) => "the type",
        ("socket", 2) => "the protocol",
        ("listen", 1) => "the backlog",
        ("bind" | "connect", 1) | ("getsockname" | "getpeername" | "accept" | "accept4", 1) => "the address",
        ("accept4", 3) | ("openat", 2) | ("pipe2" | "eventfd2" | "dup3", 1 | 2) | ("epoll_create1", 0) => {
            "the flags"
        }
        ("openat", 1) | ("open" | "unlink", 0) => "the path",
        ("read" | "write" | "recvfrom" | "sendto" | "pread64" | "pwrite64", 1) => "the data",
        ("read" | "write" | "recvfrom" | "sendto" | "pread64" | "pwrite64" | "write-all", 2) => "the size",
        ("epoll_ctl", 1) => "the operation",
        ("epoll_ctl", 3) => "the event",
        ("setsockopt" | "getsockopt", 2) => "the option",
        ("setsockopt" | "getsockopt", 3) => "the value",
        ("shutdown", 1) => "the side",
        _ => return format!("argument {}", i + 1),
    };
    known.to_owned()
}

/// The same call with other arguments.
fn changed(want: &Said<'_>, got: &Said<'_>) -> (Class, String) {
    let all = differing(want, got);
    let first = all.first().copied().unwrap_or(0);
    let of = |s: &Said<'_>, i: usize| s.args.get(i).map_or("nothing".to_owned(), |a| short(a));
    let parts: Vec<String> = all
        .iter()
        .take(3)
        .map(|&i| {
            format!(
                "{} is {} here, {} in the reference",
                argument_name(want.call, i),
                of(got, i),
                of(want, i)
            )
        })
        .collect();
    let says = format!("{}: {}", want.name(), parts.join("; "));
    let at = |s: &Said<'_>, i: usize| s.args.get(i).copied().unwrap_or("").to_owned();
    let class = match (want.call, first) {
        ("epoll_ctl", 1) => match (at(want, 1).as_str(), at(got, 1).as_str()) {
            (_, "EPOLL_CTL_MOD") => Class::Rearmed,
            ("EPOLL_CTL_DEL", _) => Class::NoDelBeforeClose,
            _ => Class::OtherRegistration,
        },
        ("epoll_ctl", 3) => events(&at(want, 3), &at(got, 3)),
        ("epoll_ctl", _) => Class::OtherRegistration,
        ("setsockopt", _) => Class::SocketOptions,
        ("listen", 1) => Class::OtherBacklog,
        ("socket", 0) | ("bind" | "connect" | "getsockname" | "getpeername", 1 | 2) => Class::OtherAddress,
        ("accept" | "accept4", 1 | 2) => Class::OtherAddress,
        ("socket", 1) | ("accept4", 3) | ("pipe2" | "eventfd2" | "dup3", 1 | 2) | ("epoll_create1", 0) => {
            let flags = |t: String| ["_NONBLOCK", "_CLOEXEC"].map(|f| t.contains(f));
            if flags(at(want, first)) == flags(at(got, first)) {
                Class::OtherArgument
            } else {
                Class::CreationFlags
            }
        }
        ("openat", 1) | ("open", 0) => Class::Files,
        (call, 1) if moves_data(call) && want.data() != got.data() => Class::OtherData,
        (call, _) if moves_data(call) && want.data() == got.data() && all.iter().all(|i| *i >= 2) => {
            Class::OtherBuffer
        }
        (call, _) if moves_data(call) && want.data() != got.data() => Class::OtherData,
        _ => Class::OtherArgument,
    };
    (class, says)
}

/// How two events of a registration differ.
fn events(want: &str, got: &str) -> Class {
    let has = |text: &str, bit: &str| text.contains(bit);
    let newly = |bit| has(got, bit) && !has(want, bit);
    if newly("EPOLLONESHOT") {
        Class::Rearmed
    } else if newly("EPOLLEXCLUSIVE") {
        Class::Exclusive
    } else if has(want, "EPOLLET") && !has(got, "EPOLLET") {
        Class::LevelTriggered
    } else if newly("EPOLLET") {
        Class::EdgeTriggered
    } else {
        Class::OtherEvents
    }
}

fn left_out(s: &Said<'_>) -> (Class, String) {
    let class = match s.name().as_str() {
        "wait" => Class::NoWaitForEvent,
        "EPOLL_CTL_DEL" => Class::NoDelBeforeClose,
        "EPOLL_CTL_ADD" => Class::NotRegistered,
        "close" => Class::NotClosed,
        "getsockname" | "getpeername" => Class::AddressNotAsked,
        _ if s.call == "setsockopt" => Class::SocketOptions,
        _ if s.error() == Some("EAGAIN") && (moves_data(s.call) || s.call.starts_with("accept")) => {
            Class::DidNotTryFirst
        }
        _ => Class::LeftOut,
    };
    if s.call == "wait" {
        let says =
            format!("the reference waits here until {}, the candidate goes on without an event", s.result);
        return (class, says);
    }
    let tried = if class == Class::DidNotTryFirst { " in vain once more" } else { "" };
    (class, format!("the reference calls {}{tried}, the candidate does not", s.name()))
}

fn added(rows: &[Row], n: usize, s: &Said<'_>) -> (Class, String) {
    let same = |i: Option<usize>| {
        i.and_then(|i| rows.get(i)).is_some_and(|r| r.mark == Mark::Same && r.text == rows[n].text)
    };
    if same(n.checked_sub(1)) || same(Some(n + 1)) {
        return (Class::Repeated, format!("{} is called once more than in the reference", s.name()));
    }
    let class = match s.name().as_str() {
        "wait" => Class::WaitsMore,
        "EPOLL_CTL_MOD" => Class::Rearmed,
        "EPOLL_CTL_ADD" | "EPOLL_CTL_DEL" => Class::RegisteredTooMuch,
        "fcntl F_SETFL" | "fcntl F_SETFD" | "fcntl F_GETFL" => Class::CreationFlags,
        _ if s.call == "ioctl" && s.raw_args.contains("FIONBIO") => Class::CreationFlags,
        _ if s.call == "setsockopt" => Class::SocketOptions,
        _ if s.error() == Some("EAGAIN") && (moves_data(s.call) || s.call.starts_with("accept")) => {
            Class::TriesMore
        }
        _ => Class::Added,
    };
    if s.call == "wait" {
        return (class, format!("the candidate waits here until {}, the reference does not", s.result));
    }
    (class, format!("the candidate calls {}, the reference does not", s.name()))
}

/// The beginning of a long argument.
fn short(text: &str) -> String {
    let mut out: String = text.chars().take(60).collect();
    if out.len() < text.len() {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
#[path = "causes_tests.rs"]
mod tests;
