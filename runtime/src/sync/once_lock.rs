//! Cells that are written once. Model: std::sync::{OnceLock, LazyLock}.
//!
//! I1 The value is written only within the Once's call, which then completes: a completed Once
//!    publishes the value.

use std::cell::{Cell, UnsafeCell};
use std::convert::Infallible;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::once::Once;

/// A cell that is written once. Model: [`std::sync::OnceLock`].
///
/// Unlike std's, the initialiser may park, and the other callers park until it has returned.
///
/// ```
/// use gopark::sync::OnceLock;
///
/// static NAME: OnceLock<String> = OnceLock::new();
/// assert_eq!(NAME.get(), None);
/// assert_eq!(NAME.get_or_init(|| "gopark".to_string()), "gopark");
/// assert_eq!(NAME.set("late".to_string()), Err("late".to_string()));
/// ```
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: sharing lets another thread write the value (so Send) and read it (so Sync).
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}
// SAFETY: it owns a T.
unsafe impl<T: Send> Send for OnceLock<T> {}
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// Makes an empty cell.
    ///
    /// ```
    /// let cell = gopark::sync::OnceLock::<i32>::new();
    /// assert!(cell.get().is_none());
    /// ```
    #[must_use]
    pub const fn new() -> OnceLock<T> {
        OnceLock { once: Once::new(), value: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Returns the value, if there is one. Never parks.
    ///
    /// ```
    /// let cell = gopark::sync::OnceLock::from(3);
    /// assert_eq!(cell.get(), Some(&3));
    /// ```
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: I1.
        self.once.is_completed().then(|| unsafe { (*self.value.get()).assume_init_ref() })
    }

    /// Returns the value, if there is one, for changing it.
    ///
    /// ```
    /// let mut cell = gopark::sync::OnceLock::from(3);
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.get(), Some(&4));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: I1, and nobody else has a reference.
        self.once.is_completed().then(|| unsafe { self.value.get_mut().assume_init_mut() })
    }

    /// Parks until there is a value, and returns it.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// static VALUE: gopark::sync::OnceLock<i32> = gopark::sync::OnceLock::new();
    /// gopark::go(|| VALUE.set(92));
    /// assert_eq!(*VALUE.wait(), 92);
    /// # }) } }
    /// ```
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        self.get().expect("the Once is completed")
    }

    /// Sets the value unless there is one. Parks while another call initialises.
    ///
    /// # Errors
    ///
    /// Returns `value` if the cell already has one.
    ///
    /// ```
    /// let cell = gopark::sync::OnceLock::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(2));
    /// ```
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("an initialiser runs once"));
        value.map_or(Ok(()), Err)
    }

    /// Returns the value, made by `f` if there is none. Other callers park while `f` runs.
    ///
    /// # Panics
    ///
    /// If `f` does; the cell then stays empty. Initialising the cell within `f` is a deadlock.
    ///
    /// ```
    /// let cell = gopark::sync::OnceLock::new();
    /// assert_eq!(cell.get_or_init(|| 1), &1);
    /// assert_eq!(cell.get_or_init(|| unreachable!()), &1);
    /// ```
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(|| Ok::<T, Infallible>(f())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Like [`get_or_init`](Self::get_or_init), but `f` may fail; the cell then stays empty.
    ///
    /// # Errors
    ///
    /// The error that `f` returned.
    ///
    /// ```
    /// let cell = gopark::sync::OnceLock::new();
    /// assert!(cell.get_or_try_init(|| "x".parse::<i32>()).is_err());
    /// assert_eq!(cell.get_or_try_init(|| "7".parse::<i32>()), Ok(&7));
    /// ```
    #[inline]
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let mut failed = None;
        self.once.call_once_or_not(|state| match f() {
            Ok(value) => {
                // SAFETY: I1: within the call nobody else touches the value.
                unsafe { (*self.value.get()).write(value) };
            }
            Err(e) => {
                failed = Some(e);
                state.stay_incomplete();
            }
        });
        match failed {
            None => Ok(self.get().expect("the Once is completed")),
            Some(e) => Err(e),
        }
    }

    /// Takes the value out and leaves the cell empty.
    ///
    /// ```
    /// let mut cell = gopark::sync::OnceLock::from(5);
    /// assert_eq!((cell.take(), cell.take()), (Some(5), None));
    /// ```
    pub fn take(&mut self) -> Option<T> {
        if !self.once.is_completed() {
            return None;
        }
        self.once = Once::new();
        // SAFETY: I1; with the fresh Once the cell counts as empty, so nobody reads the value a
        // second time.
        Some(unsafe { self.value.get_mut().assume_init_read() })
    }

    /// Turns the cell into its value.
    ///
    /// ```
    /// assert_eq!(gopark::sync::OnceLock::from(5).into_inner(), Some(5));
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let cell = OnceLock::new();
        assert!(cell.set(value).is_ok(), "a new cell is empty");
        cell
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.get().map_or_else(OnceLock::new, |value| OnceLock::from(value.clone()))
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: std::fmt::Debug> std::fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut d = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => d.field(value),
            None => d.field(&format_args!("<uninit>")),
        };
        d.finish()
    }
}

