//! `Group`: one call of a function for all that ask for the same key at once. Go:
//! golang.org/x/sync/singleflight.
//!
//! I1 A call is in the map from before it runs until it has ended or was forgotten. Whoever shares
//!    it has said so under the map's lock, so once it is off the map nobody else will.
//! I2 The outcome of a shared call is set before its waiters are released.

use std::any::Any;
use std::collections::HashMap;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{Mutex, WaitGroup};

/// Runs one call of a function for all that ask for the same key at once. Go: singleflight.Group.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::singleflight::Group};
/// use std::sync::Arc;
///
/// let group = Arc::new(Group::new());
/// let callers: Vec<_> = (0..4)
///     .map(|_| {
///         let group = group.clone();
///         go(move || group.work("gopher", || "looked up".len()).0)
///     })
///     .collect();
/// for caller in callers {
///     assert_eq!(caller.join().unwrap(), 9);
/// }
/// # }) } }
/// ```
pub struct Group<K, V> {
    /// Calls that run. One of our own mutexes: a key's `Hash` and `Eq` are the user's.
    calls: Mutex<HashMap<Arc<K>, Arc<Call<V>>>>,
}

struct Call<V> {
    running: WaitGroup,
    /// Somebody else has asked for it (I1).
    shared: AtomicBool,
    outcome: Mutex<Option<Outcome<V>>>,
}

#[derive(Clone)]
enum Outcome<V> {
    Value(V),
    Panic(Message),
}

/// What a panic says, for those that did not run the function: its payload cannot be cloned.
#[derive(Clone)]
enum Message {
    Static(&'static str),
    Text(String),
}

impl<K: Eq + Hash, V: Clone> Group<K, V> {
    /// Runs `f` and returns its value, unless a call for the same key is running: then parks until
    /// that ends, and returns a clone of its value. The bool is true if the value went to more than
    /// one caller. Go: Group.Do.
    ///
    /// # Panics
    ///
    /// A panic of the function goes on in all of its callers.
    ///
    /// ```
    /// let group = gopark::sync::singleflight::Group::new();
    /// assert_eq!(group.work("key", || 1), (1, false));
    /// assert_eq!(group.work("key", || 2), (2, false)); // the first has ended
    /// ```
    #[doc(alias = "Do")]
    pub fn work(&self, key: K, f: impl FnOnce() -> V) -> (V, bool) {
        let mut calls = self.calls.lock();
        if let Some(call) = calls.get(&key) {
            let call = call.clone();
            call.shared.store(true, Relaxed);
            drop(calls);
            call.running.wait();
            return (call.value(), true);
        }
        let (key, call) = (Arc::new(key), Arc::new(Call::new()));
        calls.insert(key.clone(), call.clone());
        drop(calls);
        let result = catch_unwind(AssertUnwindSafe(f));
        self.take_off(&key, &call);
        let shared = call.shared.load(Relaxed);
        if shared {
            let outcome = Outcome::of(&result);
            *call.outcome.lock() = Some(outcome);
            call.running.done();
        }
        match result {
            Ok(value) => (value, shared),
            Err(payload) => resume_unwind(payload),
        }
    }

    /// Takes a call off the map, unless it was forgotten.
    fn take_off(&self, key: &K, call: &Arc<Call<V>>) {
        let mut calls = self.calls.lock();
        if calls.get(key).is_some_and(|current| Arc::ptr_eq(current, call)) {
            calls.remove(key);
        }
    }
}

impl<K: Eq + Hash, V> Group<K, V> {
    /// Makes a group without calls.
    ///
    /// ```
    /// let group = gopark::sync::singleflight::Group::new();
    /// assert_eq!(group.work(1, || "one").0, "one");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Group { calls: Mutex::new(HashMap::new()) }
    }

    /// Lets the next [`work`](Self::work) for this key run its function, even if a call is running.
    /// Go: Group.Forget.
    ///
    /// ```
    /// let group = gopark::sync::singleflight::Group::new();
    /// let outer = group.work("key", || {
    ///     group.forget(&"key");
    ///     group.work("key", || 1).0 + 1
    /// });
    /// assert_eq!(outer, (2, false));
    /// ```
    #[doc(alias = "Forget")]
    pub fn forget(&self, key: &K) {
        let forgotten = self.calls.lock().remove_entry(key);
        drop(forgotten); // without the lock: the key's destructor is the user's
    }
}

impl<V: Clone> Call<V> {
    fn new() -> Self {
        let running = WaitGroup::new();
        running.add(1);
        Call { running, shared: AtomicBool::new(false), outcome: Mutex::new(None) }
    }

    /// The value, once it has ended; or its panic.
    fn value(&self) -> V {
        let outcome = self.outcome.lock().clone();
        match outcome.expect("I2: set before the waiters are released") {
            Outcome::Value(value) => value,
            Outcome::Panic(Message::Static(message)) => resume_unwind(Box::new(message)),
            Outcome::Panic(Message::Text(message)) => resume_unwind(Box::new(message)),
        }
    }
}

impl<V: Clone> Outcome<V> {
    /// A clone that panics is a panic of the function, to those that wait.
    fn of(result: &std::thread::Result<V>) -> Outcome<V> {
        match result {
            Ok(value) => catch_unwind(AssertUnwindSafe(|| value.clone()))
                .map_or_else(|payload| Outcome::Panic(Message::of(&*payload)), Outcome::Value),
            Err(payload) => Outcome::Panic(Message::of(&**payload)),
        }
    }
}

impl Message {
    fn of(payload: &(dyn Any + Send)) -> Message {
        match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
            (Some(message), _) => Message::Static(message),
            (_, Some(message)) => Message::Text(message.clone()),
            _ => Message::Static("singleflight: the function panicked"),
        }
    }
}

impl<K: Eq + Hash, V> Default for Group<K, V> {
    fn default() -> Self {
        Group::new()
    }
}

impl<K, V> std::fmt::Debug for Group<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("running", &self.calls.lock().len()).finish_non_exhaustive()
    }
}
