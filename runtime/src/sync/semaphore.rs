//! `Semaphore`: a count of permits. Go: golang.org/x/sync/semaphore.
//!
//! I1 While somebody waits, there are fewer permits than the first waiter needs: newcomers queue,
//!    so that small requests do not starve a large one.

use std::pin::{Pin, pin};

use crate::sched::g::WaitReason;
use crate::sync::sema::{
    HasWaitList, Interrupt, Interrupted, ParkedWaiter, Taken, WaitList, wait_interruptible,
};
use crate::words::shim;

/// A count of permits that goroutines take and give back, first come, first served. Go:
/// semaphore.Weighted.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::Semaphore};
/// use std::sync::Arc;
///
/// let two_at_a_time = Arc::new(Semaphore::new(2));
/// let workers: Vec<_> = (0..8)
///     .map(|_| {
///         let limit = two_at_a_time.clone();
///         go(move || {
///             let _permit = limit.acquire();
///             // at most two are here
///         })
///     })
///     .collect();
/// for worker in workers {
///     worker.join().unwrap();
/// }
/// assert_eq!(two_at_a_time.available_permits(), 2);
/// # }) } }
/// ```
pub struct Semaphore {
    state: shim::Mutex<PermitQueue>,
}

/// See I1.
pub(crate) struct PermitQueue {
    permits: usize,
    waiting: WaitList,
}

/// Permits taken from a [`Semaphore`]; dropping it gives them back.
///
/// ```
/// let semaphore = gopark::sync::Semaphore::new(3);
/// let permit = semaphore.acquire_many(2);
/// assert_eq!((permit.permits(), semaphore.available_permits()), (2, 1));
/// drop(permit);
/// assert_eq!(semaphore.available_permits(), 3);
/// ```
#[derive(Debug)]
#[must_use = "the permits are given back when this is dropped"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl Semaphore {
    /// Makes a semaphore with `permits` permits.
    ///
    /// ```
    /// static LIMIT: gopark::sync::Semaphore = gopark::sync::Semaphore::new(10);
    /// assert_eq!(LIMIT.available_permits(), 10);
    /// ```
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        Semaphore { state: shim::Mutex::new(PermitQueue { permits, waiting: WaitList::new() }) }
    }

    /// Takes one permit, parking until it is available.
    ///
    /// ```
    /// let semaphore = gopark::sync::Semaphore::new(1);
    /// let permit = semaphore.acquire();
    /// assert!(semaphore.try_acquire().is_none());
    /// # drop(permit);
    /// ```
    pub fn acquire(&self) -> SemaphorePermit<'_> {
        self.acquire_many(1)
    }

    /// Takes `n` permits at once, parking until they are available. Asking for more than there will
    /// ever be waits for ever.
    ///
    /// ```
    /// let semaphore = gopark::sync::Semaphore::new(3);
    /// let permit = semaphore.acquire_many(3);
    /// assert_eq!(semaphore.available_permits(), 0);
    /// # drop(permit);
    /// ```
    #[doc(alias = "Acquire")]
    pub fn acquire_many(&self, n: usize) -> SemaphorePermit<'_> {
        let waiter = pin!(ParkedWaiter::new(n));
        if !self.take_or_queue(n, waiter.as_ref()) {
            waiter.as_ref().wait(WaitReason::Semacquire);
        }
        self.permit(n)
    }

    /// Takes one permit if it is available.
    ///
    /// ```
    /// let semaphore = gopark::sync::Semaphore::new(0);
    /// assert!(semaphore.try_acquire().is_none());
    /// ```
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if they are available and nobody is waiting.
    ///
    /// ```
    /// let semaphore = gopark::sync::Semaphore::new(2);
    /// assert!(semaphore.try_acquire_many(3).is_none());
    /// assert!(semaphore.try_acquire_many(2).is_some());
    /// ```
    #[doc(alias = "TryAcquire")]
    pub fn try_acquire_many(&self, n: usize) -> Option<SemaphorePermit<'_>> {
        let taken = self.state.lock().take(n);
        taken.then(|| self.permit(n))
    }

    pub(crate) fn acquire_interruptible(
        &self,
        n: usize,
        by: &impl Interrupt,
    ) -> Result<SemaphorePermit<'_>, Interrupted> {
        let waiter = pin!(ParkedWaiter::new(n));
        if !self.take_or_queue(n, waiter.as_ref()) {
            wait_interruptible(self, waiter.as_ref(), WaitReason::Semacquire, by)?;
        }
        Ok(self.permit(n))
    }

    /// Adds `n` permits and wakes the waiters for which they suffice.
    ///
    /// # Panics
    ///
    /// If the number of permits overflows.
    ///
    /// ```
    /// let semaphore = gopark::sync::Semaphore::new(0);
    /// semaphore.add_permits(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    #[doc(alias = "Release")]
    pub fn add_permits(&self, n: usize) {
        let mut state = self.state.lock();
        state.permits = state.permits.checked_add(n).expect("semaphore: too many permits");
        let admitted = state.admit();
        drop(state);
        admitted.tell();
    }

    /// Number of available permits.
    ///
    /// ```
    /// assert_eq!(gopark::sync::Semaphore::new(5).available_permits(), 5);
    /// ```
    pub fn available_permits(&self) -> usize {
        self.state.lock().permits
    }

    /// Returns true if it took the permits; false if it queued, and the caller has to wait.
    fn take_or_queue(&self, n: usize, waiter: Pin<&ParkedWaiter>) -> bool {
        let mut state = self.state.lock();
        let taken = state.take(n);
        if !taken {
            // SAFETY: fresh, and the callers wait with it.
            unsafe { state.waiting.push(waiter) };
        }
        taken
    }

    fn permit(&self, permits: usize) -> SemaphorePermit<'_> {
        SemaphorePermit { semaphore: self, permits }
    }
}

impl PermitQueue {
    /// Takes `n` permits unless there are too few or somebody is waiting (I1).
    fn take(&mut self, n: usize) -> bool {
        let may = self.permits >= n && self.waiting.first_need().is_none();
        if may {
            self.permits -= n;
        }
        may
    }

    /// Gives permits to the first waiters, in order, as long as they suffice (I1).
    fn admit(&mut self) -> Taken {
        let mut admitted = Taken::none();
        while let Some(need) = self.waiting.first_need()
            && need <= self.permits
        {
            self.permits -= need;
            self.waiting.take_first_into(&mut admitted);
        }
        admitted
    }
}

impl HasWaitList for Semaphore {
    type Locked = PermitQueue;
    fn lock(&self) -> &shim::Mutex<PermitQueue> {
        &self.state
    }
    fn list(state: &mut PermitQueue) -> &mut WaitList {
        &mut state.waiting
    }
    /// The next in line may need less.
    fn has_left(&self, state: &mut PermitQueue) -> Taken {
        state.admit()
    }
}

impl std::fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Semaphore").field("permits", &self.available_permits()).finish_non_exhaustive()
    }
}

impl SemaphorePermit<'_> {
    /// Number of permits that this stands for.
    ///
    /// ```
    /// assert_eq!(gopark::sync::Semaphore::new(1).acquire().permits(), 1);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Takes the permits out of the semaphore for good.
    ///
    /// ```
    /// let semaphore = gopark::sync::Semaphore::new(2);
    /// semaphore.acquire().forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.add_permits(self.permits);
        }
    }
}
