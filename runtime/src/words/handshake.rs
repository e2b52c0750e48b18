//! Who may touch a P: the M that holds it, from which sysmon can take it while the M runs user
//! code.
//!
//! Go preempts a goroutine by a signal, and retakes the P of a thread in a system call that was
//! announced. In Rust preemption by signals is unsound, and calls into C are not announced. So
//! every P can be taken from its M **while that M runs user code**, whatever the code does, and an
//! M marks with two plain stores when it is in the runtime:
//!
//! | mode | the M | its P |
//! |---|---|---|
//! | `USER` | runs a goroutine | may be retaken by sysmon |
//! | `RUNTIME` | is in park, ready, spawn or the scheduler | belongs to the M alone |
//! | `BLOCKING` | is in a call announced by `blocking` | may be retaken, and sooner |
//!
//! I1 Per-P data is touched only by the M that holds the P, in mode RUNTIME, or by the one that
//!    retook it.
//! I2 Only the M itself takes a P. Anyone may take it away through [`Hold::retake`], and only while
//!    the mode is not RUNTIME.
//!
//! The handshake is Dekker's: the M stores RUNTIME, then checks `asked`; the retaker stores
//! `asked`, then checks the mode. One of the two sees the other. The M does this at each entry into
//! the runtime, the retaker at most every few milliseconds, so the M's fence is one for the
//! compiler and the retaker's is a membarrier (`sys::membarrier`). An M that finds itself asked
//! waits at the gate for the retaker's answer.
//!
//! Rejected: a compare-and-swap of {state, tick} in the P. It costs 20 cycles at each entry, and
//! needs the tick against a P that was retaken, handed on, and is in user code again. Here the word
//! belongs to the M: a P that went elsewhere is simply no longer held by it.

use std::ptr;

use crate::words::shim::Mutex;
use crate::words::shim::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// What the M does; see the table at the head of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Mode {
    User = 0,
    Runtime = 1,
    Blocking = 2,
}

impl Mode {
    fn from_word(word: u32) -> Mode {
        match word {
            0 => Mode::User,
            1 => Mode::Runtime,
            _ => Mode::Blocking,
        }
    }
}

/// An M's hold on a P (or, in the models, on anything).
#[derive(Debug)]
pub(crate) struct Hold<P> {
    /// Written by the M, read by the retaker.
    mode: AtomicU32,
    /// 1 while a retaker asks for the P. Written under `gate`, read by the M.
    asked: AtomicU32,
    /// The P. Written by the M in mode RUNTIME, or by the retaker as I2 allows.
    p: AtomicPtr<P>,
    /// Held by the retaker from the question to the answer.
    gate: Mutex<()>,
}

impl<P> Hold<P> {
    pub(crate) fn new() -> Self {
        Hold {
            mode: AtomicU32::new(Mode::Runtime as u32),
            asked: AtomicU32::new(0),
            p: AtomicPtr::new(ptr::null_mut()),
            gate: Mutex::new(()),
        }
    }

    /// Enters the runtime. The M then owns the P it returns, if any, alone.
    #[inline(always)]
    pub(crate) fn enter(&self) -> *mut P {
        // Relaxed: `light` orders it before the load of `asked`.
        self.mode.store(Mode::Runtime as u32, Relaxed);
        light();
        // ORDERING: Acquire pairs with the Release store of 0 in `while_outside`: an M that sees
        // the answer sees `p` taken.
        if self.asked.load(Acquire) != 0 {
            self.wait_at_the_gate();
        }
        self.p.load(Relaxed)
    }

    #[cold]
    #[inline(never)]
    fn wait_at_the_gate(&self) {
        drop(self.gate.lock());
    }

    /// Leaves the runtime for user code, or for an announced call.
    #[inline(always)]
    pub(crate) fn leave(&self, to: Mode) {
        // ORDERING: Release pairs with the Acquire of `mode` in `while_outside`: the retaker sees
        // all that was done to the P.
        self.mode.store(to as u32, Release);
    }

    /// The mode as the M itself or an observer sees it.
    #[inline(always)]
    pub(crate) fn mode(&self) -> Mode {
        // Relaxed: the M reads its own store; for others it is a hint.
        Mode::from_word(self.mode.load(Relaxed))
    }

    /// The P. For the M in mode RUNTIME; for others a hint.
    #[inline(always)]
    pub(crate) fn p(&self) -> *mut P {
        // Relaxed: the M's own store, or the gate's (I2).
        self.p.load(Relaxed)
    }

    /// Gives the M a P, or takes it away. For the M in mode RUNTIME.
    #[inline(always)]
    pub(crate) fn set_p(&self, p: *mut P) {
        debug_assert_eq!(self.mode(), Mode::Runtime);
        // Relaxed: a retaker cannot see it before `leave` publishes it.
        self.p.store(p, Relaxed);
    }

