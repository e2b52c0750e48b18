//! Sizes of slots: a class is a power of two, in whole pages, of which the lowest are a guard.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::sys::mem;

/// The smallest and the largest slot, as powers of two.
pub(super) const MIN_SHIFT: u8 = 14;
pub(super) const MAX_SHIFT: u8 = 30;
/// Pages that a slot has at least: a guard, the G's page, and two to run on.
const MIN_PAGES: usize = 4;
/// The largest guard.
const MAX_GUARD: usize = 64 << 10;

/// The default class; set once before the first goroutine.
static DEFAULT_SHIFT: AtomicUsize = AtomicUsize::new(18);

/// Sets the default size before the first goroutine; rounded up to a power of two.
pub(crate) fn set_default_size(bytes: usize) {
    // Relaxed: read by goroutines that are spawned later.
    DEFAULT_SHIFT.store(usize::from(shift_for(bytes)), Relaxed);
}

fn shift_for(bytes: usize) -> u8 {
    shift_with_pages(bytes, mem::page_size())
}

fn shift_with_pages(bytes: usize, page: usize) -> u8 {
    let smallest = (MIN_PAGES * page).max(1 << MIN_SHIFT);
    let shift = bytes.max(smallest).next_power_of_two().trailing_zeros() as u8;
    shift.min(MAX_SHIFT)
}

/// The class that a request of so many bytes gets; 0 is the default.
pub(crate) fn class_for(bytes: usize) -> u8 {
    let shift = if bytes == 0 { DEFAULT_SHIFT.load(Relaxed) as u8 } else { shift_for(bytes) };
    shift - MIN_SHIFT
}

/// The default class.
#[inline]
pub(crate) fn default_class() -> u8 {
    DEFAULT_SHIFT.load(Relaxed) as u8 - MIN_SHIFT
}

/// A slot's size in bytes.
pub(crate) fn size_of_class(class: u8) -> usize {
    1 << (class + MIN_SHIFT)
}

/// The size of the guard of slots of `1 << shift` bytes: a quarter, but no more than needed.
pub(super) const fn guard_of(shift: usize) -> usize {
    let quarter = 1 << (shift - 2);
    if quarter < MAX_GUARD { quarter } else { MAX_GUARD }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pages_make_small_slots_larger() {
        assert_eq!([1, 1 << 14, 1 << 15].map(|bytes| shift_with_pages(bytes, 4 << 10)), [14, 14, 15]);
        assert_eq!([1, 1 << 16, 1 << 18].map(|bytes| shift_with_pages(bytes, 16 << 10)), [16, 16, 18]);
        assert_eq!([1, 1 << 18, 1 << 19].map(|bytes| shift_with_pages(bytes, 64 << 10)), [18, 18, 19]);
        for (shift, page) in [(14, 4 << 10), (16, 16 << 10), (18, 64 << 10)] {
            assert_eq!(guard_of(shift) % page, 0, "a guard of whole pages");
        }
    }
}
