//! Watchers: who waits until an operation could be done, and does not do it. Model:
//! crossbeam-channel's `watch`.
//!
//! A watcher's sudog lies in a queue of its own and takes nothing: whatever may make its operation
//! possible wakes all watchers of that direction, and they look for themselves.
//! `ChanFlags::WATCHED` keeps the usual channel, which has none, from looking.

use crate::chan::hchan::{ChanFlags, Hchan};
use crate::chan::sudog::{Dir, Outcome, Sudog, WakeList};

impl Hchan {
    /// Under the lock, when an operation in direction `dir` may have become possible: wakes who
    /// watches for it.
    #[inline(always)]
    pub(in crate::chan) fn notify(&self, dir: Dir, wakes: &mut WakeList) {
        if self.state().has(ChanFlags::WATCHED) {
            self.notify_watchers(wakes, |sg| sg.dir.get() == dir);
        }
    }

    #[cold]
    pub(in crate::chan) fn notify_watchers(&self, wakes: &mut WakeList, wanted: impl Fn(&Sudog) -> bool) {
        // SAFETY: the lock is held.
        unsafe { self.watchers.drain_into(wakes, Outcome::Ready, wanted) };
        self.update_watched();
    }

    fn update_watched(&self) {
        if self.watchers.is_empty() {
            self.clear_state(ChanFlags::WATCHED);
        } else {
            self.set_state(ChanFlags::WATCHED);
        }
    }

    /// Under the lock: queues a watcher.
    ///
    /// # Safety
    /// As for `WaitQ::enqueue`.
    pub(in crate::chan) unsafe fn watch(&self, sg: &Sudog) {
        // SAFETY: the caller's duty.
        unsafe { self.watchers.enqueue(sg) };
        self.update_watched();
    }

    /// Under the lock: takes a watcher off if it is still there.
    ///
    /// # Safety
    /// As for `WaitQ::remove`.
    pub(in crate::chan) unsafe fn unwatch(&self, sg: &Sudog) {
        // SAFETY: the caller's duty.
        unsafe { self.watchers.remove(sg) };
        self.update_watched();
    }
}
