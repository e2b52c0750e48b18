//! Waiting for the first of several operations. Go: runtime/select.go selectgo.
//!
//! 1. A random order of the operations (or the given one, for a biased select): fairness is part of
//!    the contract.
//! 2. Each is tried in that order, with only its own channel locked: most selects find something
//!    here.
//! 3. Nothing: all channels are locked, in the order of their addresses, each once. If now one
//!    could go on, it starts again at step two. Otherwise a sudog is queued on each, and the
//!    goroutine parks; its commit starts the timer and releases the locks.
//! 4. Whoever claims the goroutine does the operation for it, as with a plain send or receive. The
//!    goroutine takes its other sudogs off their queues.
//!
//! Go locks all channels at once from the start. Trying first locks one in the usual case; the
//! answer "none" is still given with all locked, so that it is true of one moment.
//!
//! I1 A frame of sudogs lives until each of its channels but the one that woke it has been locked
//!    once more (step 4). The commit holds the locks that it has not yet released, so what it reads
//!    of the frame for them is still there, and after the last it reads nothing.
//! I2 Only operations with a channel take part; `never` is left out (Go: nil channels).

use std::ptr;

use super::complete::Token;
use crate::chan::deadline;
use crate::chan::hchan::{ChanFlags, Hchan};
use crate::chan::sudog::{Dir, Outcome, Sudog, Ticket, WakeList};
use crate::sched::g::{WaitReason, getg};
use crate::sched::gopark;

/// One operation of a select. Go: scase.
#[derive(Debug, Clone, Copy)]
pub(in crate::chan) struct Op {
    /// Null for `never`.
    pub(in crate::chan) chan: *const Hchan,
    /// A receive's slot, a send's message, or null for a message that is made later.
    pub(in crate::chan) elem: *mut u8,
    pub(in crate::chan) dir: Dir,
    /// What `Select` calls it.
    pub(in crate::chan) index: usize,
}

/// How long a select waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chan) enum Until {
    /// Not at all.
    Now,
    /// As long as it takes.
    Forever,
    /// Until that nanotime.
    At(i64),
}

/// In which order operations that could go on are preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chan) enum Preference {
    /// All alike.
    Fair,
    /// The first.
    Biased,
}

/// What a select is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chan) enum Want {
    /// To do an operation.
    Operation,
    /// To know of one that could be done.
    Readiness,
}

/// What a select waits for, and how.
#[derive(Debug, Clone, Copy)]
pub(in crate::chan) struct SelectOptions {
    pub(in crate::chan) until: Until,
    pub(in crate::chan) preference: Preference,
    pub(in crate::chan) want: Want,
    pub(in crate::chan) reason: WaitReason,
}

impl SelectOptions {
    /// For a plain send or receive with a deadline.
    pub(in crate::chan) fn one_operation(until: Until, reason: WaitReason) -> SelectOptions {
        SelectOptions { until, preference: Preference::Biased, want: Want::Operation, reason }
    }
}

/// The operation that was chosen: its place in `ops`.
#[derive(Debug, Clone, Copy)]
pub(in crate::chan) struct Chosen {
    pub(in crate::chan) at: usize,
    pub(in crate::chan) token: Token,
}

/// Runs a select; `None` when the time is up.
///
/// # Safety
/// The channels live; each `elem` is as `Hchan::send` and `recv` ask. A token of a send is used up
/// by the caller (`complete.rs`).
pub(in crate::chan) unsafe fn selectgo(ops: &[Op], options: SelectOptions) -> Option<Chosen> {
    assert!(ops.len() <= usize::from(u16::MAX), "too many operations in a select");
    // The orders live in this frame for the usual numbers of operations.
    match ops.len() {
        0..=4 => run::<4>(ops, options),
        5..=16 => run::<16>(ops, options),
        n => Select { ops, options, poll_order: &mut vec![0; n] }.run(),
    }
}

#[inline]
fn run<const N: usize>(ops: &[Op], options: SelectOptions) -> Option<Chosen> {
    Select { ops, options, poll_order: &mut [0; N][..ops.len()] }.run()
}

struct Select<'a> {
    ops: &'a [Op],
    options: SelectOptions,
    /// Places in `ops`, in the order in which they are tried.
    poll_order: &'a mut [u16],
}

/// How an attempt to park ended.
enum Parked {
    Chosen(Chosen),
    TryAgain,
    TimeIsUp,
}

