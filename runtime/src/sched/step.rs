//! What a step of the search for work found (schedule.rs).

use crate::sched::g::GRef;
use crate::sched::runq::Slice;

/// The result of a step of the search.
pub(super) enum Step {
    /// Run this.
    Found(GRef, Slice),
    /// Something changed: from the top.
    Again,
    /// Go on with the next step.
    Nothing,
    /// The thread ends.
    Retired,
}

impl Step {
    pub(super) fn of(found: Option<GRef>) -> Step {
        found.map_or(Step::Nothing, |gp| Step::Found(gp, Slice::Fresh))
    }

    #[inline(always)]
    pub(super) fn or_else(self, next: impl FnOnce() -> Step) -> Step {
        match self {
            Step::Nothing => next(),
            other => other,
        }
    }
}

/// What a P's own queues gave.
#[inline(always)]
pub(super) fn own(found: Option<(GRef, Slice)>) -> Step {
    found.map_or(Step::Nothing, |(gp, slice)| Step::Found(gp, slice))
}
