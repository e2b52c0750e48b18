//! Selecting among operations that are known only at run time. Model: crossbeam-channel's `Select`.

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::selected::{MessageBuf, SelectedOperation};
use super::selectgo::{Chosen, Op, Preference, SelectOptions, Until, Want, selectgo};
use crate::chan::errors::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};
use crate::chan::receiver::Receiver;
use crate::chan::sender::Sender;
use crate::chan::sudog::Dir;
use crate::chan::timeout::until_timeout;
use crate::sched::g::WaitReason;
use crate::sys::clock::instant_to_ns;

/// A list of channel operations to choose from, built at run time. For a fixed list use
/// [`select!`].
///
/// [`select!`]: crate::select
///
/// Add operations with [`send`](Select::send) and [`recv`](Select::recv), which return their
/// numbers. Then either
///
/// - choose one with [`select`](Select::select), `try_select`, `select_timeout` or
///   `select_deadline`. It **must** be completed with [`SelectedOperation::send`] or
///   [`SelectedOperation::recv`]; or
/// - wait with [`ready`](Select::ready), `try_ready`, `ready_timeout` or `ready_deadline` until one
///   may be tried. Another goroutine may be faster, so try it in a loop.
///
/// If several can go on, it takes a random one; a list made by [`new_biased`](Select::new_biased)
/// takes the first. Up to eight operations need no heap allocation.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan::{Select, bounded}, go};
/// let (s1, r1) = bounded::<&str>(0);
/// let (s2, r2) = bounded(0);
/// go(move || s2.send("two").unwrap());
///
/// let mut sel = Select::new();
/// let one = sel.recv(&r1);
/// let two = sel.recv(&r2);
/// let oper = sel.select();
/// assert_eq!(oper.index(), two);
/// assert_eq!(oper.recv(&r2), Ok("two"));
/// # let _ = (s1, one);
/// # }) } }
/// ```
#[derive(Clone)]
pub struct Select<'a> {
    ops: SmallVec<[Op; 8]>,
    next_index: usize,
    preference: Preference,
    /// The channels are borrowed.
    marker: PhantomData<&'a ()>,
}

// SAFETY: channels are shared between threads anyway. A message that another thread's `select` took
// off a channel of a type that is not Send stays closed in the `SelectedOperation`: only `recv`
// with the typed receiver reads it, and that one is not shared with that thread.
unsafe impl Send for Select<'_> {}
// SAFETY: as above; and by `&self` it is only read.
unsafe impl Sync for Select<'_> {}

impl<'a> Select<'a> {
    /// Makes an empty list that takes a random one of several operations that can go on.
    ///
    /// ```
    /// let mut sel = gopark::chan::Select::new();
    /// assert!(sel.try_select().is_err());
    /// ```
    pub fn new() -> Self {
        Select::with(Preference::Fair)
    }

    /// Makes an empty list that takes the first added of several operations that can go on.
    ///
    /// ```
    /// use gopark::chan::{Select, bounded};
    /// let (s, r) = bounded(2);
    /// s.send(1).unwrap();
    /// let mut sel = Select::new_biased();
    /// let first = sel.recv(&r);
    /// sel.send(&s);
    /// let oper = sel.select();
    /// assert_eq!(oper.index(), first);
    /// assert_eq!(oper.recv(&r), Ok(1));
    /// ```
    pub fn new_biased() -> Self {
        Select::with(Preference::Biased)
    }

    fn with(preference: Preference) -> Self {
        Select { ops: SmallVec::new(), next_index: 0, preference, marker: PhantomData }
    }

    /// Adds a send and returns its number. The message is supplied once the operation is chosen.
    ///
    /// ```
    /// use gopark::chan::{Select, unbounded};
    /// let (s, _r) = unbounded::<i32>();
    /// assert_eq!(Select::new().send(&s), 0);
    /// ```
    pub fn send<T>(&mut self, s: &'a Sender<T>) -> usize {
        self.add(s.op())
    }

