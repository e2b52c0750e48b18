//! Receives signals on channels. Go: os/signal/signal.go, runtime/sigqueue.go.
//!
//! ```no_run
//! use gopark::signal::{Signal, notify};
//!
//! # fn main() { unsafe { gopark::run(|| {
//! let signals = notify(&[Signal::INTERRUPT, Signal::TERMINATED]);
//! let signal = signals.recv().unwrap(); // parks until Control-C or a `kill`
//! println!("ending after {signal}");
//! # }) } }
//! ```
//!
//! [`notify_context`] cancels a context instead. A channel holds 64 signals and loses those that
//! arrive when it is full.
#![cfg(not(loom))]

// The handler sets the signal's bit and wakes a thread that does nothing but wait for that; the
// thread hands the signals to the channels. A handler may do no more: it must not touch a channel
// or wake a goroutine.
//
// I1 The handler touches `PENDING`, `WAKE` and errno (which it restores), and makes one system
//    call.
// I2 A signal that comes again before the thread has seen it is one signal.
// I3 A full channel loses the signal: the thread never waits for a receiver.
// I4 A signal has our handler exactly while a channel wants it; otherwise it is ignored while
//    [`ignore`] asks for that; otherwise its previous action is back.

mod context;

use std::ffi::c_int;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};

use parking_lot::Mutex;

pub use self::context::notify_context;

use crate::chan::{Receiver, Sender, bounded};
use crate::sched::checkdead;
use crate::sys::futex::{futex_wait, futex_wake};
use crate::sys::signal::{Action, Blocked, keeping_errno};

/// Signals that a channel holds before it loses some.
const CAPACITY: usize = 64;
const MAX_SIGNAL: i32 = 64;

/// A signal number. Displays in Go's words ("user defined signal 1").
///
/// ```
/// use gopark::signal::Signal;
/// assert_eq!(Signal::from(2).to_string(), "interrupt");
/// assert_eq!(Signal::SIGINT, Signal::from(2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Signal(i32);

impl Signal {
    /// SIGINT: Control-C at the terminal.
    pub const INTERRUPT: Signal = Signal(libc::SIGINT);
    /// SIGTERM: a request to end.
    pub const TERMINATED: Signal = Signal(libc::SIGTERM);
    /// SIGHUP: the terminal is gone; by convention, a request to reload the configuration.
    pub const HANGUP: Signal = Signal(libc::SIGHUP);

    /// SIGHUP.
    pub const SIGHUP: Signal = Signal(libc::SIGHUP);
    /// SIGINT.
    pub const SIGINT: Signal = Signal(libc::SIGINT);
    /// SIGQUIT: by default the runtime prints all goroutines and ends the process.
    pub const SIGQUIT: Signal = Signal(libc::SIGQUIT);
    /// SIGKILL: cannot be caught.
    pub const SIGKILL: Signal = Signal(libc::SIGKILL);
    /// SIGUSR1: the program's own.
    pub const SIGUSR1: Signal = Signal(libc::SIGUSR1);
    /// SIGUSR2: the program's own.
    pub const SIGUSR2: Signal = Signal(libc::SIGUSR2);
    /// SIGPIPE: a write that nobody can read. Rust programs ignore it.
    pub const SIGPIPE: Signal = Signal(libc::SIGPIPE);
    /// SIGALRM.
    pub const SIGALRM: Signal = Signal(libc::SIGALRM);
    /// SIGTERM.
    pub const SIGTERM: Signal = Signal(libc::SIGTERM);
    /// SIGCHLD: a child has ended, stopped or continued.
    pub const SIGCHLD: Signal = Signal(libc::SIGCHLD);
    /// SIGCONT: continue after a stop.
    pub const SIGCONT: Signal = Signal(libc::SIGCONT);
    /// SIGTSTP: Control-Z at the terminal.
    pub const SIGTSTP: Signal = Signal(libc::SIGTSTP);
    /// SIGWINCH: the terminal's size has changed.
    pub const SIGWINCH: Signal = Signal(libc::SIGWINCH);

