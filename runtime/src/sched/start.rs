//! Starting the runtime: `run` and `Builder`. Go: runtime/proc.go schedinit, main.

use std::sync::Mutex;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

use crate::sched::allp::MAX_PROCS;
use crate::sched::procs;
use crate::sched::schedt::{self, Config};
use crate::sched::stack;
use crate::sched::wake;
use crate::sys::{fork, membarrier};

/// Starts the process-wide runtime if it is not running, runs `main` as a goroutine, returns its value. Panics of `main` resume in
/// the caller. Several threads may call it, one after another or at once.
///
/// When `main` returns, `run` returns; other goroutines are left where they are, as in Go when the process exits.
///
/// `GOMAXPROCS` in the environment sets the number of Ps (default: the available parallelism, cgroup limits respected).
///
/// # Safety
///
/// **A goroutine may continue on another OS thread after any call that can park it**, so nothing that is bound to a thread may be in
/// use across such a call: no reference into a `thread_local!`, no `Rc` cloned from one, no `std::sync` lock guard, nothing of
/// a crate that relies on strictly nested thread-locals.
///
/// **This covers code in which nothing lives across the call.** The compiler does not know that a call can change the thread: it
/// computes the address of a thread-local once and keeps it over the park. A loop that parks and uses `with_borrow_mut` on a
/// `thread_local!` in each turn writes to another thread's value after a move, and so do crates that are inlined into such a loop
/// (arc-swap, crossbeam-epoch and thread_local crash within seconds). `#[inline(never)]` on the accessor alone does not help,
/// since two calls without side effects are merged.
///
/// What helps: [`lock_os_thread`](crate::lock_os_thread) for code that uses thread-locals, also indirectly; the `sync` module instead
/// of `std::sync`.
///
/// # Examples
/// ```
/// // SAFETY: nothing here is bound to a thread.
/// let sum = unsafe {
///     gopark::run(|| {
///         let parts: Vec<_> = (0..4).map(|i| gopark::go(move || i * i)).collect();
///         parts.into_iter().map(|p| p.join().unwrap()).sum::<i32>()
///     })
/// };
/// assert_eq!(sum, 14);
/// ```
#[track_caller]
pub unsafe fn run<T: Send>(main: impl FnOnce() -> T + Send) -> T {
    // SAFETY: the caller's duty, word for word.
    unsafe { Builder::new().run(main) }
}

/// [`run`] in pinned mode: a goroutine stays on the OS thread on which it first ran, to its end.
///
/// The mode for services. A goroutine that has not begun goes to whichever thread is free, so load spreads at [`go`](crate::go) and
/// at accept; from then on no thread-local changes under it, and ordinary crates work. What it costs: goroutines that have begun
/// wait for their thread, also while another goroutine blocks it or computes on it (use [`offload`](crate::offload) for that).
/// `GOPARK_PINNED=1` in the environment makes [`run`] do the same, for tests.
///
/// # Panics
/// If the runtime already runs in Go's mode. And as `main` does.
///
/// # Safety
///
/// Still unsafe, but what must not happen can be seen in the code that parks:
///
/// - No park inside a closure for whose time a safe API keeps a pointer to your stack in a thread-local (`scoped-tls` and what is
///   built on it): other goroutines of the thread would see and replace it.
/// - No std lock guard over a park if another goroutine of the same thread may want the lock: it would block the thread that has to
///   unlock it. (That hangs; it corrupts nothing.)
/// - `main` and its value need not be `Send`, but they move to a thread of the runtime and back while the caller waits: they must
///   not be bound to the caller's thread, as a `std::sync::MutexGuard` is.
///
/// # Examples
/// ```
/// use std::cell::RefCell;
/// use gopark::{go, gosched};
///
/// thread_local! { static SEEN: RefCell<Vec<u32>> = RefCell::default() }
///
/// // SAFETY: no reference into a thread-local is held over a park.
/// unsafe {
///     gopark::run_pinned(|| {
///         let tasks: Vec<_> = (0..4).map(|i| go(move || for _ in 0..100 {
///             SEEN.with_borrow_mut(|seen| seen.push(i));
///             gosched();
///         })).collect();
///         tasks.into_iter().for_each(|task| task.join().unwrap());
///     })
/// }
/// ```
#[track_caller]
pub unsafe fn run_pinned<T>(main: impl FnOnce() -> T) -> T {
    Builder::new().pinned(true).start();
    assert!(
        is_pinned(),
        "run_pinned: the runtime already runs in Go's mode (the first `run` of the process decides)"
    );
    // SAFETY: the caller's duty.
    unsafe { crate::sched::join::run_to_end_anywhere(main) }
}

