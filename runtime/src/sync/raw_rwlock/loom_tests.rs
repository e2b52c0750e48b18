//! Models of the reader/writer lock: exclusion, the writer's turn, and those who give up.

use super::*;
use crate::sync::sema::{AtOnce, FromAnotherThread};
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::thread;

/// Two halves that a writer changes one after the other and a reader must see equal.
struct Shared {
    lock: RwLockState,
    halves: [AtomicUsize; 2],
}

type Body = fn(&Shared);

impl Shared {
    fn read(&self) {
        self.lock.lock_shared();
        self.look_and_leave();
    }
    fn read_unless(&self, by: &impl Interrupt) {
        if self.lock.lock_shared_interruptible(by).is_ok() {
            self.look_and_leave();
        }
    }
    fn look_and_leave(&self) {
        let [one, two] = [0, 1].map(|i| self.halves[i].load(Relaxed));
        assert_eq!(one, two, "a reader among the writer's steps");
        self.lock.unlock_shared();
    }
    fn write(&self, unlock: fn(&RwLockState)) {
        self.lock.lock();
        self.change_and_leave(unlock);
    }
    fn write_unless(&self, by: &impl Interrupt) {
        if self.lock.lock_interruptible(by).is_ok() {
            self.change_and_leave(RwLockState::unlock);
        }
    }
    fn change_and_leave(&self, unlock: fn(&RwLockState)) {
        for half in &self.halves {
            half.store(half.load(Relaxed) + 1, Relaxed);
        }
        unlock(&self.lock);
    }
    fn assert_untouched(&self) {
        let RwLockState { writer_sema, reader_sema, word, departing, .. } = &self.lock;
        assert_eq!(Word(word.load(Relaxed)).readers(), 0);
        assert_eq!(departing.load(Relaxed), 0);
        assert_eq!([writer_sema, reader_sema].map(|sema| sema.load(Relaxed)), [0, 0], "a unit is left");
        assert!(self.lock.try_lock(), "nothing is left behind");
    }
}

/// `before`, then the others in threads of their own beside `here`. Nobody stays parked: loom
/// reports that.
fn run<const N: usize>(before: Body, others: [Body; N], here: Body) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let halves = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let shared = Arc::new(Shared { lock: RwLockState::new(), halves });
        before(&shared);
        let threads = others.map(|body| {
            let shared = shared.clone();
            thread::spawn(move || body(&shared))
        });
        here(&shared);
        threads.map(|t| t.join().unwrap());
        shared.assert_untouched();
    });
}

fn nothing(_: &Shared) {}
fn lock(s: &Shared) {
    s.lock.lock();
}
fn lock_shared(s: &Shared) {
    s.lock.lock_shared();
}
fn lock_shared_twice(s: &Shared) {
    s.lock.lock_shared();
    s.lock.lock_shared();
}
fn unlock(s: &Shared) {
    s.change_and_leave(RwLockState::unlock);
}
fn write(s: &Shared) {
    s.write(RwLockState::unlock);
}

#[test]
fn loom_rwlock_two_readers_one_writer() {
    run(nothing, [Shared::read, Shared::read], write);
}

#[test]
fn loom_rwlock_two_writers_one_downgrades() {
    run(nothing, [Shared::read, write], |s| {
        s.write(RwLockState::downgrade);
        s.lock.unlock_shared();
    });
}

/// The unit that the unlocker releases for a reader who gives up is taken, or was not released.
#[test]
fn loom_rwlock_reader_gives_up_against_unlock() {
    run(lock, [|s| s.read_unless(&FromAnotherThread)], unlock);
}

/// A reader who was let in by the first writer must not take itself off under the second: the word
/// is the same but for `exits`.
#[test]
fn loom_rwlock_reader_gives_up_between_two_writers() {
    run(lock, [|s| s.read_unless(&FromAnotherThread)], |s| {
        unlock(s);
        write(s);
    });
}

/// The same with two threads that write: the second writer is seen only with the units that the
/// first one has released (I1).
#[test]
fn loom_rwlock_reader_gives_up_before_another_writer() {
    run(lock, [|s| s.read_unless(&FromAnotherThread), write], unlock);
}

/// Two who wait, one of whom gives up, and a writer that comes after.
#[test]
fn loom_rwlock_reader_gives_up_beside_another() {
    run(lock, [|s| s.read_unless(&AtOnce), Shared::read], |s| {
        unlock(s);
        write(s);
    });
}

/// A newcomer in the second writer's time may take the unit of the one who gives up, and that
/// writer gives up itself.
#[test]
fn loom_rwlock_reader_gives_up_and_its_unit_is_taken() {
    run(lock, [|s| s.read_unless(&AtOnce), |s| s.write_unless(&AtOnce)], |s| {
        unlock(s);
        s.read();
    });
}

/// The last reader leaves while the writer gives up: the unit for the writer is taken, or not
/// released.
#[test]
fn loom_rwlock_writer_gives_up_against_the_last_reader() {
    run(lock_shared, [|s| s.write_unless(&FromAnotherThread)], Shared::look_and_leave);
}

/// Whom the writer has kept out is let in by its giving up.
#[test]
fn loom_rwlock_writer_gives_up_and_a_reader_arrives() {
    run(lock_shared, [|s| s.write_unless(&FromAnotherThread), Shared::read], Shared::look_and_leave);
}

/// One reader leaves while the writer gives up, one stays: `departing` is right for the next
/// writer.
#[test]
fn loom_rwlock_writer_gives_up_against_one_of_two_readers() {
    run(lock_shared_twice, [|s| s.write_unless(&AtOnce), Shared::look_and_leave], |s| {
        s.look_and_leave();
        write(s);
    });
}

/// The next writer queues while the first one gives up.
#[test]
fn loom_rwlock_writer_gives_up_before_another_writer() {
    run(lock_shared, [|s| s.write_unless(&AtOnce), write], Shared::look_and_leave);
}

/// A writer that waits for another one gives up, too.
#[test]
fn loom_rwlock_writer_gives_up_against_unlock() {
    run(lock, [|s| s.write_unless(&FromAnotherThread), Shared::read], unlock);
}

/// A reader inside, a writer and a reader who waits for it: both give up.
#[test]
fn loom_rwlock_both_give_up() {
    run(
        lock_shared,
        [|s| s.write_unless(&FromAnotherThread), |s| s.read_unless(&AtOnce)],
        Shared::look_and_leave,
    );
}
