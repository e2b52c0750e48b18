//! A note: a one-shot event on which one thread sleeps. Go: runtime/lock_futex.go note*.
//!
//! I1 A note is cleared before it is armed, woken at most once per arming and waited for by one
//!    thread.
//! I2 `wakeup` touches the note last with its exchange. The futex call after it uses only the
//!    address, and the note may be in use again by then: a stray wake is allowed, since every
//!    sleeper checks the word again.

#[cfg(not(loom))]
use crate::sys::futex;
use crate::words::shim::atomic::AtomicU32;
#[cfg(not(loom))]
use crate::words::shim::atomic::Ordering::{Acquire, Release};

/// Not woken, no sleeper.
const CLEAR: u32 = 0;
/// Woken.
const SIGNALED: u32 = 1;
/// A thread sleeps, or is about to.
const SLEEPING: u32 = 2;

/// One-shot event. See the file's head.
#[derive(Debug)]
pub(crate) struct Note {
    /// CLEAR, SIGNALED or SLEEPING. The sleeper writes SLEEPING, the waker SIGNALED, the owner
    /// CLEAR.
    word: AtomicU32,
    #[cfg(loom)]
    model: loom::sync::Notify,
}

impl Note {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Note { word: AtomicU32::new(CLEAR) }
    }

    /// Arms the note again.
    #[cfg(not(loom))]
    pub(crate) fn clear(&self) {
        // Relaxed: the waker learns of it through something published later.
        self.word.store(CLEAR, std::sync::atomic::Ordering::Relaxed);
    }

    /// Wakes the sleeper, now or when it arrives.
    #[doc(alias = "notewakeup")]
    #[cfg(not(loom))]
    pub(crate) fn wakeup(&self) {
        // ORDERING: Release pairs with the Acquire in `sleep`: the sleeper sees all that was done
        // before the wake.
        match self.word.swap(SIGNALED, Release) {
            CLEAR => {}
            SLEEPING => futex::futex_wake(&self.word, 1),
            old => crate::throw!("notewakeup: double wakeup ({old})"),
        }
    }

    /// Sleeps until woken.
    #[doc(alias = "notesleep")]
    #[cfg(not(loom))]
    pub(crate) fn sleep(&self) {
        while !self.arm_or_signaled() {
            futex::futex_wait(&self.word, SLEEPING);
        }
    }

    /// True when signalled; otherwise the word is SLEEPING afterwards.
    #[cfg(not(loom))]
    fn arm_or_signaled(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `wakeup`.
        match self.word.compare_exchange(CLEAR, SLEEPING, Acquire, Acquire) {
            Ok(_) | Err(SLEEPING) => false,
            Err(_) => true,
        }
    }
}

/// The model's note: the same contract on loom's event, which has no futex.
#[cfg(loom)]
impl Note {
    pub(crate) fn new() -> Self {
        Note { word: AtomicU32::new(CLEAR), model: loom::sync::Notify::new() }
    }
    pub(crate) fn clear(&self) {
        self.word.store(CLEAR, loom::sync::atomic::Ordering::Relaxed);
    }
    pub(crate) fn wakeup(&self) {
        // ORDERING: Release pairs with the Acquire in `sleep`.
        match self.word.swap(SIGNALED, loom::sync::atomic::Ordering::Release) {
            CLEAR => {}
            SLEEPING => self.model.notify(),
            old => panic!("notewakeup: double wakeup ({old})"),
        }
    }
    pub(crate) fn sleep(&self) {
        // ORDERING: Acquire pairs with the Release in `wakeup`.
        use loom::sync::atomic::Ordering::Acquire;
        while let Ok(_) | Err(SLEEPING) = self.word.compare_exchange(CLEAR, SLEEPING, Acquire, Acquire) {
            self.model.wait();
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    #[test]
    fn loom_note_publishes_and_never_loses_a_wakeup() {
        loom::model(|| {
            let shared = Arc::new((Note::new(), AtomicUsize::new(0)));
            let other = shared.clone();
            let waker = loom::thread::spawn(move || {
                other.1.store(7, Relaxed);
                other.0.wakeup();
            });
            shared.0.sleep();
            assert_eq!(
                shared.1.load(Relaxed),
                7,
                "what was written before the wakeup is seen after the sleep"
            );
            waker.join().unwrap();
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn wake_before_sleep_is_kept() {
        let note = Note::new();
        note.wakeup();
        note.sleep();
    }

    #[test]
    fn sleeper_is_woken() {
        let note = Arc::new(Note::new());
        let other = note.clone();
        let t = std::thread::spawn(move || other.wakeup());
        note.sleep();
        t.join().unwrap();
    }
}
