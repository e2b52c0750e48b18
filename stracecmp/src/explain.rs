//! What a difference means: the classes of mistakes that ports of Go's network poller make.
//!
//! Invariants:
//! - I1: explanations never change a verdict; they are read off the findings.

use std::collections::BTreeMap;

use crate::compare::{Finding, Report, Wait};
use crate::diff::{Change, Mark};
use crate::trace::Lint;

/// A class of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Registered without EPOLLET.
    LevelTriggered,
    /// Registered for other events.
    OtherEvents,
    /// Registered with EPOLLONESHOT or changed with EPOLL_CTL_MOD.
    Rearmed,
    /// Not registered at all.
    NotRegistered,
    /// Registered where the reference does not.
    RegisteredTooMuch,
    /// Closed while registered.
    NoDelBeforeClose,
    /// Not closed.
    NotClosed,
    /// Made without SOCK_NONBLOCK or SOCK_CLOEXEC.
    CreationFlags,
    /// A call went on without an event.
    NoWaitForEvent,
    /// Waited without trying first, or tried less often.
    DidNotTryFirst,
    /// The same bytes by another call.
    OtherCallForData,
    /// The same call with another size of buffer.
    OtherBuffer,
    /// Other bytes.
    OtherData,
    /// Another backlog.
    OtherBacklog,
    /// Socket options.
    SocketOptions,
    /// Another address family or address.
    OtherAddress,
    /// The address is not asked for.
    AddressNotAsked,
    /// There is no epoll instance, or no eventfd to wake it.
    NoPoller,
    /// The probe sockets are missing.
    NoProbes,
    /// Files that Go reads.
    Files,
    /// Another outcome of the same call.
    OtherResult,
    /// Only the order.
    OnlyOrder,
    /// Something else in the lines.
    Other,
    /// Polled with a limit.
    LimitedWait,
    /// Never blocked in the poller.
    NeverBlocks,
    /// No limit expired.
    NoTimerWait,
    /// A limit of another length.
    OtherLimit,
    /// Blocked where the reference never does.
    BlocksTooMuch,
    /// Asked far too often.
    BusyPolling,
    /// Another way to ask.
    PollShape,
    /// Polls of two shapes, or one that failed ([`Lint::L1`]).
    OddPolls,
    /// An event of a descriptor that is gone, or that nobody asked for ([`Lint::L2`]).
    StaleEvent,
    /// A tag used twice ([`Lint::L3`]).
    TagReused,
    /// The eventfd is not used as Go uses it ([`Lint::L4`]).
    Break,
    /// Two threads block in the poller at once ([`Lint::L6`]).
    TwoPollers,
    /// A descriptor made twice ([`Lint::L8`]).
    MadeTwice,
    /// Child processes.
    Children,
    /// The start-up.
    StartUp,
    /// Another exit status, or a signal.
    EndsOtherwise,
    /// Blocked in other calls at the end.
    BlockedElsewhere,
}