/// Whether goroutines stay on their thread: whether the runtime runs in pinned mode.
///
/// ```
/// assert!(!gopark::is_pinned());
/// # unsafe { gopark::run_pinned(|| {
/// assert!(gopark::is_pinned());
/// # }) }
/// ```
pub fn is_pinned() -> bool {
    schedt::try_sched().is_some_and(|s| s.config.pinned)
}

/// The runtime's settings, for the first [`Builder::run`] of the process; later ones join the runtime that runs.
///
/// # Examples
/// ```
/// // SAFETY: nothing here is bound to a thread.
/// let n = unsafe { gopark::Builder::new().procs(2).run(gopark::gomaxprocs) };
/// assert_eq!(n, 2);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `run`"]
pub struct Builder {
    procs: Option<usize>,
    stack_size: Option<usize>,
    max_threads: usize,
    netpoll_every: u32,
    fewest_syscalls: bool,
    mprotect_guards: bool,
    pinned: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl Builder {
    /// The defaults: those of [`run`].
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// let answer = unsafe { gopark::Builder::new().run(|| 42) };
    /// assert_eq!(answer, 42);
    /// ```
    pub fn new() -> Builder {
        Builder {
            procs: None,
            stack_size: None,
            max_threads: 10_000,
            netpoll_every: 0,
            fewest_syscalls: false,
            mprotect_guards: false,
            pinned: false,
        }
    }

    /// The number of Ps: how many goroutines run at once. Goes before `GOMAXPROCS`. At least 1.
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// let procs = unsafe { gopark::Builder::new().procs(3).run(gopark::gomaxprocs) };
    /// assert_eq!(procs, 3);
    /// ```
    pub fn procs(mut self, n: usize) -> Builder {
        self.procs = Some(n);
        self
    }

    /// Address space of a goroutine's stack in bytes (default 256 KiB), rounded up to a power of two from 16 KiB to 1 GiB. Memory
    /// is used as it is touched. The backtrace of a panic (`RUST_BACKTRACE`) needs more than the least size.
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// unsafe { gopark::Builder::new().stack_size(1 << 20).run(|| ()) };
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// How many threads the runtime may have (default 10 000, as Go). Exceeding it ends the process.
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// unsafe { gopark::Builder::new().max_threads(100).run(|| ()) };
    /// ```
    pub fn max_threads(mut self, n: usize) -> Builder {
        self.max_threads = n;
        self
    }

    /// Asks the network poller every `n` scheduling rounds, also while goroutines are runnable; 0, the default, is Go's behaviour:
    /// when there is nothing else to run, and every 10 ms.
    ///
    /// Measured with 8 goroutines that compute 20 us and yield, on 2 Ps, beside an echo of 20 connections: n = 4 gives about 1.4
    /// times the requests, and a p99 of 11 to 14 ms instead of 27 (`bench/JOURNAL.md`).
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// unsafe { gopark::Builder::new().netpoll_every(4).run(|| ()) };
    /// ```
    pub fn netpoll_every(mut self, n: u32) -> Builder {
        self.netpoll_every = n;
        self
    }

    /// Leaves out system calls that Go makes where the result is the same without them. Off by default: traces equal Go's.
    ///
    /// - A read after a short read parks at once (TCP only: elsewhere a short read says less).
    /// - An idle thread does not ask the poller before it waits there.
    /// - An accepted connection is made known to the poller when somebody first has to wait for it. Should the kernel refuse it then, it is
    ///   that read or write which fails, not the accept.
    /// - What [`listen`](https://docs.rs/gopark-net) sets on each TCP connection (no delay, keep-alive) is set on the listener, from which
    ///   Linux's connections inherit it.
    ///
    /// And, since traces need not equal Go's then: goroutines that one poll makes ready run in the order in which their descriptors became
    /// ready, where Go has the last first. At 50 connections that takes a fifth off the 99th percentile of an echo's latency.
    ///
    /// Measured: an echo on one connection makes 3 system calls instead of 5 and costs 13 % less CPU; on 50 connections 2 instead
    /// of 3, and 5 to 8 % less. A connection that brings its line at once, 5 instead of 12 and about 10 % less (`bench/JOURNAL.md`).
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// unsafe { gopark::Builder::new().fewest_syscalls(true).run(|| ()) };
    /// ```
    pub fn fewest_syscalls(mut self, on: bool) -> Builder {
        self.fewest_syscalls = on;
        self
    }

    /// Goroutines stay on the thread on which they begin; see [`run_pinned`].
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// assert!(unsafe { gopark::Builder::new().pinned(true).run(gopark::is_pinned) });
    /// ```
    pub fn pinned(mut self, on: bool) -> Builder {
        self.pinned = on;
        self
    }

    /// Guards stacks by `mprotect` even where the kernel has lighter ones: two mappings for each stack. For tests.
    #[doc(hidden)]
    pub fn mprotect_guards(mut self, on: bool) -> Builder {
        self.mprotect_guards = on;
        self
    }

    /// Starts the runtime with these settings if it is not running, and runs `main` in it. See [`run`].
    ///
    /// # Safety
    /// The contract of [`run`].
    ///
    /// ```
    /// // SAFETY: nothing here is bound to a thread.
    /// let id = unsafe { gopark::Builder::new().procs(1).run(gopark::goid) };
    /// assert!(id.is_some());
    /// ```
    #[track_caller]
    pub unsafe fn run<T: Send>(self, main: impl FnOnce() -> T + Send) -> T {
        self.start();
        crate::sched::join::run_to_end(main)
    }

    fn start(self) {
        /// All of it is there; the scheduler alone does not say so.
        static STARTED: AtomicBool = AtomicBool::new(false);
        static STARTING: Mutex<()> = Mutex::new(());
        // ORDERING: Acquire pairs with the Release below: who does not wait for the starter sees what it has made.
        if STARTED.load(Acquire) {
            return;
        }
        let _one_at_a_time = STARTING.lock().unwrap_or_else(|e| e.into_inner());
        if schedt::try_sched().is_some() {
            return;
        }
        membarrier::init();
        if let Some(bytes) = self.stack_size {
            stack::set_default_size(bytes);
        }
        if self.mprotect_guards {
            stack::force_mprotect_guards();
        }
        // The primary region is the default class's.
        match stack::new_g(stack::default_class()) {
            Ok(gp) => stack::free_g(gp),
            Err(e) => panic!("gopark: {e}"),
        }
        let debug = Godebug::from_env();
        schedt::init(Config {
            procs: self.procs.or_else(procs_from_env).unwrap_or_else(available).clamp(1, MAX_PROCS),
            max_threads: self.max_threads.max(4),
            netpoll_every: self.netpoll_every,
            fewest_syscalls: self.fewest_syscalls,
            schedtrace_ms: debug.schedtrace,
            scheddetail: debug.scheddetail,
            report_hogs: debug.hogs,
            pinned: self.pinned || pinned_by_env(),
        });
        wake::idle_all_ps();
        crate::observe::fault::install();
        fork::watch();
        crate::observe::dump::install_panic_hook();
        schedt::refresh_clock();
        spawn_sysmon();
        // ORDERING: Release, see above.
        STARTED.store(true, Release);
    }
}

/// Changes the number of Ps. See [`crate::set_gomaxprocs`].
pub(crate) fn set_gomaxprocs(n: Option<usize>) -> usize {
    match n.unwrap_or_else(available) {
        0 => schedt::sched().procs(),
        n => procs::set_gomaxprocs(n),
    }
}

fn spawn_sysmon() {
    let started = std::thread::Builder::new()
        .name("gopark-sysmon".into())
        .stack_size(128 << 10)
        .spawn(crate::sched::sysmon::sysmon);
    if let Err(e) = started {
        crate::throw!(
            "failed to create the thread of sysmon ({e}): see RLIMIT_NPROC (ulimit -u), the cgroup's pids.max, \
             /proc/sys/kernel/threads-max"
        );
    }
    // Afterwards: checkdead.rs I5.
    schedt::sched().lock.lock().nmsys += 1;
}

/// Whether the environment asks for pinned mode.
fn pinned_by_env() -> bool {
    std::env::var_os("GOPARK_PINNED").is_some_and(|v| v == "1")
}

/// The number of Ps that `GOMAXPROCS` asks for, if it is a positive number.
fn procs_from_env() -> Option<usize> {
    std::env::var("GOMAXPROCS").ok()?.trim().parse().ok().filter(|n| *n > 0)
}

fn available() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// The settings of the GODEBUG variable that the runtime knows. Unknown ones are ignored, as in Go.
#[derive(Debug, Default, PartialEq, Eq)]
struct Godebug {
    schedtrace: u64,
    scheddetail: bool,
    hogs: bool,
}

impl Godebug {
    fn from_env() -> Godebug {
        Godebug::parse(&std::env::var("GODEBUG").unwrap_or_default())
    }

    fn parse(text: &str) -> Godebug {
        let mut debug = Godebug::default();
        for (key, value) in text.split(',').filter_map(|s| s.split_once('=')) {
            match key {
                "schedtrace" => debug.schedtrace = value.parse().unwrap_or(0),
                "scheddetail" => debug.scheddetail = value != "0",
                "hogs" => debug.hogs = value != "0",
                _ => {}
            }
        }
        debug
    }
}

#[cfg(test)]
mod tests {
    use super::Godebug;

    #[test]
    fn godebug_is_a_comma_list() {
        let d = Godebug::parse("netdns=go,schedtrace=250,unknown=1,scheddetail=1");
        assert_eq!(d, Godebug { schedtrace: 250, scheddetail: true, hogs: false });
        assert!(Godebug::parse("hogs=1").hogs);
        assert_eq!(Godebug::parse(""), Godebug::default());
    }
}
