//! Children, signals, and what is printed about a running program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::time::sleep;
use gopark_runtime::{blocking, chan, go, gosched};

use super::inside;

pub(crate) fn fork_exec() {
    inside(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..100)
            .map(|_| {
                let stop = stop.clone();
                go(move || {
                    while !stop.load(SeqCst) {
                        sleep(Duration::from_micros(200));
                    }
                })
            })
            .collect();
        for i in 0..50 {
            let out = blocking(|| std::process::Command::new("echo").arg(i.to_string()).output().unwrap());
            assert_eq!(String::from_utf8(out.stdout).unwrap(), format!("{i}\n"));
        }
        stop.store(true, SeqCst);
        for h in busy {
            h.join().unwrap();
        }
    });
}

/// SIGQUIT to ourselves, a moment later.
fn quit_soon(after: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(after);
        // SAFETY: a signal to our own process.
        unsafe { libc::kill(libc::getpid(), libc::SIGQUIT) };
    });
}

pub(crate) fn sigquit() {
    inside(|| {
        let (_tx, rx) = chan::bounded::<()>(0);
        for _ in 0..10 {
            let rx = rx.clone();
            go(move || assert!(rx.recv().is_err()));
            go(|| sleep(Duration::from_secs(60)));
        }
        sleep(Duration::from_millis(50));
        for _ in 0..4 {
            go(|| {
                loop {
                    std::hint::spin_loop();
                }
            });
            go(|| std::thread::sleep(Duration::from_secs(60)));
        }
        quit_soon(Duration::from_millis(300));
        std::thread::sleep(Duration::from_secs(60));
    });
}

pub(crate) fn sigquit_many() {
    inside(|| {
        let (_tx, rx) = chan::bounded::<()>(0);
        for _ in 0..100_000 {
            let rx = rx.clone();
            go(move || assert!(rx.recv().is_err()));
        }
        sleep(Duration::from_millis(100));
        quit_soon(Duration::from_millis(1));
        sleep(Duration::from_secs(60));
    });
}

pub(crate) fn busy_for_300_ms() {
    inside(|| {
        let end = Instant::now() + Duration::from_millis(300);
        while Instant::now() < end {
            gosched();
        }
    });
}
