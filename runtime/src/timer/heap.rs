//! A 4-ary min-heap of (when, what). Go: runtime/time.go timerWhen, siftUp, siftDown, initHeap.
//!
//! The order key lies in the entry, not behind the pointer, so that moving entries touches no
//! timer.
//!
//! I1 For each i > 0: `entries[(i - 1) / 4].when <= entries[i].when`, except between
//!    [`Heap::entries_mut`] and the [`Heap::init`] that must follow a change made through it.

/// Children of a node. Go: timerHeapN.
const ARITY: usize = 4;

/// What is due when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<T> {
    /// When, as far as the heap knows.
    pub(crate) when: i64,
    /// The timer.
    pub(crate) what: T,
}

/// The heap; whoever owns it synchronises.
#[derive(Debug)]
pub(crate) struct Heap<T> {
    entries: Vec<Entry<T>>,
}

impl<T: Copy> Heap<T> {
    pub(crate) const fn new() -> Heap<T> {
        Heap { entries: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The earliest.
    #[inline]
    pub(crate) fn first(&self) -> Option<Entry<T>> {
        self.entries.first().copied()
    }

    /// The entry in the last place, which can be removed without moving others.
    #[inline]
    pub(crate) fn last(&self) -> Option<Entry<T>> {
        self.entries.last().copied()
    }

    /// Adds; true if it is the new first.
    #[inline]
    pub(crate) fn push(&mut self, when: i64, what: T) -> bool {
        self.entries.push(Entry { when, what });
        self.sift_up(self.entries.len() - 1) == 0
    }

    /// Removes the entry in the last place.
    #[inline]
    pub(crate) fn remove_last(&mut self) {
        self.entries.pop();
    }

    /// Removes the first.
    #[doc(alias = "deleteMin")]
    pub(crate) fn remove_first(&mut self) {
        if !self.entries.is_empty() {
            self.entries.swap_remove(0);
            self.sift_down(0);
        }
    }

    /// Gives the first another time.
    pub(crate) fn reschedule_first(&mut self, when: i64) {
        if let Some(first) = self.entries.first_mut() {
            first.when = when;
            self.sift_down(0);
        }
    }

    /// All entries, to be changed or removed at will; then `init` (I1).
    pub(crate) fn entries_mut(&mut self) -> &mut Vec<Entry<T>> {
        &mut self.entries
    }

    /// Restores I1 in O(n).
    #[doc(alias = "initHeap")]
    pub(crate) fn init(&mut self) {
        if self.entries.len() > 1 {
            // The last that can need sifting is the parent of the last entry.
            for i in (0..=(self.entries.len() - 2) / ARITY).rev() {
                self.sift_down(i);
            }
        }
    }

    /// Moves the entry at `i` towards the root; returns its place.
    #[doc(alias = "siftUp")]
    #[inline]
    fn sift_up(&mut self, mut i: usize) -> usize {
        let entry = self.entries[i];
        while i > 0 {
            let parent = (i - 1) / ARITY;
            if entry.when >= self.entries[parent].when {
                break;
            }
            self.entries[i] = self.entries[parent];
            i = parent;
        }
        self.entries[i] = entry;
        i
    }

    /// Moves the entry at `i`, if there is one, towards the leaves.
    #[doc(alias = "siftDown")]
    fn sift_down(&mut self, mut i: usize) {
        let entries = &mut self.entries[..];
        let Some(&entry) = entries.get(i) else { return };
        loop {
            let first_child = i * ARITY + 1;
            let mut least = entry.when;
            let mut least_at = i;
            for (child, at) in entries.iter().skip(first_child).take(ARITY).zip(first_child..) {
                if child.when < least {
                    least = child.when;
                    least_at = at;
                }
            }
            if least_at == i {
                break;
            }
            entries[i] = entries[least_at];
            i = least_at;
        }
        entries[i] = entry;
    }

    /// I1, checked.
    #[cfg(test)]
    pub(crate) fn verify(&self) {
        for i in 1..self.entries.len() {
            assert!(self.entries[(i - 1) / ARITY].when <= self.entries[i].when, "heap order broken at {i}");
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Heap;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Op {
        Push(i64),
        RemoveFirst,
        RemoveLast,
        RescheduleFirst(i64),
        RewriteAll(i64),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (1..50i64).prop_map(Op::Push),
            2 => Just(Op::RemoveFirst),
            1 => Just(Op::RemoveLast),
            2 => (1..50i64).prop_map(Op::RescheduleFirst),
            1 => (1..50i64).prop_map(Op::RewriteAll),
        ]
    }

    proptest! {
        /// Against a plain list of (when, id).
        #[test]
        fn heap_against_model(ops in prop::collection::vec(op(), 1..200)) {
            let mut heap = Heap::new();
            let mut model: Vec<(i64, usize)> = Vec::new();
            for (id, op) in ops.into_iter().enumerate() {
                let at = |model: &[(i64, usize)], what| model.iter().position(|&(_, id)| id == what);
                match op {
                    Op::Push(when) => {
                        let earliest = model.iter().all(|&(w, _)| when < w);
                        prop_assert_eq!(heap.push(when, id), earliest);
                        model.push((when, id));
                    }
                    Op::RemoveFirst => {
                        if let Some(first) = heap.first() {
                            model.remove(at(&model, first.what).expect("the heap holds what was pushed"));
                        }
                        heap.remove_first();
                    }
                    Op::RemoveLast => {
                        if let Some(last) = heap.last() {
                            model.remove(at(&model, last.what).expect("the heap holds what was pushed"));
                        }
                        heap.remove_last();
                    }
                    Op::RescheduleFirst(when) => {
                        if let Some(first) = heap.first() {
                            let i = at(&model, first.what).expect("the heap holds what was pushed");
                            model[i].0 = when;
                        }
                        heap.reschedule_first(when);
                    }
                    Op::RewriteAll(by) => {
                        for entry in heap.entries_mut() {
                            entry.when = entry.when * by % 53 + 1;
                        }
                        heap.init();
                        for (when, _) in &mut model {
                            *when = *when * by % 53 + 1;
                        }
                    }
                }
                heap.verify();
                prop_assert_eq!(heap.len(), model.len());
                prop_assert_eq!(heap.is_empty(), model.is_empty());
                prop_assert_eq!(heap.first().map(|e| e.when), model.iter().map(|m| m.0).min());
            }
            let mut drained = Vec::new();
            while let Some(first) = heap.first() {
                drained.push((first.when, first.what));
                heap.remove_first();
            }
            prop_assert!(drained.is_sorted_by_key(|d| d.0));
            drained.sort_unstable();
            model.sort_unstable();
            prop_assert_eq!(drained, model);
        }
    }
}
