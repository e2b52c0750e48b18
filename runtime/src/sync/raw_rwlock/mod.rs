//! The reader/writer lock under `RwLock`. Go: sync/rwmutex.go; that a wait can end early is ours.
//!
//! ```text
//!   word       exits * 2^32 + readers
//!     readers  >= 0: so many readers hold the lock
//!               < 0: a writer is inside or waits; readers + 2^30 are inside (they came before it) or wait (they came after)
//!     exits    how many readers have left and how many writers have ended, modulo 2^32
//!   departing  how many readers the waiting writer must still see leave
//! ```
//!
//! A waiting writer keeps new readers out, so it gets its turn; the readers who came meanwhile all
//! go before the next writer.
//!
//! Each step is one addition to the word: a reader comes with 1 and leaves with 2^32 - 1, a writer
//! announces itself with -2^30 and ends with 2^32 + 2^30. `readers` is signed, so a negative one
//! borrows from `exits`; `Word` gives that back.
//!
//! **Who waits.** A reader who has found a writer takes a unit of `reader_sema`. The writer's end
//! counts all of them among those inside, in the addition that ends it, and then releases so many
//! units. Units bear no names: a reader of the next writer's time who comes before the one that a
//! unit was released for takes it, and that one stays in its place. (So it is in Go.) The sum is
//! right, as each of them leaves once. A waiting writer takes the one unit of `writer_sema`, which
//! the last reader to leave releases.
//!
//! **A reader gives up.** It may go if it still waits for a writer; if it has been counted among
//! those inside, it must take its unit. With `readers` < 0 it looks into the semaphore, and all
//! that earlier writers released is there (I1): if it finds a unit it takes that and has the lock,
//! else it is one of those who still wait, and takes itself off `readers`, by a compare-and-swap on
//! the word as it was before the look. Every end of a writer changes `exits` (I4), so that fails if
//! a unit has come since. (After exactly 2^32 exits between the two steps it would not: 2^32 locks
//! and unlocks while one reader stands between two instructions.) With `readers` >= 0 an unlocker
//! is about to release its unit, or has: it tries again until it has the unit, or the next writer
//! has come. No wait for somebody's critical section.
//!
//! **A writer gives up.** While it waits only readers leave, so what `exits` has gained since the
//! announcement says how many have left. All: the last of them is about to release our unit, or
//! has, and the lock is ours. Not all: the writer ends its turn as an unlock does, in the same
//! compare-and-swap; who leaves later does not look at `departing`. Who has left before may be
//! between its two steps, the word and `departing`: the writer waits for these, so that `departing`
//! is what the rest would have taken off, and puts it back to 0.
//!
//! Rejected: a count of its own for `exits` (not read in one step with `readers`, and a second
//! addition for each reader that leaves); two semaphores for readers, by the parity of the writer's
//! turn, so that each gets its own unit (two writers that give up bring the parity back while the
//! unit is still there, so the reader that gives up must look at the semaphore all the same); a
//! list of waiting readers under a lock (a unit would be a reader's own, but it is a second queue
//! beside that of `sema/mod.rs`).
//!
//! I1 `writers` is held from before a writer announces itself until after it has let the readers
//!    in: until all their units are released and `departing` is 0. So with `readers` < 0 no unit of
//!    an earlier writer's end is still to come.
//! I2 `departing` counts only readers who were inside when the writer announced itself; each leaves
//!    once, and the one that brings it to 0 wakes the writer. (It may be negative in between:
//!    readers leave before the writer has added their number.)
//! I3 With `readers` < 0, as many readers have been let in and have not taken a unit yet as there
//!    are units. The others who wait are those that the present writer's end will let in.
//! I4 `exits` goes up with each end of a writer and with each reader that leaves, and with nothing
//!    else.

use super::raw_mutex::Lock;
use crate::sched::g::WaitReason;
use crate::sched::gosched;
use crate::sync::sema::{
    Handoff, Interrupt, Interrupted, Order, cansemacquire, semacquire_interruptible, semacquire1, semrelease,
};
use crate::words::shim::atomic::{
    AtomicI32, AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed,
    Ordering::Release, fence,
};

#[cfg(all(test, loom))]
mod loom_tests;

/// The most readers at a time. Go: rwmutexMaxReaders.
const MAX_READERS: i32 = 1 << 30;

/// The lock, without data. Go: sync.RWMutex.
#[derive(Debug)]
pub(crate) struct RwLockState {
    writers: Lock,
    writer_sema: AtomicU32,
    reader_sema: AtomicU32,
    /// A [`Word`].
    word: AtomicU64,
    departing: AtomicI32,
}

/// The word; see the file's head.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(u64);

