//! One frame for all cases: 64 goroutines, each of which does the case's step and parks, again and
//! again, while threads and goroutines come and go.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use gopark::time::sleep;
use gopark::{Builder, go, gosched, is_pinned, offload};

const GOROUTINES: u64 = 64;
const WATCHERS: usize = 8;
/// Rounds after which every other goroutine ends, and another one takes its place, perhaps on
/// another thread.
const LIFE: u64 = 2048;

/// How a case runs.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// For how long.
    pub seconds: f64,
    /// Number of Ps.
    pub procs: usize,
    /// Pinned mode or Go's.
    pub pinned: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome {
    /// Steps done.
    pub rounds: u64,
    /// Steps with a wrong result.
    pub wrong: u64,
    /// Goroutines and threads that panicked.
    pub panics: u64,
}

impl Outcome {
    /// Whether nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.rounds > 0 && self.wrong == 0 && self.panics == 0
    }

    fn add(&mut self, one: thread::Result<Outcome>) {
        match one {
            Ok(one) => {
                self.rounds += one.rounds;
                self.wrong += one.wrong;
                self.panics += one.panics;
            }
            Err(_) => self.panics += 1,
        }
    }

    /// A check of the whole, after all steps.
    pub(crate) fn and(mut self, right: bool) -> Outcome {
        self.wrong += u64::from(!right);
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rounds, {} wrong, {} panics", self.rounds, self.wrong, self.panics)
    }
}

/// What a case does. A trait rather than a closure, so that `inline(always)` can be asked for: what
/// the compiler keeps over a park is seen only where it has inlined both.
pub(crate) trait Step: 'static {
    /// What all goroutines use.
    type Shared: Sync;

    /// The `n`th step of goroutine `i`. Returns whether the result was right; must not park.
    fn step(shared: &Self::Shared, i: u64, n: u64) -> bool;
}

/// Runs the steps for the plan's time.
pub(crate) fn hammer<S: Step>(plan: Plan, shared: &'static S::Shared) -> Outcome {
    let builder = Builder::new().procs(plan.procs).pinned(plan.pinned);
    // SAFETY: nothing bound to a thread lives across a call that parks. (In Go's mode that is not
    // enough; this program shows it.)
    unsafe {
        builder.run(move || {
            let until = Instant::now() + Duration::from_secs_f64(plan.seconds);
            let threads = thread::spawn(move || short_lived_threads::<S>(shared, until));
            let mut all: Vec<_> = (0..GOROUTINES).map(|i| go(move || place::<S>(shared, i, until))).collect();
            all.push(go(move || offloading::<S>(shared, until)));
            all.extend((0..WATCHERS).map(|_| go(move || watch(until))));
            let mut sum = Outcome::default();
            all.into_iter().for_each(|one| sum.add(one.join()));
            sum.add(threads.join());
            sum
        })
    }
}

/// Goroutine `i`, or for an odd `i` one after another.
fn place<S: Step>(shared: &'static S::Shared, i: u64, until: Instant) -> Outcome {
    let mut all = Outcome::default();
    while Instant::now() < until {
        all.add(go(move || goroutine::<S>(shared, i, until)).join());
    }
    all
}

/// What matters: the step and the parks in one loop, with as little else as can be, so that the
/// compiler may keep over a park what it can.
#[inline(always)]
fn goroutine<S: Step>(shared: &'static S::Shared, i: u64, until: Instant) -> Outcome {
    let (mut n, mut wrong) = (0, 0);
    loop {
        wrong += u64::from(!S::step(shared, i, n));
        if n.is_multiple_of(4) {
            sleep(Duration::from_micros(10))
        } else {
            gosched()
        }
        n += 1;
        if i == 0 && n.is_multiple_of(512) {
            // In Go's mode another thread takes the P.
            thread::sleep(Duration::from_millis(15));
        }
        if n.is_multiple_of(64) && (Instant::now() > until || (i % 2 == 1 && n >= LIFE)) {
            return Outcome { rounds: n, wrong, panics: 0 };
        }
    }
}

/// A goroutine whose steps are done by threads of the pool.
fn offloading<S: Step>(shared: &'static S::Shared, until: Instant) -> Outcome {
    let mut all = Outcome::default();
    while Instant::now() < until {
        all.wrong += u64::from(!offload(|| S::step(shared, GOROUTINES, all.rounds)));
        all.rounds += 1;
        sleep(Duration::from_millis(1));
    }
    all
}

/// In pinned mode a goroutine never changes its thread.
fn watch(until: Instant) -> Outcome {
    let mut all = Outcome::default();
    let thread = thread_number();
    while Instant::now() < until {
        sleep(Duration::from_micros(100));
        all.wrong += u64::from(is_pinned() && thread_number() != thread);
    }
    all
}

#[inline(never)]
fn thread_number() -> i32 {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::gettid() }
}

/// Threads that have nothing to do with the runtime: each does some steps and ends, and its
/// thread-locals with it.
fn short_lived_threads<S: Step>(shared: &'static S::Shared, until: Instant) -> Outcome {
    let mut all = Outcome::default();
    let mut i = GOROUTINES + 1;
    while Instant::now() < until {
        let one = thread::spawn(move || {
            let wrong = (0..64).map(|n| u64::from(!S::step(shared, i, n))).sum();
            Outcome { rounds: 64, wrong, panics: 0 }
        });
        all.add(one.join());
        i += 1;
        thread::sleep(Duration::from_millis(2));
    }
    all
}