/// A value made on first use. Model: [`std::sync::LazyLock`]; Go: sync.OnceValue.
///
/// ```
/// use gopark::sync::LazyLock;
///
/// static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| "a b c".split(' ').collect());
/// assert_eq!(WORDS.len(), 3);
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    cell: OnceLock<T>,
    /// Taken only while the cell is being initialised.
    init: Cell<Option<F>>,
}

// SAFETY: `init` is touched only by the one call that initialises the cell; it moves there, so
// Send.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}
impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Makes a value that `f` computes on first use.
    ///
    /// ```
    /// let lazy = gopark::sync::LazyLock::new(|| 3);
    /// assert_eq!(*lazy, 3);
    /// ```
    pub const fn new(f: F) -> Self {
        LazyLock { cell: OnceLock::new(), init: Cell::new(Some(f)) }
    }

    /// Computes the value if that has not happened yet, and returns it; the same as `&*this`.
    ///
    /// # Panics
    ///
    /// If the function does, and from then on in every call.
    ///
    /// ```
    /// use gopark::sync::LazyLock;
    ///
    /// let lazy = LazyLock::new(|| 3);
    /// assert_eq!(LazyLock::force(&lazy), &3);
    /// ```
    #[inline]
    pub fn force(this: &Self) -> &T {
        this.cell.get_or_init(|| match this.init.take() {
            Some(f) => f(),
            None => panic!("LazyLock instance has previously been poisoned"),
        })
    }
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Like [`force`](Self::force), for changing the value.
    ///
    /// # Panics
    ///
    /// If the function does, and from then on in every call.
    ///
    /// ```
    /// use gopark::sync::LazyLock;
    ///
    /// let mut lazy = LazyLock::new(|| 3);
    /// *LazyLock::force_mut(&mut lazy) += 1;
    /// assert_eq!(*lazy, 4);
    /// ```
    pub fn force_mut(this: &mut Self) -> &mut T {
        LazyLock::force(this);
        this.cell.get_mut().expect("forced above")
    }
}

impl<T, F> LazyLock<T, F> {
    /// Returns the value, if it has been computed.
    ///
    /// ```
    /// use gopark::sync::LazyLock;
    ///
    /// let lazy = LazyLock::new(|| 3);
    /// assert_eq!(LazyLock::get(&lazy), None);
    /// assert_eq!(*lazy, 3);
    /// assert_eq!(LazyLock::get(&lazy), Some(&3));
    /// ```
    pub fn get(this: &Self) -> Option<&T> {
        this.cell.get()
    }

    /// Returns the value, if it has been computed, for changing it.
    ///
    /// ```
    /// use gopark::sync::LazyLock;
    ///
    /// let mut lazy = LazyLock::new(|| 3);
    /// assert_eq!(LazyLock::get_mut(&mut lazy), None);
    /// LazyLock::force(&lazy);
    /// *LazyLock::get_mut(&mut lazy).unwrap() += 1;
    /// assert_eq!(*lazy, 4);
    /// ```
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.cell.get_mut()
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T: std::fmt::Debug, F> std::fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut d = f.debug_tuple("LazyLock");
        match self.cell.get() {
            Some(value) => d.field(value),
            None => d.field(&format_args!("<uninit>")),
        };
        d.finish()
    }
}
