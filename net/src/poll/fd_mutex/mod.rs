//! Who may use a descriptor: a count of users, a lock for readers, a lock for writers, and the
//! close, in one word. Go: internal/poll/fd_mutex.go.
//!
//! ```text
//!   bits 43..63       bits 23..43       bits 3..23   bit 2    bit 1    bit 0
//!   waiting writers   waiting readers   references   WLOCK    RLOCK    CLOSED
//! ```
//!
//! Every operation holds a reference; reads and writes hold their lock too. Close sets CLOSED,
//! after which no operation begins, wakes the waiters for a lock, and drops its own reference. The
//! user that drops the last reference destroys the descriptor. So its number cannot be reused while
//! another user is about to make a system call with it.
//!
//! I1 A waiter is counted in the word before it sleeps on its semaphore, and the user that lowers
//!    the count releases the semaphore once per waiter taken off: each sleep has one wake-up, also
//!    when the wake-up comes first. A waiter whose context is done takes itself off, and releases
//!    nothing. If no waiter is counted any more, a wake-up is on its way to it: it waits for that
//!    wake-up and passes it on if the lock is free, since it may have been meant for a waiter that
//!    came later.
//! I2 CLOSED is never cleared. With CLOSED set no reference is added (but close's own) and no
//!    waiter either.
//! I3 The transition to (CLOSED, no references) happens once, and the user that makes it gets
//!    `Unref::Last`.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Relaxed};

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::sema::{Handoff, semacquire, semrelease};

use super::Direction;

const CLOSED: u64 = 1 << 0;
const RLOCK: u64 = 1 << 1;
const WLOCK: u64 = 1 << 2;
const COUNT_MASK: u64 = (1 << 20) - 1;
const REF_SHIFT: u32 = 3;
const RWAIT_SHIFT: u32 = 23;
const WWAIT_SHIFT: u32 = 43;

/// The word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State(u64);

/// What a step of `rw_lock` came to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LockStep {
    /// We have the lock.
    Acquired,
    /// We are counted as a waiter: sleep, then try again.
    Wait,
}

/// How a waiter that gives up has left.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftQueue {
    /// It has taken itself off the count.
    Counted,
    /// It was off already: the semaphore has been or will be released once for it (I1).
    WakeUnderWay,
}

/// Why a lock was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoLock {
    Closed,
    Context(ContextError),
}

impl From<Closed> for NoLock {
    fn from(Closed: Closed) -> NoLock {
        NoLock::Closed
    }
}

/// The descriptor is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

/// Whether a user is left.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unref {
    /// None, and it is closed: the caller destroys the descriptor.
    Last,
    /// One, or it is open.
    More,
}

/// How many sleepers of each kind are to be woken.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiters {
    readers: u64,
    writers: u64,
}

impl State {
    fn closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    fn locked(self, direction: Direction) -> bool {
        self.0 & lock_bit(direction) != 0
    }

    /// What [`rw_lock`](Self::rw_lock) comes to in the usual case: open, and not locked in this
    /// direction.
    #[inline(always)]
    fn lock_quickly(self, direction: Direction) -> Option<State> {
        let free = self.0 & (CLOSED | lock_bit(direction)) == 0 && self.count(REF_SHIFT) != COUNT_MASK;
        free.then(|| State(self.0 + (1 << REF_SHIFT) + lock_bit(direction)))
    }

    /// What [`rw_unlock`](Self::rw_unlock) comes to in the usual case: open, and nobody waits for
    /// this lock.
    #[inline(always)]
    fn unlock_quickly(self, direction: Direction) -> Option<State> {
        let asked = CLOSED | lock_bit(direction) | COUNT_MASK << wait_shift(direction);
        let usual = self.0 & asked == lock_bit(direction) && self.count(REF_SHIFT) != 0;
        usual.then(|| State(self.0 - (1 << REF_SHIFT) - lock_bit(direction)))
    }

    #[inline(always)]
    fn count(self, shift: u32) -> u64 {
        self.0 >> shift & COUNT_MASK
    }

    /// One more of what is counted at `shift`.
    fn plus_one(self, shift: u32) -> State {
        if self.count(shift) == COUNT_MASK {
            panic!("too many concurrent operations on a single file or socket (max 1048575)");
        }
        State(self.0 + (1 << shift))
    }

