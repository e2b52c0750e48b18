//! Panics and faults: messages, `join`, destructors that park while a goroutine unwinds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use gopark_runtime::time::sleep;
use gopark_runtime::{GoOptions, go, go_with, gosched};

use super::inside;

pub(crate) fn null_pointer() {
    // SAFETY: none: the fault is the point.
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
}

pub(crate) fn panic_message() {
    inside(|| {
        let options = GoOptions { name: Some("worker".into()), ..GoOptions::default() };
        assert!(go_with(options, || panic!("on purpose")).join().is_err());
    });
}

pub(crate) fn many_panics() {
    std::panic::set_hook(Box::new(|_| ()));
    inside(|| {
        let handles: Vec<_> = (0..10_000)
            .map(|i| {
                go(move || {
                    gosched();
                    if i >= 0 {
                        panic!("{i}");
                    }
                })
            })
            .collect();
        for (i, h) in handles.into_iter().enumerate() {
            assert_eq!(*h.join().unwrap_err().downcast::<String>().unwrap(), i.to_string());
        }
        assert_eq!(go(|| 1).join().unwrap(), 1);
    });
}

/// Parks in its destructor.
struct Parks(Arc<AtomicUsize>);

impl Drop for Parks {
    fn drop(&mut self) {
        let here = std::thread::current().id();
        let panicking = std::thread::panicking();
        for _ in 0..20 {
            gosched();
            sleep(Duration::from_micros(100));
        }
        if panicking {
            assert_eq!(here, std::thread::current().id(), "a goroutine that unwinds stays on its thread");
        }
        assert_eq!(panicking, std::thread::panicking());
        self.0.fetch_add(1, SeqCst);
    }
}

pub(crate) fn park_in_drop() {
    std::panic::set_hook(Box::new(|_| ()));
    inside(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..50)
            .map(|i| {
                let dropped = dropped.clone();
                go(move || {
                    let _parks = Parks(dropped);
                    if i % 2 == 0 {
                        panic!("unwinds through Parks");
                    }
                    for _ in 0..10 {
                        assert!(!std::thread::panicking(), "another's panic was seen here");
                        gosched();
                    }
                })
            })
            .collect();
        for (i, h) in handles.into_iter().enumerate() {
            assert_eq!(h.join().is_err(), i % 2 == 0);
        }
        assert_eq!(dropped.load(SeqCst), 50);
    });
}

/// The parent goes on; the child, which parks, ends with status 2 and does not hang.
pub(super) fn park_after_fork() {
    inside(|| {
        let nap = || sleep(Duration::from_millis(20));
        nap();
        // SAFETY: the child parks, which is the point, and nothing else.
        let child = unsafe { libc::fork() };
        if child == 0 {
            nap();
            // SAFETY: ends the child, if it gets here.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        for _ in 0..500 {
            // SAFETY: the child is ours, and the place for its status valid.
            if unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == child {
                assert_eq!(libc::WEXITSTATUS(status), 2, "{status:#x}");
                return;
            }
            nap();
        }
        // SAFETY: the child is ours.
        unsafe { libc::kill(child, libc::SIGKILL) };
        panic!("the child hangs");
    });
}
