//! Which readers and writers are descriptors that the kernel can copy between.
//!
//! Go asks by type assertion. Here the type is known to the compiler only, so its identity is
//! compared with those of the types in [`KNOWN`], of references to them, and of an [`Take`] of
//! either.
//!
//! I1 A cast is made only after the identities were found equal. The types looked for have no
//!    lifetime parameters, so an equal identity is the same type; of a reference to it, with some
//!    lifetime that outlives the borrow.

use std::any::TypeId;
use std::io::Take;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::Conn;
use crate::os::{self, File};
use crate::poll;
use crate::poll::endpoint::{Class, Endpoint};
use crate::std_face::{TcpStream, UnixStream};

/// All types that copies see.
static KNOWN: [Known; 5] = [
    Known::of::<Conn>(),
    Known::of::<File>(),
    Known::of::<TcpStream>(),
    Known::of::<UnixStream>(),
    Known::of::<os::Fd>(),
];

/// One end of a copy.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) fd: &'a poll::Fd,
    pub(super) class: Class,
    pub(super) owner: &'a dyn Endpoint,
}

impl<'a> End<'a> {
    fn of(owner: &'a dyn Endpoint) -> Option<End<'a>> {
        let (fd, class) = owner.descriptor()?;
        Some(End { fd, class, owner })
    }
}

/// The reading end, perhaps limited.
pub(super) struct Source<'a> {
    pub(super) end: End<'a>,
    pub(super) limit: Option<u64>,
}

/// The descriptor behind a reader or writer, if it is one of ours or a reference to one.
pub(super) fn end_of<T: ?Sized>(t: &T) -> Option<End<'_>> {
    let value = Erased::of(t);
    KNOWN.iter().find_map(|known| (known.direct)(value)).and_then(End::of)
}

/// The same of a reader that may be a [`Take`].
pub(super) fn source_of<R: ?Sized>(r: &R) -> Option<Source<'_>> {
    if let Some(end) = end_of(r) {
        return Some(Source { end, limit: None });
    }
    let value = Erased::of(r);
    let (owner, limit) = KNOWN.iter().find_map(|known| (known.limited)(value))?;
    Some(Source { end: End::of(owner)?, limit: Some(limit) })
}

/// Sets what is left of a [`Take`] that [`source_of`] saw through.
pub(super) fn set_limit<R: ?Sized>(r: &mut R, limit: u64) {
    let mut value = ErasedMut::of(r);
    let _ = KNOWN.iter().any(|known| (known.set_limit)(&mut value, limit));
}

/// How to find values of one type.
struct Known {
    direct: for<'a> fn(Erased<'a>) -> Option<&'a dyn Endpoint>,
    limited: for<'a> fn(Erased<'a>) -> Option<(&'a dyn Endpoint, u64)>,
    set_limit: fn(&mut ErasedMut<'_>, u64) -> bool,
}

impl Known {
    const fn of<T: Endpoint + 'static>() -> Known {
        Known { direct: direct::<T>, limited: limited::<T>, set_limit: set_limit_of::<T> }
    }
}

/// A `T`, or a reference to one: `copy_n(&mut &t, ..)` makes one of a reference.
fn direct<T: Endpoint + 'static>(value: Erased<'_>) -> Option<&dyn Endpoint> {
    fn one<T: 'static>(value: Erased<'_>) -> Option<&T> {
        if let Some(t) = value.cast::<T>() {
            return Some(t);
        }
        if let Some(t) = value.cast::<&T>() {
            return Some(t);
        }
        if let Some(t) = value.cast::<&mut T>() {
            return Some(t);
        }
        if let Some(t) = value.cast::<&mut &T>() {
            return Some(t);
        }
        value.cast::<&mut &mut T>().map(|t| &***t)
    }
    one::<T>(value).map(|t| t as &dyn Endpoint)
}

fn limited<T: Endpoint + 'static>(value: Erased<'_>) -> Option<(&dyn Endpoint, u64)> {
    fn take<'a, T: Endpoint + 'static, U: 'a>(value: Erased<'a>) -> Option<(&'a dyn Endpoint, u64)> {
        let take = value.cast::<Take<U>>()?;
        Some((direct::<T>(Erased::of(take.get_ref()))?, take.limit()))
    }
    take::<T, T>(value)
        .or_else(|| take::<T, &T>(value))
        .or_else(|| take::<T, &mut T>(value))
        .or_else(|| take::<T, &mut &T>(value))
        .or_else(|| take::<T, &mut &mut T>(value))
}

fn set_limit_of<T: 'static>(value: &mut ErasedMut<'_>, limit: u64) -> bool {
    fn set<U>(value: &mut ErasedMut<'_>, limit: u64) -> bool {
        value.cast::<Take<U>>().map(|take| take.set_limit(limit)).is_some()
    }
    set::<T>(value, limit)
        || set::<&T>(value, limit)
        || set::<&mut T>(value, limit)
        || set::<&mut &T>(value, limit)
        || set::<&mut &mut T>(value, limit)
}

