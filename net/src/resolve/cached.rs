//! A parsed configuration file that is looked at again now and then.
//!
//! Go: net/dnsclient_unix.go `resolverConfig.tryUpdate`, net/nss.go `nsswitchConfig.tryUpdate`.
//!
//! I1 The first caller reads; the others wait for it. Later one caller in 5 s looks whether the
//!    file changed, and nobody waits for that one.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::sync::{Mutex, RwLock};

const MAX_AGE: Duration = Duration::from_secs(5);

/// What a file holds.
pub(super) trait Parsed {
    fn read(path: &str) -> Self;

    /// Whether this is still what the file says.
    fn is_fresh(&self, path: &str) -> bool;
}

pub(super) struct Cached<T> {
    path: Cow<'static, str>,
    /// Held while reading the file for the first time or looking whether it changed. `None`: never
    /// read.
    last_checked: Mutex<Option<Instant>>,
    value: RwLock<Option<Arc<T>>>,
}

impl<T: Parsed> Cached<T> {
    pub(super) const fn new(path: Cow<'static, str>) -> Cached<T> {
        Cached { path, last_checked: Mutex::new(None), value: RwLock::new(None) }
    }

    /// What the file says, or said less than 5 s ago.
    #[doc(alias = "tryUpdate")]
    pub(super) fn get(&self) -> Arc<T> {
        let known = self.value.read().clone();
        match known {
            None => self.first(),
            Some(old) => self.update(old),
        }
    }

    fn first(&self) -> Arc<T> {
        let mut last_checked = self.last_checked.lock();
        if let Some(value) = &*self.value.read() {
            return value.clone();
        }
        *last_checked = Some(Instant::now());
        self.read()
    }

    fn update(&self, old: Arc<T>) -> Arc<T> {
        let Some(mut last_checked) = self.last_checked.try_lock() else { return old };
        let now = Instant::now();
        if last_checked.is_some_and(|then| now < then + MAX_AGE) {
            return old;
        }
        *last_checked = Some(now);
        if old.is_fresh(&self.path) { old } else { self.read() }
    }

    fn read(&self) -> Arc<T> {
        let value = Arc::new(T::read(&self.path));
        *self.value.write() = Some(value.clone());
        value
    }

    /// The next caller looks at the file, as if 5 s had passed.
    #[cfg(test)]
    pub(super) fn grow_old(&self) {
        let mut last_checked = self.last_checked.lock();
        *last_checked = last_checked.and_then(|then| then.checked_sub(MAX_AGE));
    }
}
