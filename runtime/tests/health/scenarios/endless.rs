//! Goroutines that compute without end, by the hundred: the rest keeps its part of the machine, and nothing is left behind.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};

use gopark_runtime::time::sleep;
use gopark_runtime::{blocking, chan, go, gomaxprocs, gosched, lock_os_thread, metrics};

use super::hogs::threads;
use super::inside;
use super::stacks::resident;

/// May the process raise a thread's priority again?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// As the tests run: as root, yes.
    AsTheyAre,
    /// No.
    Dropped,
}

/// So many never tell the runtime what they do; each keeps its P for 10 ms. The others say `blocking`, and their Ps go at once:
/// a thousand silent ones would take turns of 10 ms for the first seconds.
const SILENT: usize = 50;
/// The least part of the process's time for those who are no hogs: two fifths of what the weights promise. That is half of the
/// machine, until the hogs of a processor, 3 each under SCHED_IDLE, weigh more than a P's 1024.
fn fair_part(hogs: usize) -> f64 {
    let for_each = hogs / gomaxprocs();
    0.4 * 1024.0 / (1024 + 1024.max(3 * for_each)) as f64
}

/// How many are very many: `GOPARK_HOGS`, or so many that nice alone is not enough on two processors.
pub(crate) fn very_many() -> usize {
    std::env::var("GOPARK_HOGS").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

pub(crate) fn endless(n: usize, rights: Rights) {
    if rights == Rights::Dropped {
        drop_rights();
    }
    let may_raise = may_raise();
    let (memory_before, own) = (resident(), weight());
    inside(|| {
        let hogs = Hogs::start(n);
        let rest = hogs.pairs_part(Duration::from_secs(2));
        println!(
            "{n} hogs on {} threads, {} lowered, priorities {}: the rest had {:.0} % of the time and made {} round trips a second",
            threads(),
            metrics().reniced_threads,
            if may_raise { "can be raised" } else { "cannot be raised" },
            rest.part * 100.0,
            rest.trips / 2
        );
        assert!(rest.part >= fair_part(n), "the rest had {:.3} of the time", rest.part);
        assert!(threads() <= n + 32, "{} threads for {n} hogs", threads());
        for after in hogs.stop() {
            assert_eq!(after, own, "a goroutine goes on at the weight of the process");
        }
        assert_eq!(
            metrics().discarded_threads > 0,
            !may_raise,
            "{} threads ended",
            metrics().discarded_threads
        );
        let end = Instant::now() + Duration::from_secs(20);
        let much = memory_before + (48 << 20);
        let lowered = || all_weights().iter().filter(|(_, w)| *w != own).count();
        while (threads() > 32 || resident() > much || lowered() > 0) && Instant::now() < end {
            sleep(Duration::from_millis(20));
        }
        assert!(threads() <= 32, "{} threads are left", threads());
        assert!(resident() <= much, "{} MiB, before {} MiB", resident() >> 20, memory_before >> 20);
        assert_eq!(lowered(), 0, "threads that are left are not lowered");
    });
}

struct Hogs {
    stop: Arc<AtomicBool>,
    /// Their threads.
    tids: Arc<Vec<AtomicI32>>,
    handles: Vec<gopark_runtime::JoinHandle<Weight>>,
}

struct Share {
    part: f64,
    trips: u64,
}

impl Hogs {
    /// Returns when they compute on threads of their own, lowered; but for those that hold a P, since nobody else wants it.
    fn start(n: usize) -> Hogs {
        let stop = Arc::new(AtomicBool::new(false));
        let tids = Arc::new((0..n).map(|_| AtomicI32::new(0)).collect::<Vec<_>>());
        let handles = (0..n)
            .map(|i| {
                let (stop, tids) = (stop.clone(), tids.clone());
                go(move || {
                    let body = || {
                        tids[i].store(gettid(), SeqCst);
                        while !stop.load(Relaxed) {
                            std::hint::spin_loop();
                        }
                    };
                    if i < SILENT {
                        body()
                    } else {
                        blocking(body)
                    }
                    what_follows(i)
                })
            })
            .collect();
        let end = Instant::now() + Duration::from_secs(90) + Duration::from_millis(100) * n as u32;
        let own = weight_of(std::process::id() as i32);
        let lowered = || all_weights().iter().filter(|(_, w)| *w != own).count();
        let most = n - gomaxprocs();
        while lowered() < most && Instant::now() < end {
            sleep(Duration::from_millis(20));
        }
        assert!(lowered() >= most, "only {} of {n} are lowered", lowered());
        Hogs { stop, tids, handles }
    }

    /// The part of the process's time that pairs of goroutines get which hand a token to and fro, two for each P.
    fn pairs_part(&self, how_long: Duration) -> Share {
        let over = Arc::new(AtomicBool::new(false));
        let trips = Arc::new(AtomicU64::new(0));
        for _ in 0..2 * gomaxprocs() {
            let (there, back) = (chan::bounded::<()>(0), chan::bounded::<()>(0));
            let (rx, tx) = (there.1, back.0);
            go(move || while rx.recv().is_ok() && tx.send(()).is_ok() {});
            let (tx, rx, over, trips) = (there.0, back.1, over.clone(), trips.clone());
            go(move || {
                while !over.load(Relaxed) {
                    tx.send(()).unwrap();
                    rx.recv().unwrap();
                    trips.fetch_add(1, Relaxed);
                }
            });
        }
        let hogs = || self.tids.iter().map(|tid| cpu(thread_clock(tid.load(SeqCst)))).sum::<Duration>();
        let (all_before, hogs_before) = (cpu(libc::CLOCK_PROCESS_CPUTIME_ID), hogs());
        sleep(how_long);
        let all = cpu(libc::CLOCK_PROCESS_CPUTIME_ID) - all_before;
        let hogs = hogs() - hogs_before;
        over.store(true, Relaxed);
        Share { part: 1.0 - hogs.as_secs_f64() / all.as_secs_f64(), trips: trips.load(Relaxed) }
    }

    /// They end; what each weighed afterwards.
    fn stop(self) -> Vec<Weight> {
        self.stop.store(true, SeqCst);
        self.handles.into_iter().map(|h| h.join().unwrap()).collect()
    }
}

/// The ways back into the runtime; whichever it is, the goroutine goes on at its process's weight.
fn what_follows(i: usize) -> Weight {
    static CHILDREN: AtomicUsize = AtomicUsize::new(0);
    match i % 4 {
        0 => gosched(),
        1 => sleep(Duration::from_millis(1)),
        2 => {
            let _locked = lock_os_thread();
            return weight();
        }
        // A thread inherits its creator's weight; which stays what it is, for sysmon looks at the creator again meanwhile.
        _ if CHILDREN.fetch_add(1, SeqCst) < 20 => {
            return blocking(|| {
                std::thread::sleep(Duration::from_millis(25));
                std::thread::spawn(weight).join().unwrap()
            });
        }
        _ => drop(go(|| ()).join()),
    }
    weight()
}

/// Scheduling policy and nice value.
type Weight = (i32, i32);

fn weight() -> Weight {
    weight_of(0)
}

fn weight_of(tid: i32) -> Weight {
    // SAFETY: both take numbers. -1 for an ended thread is no weight of a living one with the policy -1 beside it.
    unsafe { (libc::sched_getscheduler(tid), libc::getpriority(libc::PRIO_PROCESS, tid as u32)) }
}

/// Of all threads that live.
fn all_weights() -> Vec<(i32, Weight)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let tids = tasks.filter_map(|t| t.ok()?.file_name().to_str()?.parse::<i32>().ok());
    tids.map(|tid| (tid, weight_of(tid))).filter(|(_, w)| w.0 >= 0).collect()
}

