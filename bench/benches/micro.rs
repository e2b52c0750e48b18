//! Micro-benchmarks: `cargo bench --package gopark-bench --bench micro`. Each sample is one call of `gopark::run` with very many operations in it, so that
//! starting and ending do not show; the figure to read is the time of an item.
//!
//! `cargo xtask bench --instructions` counts instructions of the same where time is too noisy, and `cargo xtask bench`
//! compares with other runtimes.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use gopark::chan::bounded;
use gopark::sync::{Mutex, WaitGroup};
use gopark::time::after_func;
use gopark::{go, gosched};
use gopark_runtime::micro;
use gopark_runtime::poll_api::{Direction, PollDescriptor};

fn main() {
    // One P: what is measured is the cost of the operation, not of its way to another core.
    // SAFETY: as for `measure`; the first to run decides how many Ps there are.
    unsafe { gopark::Builder::new().procs(1).run(|| ()) };
    divan::main();
}

/// Measures `work(n)`, which does `n` operations in a goroutine.
fn measure(bencher: Bencher<'_, '_>, n: usize, work: impl Fn(usize) + Sync) {
    bencher.counter(ItemsCount::new(n)).bench(|| {
        // SAFETY: run's contract: no benchmark holds anything thread-bound over a park.
        unsafe { gopark::run(|| work(n)) }
    });
}

/// Runs `tasks` copies of `body` and waits for them.
fn all(tasks: usize, body: impl Fn() + Clone + Send + 'static) {
    let group = Arc::new(WaitGroup::new());
    group.add(tasks);
    for _ in 0..tasks {
        let (body, group) = (body.clone(), group.clone());
        go(move || {
            body();
            group.done();
        });
    }
    group.wait();
}

/// To the scheduler's stack and back: one goroutine that yields to nobody.
#[divan::bench]
fn switch(bencher: Bencher<'_, '_>) {
    measure(bencher, 100_000, |n| (0..n).for_each(|_| gosched()));
}

#[divan::bench(args = [2, 1000])]
fn yields(bencher: Bencher<'_, '_>, tasks: usize) {
    measure(bencher, 100_000, |n| all(tasks, move || (0..n / tasks).for_each(|_| gosched())));
}

/// Put and get of the P's own queue.
#[divan::bench]
fn run_queue(bencher: Bencher<'_, '_>) {
    measure(bencher, 100_000, micro::run_queue);
}

#[divan::bench]
fn spawn_and_let_go(bencher: Bencher<'_, '_>) {
    measure(bencher, 20_000, |n| (0..n / 100).for_each(|_| all(100, || ())));
}

#[divan::bench]
fn spawn_and_join(bencher: Bencher<'_, '_>) {
    measure(bencher, 20_000, |n| (0..n).for_each(|_| go(|| ()).join().expect("it does not panic")));
}

/// Two parks and two wake-ups an operation.
#[divan::bench]
fn park_ready(bencher: Bencher<'_, '_>) {
    measure(bencher, 20_000, |n| {
        let (there, at_peer) = bounded::<usize>(0);
        let (back, here) = bounded::<usize>(0);
        go(move || at_peer.iter().for_each(|v| back.send(v).expect("we listen")));
        for i in 0..n {
            there.send(i).expect("the peer listens");
            assert_eq!(here.recv(), Ok(i));
        }
    });
}

/// Nobody parks.
#[divan::bench]
fn channel_buffered(bencher: Bencher<'_, '_>) {
    measure(bencher, 100_000, |n| {
        let (sender, receiver) = bounded::<usize>(64);
        for i in 0..n {
            sender.send(i).expect("the receiver lives");
            assert_eq!(receiver.recv(), Ok(i));
        }
    });
}

#[divan::bench(args = [1, 8])]
fn mutex(bencher: Bencher<'_, '_>, tasks: usize) {
    measure(bencher, 100_000, |n| {
        let lock = Arc::new(Mutex::new(0));
        all(tasks, move || (0..n / tasks).for_each(|_| *lock.lock() += 1));
    });
}

#[divan::bench(args = [0, 10_000])]
fn timer_start_stop(bencher: Bencher<'_, '_>, live: usize) {
    let hour = Duration::from_secs(3600);
    measure(bencher, 20_000, |n| {
        let others: Vec<_> = (0..live).map(|_| after_func(hour, || ())).collect();
        (0..n).for_each(|_| assert!(after_func(hour, || ()).stop()));
        others.iter().for_each(|timer| assert!(timer.stop()));
    });
}

#[divan::bench]
fn timer_reset(bencher: Bencher<'_, '_>) {
    let hour = Duration::from_secs(3600);
    measure(bencher, 100_000, |n| {
        let timer = after_func(hour, || ());
        (0..n).for_each(|_| assert!(timer.reset(hour)));
        assert!(timer.stop());
    });
}

/// Begins an operation on a descriptor, as each read does.
#[divan::bench]
fn poll_descriptor_reset(bencher: Bencher<'_, '_>) {
    measure(bencher, 100_000, |n| {
        let (ours, _theirs) = UnixStream::pair().expect("two sockets");
        ours.set_nonblocking(true).expect("non-blocking");
        let pd = PollDescriptor::open(ours.as_raw_fd()).expect("a socket can be polled");
        (0..n).for_each(|_| pd.reset(Direction::Read).expect("open, and no deadline"));
        pd.unblock();
        pd.close();
    });
}

/// Parks on a descriptor until another goroutine's write makes it readable: a poll each time.
#[divan::bench]
fn poll_descriptor_wait(bencher: Bencher<'_, '_>) {
    measure(bencher, 2_000, |n| {
        let (mut ours, mut theirs) = UnixStream::pair().expect("two sockets");
        ours.set_nonblocking(true).expect("non-blocking");
        let pd = PollDescriptor::open(ours.as_raw_fd()).expect("a socket can be polled");
        for _ in 0..n {
            pd.reset(Direction::Read).expect("open, and no deadline");
            theirs.write_all(b"x").expect("there is room");
            pd.wait(Direction::Read, &pd).expect("open, and no deadline");
            ours.read_exact(&mut [0]).expect("it is readable");
        }
        pd.unblock();
        pd.close();
    });
}