impl Class {
    /// Its short name.
    pub fn title(self) -> &'static str {
        self.words().0
    }

    /// What it means, and what Go does.
    pub fn text(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Class::LevelTriggered => (
                "level-triggered",
                "Go registers each descriptor once, with EPOLLET: an event is reported once per change, and who tries the \
                 call until EAGAIN misses none. Without EPOLLET every poll reports it again.",
            ),
            Class::OtherEvents => (
                "other events asked for",
                "Go asks for EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET at once, so it never has to change a registration.",
            ),
            Class::Rearmed => (
                "registration changed or one-shot",
                "Go never calls EPOLL_CTL_MOD: one edge-triggered registration for both directions lasts a descriptor's life.",
            ),
            Class::NotRegistered => (
                "not registered with the poller",
                "Go adds each pollable descriptor when it is made, also one that is never waited for.",
            ),
            Class::RegisteredTooMuch => (
                "registered, where Go does not",
                "Short-lived descriptors such as probe sockets never meet the poller in Go.",
            ),
            Class::NoDelBeforeClose => (
                "no EPOLL_CTL_DEL before close",
                "Go takes a descriptor out of the poller before it closes it, so no event can name a descriptor that is gone, \
                 not even if a duplicate of it is open elsewhere.",
            ),
            Class::NotClosed => {
                ("not closed", "The reference closes this descriptor; here it stays open until the end.")
            }
            Class::CreationFlags => (
                "made with other flags",
                "Go asks for SOCK_NONBLOCK and SOCK_CLOEXEC in the call that makes the descriptor: no fcntl after it, and no \
                 moment in which a fork could inherit it.",
            ),
            Class::NoWaitForEvent => (
                "went on without an event",
                "After EAGAIN Go parks the goroutine and tries again only when the poller has reported that direction.",
            ),
            Class::DidNotTryFirst => {
                ("did not try first", "Go makes the call at once and waits only after EAGAIN.")
            }
            Class::OtherCallForData => (
                "another call for the same data",
                "Go reads and writes connections with read and write. Rust's standard library uses recvfrom and sendto on \
                 sockets; code built on it shows here.",
            ),
            Class::OtherBuffer => (
                "a buffer of another size",
                "The call is made with another size than the reference's: another buffer, or a short read that is continued.",
            ),
            Class::OtherData => {
                ("other data", "The program reads, writes or prints other bytes than the reference.")
            }
            Class::OtherBacklog => (
                "another backlog",
                "Go listens with what /proc/sys/net/core/somaxconn says (SOMAXCONN here). Rust's standard library uses a constant.",
            ),
            Class::SocketOptions => (
                "socket options",
                "Go sets SO_REUSEADDR on listeners, IPV6_V6ONLY on IPv6 sockets, and on TCP connections TCP_NODELAY and \
                 keep-alive (15 s, 15 s, 9 probes), in this order.",
            ),
            Class::OtherAddress => (
                "another address",
                "For an address without a host Go listens on one IPv6 socket for both families if the machine can.",
            ),
            Class::AddressNotAsked => (
                "the address is not asked for",
                "Go calls getsockname once a descriptor is bound, accepted or connected, and getpeername when it is not told, \
                 and keeps the answers.",
            ),
            Class::NoPoller => (
                "no poller",
                "Go makes an epoll instance and an eventfd that wakes it with the first descriptor or timer that needs them.",
            ),
            Class::NoProbes => (
                "no probe for IPv4 and IPv6",
                "Before the first use of the network Go makes three sockets that only find out which families work.",
            ),
            Class::Files => (
                "other files",
                "The program opens other files than the reference, or reads them differently.",
            ),
            Class::OtherResult => {
                ("another outcome", "The same call with the same arguments ends with another result.")
            }
            Class::OnlyOrder => (
                "only the order differs",
                "Each descriptor sees what it should; what differs is when, relative to the others.",
            ),
            Class::Other => ("other calls", "The program makes other calls, or leaves some out."),
            Class::LimitedWait => (
                "polled with a timeout where Go blocks",
                "Without timers Go's last idle thread waits in epoll_pwait without limit: an idle program costs nothing.",
            ),
            Class::NeverBlocks => (
                "never blocks in the poller",
                "When nothing can run, one thread of Go waits in epoll_pwait(-1). A program that only polls with 0 spins; one \
                 that sleeps elsewhere wakes late.",
            ),
            Class::NoTimerWait => (
                "timers do not end a wait in the poller",
                "Go has no timer thread: the thread in epoll_pwait waits until the next timer is due.",
            ),
            Class::OtherLimit => (
                "a limit of another length",
                "The longest limit that expired in the poller is not the reference's (within 10 % and 5 ms).",
            ),
            Class::BlocksTooMuch => (
                "blocks in the poller where Go never does",
                "No run of the reference waits there: this program leaves something out that keeps Go's busy, or waits too early.",
            ),
            Class::BusyPolling => (
                "polls far more often",
                "Go asks with timeout 0 only while it looks for work. Many empty polls mean a loop that spins.",
            ),
            Class::PollShape => {
                ("another way to poll", "Go calls epoll_pwait with room for 128 events and no signal mask.")
            }
            Class::OddPolls => {
                ("polls of different kinds, or failed ones", "All polls of a program look the same in Go.")
            }
            Class::StaleEvent => (
                "an event of a descriptor that is gone",
                "The poller reported a tag that was not registered, or no longer. A tag must be taken out before its memory goes.",
            ),
            Class::TagReused => (
                "a tag used twice",
                "Go's tags carry a sequence number, so an event that is late for one descriptor cannot wake the next one.",
            ),
            Class::Break => (
                "the poller's break",
                "Go wakes a blocked poller by writing the eight bytes of 1 to an eventfd, registered for EPOLLIN and level-\
                 triggered, and only a thread that was blocked reads it, at once.",
            ),
            Class::TwoPollers => (
                "two threads block in the poller",
                "In Go at most one thread waits in the poller; the others sleep on a futex.",
            ),
            Class::MadeTwice => (
                "a descriptor made twice",
                "A number was made that was still open: the log lacks its close, or something closed it that strace did not see.",
            ),
            Class::Children => (
                "child processes",
                "Children make other calls between fork and exec, or their number differs.",
            ),
            Class::EndsOtherwise => {
                ("another end", "One side works to its end, the other one does not: look there first.")
            }
            Class::BlockedElsewhere => {
                ("blocked in other calls", "What a program waits in when it is stopped is what it never got.")
            }
            Class::StartUp => {
                ("start-up", "What the runtime does before the program's first own call differs (rule P2).")
            }
        }
    }
}

