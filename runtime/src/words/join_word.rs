//! Who owns a goroutine's result and its slot: one word in its record.
//!
//! A goroutine's result lies in its own slot, between its record and its stack
//! (`sched/join/mod.rs`), so a spawn allocates nothing. The price is that the slot has two users:
//! the goroutine, until its stack is at rest, and its handle, until the result has been taken or is
//! not wanted. The last one to finish frees the slot.
//!
//! | word | the goroutine | the handle |
//! |---|---|---|
//! | `RUNNING` | runs | is somewhere |
//! | *waiter* | runs | waits for the result: a record's address or a tagged waker's (`join/future.rs`) |
//! | `RESULT` | has left its result, is about to leave its stack | may take the result |
//! | `ENDED` | its stack is at rest | may take the result, and has the slot |
//! | `TRIMMING` | as `ENDED`, and sysmon gives the stack's pages back | may take the result |
//! | `TRIMMED` | as `ENDED`, that was done | as `ENDED` |
//! | `DETACHED` | runs, or the slot is on a free list | is gone, or was never made |
//!
//! ```text
//!            wait          publish            end            begin_trim        end_trim
//!   RUNNING ------> waiter -------> RESULT -----------> ENDED ---------> TRIMMING ------> TRIMMED
//!      |   <------    |               |                   |                  |               |
//!      |  take_back                   | release           | release          | release       | release
//!      | detach                       v                   v                  v               v
//!      +-------------------------> DETACHED            DETACHED           DETACHED        DETACHED
//!                              the M frees at `end`   caller frees    sysmon at `end_trim`  caller frees
//! ```
//!
//! I1 The goroutine writes the result before `publish`; from then on it is the handle's, unless
//!    `publish` reports that there is no handle. The handle's owner takes the result before it
//!    calls `release`.
//! I2 Of all calls on a goroutine's word exactly one returns that the slot is free: the last one of
//!    `end`, `release` and `end_trim`.
//! I3 One party holds the handle, so `wait`, `take_back`, `detach` and `release` do not run at once
//!    with one another.
//!
//! Rejected: a count of two in the slot (one more read-modify-write for each goroutine that nobody
//! joins, which now finds `DETACHED` by a load); publishing the result only once the stack is at
//! rest (wakers are user code and may park, so they cannot be called on the M's stack).

use crate::words::shim::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

// No waiter's address equals one of these values.
const DETACHED: usize = 0;
const RUNNING: usize = 1;
const RESULT: usize = 2;
const ENDED: usize = 3;
const TRIMMING: usize = 4;
const TRIMMED: usize = 5;
const FIRST_ADDRESS: usize = 64;

/// The word; see the table at the head of the file.
#[derive(Debug)]
pub(crate) struct JoinWord(AtomicUsize);

/// Whether the new goroutine has a `JoinHandle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joinable {
    /// No: nobody asks for its end.
    No,
    /// Yes: the handle calls `detach` or `release`.
    Yes,
}

/// Who owns the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Published {
    /// The handle's.
    Kept,
    /// The handle, and this is the waiter.
    Awaited(usize),
    /// Still the goroutine: there is no handle.
    Detached,
}

/// Who owns the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum SlotUse {
    /// The caller, to use it again (I2).
    Free,
    /// Still another party.
    InUse,
}

impl JoinWord {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> JoinWord {
        JoinWord(AtomicUsize::new(DETACHED))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> JoinWord {
        JoinWord(AtomicUsize::new(DETACHED))
    }

    /// At the spawn, before anybody else knows the goroutine.
    #[inline(always)]
    pub(crate) fn start(&self, joinable: Joinable) {
        let word = match joinable {
            Joinable::No => DETACHED,
            Joinable::Yes => RUNNING,
        };
        // Relaxed: published by the run queue, and to the handle's holder by whatever hands the
        // handle on.
        self.0.store(word, Relaxed);
    }

    /// For the goroutine: whether the result is not wanted, so that it need not be stored.
    #[inline(always)]
    pub(crate) fn is_detached(&self) -> bool {
        // Relaxed: who detached has touched nothing that the goroutine's end does not acquire in
        // `end`.
        self.0.load(Relaxed) == DETACHED
    }