/// A borrowed value whose type is known at run time.
#[derive(Clone, Copy)]
struct Erased<'a> {
    id: TypeId,
    at: NonNull<()>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Erased<'a> {
    fn of<R: ?Sized>(r: &'a R) -> Erased<'a> {
        Erased { id: typeid::of::<R>(), at: NonNull::from(r).cast(), borrowed: PhantomData }
    }

    /// The value, if it is a `U`; lifetimes in `U` are no longer than the borrow.
    fn cast<U: 'a>(self) -> Option<&'a U> {
        // SAFETY: I1: the value is a U but for lifetimes, and is borrowed for 'a.
        (typeid::of::<U>() == self.id).then(|| unsafe { self.at.cast().as_ref() })
    }
}

/// The same, borrowed for changes.
pub(super) struct ErasedMut<'a> {
    id: TypeId,
    at: NonNull<()>,
    borrowed: PhantomData<&'a mut ()>,
}

impl<'a> ErasedMut<'a> {
    pub(super) fn of<R: ?Sized>(r: &'a mut R) -> ErasedMut<'a> {
        ErasedMut { id: typeid::of::<R>(), at: NonNull::from(r).cast(), borrowed: PhantomData }
    }

    /// The value, if it is a `U`. No reference may be stored in it but one to a part of what was
    /// there: others might live too short.
    pub(super) fn cast<U>(&mut self) -> Option<&mut U> {
        // SAFETY: I1: the value is a U but for lifetimes; it is borrowed as long as `self`, for
        // changes.
        (typeid::of::<U>() == self.id).then(|| unsafe { self.at.cast().as_mut() })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::error::Partial;

    /// An endpoint without a descriptor.
    #[derive(Debug, PartialEq)]
    struct Nothing(u8);

    impl Endpoint for Nothing {
        fn descriptor(&self) -> Option<(&poll::Fd, Class)> {
            None
        }
        fn copy_error(
            &self,
            _: &'static str,
            _: &'static str,
            stopped: Partial<poll::Error>,
        ) -> std::io::Error {
            stopped.error.into()
        }
    }

    impl Read for Nothing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Ok(0)
        }
    }

    impl Read for &Nothing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Ok(0)
        }
    }

    fn seen<R: ?Sized>(r: &R) -> bool {
        direct::<Nothing>(Erased::of(r)).is_some()
    }

    fn limit_seen<R: Read>(mut r: R) -> bool {
        let mut take = Read::by_ref(&mut r).take(7);
        let seen = limited::<Nothing>(Erased::of(&take)).map(|(_, limit)| limit);
        let set = set_limit_of::<Nothing>(&mut ErasedMut::of(&mut take), 3);
        assert_eq!(set, seen.is_some());
        assert_eq!(take.limit(), if set { 3 } else { 7 });
        seen == Some(7)
    }

    #[test]
    fn the_type_and_references_to_it_are_seen() {
        let (mut n, mut m) = (Nothing(1), Nothing(2));
        assert!(seen(&n) && seen(&&n) && seen(&&mut n) && seen(&&mut &m) && seen(&&mut &mut m));
        assert!(limit_seen(&n) && limit_seen(&mut n) && limit_seen(m));
        let mut take = (&n).take(7);
        assert_eq!(limited::<Nothing>(Erased::of(&take)).unwrap().1, 7);
        assert!(set_limit_of::<Nothing>(&mut ErasedMut::of(&mut take), 5));
        assert_eq!(take.limit(), 5);
        assert_eq!(limited::<Nothing>(Erased::of(&n.take(9))).unwrap().1, 9);
    }

    #[test]
    fn nothing_else_is_seen() {
        assert!(!seen(&1u8) && !seen(&Box::new(Nothing(1))) && !seen(&[Nothing(1)][..]));
        let any: &dyn std::any::Any = &Nothing(1);
        assert!(!seen(any));
        assert!(!limit_seen(&b"bytes"[..]));
        assert!(source_of(&b"bytes".take(3)).is_none());
        assert!(end_of(&Vec::<u8>::new()).is_none());
    }
    #[test]
    fn both_faces_are_seen_and_what_must_not_wait_is_not() {
        // SAFETY: nothing thread-bound lives across a call that parks.
        unsafe {
            gopark_runtime::run(|| {
                let (mut a, b) = UnixStream::pair().unwrap();
                assert_eq!(end_of(&a).unwrap().class, Class::Unix);
                assert!(source_of(&(&b).take(1)).unwrap().limit == Some(1));
                a.set_nonblocking(true).unwrap();
                assert!(end_of(&a).is_none() && end_of(&&mut a).is_none());
                let ln = crate::TcpListener::bind("127.0.0.1:0").unwrap();
                let tcp = TcpStream::connect(ln.local_addr().unwrap()).unwrap();
                assert_eq!(end_of(&tcp).unwrap().class, Class::Tcp);
                let conn = Conn::from(tcp);
                assert_eq!(end_of(&conn).unwrap().class, Class::Tcp);
                let (reader, _writer) = os::pipe().unwrap();
                assert_eq!(end_of(&reader).unwrap().class, Class::File);
                let (one, _other) = crate::socket_pair("unixpacket").unwrap();
                assert!(end_of(&one).is_none());
            });
        }
    }
}
