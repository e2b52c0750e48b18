//! Go's tests of package time that apply (time/sleep_test.go, tick_test.go), under their names. The table: tests/PORTED.md.

use std::time::{Duration, Instant};

use gopark_runtime::{go, run, time};

/// Go: TestSleep.
#[test]
fn test_sleep() {
    // SAFETY: nothing thread-bound lives across a park.
    unsafe {
        run(|| {
            const DELAY: Duration = Duration::from_millis(100);
            let t = go(|| time::sleep(DELAY / 2));
            let start = Instant::now();
            time::sleep(DELAY);
            assert!(start.elapsed() >= DELAY);
            t.join().unwrap();
        })
    }
}
#[test]
fn many_sleepers() {
    // SAFETY: nothing thread-bound lives across a park.
    unsafe {
        run(|| {
            let hs: Vec<_> = (0..1000u64)
                .map(|i| {
                    go(move || {
                        for j in 0..20 {
                            let d = Duration::from_micros((i * 7 + j * 13) % 200);
                            let start = Instant::now();
                            time::sleep(d);
                            assert!(start.elapsed() >= d);
                        }
                    })
                })
                .collect();
            for h in hs {
                h.join().unwrap();
            }
        })
    }
}
#[test]
fn plain_thread() {
    // SAFETY: nothing thread-bound lives across a park.
    unsafe {
        run(|| {
            let t = std::thread::spawn(|| {
                let start = Instant::now();
                time::sleep(Duration::from_millis(30));
                assert!(start.elapsed() >= Duration::from_millis(30));
            });
            let h = go(|| time::sleep(Duration::from_millis(60)));
            h.join().unwrap();
            t.join().unwrap();
        })
    }
}
