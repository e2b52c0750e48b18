//! Semaphores of goroutines: the sleep and wake-up under `sync`, under descriptors' locks and under
//! `Close`. Go: runtime/sema.go semacquire1, semrelease1, semtable.
//!
//! A semaphore is a plain `AtomicU32`; those who find it 0 queue in a table of 251 roots picked by
//! its address. Every sleep is paired with one wake-up, also when the wake-up comes first. The wake
//! is first come, first served per address, but a newcomer may take the count before the woken one
//! runs (then that one queues again), unless the release hands off.
//!
//! **No lost wake-up.** The releaser adds to the count, then looks whether anybody waits (`nwait`);
//! the acquirer announces itself in `nwait`, then looks at the count again. Each side has a
//! sequentially consistent fence between its two steps, so at least one of them sees the other.
//! Rejected: Release/Acquire on the two words (both may read the old value: a loom model shows the
//! sleeper left behind); a queue inside each primitive (saves the search, but costs 16 bytes in
//! each lock, and a semaphore that is 4 bytes can be embedded in a descriptor's lock).
//!
//! I1 `nwait` is at least the number of waiters in the tree at every moment in which the lock is
//!    free.
//! I2 A waiter is readied exactly once per park: by who took it out of the tree, after the lock was
//!    released.
//! I3 The lock is released in the park's commit: nobody can take a waiter out whose stack is still
//!    in use.

#[cfg(not(loom))]
mod deadline;
mod notify_list;
mod wait_list;
mod wait_tree;

use crate::sched::g::{GRef, WaitReason, getg};
use crate::sched::{gopark, goready, goyield};
use crate::throw::throw;
use crate::words::shim::Mutex;
use crate::words::shim::atomic::{AtomicU32, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::pin::{Pin, pin};

#[cfg(not(loom))]
pub(crate) use deadline::Deadline;
pub(crate) use notify_list::NotifyList;
pub(crate) use wait_list::Waiter as ParkedWaiter;
pub(crate) use wait_list::{HasWaitList, Taken, WaitList, wait_interruptible};
pub(crate) use wait_tree::Order;
use wait_tree::{WaitTree, Waiter, WaiterState};

/// What a release does with the unit it adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handoff {
    /// Whoever comes first takes it.
    No,
    /// The first waiter gets it, and the rest of the caller's time slice.
    Yes,
}

/// Takes one unit of the semaphore at `addr`, parking until there is one.
#[doc(alias = "runtime_Semacquire")]
pub fn semacquire(addr: &AtomicU32) {
    semacquire1(addr, Order::Fifo, WaitReason::Semacquire);
}

/// The same with the waiter's place in the queue, and the reason that a dump shows.
pub(crate) fn semacquire1(addr: &AtomicU32, order: Order, reason: WaitReason) {
    if !cansemacquire(addr) {
        root_for(addr).acquire(addr, order, reason);
    }
}

/// The same, ended early by an [`Interrupt`]: `Err` means that no unit was taken.
pub(crate) fn semacquire_interruptible(
    addr: &AtomicU32,
    order: Order,
    reason: WaitReason,
    interrupt: &impl Interrupt,
) -> Result<(), Interrupted> {
    if cansemacquire(addr) {
        Ok(())
    } else {
        root_for(addr).acquire_interruptible(addr, order, reason, interrupt)
    }
}

/// Adds one unit to the semaphore at `addr` and wakes its first waiter, if any.
#[doc(alias = "runtime_Semrelease")]
pub fn semrelease(addr: &AtomicU32, handoff: Handoff) {
    root_for(addr).release(addr, handoff);
}

/// The wait was ended by its deadline or its context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interrupted;

/// What may end a wait early: a timer, a context. It does so through the [`Target`] that it is
/// armed with.
pub(crate) trait Interrupt {
    /// Where an armed one keeps what it needs, on the waiter's stack; dropping it disarms.
    type Armed: Default;

    /// From now on `target` may be interrupted, from any thread, and perhaps at once.
    ///
    /// # Safety
    /// `slot` is fresh, and is dropped before `target` becomes invalid. The
    /// implementor promises in turn that the drop returns only when no call of
    /// [`Target::interrupt`] is under way or can follow.
    unsafe fn arm(&self, slot: Pin<&Self::Armed>, target: Target);
}

/// Somebody's parked wait, as an [`Interrupt`] sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    data: *const (),
    take_out: TakeOut,
}

/// Takes a wait, given by its address, off its queue, and passes on the goroutines that are to be
/// readied.
type TakeOut = unsafe fn(*const (), &mut dyn FnMut(GRef));

// SAFETY: a target is only the address of a wait, and `take_out` synchronises by the lock of the
// queue the waiter is in.
unsafe impl Send for Target {}
// SAFETY: as for Send.
unsafe impl Sync for Target {}

