//! Permits that own their semaphore, for goroutines that outlive the frame that took them. Model:
//! tokio::sync::OwnedSemaphorePermit.

use std::sync::Arc;

use super::Semaphore;
use crate::context::{Context, ContextError};

/// Permits taken from a shared [`Semaphore`]; dropping it gives them back.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::Semaphore};
/// use std::sync::Arc;
///
/// let limit = Arc::new(Semaphore::new(2));
/// let workers: Vec<_> = (0..8)
///     .map(|_| {
///         let permit = limit.clone().acquire_owned(); // parks here, in the spawner
///         go(move || drop(permit))
///     })
///     .collect();
/// workers.into_iter().for_each(|worker| worker.join().unwrap());
/// assert_eq!(limit.available_permits(), 2);
/// # }) } }
/// ```
#[derive(Debug)]
#[must_use = "the permits are given back when this is dropped"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl Semaphore {
    /// [`acquire`](Self::acquire) for a permit that keeps the semaphore alive.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let permit = Arc::new(Semaphore::new(1)).acquire_owned();
    /// assert_eq!(permit.permits(), 1);
    /// ```
    pub fn acquire_owned(self: Arc<Self>) -> OwnedSemaphorePermit {
        self.acquire_many_owned(1)
    }

    /// [`acquire_many`](Self::acquire_many) for permits that keep the semaphore alive.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let permits = Arc::new(Semaphore::new(3)).acquire_many_owned(2);
    /// assert_eq!(permits.semaphore().available_permits(), 1);
    /// ```
    pub fn acquire_many_owned(self: Arc<Self>, n: usize) -> OwnedSemaphorePermit {
        self.acquire_many(n).forget();
        OwnedSemaphorePermit { semaphore: self, permits: n }
    }

    /// [`try_acquire`](Self::try_acquire) for a permit that keeps the semaphore alive.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// assert!(Arc::new(Semaphore::new(0)).try_acquire_owned().is_none());
    /// ```
    pub fn try_acquire_owned(self: Arc<Self>) -> Option<OwnedSemaphorePermit> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_many`](Self::try_acquire_many) for permits that keep the semaphore alive.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(2));
    /// assert!(semaphore.clone().try_acquire_many_owned(3).is_none());
    /// assert!(semaphore.try_acquire_many_owned(2).is_some());
    /// ```
    pub fn try_acquire_many_owned(self: Arc<Self>, n: usize) -> Option<OwnedSemaphorePermit> {
        self.try_acquire_many(n)?.forget();
        Some(OwnedSemaphorePermit { semaphore: self, permits: n })
    }

    /// [`acquire_context`](Self::acquire_context) for a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    ///
    /// ```
    /// use gopark::{context::Context, sync::Semaphore};
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// assert!(semaphore.acquire_owned_context(&Context::background()).is_ok());
    /// ```
    pub fn acquire_owned_context(
        self: Arc<Self>,
        ctx: &Context,
    ) -> Result<OwnedSemaphorePermit, ContextError> {
        self.acquire_context(ctx)?.forget();
        Ok(OwnedSemaphorePermit { semaphore: self, permits: 1 })
    }
}

impl OwnedSemaphorePermit {
    /// Number of permits that this stands for.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// assert_eq!(Arc::new(Semaphore::new(4)).acquire_many_owned(3).permits(), 3);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// The semaphore from which they were taken.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.clone().acquire_owned();
    /// assert!(Arc::ptr_eq(permit.semaphore(), &semaphore));
    /// ```
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// Takes the permits out of the semaphore for good.
    ///
    /// ```
    /// use gopark::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(2));
    /// semaphore.clone().acquire_owned().forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.add_permits(self.permits);
        }
    }
}
