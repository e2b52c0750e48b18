//! Goroutines that keep their thread: the others must not suffer.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::poll_api::{Direction, PollDescriptor};
use gopark_runtime::time::sleep;
use gopark_runtime::{Builder, chan, go, gosched};

use super::inside;

pub(crate) fn hogs() {
    inside(|| {
        for _ in 0..2 {
            go(|| {
                loop {
                    std::hint::spin_loop();
                }
            });
        }
        go(|| std::thread::sleep(Duration::from_secs(5)));
        let (there, back) = (chan::bounded::<usize>(0), chan::bounded::<usize>(0));
        let (rx, tx) = (there.1, back.0);
        go(move || {
            while let Ok(n) = rx.recv() {
                tx.send(n).unwrap();
            }
        });
        let start = Instant::now();
        for i in 0..1000 {
            there.0.send(i).unwrap();
            assert_eq!(back.1.recv(), Ok(i));
        }
        sleep(Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(5), "1000 round trips took {:?}", start.elapsed());
    });
}

/// A goroutine goes to sleep on one P, and on the other one another waits for the network. The M that waits for both finds the
/// other one ready, which computes for seconds: the sleeper's timer is on an idle P, and goes off all the same.
pub(crate) fn a_timer_beside_a_hog() {
    inside(|| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let pd = PollDescriptor::open_socket(ours.as_raw_fd()).unwrap();
        let (hog_runs, sleeper_sleeps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let spin_until = |flag: &AtomicBool| {
            while !flag.load(SeqCst) {
                std::hint::spin_loop();
            }
        };
        go({
            let (hog_runs, sleeper_sleeps) = (hog_runs.clone(), sleeper_sleeps.clone());
            move || {
                hog_runs.store(true, SeqCst);
                spin_until(&sleeper_sleeps);
                // Its P is the last to become idle, and so the next to be taken.
                compute(Duration::from_millis(5));
                pd.wait(Direction::Read, &pd).unwrap();
                compute(Duration::from_secs(4));
            }
        });
        std::thread::spawn({
            let sleeper_sleeps = sleeper_sleeps.clone();
            move || {
                spin_until(&sleeper_sleeps);
                std::thread::sleep(Duration::from_millis(100));
                theirs.write_all(b"x").unwrap();
                std::thread::sleep(Duration::from_secs(10));
            }
        });
        let sleeper = go(move || {
            spin_until(&hog_runs);
            sleeper_sleeps.store(true, SeqCst);
            let start = Instant::now();
            sleep(Duration::from_millis(300));
            start.elapsed()
        });
        let slept = sleeper.join().unwrap();
        assert!(slept < Duration::from_secs(2), "a sleep of 300 ms took {slept:?}");
        drop(ours);
    });
}

pub(crate) fn std_locks() {
    inside(|| {
        // A std guard over a thread's sleep, not over a park: allowed.
        let lock = Arc::new(std::sync::Mutex::new(0));
        let holders: Vec<_> = (0..4)
            .map(|_| {
                let lock = lock.clone();
                go(move || {
                    for _ in 0..5 {
                        let mut n = lock.lock().unwrap();
                        std::thread::sleep(Duration::from_millis(20));
                        *n += 1;
                    }
                })
            })
            .collect();
        let start = Instant::now();
        let mut worst = Duration::ZERO;
        while start.elapsed() < Duration::from_millis(400) {
            let before = Instant::now();
            go(|| ()).join().unwrap();
            sleep(Duration::from_millis(1));
            worst = worst.max(before.elapsed());
        }
        assert!(worst < Duration::from_millis(150), "a neighbour waited {worst:?}");
        for h in holders {
            h.join().unwrap();
        }
        assert_eq!(*lock.lock().unwrap(), 20);
    });
}

pub(crate) fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Computes for so long without entering the runtime.
pub(crate) fn compute(how_long: Duration) {
    let start = Instant::now();
    while start.elapsed() < how_long {
        std::hint::spin_loop();
    }
}

pub(crate) fn thousand_hogs() {
    inside(|| {
        // Each wants more than a slice.
        let hogs: Vec<_> = (0..1000).map(|_| go(|| compute(Duration::from_millis(12)))).collect();
        // Work goes on beside them.
        for i in 0..5 {
            assert_eq!(go(move || i).join().unwrap(), i);
            sleep(Duration::from_millis(10));
        }
        let mut most = threads();
        for h in hogs {
            h.join().unwrap();
            most = most.max(threads());
        }
        assert!(most <= 1000 + 16, "{most} threads for 1000 hogs");
        // The wave is over: threads are given back.
        let end = Instant::now() + Duration::from_secs(10);
        while threads() > 32 && Instant::now() < end {
            sleep(Duration::from_millis(20));
        }
        assert!(threads() <= 32, "{} threads are left", threads());
        println!("at most {most} threads, {} at the end", threads());
    });
}

pub(crate) fn ping_pong_and_a_third() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().procs(1).run(|| {
            let (there, back) = (chan::bounded::<()>(0), chan::bounded::<()>(0));
            let (rx, tx) = (there.1, back.0);
            go(move || while rx.recv().is_ok() && tx.send(()).is_ok() {});
            let turns = Arc::new(AtomicUsize::new(0));
            let mine = turns.clone();
            go(move || {
                loop {
                    mine.fetch_add(1, SeqCst);
                    gosched();
                }
            });
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(500) {
                there.0.send(()).unwrap();
                back.1.recv().unwrap();
            }
            assert!(turns.load(SeqCst) >= 5, "the third ran {} times in 500 ms", turns.load(SeqCst));
        });
    }
}

/// In pinned mode three goroutines that have begun wait behind one that computes for 300 ms.
pub(super) fn a_pinned_hog() {
    inside(|| {
        let over = Arc::new(AtomicBool::new(false));
        let others: Vec<_> = (0..3)
            .map(|_| {
                let over = over.clone();
                go(move || {
                    while !over.load(SeqCst) {
                        gosched();
                    }
                })
            })
            .collect();
        gosched();
        let hog = go(|| {
            let end = Instant::now() + Duration::from_millis(300);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
        });
        hog.join().unwrap();
        over.store(true, SeqCst);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}
