//! The mutual exclusion lock under `Mutex`, `RwLock` and `Once`. Go: sync/mutex.go
//! (internal/sync/mutex.go since 1.24).
//!
//! **Two modes.** In normal mode waiters queue first come, first served, but a woken waiter does
//! not own the lock: it competes with newcomers, who are many and already on a CPU. That is fast,
//! as one goroutine may take the lock several times in a row. A waiter that loses goes to the
//! queue's front, and one that has waited more than 1 ms switches the lock to starvation mode:
//! there unlock hands the lock to the queue's first waiter, newcomers neither try nor spin but
//! queue at the end. The one that gets the lock switches back when it is the last waiter, or waited
//! less than 1 ms.
//!
//! ```text
//!   state   31 ................ 3 |    2     |   1   |   0
//!                 waiters         | STARVING | WOKEN | LOCKED
//! ```
//!
//! I1 `waiters` counts those who have announced themselves and were not yet paid for: in normal
//!    mode the unlocker that grabs the right to wake takes one off before it releases the
//!    semaphore, in starvation mode the woken one takes itself off. So `waiters` is the number of
//!    goroutines in `semacquire` less the units in flight.
//! I2 WOKEN is set by the unlocker that wakes, or by a spinning newcomer, and cleared by the one it
//!    was set for: at most one is awake.
//! I3 STARVING is set only with LOCKED and by a waiter; in starvation mode an unlocked lock belongs
//!    to the waiter that is being woken.
//! I4 A waiter that gives up (deadline, context) takes itself off `waiters`, unless the unit in
//!    flight can only be its own: then it waits for that, and goes on as a woken one.

use crate::sched::g::WaitReason;
use crate::sync::sema::{
    Handoff, Interrupt, Interrupted, Order, semacquire_interruptible, semacquire1, semrelease,
};
use crate::sync::spin;
use crate::throw::throw;
use crate::words::shim::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// After so long a wait a waiter asks for the lock to be handed over.
const STARVATION_THRESHOLD_NS: i64 = 1_000_000;

/// The lock, without data. Go: sync.Mutex.
#[derive(Debug)]
pub(crate) struct Lock {
    /// A [`MutexWord`].
    state: AtomicU32,
    sema: AtomicU32,
}

/// The word; see the file's head.
#[derive(Clone, Copy, PartialEq, Eq)]
struct MutexWord(u32);

const LOCKED: u32 = 1;
const WOKEN: u32 = 2;
const STARVING: u32 = 4;
const WAITER: u32 = 8;

impl MutexWord {
    fn locked(self) -> bool {
        self.0 & LOCKED != 0
    }
    fn woken(self) -> bool {
        self.0 & WOKEN != 0
    }
    fn starving(self) -> bool {
        self.0 & STARVING != 0
    }
    fn waiters(self) -> u32 {
        self.0 / WAITER
    }
    /// Whether a newcomer may take it.
    fn free(self) -> bool {
        self.0 & (LOCKED | STARVING) == 0
    }
    fn with(self, bits: u32) -> Self {
        MutexWord(self.0 | bits)
    }
    fn without(self, bits: u32) -> Self {
        MutexWord(self.0 & !bits)
    }
    fn one_waiter_more(self) -> Self {
        if self.waiters() == u32::MAX / WAITER {
            throw!("sync: more than 2^29 goroutines wait for one mutex");
        }
        MutexWord(self.0 + WAITER)
    }
    fn one_waiter_less(self) -> Self {
        MutexWord(self.0 - WAITER)
    }
}

impl std::fmt::Debug for MutexWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "locked {} woken {} starving {} waiters {}",
            self.locked(),
            self.woken(),
            self.starving(),
            self.waiters()
        )
    }
}

/// How a wait for the lock ended.
enum Awoke {
    /// The lock is ours.
    Owner,
    /// We may compete for it, and WOKEN is set for us.
    Competitor,
    /// We gave up.
    No,
}

