//! `select!` and `select_biased!`. Model: crossbeam-channel's macros, whose syntax this is.
//!
//! Stages: `@list` cuts the tokens into cases, each closed by a comma and with its body in braces;
//! `@sort` checks each and takes the `default` out; `@bind` evaluates the channels, in order, each
//! into a case on the stack; `@run` selects; `@done` finishes the chosen case, drops the others and
//! runs the body, which is not inside a closure: `break`, `return` and `?` work.

/// Waits until one of several channel operations can go on, and does it.
///
/// If several can go on, it takes a random one; [`select_biased!`](crate::select_biased) takes the
/// first. An operation can go on if it would not wait; failing because the channel is closed
/// counts.
///
/// - `recv(receiver) -> pattern => body`: the pattern gets a `Result<T, RecvError>`;
/// - `send(sender, message) -> pattern => body`: `Result<(), SendError<T>>`; the message is
///   evaluated only when it is sent;
/// - `default => body`: runs if none can go on now;
/// - `default(duration) => body`: runs if none can go on within `duration`.
///
/// Receivers and senders may be values or references. At most 32 operations.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, go, select};
/// use std::time::Duration;
/// let (s1, r1) = chan::bounded(0);
/// let (s2, r2) = chan::bounded::<i32>(0);
/// go(move || s1.send("hello").unwrap());
/// select! {
///     recv(r1) -> msg => assert_eq!(msg, Ok("hello")),
///     send(s2, 20) -> res => unreachable!("nobody receives: {res:?}"),
///     default(Duration::from_secs(10)) => unreachable!("timed out"),
/// }
/// let got = select! {
///     recv(r2) -> msg => msg.ok(),
///     default => None,
/// };
/// assert_eq!(got, None);
/// # }) } }
/// ```
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => { $crate::__select!(@start FAIR $($tokens)*) };
}

