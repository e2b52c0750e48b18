//! What a loom model runs on: a goroutine is a loom thread with a note. It stands in for `sched`.

use g::{GRef, WaitReason};

pub(crate) mod g {
    use super::Record;
    pub(crate) use crate::words::wait_reason::WaitReason;

    /// A model's record, alive as long as the model's process.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct GRef(pub(super) *const Record);
    // SAFETY: records are leaked, and their fields are loom's.
    unsafe impl Send for GRef {}
    // SAFETY: as above.
    unsafe impl Sync for GRef {}

    #[allow(dead_code)]
    impl GRef {
        pub(crate) fn as_usize(self) -> usize {
            self.0 as usize
        }
        /// # Safety
        /// The address came from `as_usize`.
        pub(crate) unsafe fn from_usize(addr: usize) -> GRef {
            GRef(addr as *const Record)
        }
        pub(crate) fn schedlink(self) -> Option<GRef> {
            self.schedlink.get()
        }
        pub(crate) fn set_schedlink(self, next: Option<GRef>) {
            self.schedlink.set(next);
        }
    }

    impl std::ops::Deref for GRef {
        type Target = Record;
        fn deref(&self) -> &Record {
            // SAFETY: records are leaked.
            unsafe { &*self.0 }
        }
    }

    /// The calling loom thread's record.
    #[allow(dead_code)]
    pub(crate) fn getg() -> GRef {
        super::record()
    }
}

/// A loom thread's record.
#[derive(Debug)]
#[repr(align(64))]
#[allow(dead_code)]
pub(crate) struct Record {
    pub(crate) select_done: loom::sync::atomic::AtomicU32,
    /// Owned by the list that the record is on.
    pub(crate) schedlink: std::cell::Cell<Option<g::GRef>>,
    note: crate::words::note::Note,
}

loom::thread_local! {
    static RECORD: g::GRef = g::GRef(Box::leak(Box::new(Record {
        select_done: loom::sync::atomic::AtomicU32::new(0),
        schedlink: std::cell::Cell::new(None),
        note: crate::words::note::Note::new(),
    })));
}

fn record() -> g::GRef {
    RECORD.with(|r| *r)
}

pub(crate) fn gopark<C: FnOnce(GRef) -> bool>(_reason: WaitReason, commit: C) {
    let gp = record();
    gp.note.clear();
    if commit(gp) {
        gp.note.sleep();
    }
}

pub(crate) fn goready(gp: GRef) {
    gp.note.wakeup();
}

pub(crate) fn goyield() {
    loom::thread::yield_now();
}

#[allow(dead_code)]
pub(crate) fn gosched() {
    loom::thread::yield_now();
}