const READER: u64 = 1;
const EXIT: u64 = 1 << 32;
/// What a writer takes off when it announces itself.
const WRITER: u64 = MAX_READERS as u64;
const READER_LEAVES: u64 = EXIT - READER;
const WRITER_ENDS: u64 = EXIT + WRITER;

impl Word {
    fn readers(self) -> i32 {
        self.0 as i32
    }
    fn has_writer(self) -> bool {
        self.readers() < 0
    }
    fn exits(self) -> u32 {
        (self.0.wrapping_sub(self.readers() as u64) >> 32) as u32
    }
    fn plus(self, delta: u64) -> Self {
        Word(self.0.wrapping_add(delta))
    }
    fn minus(self, delta: u64) -> Self {
        Word(self.0.wrapping_sub(delta))
    }
    /// How many of those who were inside when a writer found `announced` are still there, with that
    /// writer still waiting.
    fn still_inside(self, announced: Word) -> i32 {
        announced.readers() - self.exits().wrapping_sub(announced.exits()) as i32
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "readers {} exits {}", self.readers(), self.exits())
    }
}

impl RwLockState {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        RwLockState {
            writers: Lock::new(),
            writer_sema: AtomicU32::new(0),
            reader_sema: AtomicU32::new(0),
            word: AtomicU64::new(0),
            departing: AtomicI32::new(0),
        }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        RwLockState {
            writers: Lock::new(),
            writer_sema: AtomicU32::new(0),
            reader_sema: AtomicU32::new(0),
            word: AtomicU64::new(0),
            departing: AtomicI32::new(0),
        }
    }

    #[doc(alias = "RLock")]
    #[inline]
    pub(crate) fn lock_shared(&self) {
        if self.arrive().has_writer() {
            self.wait_for_writer();
        }
    }

    #[cold]
    fn wait_for_writer(&self) {
        semacquire1(&self.reader_sema, Order::Fifo, WaitReason::SyncRWMutexRLock);
    }

    /// As `lock_shared`, unless interrupted first.
    pub(crate) fn lock_shared_interruptible(&self, by: &impl Interrupt) -> Result<(), Interrupted> {
        if !self.arrive().has_writer() {
            return Ok(());
        }
        semacquire_interruptible(&self.reader_sema, Order::Fifo, WaitReason::SyncRWMutexRLock, by)
            .or_else(|Interrupted| self.stop_waiting_for_writer())
    }

    #[doc(alias = "TryRLock")]
    pub(crate) fn try_lock_shared(&self) -> bool {
        let mut word = Word(self.word.load(Relaxed));
        while !word.has_writer() {
            // ORDERING: Acquire, as in `arrive`.
            match self.word.compare_exchange_weak(word.0, word.plus(READER).0, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = Word(now),
            }
        }
        false
    }

    /// Counts a reader; returns the word before.
    #[inline]
    fn arrive(&self) -> Word {
        // ORDERING: Acquire pairs with the Release half of the add in `let_readers_in`.
        Word(self.word.fetch_add(READER, Acquire))
    }

    /// An interrupted reader's way out. `Ok`: it has got the lock after all.
    #[cold]
    fn stop_waiting_for_writer(&self) -> Result<(), Interrupted> {
        loop {
            // ORDERING: Acquire pairs with the Release half of the add in `announce`: a reader that
            // sees a writer also sees the units that were released before it came (I1).
            let word = Word(self.word.load(Acquire));
            if cansemacquire(&self.reader_sema) {
                return Ok(());
            }
            if !word.has_writer() {
                // We are counted among those inside, and the unlocker has our unit still to
                // release.
                gosched();
                continue;
            }
            // I3: we are one of those who still wait, unless there was an end since the load.
            // Relaxed: we have done nothing.
            if self.word.compare_exchange(word.0, word.minus(READER).0, Relaxed, Relaxed).is_ok() {
                return Err(Interrupted);
            }
        }
    }

    #[doc(alias = "RUnlock")]
    #[inline]
    pub(crate) fn unlock_shared(&self) {
        // ORDERING: Release pairs with the Acquire half of the writer's add: the writer comes after
        // what this reader read.
        let before = Word(self.word.fetch_add(READER_LEAVES, Release));
        if before.readers() <= 0 {
            self.unlock_shared_slow(before);
        }
    }

    #[cold]
    fn unlock_shared_slow(&self, before: Word) {
        if before.readers() == 0 || before.readers() == -MAX_READERS {
            fatal("sync: RUnlock of unlocked RWMutex");
        }
        // ORDERING: Acquire pairs with the Release half of the add in `announce`, which
        // `unlock_shared` has seen: an earlier writer that gave up has put `departing` back to 0
        // before.
        fence(Acquire);
        // ORDERING: AcqRel: Release pairs with the other readers' Acquire here and the writer's in
        // `must_wait`, so that the writer comes after all of them, whoever is last.
        if self.departing.fetch_sub(1, AcqRel) == 1 {
            semrelease(&self.writer_sema, Handoff::No);
        }
    }

    #[doc(alias = "Lock")]
    pub(crate) fn lock(&self) {
        self.writers.lock();
        if self.must_wait(self.announce()) {
            semacquire1(&self.writer_sema, Order::Fifo, WaitReason::SyncRWMutexLock);
        }
    }

    /// As `lock`, unless interrupted first.
    pub(crate) fn lock_interruptible(&self, by: &impl Interrupt) -> Result<(), Interrupted> {
        self.writers.lock_interruptible(by)?;
        let announced = self.announce();
        if !self.must_wait(announced) {
            return Ok(());
        }
        semacquire_interruptible(&self.writer_sema, Order::Fifo, WaitReason::SyncRWMutexLock, by)
            .or_else(|Interrupted| self.stop_waiting_for_readers(announced))
    }

    #[doc(alias = "TryLock")]
    pub(crate) fn try_lock(&self) -> bool {
        if !self.writers.try_lock() {
            return false;
        }
        let mut word = Word(self.word.load(Relaxed));
        while word.readers() == 0 {
            // ORDERING: AcqRel, as in `announce`.
            match self.word.compare_exchange_weak(word.0, word.minus(WRITER).0, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = Word(now),
            }
        }
        self.writers.unlock();
        false
    }

    /// Keeps new readers out; returns the word before, with the readers who are inside.
    fn announce(&self) -> Word {
        // ORDERING: Acquire pairs with the Release in `unlock_shared`. Release pairs with the
        // Acquires in `stop_waiting_for_writer` and `unlock_shared_slow`: what earlier writers did
        // with `writers` held is seen by who sees this one.
        Word(self.word.fetch_sub(WRITER, AcqRel))
    }

    /// Whether there is a reader to wait for.
    fn must_wait(&self, announced: Word) -> bool {
        let inside = announced.readers();
        // ORDERING: AcqRel pairs with the readers' subtractions in `unlock_shared_slow`.
        inside != 0 && self.departing.fetch_add(inside, AcqRel) + inside != 0
    }

    /// An interrupted writer's way out. `Ok`: it has got the lock after all.
    #[cold]
    fn stop_waiting_for_readers(&self, announced: Word) -> Result<(), Interrupted> {
        let mut word = Word(self.word.load(Relaxed));
        let inside = loop {
            let inside = word.still_inside(announced);
            if inside == 0 {
                // The last one is about to release our unit, or has; it orders us behind all of
                // them.
                semacquire1(&self.writer_sema, Order::Fifo, WaitReason::SyncRWMutexLock);
                return Ok(());
            }
            // Relaxed: we have written nothing, and a read-modify-write continues the release
            // sequence of the last writer's end.
            match self.word.compare_exchange_weak(word.0, word.plus(WRITER_ENDS).0, Relaxed, Relaxed) {
                Ok(_) => break inside,
                Err(now) => word = Word(now),
            }
        };
        self.release_readers(word.readers() + MAX_READERS - inside);
        // Relaxed: only these leavers write it now; for those of the next writer `announce` has the
        // order.
        while self.departing.load(Relaxed) != inside {
            gosched();
        }
        self.departing.store(0, Relaxed);
        self.writers.unlock();
        Err(Interrupted)
    }

    #[doc(alias = "Unlock")]
    pub(crate) fn unlock(&self) {
        self.let_readers_in(0);
        self.writers.unlock();
    }

    /// From writer to reader, without letting another writer in between.
    pub(crate) fn downgrade(&self) {
        self.let_readers_in(READER);
        self.writers.unlock();
    }

    /// Ends the writer's turn: those who wait come in, with `ourselves` more that need not be
    /// woken.
    fn let_readers_in(&self, ourselves: u64) {
        // ORDERING: Release pairs with the Acquire of `arrive`, `try_lock_shared` and the next
        // writer's.
        let before = Word(self.word.fetch_add(WRITER_ENDS + ourselves, Release));
        if !before.has_writer() {
            fatal("sync: Unlock of unlocked RWMutex");
        }
        self.release_readers(before.readers() + MAX_READERS);
    }

    fn release_readers(&self, waiting: i32) {
        for _ in 0..waiting {
            semrelease(&self.reader_sema, Handoff::No);
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        Word(self.word.load(Relaxed)).readers() != 0
    }

    pub(crate) fn is_locked_exclusive(&self) -> bool {
        Word(self.word.load(Relaxed)).has_writer()
    }
}

fn fatal(message: &str) -> ! {
    #[cfg(not(loom))]
    crate::throw::fatal(message);
    #[cfg(loom)]
    panic!("{message}");
}
