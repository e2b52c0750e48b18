//! The word behind `thread::park` and `unpark`. Model: std's thread::Parker.
//!
//! ```text
//!   63 .......... 2 | 1 .. 0
//!       owner       |  state
//!
//!   EMPTY --unpark--> NOTIFIED --park: take--> EMPTY
//!   EMPTY --park: arm--> PARKED --unpark--> NOTIFIED, and the owner is readied
//!   EMPTY, PARKED --time is up--> TIMED_OUT, and a parked owner is readied
//! ```
//!
//! A record is used by one goroutine (or plain thread) after another, and a handle may outlive its
//! goroutine. So the word names its owner, and an `unpark` by an old handle finds another's name.
//! The owner writes its name when it first needs the word: a spawn pays nothing.
//!
//! I1 Only the owner changes the owner's name, and takes the state to EMPTY or PARKED.
//! I2 Whoever takes the state from PARKED readies the owner, once.

use crate::words::shim::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Relaxed};

/// See the file's head.
#[derive(Debug)]
pub(crate) struct ParkWord(AtomicU64);

const EMPTY: u64 = 0;
const NOTIFIED: u64 = 1;
const PARKED: u64 = 2;
const TIMED_OUT: u64 = 3;
const STATE: u64 = 3;

/// What the caller of [`ParkWord::unpark`] or [`ParkWord::time_out`] has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Wake {
    /// Ready the owner, which is parked.
    Ready,
    /// Nothing.
    Nothing,
}

impl ParkWord {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        ParkWord(AtomicU64::new(EMPTY))
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        ParkWord(AtomicU64::new(EMPTY))
    }

    /// The owner's name; 0: none.
    pub(crate) fn owner(&self) -> u64 {
        // Relaxed: for the owner itself, or a hint.
        self.0.load(Relaxed) >> 2
    }

    /// Puts the caller's name down, unless it is there.
    pub(crate) fn own(&self, name: u64) {
        if self.owner() != name {
            // Relaxed: it gets out with the handle, or the record's queue.
            self.0.store(name << 2 | EMPTY, Relaxed);
        }
    }

    /// The owner ends: its handles have no effect any more.
    #[cfg(not(loom))]
    pub(crate) fn disown(&self) {
        // Relaxed: the record's next user gets it through a lock.
        self.0.store(EMPTY, Relaxed);
    }

    /// The owner's: takes a notification, and forgets a time-out.
    pub(crate) fn take(&self, name: u64) -> bool {
        // ORDERING: AcqRel: Acquire pairs with the Release in `change`: what was done before the
        // notification is seen after it.
        let old = self.0.swap(name << 2 | EMPTY, AcqRel);
        old == name << 2 | NOTIFIED
    }

    /// The owner's, in the commit of its park; false: do not park.
    pub(crate) fn arm(&self, name: u64) -> bool {
        // ORDERING: AcqRel: Release pairs with the Acquire in `change`: the waker finds a goroutine
        // at rest. A failure is followed by `take`.
        self.0.compare_exchange(name << 2 | EMPTY, name << 2 | PARKED, AcqRel, Relaxed).is_ok()
    }

    /// Leaves a notification for the owner of this name, if it is still there.
    pub(crate) fn unpark(&self, name: u64) -> Wake {
        self.change(name, |_| Some(NOTIFIED))
    }

    /// Ends a park whose time is up; a notification comes first.
    pub(crate) fn time_out(&self, name: u64) -> Wake {
        self.change(name, |state| (state == EMPTY || state == PARKED).then_some(TIMED_OUT))
    }

    /// The owner's, when nobody can call [`time_out`](Self::time_out) any more: one that came after the
    /// park has ended is not the next park's.
    pub(crate) fn forget_time_out(&self, name: u64) {
        // Relaxed: the state goes back to what it was; a notification that comes first stays.
        let _ = self.0.compare_exchange(name << 2 | TIMED_OUT, name << 2 | EMPTY, Relaxed, Relaxed);
    }

    fn change(&self, name: u64, to: impl Fn(u64) -> Option<u64>) -> Wake {
        let mut word = self.0.load(Relaxed);
        loop {
            if word >> 2 != name {
                return Wake::Nothing;
            }
            let Some(new) = to(word & STATE) else { return Wake::Nothing };
            // ORDERING: AcqRel: Release pairs with the Acquire in `take`, also where the state does
            // not change; Acquire with the Release in `arm`.
            match self.0.compare_exchange_weak(word, name << 2 | new, AcqRel, Relaxed) {
                Ok(_) if word & STATE == PARKED => return Wake::Ready,
                Ok(_) => return Wake::Nothing,
                Err(now) => word = now,
            }
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::words::note::Note;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    const ME: u64 = 7;

    struct Parker {
        word: ParkWord,
        note: Note,
        data: AtomicUsize,
    }

    impl Parker {
        fn new() -> Arc<Parker> {
            let p = Parker { word: ParkWord::new(), note: Note::new(), data: AtomicUsize::new(0) };
            p.word.own(ME);
            Arc::new(p)
        }

        fn park(&self) -> bool {
            if self.word.take(ME) {
                return true;
            }
            self.note.clear();
            if self.word.arm(ME) {
                self.note.sleep();
            }
            self.word.take(ME)
        }

        fn wake(&self, wake: Wake) {
            if wake == Wake::Ready {
                self.note.wakeup();
            }
        }
    }

    #[test]
    fn loom_park_is_woken_and_sees_what_came_before() {
        loom::model(|| {
            let p = Parker::new();
            let other = p.clone();
            let waker = loom::thread::spawn(move || {
                other.data.store(1, Relaxed);
                other.wake(other.word.unpark(ME));
            });
            assert!(p.park());
            assert_eq!(p.data.load(Relaxed), 1);
            waker.join().unwrap();
        });
    }

    #[test]
    fn loom_park_time_out_loses_no_notification() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let p = Parker::new();
            let [unparker, timer] = [p.clone(), p.clone()];
            let unparker = loom::thread::spawn(move || {
                unparker.data.store(1, Relaxed);
                unparker.wake(unparker.word.unpark(ME));
            });
            let timer = loom::thread::spawn(move || timer.wake(timer.word.time_out(ME)));
            let notified = p.park();
            timer.join().unwrap();
            p.word.forget_time_out(ME);
            unparker.join().unwrap();
            assert!(notified || p.word.take(ME), "the notification is lost");
            assert_eq!(p.data.load(Relaxed), 1);
        });
    }

    #[test]
    fn loom_park_stale_handle_has_no_effect() {
        loom::model(|| {
            let p = Parker::new();
            let other = p.clone();
            let stale = loom::thread::spawn(move || other.wake(other.word.unpark(ME)));
            p.word.own(ME + 1);
            assert!(!p.word.take(ME + 1));
            stale.join().unwrap();
            assert!(!p.word.take(ME + 1));
        });
    }
}
