//! The counters by which submitters and idle Ms find each other. Go: sched.nmspinning, npidle,
//! needspinning.
//!
//! # Who wakes whom
//!
//! Goal: as many Ms run as there are work and Ps, and no more are woken. Go rejected two designs,
//! and so do we: waking an M at each submission while a P is idle (threads thrash), and having idle
//! Ms look now and then (latency, and idle would not be idle).
//!
//! The rule is *spinning*: an M that has run out of work looks for more for a while, counted in
//! `nmspinning`. A submitter wakes a spinner only if there is none; a spinner that finds work wakes
//! the next (`resetspinning`), so parallelism grows as long as there is work.
//!
//! I1 Submit: publish the work; full fence; look at `nmspinning` ([`Spinning::wants_spinner`]).
//! I2 Retire: decrement `nmspinning`; full fence; look at all work once more ("Delicate dance",
//!    `recheck`). One of the two sees the other: no work is left that nobody looks for. Every
//!    spinner does the second look, not only the last.
//! I3 The one that starts a spinning M has counted it already ([`Spinning::claim`]); the M inherits
//!    the duty.
//! I4 An M that drops its P without having spun would miss work submitted just then, when no P was
//!    idle for a spinner. So a submitter that finds none sets `needspinning` and looks again; the
//!    dropper counts its P as idle, then checks `needspinning` ([`Spinning::must_spin_instead`]).
//!    One sees the other. (Go takes its lock for this at each submission while all Ps are busy.)
//!    The same holds for a spinner that sees work at its second look and finds no P to run it: the
//!    submitter has relied on it (I1), so it calls `need` in turn.

use crate::words::shim::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::SeqCst, fence};
use crate::words::shim::full_fence;

/// The numbers of idle Ps and of Ms that look for work. See the file's head.
#[derive(Debug)]
pub(crate) struct Spinning {
    /// Ps on the idle list. Written under `sched.lock`; read by submitters.
    npidle: AtomicU32,
    /// Ms that look for work. Written by themselves, by their starters, read by submitters.
    nmspinning: AtomicI32,
    /// A submitter found no idle P: the next M about to drop one must spin instead.
    needspinning: AtomicBool,
}

// ORDERING: everything here is SeqCst: I1 with I2, and I4, are handshakes of the form "store mine,
// load yours". Each side's fence is named at its place; the loom tests below are the proof.
impl Spinning {
    pub(crate) fn new() -> Spinning {
        Spinning {
            npidle: AtomicU32::new(0),
            nmspinning: AtomicI32::new(0),
            needspinning: AtomicBool::new(false),
        }
    }

    pub(crate) fn npidle(&self) -> usize {
        // ORDERING: SeqCst pairs with `p_idle`.
        self.npidle.load(SeqCst) as usize
    }

    pub(crate) fn nmspinning(&self) -> i32 {
        // ORDERING: SeqCst pairs with `claim` and `retire`.
        self.nmspinning.load(SeqCst)
    }

    pub(crate) fn needspinning(&self) -> bool {
        // ORDERING: SeqCst pairs with `need`.
        self.needspinning.load(SeqCst)
    }

    /// Work was published: whether the caller must start a spinner for it.
    #[inline]
    pub(crate) fn wants_spinner(&self) -> bool {
        // ORDERING: SeqCst fence, pairs with the one in `retire` (I1, I2).
        full_fence();
        if self.nmspinning.load(SeqCst) != 0 {
            return false;
        }
        if self.npidle.load(SeqCst) != 0 {
            return true;
        }
        // ORDERING: SeqCst store, then load: pairs with `p_idle`, then `must_spin_instead` (I4).
        if !self.needspinning.load(SeqCst) {
            self.need();
        }
        full_fence();
        self.npidle.load(SeqCst) != 0
    }

    /// No P was idle for a spinner: the next M to drop one must spin.
    pub(crate) fn need(&self) {
        // ORDERING: SeqCst pairs with `must_spin_instead`.
        self.needspinning.store(true, SeqCst);
    }

    /// Counts the first spinner; false if somebody else has just become responsible.
    pub(crate) fn claim(&self) -> bool {
        // ORDERING: SeqCst pairs with `wants_spinner` of others.
        self.nmspinning.compare_exchange(0, 1, SeqCst, SeqCst).is_ok()
    }

    /// Counts one more, and whoever needed one has it.
    pub(crate) fn become_spinning(&self) {
        // ORDERING: SeqCst: counted before it looks, so a submitter may rely on it from here on.
        self.nmspinning.fetch_add(1, SeqCst);
        self.needspinning.store(false, SeqCst);
    }

    /// Counts one less, because it has found work or its start has failed.
    pub(crate) fn uncount(&self) {
        // ORDERING: SeqCst pairs with `wants_spinner`.
        let before = self.nmspinning.fetch_sub(1, SeqCst);
        if before <= 0 {
            crate::throw!("negative nmspinning ({before})");
        }
    }

    /// Counts one less, because it gives up. The caller looks at all work once more (I2).
    pub(crate) fn retire(&self) {
        self.uncount();
        // ORDERING: SeqCst fence, pairs with the one in `wants_spinner`.
        fence(SeqCst);
    }

    /// A P was put onto the idle list.
    pub(crate) fn p_idle(&self) {
        // ORDERING: SeqCst: before `must_spin_instead`'s load (I4).
        self.npidle.fetch_add(1, SeqCst);
    }

