//! `runnext`: the goroutine that runs next on a P, if any. Go: runtime/runtime2.go p.runnext.
//!
//! I1 Only the P's holder fills it; the holder or a thief empties it.
//! I2 As long as there has never been a second P nobody steals, and no exchange is needed.
//! I3 The lowest bit of the word is a tag, given with the goroutine: not for thieves. It is
//!    compared together with the pointer, so a thief that finds the same goroutine there again, for
//!    its holder only by now, does not take it.
//!
//! Rejected: filling it by a plain store where the holder finds it empty. By I1 that is sound, but
//! loom 0.7 cannot show it (it lets a thief's exchange read the first null and still come after a
//! later store).

use std::ptr;

use crate::words::shim::atomic::{
    AtomicBool, AtomicPtr,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
};

/// See the file's head; `T` is a goroutine's record.
#[derive(Debug)]
pub(crate) struct RunNext<T> {
    next: AtomicPtr<T>,
    /// I2. Cleared before there is a second P, by the holder or while the holder stays outside of the
    /// runtime (sched/procs.rs).
    alone: AtomicBool,
}

/// Who had to make room. It must be queued, and still not for thieves if it was not before.
#[derive(Debug)]
#[must_use]
pub(crate) struct Displaced<T> {
    /// Null if nobody was there.
    pub(crate) gp: *mut T,
    pub(crate) keep: bool,
}

impl<T> RunNext<T> {
    /// Empty; `alone`: there is one P.
    pub(crate) fn new(alone: bool) -> Self {
        RunNext { next: AtomicPtr::new(ptr::null_mut()), alone: AtomicBool::new(alone) }
    }

    /// For the holder. `keep`: not for thieves (I3).
    #[inline(always)]
    pub(crate) fn put(&self, gp: *mut T, keep: bool) -> Displaced<T> {
        let old = self.replace(gp.map_addr(|a| a | usize::from(keep)));
        Displaced { gp: untagged(old), keep: is_tagged(old) }
    }

    #[inline(always)]
    fn replace(&self, gp: *mut T) -> *mut T {
        if self.is_alone() {
            // Relaxed: the holder's own (I2); from holder to holder it goes with the P.
            let old = self.next.load(Relaxed);
            self.next.store(gp, Relaxed);
            return old;
        }
        // ORDERING: Release pairs with the Acquire in `steal`: the thief sees the goroutine's
        // state; Acquire for the one displaced.
        self.next.swap(gp, AcqRel)
    }

    /// For the holder: takes the one that is there, or null.
    #[inline(always)]
    pub(crate) fn take(&self) -> *mut T {
        if self.is_alone() {
            // Relaxed: as in `put`.
            let gp = self.next.load(Relaxed);
            self.next.store(ptr::null_mut(), Relaxed);
            return untagged(gp);
        }
        // ORDERING: Acquire pairs with the Release in `put`, of an earlier holder.
        untagged(self.next.swap(ptr::null_mut(), Acquire))
    }

    /// For anyone: takes the one that is there, unless it is for the holder only; or null.
    #[inline(always)]
    pub(crate) fn steal(&self) -> *mut T {
        let gp = self.next.load(Relaxed);
        if gp.is_null() || is_tagged(gp) {
            return ptr::null_mut();
        }
        // ORDERING: Acquire pairs with the Release in `put`. Failure means that another has taken
        // it.
        self.next.compare_exchange(gp, ptr::null_mut(), Acquire, Relaxed).unwrap_or(ptr::null_mut())
    }

    /// Whether there has never been another P (I2).
    #[inline(always)]
    pub(crate) fn is_alone(&self) -> bool {
        // Relaxed: changes go with the P.
        self.alone.load(Relaxed)
    }

    /// There is about to be a second P. For the holder.
    pub(crate) fn share(&self) {
        // Relaxed: thieves get their P under `sched.lock` after this; the next holder's handshake
        // orders it for that one.
        self.alone.store(false, Relaxed);
    }

    /// Whether it is empty; a hint to all but the holder.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.next.load(Relaxed).is_null()
    }

    /// Whether it is empty for a thief, in the submitters' handshake (spinning.rs I2).
    pub(crate) fn is_empty_after_fence(&self) -> bool {
        // ORDERING: SeqCst: the load may not move before the fence of `retire`.
        let gp = self.next.load(SeqCst);
        gp.is_null() || is_tagged(gp)
    }
}

#[inline(always)]
fn is_tagged<T>(gp: *mut T) -> bool {
    gp.addr() & 1 == 1
}

#[inline(always)]
fn untagged<T>(gp: *mut T) -> *mut T {
    gp.map_addr(|a| a & !1)
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    struct Shared {
        next: RunNext<UnsafeCell<u32>>,
        records: [UnsafeCell<u32>; 2],
    }

    // SAFETY: loom checks the cells; that is the point of the model.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}

    /// Runs the goroutine, if it is one: how often that happened is in its record.
    fn run(gp: *mut UnsafeCell<u32>) {
        // SAFETY: the records outlive the model; loom's cell reports a concurrent access.
        if let Some(record) = unsafe { gp.as_ref() } {
            record.with_mut(|n| unsafe { *n += 1 });
        }
    }

    /// The holder readies one goroutine after the other and takes what is left, a thief steals:
    /// each runs once.
    #[test]
    fn loom_runnext_is_taken_once() {
        loom::model(|| {
            let s = Arc::new(Shared {
                next: RunNext::new(false),
                records: [UnsafeCell::new(0), UnsafeCell::new(0)],
            });
            let thief = s.clone();
            let thief = loom::thread::spawn(move || run(thief.next.steal()));
            for record in &s.records {
                record.with_mut(|n| {
                    // SAFETY: not readied yet.
                    unsafe { *n += 10 }
                });
                run(s.next.put(ptr::from_ref(record).cast_mut(), false).gp);
            }
            run(s.next.take());
            thief.join().unwrap();
            for record in &s.records {
                // SAFETY: all have ended.
                record.with(|n| assert_eq!(unsafe { *n }, 11));
            }
        });
    }

    /// I3: a goroutine that the holder has run and put back for itself is not stolen, though the
    /// thief saw it when it was for all.
    #[test]
    fn loom_runnext_what_is_kept_is_not_stolen() {
        loom::model(|| {
            let s = Arc::new(Shared {
                next: RunNext::new(false),
                records: [UnsafeCell::new(0), UnsafeCell::new(0)],
            });
            let gp = ptr::from_ref(&s.records[0]).cast_mut();
            assert!(s.next.put(gp, false).gp.is_null());
            let thief = s.clone();
            let thief = loom::thread::spawn(move || thief.next.steal().is_null());
            let mut stolen = s.next.take().is_null();
            if !stolen {
                assert!(s.next.put(gp, true).gp.is_null());
                stolen = s.next.take().is_null();
                assert!(!stolen, "a goroutine that was kept was stolen");
            }
            assert_eq!(thief.join().unwrap(), !stolen);
        });
    }
}
