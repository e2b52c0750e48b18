//! `Barrier`: goroutines that wait for each other. Model: std::sync::Barrier.

use super::{Condvar, Mutex};

/// Lets `n` goroutines wait for each other, again and again. Model: [`std::sync::Barrier`].
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::Barrier};
/// use std::sync::Arc;
///
/// let barrier = Arc::new(Barrier::new(3));
/// let parties: Vec<_> = (0..3)
///     .map(|_| {
///         let barrier = barrier.clone();
///         go(move || barrier.wait().is_leader())
///     })
///     .collect();
/// let leaders: Vec<bool> = parties.into_iter().map(|p| p.join().unwrap()).collect();
/// assert_eq!(leaders.iter().filter(|leader| **leader).count(), 1);
/// # }) } }
/// ```
pub struct Barrier {
    state: Mutex<Arrivals>,
    all_here: Condvar,
    parties: usize,
}

struct Arrivals {
    arrived: usize,
    /// Which round it is; wraps.
    round: usize,
}

/// Result of [`Barrier::wait`]: whether this goroutine is the leader. Model:
/// [`std::sync::BarrierWaitResult`].
///
/// ```
/// assert!(gopark::sync::Barrier::new(1).wait().is_leader());
/// ```
pub struct BarrierWaitResult(bool);

impl Barrier {
    /// Makes a barrier for `n` goroutines; with 0 or 1, `wait` returns at once.
    ///
    /// ```
    /// static BARRIER: gopark::sync::Barrier = gopark::sync::Barrier::new(1);
    /// BARRIER.wait();
    /// ```
    #[must_use]
    pub const fn new(n: usize) -> Barrier {
        Barrier { state: Mutex::new(Arrivals { arrived: 0, round: 0 }), all_here: Condvar::new(), parties: n }
    }

    /// Parks until all have arrived. The last one is the leader.
    ///
    /// ```
    /// let barrier = gopark::sync::Barrier::new(1);
    /// assert!(barrier.wait().is_leader());
    /// ```
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock();
        let round = state.round;
        state.arrived += 1;
        if state.arrived < self.parties {
            self.all_here.wait_while(&mut state, |state| state.round == round);
            return BarrierWaitResult(false);
        }
        state.arrived = 0;
        state.round = state.round.wrapping_add(1);
        drop(state);
        self.all_here.notify_all();
        BarrierWaitResult(true)
    }
}

impl std::fmt::Debug for Barrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl BarrierWaitResult {
    /// Whether this goroutine arrived last.
    ///
    /// ```
    /// assert!(gopark::sync::Barrier::new(0).wait().is_leader());
    /// ```
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl std::fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.is_leader()).finish()
    }
}
