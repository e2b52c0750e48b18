//! crossbeam-channel's `tests/iter.rs`.

use crate::common::*;

use gopark_runtime::chan::unbounded;
use gopark_runtime::go;

#[test]
fn nested_recv_iter() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        let (total_s, total_r) = unbounded();
        go(move || total_s.send(r.iter().sum::<i32>()).unwrap());
        [3, 1, 2].into_iter().for_each(|n| s.send(n).unwrap());
        drop(s);
        assert_eq!(total_r.recv(), Ok(6));
    });
}

#[test]
fn recv_iter_break() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        let (count_s, count_r) = unbounded();
        go(move || {
            let mut count = 0;
            for n in r.iter() {
                if count >= 3 {
                    break;
                }
                count += n;
            }
            count_s.send(count).unwrap();
        });
        (0..3).for_each(|_| s.send(2).unwrap());
        let _ = s.send(2);
        drop(s);
        assert_eq!(count_r.recv(), Ok(4));
    });
}

#[test]
fn recv_try_iter() {
    run(|| stress_iter(unbounded(), unbounded(), 6));
}

#[test]
fn recv_into_iter_owned() {
    let mut iter = {
        let (s, r) = unbounded::<i32>();
        s.send(1).unwrap();
        s.send(2).unwrap();
        r.into_iter()
    };
    assert_eq!([iter.next(), iter.next(), iter.next()], [Some(1), Some(2), None]);
}

#[test]
fn recv_into_iter_borrowed() {
    let (s, r) = unbounded::<i32>();
    s.send(1).unwrap();
    s.send(2).unwrap();
    drop(s);
    let mut iter = (&r).into_iter();
    assert_eq!([iter.next(), iter.next(), iter.next()], [Some(1), Some(2), None]);
}
