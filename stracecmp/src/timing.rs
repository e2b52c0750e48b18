//! What only tells how fast the other side was: a call that was tried once more, and waited for once more.
//!
//! A reader that comes a moment earlier finds nothing (EAGAIN), waits, and reads then; one that comes later reads at once. The
//! pair of the vain try and its wait is folded on both sides before two logs are compared.

use std::collections::HashMap;

use crate::lines::Lines;

/// The lines without vain tries that a wait followed, and how many of these there were.
pub(crate) fn folded(lines: &Lines) -> (Lines, usize) {
    let mut last: HashMap<&str, (usize, bool)> = HashMap::new();
    let mut gone = vec![false; lines.len()];
    for (i, line) in lines.lines().enumerate() {
        let tried = line.error() == Some("EAGAIN");
        if line.call() == "wait"
            && let Some(name) = line.names().next()
            && let Some(&(at, true)) = last.get(name.whole)
        {
            (gone[at], gone[i]) = (true, true);
        }
        for name in line.names() {
            last.insert(name.whole, (i, tried));
        }
    }
    let pairs = gone.iter().filter(|g| **g).count() / 2;
    if pairs == 0 {
        return (lines.clone(), 0);
    }
    let mut kept = Lines::default();
    for (line, _) in lines.lines().zip(gone).filter(|l| !l.1) {
        kept.push_line(line);
    }
    (kept, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vain_try_and_its_wait_go_together() {
        let all: Lines = [
            "read(a#1, PTR, 32) = -1 EAGAIN",
            "write(b#1, \"x\", 1) = 1",
            "wait(a#1, r) = EPOLLIN",
            "read(a#1, \"x\", 32) = 1",
            "read(a#1, PTR, 32) = -1 EAGAIN",
            "read(a#1, \"y\", 32) = 1",
        ]
        .into_iter()
        .collect();
        let (kept, pairs) = folded(&all);
        assert_eq!(pairs, 1);
        assert_eq!(kept.iter().next(), Some("write(b#1, \"x\", 1) = 1"));
        assert_eq!(kept.len(), 4, "a try without a wait is not timing");
    }
}
