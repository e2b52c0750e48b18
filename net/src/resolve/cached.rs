//! A parsed configuration file that is looked at again now and then.
//!
//! Go: net/dnsclient_unix.go `resolverConfig.tryUpdate`, net/nss.go `nsswitchConfig.tryUpdate`.
//!
//! I1 The first caller reads; the others wait for it. Later one caller in 5 s looks whether the file changed, and nobody
//!    waits for that one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::sync::{Mutex, RwLock};

const MAX_AGE: Duration = Duration::from_secs(5);

pub(super) struct Cached<T> {
    /// Held while reading the file for the first time or looking whether it changed. `None`: never read.
    last_checked: Mutex<Option<Instant>>,
    value: RwLock<Option<Arc<T>>>,
}

impl<T> Cached<T> {
    pub(super) const fn new() -> Cached<T> {
        Cached { last_checked: Mutex::new(None), value: RwLock::new(None) }
    }

    /// What the file says; `read` parses it, `fresh` says that an old value still stands.
    pub(super) fn get(&self, read: impl Fn() -> T, fresh: impl FnOnce(&T) -> bool) -> Arc<T> {
        let known = self.value.read().clone();
        match known {
            None => self.first(read),
            Some(old) => self.update(old, read, fresh),
        }
    }

    fn first(&self, read: impl Fn() -> T) -> Arc<T> {
        let mut last_checked = self.last_checked.lock();
        if let Some(value) = &*self.value.read() {
            return value.clone();
        }
        let value = Arc::new(read());
        *self.value.write() = Some(value.clone());
        *last_checked = Some(Instant::now());
        value
    }

    fn update(&self, old: Arc<T>, read: impl Fn() -> T, fresh: impl FnOnce(&T) -> bool) -> Arc<T> {
        let Some(mut last_checked) = self.last_checked.try_lock() else { return old };
        let now = Instant::now();
        if last_checked.is_some_and(|then| now < then + MAX_AGE) {
            return old;
        }
        *last_checked = Some(now);
        if fresh(&old) {
            return old;
        }
        let value = Arc::new(read());
        *self.value.write() = Some(value.clone());
        value
    }
}
