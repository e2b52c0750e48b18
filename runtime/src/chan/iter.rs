//! Receivers as iterators. Model: crossbeam-channel's `Iter`, `TryIter`, `IntoIter`.

use std::fmt;
use std::iter::FusedIterator;

use super::receiver::Receiver;

/// Iterator over a channel's messages until it is empty and either closed or without senders; made
/// by [`Receiver::iter`].
///
/// ```
/// let (s, r) = gopark::chan::unbounded();
/// s.send(1).unwrap();
/// drop(s);
/// let mut messages = r.iter();
/// assert_eq!((messages.next(), messages.next()), (Some(1), None));
/// ```
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// Iterator over the messages that are available without waiting; made by [`Receiver::try_iter`].
///
/// ```
/// let (s, r) = gopark::chan::unbounded();
/// s.send(1).unwrap();
/// let mut available = r.try_iter();
/// assert_eq!((available.next(), available.next()), (Some(1), None));
/// ```
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// Like [`Iter`], but owns the receiver.
///
/// ```
/// let (s, r) = gopark::chan::unbounded();
/// s.send(1).unwrap();
/// drop(s);
/// for message in r {
///     assert_eq!(message, 1);
/// }
/// ```
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Receiver<T> {
    /// Iterates over the messages, waiting for each, until the channel is empty and either closed
    /// or without senders.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{chan, go};
    /// let (s, r) = chan::bounded(0);
    /// go(move || (1..=3).for_each(|i| s.send(i).unwrap()));
    /// assert_eq!(r.iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// # }) } }
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// Iterates over the messages that are available without waiting.
    ///
    /// ```
    /// let (s, r) = gopark::chan::unbounded();
    /// s.send(1).unwrap();
    /// s.send(2).unwrap();
    /// assert_eq!(r.try_iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;
    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;
    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;
    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;
    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Iter { .. }")
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("TryIter { .. }")
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("IntoIter { .. }")
    }
}
