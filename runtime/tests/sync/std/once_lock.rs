//! library/std/tests/sync/once_lock.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gopark_runtime::sync::OnceLock;
use gopark_runtime::{chan, go, gosched};

use super::goroutine;

fn spawn_and_wait(f: impl FnOnce() + Send + 'static) {
    goroutine(move || go(f).join().unwrap());
}

#[test]
fn sync_once_cell() {
    static CELL: OnceLock<i32> = OnceLock::new();
    assert!(CELL.get().is_none());
    spawn_and_wait(|| {
        CELL.get_or_init(|| 92);
        assert_eq!(CELL.get(), Some(&92));
    });
    CELL.get_or_init(|| panic!("a second initialisation"));
    assert_eq!(CELL.get(), Some(&92));
}

#[test]
fn sync_once_cell_get_mut() {
    let mut c = OnceLock::new();
    assert!(c.get_mut().is_none());
    c.set(90).unwrap();
    *c.get_mut().unwrap() += 2;
    assert_eq!(c.get_mut(), Some(&mut 92));
}

#[test]
fn sync_once_cell_drop() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Dropper;
    impl Drop for Dropper {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
        }
    }
    let x = OnceLock::new();
    spawn_and_wait(move || {
        x.get_or_init(|| Dropper);
        assert_eq!(DROPS.load(Relaxed), 0);
        drop(x);
    });
    assert_eq!(DROPS.load(Relaxed), 1);
}

#[test]
fn sync_once_cell_drop_empty() {
    drop(OnceLock::<String>::new());
}

#[test]
fn clone() {
    let s = OnceLock::new();
    assert!(s.clone().get().is_none());
    s.set("hello".to_string()).unwrap();
    assert_eq!(s.clone().get().map(String::as_str), Some("hello"));
}

#[test]
fn get_or_try_init() {
    let cell: OnceLock<String> = OnceLock::new();
    assert!(cell.get().is_none());
    let result =
        catch_unwind(AssertUnwindSafe(|| cell.get_or_try_init(|| -> Result<_, ()> { panic!() }).is_ok()));
    assert!(result.is_err());
    assert!(cell.get().is_none(), "a panic leaves it empty");
    assert_eq!(cell.get_or_try_init(|| Err(())), Err(()));
    let hello = "hello".to_string();
    assert_eq!(cell.get_or_try_init(|| Ok::<_, ()>(hello.clone())), Ok(&hello));
    assert_eq!(cell.get(), Some(&hello));
}

#[test]
fn from_impl() {
    assert_eq!(OnceLock::from("value").get(), Some(&"value"));
    assert_ne!(OnceLock::from("foo").get(), Some(&"bar"));
}

#[test]
fn partialeq_impl() {
    assert!(OnceLock::from("value") == OnceLock::from("value"));
    assert!(OnceLock::from("foo") != OnceLock::from("bar"));
    assert!(OnceLock::<String>::new() == OnceLock::new());
    assert!(OnceLock::<String>::new() != OnceLock::from("value".to_owned()));
}

#[test]
fn into_inner() {
    let cell: OnceLock<String> = OnceLock::new();
    assert_eq!(cell.into_inner(), None);
    let cell = OnceLock::new();
    cell.set("hello".to_string()).unwrap();
    assert_eq!(cell.into_inner(), Some("hello".to_string()));
}

#[test]
fn is_sync_send() {
    fn assert_traits<T: Send + Sync>() {}
    assert_traits::<OnceLock<String>>();
}

#[test]
fn eval_once_macro() {
    macro_rules! eval_once {
        (|| -> $ty:ty { $($body:tt)* }) => {{
            static CELL: OnceLock<$ty> = OnceLock::new();
            fn init() -> $ty {
                $($body)*
            }
            CELL.get_or_init(init)
        }};
    }
    let squares: &'static Vec<i32> = eval_once! {
        || -> Vec<i32> {
            (0..10).map(|i| i * i).collect()
        }
    };
    assert_eq!(squares[5], 25);
}

#[test]
fn sync_once_cell_does_not_leak_partially_constructed_boxes() {
    static CELL: OnceLock<String> = OnceLock::new();
    const READERS: usize = 10;
    const MESSAGE: &str = "Hello, World";
    goroutine(|| {
        let (tx, rx) = chan::unbounded();
        for _ in 0..READERS {
            let tx = tx.clone();
            go(move || {
                while CELL.get().is_none() {
                    gosched();
                }
                tx.send(CELL.get().unwrap()).unwrap();
            });
        }
        for _ in 0..3 {
            go(|| drop(CELL.set(MESSAGE.to_owned())));
        }
        drop(tx);
        assert_eq!(rx.iter().filter(|m| *m == MESSAGE).count(), READERS);
    });
}

/// std's cell may be dropped after what its value borrows has gone (`may_dangle`, unstable): here the borrow outlives it.
#[test]
fn dropck() {
    let s = String::new();
    let cell = OnceLock::new();
    cell.set(&s).unwrap();
}
