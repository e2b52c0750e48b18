//! Which readers and writers are descriptors that the kernel can copy between.
//!
//! Go asks by type assertion. Here the type is known to the compiler only, so its identity is compared: the types looked for
//! have no lifetimes of their own, so an equal identity is the same type (a reference to it: with some lifetime).
//!
//! I1 A cast is made only after the identities were found equal.

use std::any::TypeId;
use std::io::Take;

use crate::Conn;
use crate::network::Transport;
use crate::os::File;
use crate::poll;

/// What a descriptor is, for copying.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Tcp,
    /// A unix stream.
    Unix,
    File,
}

/// Whose it is: for the error's text.
pub(super) enum Owner<'a> {
    Conn(&'a Conn),
    File(&'a File),
}

/// One end of a copy.
pub(super) struct End<'a> {
    pub(super) fd: &'a poll::Fd,
    pub(super) class: Class,
    pub(super) owner: Owner<'a>,
}

/// The reading end, perhaps limited.
pub(super) struct Source<'a> {
    pub(super) end: End<'a>,
    pub(super) limit: Option<u64>,
}

/// The descriptor behind a reader or writer, if it is one of ours or a reference to one.
pub(super) fn end_of<T: ?Sized>(t: &T) -> Option<End<'_>> {
    if let Some(conn) = as_one::<Conn, T>(t) {
        return conn_end(conn);
    }
    let file = as_one::<File, T>(t)?;
    Some(End { fd: file.poll_fd(), class: Class::File, owner: Owner::File(file) })
}

fn conn_end(conn: &Conn) -> Option<End<'_>> {
    let fd = conn.net_fd();
    let class = match fd.network.transport {
        Transport::Tcp => Class::Tcp,
        Transport::Unix(net) if net.sotype() == libc::SOCK_STREAM => Class::Unix,
        _ => return None,
    };
    Some(End { fd: &fd.pfd, class, owner: Owner::Conn(conn) })
}

/// The same of a reader that may be an [`Take`].
pub(super) fn source_of<R: ?Sized>(r: &R) -> Option<Source<'_>> {
    if let Some(end) = end_of(r) {
        return Some(Source { end, limit: None });
    }
    limited::<Conn, R>(r).or_else(|| limited::<File, R>(r))
}

fn limited<T: 'static, R: ?Sized>(r: &R) -> Option<Source<'_>> {
    let (inner, limit): (&T, u64) = if let Some(take) = cast::<Take<T>, R>(r) {
        (take.get_ref(), take.limit())
    } else if let Some(take) = cast::<Take<&T>, R>(r) {
        (*take.get_ref(), take.limit())
    } else {
        let take = cast::<Take<&mut T>, R>(r)?;
        (&**take.get_ref(), take.limit())
    };
    Some(Source { end: end_of(inner)?, limit: Some(limit) })
}

/// Sets what is left of a [`Take`] that [`source_of`] saw through.
pub(super) fn set_limit<R: ?Sized>(r: &mut R, limit: u64) {
    let _ = set_limit_of::<Conn, R>(r, limit) || set_limit_of::<File, R>(r, limit);
}

fn set_limit_of<T: 'static, R: ?Sized>(r: &mut R, limit: u64) -> bool {
    if let Some(take) = cast_mut::<Take<T>, R>(r) {
        take.set_limit(limit);
    } else if let Some(take) = cast_mut::<Take<&T>, R>(r) {
        take.set_limit(limit);
    } else if let Some(take) = cast_mut::<Take<&mut T>, R>(r) {
        take.set_limit(limit);
    } else {
        return false;
    }
    true
}

/// A `T`, a `&T` or a `&mut T`.
fn as_one<T: 'static, R: ?Sized>(r: &R) -> Option<&T> {
    if let Some(one) = cast::<T, R>(r) {
        return Some(one);
    }
    if let Some(reference) = cast::<&T, R>(r) {
        return Some(*reference);
    }
    cast::<&mut T, R>(r).map(|reference| &**reference)
}

/// `r` as the type it is, if it is that one (I1). `U`'s lifetimes, if any, are no longer than the borrow.
fn cast<U, R: ?Sized>(r: &R) -> Option<&U> {
    // SAFETY: the identities are equal, so R is U but for lifetimes, and U is used no longer than R is borrowed.
    same::<U, R>().then(|| unsafe { &*std::ptr::from_ref(r).cast::<U>() })
}

fn cast_mut<U, R: ?Sized>(r: &mut R) -> Option<&mut U> {
    // SAFETY: as in `cast`; the caller only changes a number in it.
    same::<U, R>().then(|| unsafe { &mut *std::ptr::from_mut(r).cast::<U>() })
}

fn same<U, R: ?Sized>() -> bool {
    let (u, r): (TypeId, TypeId) = (typeid::of::<U>(), typeid::of::<R>());
    u == r
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn only_the_type_itself_is_seen() {
        let mut n = 7u32;
        assert_eq!(as_one::<u32, u32>(&n), Some(&7));
        assert_eq!(as_one::<u32, &u32>(&&n), Some(&7));
        assert_eq!(as_one::<u32, &mut u32>(&&mut n), Some(&7));
        assert_eq!(as_one::<u32, i32>(&7), None);
        assert_eq!(as_one::<u32, Box<u32>>(&Box::new(7)), None);
        assert!(source_of(&b"bytes".take(3)).is_none());
        assert!(end_of(&Vec::<u8>::new()).is_none());
        let text: &dyn std::any::Any = &n;
        assert_eq!(as_one::<u32, dyn std::any::Any>(text), None);
    }
}