fn gettid() -> i32 {
    // SAFETY: takes nothing.
    unsafe { libc::gettid() }
}

/// A thread's clock: its number holds the tid.
fn thread_clock(tid: i32) -> libc::clockid_t {
    !tid << 3 | 6
}

fn cpu(clock: libc::clockid_t) -> Duration {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the result.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut ts) }, 0, "the hog's thread lives");
    Duration::new(ts.tv_sec as u64, ts.tv_nsec as u32)
}

/// Asked of a thread of its own, which may stay lowered.
fn may_raise() -> bool {
    std::thread::spawn(|| {
        // SAFETY: these take numbers.
        unsafe {
            let own = libc::getpriority(libc::PRIO_PROCESS, 0);
            libc::setpriority(libc::PRIO_PROCESS, 0, own + 1) == 0
                && libc::setpriority(libc::PRIO_PROCESS, 0, own) == 0
        }
    })
    .join()
    .unwrap()
}

/// Before any other thread exists.
fn drop_rights() {
    const NOBODY: u32 = 65534;
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a limit and ids of this process, which has one thread.
    unsafe {
        assert_eq!(libc::setrlimit(libc::RLIMIT_NICE, &none), 0);
        if libc::geteuid() == 0 {
            assert_eq!((libc::setgid(NOBODY), libc::setuid(NOBODY)), (0, 0));
        }
    }
    assert!(!may_raise(), "the rights are gone");
}