impl Target {
    /// # Safety
    /// `take_out(data, ..)` may be called from any thread for as long as the target is armed.
    pub(crate) unsafe fn new(data: *const (), take_out: TakeOut) -> Self {
        Target { data, take_out }
    }

    /// Ends the wait unless it has ended. The caller must `goready` whom it gets through `ready`,
    /// once each, with no lock held.
    ///
    /// # Safety
    /// The target is still armed.
    pub(crate) unsafe fn interrupt(self, ready: &mut dyn FnMut(GRef)) {
        // SAFETY: armed, says the caller; `new`'s caller vouched for the rest.
        unsafe { (self.take_out)(self.data, ready) }
    }
}

/// Prime, so that it does not correlate with the user's patterns.
#[cfg(not(loom))]
const SEM_TAB_SIZE: usize = 251;

#[cfg(not(loom))]
static SEMTABLE: [SemaRoot; SEM_TAB_SIZE] = [const { SemaRoot::new() }; SEM_TAB_SIZE];

#[cfg(not(loom))]
fn root_for(addr: &AtomicU32) -> &'static SemaRoot {
    &SEMTABLE[(addr_of(addr) >> 3) % SEM_TAB_SIZE]
}

#[cfg(loom)]
loom::lazy_static! {
    static ref SEMROOT: SemaRoot = SemaRoot::new();
}

/// A model has one root: all addresses collide.
#[cfg(loom)]
fn root_for(_addr: &AtomicU32) -> &'static SemaRoot {
    &SEMROOT
}

fn addr_of(addr: &AtomicU32) -> usize {
    std::ptr::from_ref(addr) as usize
}

/// Takes a unit if there is one.
pub(crate) fn cansemacquire(addr: &AtomicU32) -> bool {
    let mut v = addr.load(Relaxed);
    while v > 0 {
        // ORDERING: SeqCst success: acquires what the releaser did before the SeqCst add in
        // `release` (pairs with it).
        match addr.compare_exchange_weak(v, v - 1, SeqCst, Relaxed) {
            Ok(_) => return true,
            Err(now) => v = now,
        }
    }
    false
}

/// One bucket of the table.
#[repr(align(64))]
struct SemaRoot {
    /// Protects the tree and all the waiters in it.
    tree: Mutex<WaitTree>,
    /// Acquirers that are queued or about to be. Written with the lock held, read without.
    nwait: AtomicU32,
}

/// An interruptible wait's record: the waiter, and where it queues.
struct Wait<'a> {
    root: &'a SemaRoot,
    waiter: Waiter,
}

impl SemaRoot {
    #[cfg(not(loom))]
    const fn new() -> Self {
        SemaRoot { tree: Mutex::new(WaitTree::new()), nwait: AtomicU32::new(0) }
    }
    #[cfg(loom)]
    fn new() -> Self {
        SemaRoot { tree: Mutex::new(WaitTree::new()), nwait: AtomicU32::new(0) }
    }

    #[cold]
    fn acquire(&self, addr: &AtomicU32, order: Order, reason: WaitReason) {
        let waiter = Waiter::new(getg(), addr_of(addr));
        while !self.sleep(addr, &waiter, order, reason) {}
    }

    #[cold]
    fn acquire_interruptible<I: Interrupt>(
        &self,
        addr: &AtomicU32,
        order: Order,
        reason: WaitReason,
        by: &I,
    ) -> Result<(), Interrupted> {
        let wait = Wait { root: self, waiter: Waiter::new(getg(), addr_of(addr)) };
        let slot = pin!(I::Armed::default());
        // SAFETY: `take_out` may be called while `wait` lives; it locks the queue.
        let target = unsafe { Target::new((&raw const wait).cast(), Wait::take_out) };
        // SAFETY: `slot` is dropped before `wait`.
        unsafe { by.arm(slot.as_ref(), target) };
        loop {
            if self.sleep(addr, &wait.waiter, order, reason) {
                return Ok(());
            }
            if wait.waiter.state.get() == WaiterState::Interrupted {
                return Err(Interrupted);
            }
        }
    }

    /// Queues and parks, once; true when a unit was taken.
    fn sleep(&self, addr: &AtomicU32, waiter: &Waiter, order: Order, reason: WaitReason) -> bool {
        let mut tree = self.tree.lock();
        // Relaxed: the fence orders it.
        self.nwait.fetch_add(1, Relaxed);
        // ORDERING: pairs with the fence in `release`: either we see its unit, or it sees our
        // announcement.
        fence(SeqCst);
        let taken = cansemacquire(addr);
        if taken || waiter.interrupted.get() {
            self.nwait.fetch_sub(1, Relaxed);
            if !taken {
                waiter.state.set(WaiterState::Interrupted);
            }
            return taken;
        }
        // SAFETY: it is out of the tree, and this frame stays until the park below has ended, which
        // takes a `pop` or `remove`.
        unsafe { tree.push(waiter, order) };
        gopark(reason, move |_| {
            drop(tree);
            true
        });
        match waiter.state.get() {
            WaiterState::HandedOff => true,
            WaiterState::Woken => cansemacquire(addr),
            WaiterState::Interrupted => false,
            other => throw!("semacquire: woken in state {other:?}"),
        }
    }

