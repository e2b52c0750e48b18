//! For the micro-benchmarks in `bench/benches/`: single parts of the scheduler that have no public
//! interface.

use crate::sched::g;
use crate::sched::runq::{Place, runqget, runqput};
use crate::sched::with_p;

/// Puts the calling goroutine onto the tail of its P's queue and takes it off again, `n` times. The
/// queue is empty before and after, and nobody else may look: for a runtime with one P and one
/// goroutine.
///
/// # Panics
/// Outside a goroutine, or if another goroutine was queued.
pub fn run_queue(n: usize) {
    let gp = g::current_goroutine().expect("run_queue is called in a goroutine");
    with_p(|p| {
        let p = p.expect("a goroutine whose P was not retaken");
        for _ in 0..n {
            runqput(p, gp, Place::Tail);
            let (got, _) = runqget(p).expect("it was put there");
            assert_eq!(got, gp, "another goroutine was queued");
        }
    });
}
