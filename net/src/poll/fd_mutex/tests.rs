//! Every interleaving of a few users of one word, by exhaustive search: the transitions are the
//! shipped ones, each is one compare-and-swap, and the semaphores are counters. Go:
//! internal/poll/fd_mutex_test.go.

use std::collections::HashSet;

use super::*;

/// What a user does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Plan {
    Lock(Direction),
    /// A lock under a context, which may be done at any time.
    LockContext(Direction),
    Ref,
    Close,
}

/// Where a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Start,
    Asleep,
    /// Gave up, and waits for the release that is on its way.
    GivingUp,
    /// Has taken that, and looks whether it is to be passed on.
    Declining,
    Holding,
    /// Unlocked, and owes the semaphore a release.
    Waking,
    /// Closed, with this number of releases due to readers and writers.
    WakingAll(u64, u64),
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    state: State,
    sema: [u64; 2],
    users: Vec<(Plan, At)>,
    destroyed: bool,
}

fn side(direction: Direction) -> usize {
    match direction {
        Direction::Read => 0,
        Direction::Write => 1,
    }
}

impl World {
    fn unref(&mut self, unref: Unref) {
        if unref == Unref::Last {
            assert!(!self.destroyed, "destroyed twice");
            self.destroyed = true;
            assert!(self.users.iter().all(|(_, at)| *at != At::Holding), "destroyed in use: {self:?}");
        }
    }

    /// One step of one user; `None` if it cannot move.
    fn step(&self, i: usize) -> Option<World> {
        let mut w = self.clone();
        let (plan, at) = w.users[i];
        w.users[i].1 = match (plan, at) {
            (Plan::Lock(direction) | Plan::LockContext(direction), At::Start) => {
                match w.state.rw_lock(direction) {
                    Err(Closed) => At::Done,
                    Ok((state, step)) => {
                        w.state = state;
                        if step == LockStep::Acquired { At::Holding } else { At::Asleep }
                    }
                }
            }
            (Plan::Lock(direction) | Plan::LockContext(direction), At::Asleep) => {
                w.sema[side(direction)] = w.sema[side(direction)].checked_sub(1)?;
                At::Start
            }
            (Plan::Lock(direction) | Plan::LockContext(direction), At::Holding) => {
                w.users[i].1 = At::Done;
                let (state, wake, unref) = w.state.rw_unlock(direction);
                w.state = state;
                w.unref(unref);
                if wake { At::Waking } else { At::Done }
            }
            (Plan::Lock(direction) | Plan::LockContext(direction), At::Waking) => {
                w.sema[side(direction)] += 1;
                At::Done
            }
            (Plan::LockContext(direction), At::GivingUp) => {
                w.sema[side(direction)] = w.sema[side(direction)].checked_sub(1)?;
                At::Declining
            }
            (Plan::LockContext(direction), At::Declining) => {
                let (state, wake) = w.state.decline(direction);
                w.state = state;
                if wake { At::Waking } else { At::Done }
            }
            (Plan::Ref, At::Start) => match w.state.incref() {
                Err(Closed) => At::Done,
                Ok(state) => {
                    w.state = state;
                    At::Holding
                }
            },
            (Plan::Close, At::Start) => match w.state.incref_and_close() {
                Err(Closed) => At::Done,
                Ok((state, waiters)) => {
                    w.state = state;
                    At::WakingAll(waiters.readers, waiters.writers)
                }
            },
            (Plan::Close, At::WakingAll(0, 0)) => At::Holding,
            (Plan::Close, At::WakingAll(0, writers)) => {
                w.sema[1] += 1;
                At::WakingAll(0, writers - 1)
            }
            (Plan::Close, At::WakingAll(readers, writers)) => {
                w.sema[0] += 1;
                At::WakingAll(readers - 1, writers)
            }
            (Plan::Ref | Plan::Close, At::Holding) => {
                w.users[i].1 = At::Done;
                let (state, unref) = w.state.decref();
                w.state = state;
                w.unref(unref);
                At::Done
            }
            (_, At::Done) => return None,
            odd => panic!("no such place: {odd:?}"),
        };
        for direction in [Direction::Read, Direction::Write] {
            let locks = [Plan::Lock(direction), Plan::LockContext(direction)];
            let holders = w.users.iter().filter(|(p, at)| locks.contains(p) && *at == At::Holding).count();
            assert!(holders <= 1, "{holders} hold the {direction:?} lock: {w:?}");
        }
        Some(w)
    }
}

impl World {
    /// The context of a sleeping user is done: the other step that it may take.
    fn give_up(&self, i: usize) -> Option<World> {
        let (Plan::LockContext(direction), At::Asleep) = self.users[i] else { return None };
        let mut w = self.clone();
        let (state, left) = w.state.leave_queue(direction);
        w.state = state;
        w.users[i].1 = if left == LeftQueue::Counted { At::Done } else { At::GivingUp };
        Some(w)
    }
}