impl Lock {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Lock { state: AtomicU32::new(0), sema: AtomicU32::new(0) }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Lock { state: AtomicU32::new(0), sema: AtomicU32::new(0) }
    }

    #[inline]
    pub(crate) fn lock(&self) {
        if !self.try_lock() {
            self.lock_slow();
        }
    }

    /// As `lock`, unless interrupted first.
    #[inline]
    pub(crate) fn lock_interruptible(&self, by: &impl Interrupt) -> Result<(), Interrupted> {
        if self.try_lock() { Ok(()) } else { self.compete(Some(by)) }
    }

    /// Takes the lock when it is neither locked nor promised to a waiter.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        // ORDERING: Acquire, as in `cas`. From 0, without looking first: a load in front of it
        // costs an uncontended lock 0.3 ns.
        match self.state.compare_exchange(0, LOCKED, Acquire, Relaxed) {
            Ok(_) => true,
            // Contended, but just now free, and somebody awake to compete with: the usual case with
            // waiters.
            Err(old) => MutexWord(old).free() && self.cas(MutexWord(old), MutexWord(old).with(LOCKED)),
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        !MutexWord(self.state.load(Relaxed)).free()
    }

    /// Fatal on an unlocked lock, as in Go. Whoever calls it unlocks: the lock does not know its
    /// owner.
    #[inline]
    pub(crate) fn unlock(&self) {
        // ORDERING: Release pairs with the Acquire of `cas` in the next one's lock; the
        // read-modify-writes of waiters in between continue the release sequence.
        let new = MutexWord(self.state.fetch_sub(LOCKED, Release).wrapping_sub(LOCKED));
        // Nobody to wake, or somebody is awake (the usual case of a contended lock).
        if new != MutexWord(0) && new.0 & (LOCKED | STARVING | WOKEN) != WOKEN {
            self.unlock_slow(new);
        }
    }

    /// Unlocks and gives the lock to the first waiter, if there is one that nobody has woken yet.
    pub(crate) fn unlock_fair(&self) {
        let old = MutexWord(self.state.load(Relaxed));
        if old.waiters() > 0 && !old.woken() && !old.starving() {
            // ORDERING: Release, as in `unlock`.
            let starved = old.without(LOCKED).with(STARVING);
            if self.state.compare_exchange(old.0, starved.0, Release, Relaxed).is_ok() {
                return semrelease(&self.sema, Handoff::Yes);
            }
        }
        self.unlock();
    }

    #[inline]
    fn cas(&self, old: MutexWord, new: MutexWord) -> bool {
        // ORDERING: Acquire pairs with the Release in `unlock`.
        self.state.compare_exchange(old.0, new.0, Acquire, Relaxed).is_ok()
    }

    #[cold]
    fn lock_slow(&self) {
        match self.compete(None::<&NoInterrupt>) {
            Ok(()) => {}
            Err(Interrupted) => throw!("sync: a lock that nobody may interrupt was interrupted"),
        }
    }

    /// Spins, queues and competes until the lock is ours. Go: lockSlow.
    #[cold]
    fn compete(&self, by: Option<&impl Interrupt>) -> Result<(), Interrupted> {
        let mut waiting_since = None;
        let mut starving = false;
        let mut awoke = false;
        let mut spins = 0;
        let mut gave_up = false;
        loop {
            let old = MutexWord(self.state.load(Relaxed));
            if old.locked() && !old.starving() && !gave_up && spin::can_spin(spins) {
                // Tell unlock that it need not wake anybody: we are here.
                awoke = awoke || (!old.woken() && old.waiters() > 0 && self.cas(old, old.with(WOKEN)));
                spin::do_spin();
                spins += 1;
                continue;
            }
            let mut new = old;
            if awoke {
                if !old.woken() {
                    throw!("sync: inconsistent mutex state: woken without the flag ({old:?})");
                }
                new = new.without(WOKEN);
            }
            if old.free() {
                if self.cas(old, new.with(LOCKED)) {
                    return Ok(());
                }
                continue;
            }
            if gave_up {
                if self.cas(old, new) {
                    return Err(Interrupted);
                }
                continue;
            }
            // Starvation mode without an owner would leave nobody to hand over: only with the lock
            // held.
            if starving && old.locked() {
                new = new.with(STARVING);
            }
            if !self.cas(old, new.one_waiter_more()) {
                continue;
            }
            let order = if waiting_since.is_some() { Order::Lifo } else { Order::Fifo };
            let since = *waiting_since.get_or_insert_with(spin::now);
            let acquired = self.sleep(order, by);
            starving = starving || spin::now() - since > STARVATION_THRESHOLD_NS;
            match self.awake(starving, acquired) {
                Awoke::Owner => return Ok(()),
                Awoke::No => return Err(Interrupted),
                Awoke::Competitor => (awoke, spins, gave_up) = (true, 0, acquired.is_err()),
            }
        }
    }

    fn sleep(&self, order: Order, by: Option<&impl Interrupt>) -> Result<(), Interrupted> {
        match by {
            None => {
                semacquire1(&self.sema, order, WaitReason::SyncMutexLock);
                Ok(())
            }
            Some(by) => semacquire_interruptible(&self.sema, order, WaitReason::SyncMutexLock, by),
        }
    }

    /// What a wait that has ended, perhaps interrupted, has brought.
    fn awake(&self, starving: bool, acquired: Result<(), Interrupted>) -> Awoke {
        if acquired.is_err() && self.leave() {
            return Awoke::No;
        }
        loop {
            let old = MutexWord(self.state.load(Relaxed));
            if !old.starving() {
                return Awoke::Competitor;
            }
            // The lock was handed to us: LOCKED is not set, and we are still counted as a waiter.
            if old.locked() || old.woken() || old.waiters() == 0 {
                throw!("sync: inconsistent mutex state: handed over ({old:?})");
            }
            let mut new = old.one_waiter_less().with(LOCKED);
            if !starving || new.waiters() == 0 {
                // Leave starvation mode as soon as possible: two goroutines can go lock-step in it
                // for ever.
                new = new.without(STARVING);
            }
            // Not by addition, as in Go: a waiter that gives up may leave meanwhile, and the last
            // one must not leave STARVING behind.
            if self.cas(old, new) {
                return Awoke::Owner;
            }
        }
    }

    /// An interrupted waiter's way out; see I4. True: it has left. False: it got a unit and is
    /// awake.
    fn leave(&self) -> bool {
        loop {
            let old = MutexWord(self.state.load(Relaxed));
            let unit_is_ours =
                if old.starving() { !old.locked() && old.waiters() == 1 } else { old.waiters() == 0 };
            if unit_is_ours {
                semacquire1(&self.sema, Order::Lifo, WaitReason::SyncMutexLock);
                return false;
            }
            let mut new = old.one_waiter_less();
            if new.waiters() == 0 {
                new = new.without(STARVING);
            }
            if self.cas(old, new) {
                return true;
            }
        }
    }

    /// Go: unlockSlow.
    #[cold]
    fn unlock_slow(&self, new: MutexWord) {
        if !MutexWord(new.0.wrapping_add(LOCKED)).locked() {
            fatal_unlocked();
        }
        if new.starving() {
            // Hand over, and give the rest of our time slice away with it.
            return semrelease(&self.sema, Handoff::Yes);
        }
        let mut old = new;
        loop {
            // Nobody to wake, or somebody is awake or has the lock already; or it was passed on by
            // a chain we are not part of.
            if old.waiters() == 0 || old.locked() || old.woken() || old.starving() {
                return;
            }
            // Relaxed: what the critical section wrote was released by `unlock`.
            match self.state.compare_exchange(old.0, old.one_waiter_less().with(WOKEN).0, Relaxed, Relaxed) {
                Ok(_) => return semrelease(&self.sema, Handoff::No),
                Err(now) => old = MutexWord(now),
            }
        }
    }
}

