//! A future's place in the poll semaphore: the third kind of waiter, beside goroutine and thread.
//!
//! I1 While the waker is there, the task waits: it is in a semaphore's word, or one that took it out of the word is about to wake it.
//! I2 The one that takes the task out of the word takes the waker, and wakes it. So a poll that finds the waker here may put another in
//!    its place and stay pending.

use std::sync::Arc;
use std::task::Waker;

use crate::words::shim::Mutex;

/// One side of a descriptor, as a future waits for it. Made once, used for one wait after another.
pub struct PollTask {
    /// See I1.
    waker: Mutex<Option<Waker>>,
}

impl PollTask {
    /// One that does not wait.
    #[allow(clippy::new_ret_no_self, reason = "the semaphore's word counts as an owner")]
    pub fn new() -> Arc<PollTask> {
        Arc::new(PollTask { waker: Mutex::new(None) })
    }

    /// If it waits: has this waker called instead of the one from before; true.
    pub fn still_waits(&self, waker: &Waker) -> bool {
        let mut slot = self.waker.lock();
        let Some(old) = slot.as_mut() else { return false };
        if !old.will_wake(waker) {
            *old = waker.clone();
        }
        true
    }

    /// Before it goes into the word.
    pub(crate) fn put(&self, waker: &Waker) {
        *self.waker.lock() = Some(waker.clone());
    }

    /// Once it is out of the word (I2).
    pub(crate) fn take(&self) -> Option<Waker> {
        self.waker.lock().take()
    }
}

impl std::fmt::Debug for PollTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PollTask").finish_non_exhaustive()
    }
}