impl Select<'_> {
    fn run(&mut self) -> Option<Chosen> {
        self.set_poll_order();
        loop {
            if let Some(chosen) = self.try_each() {
                return Some(chosen);
            }
            // With one operation the lock of its channel was all locks.
            if self.options.until == Until::Now && self.ops.len() <= 1 {
                return None;
            }
            let parked = match self.ops.len() {
                0..=4 => self.park::<4>(),
                5..=16 => self.park::<16>(),
                n => {
                    let sudogs: Vec<Sudog> = (0..n).map(|_| Sudog::empty()).collect();
                    self.park_with(&sudogs, &mut vec![0; n])
                }
            };
            match parked {
                Parked::Chosen(chosen) => return Some(chosen),
                Parked::TryAgain => {}
                Parked::TimeIsUp => return None,
            }
        }
    }

    #[inline(never)]
    fn park<const N: usize>(&self) -> Parked {
        let n = self.ops.len();
        self.park_with(&[const { Sudog::empty() }; N][..n], &mut [0; N][..n])
    }

    /// Step 1: a random permutation, built as it goes.
    fn set_poll_order(&mut self) {
        let gp = (self.options.preference == Preference::Fair && self.ops.len() > 1).then(getg);
        for i in 0..self.ops.len() {
            let j = gp.map_or(i, |gp| deadline::cheaprandn(gp, i as u32 + 1) as usize);
            self.poll_order[i] = self.poll_order[j];
            self.poll_order[j] = i as u16;
        }
    }

    /// The operation and its channel, if it has one (I2).
    fn op(&self, at: usize) -> Option<(&Op, &Hchan)> {
        let op = &self.ops[at];
        // SAFETY: the channels live (duty of `selectgo`'s caller).
        unsafe { op.chan.as_ref() }.map(|c| (op, c))
    }

    /// Step 2.
    fn try_each(&self) -> Option<Chosen> {
        let only = self.ops.len() == 1;
        self.poll_order.iter().find_map(|&at| {
            let at = usize::from(at);
            let (op, c) = self.op(at)?;
            // A look without the lock passes over what is plainly not ready; step 3 looks again
            // with it.
            if !only && !c.may_be_ready(op.dir) {
                return None;
            }
            let token = match self.options.want {
                // SAFETY: duty of `selectgo`'s caller.
                Want::Operation => unsafe { c.try_op(op) }?,
                Want::Readiness => {
                    c.lock.lock();
                    let ready = c.is_ready(op.dir);
                    c.lock.unlock();
                    ready.then_some(Token::Ready)?
                }
            };
            Some(Chosen { at, token })
        })
    }

    /// Steps 3 and 4.
    fn park_with(&self, sudogs: &[Sudog], lock_order: &mut [u16]) -> Parked {
        deadline::assert_clock(|| self.needs_clock());
        let lock_order = self.lock_order(lock_order);
        self.lock_all(lock_order);
        if lock_order.iter().any(|&at| self.op(at.into()).is_some_and(|(op, c)| c.is_ready(op.dir))) {
            self.unlock_all(lock_order);
            return Parked::TryAgain;
        }
        if self.options.until == Until::Now {
            self.unlock_all(lock_order);
            return Parked::TimeIsUp;
        }
        let gp = getg();
        let ticket = Ticket::arm(gp);
        let mut wakes = WakeList::new();
        let mut deadline_ns = match self.options.until {
            Until::At(ns) => ns,
            _ => i64::MAX,
        };
        for &at in lock_order {
            let (op, c) = self.op(at.into()).expect("in the lock order");
            let sg = &sudogs[usize::from(at)];
            sg.set_select(gp, ticket, op.elem, op.dir);
            deadline_ns = deadline_ns.min(c.when_ns.get());
            // SAFETY: the lock is held; the sudogs live until step 4 is done.
            unsafe { self.queue(c, sg, &mut wakes) };
        }
        gopark(self.options.reason, move |gp| {
            let wakes = wakes;
            if deadline_ns != i64::MAX {
                deadline::start(gp, deadline_ns, ticket);
            }
            self.unlock_all(lock_order);
            wakes.wake_all();
            true
        });
        let woken_by =
            lock_order.iter().copied().find(|&at| sudogs[usize::from(at)].outcome.get() != Outcome::Pending);
        if deadline_ns != i64::MAX && woken_by.is_some() {
            deadline::stop(gp);
        }
        self.dequeue_others(sudogs, lock_order, woken_by);
        match woken_by {
            Some(at) => self.woken(usize::from(at), &sudogs[usize::from(at)]),
            // The timer: the caller's time is up, or a timed channel's has come.
            None if self.options.until == Until::At(deadline_ns) => Parked::TimeIsUp,
            None => Parked::TryAgain,
        }
    }

    /// The time may end the wait.
    fn needs_clock(&self) -> bool {
        let timed = |at| self.op(at).is_some_and(|(_, c)| c.state().has(ChanFlags::TIMED));
        matches!(self.options.until, Until::At(_)) || (0..self.ops.len()).any(timed)
    }

    /// Under the lock of `c`.
    unsafe fn queue(&self, c: &Hchan, sg: &Sudog, wakes: &mut WakeList) {
        // SAFETY: the lock is held, and the sudog lives (duty of the caller).
        unsafe {
            match sg.dir.get() {
                _ if self.watches(c) => c.watch(sg),
                Dir::Recv => {
                    c.notify(Dir::Send, wakes);
                    c.recvq.enqueue(sg);
                }
                Dir::Send => {
                    c.notify(Dir::Recv, wakes);
                    c.sendq.enqueue(sg);
                }
            }
        }
    }

    /// On this channel it waits to be told, and tries then.
    fn watches(&self, c: &Hchan) -> bool {
        self.options.want == Want::Readiness || c.state().has(ChanFlags::TIMED)
    }

    /// Step 4. Each channel is locked but that of `woken_by`, whose sudog its waker took off (I1).
    fn dequeue_others(&self, sudogs: &[Sudog], lock_order: &[u16], woken_by: Option<u16>) {
        for &at in lock_order.iter().filter(|&&at| Some(at) != woken_by) {
            let (op, c) = self.op(at.into()).expect("in the lock order");
            let sg = &sudogs[usize::from(at)];
            c.lock.lock();
            // SAFETY: the lock is held; it is in this queue or in none.
            unsafe {
                match op.dir {
                    _ if self.watches(c) => c.unwatch(sg),
                    Dir::Recv => c.recvq.remove(sg),
                    Dir::Send => c.sendq.remove(sg),
                }
            }
            c.lock.unlock();
        }
    }

    /// What the waker did.
    fn woken(&self, at: usize, sg: &Sudog) -> Parked {
        let token = match (sg.outcome.get(), self.ops[at].dir) {
            (Outcome::Done, Dir::Recv) => Token::Received,
            (Outcome::Done, Dir::Send) => Token::Sent,
            (Outcome::Closed, _) => Token::Disconnected,
            (Outcome::Reserved, Dir::Send) => Token::Reserved,
            (Outcome::Peer, Dir::Send) => Token::Peer(
                ptr::NonNull::new(sg.peer.get().cast_mut()).expect("the peer comes with the outcome"),
            ),
            (Outcome::Ready, _) if self.options.want == Want::Readiness => Token::Ready,
            (Outcome::Ready | Outcome::Retry, _) => return Parked::TryAgain,
            (other, dir) => crate::throw!("selectgo: bad wakeup {other:?} for {dir:?}"),
        };
        Parked::Chosen(Chosen { at, token })
    }

    /// Fills `order` with the operations that have channels, by the channels' addresses.
    fn lock_order<'o>(&self, order: &'o mut [u16]) -> &'o [u16] {
        let mut n = 0;
        // In poll order first: of several on one channel, the one that is tried first queues first.
        for &at in self.poll_order.iter() {
            let Some((_, c)) = self.op(at.into()) else { continue };
            let after =
                |other: &u16| self.op((*other).into()).is_some_and(|(_, o)| o.sort_key() <= c.sort_key());
            let place = order[..n].partition_point(after);
            order.copy_within(place..n, place + 1);
            order[place] = at;
            n += 1;
        }
        &order[..n]
    }

    fn lock_all(&self, lock_order: &[u16]) {
        let mut last: *const Hchan = ptr::null();
        for &at in lock_order {
            let (_, c) = self.op(at.into()).expect("in the lock order");
            if !ptr::eq(c, last) {
                c.lock.lock();
            }
            last = c;
        }
    }

    /// Each channel is released after its last mention, and the next mention is read before that
    /// (I1).
    fn unlock_all(&self, lock_order: &[u16]) {
        let mut held: *const Hchan = ptr::null();
        for &at in lock_order {
            let next = self.ops[usize::from(at)].chan;
            if !ptr::eq(next, held) {
                // SAFETY: a channel of the lock order, or null.
                if let Some(c) = unsafe { held.as_ref() } {
                    c.lock.unlock();
                }
            }
            held = next;
        }
        // SAFETY: as above.
        if let Some(c) = unsafe { held.as_ref() } {
            c.lock.unlock();
        }
    }
}
