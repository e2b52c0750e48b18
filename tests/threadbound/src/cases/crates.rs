//! Crates with a generator, a cache or a stack for each thread.

use std::io;
use std::sync::LazyLock;

use prometheus::{Histogram, HistogramOpts, IntCounter};
use rand::RngExt;
use regex::Regex;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt, registry::LookupSpan};
use uuid::{Uuid, Version};

use crate::hammer::{Outcome, Plan, Step, hammer};

/// An `Rc` from a thread-local, inside one expression.
pub(super) fn rand(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, _: u64, n: u64) -> bool {
            let a: u64 = rand::random();
            let b = rand::rng().random_range(0..10u32);
            b < 10 && (a != 0 || n > 0)
        }
    }
    hammer::<Case>(plan, &())
}

pub(super) fn fastrand(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, _: u64, _: u64) -> bool {
            fastrand::u64(10..20) / 10 == 1
        }
    }
    hammer::<Case>(plan, &())
}

pub(super) fn uuid(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, _: u64, _: u64) -> bool {
            let (random, timed) = (Uuid::new_v4(), Uuid::now_v7());
            random.get_version() == Some(Version::Random)
                && timed.get_version() == Some(Version::SortRand)
                && random != Uuid::new_v4()
                && timed < Uuid::now_v7()
        }
    }
    hammer::<Case>(plan, &())
}

/// Its pool of caches knows the thread that came first.
pub(super) fn regex(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, i: u64, n: u64) -> bool {
            let text = format!("key{i}={n}");
            PATTERN.captures(&text).is_some_and(|c| c["value"].parse() == Ok(n) && c["key"].len() > 3)
        }
    }
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?<key>\w+)=(?<value>\d+)$").expect("a valid pattern"));
    hammer::<Case>(plan, &())
}

pub(super) fn prometheus(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, i: u64, n: u64) -> bool {
            STEPS.inc();
            SIZES.observe((i ^ n) as f64);
            !n.is_multiple_of(64) || SIZES.get_sample_count() > 0
        }
    }
    static STEPS: LazyLock<IntCounter> =
        LazyLock::new(|| IntCounter::new("steps", "steps done").expect("a valid name"));
    static SIZES: LazyLock<Histogram> = LazyLock::new(|| {
        Histogram::with_opts(HistogramOpts::new("sizes", "sizes seen")).expect("a valid name")
    });
    let done = hammer::<Case>(plan, &());
    let counted = STEPS.get();
    done.and(counted >= done.rounds && SIZES.get_sample_count() == counted)
}

/// Counts events that are not in the span of their own step.
struct InItsSpan;

static ASTRAY: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for InItsSpan {
    fn on_event(&self, event: &tracing::Event<'_>, context: tracing_subscriber::layer::Context<'_, S>) {
        let depth = context.event_scope(event).map_or(0, |scope| scope.count());
        if depth != 1 {
            // Relaxed: a count.
            ASTRAY.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// The span is left before the park.
pub(super) fn tracing(plan: Plan) -> Outcome {
    struct Case;
    impl Step for Case {
        type Shared = ();
        #[inline(always)]
        fn step(_: &Self::Shared, i: u64, n: u64) -> bool {
            tracing::info_span!("step", i, n).in_scope(|| tracing::info!(i, n, "in it"));
            true
        }
    }
    let subscriber = Registry::default().with(fmt::layer().with_writer(io::sink)).with(InItsSpan);
    tracing::subscriber::set_global_default(subscriber).expect("the first");
    let done = hammer::<Case>(plan, &());
    done.and(ASTRAY.load(std::sync::atomic::Ordering::Relaxed) == 0)
}