/// For the waits that nobody may end.
pub(crate) struct NoInterrupt;

impl Interrupt for NoInterrupt {
    type Armed = ();
    unsafe fn arm(&self, _slot: std::pin::Pin<&()>, _target: crate::sync::sema::Target) {}
}

fn fatal_unlocked() -> ! {
    #[cfg(not(loom))]
    crate::throw::fatal("sync: unlock of unlocked mutex");
    #[cfg(loom)]
    panic!("sync: unlock of unlocked mutex");
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::sync::sema::FromAnotherThread;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    /// A lock with a counter that is no atomic in spirit: load and store, so that two inside at
    /// once lose one.
    fn count(shared: &(Lock, AtomicUsize), unlock: fn(&Lock)) {
        shared.0.lock();
        shared.1.store(shared.1.load(Relaxed) + 1, Relaxed);
        unlock(&shared.0);
    }

    fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(preemptions);
        model.check(f);
    }

    #[test]
    fn loom_mutex_excludes_and_wakes() {
        model(2, || {
            let shared = Arc::new((Lock::new(), AtomicUsize::new(0)));
            let threads = [0, 1].map(|_| {
                let shared = shared.clone();
                loom::thread::spawn(move || count(&shared, Lock::unlock))
            });
            count(&shared, Lock::unlock);
            threads.map(|t| t.join().unwrap());
            assert_eq!(shared.1.load(Relaxed), 3);
            assert_eq!(shared.0.state.load(Relaxed), 0, "no flag and no waiter is left behind");
            assert_eq!(shared.0.sema.load(Relaxed), 0);
        });
    }

    /// Hand-over: starvation mode, entered by a fair unlock, with a newcomer that must not steal.
    #[test]
    fn loom_mutex_hand_over() {
        model(2, || {
            let shared = Arc::new((Lock::new(), AtomicUsize::new(0)));
            shared.0.lock();
            let threads = [0, 1].map(|_| {
                let shared = shared.clone();
                loom::thread::spawn(move || count(&shared, Lock::unlock_fair))
            });
            shared.1.store(shared.1.load(Relaxed) + 1, Relaxed);
            shared.0.unlock_fair();
            threads.map(|t| t.join().unwrap());
            assert_eq!(shared.1.load(Relaxed), 3);
            assert_eq!(shared.0.state.load(Relaxed), 0);
            assert_eq!(shared.0.sema.load(Relaxed), 0);
        });
    }

    fn interrupted_waiter(unlock: fn(&Lock)) {
        model(3, move || {
            let shared = Arc::new((Lock::new(), AtomicUsize::new(0)));
            shared.0.lock();
            let other = shared.clone();
            let waiter = loom::thread::spawn(move || {
                if other.0.lock_interruptible(&FromAnotherThread).is_ok() {
                    unlock(&other.0);
                }
            });
            unlock(&shared.0);
            waiter.join().unwrap();
            assert_eq!(shared.0.state.load(Relaxed), 0);
            assert_eq!(shared.0.sema.load(Relaxed), 0);
        });
    }

    /// A waiter that gives up while the lock is being released leaves neither a unit nor a count
    /// behind.
    #[test]
    fn loom_mutex_interrupted_waiter_leaves_nothing() {
        interrupted_waiter(Lock::unlock);
    }

    #[test]
    fn loom_mutex_interrupted_waiter_and_hand_over() {
        interrupted_waiter(Lock::unlock_fair);
    }

    /// The lock has been handed to one of two who wait, after a long time, and the other one gives
    /// up: no starvation mode stays behind.
    #[test]
    fn loom_mutex_interrupted_waiter_beside_the_new_owner() {
        model(3, || {
            let two_wait = AtomicU32::new(STARVING + 2 * WAITER);
            let lock = Arc::new(Lock { state: two_wait, sema: AtomicU32::new(0) });
            let wakes = |lock: &Lock, acquired| match lock.awake(true, acquired) {
                Awoke::Owner => lock.unlock(),
                Awoke::No => assert!(acquired.is_err()),
                Awoke::Competitor => unreachable!("only the owner ends starvation mode"),
            };
            let other = lock.clone();
            let gives_up = loom::thread::spawn(move || wakes(&other, Err(Interrupted)));
            wakes(&lock, Ok(()));
            gives_up.join().unwrap();
            assert_eq!(lock.state.load(Relaxed), 0);
            assert_eq!(lock.sema.load(Relaxed), 0);
        });
    }
}