    fn release(&self, addr: &AtomicU32, handoff: Handoff) {
        // ORDERING: SeqCst: releases to the SeqCst compare-exchange in `cansemacquire` (pairs with
        // it).
        addr.fetch_add(1, SeqCst);
        // ORDERING: pairs with the fence in `sleep`.
        fence(SeqCst);
        if self.nwait.load(Relaxed) != 0 {
            self.wake_one(addr, handoff);
        }
    }

    #[cold]
    fn wake_one(&self, addr: &AtomicU32, handoff: Handoff) {
        let mut outcome = WaiterState::Woken;
        let mut tree = self.tree.lock();
        let woken = tree.pop(addr_of(addr), || {
            if handoff == Handoff::Yes && cansemacquire(addr) {
                outcome = WaiterState::HandedOff;
            }
            outcome
        });
        if woken.is_some() {
            self.nwait.fetch_sub(1, Relaxed);
        }
        drop(tree);
        let Some(gp) = woken else { return };
        goready(gp);
        if outcome == WaiterState::HandedOff {
            // The woken one is our P's next: let it run at once, on the rest of our slice, so that
            // a contended semaphore does not hog the P.
            goyield();
        }
    }
}

impl Wait<'_> {
    /// # Safety
    /// `wait` points to a `Wait` that is alive.
    unsafe fn take_out(wait: *const (), ready: &mut dyn FnMut(GRef)) {
        // SAFETY: alive, says the caller; it is shared only through cells that the lock protects.
        let wait = unsafe { &*wait.cast::<Wait<'_>>() };
        let mut tree = wait.root.tree.lock();
        wait.waiter.interrupted.set(true);
        if tree.remove(&wait.waiter, WaiterState::Interrupted) {
            wait.root.nwait.fetch_sub(1, Relaxed);
            drop(tree);
            ready(wait.waiter.gp);
        }
    }
}

#[cfg(all(test, loom))]
pub(crate) use loom_tests::{AtOnce, FromAnotherThread};

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;

    /// Interrupts as soon as it is armed, from another thread.
    pub(crate) struct FromAnotherThread;

    #[derive(Default)]
    pub(crate) struct Joined(std::cell::Cell<Option<loom::thread::JoinHandle<()>>>);

    impl Interrupt for FromAnotherThread {
        type Armed = Joined;
        unsafe fn arm(&self, slot: Pin<&Joined>, target: Target) {
            slot.0.set(Some(loom::thread::spawn(move || {
                let mut woken = None;
                // SAFETY: armed until this thread was joined.
                unsafe { target.interrupt(&mut |gp| woken = Some(gp)) };
                woken.map(crate::sched::goready);
            })));
        }
    }

    impl Drop for Joined {
        fn drop(&mut self) {
            self.0.take().map(|t| t.join().unwrap());
        }
    }

    /// Has interrupted before the wait begins, as a deadline in the past does.
    pub(crate) struct AtOnce;

    impl Interrupt for AtOnce {
        type Armed = ();
        unsafe fn arm(&self, _slot: Pin<&()>, target: Target) {
            // SAFETY: armed just now.
            unsafe { target.interrupt(&mut crate::sched::goready) };
        }
    }

    /// Two acquirers, two releasers: nobody is left behind, nothing is left over.
    #[test]
    fn loom_sema_two_acquire_two_release() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let sema = Arc::new(AtomicU32::new(0));
            let spawn = |f: fn(&AtomicU32)| {
                let sema = sema.clone();
                loom::thread::spawn(move || f(&sema))
            };
            let threads = [spawn(semacquire), spawn(semacquire), spawn(|s| semrelease(s, Handoff::No))];
            semrelease(&sema, Handoff::No);
            for t in threads {
                t.join().unwrap();
            }
            assert_eq!(sema.load(Relaxed), 0);
        });
    }

    /// The handed-over unit is the waiter's, and what was done before the release is seen after the
    /// acquire.
    #[test]
    fn loom_sema_handoff_publishes() {
        loom::model(|| {
            let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
            let other = shared.clone();
            let releaser = loom::thread::spawn(move || {
                other.1.store(7, Relaxed);
                semrelease(&other.0, Handoff::Yes);
            });
            semacquire(&shared.0);
            assert_eq!(shared.1.load(Relaxed), 7);
            releaser.join().unwrap();
            assert_eq!(shared.0.load(Relaxed), 0);
        });
    }
}