    /// For the goroutine, once, after it has left its result.
    pub(crate) fn publish(&self) -> Published {
        // ORDERING: Release publishes the result to the Acquire in `has_result`, `wait` and
        // `detach` (I1); Acquire pairs with the Release in `wait`: the waiter's record or waker.
        match self.0.swap(RESULT, AcqRel) {
            RUNNING => Published::Kept,
            DETACHED => {
                // Relaxed: without a handle nobody else looks before `end`.
                self.0.store(DETACHED, Relaxed);
                Published::Detached
            }
            waiter => {
                debug_assert!(waiter >= FIRST_ADDRESS);
                Published::Awaited(waiter)
            }
        }
    }

    /// For the M, once, after the goroutine has left its stack. If the slot is in use still, the M
    /// does not touch it again.
    #[inline]
    pub(crate) fn end(&self) -> SlotUse {
        // ORDERING: Acquire pairs with the Release in `release` and `detach`: what the handle's
        // holder read in the slot is read.
        if self.0.load(Acquire) == DETACHED {
            return SlotUse::Free;
        }
        // An exchange that fails, not a swap: over a DETACHED it would show sysmon an ENDED for a
        // moment (the model caught that).
        // ORDERING: Release publishes that the stack is at rest to `release` and `begin_trim`;
        // Acquire on failure as above.
        match self.0.compare_exchange(RESULT, ENDED, Release, Acquire) {
            Ok(_) => SlotUse::InUse,
            Err(_) => SlotUse::Free,
        }
    }

    /// For the handle: is the result there?
    #[inline]
    pub(crate) fn has_result(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `publish`; the swaps after it continue its
        // release sequence.
        matches!(self.0.load(Acquire), RESULT | ENDED | TRIMMING | TRIMMED)
    }

    /// For the handle: stores the waiter's address for `publish`; false if the result is there.
    pub(crate) fn wait(&self, waiter: usize) -> bool {
        debug_assert!(waiter >= FIRST_ADDRESS);
        // ORDERING: Release publishes the waiter to `publish`; Acquire pairs with its Release when
        // it was faster.
        self.0.compare_exchange(RUNNING, waiter, AcqRel, Acquire).is_ok()
    }

    /// For the handle: takes back what `wait` stored, unless `publish` has it.
    pub(crate) fn take_back(&self) -> Option<usize> {
        // Relaxed: the handle's own store, or the exchange below finds out.
        let word = self.0.load(Relaxed);
        // ORDERING: AcqRel: as in `wait`.
        (word >= FIRST_ADDRESS && self.0.compare_exchange(word, RUNNING, AcqRel, Acquire).is_ok())
            .then_some(word)
    }

    /// For a handle that does not wait: the result is not wanted. False if it is already there: the
    /// caller takes it and calls `release`.
    #[inline]
    pub(crate) fn detach(&self) -> bool {
        // ORDERING: Release pairs with the Acquire in `end`; Acquire pairs with the Release in
        // `publish` when it was faster.
        self.0.compare_exchange(RUNNING, DETACHED, AcqRel, Acquire).is_ok()
    }

    /// For the handle, after the result was taken: the handle is gone.
    pub(crate) fn release(&self) -> SlotUse {
        // ORDERING: Release pairs with the Acquire in `end` and `end_trim`: what we read in the
        // slot is read before it is used again; Acquire pairs with their Release: the stack is at
        // rest.
        match self.0.swap(DETACHED, AcqRel) {
            ENDED | TRIMMED => SlotUse::Free,
            before => {
                debug_assert!(matches!(before, RESULT | TRIMMING));
                SlotUse::InUse
            }
        }
    }

    /// For sysmon: whether it may give back the pages of the stack. If so, `end_trim` must follow.
    pub(crate) fn begin_trim(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `end`: the stack is at rest.
        self.0.compare_exchange(ENDED, TRIMMING, Acquire, Relaxed).is_ok()
    }

