//! The cases: what programs and crates do with thread-locals, a step at a time.

mod crates;
mod std_lib;
mod storage;

pub use storage::boxes;

use crate::hammer::{Outcome, Plan};

/// A case.
#[derive(Debug)]
pub struct Case {
    /// On the command line.
    pub name: &'static str,
    /// What its step does.
    pub does: &'static str,
    /// Runs it.
    pub run: fn(Plan) -> Outcome,
}

const fn case(name: &'static str, does: &'static str, run: fn(Plan) -> Outcome) -> Case {
    Case { name, does, run }
}

/// All cases that run on the system's allocator.
pub const CASES: &[Case] = &[
    case("std-thread-local", "`Cell::set`, `with_borrow_mut` of a `thread_local!`", std_lib::thread_local),
    case("std-hash-map", "`HashMap::new`, whose keys are counted by thread", std_lib::hash_map),
    case("std-thread-current", "`thread::current().id()`", std_lib::thread_current),
    case("std-catch-unwind", "a panic caught within one step", std_lib::catch),
    case("malloc", "allocations freed by other goroutines", boxes),
    case("arc-swap", "`load`, `store`", storage::arc_swap),
    case("crossbeam-epoch", "`pin`, `swap`, `defer_destroy`", storage::epoch),
    case("thread_local", "`ThreadLocal::get_or_default`", storage::thread_local),
    case("sharded-slab", "`insert`, `get`, `take`", storage::sharded_slab),
    case("dashmap", "`insert`, `get`, `remove`", storage::dashmap),
    case("moka", "`get_with`, `invalidate`", storage::moka),
    case("parking_lot", "`Mutex::lock`, contended", storage::parking_lot),
    case("crossbeam-channel", "`try_send`, `try_recv`, `select!` with a default", storage::channel),
    case("rand", "`rand::random`, `rand::rng`", crates::rand),
    case("fastrand", "`fastrand::u64`", crates::fastrand),
    case("uuid", "`Uuid::new_v4`, `Uuid::now_v7`", crates::uuid),
    case("regex", "`captures` of a shared `Regex`", crates::regex),
    case("prometheus", "a counter and a histogram", crates::prometheus),
    case("tracing", "a span with an event, through a `Registry` and a formatter", crates::tracing),
];