    /// Returns the number.
    ///
    /// ```
    /// assert_eq!(gopark::signal::Signal::SIGINT.number(), 2);
    /// ```
    pub fn number(self) -> i32 {
        self.0
    }

    fn bit(self) -> u64 {
        if (1..=MAX_SIGNAL).contains(&self.0) { 1 << (self.0 - 1) } else { 0 }
    }
}

impl From<i32> for Signal {
    fn from(number: i32) -> Self {
        Signal(number)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = usize::try_from(self.0).ok().and_then(|n| n.checked_sub(1));
        match index.and_then(|index| TEXTS.get(index)) {
            Some(text) => f.write_str(text),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// By number, from 1.
const TEXTS: [&str; 31] = [
    "hangup",
    "interrupt",
    "quit",
    "illegal instruction",
    "trace/breakpoint trap",
    "aborted",
    "bus error",
    "floating point exception",
    "killed",
    "user defined signal 1",
    "segmentation fault",
    "user defined signal 2",
    "broken pipe",
    "alarm clock",
    "terminated",
    "stack fault",
    "child exited",
    "continued",
    "stopped (signal)",
    "stopped",
    "stopped (tty input)",
    "stopped (tty output)",
    "urgent I/O condition",
    "CPU time limit exceeded",
    "file size limit exceeded",
    "virtual timer expired",
    "profiling timer expired",
    "window changed",
    "I/O possible",
    "power failure",
    "bad system call",
];

/// Signals that cannot be caught or must not be taken from the runtime: a fault would repeat for
/// ever, and the C library needs some of them.
const NOT_OURS: [i32; 10] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGPROF,
    32,
    33,
];

/// Signals that have arrived and are not yet delivered; bit n-1 is signal n. Set by the handler,
/// taken by the thread.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// Counts the handler's calls; the thread sleeps on it.
static WAKE: AtomicU32 = AtomicU32::new(0);
/// The thread may hold signals that it has taken and not yet delivered.
static DELIVERING: AtomicBool = AtomicBool::new(false);
/// The channels and their signals. Never locked across a wait.
static LISTENERS: Mutex<Listeners> =
    Mutex::new(Listeners { all: Vec::new(), changed: Vec::new(), ignored: 0, thread: Thread::Missing });

struct Listeners {
    all: Vec<Listener>,
    /// The signals whose action is ours.
    changed: Vec<Changed>,
    /// Bits of the signals to ignore if no channel wants them.
    ignored: u64,
    thread: Thread,
}

struct Changed {
    signal: Signal,
    before: Action,
    now: Wish,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Handled,
    Ignored,
}

struct Listener {
    sender: Sender<Signal>,
    /// The same channel, for comparing.
    receiver: Receiver<Signal>,
    wanted: u64,
    /// `stop` waits for signals on their way: the channel still receives, but needs no handler.
    stopping: bool,
}

#[derive(PartialEq, Eq)]
enum Thread {
    Missing,
    Runs,
}

/// Delivers the given signals to a new channel instead of their default action. An empty list means
/// every catchable signal. The channel holds 64 signals; those that arrive when it is full are
/// lost.
///
/// SIGKILL and SIGSTOP cannot be caught. SIGSEGV and other signals of faults stay with the runtime.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::signal::{Signal, notify, stop};
/// let signals = notify(&[Signal::from(libc::SIGUSR2)]);
/// // SAFETY: sends a signal that is handled.
/// unsafe { libc::raise(libc::SIGUSR2) };
/// assert_eq!(signals.recv().unwrap().to_string(), "user defined signal 2");
/// stop(&signals);
/// # }) } }
/// ```
#[doc(alias = "Notify")]
pub fn notify(signals: &[Signal]) -> Receiver<Signal> {
    let wanted = mask_of(signals);
    let (sender, receiver) = bounded(CAPACITY);
    checkdead::add_outside_waker();
    let mut listeners = LISTENERS.lock();
    if listeners.thread == Thread::Missing {
        let thread = std::thread::Builder::new().name("gopark-signal".into());
        thread.spawn(deliver_forever).expect("a thread for signals");
        listeners.thread = Thread::Runs;
    }
    listeners.all.push(Listener { sender, receiver: receiver.clone(), wanted, stopping: false });
    listeners.ignored &= !wanted;
    listeners.update_actions();
    receiver
}

/// Ends the delivery of signals to the channel. Signals that arrived before are in it when `stop`
/// returns.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::signal::{Signal, notify, stop};
/// let signals = notify(&[Signal::SIGWINCH]);
/// stop(&signals);
/// assert!(signals.try_recv().is_err());
/// # }) }
/// ```
#[doc(alias = "Stop")]
pub fn stop(channel: &Receiver<Signal>) {
    let mut listeners = LISTENERS.lock();
    let Some(gone) = listeners.find(channel) else { return };
    listeners.all[gone].stopping = true;
    listeners.update_actions();
    drop(listeners);
    wait_until_idle();
    let mut listeners = LISTENERS.lock();
    // Gone already: by `reset`, or another `stop`.
    if let Some(gone) = listeners.find(channel) {
        listeners.all.swap_remove(gone);
        checkdead::remove_outside_waker();
    }
}

/// Ignores the given signals, which no channel receives any more. An empty list means every
/// catchable signal.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::signal::{Signal, ignore, ignored, reset};
/// let usr2 = Signal::from(libc::SIGUSR2);
/// ignore(&[usr2]);
/// // SAFETY: sends a signal that is ignored.
/// unsafe { libc::raise(libc::SIGUSR2) };
/// assert!(ignored(usr2));
/// reset(&[usr2]);
/// assert!(!ignored(usr2));
/// # }) } }
/// ```
#[doc(alias = "Ignore")]
pub fn ignore(signals: &[Signal]) {
    let mask = mask_of(signals);
    LISTENERS.lock().cancel(mask, mask);
}

/// Restores what the given signals did before [`notify`] and [`ignore`]; no channel receives them
/// any more. An empty list means all of them.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::signal::{Signal, ignored, ignore, reset};
/// ignore(&[Signal::SIGWINCH]);
/// reset(&[Signal::SIGWINCH]);
/// assert!(!ignored(Signal::SIGWINCH));
/// # }) }
/// ```
#[doc(alias = "Reset")]
pub fn reset(signals: &[Signal]) {
    LISTENERS.lock().cancel(mask_of(signals), 0);
}

/// Whether the signal is ignored, either by [`ignore`] or from the start (nohup; Rust's std for
/// SIGPIPE).
///
/// ```
/// use gopark::signal::{Signal, ignored};
/// assert!(ignored(Signal::SIGPIPE)); // Rust's start-up code does that
/// ```
#[doc(alias = "Ignored")]
pub fn ignored(signal: Signal) -> bool {
    Action::of(signal.0).is_some_and(|action| action.is_ignore())
}

/// Bits of these signals, or of all, without those that cannot be caught.
fn mask_of(signals: &[Signal]) -> u64 {
    let available = (1..=MAX_SIGNAL).map(Signal).filter(|s| !NOT_OURS.contains(&s.0));
    let asked = |s: &Signal| signals.is_empty() || signals.contains(s);
    available.filter(asked).fold(0, |mask, s| mask | s.bit())
}

/// Waits until all signals so far are delivered. Short: the thread waits for nobody (I3).
#[doc(alias = "signalWaitUntilIdle")]
fn wait_until_idle() {
    // ORDERING: SeqCst pairs with `deliver_forever`: DELIVERING is set before PENDING is taken, so
    // who finds PENDING empty finds DELIVERING set until the signals are handed on.
    while PENDING.load(SeqCst) != 0 || DELIVERING.load(SeqCst) {
        std::thread::yield_now();
    }
}

impl Listeners {
    fn find(&self, channel: &Receiver<Signal>) -> Option<usize> {
        self.all.iter().position(|l| l.receiver.same_channel(channel))
    }

    /// Takes these signals off all channels, and ignores those in `ignored`. A channel left without
    /// signals is removed.
    fn cancel(&mut self, mask: u64, ignored: u64) {
        self.all.retain_mut(|listener| {
            listener.wanted &= !mask;
            if listener.wanted == 0 {
                checkdead::remove_outside_waker();
            }
            listener.wanted != 0
        });
        self.ignored = (self.ignored & !mask) | ignored;
        self.update_actions();
    }

    /// Changes actions until I4 holds.
    fn update_actions(&mut self) {
        let wanted = self.all.iter().filter(|l| !l.stopping).fold(0, |mask, l| mask | l.wanted);
        for signal in (1..=MAX_SIGNAL).map(Signal) {
            let action = match signal.bit() {
                bit if bit & wanted != 0 => Some(Wish::Handled),
                bit if bit & self.ignored != 0 => Some(Wish::Ignored),
                _ => None,
            };
            self.update_action(signal, action);
        }
    }

    fn update_action(&mut self, signal: Signal, action: Option<Wish>) {
        let at = self.changed.iter().position(|changed| changed.signal == signal);
        match (at, action) {
            (None, None) => {}
            (None, Some(now)) => {
                if let Some(before) = set_action(signal, now) {
                    self.changed.push(Changed { signal, before, now });
                }
            }
            (Some(at), Some(now)) => {
                if self.changed[at].now != now && set_action(signal, now).is_some() {
                    self.changed[at].now = now;
                }
            }
            (Some(at), None) => {
                let before = self.changed.swap_remove(at).before;
                // SAFETY: the action from before us: its handler was in place already.
                unsafe { before.install(signal.0) };
            }
        }
    }
}

/// Puts our handler in place, or ignores the signal. The action from before, or none if the system
/// refuses.
fn set_action(signal: Signal, now: Wish) -> Option<Action> {
    let action = match now {
        Wish::Handled => Action::handler(on_signal, Blocked::All),
        Wish::Ignored => Action::ignore(),
    };
    // SAFETY: the handler obeys I1.
    unsafe { action.install(signal.0) }
}

/// I1.
extern "C" fn on_signal(number: c_int) {
    keeping_errno(|| {
        // ORDERING: SeqCst pairs with `deliver_forever`: the bit is there before WAKE changes.
        PENDING.fetch_or(Signal(number).bit(), SeqCst);
        WAKE.fetch_add(1, SeqCst);
        futex_wake(&WAKE, 1);
    });
}

/// The thread.
fn deliver_forever() {
    loop {
        // ORDERING: SeqCst pairs with `on_signal` (WAKE read before PENDING: a signal in between
        // keeps the wait from sleeping) and with `wait_until_idle`.
        let seen = WAKE.load(SeqCst);
        DELIVERING.store(true, SeqCst);
        let came = PENDING.swap(0, SeqCst);
        deliver(came);
        // ORDERING: SeqCst, see above.
        DELIVERING.store(false, SeqCst);
        if came == 0 {
            futex_wait(&WAKE, seen);
        }
    }
}

fn deliver(came: u64) {
    for signal in (1..=MAX_SIGNAL).map(Signal).filter(|s| s.bit() & came != 0) {
        let wanting = |l: &&Listener| l.wanted & signal.bit() != 0;
        let senders: Vec<Sender<Signal>> =
            LISTENERS.lock().all.iter().filter(wanting).map(|l| l.sender.clone()).collect();
        for sender in senders {
            let _ = sender.try_send(signal); // I3
        }
    }
}