    /// The pages were given back.
    pub(crate) fn end_trim(&self) -> SlotUse {
        // ORDERING: Release pairs with the Acquire in `release`: the pages were given back before
        // the slot is used again; Acquire pairs with its Release when it was faster.
        match self.0.compare_exchange(TRIMMING, TRIMMED, AcqRel, Acquire) {
            Ok(_) => SlotUse::InUse,
            Err(_) => SlotUse::Free,
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::model::g::{GRef, WaitReason};
    use crate::model::{gopark, goready};
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    /// A slot: its result and its stack, of which loom reports concurrent use.
    struct Goroutine {
        word: JoinWord,
        result: UnsafeCell<u32>,
        stack: UnsafeCell<u32>,
        freed: loom::sync::atomic::AtomicUsize,
    }

    // SAFETY: loom checks the cells; that is the point of the models.
    unsafe impl Sync for Goroutine {}
    // SAFETY: as above.
    unsafe impl Send for Goroutine {}

    impl Goroutine {
        fn spawn() -> (Arc<Goroutine>, loom::thread::JoinHandle<()>) {
            let g = Arc::new(Goroutine {
                word: JoinWord::new(),
                result: UnsafeCell::new(0),
                stack: UnsafeCell::new(0),
                freed: loom::sync::atomic::AtomicUsize::new(0),
            });
            g.word.start(Joinable::Yes);
            let theirs = g.clone();
            (g, loom::thread::spawn(move || theirs.run_and_end()))
        }

        /// The goroutine, then its M.
        fn run_and_end(&self) {
            if !self.word.is_detached() {
                self.write_result(7);
                match self.word.publish() {
                    Published::Kept => {}
                    // SAFETY: from `as_usize` in `join`.
                    Published::Awaited(waiter) => goready(unsafe { GRef::from_usize(waiter) }),
                    Published::Detached => assert_eq!(self.take_result(), 7),
                }
            }
            self.use_stack();
            self.freed_if(self.word.end());
        }

        fn join(&self) {
            if !self.word.has_result() {
                gopark(WaitReason::Join, |gp| self.word.wait(gp.as_usize()));
            }
            assert_eq!(self.take_result(), 7);
            self.freed_if(self.word.release());
        }

        fn drop_handle(&self) {
            if !self.word.detach() {
                assert_eq!(self.take_result(), 7);
                self.freed_if(self.word.release());
            }
        }

        fn trim(&self) {
            if self.word.begin_trim() {
                self.use_stack();
                self.freed_if(self.word.end_trim());
            }
        }

        fn write_result(&self, value: u32) {
            // SAFETY: loom's cell reports a concurrent access.
            self.result.with_mut(|r| unsafe { *r = value });
        }

        fn take_result(&self) -> u32 {
            // SAFETY: as above.
            self.result.with_mut(|r| unsafe { std::mem::take(&mut *r) })
        }

        fn use_stack(&self) {
            // SAFETY: as above.
            self.stack.with_mut(|s| unsafe { *s += 1 });
        }

        /// The next user of the slot writes all of it.
        fn freed_if(&self, slot: SlotUse) {
            if slot == SlotUse::Free {
                self.use_stack();
                self.write_result(9);
                assert_eq!(self.freed.fetch_add(1, Relaxed), 0, "freed twice");
            }
        }

        fn assert_freed(&self) {
            assert_eq!(self.freed.load(Relaxed), 1, "the slot is lost");
        }
    }

    #[test]
    fn loom_a_joined_goroutine_frees_its_slot_once() {
        loom::model(|| {
            let (g, thread) = Goroutine::spawn();
            g.join();
            thread.join().unwrap();
            g.assert_freed();
        });
    }

    #[test]
    fn loom_a_dropped_handle_frees_the_slot_once() {
        loom::model(|| {
            let (g, thread) = Goroutine::spawn();
            g.drop_handle();
            thread.join().unwrap();
            g.assert_freed();
        });
    }

    #[test]
    fn loom_a_slot_is_trimmed_while_its_handle_goes() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let (g, thread) = Goroutine::spawn();
            let other = g.clone();
            let sysmon = loom::thread::spawn(move || other.trim());
            g.join();
            thread.join().unwrap();
            sysmon.join().unwrap();
            g.assert_freed();
        });
    }

    #[test]
    fn loom_a_waiter_that_leaves_takes_itself_back() {
        loom::model(|| {
            let (g, thread) = Goroutine::spawn();
            // A future's waker: polled, then dropped. (A record stands for the boxed waker; it is
            // not woken if taken back.)
            let mut left = None;
            gopark(WaitReason::Join, |gp| {
                left = g.word.wait(gp.as_usize()).then(|| gp.as_usize());
                let taken = g.word.take_back();
                assert!(taken.is_none() || taken == left);
                left.is_some() && taken.is_none()
            });
            g.drop_handle();
            thread.join().unwrap();
            g.assert_freed();
        });
    }
}
