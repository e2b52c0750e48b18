//! The place of a goroutine's result: between its record and its stack, or, for a large one, in a
//! box whose address is there.

use std::marker::PhantomData;
use std::thread::Result;

use crate::sched::g::GRef;

/// A larger result goes into a box: the page holds the goroutine's first frames, too.
const INLINE_MAX: usize = 256;
/// A stack begins at a multiple of this.
const ALIGN: usize = 16;

/// The place of a result of type `T`.
pub(super) struct ResultSlot<T>(PhantomData<T>);

impl<T> ResultSlot<T> {
    const BOXED: bool = size_of::<Result<T>>() > INLINE_MAX || align_of::<Result<T>>() > ALIGN;
    /// Bytes kept for it in the slot, below the record.
    pub(super) const BYTES: usize =
        if Self::BOXED { ALIGN } else { size_of::<Result<T>>().next_multiple_of(ALIGN) };

    fn place<R>(gp: GRef) -> *mut R {
        (gp.as_usize() - Self::BYTES) as *mut R
    }

    /// Leaves the result.
    ///
    /// # Safety
    /// The goroutine was spawned with `BYTES` kept for this `T`, and the place is the caller's
    /// (join_word.rs I1).
    #[inline]
    pub(super) unsafe fn leave(gp: GRef, result: Result<T>) {
        // SAFETY: the caller's duty; the record is aligned to 64, so the place is aligned to 16.
        unsafe {
            if Self::BOXED {
                Self::place::<*mut Result<T>>(gp).write(Box::into_raw(Box::new(result)));
            } else {
                Self::place::<Result<T>>(gp).write(result);
            }
        }
    }

    /// Takes it.
    ///
    /// # Safety
    /// As for `leave`; it was left and not taken before.
    #[inline]
    pub(super) unsafe fn take(gp: GRef) -> Result<T> {
        // SAFETY: the caller's duty; as above.
        unsafe {
            if Self::BOXED {
                *Box::from_raw(Self::place::<*mut Result<T>>(gp).read())
            } else {
                Self::place::<Result<T>>(gp).read()
            }
        }
    }
}
