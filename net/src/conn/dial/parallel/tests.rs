//! Go: net/dial_test.go TestDialParallel. Where Go's hook refuses or hangs, here ports are closed
//! and queues are full.

use super::super::Options;
use super::*;
use crate::addr::NetAddr;
use crate::addr::network::Network;
use crate::{Dialer, ListenConfig, Listener, listen};

const MS: Duration = Duration::from_millis(1);

/// An address of each kind in each family.
struct Addrs {
    good: [NetAddr; 2],
    refused: [NetAddr; 2],
    slow: [NetAddr; 2],
    _listeners: Vec<Listener>,
    _queued: Vec<Conn>,
}

/// An address by what it does and its family.
#[derive(Clone, Copy, Debug)]
enum To {
    Good4,
    Good6,
    Refused4,
    Refused6,
    Slow4,
    Slow6,
}
use To::*;

impl Addrs {
    fn new() -> Addrs {
        let mut listeners = Vec::new();
        let mut queued = Vec::new();
        let both = ["127.0.0.1:0", "[::1]:0"];
        let good = both.map(|addr| {
            listeners.push(listen("tcp", addr).unwrap());
            NetAddr::from(&listeners.last().expect("just pushed").addr())
        });
        let refused = both.map(|addr| NetAddr::from(&listen("tcp", addr).unwrap().addr()));
        let slow = both.map(|addr| {
            let full = ListenConfig { backlog: Some(0), ..Default::default() }.listen("tcp", addr).unwrap();
            let quick = Dialer { timeout: Some(50 * MS), ..Dialer::default() };
            while let Ok(c) = quick.dial("tcp", &full.addr().to_string()) {
                queued.push(c);
            }
            listeners.push(full);
            NetAddr::from(&listeners.last().expect("just pushed").addr())
        });
        Addrs { good, refused, slow, _listeners: listeners, _queued: queued }
    }

    fn list(&self, list: &[To]) -> Vec<NetAddr> {
        let addr = |to: &To| match to {
            Good4 => &self.good[0],
            Good6 => &self.good[1],
            Refused4 => &self.refused[0],
            Refused6 => &self.refused[1],
            Slow4 => &self.slow[0],
            Slow6 => &self.slow[1],
        };
        list.iter().map(|to| addr(to).clone()).collect()
    }
}

fn dialer() -> SysDialer {
    let network = Network::parse("tcp").unwrap();
    SysDialer { options: Options::default(), network, name: "tcp".into(), proto: 0, local: None }
}

fn in_runtime(test: impl FnOnce() + Send) {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark_runtime::run(test) }
}

#[test]
fn test_dial_parallel() {
    const FALLBACK_DELAY: Duration = Duration::from_millis(200);
    const INSTANT: Duration = Duration::ZERO;
    const FOREVER: Duration = Duration::from_secs(3600);
    in_runtime(|| {
        let addrs = Addrs::new();
        let many = [Good6; 1000];
        for (primaries, fallbacks, connects, at_least) in [
            // These just work on the first try.
            (&[Good4][..], &[][..], true, INSTANT),
            (&[Good6], &[], true, INSTANT),
            (&[Good4, Refused6], &[Slow6], true, INSTANT),
            (&[Good6, Refused4], &[Slow4], true, INSTANT),
            // The primary is slow; the fallback kicks in.
            (&[Slow4], &[Good6], true, FALLBACK_DELAY),
            // A refusal in the primary racer.
            (&[Refused4, Good6], &[], true, INSTANT),
            (&[Refused6, Good4], &[], true, INSTANT),
            // A refusal in the fallback racer.
            (&[Slow4, Slow6], &[Refused6, Good4], true, FALLBACK_DELAY),
            // The primary is refused: the fallback does not wait.
            (&[Refused4], &[Good6], true, INSTANT),
            (&[Refused6], &[Good4], true, INSTANT),
            // Everything is refused.
            (&[Refused4], &[], false, INSTANT),
            // Nothing to do.
            (&[], &[], false, INSTANT),
            // Tons of addresses.
            (&many, &[], true, INSTANT),
        ] {
            let delay = if at_least == INSTANT { FOREVER } else { FALLBACK_DELAY };
            let race = |ctx: &Context| {
                dialer().dial_parallel(ctx, addrs.list(primaries), addrs.list(fallbacks), delay)
            };
            let start = Instant::now();
            let result = race(&Context::background());
            let elapsed = start.elapsed();
            assert_eq!(result.is_ok(), connects, "{primaries:?} {fallbacks:?}: {result:?}");
            assert!(elapsed >= at_least && elapsed < FOREVER, "{primaries:?} {fallbacks:?}: {elapsed:?}");
            // Each can be cancelled, whatever comes of it.
            let (ctx, cancel) = Context::background().with_cancel();
            let canceller = go(move || {
                gopark_runtime::time::sleep(5 * MS);
                cancel();
            });
            let _ = race(&ctx);
            canceller.join().unwrap();
        }
    });
}

/// If both families fail, the error is the first one's.
#[test]
fn the_primary_error_counts() {
    in_runtime(|| {
        let addrs = Addrs::new();
        let (primary, fallback) = (addrs.list(&[Refused4]), addrs.list(&[Refused6]));
        let expected = format!("dial tcp {}: connect: connection refused", primary[0]);
        let e = dialer().dial_parallel(&Context::background(), primary, fallback, MS).unwrap_err();
        assert_eq!(e.to_string(), expected);
        let e = dialer().dial_parallel(&Context::background(), vec![], vec![], MS).unwrap_err();
        assert_eq!(e.to_string(), "dial tcp: missing address");
    });
}
