//! What std itself keeps by thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hint::black_box;
use std::panic::{catch_unwind, resume_unwind};
use std::thread::{self, ThreadId};

use crate::hammer::{Outcome, Plan, Step, hammer};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static SEEN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// A count per thread, as metrics crates have it.
pub(super) fn thread_local(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, i: u64, n: u64) -> bool {
            COUNT.set(COUNT.get() + 1);
            SEEN.with_borrow_mut(|seen| {
                if seen.len() > 64 {
                    seen.clear();
                    seen.shrink_to_fit();
                }
                seen.push(i ^ n);
                seen.last() == Some(&(i ^ n))
            })
        }
    }
    hammer::<Case>(plan, &())
}

pub(super) fn hash_map(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, i: u64, n: u64) -> bool {
            let mut map = HashMap::new();
            map.extend((0..8).map(|k| (k, i + n + k)));
            map.len() == 8 && (0..8).all(|k| map.get(&k) == Some(&(i + n + k)))
        }
    }
    hammer::<Case>(plan, &())
}

pub(super) fn thread_current(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, _: u64, _: u64) -> bool {
            thread::current().id() == black_box(look_up as fn() -> ThreadId)()
        }
    }
    hammer::<Case>(plan, &())
}

/// The compiler cannot merge this look-up with one before a park, since it does not see what is
/// called.
fn look_up() -> ThreadId {
    thread::current().id()
}

/// std counts panics by thread.
pub(super) fn catch(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, i: u64, n: u64) -> bool {
            let caught = n.is_multiple_of(16).then(|| catch_unwind(|| resume_unwind(Box::new(i))));
            caught.is_none_or(|c: Result<(), _>| c.is_err_and(|e| e.downcast_ref() == Some(&i)))
                && !thread::panicking()
        }
    }
    hammer::<Case>(plan, &())
}