    /// Takes `expected` from an M that is not in the runtime; null if it is, or no longer holds
    /// that P.
    pub(crate) fn retake(&self, expected: *mut P) -> *mut P {
        let taken = self.while_outside(|| {
            if self.p.load(Relaxed) != expected {
                return ptr::null_mut();
            }
            // Relaxed: the end of `while_outside` publishes it to the M.
            self.p.store(ptr::null_mut(), Relaxed);
            expected
        });
        taken.unwrap_or(ptr::null_mut())
    }

    /// Runs `f` while the M stays outside of the runtime without a P. An M that enters waits for
    /// the end, and sees what `f` did. `None` if it is inside or holds a P.
    pub(crate) fn while_out_without_p<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        self.while_outside(|| self.p.load(Relaxed).is_null().then(f)).flatten()
    }

    /// Runs `f` while the M stays outside of the runtime and holds `expected`: `f` may do to the P
    /// what its holder may. `None` if it is inside or no longer holds that P.
    pub(crate) fn while_out_with_p<R>(&self, expected: *mut P, f: impl FnOnce() -> R) -> Option<R> {
        self.while_outside(|| (self.p.load(Relaxed) == expected).then(f)).flatten()
    }

    /// The retaker's half of the handshake: runs `f` if the M is outside, and keeps it there while
    /// `f` runs.
    fn while_outside<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        let _gate = self.gate.lock();
        // Relaxed: `heavy` orders it before the load of `mode`.
        self.asked.store(1, Relaxed);
        heavy();
        // ORDERING: Acquire pairs with the Release in `leave`.
        let outside = Mode::from_word(self.mode.load(Acquire)) != Mode::Runtime;
        let done = outside.then(f);
        // ORDERING: Release pairs with the Acquire of `asked` in `enter`: an M that sees the answer
        // sees what `f` did.
        self.asked.store(0, Release);
        done
    }
}

#[cfg(not(loom))]
use crate::sys::membarrier::{heavy, light};

/// In a model the asymmetric pair is the fence that membarrier makes of it.
#[cfg(loom)]
fn light() {
    // ORDERING: SeqCst, pairs with `heavy`.
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}
#[cfg(loom)]
fn heavy() {
    // ORDERING: SeqCst, pairs with `light`.
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    struct FakeP(UnsafeCell<u32>);
    // SAFETY: loom checks that the cell is never touched by two threads at once; that is the point
    // of the model.
    unsafe impl Sync for FakeP {}
    // SAFETY: as above.
    unsafe impl Send for FakeP {}

    struct Shared {
        hold: Hold<FakeP>,
        p: FakeP,
    }

    fn touch(p: &FakeP) {
        // SAFETY: loom's cell reports a concurrent access.
        p.0.with_mut(|v| unsafe { *v += 1 });
    }

    /// An M that enters twice and a retaker: the P's data is touched by one at a time, and nobody
    /// loses the P.
    #[test]
    fn loom_retake_and_enter_never_both_hold_the_p() {
        loom::model(|| {
            let s = Arc::new(Shared { hold: Hold::new(), p: FakeP(UnsafeCell::new(0)) });
            let addr = &s.p as *const FakeP as *mut FakeP;
            s.hold.set_p(addr);
            s.hold.leave(Mode::User);
            let other = s.clone();
            let retaker = loom::thread::spawn(move || {
                let addr = &other.p as *const FakeP as *mut FakeP;
                let got = !other.hold.retake(addr).is_null();
                if got {
                    touch(&other.p);
                }
                got
            });
            let mut held = true;
            for _ in 0..2 {
                held = !s.hold.enter().is_null();
                if held {
                    touch(&s.p);
                }
                s.hold.leave(Mode::User);
            }
            let taken = retaker.join().unwrap();
            assert!(!(held && taken) || s.hold.enter().is_null(), "one P, one holder");
            assert_eq!(s.hold.enter().is_null(), taken);
        });
    }

    /// What is done to an M that is outside without a P (its thread reniced) and what it does
    /// inside exclude each other, and once inside it sees it done.
    #[test]
    fn loom_what_is_done_outside_is_never_done_inside() {
        loom::model(|| {
            let s = Arc::new(Shared { hold: Hold::new(), p: FakeP(UnsafeCell::new(0)) });
            s.hold.leave(Mode::User);
            let other = s.clone();
            let sysmon =
                loom::thread::spawn(move || other.hold.while_out_without_p(|| touch(&other.p)).is_some());
            let mut seen = 0;
            for _ in 0..2 {
                s.hold.enter();
                touch(&s.p);
                // SAFETY: as in `touch`.
                seen = s.p.0.with(|v| unsafe { *v });
                s.hold.leave(Mode::User);
            }
            let done = sysmon.join().unwrap();
            s.hold.enter();
            // SAFETY: as in `touch`.
            let last = s.p.0.with(|v| unsafe { *v });
            assert_eq!(last, 2 + u32::from(done));
            assert!(seen == 2 || done, "seen inside only if done");
        });
    }
}