    fn incref(self) -> Result<State, Closed> {
        if self.closed() { Err(Closed) } else { Ok(self.plus_one(REF_SHIFT)) }
    }

    fn incref_and_close(self) -> Result<(State, Waiters), Closed> {
        let State(with_ref) = self.incref()?;
        let waiters = Waiters { readers: self.count(RWAIT_SHIFT), writers: self.count(WWAIT_SHIFT) };
        let no_waiters = with_ref & !(COUNT_MASK << RWAIT_SHIFT | COUNT_MASK << WWAIT_SHIFT);
        Ok((State(no_waiters | CLOSED), waiters))
    }

    fn decref(self) -> (State, Unref) {
        if self.count(REF_SHIFT) == 0 {
            panic!("inconsistent fdMutex: a reference too many was given back");
        }
        let new = State(self.0 - (1 << REF_SHIFT));
        let last = new.closed() && new.count(REF_SHIFT) == 0;
        (new, if last { Unref::Last } else { Unref::More })
    }

    fn rw_lock(self, direction: Direction) -> Result<(State, LockStep), Closed> {
        if self.closed() {
            return Err(Closed);
        }
        if self.locked(direction) {
            return Ok((self.plus_one(wait_shift(direction)), LockStep::Wait));
        }
        Ok((State(self.plus_one(REF_SHIFT).0 | lock_bit(direction)), LockStep::Acquired))
    }

    /// A waiter gives up.
    fn leave_queue(self, direction: Direction) -> (State, LeftQueue) {
        match self.count(wait_shift(direction)) {
            0 => (self, LeftQueue::WakeUnderWay),
            _ => (State(self.0 - (1 << wait_shift(direction))), LeftQueue::Counted),
        }
    }

    /// One that gave up was woken: whether the next in line is to be woken in its place.
    fn decline(self, direction: Direction) -> (State, bool) {
        match self.leave_queue(direction) {
            (taken_off, LeftQueue::Counted) if !self.locked(direction) => (taken_off, true),
            _ => (self, false),
        }
    }

    /// The state, whether a waiter of this direction is to be woken, and whether a user is left.
    fn rw_unlock(self, direction: Direction) -> (State, bool, Unref) {
        if !self.locked(direction) {
            panic!("inconsistent fdMutex: unlock of an unlocked descriptor");
        }
        let (State(mut new), unref) = State(self.0 & !lock_bit(direction)).decref();
        let wake = self.count(wait_shift(direction)) != 0;
        if wake {
            new -= 1 << wait_shift(direction);
        }
        (State(new), wake, unref)
    }
}

fn lock_bit(direction: Direction) -> u64 {
    match direction {
        Direction::Read => RLOCK,
        Direction::Write => WLOCK,
    }
}

fn wait_shift(direction: Direction) -> u32 {
    match direction {
        Direction::Read => RWAIT_SHIFT,
        Direction::Write => WWAIT_SHIFT,
    }
}

/// The word and the two semaphores on which waiters sleep.
#[derive(Debug, Default)]
pub(crate) struct FdMutex {
    state: AtomicU64,
    rsema: AtomicU32,
    wsema: AtomicU32,
}

impl FdMutex {
    /// A reference for an operation that needs no lock.
    #[inline]
    pub(crate) fn incref(&self) -> Result<(), Closed> {
        self.update(|s| s.incref().map(|new| (new, ())))
    }

    /// Closes, and takes a reference for the closer. Wakes the waiters for a lock: they find it
    /// closed.
    #[doc(alias = "increfAndClose")]
    pub(crate) fn incref_and_close(&self) -> Result<(), Closed> {
        let waiters = self.update(State::incref_and_close)?;
        for _ in 0..waiters.readers {
            semrelease(&self.rsema, Handoff::No);
        }
        for _ in 0..waiters.writers {
            semrelease(&self.wsema, Handoff::No);
        }
        Ok(())
    }

    /// Gives a reference back.
    #[inline]
    pub(crate) fn decref(&self) -> Unref {
        let Ok(unref) = self.update(|s| Ok::<_, std::convert::Infallible>(s.decref()));
        unref
    }

