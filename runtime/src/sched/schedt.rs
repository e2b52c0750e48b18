//! The scheduler's global state. Go: runtime/runtime2.go type schedt, allp, gomaxprocs.

use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};

use crossbeam_deque::Injector;
use parking_lot::Mutex;

use crate::sched::allp::AllP;
use crate::sched::g::GRef;
use crate::sched::m::M;
use crate::sched::p::P;
use crate::sched::shortage::ThreadShortage;
use crate::sys::clock::nanotime;
use crate::words::note::Note;
use crate::words::spinning::Spinning;

/// The settings: constant while the runtime runs.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) procs: usize,
    pub(crate) max_threads: usize,
    /// Poll the network every this many rounds; 0: as Go, when there is nothing else to do.
    pub(crate) netpoll_every: u32,
    /// After a short read park at once; no zero poll before a blocking one.
    pub(crate) fewest_syscalls: bool,
    /// GODEBUG=schedtrace, in milliseconds; 0: off.
    pub(crate) schedtrace_ms: u64,
    pub(crate) scheddetail: bool,
    /// GODEBUG=hogs=1: in pinned mode, report who holds a thread.
    pub(crate) report_hogs: bool,
    /// Goroutines stay on the thread on which they begin (sched/pinned.rs).
    pub(crate) pinned: bool,
}

/// The one scheduler.
pub(crate) struct Sched {
    pub(crate) config: Config,
    /// All Ps that have ever been made, also those beyond `procs`. Go: allp.
    pub(crate) allp: AllP,
    /// See [`Sched::procs`]. Written under `lock`.
    pub(super) procs: AtomicUsize,
    /// The global run queue.
    pub(crate) runq: Injector<GRef>,
    pub(crate) lock: Mutex<SchedState>,

    /// Threads that could not be created.
    pub(crate) short: ThreadShortage,
    /// The numbers of idle Ps and spinning Ms.
    pub(crate) spinning: Spinning,
    /// When the network was last polled (nanotime); 0 while an M is blocked there.
    pub(crate) lastpoll: AtomicI64,
    /// When the blocked poller's sleep ends (nanotime); 0: no limit, or no M is blocked.
    pub(crate) poll_until: AtomicI64,
    /// An M polls without blocking: one at a time (Go 1.25's pollingNet).
    pub(crate) polling_net: AtomicBool,
    /// sysmon sleeps on `sysmon_note`. Set by sysmon under `lock`; cleared by its waker.
    pub(crate) sysmon_wait: AtomicBool,
    pub(crate) sysmon_note: Note,
    /// Goroutine numbers given out to Ps, in batches.
    pub(crate) goidgen: AtomicU64,
    /// The clock when the runtime started.
    pub(crate) started_at: i64,
}

/// What `sched.lock` protects. Invariant: it is a leaf but for the stacks' and timers' locks, and
/// never held over a park.
pub(crate) struct SchedState {
    /// Idle Ms, last in first out. Go: midle.
    pub(crate) midle: Option<&'static M>,
    pub(crate) nmidle: usize,
    /// Locked Ms that wait for their goroutine to become runnable.
    pub(crate) nmidlelocked: i32,
    /// Ms that exist.
    pub(crate) mcount: usize,
    /// Threads of the runtime that are not Ms: sysmon, and the template thread once it is needed.
    /// Each is counted once it exists (checkdead.rs I5). Go: nmsys.
    pub(crate) nmsys: usize,
    /// Ms without a thread, for reuse.
    pub(crate) mfree: Vec<&'static M>,
    /// All Ms ever made.
    pub(crate) allm: Vec<&'static M>,
    /// Idle Ps, last in first out. Go: pidle.
    pub(crate) pidle: Option<&'static P>,
    /// Ps beyond `procs` that are not idle (procs.rs I2).
    pub(crate) excess: usize,
}

// SAFETY: the links inside are only followed under the lock that holds this.
unsafe impl Send for SchedState {}

static SCHED: OnceLock<Sched> = OnceLock::new();

/// The scheduler; throws before it runs.
#[inline(always)]
pub(crate) fn sched() -> &'static Sched {
    match SCHED.get() {
        Some(s) => s,
        None => not_running(),
    }
}

/// The scheduler, if it runs.
pub(crate) fn try_sched() -> Option<&'static Sched> {
    SCHED.get()
}

#[cold]
#[inline(never)]
fn not_running() -> ! {
    panic!("the gopark runtime is not running: call this inside gopark::run")
}

/// Makes the scheduler unless it exists; true if this call did.
pub(crate) fn init(config: Config) -> bool {
    let mut made = false;
    SCHED.get_or_init(|| {
        made = true;
        let allp = AllP::new();
        for _ in 0..config.procs {
            allp.make(config.procs == 1);
        }
        Sched {
            allp,
            procs: AtomicUsize::new(config.procs),
            runq: Injector::new(),
            lock: Mutex::new(SchedState {
                midle: None,
                nmidle: 0,
                nmidlelocked: 0,
                mcount: 0,
                nmsys: 0,
                mfree: Vec::new(),
                allm: Vec::new(),
                pidle: None,
                excess: 0,
            }),
            short: ThreadShortage::new(),
            spinning: Spinning::new(),
            lastpoll: AtomicI64::new(nanotime()),
            poll_until: AtomicI64::new(0),
            polling_net: AtomicBool::new(false),
            sysmon_wait: AtomicBool::new(false),
            sysmon_note: Note::new(),
            goidgen: AtomicU64::new(0),
            started_at: nanotime(),
            config,
        }
    });
    made
}

/// The last reading of the clock by the scheduler; 0 before the first.
static COARSE_NOW: AtomicI64 = AtomicI64::new(0);

/// The time to about 10 ms, without reading the clock.
#[inline(always)]
pub(crate) fn coarse_now() -> i64 {
    // Relaxed: only a time.
    COARSE_NOW.load(Relaxed)
}

/// Reads the clock and publishes the time.
pub(crate) fn refresh_clock() -> i64 {
    let now = nanotime();
    COARSE_NOW.store(now, Relaxed);
    now
}

impl Sched {
    /// Wakes sysmon out of its deep sleep. Async-signal-safe.
    #[inline]
    pub(crate) fn wake_sysmon(&self) {
        // ORDERING: AcqRel: one of several wakers wins; pairs with the store before the sleep.
        if self.sysmon_wait.load(Relaxed) && self.sysmon_wait.swap(false, AcqRel) {
            self.sysmon_note.wakeup();
        }
    }

    /// The number of Ps in use: the first so many of `allp`. Go: gomaxprocs.
    #[inline(always)]
    pub(crate) fn procs(&self) -> usize {
        // Relaxed: exact under `lock`, elsewhere a hint; procs.rs has the fence for those who decide
        // by it whether to wake anybody.
        self.procs.load(Relaxed)
    }

    /// Whether any P has a timer that will go off.
    pub(crate) fn timers_pending(&self) -> bool {
        self.allp.iter().any(|p| p.timers.wake_time() != 0)
    }
}
