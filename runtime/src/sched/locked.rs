//! Ms whose goroutine is locked to them: each waits until its goroutine may run. Go: runtime/proc.go
//! stoplockedm, startlockedm.

use std::sync::atomic::Ordering::Acquire;

use super::wake::{acquire_nextp, handoffp, incidlelocked, mpark, releasep};
use crate::sched::g::GRef;
use crate::sched::m::{M, Start};

/// An M whose goroutine is locked to it waits until that goroutine may run. Go: stoplockedm.
pub(crate) fn stoplockedm(m: &'static M) {
    if m.p().is_some() {
        handoffp(releasep(m));
    }
    incidlelocked(1);
    mpark(m);
    acquire_nextp(m);
}

/// Hands this M's P to the M that the goroutine is locked to. Go: startlockedm.
pub(crate) fn startlockedm(m: &'static M, gp: GRef) {
    // ORDERING: Acquire pairs with the goroutine's own store before it could be queued.
    let locked = gp.lockedm.load(Acquire);
    // SAFETY: Ms are never freed (m.rs I1); the caller has seen that it is not null.
    let locked: &'static M = unsafe { &*locked };
    incidlelocked(-1);
    let p = releasep(m);
    locked.set_nextp(p, Start::Plain);
    locked.park.wakeup();
}
