//! By which mechanisms a program waits and shares its work, read off its lines: epoll and how, poll, select, io_uring, signalfd,
//! SO_REUSEPORT, threads, processes.

use std::collections::BTreeSet;

use crate::lines::Line;
use crate::normal::{Normal, Variants};

/// The mechanisms of a program, as words.
pub fn of(normal: &Normal) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    if let Variants::Global(v) = &normal.variants
        && let Some((_, lines)) = v.first()
    {
        lines.lines().for_each(|l| add(&mut all, l));
    }
    normal.children.iter().for_each(|c| c.all().for_each(|l| add(&mut all, l)));
    if normal.threads > 1 {
        all.insert("several threads do I/O".to_owned());
    }
    if !normal.children.is_empty() {
        all.insert("child processes".to_owned());
    }
    all
}

fn add(all: &mut BTreeSet<String>, line: Line<'_>) {
    let word = match line.call() {
        "epoll_ctl" if line.args().contains("EPOLL_CTL_ADD") && line.names().all(|n| n.kind != "eventfd") => {
            let has = |bit: &str| line.args().contains(bit);
            match (has("EPOLLONESHOT"), has("EPOLLEXCLUSIVE"), has("EPOLLET")) {
                (true, ..) => "epoll, one-shot (EPOLLONESHOT)",
                (_, true, _) => "epoll, one poller woken of several (EPOLLEXCLUSIVE)",
                (.., true) => "epoll, edge-triggered (EPOLLET)",
                _ => "epoll, level-triggered",
            }
        }
        "poll" | "ppoll" | "ppoll_time64" => "poll",
        "select" | "_newselect" | "pselect6" | "pselect6_time64" => "select",
        "io_uring_setup" | "io_uring_enter" => "io_uring",
        "signalfd" | "signalfd4" => "signalfd",
        "timerfd_create" => "timerfd",
        "setsockopt" if line.args().contains("SO_REUSEPORT") => "SO_REUSEPORT",
        _ => return,
    };
    if !all.contains(word) {
        all.insert(word.to_owned());
    }
}

/// What only one of two programs uses, as a sentence.
pub(crate) fn difference(want: &Normal, got: &Normal) -> Option<String> {
    if !matches!((&want.variants, &got.variants), (Variants::Global(_), Variants::Global(_))) {
        return None;
    }
    let (mut a, mut b) = (of(want), of(got));
    if want.threads == 0 || got.threads == 0 {
        // A stored reference does not say how many threads there were.
        for side in [&mut a, &mut b] {
            side.remove("several threads do I/O");
        }
    }
    let said = |all: Vec<&String>| match all.as_slice() {
        [] => "nothing of these".to_owned(),
        all => all.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" + "),
    };
    let (mine, theirs) = (a.difference(&b).collect::<Vec<_>>(), b.difference(&a).collect::<Vec<_>>());
    if mine.is_empty() && theirs.is_empty() {
        return None;
    }
    Some(format!(
        "other mechanisms: only the reference uses {}; only the candidate uses {}",
        said(mine),
        said(theirs)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(lines: &str) -> Normal {
        Normal::read(&format!("# tracecmp 1\n[runs 1]\n{lines}\n")).expect("reads")
    }

    #[test]
    fn mechanisms_have_names() {
        let add = |events: &str| {
            format!("epoll_ctl(epoll#1, EPOLL_CTL_ADD, tcp4#1, {{events={events}, data=TAG}}) = 0")
        };
        for (line, word) in [
            (add("EPOLLIN"), "level-triggered"),
            (add("EPOLLIN|EPOLLET"), "edge-triggered"),
            (add("EPOLLIN|EPOLLONESHOT|EPOLLET"), "one-shot"),
            (add("EPOLLIN|EPOLLEXCLUSIVE"), "EPOLLEXCLUSIVE"),
            ("io_uring_setup(8, {}) = io_uring#1".to_owned(), "io_uring"),
            ("setsockopt(tcp4#1, SOL_SOCKET, SO_REUSEPORT, [1], 4) = 0".to_owned(), "SO_REUSEPORT"),
            ("poll([{fd=tcp4#1, events=POLLIN}], 1, -1) = 1".to_owned(), "poll"),
        ] {
            let all = of(&normal(&line));
            assert!(all.iter().any(|m| m.contains(word)), "{line}: {all:?}");
        }
        let text =
            difference(&normal(&add("EPOLLIN|EPOLLET")), &normal(&add("EPOLLIN"))).expect("they differ");
        assert!(text.contains("only the reference uses epoll, edge-triggered"), "{text}");
    }
}
