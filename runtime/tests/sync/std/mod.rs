//! std's tests of its locks and cells (library/std/tests/sync), under their names, with threads replaced by goroutines.
//!
//! Where std has a poisoning and a non-poisoning form, this is the non-poisoning one. tests/PORTED.md has the list.

mod barrier;
mod condvar;
mod lazy_lock;
mod mutex;
mod once;
mod once_lock;
mod park;
mod rwlock;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Runs a test's body in a goroutine.
fn goroutine(body: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing that is bound to a thread over a park.
    unsafe { gopark_runtime::run(body) }
}

/// Neither `Copy` nor `Clone`.
#[derive(Eq, PartialEq, Debug)]
struct NonCopy(i32);

/// Counts its drops.
struct Foo(Arc<AtomicUsize>);

impl Drop for Foo {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Moving a value out of its lock, by `into_inner`, drops it once, when the value goes.
fn moves_out_and_drops_once<L>(new: impl FnOnce(Foo) -> L, into_inner: impl FnOnce(L) -> Foo) {
    let drops = Arc::new(AtomicUsize::new(0));
    let lock = new(Foo(drops.clone()));
    assert_eq!(drops.load(Relaxed), 0);
    let inner = into_inner(lock);
    assert_eq!(drops.load(Relaxed), 0);
    drop(inner);
    assert_eq!(drops.load(Relaxed), 1);
}
