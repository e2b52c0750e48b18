//! The waiters of one semaphore root: a treap of addresses, each with the queue of those who wait
//! on it. Go: runtime/sema.go semaRoot.{queue, dequeue, rotateLeft, rotateRight}.
//!
//! Only the first waiter of an address is in the tree; the others hang behind it in arrival order.
//! All steps but the search for the address are O(1), and the search is O(log n) in the number of
//! distinct addresses. The priority that keeps the treap balanced is a hash of the address, so a
//! queue's next head inherits its predecessor's place without copying it.
//!
//! I1 A [`Waiter`] lies in the frame of the parked caller, who does not return before it has been
//!    taken out of the tree and readied: every node that can be reached from the root is alive.
//! I2 All links, in the root and in the waiters, are read and written only with the root's lock
//!    held.

use std::cell::Cell;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::sched::g::GRef;

/// One parked acquirer. Lives on its stack (I1).
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(super) gp: GRef,
    addr: usize,
    /// How it ended. Written by who takes it out, with the lock held, before the `goready` that
    /// publishes it; read by the owner after it has been readied, or under the lock.
    pub(super) state: Cell<WaiterState>,
    /// Set under the lock by an interrupt that came before the waiter was queued.
    pub(super) interrupted: Cell<bool>,

    up: Cell<Link>,
    left: Cell<Link>,
    right: Cell<Link>,
    /// The neighbours in the queue of its address.
    ahead: Cell<Link>,
    behind: Cell<Link>,
    /// The queue's last one; valid in the first one only.
    tail: Cell<Link>,
}

/// Where a waiter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WaiterState {
    /// Not in the tree.
    Out,
    /// In the tree.
    Queued,
    /// Woken, and to compete for the count again.
    Woken,
    /// Woken, and one unit of the count has been taken on its behalf.
    HandedOff,
    /// Taken out by its deadline or its context.
    Interrupted,
}

/// At which end of the queue of its address a waiter enters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Behind all others.
    Fifo,
    /// In front of all others: one that was woken before and lost the race.
    Lifo,
}

type Link = Option<Node>;

/// A waiter as the tree sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Node(NonNull<Waiter>);

impl Deref for Node {
    type Target = Waiter;
    fn deref(&self) -> &Waiter {
        // SAFETY: I1: nodes are met only while walking links under the lock (I2), and linked
        // waiters are alive.
        unsafe { self.0.as_ref() }
    }
}

/// The tree. Its owner is the root's lock.
#[derive(Debug)]
pub(crate) struct WaitTree {
    root: Link,
}

// SAFETY: the links lead to waiters of other threads, which I2 lets only the holder of the lock
// touch.
unsafe impl Send for WaitTree {}

impl Waiter {
    pub(crate) fn new(gp: GRef, addr: usize) -> Self {
        Waiter {
            gp,
            addr,
            state: Cell::new(WaiterState::Out),
            interrupted: Cell::new(false),
            up: Cell::new(None),
            left: Cell::new(None),
            right: Cell::new(None),
            ahead: Cell::new(None),
            behind: Cell::new(None),
            tail: Cell::new(None),
        }
    }

    /// Fibonacci hashing; the low bits of an address say little, the high bits of the product a
    /// lot.
    fn priority(&self) -> usize {
        self.addr.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize)
    }
}

impl WaitTree {
    pub(crate) const fn new() -> Self {
        WaitTree { root: None }
    }

    /// Puts `waiter` into the queue of its address.
    ///
    /// # Safety
    /// `waiter` is not queued, and stays where it is until `pop` or `remove` has taken it out (I1).
    pub(crate) unsafe fn push(&mut self, waiter: &Waiter, order: Order) {
        waiter.state.set(WaiterState::Queued);
        let new = Node(NonNull::from(waiter));
        match (self.find(waiter.addr), order) {
            (None, _) => self.insert_leaf(new),
            (Some(head), Order::Fifo) => {
                let last = head.tail.get().expect("a head knows its tail");
                last.behind.set(Some(new));
                new.ahead.set(Some(last));
                new.behind.set(None);
                head.tail.set(Some(new));
            }
            (Some(head), Order::Lifo) => {
                self.substitute(head, new);
                head.ahead.set(Some(new));
                new.ahead.set(None);
                new.behind.set(Some(head));
                new.tail.set(head.tail.get());
            }
        }
    }

    /// Takes the first waiter of `addr` out and sets its state to what `outcome` returns.
    pub(crate) fn pop(&mut self, addr: usize, outcome: impl FnOnce() -> WaiterState) -> Option<GRef> {
        let head = self.find(addr)?;
        self.take_head(head);
        head.state.set(outcome());
        Some(head.gp)
    }

    /// Takes this very waiter out; false when it is not queued (any more).
    pub(crate) fn remove(&mut self, waiter: &Waiter, outcome: WaiterState) -> bool {
        if waiter.state.get() != WaiterState::Queued {
            return false;
        }
        let node = Node(NonNull::from(waiter));
        match (waiter.ahead.get(), waiter.behind.get()) {
            (None, _) => self.take_head(node),
            (Some(ahead), Some(behind)) => {
                ahead.behind.set(Some(behind));
                behind.ahead.set(Some(ahead));
            }
            (Some(ahead), None) => {
                ahead.behind.set(None);
                self.find(waiter.addr).expect("a queue has a head").tail.set(Some(ahead));
            }
        }
        waiter.state.set(outcome);
        true
    }

