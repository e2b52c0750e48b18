//! The lock of a channel: one byte. Go: runtime/lock_futex.go lock2, for `hchan.lock`.
//!
//! Sections under it are a few dozen instructions and one small copy; nothing under it parks,
//! allocates more than a chunk of slots or runs user code. So a lock is one exchange and an unlock
//! is one plain store: half the locked instructions of a lock that must look for sleepers. The
//! price is paid when the kernel takes the holder off its core: the others spin, then yield, then
//! sleep for growing moments, since the unlock cannot wake them.
//!
//! I1 The store in [`RawLock::unlock`] is the holder's last touch of the lock: the next holder may
//!    free the memory.

#[cfg(not(loom))]
pub(super) use byte::RawLock;
#[cfg(loom)]
pub(super) use model::RawLock;

#[cfg(not(loom))]
mod byte {
    use std::hint::spin_loop;
    use std::sync::atomic::{
        AtomicBool,
        Ordering::{Acquire, Relaxed, Release},
    };
    use std::time::Duration;

    /// Rounds of spinning before giving up the core. Go: active_spin 4 rounds of 30 pauses.
    const SPIN_ROUNDS: u32 = 6;
    /// Rounds of yielding before sleeping: enough for a holder that waits for this very core.
    const YIELD_ROUNDS: u32 = 8;
    /// From this round on it sleeps.
    const SLEEP_FROM: u32 = SPIN_ROUNDS + YIELD_ROUNDS;
    /// The longest sleep between two looks.
    const LONGEST_SLEEP_US: u64 = 200;

    /// See the file's head.
    #[derive(Debug)]
    pub(in super::super) struct RawLock(AtomicBool);

    impl RawLock {
        pub(in super::super) const fn new() -> RawLock {
            RawLock(AtomicBool::new(false))
        }

        #[inline(always)]
        pub(in super::super) fn lock(&self) {
            if !self.try_lock() {
                self.lock_slow();
            }
        }

        #[inline(always)]
        fn try_lock(&self) -> bool {
            // ORDERING: Acquire pairs with the Release in `unlock`: the section sees the one before
            // it.
            self.0.compare_exchange(false, true, Acquire, Relaxed).is_ok()
        }

        /// By the holder, on whatever stack or thread its section ends.
        #[inline(always)]
        pub(in super::super) fn unlock(&self) {
            // ORDERING: Release pairs with the Acquire in `try_lock`: publishes the section.
            self.0.store(false, Release);
        }

        #[cold]
        #[inline(never)]
        fn lock_slow(&self) {
            let mut round = 0;
            loop {
                match round {
                    0..SPIN_ROUNDS => (0..8 << round).for_each(|_| spin_loop()),
                    SPIN_ROUNDS..SLEEP_FROM => std::thread::yield_now(),
                    _ => {
                        let sleep = 1 << (round - SLEEP_FROM).min(10);
                        std::thread::sleep(Duration::from_micros(sleep.min(LONGEST_SLEEP_US)));
                    }
                }
                round += 1;
                // Relaxed: a look that spares the cache line; the exchange decides.
                if !self.0.load(Relaxed) && self.try_lock() {
                    return;
                }
            }
        }
    }
}

/// The same contract on loom's mutex, whose waiting the model understands.
#[cfg(loom)]
mod model {
    use loom::sync::{Mutex, MutexGuard};
    use std::cell::UnsafeCell;

    #[derive(Debug)]
    pub(in super::super) struct RawLock {
        mutex: Mutex<()>,
        /// The holder's guard; touched by the holder only.
        guard: UnsafeCell<Option<MutexGuard<'static, ()>>>,
    }

    impl RawLock {
        pub(in super::super) fn new() -> RawLock {
            RawLock { mutex: Mutex::new(()), guard: UnsafeCell::new(None) }
        }

        pub(in super::super) fn lock(&self) {
            let guard = self.mutex.lock().expect("a model's thread panicked with the lock held");
            // SAFETY: the guard lives in the same object as its mutex and is taken out in `unlock`;
            // the cell is the holder's.
            unsafe {
                *self.guard.get() =
                    Some(std::mem::transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(guard))
            };
        }

        pub(in super::super) fn unlock(&self) {
            // SAFETY: called by the holder, whose the cell is.
            let guard = unsafe { (*self.guard.get()).take() };
            drop(guard.expect("unlock of an unlocked channel lock"));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::RawLock;
    use std::cell::UnsafeCell;

    struct Counter(RawLock, UnsafeCell<u64>);
    // SAFETY: the cell is touched under the lock only.
    unsafe impl Sync for Counter {}

    #[test]
    fn excludes() {
        let counter = Counter(RawLock::new(), UnsafeCell::new(0));
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    // Whole: the closure would capture the fields one by one, and the cell alone is
                    // not Sync.
                    let counter = &counter;
                    for _ in 0..10_000 {
                        counter.0.lock();
                        // SAFETY: under the lock.
                        unsafe { *counter.1.get() += 1 };
                        counter.0.unlock();
                    }
                });
            }
        });
        assert_eq!(counter.1.into_inner(), 40_000);
    }
}
