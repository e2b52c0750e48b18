//! Programs that stand still, and programs that only seem to.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use gopark_runtime::sync::Mutex;
use gopark_runtime::time::sleep;
use gopark_runtime::{blocking, chan, go, gosched};

use super::inside;

pub(crate) fn deadlock() {
    inside(|| {
        let (_tx, rx) = chan::bounded::<()>(1);
        let waiting = go(move || assert!(rx.recv().is_err()));
        let keep = _tx;
        let _ = waiting.join();
        drop(keep);
    });
}

pub(crate) fn deadlock_main() {
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let _ = rx.recv();
        drop(tx);
    });
}

pub(crate) fn plain_thread_wakes() {
    inside(|| {
        let (tx, rx) = chan::bounded(0);
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            tx.send(7).unwrap();
        });
        assert_eq!(rx.recv(), Ok(7));
        blocking(|| thread.join().unwrap());
    });
}

/// A plain thread that goes to sleep by the runtime's clock at the same time as the goroutine that waits for it.
pub(crate) fn plain_thread_naps() {
    inside(|| ());
    let lock = Arc::new(Mutex::new(()));
    for _ in 0..3000 {
        let held = lock.lock();
        let waits = go({
            let lock = lock.clone();
            move || drop(lock.lock())
        });
        sleep(Duration::from_micros(50));
        drop(held);
        waits.join().unwrap();
    }
}

/// Two threads start the runtime at once; the goroutine of the one waits for the other's, which may still be starting it.
pub(crate) fn two_start_at_once() {
    let (tx, rx) = chan::bounded(0);
    let together = Arc::new(Barrier::new(2));
    let receiver = std::thread::spawn({
        let together = together.clone();
        move || {
            together.wait();
            // From process to process at another point of the start.
            let later = Instant::now() + Duration::from_micros(u64::from(std::process::id() % 30_000));
            while Instant::now() < later {}
            inside(|| rx.recv())
        }
    });
    together.wait();
    inside(|| tx.send(7)).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(7));
}

/// A small generator of repeatable random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Programs of parks, wakes, timers and blocking calls that all end: a deadlock report would end the process with status 2.
pub(crate) fn random_programs() {
    let programs: u64 = std::env::var("GOPARK_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let seed: u64 = std::env::var("GOPARK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos().into()
    });
    println!("{programs} programs, GOPARK_SEED={seed}");
    for n in 0..programs {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n) | 1);
        inside(move || {
            let (tx, rx) = chan::bounded::<u64>(random.below(3) as usize);
            let workers = 1 + random.below(4);
            let each = 1 + random.below(4);
            let handles: Vec<_> = (0..workers)
                .map(|_| {
                    let tx = tx.clone();
                    let (kind, pause) = (random.below(5), random.below(300));
                    go(move || {
                        for i in 0..each {
                            match kind {
                                0 => sleep(Duration::from_micros(pause)),
                                1 => blocking(|| std::thread::sleep(Duration::from_micros(pause))),
                                2 => gosched(),
                                3 => std::thread::sleep(Duration::from_micros(pause)),
                                _ => {}
                            }
                            tx.send(i).unwrap();
                        }
                    })
                })
                .collect();
            drop(tx);
            let mut got = 0;
            while rx.recv().is_ok() {
                got += 1;
            }
            assert_eq!(got, workers * each);
            for h in handles {
                h.join().unwrap();
            }
        });
    }
}