    /// A P was taken off the idle list.
    pub(crate) fn p_busy(&self) {
        // ORDERING: SeqCst, as `p_idle`.
        self.npidle.fetch_sub(1, SeqCst);
    }

    /// After `p_idle` by an M that has not spun: did a submitter find no idle P meanwhile?
    pub(crate) fn must_spin_instead(&self) -> bool {
        // ORDERING: SeqCst fence and load, pairs with `need` and the fence behind it in
        // `wants_spinner`.
        fence(SeqCst);
        self.needspinning.load(SeqCst)
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};

    struct Shared {
        spinning: Spinning,
        /// Work: relaxed on purpose, as a run queue's publication gives no order against the
        /// counters by itself.
        work: AtomicBool,
    }

    fn shared() -> Arc<Shared> {
        Arc::new(Shared { spinning: Spinning::new(), work: AtomicBool::new(false) })
    }

    #[test]
    fn loom_wakeup_against_retirement() {
        loom::model(|| {
            let s = shared();
            // One M spins; it is the one that retires.
            s.spinning.become_spinning();
            let other = s.clone();
            let submitter = loom::thread::spawn(move || {
                other.work.store(true, Relaxed);
                other.spinning.wants_spinner() && other.spinning.claim()
            });
            s.spinning.p_idle();
            s.spinning.retire();
            let seen = s.work.load(Relaxed);
            let woke = submitter.join().unwrap();
            assert!(
                seen || woke,
                "work was submitted, nobody was woken and the spinner retired without seeing it"
            );
        });
    }

    #[test]
    fn loom_two_spinners_retire_at_once() {
        loom::model(|| {
            let s = shared();
            s.spinning.become_spinning();
            s.spinning.become_spinning();
            let (a, b) = (s.clone(), s.clone());
            let other = loom::thread::spawn(move || {
                a.spinning.p_idle();
                a.spinning.retire();
                a.work.load(Relaxed)
            });
            let submitter = loom::thread::spawn(move || {
                b.work.store(true, Relaxed);
                b.spinning.wants_spinner() && b.spinning.claim()
            });
            s.spinning.p_idle();
            s.spinning.retire();
            let seen = s.work.load(Relaxed);
            let seen = other.join().unwrap() || seen;
            assert!(submitter.join().unwrap() || seen);
        });
    }

    #[test]
    fn loom_a_dropped_p_is_seen_by_the_submitter_that_needed_one() {
        loom::model(|| {
            let s = shared();
            let other = s.clone();
            let submitter = loom::thread::spawn(move || {
                other.work.store(true, Relaxed);
                other.spinning.wants_spinner()
            });
            // An M that has not spun drops its P: it does not look at the work again, only at
            // `needspinning`.
            s.spinning.p_idle();
            let spins = s.spinning.must_spin_instead();
            assert!(
                submitter.join().unwrap() || spins,
                "neither the submitter nor the dropper looks for the work"
            );
        });
    }

    /// Work was left to a spinner that retires and finds all Ps taken, while another M, which does
    /// not spin because enough others did, drops its P. The idle list is under the scheduler's
    /// lock, as in wake.rs.
    #[test]
    fn loom_a_retired_spinner_without_a_p_tells_the_dropper() {
        loom::model(|| {
            let s = Arc::new((shared(), crate::words::shim::Mutex::new(0)));
            let other = s.clone();
            s.0.spinning.become_spinning();
            let dropper = loom::thread::spawn(move || {
                let (shared, idle) = &*other;
                let mut idle = idle.lock();
                *idle += 1;
                shared.spinning.p_idle();
                shared.spinning.must_spin_instead()
            });
            let (shared, idle) = &*s;
            shared.spinning.retire();
            let idle = idle.lock();
            let got_p = *idle > 0;
            if !got_p {
                shared.spinning.need();
            }
            drop(idle);
            assert!(got_p || dropper.join().unwrap(), "work was seen, a P is idle, and nobody looks");
        });
    }

    #[test]
    fn loom_two_submitters_need_one_dropper() {
        loom::model(|| {
            let s = shared();
            let submit = |s: &Arc<Shared>| {
                let s = s.clone();
                loom::thread::spawn(move || s.spinning.wants_spinner())
            };
            let (first, second) = (submit(&s), submit(&s));
            s.spinning.p_idle();
            let spins = s.spinning.must_spin_instead();
            // Both relied on somebody: on the dropper, who must know, or on themselves.
            let (first, second) = (first.join().unwrap(), second.join().unwrap());
            assert!(
                spins || (first && second),
                "{first} {second}: one submitter's work is looked for by nobody"
            );
        });
    }

    #[test]
    fn loom_run_queue_hand_over_is_found_by_one() {
        loom::model(|| {
            // Two submitters, one retiring spinner: whatever the order, at least one party is
            // responsible for both.
            let s = shared();
            s.spinning.become_spinning();
            s.spinning.p_idle();
            let (a, b) = (s.clone(), s.clone());
            let first = loom::thread::spawn(move || {
                a.work.store(true, Relaxed);
                a.spinning.wants_spinner() && a.spinning.claim()
            });
            let second = loom::thread::spawn(move || {
                b.work.store(true, Relaxed);
                b.spinning.wants_spinner() && b.spinning.claim()
            });
            s.spinning.retire();
            let seen = s.work.load(Relaxed);
            let (first, second) = (first.join().unwrap(), second.join().unwrap());
            assert!(seen || first || second);
            assert!(!(first && second), "two spinners were started for one claim");
        });
    }
}
