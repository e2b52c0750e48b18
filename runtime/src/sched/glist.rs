//! Lists of goroutines linked through `schedlink`, and lists of such lists. Go: runtime/proc.go
//! gList.
//!
//! I1 A goroutine is on at most one list, and only the list's owner touches its `schedlink`.

use crate::sched::g::GRef;

/// A stack (last in, first out). Go: gList.
#[derive(Debug, Default)]
pub(crate) struct GList {
    head: Option<GRef>,
    len: usize,
}

impl GList {
    pub(crate) const fn new() -> Self {
        GList { head: None, len: 0 }
    }

    /// The goroutine that `pop` would return.
    pub(crate) fn first(&self) -> Option<GRef> {
        self.head
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, gp: GRef) {
        gp.set_schedlink(self.head);
        self.head = Some(gp);
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<GRef> {
        let gp = self.head?;
        self.head = gp.schedlink();
        self.len -= 1;
        Some(gp)
    }
}

impl Iterator for GList {
    type Item = GRef;
    fn next(&mut self) -> Option<GRef> {
        self.pop()
    }
}

/// The most goroutines in a batch.
pub(crate) const BATCH: usize = 64;

/// Goroutines in batches, so that many change hands under one lock without touching their records.
/// Last in, first out, by batches.
///
/// After J. Bonwick, J. Adams, "Magazines and Vmem" (USENIX 2001), where a full magazine is what a
/// CPU and the depot exchange.
#[derive(Debug, Default)]
pub(crate) struct Batches(Vec<GList>);

impl Batches {
    pub(crate) const fn new() -> Self {
        Batches(Vec::new())
    }

    pub(crate) fn push(&mut self, gp: GRef) {
        match self.0.last_mut() {
            Some(last) if last.len() < BATCH => last.push(gp),
            _ => {
                let mut batch = GList::new();
                batch.push(gp);
                self.0.push(batch);
            }
        }
    }

    /// Adds a batch that is not empty.
    pub(crate) fn push_batch(&mut self, batch: GList) {
        debug_assert!(!batch.is_empty() && batch.len() <= BATCH);
        self.0.push(batch);
    }

    pub(crate) fn pop(&mut self) -> Option<GRef> {
        let last = self.0.last_mut()?;
        let gp = last.pop();
        if last.is_empty() {
            self.0.pop();
        }
        gp
    }

    /// A batch that is not empty.
    pub(crate) fn pop_batch(&mut self) -> Option<GList> {
        self.0.pop()
    }
}

/// The records that a P keeps for reuse: two batches, so that alternating spawns and ends do not go
/// to the class each time. (Go's gfput: 64 at most; half of them go to the others when there are
/// more.)
#[derive(Debug, Default)]
pub(crate) struct GFree {
    /// From here they are taken and put.
    pub(crate) hot: GList,
    /// Full, or empty.
    pub(crate) spare: GList,
}
