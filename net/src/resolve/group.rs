//! One lookup for all callers that want the same name at the same time.
//!
//! Go: internal/singleflight, net/lookup.go `lookupIPAddr`.
//!
//! I1 The lookup runs in its own goroutine and outlives a caller whose context ends, as long as
//!    another one waits.
//! I2 It has the values of the first caller's context, for a resolver that dials.
//! I3 A call is in the table from its start until it is finished or forgotten; nobody joins it
//!    afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use gopark_runtime::chan::{Receiver, Sender, bounded};
use gopark_runtime::context::{CancelFn, Context};
use gopark_runtime::{go, select};
use parking_lot::Mutex;

use super::Resolver;
use super::failure::Failure;
use super::rfc6724::IpZone;
use crate::error::DnsError;

type Outcome = Result<Vec<IpZone>, DnsError>;

/// Guard never held over a park.
static CALLS: Mutex<BTreeMap<Key, Arc<Call>>> = Mutex::new(BTreeMap::new());

/// Lookups that would give the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    network: String,
    host: String,
    servers: Vec<String>,
    strict_errors: bool,
    prefer_go: bool,
    /// Which dial function: its address.
    dial: usize,
}

struct Call {
    /// Set before `done` is closed, unless a user's function that dials panicked.
    outcome: OnceLock<Outcome>,
    done: Receiver<()>,
    cancel: CancelFn,
}

/// The addresses of a name.
pub(super) fn lookup(resolver: &Resolver, ctx: &Context, network: &str, host: &str) -> Outcome {
    let key = Key {
        network: network.to_owned(),
        host: host.to_owned(),
        servers: resolver.servers.clone(),
        strict_errors: resolver.strict_errors,
        prefer_go: resolver.prefer_go,
        dial: resolver.dial.as_ref().map_or(0, |dial| Arc::as_ptr(dial).cast::<()>() as usize),
    };
    let call = join_or_start(resolver, ctx, &key);
    let ended = ctx.done();
    select! {
        recv(call.done) -> _ => call.outcome.get().expect("the look-up did not panic").clone(),
        recv(ended) -> _ => {
            forget_unshared(&key, &call);
            let ended = ctx.err().expect("its channel was closed");
            Err(Failure::Context(ended).into_dns_error(host, ""))
        }
    }
}

fn join_or_start(resolver: &Resolver, ctx: &Context, key: &Key) -> Arc<Call> {
    let mut calls = CALLS.lock();
    if let Some(call) = calls.get(key) {
        return call.clone();
    }
    let (finished, done) = bounded(0);
    let (ctx, cancel) = ctx.without_cancel().with_cancel();
    let call = Arc::new(Call { outcome: OnceLock::new(), done, cancel });
    calls.insert(key.clone(), call.clone());
    drop(calls);
    let resolver = resolver.clone();
    let running = Running { key: key.clone(), call: call.clone(), finished };
    go(move || running.run(&resolver, &ctx));
    call
}

/// The call's goroutine. It leaves the table however it ends.
struct Running {
    key: Key,
    call: Arc<Call>,
    finished: Sender<()>,
}

impl Running {
    fn run(self, resolver: &Resolver, ctx: &Context) {
        let outcome = resolver.lookup_ip_by_name(ctx, &self.key.network, &self.key.host);
        self.call.outcome.set(outcome).expect("only the call's goroutine sets it");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        forget(&self.key, &self.call);
        self.finished.close();
        (self.call.cancel)();
    }
}

fn forget(key: &Key, call: &Arc<Call>) {
    let mut calls = CALLS.lock();
    if calls.get(key).is_some_and(|known| Arc::ptr_eq(known, call)) {
        calls.remove(key);
    }
}

/// The caller gives up; if nobody else waits (the table, the goroutine and the caller hold the
/// call), so does the lookup.
fn forget_unshared(key: &Key, call: &Arc<Call>) {
    let mut calls = CALLS.lock();
    let ours = calls.get(key).is_some_and(|known| Arc::ptr_eq(known, call));
    if ours && Arc::strong_count(call) <= 3 {
        calls.remove(key);
        drop(calls);
        (call.cancel)();
    }
}
