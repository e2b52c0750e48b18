//! What all goroutines do: [`goroutines`], and the text of SIGQUIT and of the deadlock report.
//! Go: runtime/traceback.go goroutineheader, tracebackothers.
//!
//! A parked goroutine takes its own backtrace: the dump takes the right to its stack (`SCAN` in its
//! status; a waker spins for that time) and resumes it with an order instead of `RUN`. The
//! goroutine stores the return addresses and suspends again (sched/mod.rs `suspend`). This needs no
//! free thread: the dump may run on any thread, even while all Ps are busy or blocked.
//!
//! I1 Between `begin_scan` and `end_scan` nobody else resumes the goroutine; it runs nothing but
//!    [`capture`] meanwhile, which touches neither an M nor a P.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::symbols::{Frame, resolve};
use crate::sched::coro::{self, Left};
use crate::sched::g::{self, GRef, Status};
use crate::sched::stack;
use crate::sys::clock::ns_to_instant;
use crate::sys::mem::PAGE;
use crate::sys::{report, unwind};

/// The frames that are kept of a stack. Go: 100, with "additional frames elided".
const MAX_FRAMES: usize = 100;
/// Taking a backtrace needs 4 to 5 KiB of the parked stack above the guard (measured). With less
/// than this, none is taken.
const ROOM_TO_UNWIND: usize = 2 * PAGE;
/// From this many goroutines on, a dump groups those with the same state and backtrace.
const GROUP_FROM: usize = 1000;

/// What a goroutine does. One in a call announced by `blocking` is `Running`.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::{GoroutineState, goroutines};
///
/// let running = goroutines().iter().filter(|g| g.state == GoroutineState::Running).count();
/// assert!(running >= 1); // this one
/// # }) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GoroutineState {
    /// On a run queue.
    Runnable,
    /// Runs on a thread.
    Running,
    /// Parked.
    Waiting,
}

/// What one goroutine does. See [`goroutines`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// for g in gopark::goroutines() {
///     println!("{} {:?} {} {:?}", g.id, g.state, g.wait_reason, g.spawn_site);
/// }
/// # }) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GoroutineInfo {
    /// Its number.
    pub id: u64,
    /// The name given by `go_with`.
    pub name: Option<String>,
    /// What it does.
    pub state: GoroutineState,
    /// Why it waits, in Go's words (`IO wait`, `chan receive`); empty unless it waits.
    pub wait_reason: &'static str,
    /// Since when it waits, to about 10 ms.
    pub waiting_since: Option<Instant>,
    /// Where it was spawned.
    pub spawn_site: Option<&'static Location<'static>>,
    /// The number of the goroutine that spawned it; 0: a plain thread did.
    pub parent: u64,
    /// It is locked to its thread.
    pub locked_to_thread: bool,
    /// The backtrace of its stack, innermost frame first; only while it is parked. Empty if the
    /// stack has no room left for taking it.
    pub backtrace: Option<Backtrace>,
}

/// The return addresses of a parked goroutine; symbols are looked up when it is displayed.
///
/// ```
/// # unsafe { gopark::run(|| {
/// for g in gopark::goroutines() {
///     if let Some(trace) = g.backtrace {
///         println!("goroutine {}:\n{trace}", g.id);
///     }
/// }
/// # }) }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Backtrace {
    frames: Box<[usize]>,
}

impl Backtrace {
    /// The return addresses, innermost first.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// for g in gopark::goroutines() {
    ///     println!("{} frames", g.backtrace.map_or(0, |trace| trace.addresses().len()));
    /// }
    /// # }) }
    /// ```
    pub fn addresses(&self) -> &[usize] {
        &self.frames
    }
}

impl fmt::Debug for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Two lines a frame, as Go prints them: the function, then a tab, the file and the line. The
/// runtime's own frames at both ends are left out: they are the same in every goroutine.
impl fmt::Display for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frames: Vec<Frame> = self.frames.iter().flat_map(|ip| resolve(*ip)).collect();
        let first = frames.iter().position(|frame| !frame.is_machinery()).unwrap_or(0);
        let end =
            frames.iter().rposition(|frame| !frame.is_machinery()).map_or(frames.len(), |last| last + 1);
        for frame in &frames[first..end] {
            writeln!(f, "{}(...)\n\t{}", frame.function, frame.place)?;
        }
        Ok(())
    }
}