/// Like [`select!`](crate::select), but takes the first in the list if several operations can go
/// on.
///
/// ```
/// use gopark::{chan, select_biased};
/// let (s, r) = chan::bounded(2);
/// s.send(1).unwrap();
/// select_biased! {
///     recv(r) -> msg => assert_eq!(msg, Ok(1)),
///     send(s, 2) -> _ => unreachable!(),
/// }
/// ```
#[macro_export]
macro_rules! select_biased {
    ($($tokens:tt)*) => { $crate::__select!(@start BIASED $($tokens)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    (@start $order:ident) => {
        ::core::compile_error!("empty `select!` block")
    };
    (@start $order:ident $($tokens:tt)+) => {
        $crate::__select!(@list $order ($($tokens)+) ())
    };

    // All cases are cut.
    (@list $order:ident () ($($cases:tt)*)) => {
        $crate::__select!(@sort $order ($($cases)*) () ())
    };
    // `default` without arguments.
    (@list $order:ident (default => $($tail:tt)*) $cases:tt) => {
        $crate::__select!(@list $order (default() => $($tail)*) $cases)
    };
    // A block and a comma; an expression and a comma; a block alone; the last expression.
    (@list $order:ident
        ($kind:ident $args:tt $(-> $res:pat)? => { $($body:tt)* }, $($tail:tt)*) ($($cases:tt)*)
    ) => {
        $crate::__select!(@list $order ($($tail)*) ($($cases)* $kind $args $(-> $res)? => { $($body)* },))
    };
    (@list $order:ident
        ($kind:ident $args:tt $(-> $res:pat)? => $body:expr, $($tail:tt)*) ($($cases:tt)*)
    ) => {
        $crate::__select!(@list $order ($($tail)*) ($($cases)* $kind $args $(-> $res)? => { $body },))
    };
    (@list $order:ident
        ($kind:ident $args:tt $(-> $res:pat)? => { $($body:tt)* } $($tail:tt)*) ($($cases:tt)*)
    ) => {
        $crate::__select!(@list $order ($($tail)*) ($($cases)* $kind $args $(-> $res)? => { $($body)* },))
    };
    (@list $order:ident
        ($kind:ident $args:tt $(-> $res:pat)? => $body:expr) ($($cases:tt)*)
    ) => {
        $crate::__select!(@list $order () ($($cases)* $kind $args $(-> $res)? => { $body },))
    };
    (@list $order:ident (recv $args:tt => $($tail:tt)*) $cases:tt) => {
        ::core::compile_error!("expected `->` after `recv` case, found `=>`")
    };
    (@list $order:ident (send $args:tt => $($tail:tt)*) $cases:tt) => {
        ::core::compile_error!("expected `->` after `send` case, found `=>`")
    };
    (@list $order:ident ($kind:ident $args:tt $(-> $res:pat)? => $body:expr; $($tail:tt)*) $cases:tt) => {
        ::core::compile_error!("cases of a `select!` are separated by commas, not by semicolons")
    };
    (@list $order:ident ($($rest:tt)*) $cases:tt) => {
        ::core::compile_error!(::core::concat!(
            "expected `recv(receiver) -> pattern => body`, `send(sender, message) -> pattern => body`, ",
            "`default => body` or `default(duration) => body`, each but the last followed by a comma or in braces, found `",
            ::core::stringify!($($rest)*),
            "`"
        ))
    };

    // All cases are checked.
    (@sort $order:ident () $cases:tt $default:tt) => {
        $crate::__select!(@plain $order $cases $default)
    };
    (@sort $order:ident (recv($r:expr $(,)?) -> $res:pat => $body:tt, $($tail:tt)*) ($($cases:tt)*) $default:tt) => {
        $crate::__select!(@sort $order ($($tail)*) ($($cases)* recv($r) -> $res => $body,) $default)
    };
    (@sort $order:ident (send($s:expr, $m:expr $(,)?) -> $res:pat => $body:tt, $($tail:tt)*) ($($cases:tt)*) $default:tt) => {
        $crate::__select!(@sort $order ($($tail)*) ($($cases)* send($s, $m) -> $res => $body,) $default)
    };
    (@sort $order:ident (default() => $body:tt, $($tail:tt)*) $cases:tt ()) => {
        $crate::__select!(@sort $order ($($tail)*) $cases (default() => $body,))
    };
    (@sort $order:ident (default($timeout:expr $(,)?) => $body:tt, $($tail:tt)*) $cases:tt ()) => {
        $crate::__select!(@sort $order ($($tail)*) $cases (default($timeout) => $body,))
    };
    (@sort $order:ident (default $args:tt => $body:tt, $($tail:tt)*) $cases:tt ($($default:tt)+)) => {
        ::core::compile_error!("there can be only one `default` case in a `select!` block")
    };
    (@sort $order:ident (default $args:tt -> $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!("expected `=>` after `default` case, found `->`")
    };
    (@sort $order:ident (recv $args:tt => $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!("expected `->` after `recv` case, found `=>`")
    };
    (@sort $order:ident (send $args:tt => $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!("expected `->` after `send` case, found `=>`")
    };
    (@sort $order:ident (recv $args:tt $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!(::core::concat!("invalid argument list in `recv", ::core::stringify!($args), "`"))
    };
    (@sort $order:ident (send $args:tt $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!(::core::concat!("invalid argument list in `send", ::core::stringify!($args), "`"))
    };
    (@sort $order:ident (default $args:tt $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!(::core::concat!("invalid argument list in `default", ::core::stringify!($args), "`"))
    };
    (@sort $order:ident ($kind:ident $($tail:tt)*) $cases:tt $default:tt) => {
        ::core::compile_error!(::core::concat!(
            "expected one of `recv`, `send`, or `default`, found `", ::core::stringify!($kind), "`"
        ))
    };

    // One receive is a plain receive. Go: cmd/compile's walkSelectCases.
    (@plain $order:ident (recv($r:expr) -> $res:pat => $body:tt,) ()) => {
        match $r {
            ref _r => {
                let _r: &$crate::chan::Receiver<_> = _r;
                let $res = _r.recv();
                $body
            }
        }
    };
    (@plain $order:ident (recv($r:expr) -> $res:pat => $body:tt,) (default() => $default:tt,)) => {
        match $r {
            ref _r => {
                let _r: &$crate::chan::Receiver<_> = _r;
                match _r.try_recv() {
                    ::core::result::Result::Err($crate::chan::TryRecvError::Empty) => $default,
                    _res => {
                        let $res = _res.map_err(|_| $crate::chan::RecvError);
                        $body
                    }
                }
            }
        }
    };
    (@plain $order:ident $cases:tt $default:tt) => {
        $crate::__select!(@bind $order $cases $default (
            (0 _case0) (1 _case1) (2 _case2) (3 _case3) (4 _case4) (5 _case5) (6 _case6) (7 _case7)
            (8 _case8) (9 _case9) (10 _case10) (11 _case11) (12 _case12) (13 _case13) (14 _case14) (15 _case15)
            (16 _case16) (17 _case17) (18 _case18) (19 _case19) (20 _case20) (21 _case21) (22 _case22) (23 _case23)
            (24 _case24) (25 _case25) (26 _case26) (27 _case27) (28 _case28) (29 _case29) (30 _case30) (31 _case31)
        ) () ())
    };

    (@bind $order:ident () $default:tt $labels:tt $cases:tt $bound:tt) => {
        $crate::__select!(@run $order $default $cases $bound)
    };
    (@bind $order:ident $cases:tt $default:tt () $done:tt $bound:tt) => {
        ::core::compile_error!("too many operations in a `select!` block")
    };
    (@bind $order:ident
        (recv($r:expr) -> $res:pat => $body:tt, $($tail:tt)*) $default:tt
        (($i:tt $case:ident) $($labels:tt)*) ($($done:tt)*) ($($bound:ident)*)
    ) => {
        match $r {
            ref _r => {
                let mut $case = $crate::chan::internal::RecvCase::new(_r);
                $crate::__select!(@bind $order
                    ($($tail)*) $default
                    ($($labels)*) ($($done)* ($i $case recv() -> $res => $body)) ($($bound)* $case)
                )
            }
        }
    };
    (@bind $order:ident
        (send($s:expr, $m:expr) -> $res:pat => $body:tt, $($tail:tt)*) $default:tt
        (($i:tt $case:ident) $($labels:tt)*) ($($done:tt)*) ($($bound:ident)*)
    ) => {
        match $s {
            ref _s => {
                let mut $case = $crate::chan::internal::SendCase::new(_s);
                $crate::__select!(@bind $order
                    ($($tail)*) $default
                    ($($labels)*) ($($done)* ($i $case send($m) -> $res => $body)) ($($bound)* $case)
                )
            }
        }
    };

    (@run $order:ident () $cases:tt ($($bound:ident)*)) => {{
        let _chosen = $crate::chan::internal::select(
            [$(&mut $bound as &mut dyn $crate::chan::internal::Case),*],
            $crate::chan::internal::$order,
        );
        $crate::__select!(@done _chosen $cases ($($bound)*))
    }};
    (@run $order:ident (default() => $default:tt,) $cases:tt ($($bound:ident)*)) => {
        match $crate::chan::internal::try_select(
            [$(&mut $bound as &mut dyn $crate::chan::internal::Case),*],
            $crate::chan::internal::$order,
        ) {
            ::core::option::Option::None => {
                $(::core::mem::drop($bound);)*
                $default
            }
            ::core::option::Option::Some(_chosen) => $crate::__select!(@done _chosen $cases ($($bound)*)),
        }
    };
    (@run $order:ident (default($timeout:expr) => $default:tt,) $cases:tt ($($bound:ident)*)) => {
        match $crate::chan::internal::select_timeout(
            [$(&mut $bound as &mut dyn $crate::chan::internal::Case),*],
            $crate::chan::internal::$order,
            $timeout,
        ) {
            ::core::option::Option::None => {
                $(::core::mem::drop($bound);)*
                $default
            }
            ::core::option::Option::Some(_chosen) => $crate::__select!(@done _chosen $cases ($($bound)*)),
        }
    };

    // The other cases are dropped before the body: it may use their channels as it likes.
    (@done $chosen:ident (($i:tt $case:ident recv() -> $res:pat => $body:tt) $($rest:tt)*) ($($bound:ident)*)) => {
        if $chosen == $i {
            let _res = $case.finish();
            $(::core::mem::drop($bound);)*
            let $res = _res;
            $body
        } else {
            $crate::__select!(@done $chosen ($($rest)*) ($($bound)*))
        }
    };
    (@done $chosen:ident (($i:tt $case:ident send($m:expr) -> $res:pat => $body:tt) $($rest:tt)*) ($($bound:ident)*)) => {
        if $chosen == $i {
            let _begun = $case.begin();
            $(::core::mem::drop($bound);)*
            let $res = _begun.send($m);
            $body
        } else {
            $crate::__select!(@done $chosen ($($rest)*) ($($bound)*))
        }
    };
    (@done $chosen:ident () $bound:tt) => {{
        let _: usize = $chosen;
        ::core::unreachable!("a select chose a case that it does not have")
    }};
}