/// Searches all interleavings; returns how many states there are.
fn explore(plans: &[Plan]) -> usize {
    let start = World {
        state: State(0),
        sema: [0, 0],
        users: plans.iter().map(|p| (*p, At::Start)).collect(),
        destroyed: false,
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(w) = todo.pop() {
        let next: Vec<World> = (0..plans.len()).flat_map(|i| [w.step(i), w.give_up(i)]).flatten().collect();
        if next.is_empty() {
            assert!(w.users.iter().all(|(_, at)| *at == At::Done), "asleep for ever: {w:?}");
            assert_eq!(w.sema, [0, 0], "a wake-up too many: {w:?}");
            assert_eq!(w.destroyed, plans.contains(&Plan::Close), "{w:?}");
            assert_eq!(w.state, State(if w.destroyed { CLOSED } else { 0 }), "{w:?}");
        }
        for w in next {
            if seen.insert(w.clone()) {
                todo.push(w);
            }
        }
    }
    seen.len()
}

#[test]
fn every_interleaving_of_readers_writers_users_and_closers() {
    use Plan::{Close, Lock, LockContext, Ref};
    let (r, w, c) = (Lock(Direction::Read), Lock(Direction::Write), LockContext(Direction::Read));
    for plans in [
        vec![r, r, r, Close],
        vec![r, r, w, w, Close],
        vec![r, w, Ref, Close, Close],
        vec![r, r, r, r],
        vec![w, w, r, Ref],
        vec![r, r, w, Ref, Close, Close],
        vec![c, c, c, Close],
        vec![r, c, c, r],
        vec![r, c, r, c, Close],
    ] {
        let states = explore(&plans);
        assert!(states > 20, "{plans:?}: only {states} states");
    }
}

/// The usual case's steps are those of the general ones, from each state from which they go, and
/// they do go from the usual states.
#[test]
fn quick_steps_are_the_steps() {
    let counts = [0, 1, 2, COUNT_MASK];
    let mut quick = 0;
    for (bits, refs, readers, writers) in (0..8).flat_map(|bits| {
        counts.into_iter().flat_map(move |refs| {
            counts.into_iter().flat_map(move |r| counts.into_iter().map(move |w| (bits, refs, r, w)))
        })
    }) {
        let s = State(bits | refs << REF_SHIFT | readers << RWAIT_SHIFT | writers << WWAIT_SHIFT);
        for direction in [Direction::Read, Direction::Write] {
            let mine = if direction == Direction::Read { readers } else { writers };
            if let Some(locked) = s.lock_quickly(direction) {
                assert_eq!(s.rw_lock(direction), Ok((locked, LockStep::Acquired)), "{s:?} {direction:?}");
                quick += 1;
            } else {
                assert!(s.closed() || s.locked(direction) || refs == COUNT_MASK, "{s:?} {direction:?}");
            }
            if let Some(unlocked) = s.unlock_quickly(direction) {
                assert_eq!(s.rw_unlock(direction), (unlocked, false, Unref::More), "{s:?} {direction:?}");
                quick += 1;
            } else {
                assert!(s.closed() || !s.locked(direction) || refs == 0 || mine != 0, "{s:?} {direction:?}");
            }
        }
    }
    assert!(quick > 100, "{quick}");
}

#[test]
fn mutex_lock() {
    let mu = FdMutex::default();
    mu.incref().unwrap();
    assert_eq!(mu.decref(), Unref::More);
    mu.rw_lock(Direction::Read, None).unwrap();
    assert_eq!(mu.rw_unlock(Direction::Read), Unref::More);
    mu.rw_lock(Direction::Write, None).unwrap();
    assert_eq!(mu.rw_unlock(Direction::Write), Unref::More);
}

#[test]
fn mutex_close() {
    let mu = FdMutex::default();
    mu.incref_and_close().unwrap();
    assert_eq!(mu.incref(), Err(Closed));
    assert_eq!(mu.rw_lock(Direction::Read, None), Err(NoLock::Closed));
    assert_eq!(mu.rw_lock(Direction::Write, None), Err(NoLock::Closed));
    assert_eq!(mu.incref_and_close(), Err(Closed));
    assert_eq!(mu.decref(), Unref::Last);
}

#[test]
fn mutex_destroy() {
    let mu = FdMutex::default();
    for _ in 0..100 {
        mu.incref().unwrap();
    }
    mu.incref_and_close().unwrap();
    for _ in 0..100 {
        assert_eq!(mu.decref(), Unref::More);
    }
    assert_eq!(mu.decref(), Unref::Last);
}

#[test]
#[should_panic(expected = "inconsistent fdMutex")]
fn mutex_panic_decref() {
    let _ = FdMutex::default().decref();
}

#[test]
#[should_panic(expected = "inconsistent fdMutex")]
fn mutex_panic_rw_unlock() {
    let _ = FdMutex::default().rw_unlock(Direction::Read);
}

#[test]
#[should_panic(expected = "too many concurrent operations on a single file or socket (max 1048575)")]
fn mutex_overflow_panic() {
    let mu = FdMutex::default();
    mu.state.store(COUNT_MASK << REF_SHIFT, Relaxed);
    let _ = mu.incref();
}
