//! crossbeam-channel's `tests/same_channel.rs`.

use crate::common::*;

use std::time::Instant;

use gopark_runtime::chan::{Receiver, after, bounded, never, tick, unbounded};

/// A channel is the same as itself and its clone, and no other.
fn same_and_different(cap: Option<usize>) {
    let ((s, r), (s3, r3)) = (channel::<usize>(cap), channel::<usize>(cap));
    let (s2, r2) = (s.clone(), r.clone());
    assert!(s.same_channel(&s2) && r.same_channel(&r2));
    assert!([&s, &s2].into_iter().all(|s| !s.same_channel(&s3)));
    assert!([&r, &r2].into_iter().all(|r| !r.same_channel(&r3)));
}

fn timed_same_and_different(make: impl Fn(u64) -> Receiver<Instant>) {
    let r = make(50);
    let r2 = r.clone();
    assert!(r.same_channel(&r2));
    for other in [make(50), make(100)] {
        assert!(!r.same_channel(&other) && !r2.same_channel(&other));
    }
}

#[test]
fn after_same_channel() {
    timed_same_and_different(|n| after(ms(n)));
}

#[test]
fn array_same_channel() {
    same_and_different(Some(1));
}

#[test]
fn list_same_channel() {
    same_and_different(None);
}

#[test]
fn never_same_channel() {
    let r = never::<usize>();
    assert!(r.same_channel(&r.clone()));
    assert!(r.same_channel(&never()), "there is only one such channel");
}

#[test]
fn tick_same_channel() {
    timed_same_and_different(|n| tick(ms(n)));
}

#[test]
fn zero_same_channel() {
    same_and_different(Some(0));
}

#[test]
fn different_flavors_same_channel() {
    let ((s1, r1), (s2, r2)) = (bounded::<usize>(0), unbounded());
    assert!(!s1.same_channel(&s2) && !r1.same_channel(&r2));
}
