//! The reader/writer lock under `RwLock`. Go: sync/rwmutex.go.
//!
//! ```text
//!   readers    >= 0: so many readers hold the lock
//!               < 0: a writer is inside or waits; readers + 2^30 are inside (they came before it) or wait (they came after)
//!   departing  how many readers the waiting writer must still see leave
//! ```
//!
//! A waiting writer keeps new readers out, so it gets its turn; the readers who came meanwhile all go before the next writer.
//!
//! I1 `writers` is held from before a writer announces itself until after it has let the readers in.
//! I2 `departing` counts only readers who were inside when the writer announced itself; each leaves once, and the one that brings it
//!    to 0 wakes the writer. (It may be negative in between: readers leave before the writer has added their number.)

use super::raw_mutex::Lock;
use crate::g::WaitReason;
use crate::sema::{Handoff, Order, semacquire1, semrelease};
use crate::shim::atomic::{
    AtomicI32, AtomicU32, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

/// The most readers at a time. Go: rwmutexMaxReaders.
const MAX_READERS: i32 = 1 << 30;

/// The lock, without data. Go: sync.RWMutex.
#[derive(Debug)]
pub(crate) struct RwLockState {
    writers: Lock,
    writer_sema: AtomicU32,
    reader_sema: AtomicU32,
    readers: AtomicI32,
    departing: AtomicI32,
}

impl RwLockState {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        RwLockState {
            writers: Lock::new(),
            writer_sema: AtomicU32::new(0),
            reader_sema: AtomicU32::new(0),
            readers: AtomicI32::new(0),
            departing: AtomicI32::new(0),
        }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        RwLockState {
            writers: Lock::new(),
            writer_sema: AtomicU32::new(0),
            reader_sema: AtomicU32::new(0),
            readers: AtomicI32::new(0),
            departing: AtomicI32::new(0),
        }
    }

    #[doc(alias = "RLock")]
    #[inline]
    pub(crate) fn lock_shared(&self) {
        // ORDERING: Acquire pairs with the Release half of the add in `let_readers_in`.
        if self.readers.fetch_add(1, Acquire) < 0 {
            semacquire1(&self.reader_sema, Order::Fifo, WaitReason::SyncRWMutexRLock);
        }
    }

    #[doc(alias = "TryRLock")]
    pub(crate) fn try_lock_shared(&self) -> bool {
        let mut readers = self.readers.load(Relaxed);
        while readers >= 0 {
            // ORDERING: Acquire, as in `lock_shared`.
            match self.readers.compare_exchange_weak(readers, readers + 1, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => readers = now,
            }
        }
        false
    }

    #[doc(alias = "RUnlock")]
    #[inline]
    pub(crate) fn unlock_shared(&self) {
        // ORDERING: Release pairs with the Acquire half of the writer's add: the writer comes after what this reader read.
        let before = self.readers.fetch_sub(1, Release);
        if before <= 0 {
            self.unlock_shared_slow(before);
        }
    }

    #[cold]
    fn unlock_shared_slow(&self, before: i32) {
        if before == 0 || before == -MAX_READERS {
            fatal("sync: RUnlock of unlocked RWMutex");
        }
        // ORDERING: AcqRel: Release pairs with the other readers' Acquire here and the writer's in `lock`, so that the writer
        // comes after all of them, whoever is last.
        if self.departing.fetch_sub(1, AcqRel) == 1 {
            semrelease(&self.writer_sema, Handoff::No);
        }
    }

    #[doc(alias = "Lock")]
    pub(crate) fn lock(&self) {
        self.writers.lock();
        // ORDERING: Acquire pairs with the Release in `unlock_shared`.
        let inside = self.readers.fetch_sub(MAX_READERS, Acquire);
        // ORDERING: AcqRel pairs with the readers' subtractions in `unlock_shared_slow`.
        if inside != 0 && self.departing.fetch_add(inside, AcqRel) + inside != 0 {
            semacquire1(&self.writer_sema, Order::Fifo, WaitReason::SyncRWMutexLock);
        }
    }

    #[doc(alias = "TryLock")]
    pub(crate) fn try_lock(&self) -> bool {
        if !self.writers.try_lock() {
            return false;
        }
        // ORDERING: Acquire, as in `lock`.
        let alone = self.readers.compare_exchange(0, -MAX_READERS, Acquire, Relaxed).is_ok();
        if !alone {
            self.writers.unlock();
        }
        alone
    }

    #[doc(alias = "Unlock")]
    pub(crate) fn unlock(&self) {
        self.let_readers_in(0);
        self.writers.unlock();
    }

    /// From writer to reader, without letting another writer in between.
    pub(crate) fn downgrade(&self) {
        self.let_readers_in(1);
        self.writers.unlock();
    }

    /// Ends the writer's turn: those who wait come in, with `ourselves` more that need not be woken.
    fn let_readers_in(&self, ourselves: i32) {
        // ORDERING: Release pairs with the Acquire of `lock_shared`, `try_lock_shared` and the next writer's.
        let waiting = self.readers.fetch_add(MAX_READERS + ourselves, Release).wrapping_add(MAX_READERS);
        if waiting >= MAX_READERS {
            fatal("sync: Unlock of unlocked RWMutex");
        }
        for _ in 0..waiting {
            semrelease(&self.reader_sema, Handoff::No);
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.readers.load(Relaxed) != 0
    }

    pub(crate) fn is_locked_exclusive(&self) -> bool {
        self.readers.load(Relaxed) < 0
    }
}

fn fatal(message: &str) -> ! {
    #[cfg(not(loom))]
    crate::throw::fatal(message);
    #[cfg(loom)]
    panic!("{message}");
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    /// Two halves that a writer changes one after the other and a reader must see equal.
    struct Shared {
        lock: RwLockState,
        halves: [AtomicUsize; 2],
    }

    impl Shared {
        fn read(&self) {
            self.lock.lock_shared();
            assert_eq!(
                self.halves[0].load(Relaxed),
                self.halves[1].load(Relaxed),
                "a reader among the writer's steps"
            );
            self.lock.unlock_shared();
        }
        fn write(&self, unlock: fn(&RwLockState)) {
            self.lock.lock();
            for half in &self.halves {
                half.store(half.load(Relaxed) + 1, Relaxed);
            }
            unlock(&self.lock);
        }
    }

    fn run(bodies: [fn(&Shared); 3]) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(move || {
            let shared = Arc::new(Shared {
                lock: RwLockState::new(),
                halves: [AtomicUsize::new(0), AtomicUsize::new(0)],
            });
            let threads = [bodies[0], bodies[1]].map(|body| {
                let shared = shared.clone();
                loom::thread::spawn(move || body(&shared))
            });
            bodies[2](&shared);
            threads.map(|t| t.join().unwrap());
            assert!(!shared.lock.is_locked());
            assert!(shared.lock.try_lock(), "nothing is left behind");
        });
    }

    #[test]
    fn loom_rwlock_two_readers_one_writer() {
        run([Shared::read, Shared::read, |s| s.write(RwLockState::unlock)]);
    }

    #[test]
    fn loom_rwlock_two_writers_one_downgrades() {
        run([
            Shared::read,
            |s| s.write(RwLockState::unlock),
            |s| {
                s.write(RwLockState::downgrade);
                s.lock.unlock_shared();
            },
        ]);
    }
}