    /// The lock of this direction, with a reference. Waits for its holder, under a context until
    /// that is done. A lock that is free is taken in any case.
    #[inline(always)]
    pub(crate) fn rw_lock(&self, direction: Direction, ctx: Option<&Context>) -> Result<(), NoLock> {
        if self.try_step(|s| s.lock_quickly(direction)) { Ok(()) } else { self.rw_lock_slow(direction, ctx) }
    }

    /// The lock of this direction, with a reference, if nobody has it.
    pub(crate) fn rw_try_lock(&self, direction: Direction) -> Result<bool, Closed> {
        self.update(|s| match s.rw_lock(direction)? {
            (new, LockStep::Acquired) => Ok((new, true)),
            (_, LockStep::Wait) => Ok((s, false)),
        })
    }

    /// The slow path: it is closed, held, or changed just then.
    #[cold]
    #[inline(never)]
    fn rw_lock_slow(&self, direction: Direction, ctx: Option<&Context>) -> Result<(), NoLock> {
        loop {
            match (self.update(|s| s.rw_lock(direction))?, ctx) {
                (LockStep::Acquired, _) => return Ok(()),
                // The user that wakes us has taken us off the count (I1).
                (LockStep::Wait, None) => semacquire(self.sema(direction)),
                (LockStep::Wait, Some(ctx)) => ctx.semacquire(self.sema(direction)).map_err(|e| {
                    self.leave_queue(direction);
                    NoLock::Context(e)
                })?,
            }
        }
    }

    #[cold]
    fn leave_queue(&self, direction: Direction) {
        let Ok(left) = self.update(|s| Ok::<_, std::convert::Infallible>(s.leave_queue(direction)));
        if left == LeftQueue::Counted {
            return;
        }
        semacquire(self.sema(direction));
        let Ok(wake) = self.update(|s| Ok::<_, std::convert::Infallible>(s.decline(direction)));
        if wake {
            semrelease(self.sema(direction), Handoff::No);
        }
    }

    /// Gives lock and reference back, and wakes the next in line.
    #[inline(always)]
    pub(crate) fn rw_unlock(&self, direction: Direction) -> Unref {
        if self.try_step(|s| s.unlock_quickly(direction)) {
            Unref::More
        } else {
            self.rw_unlock_slow(direction)
        }
    }

    /// A waiter is there, it is closed, or it changed just then.
    #[cold]
    #[inline(never)]
    fn rw_unlock_slow(&self, direction: Direction) -> Unref {
        let Ok((wake, unref)) = self.update(|s| {
            let (new, wake, unref) = s.rw_unlock(direction);
            Ok::<_, std::convert::Infallible>((new, (wake, unref)))
        });
        if wake {
            semrelease(self.sema(direction), Handoff::No);
        }
        unref
    }

    fn sema(&self, direction: Direction) -> &AtomicU32 {
        match direction {
            Direction::Read => &self.rsema,
            Direction::Write => &self.wsema,
        }
    }

    /// Tries a step once. False if this state has no such step, or the word has changed.
    #[inline(always)]
    fn try_step(&self, step: impl Fn(State) -> Option<State>) -> bool {
        // Relaxed: the compare-and-swap decides.
        let old = self.state.load(Relaxed);
        // ORDERING: AcqRel, as in `update`.
        step(State(old)).is_some_and(|new| self.state.compare_exchange(old, new.0, AcqRel, Relaxed).is_ok())
    }

    #[inline(always)]
    fn update<T, E>(&self, step: impl Fn(State) -> Result<(State, T), E>) -> Result<T, E> {
        // Relaxed: the compare-and-swap decides.
        let mut old = self.state.load(Relaxed);
        loop {
            let (State(new), outcome) = step(State(old))?;
            // ORDERING: AcqRel: Acquire pairs with the Release of the one before in the word's
            // order: a lock's next holder sees what the last one did, and the destroyer sees
            // everybody's use; Release publishes ours.
            match self.state.compare_exchange_weak(old, new, AcqRel, Relaxed) {
                Ok(_) => return Ok(outcome),
                Err(now) => old = now,
            }
        }
    }
}

#[cfg(test)]
mod tests;