    /// Adds a receive and returns its number.
    ///
    /// ```
    /// use gopark::chan::{Select, unbounded};
    /// let (_s, r) = unbounded::<i32>();
    /// assert_eq!(Select::new().recv(&r), 0);
    /// ```
    pub fn recv<T>(&mut self, r: &'a Receiver<T>) -> usize {
        self.add(r.op())
    }

    fn add(&mut self, op: Op) -> usize {
        let index = self.next_index;
        self.ops.push(Op { index, ..op });
        self.next_index += 1;
        index
    }

    /// Removes the operation with this number; the others keep theirs.
    ///
    /// # Panics
    /// If no operation has this number.
    ///
    /// ```
    /// use gopark::chan::{Select, unbounded};
    /// let (s1, r1) = unbounded();
    /// let (s2, r2) = unbounded();
    /// s1.send(1).unwrap();
    /// s2.send(2).unwrap();
    /// let mut sel = Select::new();
    /// let one = sel.recv(&r1);
    /// let two = sel.recv(&r2);
    /// sel.remove(one);
    /// assert_eq!(sel.ready(), two);
    /// ```
    pub fn remove(&mut self, index: usize) {
        assert!(index < self.next_index, "index out of bounds; {index} >= {}", self.next_index);
        let at = self.ops.iter().position(|op| op.index == index).expect("no operation with this index");
        self.ops.remove(at);
    }