/// A class that a report shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The class.
    pub class: Class,
    /// How many lines or findings show it.
    pub times: usize,
}

/// What the findings of a report mean, without repetition.
pub fn explain(report: &Report) -> Vec<Explanation> {
    let mut times: BTreeMap<Class, usize> = BTreeMap::new();
    for finding in &report.findings {
        for (class, n) in classes(finding) {
            *times.entry(class).or_default() += n;
        }
    }
    times.into_iter().map(|(class, times)| Explanation { class, times }).collect()
}

fn classes(finding: &Finding) -> Vec<(Class, usize)> {
    match finding {
        Finding::Lint(fault) => vec![(
            match fault.lint {
                Lint::L1 => Class::OddPolls,
                Lint::L2 => Class::StaleEvent,
                Lint::L3 => Class::TagReused,
                Lint::L4 => Class::Break,
                Lint::L6 => Class::TwoPollers,
                Lint::L8 => Class::MadeTwice,
            },
            1,
        )],
        Finding::Order { by_fd, .. } if by_fd.is_empty() => vec![(Class::OnlyOrder, 1)],
        Finding::Order { by_fd, .. } | Finding::Sequences(by_fd) => {
            let mut out = Vec::new();
            for c in by_fd.iter().filter(|c| c.kind != "epoll" || by_fd.iter().all(|c| c.kind == "epoll")) {
                let (gone, new) = sides(&c.change);
                let all = lines(&c.kind, &gone, &new);
                out.extend(all.into_iter().map(|class| (class, c.times)));
            }
            out
        }
        Finding::Child(..) => vec![(Class::Children, 1)],
        Finding::PollShape { .. } => vec![(Class::PollShape, 1)],
        Finding::PollCount { .. } => vec![(Class::BusyPolling, 1)],
        Finding::NoWait(Wait::Unlimited) => vec![(Class::NeverBlocks, 1)],
        Finding::NoWait(_) => vec![(Class::NoTimerWait, 1)],
        Finding::UnwantedWait(Wait::Unlimited) => vec![(Class::BlocksTooMuch, 1)],
        Finding::UnwantedWait(_) => vec![(Class::LimitedWait, 1)],
        Finding::Limit { .. } => vec![(Class::OtherLimit, 1)],
        Finding::Prologue(_) => vec![(Class::StartUp, 1)],
        Finding::Ending { .. } => vec![(Class::EndsOtherwise, 1)],
        Finding::Blocked { .. } => vec![(Class::BlockedElsewhere, 1)],
    }
}

fn sides(change: &Change) -> (Vec<&str>, Vec<&str>) {
    let (Change::Missing(rows) | Change::Extra(rows) | Change::Differs(rows)) = change;
    let of = |mark| rows.iter().filter(move |r| r.mark == mark).map(|r| r.text.as_str()).collect();
    (of(Mark::Gone), of(Mark::New))
}

fn call(line: &str) -> &str {
    line.split('(').next().unwrap_or(line)
}

