//! Signals to channels. Go: os/signal/signal.go, runtime/sigqueue.go.
//!
//! The handler sets the signal's bit and wakes a thread that only waits for that and passes the
//! signals on to the channels. A handler may not do more: it cannot use a channel or wake a
//! goroutine.
//!
//! I1 The handler touches `PENDING`, `WAKE` and errno (which it restores), and makes one system
//!    call.
//! I2 A signal that arrives again before the thread has seen it counts once.
//! I3 A full channel loses the signal: the thread never waits for a receiver.
//! I4 A signal has our handler exactly while a channel wants it, and is ignored while `ignore`
//!    asked for that; otherwise it has the action from before.
#![cfg(not(loom))]

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

/// How many signals a channel holds.
const CAPACITY: usize = 64;
const MAX_SIGNAL: i32 = 64;

/// A signal, by its number. Shows in Go's words ("user defined signal 1").
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
    /// SIGTERM: please end.
    pub const TERMINATED: Signal = Signal(libc::SIGTERM);
    /// SIGHUP: the terminal is gone; by custom: read the configuration again.
    pub const HANGUP: Signal = Signal(libc::SIGHUP);

    /// SIGHUP.
    pub const SIGHUP: Signal = Signal(libc::SIGHUP);
    /// SIGINT.
    pub const SIGINT: Signal = Signal(libc::SIGINT);
    /// SIGQUIT: the runtime's own answer is a dump of all goroutines, and the end.
    pub const SIGQUIT: Signal = Signal(libc::SIGQUIT);
    /// SIGKILL: cannot be caught.
    pub const SIGKILL: Signal = Signal(libc::SIGKILL);
    /// SIGUSR1: the program's own.
    pub const SIGUSR1: Signal = Signal(libc::SIGUSR1);
    /// SIGUSR2: the program's own.
    pub const SIGUSR2: Signal = Signal(libc::SIGUSR2);
    /// SIGPIPE: a write that nobody can read. Rust's programs ignore it.
    pub const SIGPIPE: Signal = Signal(libc::SIGPIPE);
    /// SIGALRM.
    pub const SIGALRM: Signal = Signal(libc::SIGALRM);
    /// SIGTERM.
    pub const SIGTERM: Signal = Signal(libc::SIGTERM);
    /// SIGCHLD: a child has ended, stopped or gone on.
    pub const SIGCHLD: Signal = Signal(libc::SIGCHLD);
    /// SIGCONT: goes on after a stop.
    pub const SIGCONT: Signal = Signal(libc::SIGCONT);
    /// SIGTSTP: Control-Z at the terminal.
    pub const SIGTSTP: Signal = Signal(libc::SIGTSTP);
    /// SIGWINCH: the terminal has another size.
    pub const SIGWINCH: Signal = Signal(libc::SIGWINCH);

    /// The number.
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

/// Signals that a program must not or cannot take from the runtime: their cause would come back for
/// ever, or the C library needs them.
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

/// Signals that arrived and were not passed on yet; bit n-1 is signal n. Set by the handler, taken
/// by the thread.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// Counts the handler's calls; the thread sleeps on it.
static WAKE: AtomicU32 = AtomicU32::new(0);
/// The thread may hold signals it took and did not hand on yet.
static DELIVERING: AtomicBool = AtomicBool::new(false);
/// Which channels want which signals. Never held while anything waits.
static LISTENERS: Mutex<Listeners> =
    Mutex::new(Listeners { all: Vec::new(), changed: Vec::new(), ignored: 0, thread: Thread::Missing });

struct Listeners {
    all: Vec<Listener>,
    /// The signals that have an action of ours.
    changed: Vec<Changed>,
    /// The bits of those to be ignored if no channel wants them.
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
    /// The same channel, to be recognised by.
    receiver: Receiver<Signal>,
    wanted: u64,
    /// `stop` waits for what came: it still receives, but needs no handler.
    stopping: bool,
}

#[derive(PartialEq, Eq)]
enum Thread {
    Missing,
    Runs,
}

/// Delivers the given signals to a new channel instead of their default action. An empty list means
/// every catchable signal. The channel holds 64; a full one loses further signals.
///
/// SIGKILL and SIGSTOP cannot be caught; SIGSEGV and the others that a faulty program raises stay
/// with the runtime.
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

/// Stops delivery to the channel. Signals that arrived before are in it when `stop` returns.
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

/// Ignores the given signals and stops their delivery to all channels. An empty list means every
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

/// Undoes [`notify`] and [`ignore`] for the given signals: their earlier actions are back, and no
/// channel gets them. An empty list means all.
#[doc(alias = "Reset")]
pub fn reset(signals: &[Signal]) {
    LISTENERS.lock().cancel(mask_of(signals), 0);
}

/// Whether the signal is ignored: since [`ignore`], or from the start (nohup, or Rust's std for
/// SIGPIPE).
#[doc(alias = "Ignored")]
pub fn ignored(signal: Signal) -> bool {
    Action::of(signal.0).is_some_and(|action| action.is_ignore())
}

/// The bits of these signals, or of all, as far as they are catchable.
fn mask_of(signals: &[Signal]) -> u64 {
    let available = (1..=MAX_SIGNAL).map(Signal).filter(|s| !NOT_OURS.contains(&s.0));
    let asked = |s: &Signal| signals.is_empty() || signals.contains(s);
    available.filter(asked).fold(0, |mask, s| mask | s.bit())
}

/// Waits until everything that arrived is passed on. Short: the thread waits for nobody (I3).
#[doc(alias = "signalWaitUntilIdle")]
fn wait_until_idle() {
    // ORDERING: SeqCst pairs with `deliver_forever`: DELIVERING is set before PENDING is taken, so
    // a reader that finds PENDING empty finds DELIVERING set until the signals are passed on.
    while PENDING.load(SeqCst) != 0 || DELIVERING.load(SeqCst) {
        std::thread::yield_now();
    }
}

impl Listeners {
    fn find(&self, channel: &Receiver<Signal>) -> Option<usize> {
        self.all.iter().position(|l| l.receiver.same_channel(channel))
    }

    /// Stops delivering these signals to any channel; ignores them, or not. Forgets a channel that
    /// wants no more.
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
