//! What the environment and `Builder` set, and what `metrics` tells.

use std::time::{Duration, Instant};

use gopark_runtime::context::Context;
use gopark_runtime::sync::{Condvar, Mutex, Semaphore};
use gopark_runtime::time::sleep;
use gopark_runtime::{Builder, blocking, chan, go, gomaxprocs, gosched, is_pinned, metrics, select, time};

use super::hogs::{compute, threads};
use super::inside;
use super::stacks::deep;

/// For the check of `GOMAXPROCS`.
pub(crate) fn procs() {
    inside(|| println!("{} procs", gomaxprocs()));
}

pub(crate) fn builder_procs() {
    // SAFETY: nothing is bound to a thread.
    unsafe { Builder::new().procs(5).run(|| println!("{} procs", gomaxprocs())) };
}

/// One processor by affinity: as a cgroup's quota, it is a limit that std's count of processors knows.
pub(crate) fn procs_of_one_cpu() {
    // SAFETY: a set of processors of this thread, which starts all others.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, size_of_val(&set), &mut set), 0);
        let first = (0..libc::CPU_SETSIZE as usize).find(|cpu| libc::CPU_ISSET(*cpu, &set)).unwrap();
        libc::CPU_ZERO(&mut set);
        libc::CPU_SET(first, &mut set);
        assert_eq!(libc::sched_setaffinity(0, size_of_val(&set), &set), 0);
    }
    procs();
}

pub(crate) fn builder_stack_size() {
    // SAFETY: nothing is bound to a thread.
    unsafe { Builder::new().stack_size(16 << 20).run(|| assert!(go(|| deep(12_000)).join().unwrap() > 0)) };
}

/// A hundred goroutines block their threads at once, and ten threads must do.
pub(crate) fn max_threads() {
    const LIMIT: usize = 10;
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().procs(2).max_threads(LIMIT).run(|| {
            let all: Vec<_> = (0..100)
                .map(|i| {
                    go(move || match i % 2 {
                        0 => blocking(|| std::thread::sleep(Duration::from_millis(12))),
                        _ => compute(Duration::from_millis(12)),
                    })
                })
                .collect();
            let mut most = 0;
            for h in all {
                h.join().unwrap();
                most = most.max(threads());
            }
            // The process's first thread, sysmon, the template thread.
            assert!(most <= LIMIT + 3, "{most} threads with max_threads({LIMIT})");
        });
    }
}

pub(crate) fn metrics_tell() {
    inside(|| {
        let before = metrics();
        assert_eq!((before.goroutines, before.procs), (1, 2));
        assert!(before.threads >= 1 && before.idle_procs <= 1);
        for _ in 0..64 {
            let batch: Vec<_> = (0..100).map(|_| go(gosched)).collect();
            batch.into_iter().for_each(|h| h.join().unwrap());
        }
        // Two that compute while a third waits: somebody loses its P.
        let hogs: Vec<_> = (0..3).map(|_| go(|| compute(Duration::from_millis(60)))).collect();
        sleep(Duration::from_millis(1));
        hogs.into_iter().for_each(|h| h.join().unwrap());
        let after = metrics();
        let timed = after.scheduling_latency.count() - before.scheduling_latency.count();
        assert!(timed >= 150, "{timed} of 12 800 wakes were timed");
        let (median, p99) = (
            after.scheduling_latency.quantile(0.5).unwrap(),
            after.scheduling_latency.quantile(0.99).unwrap(),
        );
        assert!(median <= p99 && p99 < Duration::from_secs(60));
        assert!(is_pinned() || after.retakes > before.retakes, "a hog was not retaken");
        assert!(after.thread_starts >= 2 && after.wakeups + after.thread_starts > before.thread_starts);
        assert_eq!(after.goroutines, 1);
    });
}

/// A goroutine whose P was retaken gets one back when it wakes another, though it does not park.
pub(crate) fn a_waker_gets_its_p_back() {
    inside(|| {
        let (tx, rx) = chan::unbounded::<()>();
        let receiver = go(move || rx.iter().count());
        let retakes = metrics().retakes;
        // More than there are Ps, and always runnable: they want this goroutine's P.
        let end = Instant::now() + Duration::from_millis(300);
        let others: Vec<_> = (0..4)
            .map(|_| {
                go(move || {
                    while Instant::now() < end {
                        gosched();
                    }
                })
            })
            .collect();
        compute(Duration::from_millis(400));
        assert!(metrics().retakes > retakes, "the P was not retaken");
        assert!(others.iter().all(|h| h.is_finished()));
        let before = metrics().global_puts;
        for _ in 0..100 {
            tx.send(()).unwrap();
            // The receiver parks again meanwhile.
            compute(Duration::from_millis(1));
        }
        let puts = metrics().global_puts - before;
        assert!(puts <= 20, "{puts} of 100 wakes went through the global queue");
        drop(tx);
        assert_eq!(receiver.join().unwrap(), 100);
    });
}

/// Nothing here runs the runtime: what needs it says so, and nothing hangs or is left locked.
pub(crate) fn before_the_runtime() {
    std::panic::set_hook(Box::new(|_| ()));
    let says_so = |name: &str, f: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err(name);
        let said = panic.downcast_ref::<&str>().copied().unwrap_or_default();
        assert_eq!(said, "the gopark runtime is not running: call this inside gopark::run", "{name}");
    };
    let soon = Duration::from_millis(5);
    let (s, r) = chan::bounded::<i32>(1);
    let (lock, condition, permits) = (Mutex::new(0), Condvar::new(), Semaphore::new(0));
    says_so("go", &|| _ = go(|| ()));
    says_so("sleep", &|| sleep(soon));
    says_so("recv_timeout", &|| _ = r.recv_timeout(soon));
    says_so("select with a timeout", &|| select! { recv(r) -> _ => {}, default(soon) => {} });
    says_so("after", &|| _ = chan::after(soon).recv());
    says_so("timer", &|| _ = time::Timer::new(soon).recv());
    says_so("after_func", &|| _ = time::after_func(soon, || ()));
    says_so("context", &|| _ = Context::background().with_timeout(soon));
    says_so("wait_for", &|| _ = condition.wait_for(&mut lock.lock(), soon));
    says_so("permits", &|| _ = permits.try_acquire_for(soon));
    // All of them are as they were, for threads.
    condition.notify_all();
    permits.add_permits(1);
    drop(permits.acquire());
    *lock.lock() = 1;
    std::thread::scope(|scope| {
        scope.spawn(|| s.send(7).unwrap());
        assert_eq!(r.recv(), Ok(7));
    });
}

/// The user may have no more threads, until a second has passed. The holder of the lock sleeps, and
/// the only thread waits for the lock: its timer is for a thread that does not exist yet.
pub(crate) fn no_threads_for_a_second() {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    // The limit counts a user's threads, and root has none.
    // SAFETY: takes numbers; the process has one thread.
    if unsafe { libc::setresuid(65534, 65534, 65534) } != 0 {
        return println!("SKIPPED: may not become a user who has no other process");
    }
    limit_threads(4);
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(1));
        limit_threads(100);
    });
    super::inside(|| {
        let holder = go(|| {
            let _guard = LOCK.lock();
            sleep(Duration::from_millis(50));
        });
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                go(|| {
                    sleep(Duration::from_millis(10));
                    drop(LOCK.lock());
                })
            })
            .collect();
        holder.join().unwrap();
        waiters.into_iter().for_each(|w| w.join().unwrap());
    });
}

fn limit_threads(n: u64) {
    let limit = libc::rlimit { rlim_cur: n, rlim_max: 100 };
    // SAFETY: a limit for this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &limit) }, 0);
}