/// The classes that the differing lines of one descriptor show: first what was changed, then what was left out or added.
fn lines(kind: &str, gone: &[&str], new: &[&str]) -> Vec<Class> {
    let (mut gone, mut new) = (gone.to_vec(), new.to_vec());
    let mut out = Vec::new();
    if kind.starts_with("file:") {
        return vec![Class::Files];
    }
    if matches!(kind, "epoll" | "eventfd") && new.is_empty() && gone.iter().any(|l| l.ends_with(" = self")) {
        return vec![Class::NoPoller];
    }
    let whole_life = |lines: &[&str]| {
        lines.iter().any(|l| call(l) == "socket") && lines.iter().any(|l| call(l) == "close")
    };
    if new.is_empty() && whole_life(&gone) && !gone.iter().any(|l| l.contains("EPOLL_CTL_ADD")) {
        return vec![Class::NoProbes];
    }
    // The same call on both sides: something in it changed. A call that had to wait is not one that went through.
    gone.retain(|g| match new.iter().position(|n| call(n) == call(g) && tried(n) == tried(g)) {
        Some(i) => {
            out.push(changed(g, new.remove(i)));
            false
        }
        None => true,
    });
    // The same bytes by another call.
    let carries = |l: &str| moves_data(call(l)) && !tried(l);
    gone.retain(|g| match new.iter().position(|n| carries(n) && carries(g)) {
        Some(i) => {
            new.remove(i);
            out.push(Class::OtherCallForData);
            false
        }
        None => true,
    });
    out.extend(gone.iter().map(|l| left_out(l)));
    out.extend(new.iter().map(|l| added(l)));
    // Without the wait lines of an ADD that is missing too, its consequences would be told as mistakes of their own.
    if out.contains(&Class::NotRegistered) {
        out.retain(|c| !matches!(c, Class::NoWaitForEvent | Class::NoDelBeforeClose));
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Whether the call had to wait.
fn tried(line: &str) -> bool {
    line.ends_with("EAGAIN") || line.ends_with("EINPROGRESS")
}

fn moves_data(name: &str) -> bool {
    const CALLS: [&str; 12] = [
        "read",
        "write",
        "readv",
        "writev",
        "recvfrom",
        "sendto",
        "recvmsg",
        "sendmsg",
        "sendfile",
        "splice",
        "write-all",
        "copy_file_range",
    ];
    CALLS.contains(&call(name))
}

/// What a change in a call's line means.
fn changed(gone: &str, new: &str) -> Class {
    let both = |text: &str| gone.contains(text) && new.contains(text);
    let without_result = |l: &str| l.rsplit_once(" = ").map_or(l.to_owned(), |p| p.0.to_owned());
    match call(gone) {
        "epoll_ctl" if both("EPOLL_CTL_ADD") => {
            if gone.contains("EPOLLET") && !new.contains("EPOLLET") {
                Class::LevelTriggered
            } else if new.contains("EPOLLONESHOT") {
                Class::Rearmed
            } else {
                Class::OtherEvents
            }
        }
        "epoll_ctl" if new.contains("EPOLL_CTL_MOD") => Class::Rearmed,
        "epoll_ctl" if gone.contains("EPOLL_CTL_DEL") => Class::NoDelBeforeClose,
        "epoll_ctl" => Class::NotRegistered,
        "setsockopt" => Class::SocketOptions,
        "listen" => Class::OtherBacklog,
        _ if without_result(gone) == without_result(new) => Class::OtherResult,
        "socket" | "accept" | "accept4" | "pipe2" | "eventfd2" | "epoll_create1" => {
            let flags = |l: &str| ["_NONBLOCK", "_CLOEXEC"].map(|f| l.contains(f));
            if flags(gone) == flags(new) { Class::Other } else { Class::CreationFlags }
        }
        "bind" | "connect" | "getsockname" | "getpeername" => Class::OtherAddress,
        name if moves_data(name) => {
            let data = |l: &str| {
                crate::text::pieces(l).find_map(|p| match p {
                    crate::text::Piece::Quoted(q) => Some(q.to_owned()),
                    crate::text::Piece::Plain(_) => None,
                })
            };
            if data(gone) == data(new) { Class::OtherBuffer } else { Class::OtherData }
        }
        _ => Class::Other,
    }
}

fn left_out(line: &str) -> Class {
    match call(line) {
        "wait" => Class::NoWaitForEvent,
        "epoll_ctl" if line.contains("EPOLL_CTL_DEL") => Class::NoDelBeforeClose,
        "epoll_ctl" => Class::NotRegistered,
        "close" => Class::NotClosed,
        "setsockopt" => Class::SocketOptions,
        "getsockname" | "getpeername" => Class::AddressNotAsked,
        name if line.ends_with("EAGAIN") && (moves_data(name) || name.starts_with("accept")) => {
            Class::DidNotTryFirst
        }
        name if moves_data(name) => Class::OtherData,
        _ => Class::Other,
    }
}

fn added(line: &str) -> Class {
    match call(line) {
        "epoll_ctl" if line.contains("EPOLL_CTL_MOD") => Class::Rearmed,
        "epoll_ctl" => Class::RegisteredTooMuch,
        "setsockopt" => Class::SocketOptions,
        "fcntl" | "ioctl" => Class::CreationFlags,
        name if line.ends_with("EAGAIN") && (moves_data(name) || name.starts_with("accept")) => {
            Class::NoWaitForEvent
        }
        name if moves_data(name) => Class::OtherData,
        _ => Class::Other,
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
