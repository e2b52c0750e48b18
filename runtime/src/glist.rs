//! Lists of goroutines linked through `schedlink`: a stack and a queue. Go: runtime/proc.go gList, gQueue.
//!
//! I1 A goroutine is on at most one list, and the list's owner is the only one who touches its `schedlink`.

use crate::g::GRef;

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

    /// The one that `pop` would give.
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
