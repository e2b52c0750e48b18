//! The programs that `health.rs` runs, each in a process of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::time::sleep;
use gopark_runtime::{Builder, GoOptions, blocking, chan, go, go_with, gosched, num_goroutine};

/// Runs one; it panics, exits or returns.
pub fn run(name: &str) {
    match name {
        "deadlock" => deadlock(),
        "deadlock_main" => deadlock_main(),
        "plain_thread_wakes" => plain_thread_wakes(),
        "only_a_timer" => inside(|| sleep(Duration::from_millis(200))),
        "only_a_blocking_call" => inside(|| blocking(|| std::thread::sleep(Duration::from_millis(200)))),
        "random_programs" => random_programs(),
        "overflow" => inside(|| drop(go(|| deep(1 << 20)).join())),
        "large_stack" => large_stack(),
        "null_pointer" => inside(null_pointer),
        "panic_message" => panic_message(),
        "many_panics" => many_panics(),
        "park_in_drop" => park_in_drop(),
        "fork_exec" => fork_exec(),
        "sigquit" => sigquit(),
        "sigquit_many" => sigquit_many(),
        "hogs" => hogs(),
        "std_locks" => std_locks(),
        "thousand_hogs" => thousand_hogs(),
        "ping_pong_and_a_third" => ping_pong_and_a_third(),
        "mprotect_guards" => mprotect_guards(),
        "mprotect_limit" => mprotect_limit(),
        "address_space_limit" => address_space_limit(),
        "busy_for_300_ms" => busy_for_300_ms(),
        "trim" => trim(),
        other => panic!("no scenario {other}"),
    }
}

/// The runtime with its defaults.
fn inside<T: Send>(main: impl FnOnce() -> T + Send) -> T {
    // SAFETY: no scenario keeps anything of a thread over a park; those with std locks say so.
    unsafe { gopark_runtime::run(main) }
}

fn deadlock() {
    inside(|| {
        let (_tx, rx) = chan::bounded::<()>(1);
        let waiting = go(move || assert!(rx.recv().is_err()));
        let keep = _tx;
        let _ = waiting.join();
        drop(keep);
    });
}

fn deadlock_main() {
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let _ = rx.recv();
        drop(tx);
    });
}

fn plain_thread_wakes() {
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
fn random_programs() {
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

#[inline(never)]
fn deep(n: usize) -> usize {
    let frame = [n; 64];
    std::hint::black_box(&frame);
    if n == 0 { 0 } else { deep(n - 1) + frame[n % 64] % 2 }
}

fn large_stack() {
    inside(|| {
        let options = GoOptions { stack_size: Some(64 << 20), name: Some("deep".into()) };
        assert!(go_with(options, || deep(50_000)).join().unwrap() > 0);
        // And an ordinary one beside it is still of the ordinary size.
        assert!(go(|| deep(100)).join().unwrap() > 0);
    });
}

fn null_pointer() {
    // SAFETY: none: the fault is the point.
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
}

fn panic_message() {
    inside(|| {
        let options = GoOptions { name: Some("worker".into()), ..GoOptions::default() };
        assert!(go_with(options, || panic!("on purpose")).join().is_err());
    });
}

fn many_panics() {
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

fn park_in_drop() {
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

fn fork_exec() {
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

fn sigquit() {
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

fn sigquit_many() {
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

fn hogs() {
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

fn std_locks() {
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

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Computes for so long without entering the runtime.
fn compute(how_long: Duration) {
    let start = Instant::now();
    while start.elapsed() < how_long {
        std::hint::spin_loop();
    }
}

fn thousand_hogs() {
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

fn ping_pong_and_a_third() {
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

fn mprotect_guards() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().mprotect_guards(true).run(|| {
            let (tx, rx) = chan::bounded::<()>(0);
            let handles: Vec<_> = (0..2000)
                .map(|_| {
                    let rx = rx.clone();
                    go(move || assert!(rx.recv().is_err()))
                })
                .collect();
            while num_goroutine() < 2001 {
                gosched();
            }
            drop(tx);
            for h in handles {
                h.join().unwrap();
            }
        });
    }
}

fn mprotect_limit() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().mprotect_guards(true).run(|| {
            let (tx, rx) = chan::bounded::<()>(0);
            let mut handles = Vec::new();
            // Two mappings each: the default limit of 65 530 is reached before 40 000.
            let refused = loop {
                let rx = rx.clone();
                let spawned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    go(move || assert!(rx.recv().is_err()))
                }));
                match spawned {
                    Ok(handle) => handles.push(handle),
                    Err(_) => break true,
                }
                if handles.len() > 200_000 {
                    break false;
                }
            };
            assert!(refused, "200 000 guards by mprotect: vm.max_map_count is not at its default");
            drop(tx);
            for h in handles {
                h.join().unwrap();
            }
            assert_eq!(go(|| 5).join().unwrap(), 5);
        });
    }
}

fn address_space_limit() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
    // SAFETY: a limit for this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let mut handles = Vec::new();
        loop {
            let rx = rx.clone();
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                go(move || assert!(rx.recv().is_err()))
            })) {
                Ok(handle) => handles.push(handle),
                Err(_) => break,
            }
            assert!(handles.len() < 4096, "4096 stacks of 256 KiB do not fit into 1 GiB");
        }
        assert!(handles.len() > 1000, "only {} stacks in 1 GiB", handles.len());
        drop(tx);
        for h in handles {
            h.join().unwrap();
        }
        assert_eq!(go(|| 5).join().unwrap(), 5);
    });
}

fn busy_for_300_ms() {
    inside(|| {
        let end = Instant::now() + Duration::from_millis(300);
        while Instant::now() < end {
            gosched();
        }
    });
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn trim() {
    inside(|| {
        let handles: Vec<_> = (0..1000).map(|_| go(|| deep(300))).collect();
        for h in handles {
            h.join().unwrap();
        }
        let (tx, rx) = chan::bounded::<()>(0);
        // 1000 stacks at once, each about 170 KiB deep.
        let handles: Vec<_> = (0..1000)
            .map(|_| {
                let rx = rx.clone();
                go(move || {
                    deep(300);
                    let _ = rx.recv();
                })
            })
            .collect();
        while num_goroutine() < 1001 {
            gosched();
        }
        sleep(Duration::from_millis(100));
        let high = resident();
        drop(tx);
        for h in handles {
            h.join().unwrap();
        }
        let end = Instant::now() + Duration::from_secs(10);
        while resident() > high / 3 && Instant::now() < end {
            sleep(Duration::from_millis(300));
        }
        assert!(resident() <= high / 3, "{} MiB of {} MiB are left", resident() >> 20, high >> 20);
    });
}