    /// Chooses an operation that can go on now.
    ///
    /// # Errors
    /// If no operation can go on.
    ///
    /// ```
    /// use gopark::chan::{Select, TrySelectError, unbounded};
    /// let (_s, r) = unbounded::<i32>();
    /// let mut sel = Select::new();
    /// sel.recv(&r);
    /// assert_eq!(sel.try_select().err(), Some(TrySelectError));
    /// ```
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.choose(Until::Now).ok_or(TrySelectError)
    }

    /// Waits until an operation can go on and chooses it.
    ///
    /// # Panics
    /// If the list is empty.
    ///
    /// ```
    /// use gopark::chan::{RecvError, Select, unbounded};
    /// let (s, r) = unbounded::<i32>();
    /// drop(s);
    /// let mut sel = Select::new();
    /// sel.recv(&r);
    /// // That the channel is disconnected is an outcome, too.
    /// assert_eq!(sel.select().recv(&r), Err(RecvError));
    /// ```
    pub fn select(&mut self) -> SelectedOperation<'a> {
        self.assert_not_empty();
        self.choose(Until::Forever).expect("without a deadline")
    }

    /// Like [`select`](Select::select), but waits at most `timeout`.
    ///
    /// # Errors
    /// If the time is up first.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{Select, SelectTimeoutError, unbounded};
    /// use std::time::Duration;
    /// let (_s, r) = unbounded::<i32>();
    /// let mut sel = Select::new();
    /// sel.recv(&r);
    /// assert_eq!(sel.select_timeout(Duration::from_millis(5)).err(), Some(SelectTimeoutError));
    /// # }) } }
    /// ```
    pub fn select_timeout(&mut self, timeout: Duration) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.choose(until_timeout(timeout)).ok_or(SelectTimeoutError)
    }

    /// Like [`select`](Select::select), but waits until `deadline` at the latest.
    ///
    /// # Errors
    /// If the deadline passes first.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{Select, SelectTimeoutError};
    /// use std::time::Instant;
    /// assert_eq!(Select::new().select_deadline(Instant::now()).err(), Some(SelectTimeoutError));
    /// # }) } }
    /// ```
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.choose(Until::At(instant_to_ns(deadline))).ok_or(SelectTimeoutError)
    }

    /// Returns the number of an operation that would not wait now.
    ///
    /// # Errors
    /// If no operation can go on.
    ///
    /// ```
    /// use gopark::chan::{Select, unbounded};
    /// let (s, r) = unbounded();
    /// let mut sel = Select::new();
    /// let oper = sel.recv(&r);
    /// assert!(sel.try_ready().is_err());
    /// s.send(1).unwrap();
    /// assert_eq!(sel.try_ready(), Ok(oper));
    /// ```
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.find_ready(Until::Now).ok_or(TryReadyError)
    }

    /// Waits until an operation would not wait, and returns its number. Another goroutine may still
    /// be faster, and false alarms are possible.
    ///
    /// # Panics
    /// If the list is empty.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{chan::{Select, unbounded}, go};
    /// let (s, r) = unbounded();
    /// go(move || s.send(1).unwrap());
    /// let mut sel = Select::new();
    /// sel.recv(&r);
    /// sel.ready();
    /// assert_eq!(r.try_recv(), Ok(1));
    /// # }) } }
    /// ```
    pub fn ready(&mut self) -> usize {
        self.assert_not_empty();
        self.find_ready(Until::Forever).expect("without a deadline")
    }

    /// Like [`ready`](Select::ready), but waits at most `timeout`.
    ///
    /// # Errors
    /// If the time is up first.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{ReadyTimeoutError, Select};
    /// use std::time::Duration;
    /// assert_eq!(Select::new().ready_timeout(Duration::from_millis(5)), Err(ReadyTimeoutError));
    /// # }) } }
    /// ```
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.find_ready(until_timeout(timeout)).ok_or(ReadyTimeoutError)
    }

    /// Like [`ready`](Select::ready), but waits until `deadline` at the latest.
    ///
    /// # Errors
    /// If the deadline passes first.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{ReadyTimeoutError, Select};
    /// use std::time::Instant;
    /// assert_eq!(Select::new().ready_deadline(Instant::now()), Err(ReadyTimeoutError));
    /// # }) } }
    /// ```
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        self.find_ready(Until::At(instant_to_ns(deadline))).ok_or(ReadyTimeoutError)
    }

    /// Empties the list for use with other channels, keeping its memory.
    ///
    /// ```
    /// use gopark::chan::{Select, unbounded};
    /// let (s, r) = unbounded();
    /// s.send(1).unwrap();
    /// let mut sel = Select::new();
    /// sel.recv(&r);
    /// let mut sel = sel.recycle();
    /// drop((s, r));
    /// let (_s, r) = unbounded::<i32>();
    /// assert_eq!(sel.recv(&r), 0);
    /// ```
    pub fn recycle<'b>(self) -> Select<'b> {
        let Select { mut ops, preference, .. } = self;
        ops.clear();
        Select { ops, next_index: 0, preference, marker: PhantomData }
    }

    fn choose(&mut self, until: Until) -> Option<SelectedOperation<'a>> {
        let receives = self.ops.iter().filter(|op| op.dir == Dir::Recv);
        // SAFETY: the channels are borrowed by `'a`.
        let layouts = receives.filter_map(|op| unsafe { op.chan.as_ref() }).map(|c| c.elem);
        let mut slot = MessageBuf::for_largest(layouts);
        // One slot does for all: only one operation is chosen.
        let place = slot.as_mut_ptr();
        self.ops.iter_mut().filter(|op| op.dir == Dir::Recv).for_each(|op| op.elem = place);
        // SAFETY: the channels are borrowed by `'a`; the slot has room for a message of any; the
        // token goes into the result.
        let chosen = unsafe { selectgo(&self.ops, self.options(until, Want::Operation)) };
        chosen.map(|Chosen { at, token }| {
            let op = &self.ops[at];
            SelectedOperation::new(token, op.index, op.chan, slot)
        })
    }

    fn find_ready(&mut self, until: Until) -> Option<usize> {
        // SAFETY: the channels are borrowed by `'a`; no operation is begun.
        let chosen = unsafe { selectgo(&self.ops, self.options(until, Want::Readiness)) };
        chosen.map(|chosen| self.ops[chosen.at].index)
    }

    fn options(&self, until: Until, want: Want) -> SelectOptions {
        SelectOptions { until, preference: self.preference, want, reason: WaitReason::Select }
    }

    fn assert_not_empty(&self) {
        assert!(!self.ops.is_empty(), "no operations have been added to `Select`");
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Select::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Select { .. }")
    }
}