impl Frame {
    /// By its name, and by its file for builds whose names of inlined functions have no path.
    fn is_machinery(&self) -> bool {
        MACHINERY.iter().any(|part| self.function.contains(part))
            || MACHINERY_FILES.iter().any(|part| self.place.contains(part))
    }
}

/// What is at the ends of every parked goroutine's stack.
const MACHINERY: [&str; 12] = [
    "catch<",
    "catch_unwind<",
    "do_call<",
    "corosensei::",
    "gopark_runtime::observe::dump::",
    "gopark_runtime::sched::",
    "gopark_runtime::sys::unwind::",
    "panic::catch_unwind",
    "panicking::catch_unwind",
    "__rust_try",
    "AssertUnwindSafe",
    "stack_init_trampoline",
];

const MACHINERY_FILES: [&str; 6] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/sys/unwind.rs"),
    "/corosensei-",
    "/library/core/src/ops/function.rs",
    "/library/std/src/panic",
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/observe/dump.rs"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/sched/"),
];

/// All goroutines that have not ended, by number. Taking it does not stop them; each is seen at a
/// moment of its own.
///
/// Works from any thread, also while all Ps are busy. Costs some microseconds for each parked
/// goroutine.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let all = gopark::goroutines();
/// assert!(all.iter().any(|g| Some(g.id) == gopark::goid()));
/// # }) }
/// ```
pub fn goroutines() -> Vec<GoroutineInfo> {
    let mut all: Vec<_> = stack::all_gs().into_iter().filter_map(observe).collect();
    all.sort_by_key(|g| g.id);
    all
}

/// One goroutine, unless it is dead.
fn observe(gp: GRef) -> Option<GoroutineInfo> {
    let scanning = gp.begin_scan();
    let state = match if scanning { Status::Waiting } else { gp.status() } {
        Status::Runnable => GoroutineState::Runnable,
        Status::Running => GoroutineState::Running,
        Status::Waiting => GoroutineState::Waiting,
        Status::Idle | Status::Dead => return None,
    };
    let name = gp.name.load(Relaxed);
    let since = gp.wait_since.load(Relaxed);
    let info = GoroutineInfo {
        id: gp.goid.load(Relaxed),
        // SAFETY: freed at the goroutine's end, which cannot come while we hold its stack.
        name: (scanning && !name.is_null()).then(|| unsafe { (*name).to_string() }),
        state,
        wait_reason: if scanning { gp.wait_reason() } else { "" },
        waiting_since: (scanning && since != 0).then(|| ns_to_instant(since)),
        spawn_site: gp.spawn_site(),
        parent: gp.parent.load(Relaxed),
        locked_to_thread: !gp.lockedm.load(Relaxed).is_null(),
        backtrace: scanning.then(|| backtrace_of(gp)),
    };
    if scanning {
        gp.end_scan();
    }
    Some(info)
}

/// An order to a parked goroutine.
struct Order {
    /// Its slot: frames outside of it belong to the thread that takes the dump.
    slot: coro::SlotStack,
    /// The lowest address above the guard.
    floor: usize,
    frames: Vec<usize>,
}

/// The return addresses on the stack of a goroutine that we hold by `begin_scan`.
fn backtrace_of(gp: GRef) -> Backtrace {
    let mut order = Order {
        slot: stack::slot_of(gp),
        floor: stack::floor_of(gp),
        frames: Vec::with_capacity(MAX_FRAMES),
    };
    // SAFETY: I1: the computation is ours until `end_scan`.
    if let Some(coro) = unsafe { (*gp.coro.get()).as_mut() } {
        match coro::resume(coro, &raw mut order as usize) {
            Left::Suspended(_) => {}
            Left::Returned => crate::throw!("goroutine {} ended while it was scanned", gp.goid.load(Relaxed)),
        }
    }
    Backtrace { frames: order.frames.into_boxed_slice() }
}

/// Runs on a parked goroutine's stack, resumed for a moment by a dump: `order` is the address of
/// its `Order`.
#[cold]
#[inline(never)]
pub(crate) fn capture(order: usize) {
    // SAFETY: the dump that resumed us waits for us to suspend again; its order is alive and ours
    // meanwhile.
    let order = unsafe { &mut *(order as *mut Order) };
    let mine = order.slot.limit..order.slot.base;
    if g::stack_pointer() < order.floor + ROOM_TO_UNWIND {
        return;
    }
    unwind::walk(|frame| {
        let inside = mine.contains(&frame.sp) || frame.sp == 0;
        if inside && order.frames.len() < MAX_FRAMES {
            order.frames.push(frame.ip);
        }
        inside && order.frames.len() < MAX_FRAMES
    });
}

