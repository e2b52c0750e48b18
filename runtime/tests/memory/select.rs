//! crossbeam-channel's `tests/golang.rs`, module `select2`: Go's `test/chan/select2.go`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use gopark_runtime::chan::{Receiver, Sender, select, unbounded};
use gopark_runtime::go;

struct Counter;
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), SeqCst);
        // SAFETY: the caller's duty.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller's duty.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counter = Counter;

const N: usize = 100_000;

fn round(s: &Sender<i32>, r: &Receiver<i32>, dummy: &Receiver<i32>) {
    let s = s.clone();
    go(move || (0..N).for_each(|_| s.send(1).unwrap()));
    for _ in 0..N {
        select! {
            recv(r) -> _ => {}
            recv(dummy) -> _ => panic!("dummy"),
        }
    }
}

/// What selects leave on the channel that never fires does not grow.
#[test]
fn main() {
    crate::alone(|| {
        let ((s, r), (_dummy_s, dummy)) = (unbounded(), unbounded());
        round(&s, &r, &dummy);
        let before = ALLOCATED.load(SeqCst);
        round(&s, &r, &dummy);
        let after = ALLOCATED.load(SeqCst);
        assert!(after <= before + N + 10_000, "{before} grew to {after}");
    });
}
