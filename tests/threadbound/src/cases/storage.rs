//! Crates that keep or guard data, and allocators: what breaks in them is memory.

use std::cell::RefCell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use crossbeam_channel::{Receiver, Sender};
use crossbeam_epoch::{Atomic, Owned};

use crate::hammer::{Outcome, Plan, Step, hammer};

/// A value that knows whether it was dropped.
struct Value {
    id: u64,
    mark: u64,
}

const ALIVE: u64 = 0xa11e;

impl Value {
    fn new(id: u64) -> Value {
        Value { id, mark: ALIVE }
    }

    fn is_alive(&self) -> bool {
        // SAFETY: a reference to a `u64`; volatile, so that the look at a value just written is
        // made.
        unsafe { ptr::read_volatile(&self.mark) == ALIVE && ptr::read_volatile(&self.id) != u64::MAX }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: a reference to a `u64`; volatile, so that the store is made although nobody may
        // read it.
        unsafe { ptr::write_volatile(&mut self.mark, 0xdead) }
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A configuration that changes.
pub(super) fn arc_swap(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = arc_swap::ArcSwap<Value>;
        #[inline(always)]
        fn step(config: &Self::Shared, i: u64, n: u64) -> bool {
            if i.is_multiple_of(8) {
                config.store(Arc::new(Value::new(n)));
            }
            config.load().is_alive()
        }
    }
    let config = leak(arc_swap::ArcSwap::from_pointee(Value::new(0)));
    hammer::<Case>(plan, config)
}

pub(super) fn epoch(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = Atomic<Value>;
        #[inline(always)]
        fn step(shared: &Self::Shared, i: u64, n: u64) -> bool {
            let guard = crossbeam_epoch::pin();
            if i.is_multiple_of(8) {
                let old = shared.swap(Owned::new(Value::new(n)), AcqRel, &guard);
                // SAFETY: swapped out just now, once; those that still read it have pinned the
                // epoch.
                unsafe { guard.defer_destroy(old) }
            }
            // SAFETY: never null, and destroyed only when nobody has pinned the epoch in which it
            // was there.
            unsafe { shared.load(Acquire, &guard).deref() }.is_alive()
        }
    }
    hammer::<Case>(plan, leak(Atomic::new(Value::new(0))))
}

pub(super) fn thread_local(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = thread_local::ThreadLocal<RefCell<Vec<u64>>>;
        #[inline(always)]
        fn step(seen: &Self::Shared, i: u64, _: u64) -> bool {
            let mut seen = seen.get_or_default().borrow_mut();
            if seen.len() > 64 {
                seen.clear();
                seen.shrink_to_fit();
            }
            seen.push(i);
            seen.last() == Some(&i)
        }
    }
    hammer::<Case>(plan, leak(thread_local::ThreadLocal::new()))
}

/// What one goroutine inserts another takes out.
pub(super) fn sharded_slab(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = (sharded_slab::Slab<Value>, std::sync::Mutex<Vec<usize>>);
        #[inline(always)]
        fn step((slab, keys): &Self::Shared, i: u64, n: u64) -> bool {
            let Some(key) = slab.insert(Value::new(i ^ n)) else { return false };
            let right = slab.get(key).is_some_and(|v| v.is_alive() && v.id == i ^ n);
            let mut keys = keys.lock().expect("nobody panics under it");
            keys.push(key);
            let old = match keys.len() > 128 {
                true => keys.swap_remove(n as usize % 128),
                false => return right,
            };
            right && slab.take(old).is_some_and(|v| v.is_alive())
        }
    }
    hammer::<Case>(plan, leak((sharded_slab::Slab::new(), std::sync::Mutex::new(Vec::new()))))
}

pub(super) fn dashmap(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = dashmap::DashMap<u64, Value>;
        #[inline(always)]
        fn step(map: &Self::Shared, i: u64, n: u64) -> bool {
            let key = (i << 32) | (n % 16);
            map.insert(key, Value::new(n));
            let right = map.get(&key).is_some_and(|v| v.is_alive());
            if n.is_multiple_of(3) {
                map.remove(&key);
            }
            right
        }
    }
    hammer::<Case>(plan, leak(dashmap::DashMap::new()))
}

pub(super) fn moka(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = moka::sync::Cache<u64, Arc<Value>>;
        #[inline(always)]
        fn step(cache: &Self::Shared, i: u64, n: u64) -> bool {
            let key = (i + n) % 96;
            let right = cache.get_with(key, || Arc::new(Value::new(key)));
            if n.is_multiple_of(16) {
                cache.invalidate(&key);
            }
            right.is_alive() && right.id == key
        }
    }
    hammer::<Case>(plan, leak(moka::sync::Cache::new(64)))
}

pub(super) fn parking_lot(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = parking_lot::Mutex<(u64, u64)>;
        #[inline(always)]
        fn step(sum: &Self::Shared, _: u64, n: u64) -> bool {
            let mut both = sum.lock();
            both.0 += 1;
            if n.is_multiple_of(8) {
                // Held long enough for others to queue: parking_lot's queue is made of the threads'
                // own data.
                (0..256).for_each(|k| _ = std::hint::black_box(k));
            }
            both.1 += 1;
            both.0 == both.1
        }
    }
    let sum = leak(parking_lot::Mutex::new((0u64, 0u64)));
    let done = hammer::<Case>(plan, sum);
    let both = sum.lock();
    // Steps that were offloaded are not among the rounds.
    done.and(both.0 == both.1 && both.0 >= done.rounds)
}

pub(super) fn channel(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = (Sender<Box<Value>>, Receiver<Box<Value>>);
        #[inline(always)]
        fn step((to, from): &Self::Shared, i: u64, n: u64) -> bool {
            let _ = to.try_send(Box::new(Value::new(i ^ n)));
            let got = crossbeam_channel::select! {
                recv(from) -> got => got.ok(),
                default => from.try_recv().ok(),
            };
            got.is_none_or(|v| v.is_alive())
        }
    }
    hammer::<Case>(plan, leak(crossbeam_channel::bounded(64)))
}

/// Allocates, writes, and swaps with a slot from which another goroutine, on another thread
/// perhaps, takes and frees it.
pub fn boxes(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = [AtomicPtr<Vec<u64>>; 256];
        #[inline(always)]
        fn step(slots: &Self::Shared, i: u64, n: u64) -> bool {
            let mark = i ^ n;
            let ours = Box::new(vec![mark; (mark % 200) as usize + 1]);
            // ORDERING: Release hands the box over, Acquire takes another's: they pair with each
            // other.
            let theirs = slots[(i * 31 + n) as usize % 256].swap(Box::into_raw(ours), AcqRel);
            if theirs.is_null() {
                return true;
            }
            // SAFETY: put there by `into_raw`, and taken out by one swap.
            let theirs = unsafe { Box::from_raw(theirs) };
            theirs.len() as u64 == theirs[0] % 200 + 1 && theirs.iter().all(|v| *v == theirs[0])
        }
    }
    hammer::<Case>(plan, leak([const { AtomicPtr::new(ptr::null_mut()) }; 256]))
}