/// The text of a dump, in Go's format; goroutines that do the same are grouped when there are very
/// many.
pub(crate) fn text() -> String {
    let all = goroutines();
    let mut out = String::new();
    if all.len() < GROUP_FROM {
        for g in &all {
            header(&mut out, g);
            body(&mut out, g);
            out.push('\n');
        }
        return out;
    }
    let _ = writeln!(out, "{} goroutines, those in the same place together:\n", all.len());
    let mut groups: HashMap<_, Vec<&GoroutineInfo>> = HashMap::new();
    for g in &all {
        let key = (g.state, g.wait_reason, g.backtrace.as_ref(), g.spawn_site.map(ToString::to_string));
        groups.entry(key).or_default().push(g);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|g| (std::cmp::Reverse(g.len()), g[0].id));
    for group in groups {
        let ids: Vec<String> = group.iter().take(5).map(|g| g.id.to_string()).collect();
        let more = if group.len() > 5 { " ..." } else { "" };
        let _ = writeln!(out, "{} @ goroutine {}{more}", group.len(), ids.join(" "));
        header(&mut out, group[0]);
        body(&mut out, group[0]);
        out.push('\n');
    }
    out
}

/// `goroutine 7 [IO wait, 2 minutes]:`
fn header(out: &mut String, g: &GoroutineInfo) {
    let state = match g.state {
        GoroutineState::Waiting if !g.wait_reason.is_empty() => g.wait_reason,
        GoroutineState::Runnable => "runnable",
        GoroutineState::Running => "running",
        GoroutineState::Waiting => "waiting",
    };
    let _ = write!(out, "goroutine {} [{state}", g.id);
    let minutes = g.waiting_since.map_or(0, |since| since.elapsed().as_secs() / 60);
    if minutes >= 1 {
        let _ = write!(out, ", {minutes} minutes");
    }
    if g.locked_to_thread {
        out.push_str(", locked to thread");
    }
    out.push(']');
    if let Some(name) = &g.name {
        let _ = write!(out, " {name}");
    }
    out.push_str(":\n");
}

fn body(out: &mut String, g: &GoroutineInfo) {
    match &g.backtrace {
        Some(trace) => {
            let _ = write!(out, "{trace}");
        }
        None if g.state == GoroutineState::Running => {
            out.push_str("\tgoroutine running on other thread; stack unavailable\n");
        }
        None => {}
    }
    if let Some(site) = g.spawn_site {
        let by = if g.parent == 0 { "a plain thread".to_string() } else { format!("goroutine {}", g.parent) };
        let _ = writeln!(out, "created by {by}\n\t{}:{}", site.file(), site.line());
    }
}

/// Prints a heading and all goroutines to stderr and ends the process with status 2. From any
/// thread: looking up symbols needs more stack than an M has, so another thread does it.
pub(crate) fn die_with_dump(heading: &str) -> ! {
    let heading = heading.to_string();
    let worker = std::thread::Builder::new().stack_size(4 << 20).spawn(move || {
        use std::io::Write;
        let _ = std::io::stderr().write_all(format!("{heading}\n{}", text()).as_bytes());
    });
    if let Ok(worker) = worker {
        let _ = worker.join();
    }
    crate::throw::exit2()
}

/// `goroutine 7 "name" (spawned at FILE:LINE)`. For the goroutine itself, and for what ends the
/// process. Allocates nothing.
pub(crate) struct Origin(pub(crate) GRef);

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.0.goid.load(Relaxed))?;
        // SAFETY: the goroutine's own name, freed at its end.
        if let Some(name) = unsafe { self.0.name.load(Relaxed).as_ref() } {
            write!(f, " {name:?}")?;
        }
        match self.0.spawn_site() {
            Some(site) => write!(f, " (spawned at {site})"),
            None => Ok(()),
        }
    }
}

/// Says of a panic whose it is, where, and why, before the hook that was there does what it does. All
/// of it in one line and by write(2): what std prints may be captured for another test, by whose
/// thread this one was started.
pub(crate) fn install_panic_hook() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(gp) = g::current_goroutine() {
            let why = info.payload_as_str().unwrap_or("a value of another type");
            match info.location() {
                Some(at) => report::line(format_args!("{} panics at {at}: {why}", Origin(gp))),
                None => report::line(format_args!("{} panics: {why}", Origin(gp))),
            }
        }
        previous(info);
    }));
}
