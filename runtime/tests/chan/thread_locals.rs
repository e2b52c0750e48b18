//! crossbeam-channel's `tests/thread_locals.rs`: a blocking operation while a thread's locals are being dropped.
//! Here the thread is a thread: goroutines have no locals.

use crate::common::*;

use std::thread;

use gopark_runtime::chan::{select, unbounded};

#[test]
fn use_while_exiting() {
    struct Foo;
    impl Drop for Foo {
        fn drop(&mut self) {
            let (_s, r) = unbounded::<()>();
            select! {
                recv(r) -> _ => {}
                default(ms(50)) => {}
            }
        }
    }
    thread_local! {
        static FOO: Foo = const { Foo };
    }
    run(|| {
        let (s, r) = unbounded::<()>();
        let exiting = thread::spawn(move || {
            // First `FOO`, then what the channel keeps per thread: dropped in the opposite order.
            FOO.with(|_| ());
            r.recv().unwrap();
        });
        nap(50);
        s.send(()).unwrap();
        gopark_runtime::blocking(|| exiting.join()).unwrap();
    });
}