    fn find(&self, addr: usize) -> Link {
        let mut at = self.root;
        while let Some(node) = at
            && node.addr != addr
        {
            at = if addr < node.addr { node.left.get() } else { node.right.get() };
        }
        at
    }

    /// The next in line takes the head's place in the tree, or the address leaves it.
    fn take_head(&mut self, head: Node) {
        match head.behind.get() {
            Some(next) => {
                self.substitute(head, next);
                next.ahead.set(None);
                next.tail.set(head.tail.get());
            }
            None => self.remove_from_tree(head),
        }
    }

    fn insert_leaf(&mut self, new: Node) {
        let (mut parent, mut at) = (None, self.root);
        while let Some(node) = at {
            parent = at;
            at = if new.addr < node.addr { node.left.get() } else { node.right.get() };
        }
        new.up.set(parent);
        new.left.set(None);
        new.right.set(None);
        new.ahead.set(None);
        new.behind.set(None);
        new.tail.set(Some(new));
        match parent {
            None => self.root = Some(new),
            Some(p) if new.addr < p.addr => p.left.set(Some(new)),
            Some(p) => p.right.set(Some(new)),
        }
        while let Some(p) = new.up.get()
            && p.priority() > new.priority()
        {
            self.rotate_up(p, new);
        }
    }

    /// Rotates `node` down until it is a leaf, and cuts it off.
    fn remove_from_tree(&mut self, node: Node) {
        loop {
            let lower = match (node.left.get(), node.right.get()) {
                (None, None) => break,
                (Some(only), None) | (None, Some(only)) => only,
                (Some(l), Some(r)) => {
                    if l.priority() < r.priority() {
                        l
                    } else {
                        r
                    }
                }
            };
            self.rotate_up(node, lower);
        }
        self.replace_child(node.up.get(), node, None);
    }

    /// Makes `child` the parent of `parent`, keeping the order of addresses.
    fn rotate_up(&mut self, parent: Node, child: Node) {
        let above = parent.up.get();
        let moved = if parent.left.get() == Some(child) {
            let moved = child.right.replace(Some(parent));
            parent.left.set(moved);
            moved
        } else {
            let moved = child.left.replace(Some(parent));
            parent.right.set(moved);
            moved
        };
        if let Some(moved) = moved {
            moved.up.set(Some(parent));
        }
        parent.up.set(Some(child));
        child.up.set(above);
        self.replace_child(above, parent, Some(child));
    }

    /// Puts `new` where `old` is in the tree.
    fn substitute(&mut self, old: Node, new: Node) {
        new.up.set(old.up.get());
        new.left.set(old.left.get());
        new.right.set(old.right.get());
        for child in [old.left.get(), old.right.get()].into_iter().flatten() {
            child.up.set(Some(new));
        }
        self.replace_child(old.up.get(), old, Some(new));
    }

    fn replace_child(&mut self, parent: Link, old: Node, new: Link) {
        match parent {
            None => self.root = new,
            Some(p) if p.left.get() == Some(old) => p.left.set(new),
            Some(p) => p.right.set(new),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, VecDeque};

    /// Checks parents, the order of addresses and the priorities; returns the number of addresses.
    fn check(tree: &WaitTree) -> usize {
        fn walk(at: Link, up: Link, low: usize, high: usize) -> usize {
            let Some(node) = at else { return 0 };
            assert!(node.up.get() == up, "parent link");
            assert!(low <= node.addr && node.addr <= high, "order of addresses");
            assert!(up.is_none_or(|p| p.priority() <= node.priority()), "heap order");
            1 + walk(node.left.get(), at, low, node.addr.wrapping_sub(1))
                + walk(node.right.get(), at, node.addr + 1, high)
        }
        walk(tree.root, None, 0, usize::MAX)
    }

    /// A long random run of push, pop and remove against a map of queues.
    #[test]
    fn behaves_as_a_map_of_queues() {
        let gp = crate::sched::g::getg();
        let waiters: Vec<Waiter> = (0..400).map(|i| Waiter::new(gp, 1000 + 8 * (i % 60))).collect();
        let (mut tree, mut model) = (WaitTree::new(), BTreeMap::<usize, VecDeque<usize>>::new());
        let mut seed = 12345_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (i, op) = ((seed >> 33) as usize % waiters.len(), (seed >> 20) % 4);
            let w = &waiters[i];
            let queue = model.entry(w.addr).or_default();
            match op {
                0 | 1 if w.state.get() != WaiterState::Queued => {
                    let order = if op == 0 { Order::Fifo } else { Order::Lifo };
                    // SAFETY: not queued; `waiters` outlives the tree's use.
                    unsafe { tree.push(w, order) };
                    if op == 0 { queue.push_back(i) } else { queue.push_front(i) }
                }
                2 => {
                    let expected = queue.pop_front();
                    assert_eq!(tree.pop(w.addr, || WaiterState::Woken).is_some(), expected.is_some());
                    if let Some(e) = expected {
                        assert_eq!(waiters[e].state.get(), WaiterState::Woken, "the first in line was taken");
                        waiters[e].state.set(WaiterState::Out);
                    }
                }
                3 => {
                    let at = queue.iter().position(|&q| q == i);
                    assert_eq!(tree.remove(w, WaiterState::Out), at.is_some());
                    at.map(|at| queue.remove(at));
                }
                _ => {}
            }
            assert_eq!(check(&tree), model.values().filter(|q| !q.is_empty()).count());
        }
    }
}
