//! Stacks: their size, their guards, the limits of the system, and memory that is given back.

use std::time::{Duration, Instant};

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::sync::Group;
use gopark_runtime::time::sleep;
use gopark_runtime::{Builder, GoOptions, chan, go, go_with, gosched, num_goroutine, try_go};

use super::inside;

#[inline(never)]
pub(crate) fn deep(n: usize) -> usize {
    let frame = [n; 64];
    std::hint::black_box(&frame);
    if n == 0 { 0 } else { deep(n - 1) + frame[n % 64] % 2 }
}

pub(crate) fn overflow() {
    let options = GoOptions { name: Some("digger".into()), ..GoOptions::default() };
    drop(go_with(options, || deep(1 << 20)).join());
}

/// Goes down until less than a page is left above the guard, then touches what a C function's frame
/// of 40 000 bytes would: nothing in between.
pub(crate) fn c_frame() {
    const SLOT: usize = 256 << 10;
    const GUARD: usize = 64 << 10;
    #[inline(never)]
    fn descend() {
        let frame = [0_u8; 256];
        let here = std::hint::black_box(&frame).as_ptr();
        if here as usize % SLOT > GUARD + 4096 {
            descend();
        } else {
            // SAFETY: none: the fault is the point.
            unsafe { here.wrapping_sub(40_000).cast_mut().write_volatile(1) };
        }
        std::hint::black_box(frame);
    }
    inside(|| {
        let options = GoOptions { name: Some("c caller".into()), ..GoOptions::default() };
        drop(go_with(options, descend).join());
    });
}

pub(crate) fn stray_pointer() {
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let (tell, told) = chan::bounded(1);
        let _victim = go(move || {
            let local = 0_u8;
            tell.send(&raw const local as usize).unwrap();
            rx.recv()
        });
        let in_guard = told.recv().unwrap() & !((256 << 10) - 1);
        // Far from the victim's neighbours.
        std::thread::spawn(move || {
            // SAFETY: none: the fault is the point.
            unsafe { (in_guard as *mut u8).write_volatile(1) };
        });
        sleep(Duration::from_secs(10));
        drop(tx);
    });
}

/// The mappings that a core dump would hold: all the stacks in use, and not a terabyte.
pub(crate) fn core_of_many() {
    const MANY: usize = 10_000;
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let (tell, told) = chan::unbounded();
        let handles: Vec<_> = (0..MANY)
            .map(|_| {
                let (rx, tell) = (rx.clone(), tell.clone());
                go(move || {
                    let local = 0_u8;
                    tell.send(&raw const local as usize).unwrap();
                    assert!(rx.recv().is_err());
                })
            })
            .collect();
        let locals: Vec<_> = told.iter().take(MANY).collect();
        let dumped = dumped_mappings();
        for local in locals {
            assert!(dumped.iter().any(|m| m.contains(&local)), "{local:x} is not dumped");
        }
        let total: usize = dumped.iter().map(|m| m.end - m.start).sum();
        assert!(total < 4 << 30, "{} MiB would be dumped", total >> 20);
        drop(tx);
        handles.into_iter().for_each(|h| h.join().unwrap());
    });
}

/// Readable mappings without the flag `dd` (MADV_DONTDUMP). proc_pid_smaps(5).
fn dumped_mappings() -> Vec<std::ops::Range<usize>> {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let (mut all, mut now) = (Vec::new(), None);
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if let Some((start, end)) = first.split_once('-').filter(|_| second.len() == 4) {
            let number = |text| usize::from_str_radix(text, 16).unwrap();
            now = second.starts_with('r').then(|| number(start)..number(end));
        } else if first == "VmFlags:" && !line.split_whitespace().any(|flag| flag == "dd") {
            all.extend(now.take());
        }
    }
    all
}

pub(crate) fn large_stack() {
    inside(|| {
        let options = GoOptions { stack_size: Some(64 << 20), name: Some("deep".into()) };
        assert!(go_with(options, || deep(50_000)).join().unwrap() > 0);
        // And an ordinary one beside it is still of the ordinary size.
        assert!(go(|| deep(100)).join().unwrap() > 0);
    });
}

pub(crate) fn mprotect_guards() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().mprotect_guards(true).run(|| {
            let (tx, rx) = chan::bounded::<()>(0);
            let handles: Vec<_> = (0..2000)
                .map(|_| {
                    let rx = rx.clone();
                    go(move || assert!(rx.recv().is_err()))
                })
                .collect();
            while num_goroutine() < 2001 {
                gosched();
            }
            drop(tx);
            for h in handles {
                h.join().unwrap();
            }
        });
    }
}

pub(crate) fn mprotect_limit() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    // SAFETY: nothing is bound to a thread.
    unsafe {
        Builder::new().mprotect_guards(true).run(|| {
            let (tx, rx) = chan::bounded::<()>(0);
            let mut handles = Vec::new();
            // Two mappings each: the default limit of 65 530 is reached before 40 000.
            let refused = loop {
                let rx = rx.clone();
                let spawned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    go(move || assert!(rx.recv().is_err()))
                }));
                match spawned {
                    Ok(handle) => handles.push(handle),
                    Err(_) => break true,
                }
                if handles.len() > 200_000 {
                    break false;
                }
            };
            assert!(refused, "200 000 guards by mprotect: vm.max_map_count is not at its default");
            drop(tx);
            for h in handles {
                h.join().unwrap();
            }
            assert_eq!(go(|| 5).join().unwrap(), 5);
        });
    }
}

pub(crate) fn address_space_limit() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
    // SAFETY: a limit for this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let mut handles = Vec::new();
        loop {
            let rx = rx.clone();
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                go(move || assert!(rx.recv().is_err()))
            })) {
                Ok(handle) => handles.push(handle),
                Err(_) => break,
            }
            assert!(handles.len() < 4096, "4096 stacks of 256 KiB do not fit into 1 GiB");
        }
        assert!(handles.len() > 1000, "only {} stacks in 1 GiB", handles.len());
        refusals_leave_nobody_waiting();
        // Everything else goes on: memory can be had, and threads.
        drop(std::hint::black_box(vec![1u8; 16 << 20]));
        std::thread::spawn(|| ()).join().unwrap();
        drop(tx);
        for h in handles {
            h.join().unwrap();
        }
        assert_eq!(go(|| 5).join().unwrap(), 5);
    });
}

/// 20 MB for everything, and a backtrace wanted: neither `try_go` nor the panic of `go` aborts.
pub(crate) fn small_address_space() {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let now = text.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 4096;
    let limit = libc::rlimit { rlim_cur: now + (20 << 20), rlim_max: now + (20 << 20) };
    // SAFETY: a limit for this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    inside(|| {
        let (tx, rx) = chan::bounded::<()>(0);
        let mut handles = Vec::new();
        let refused = loop {
            let rx = rx.clone();
            match try_go(move || assert!(rx.recv().is_err())) {
                Ok(handle) => handles.push(handle),
                Err(e) => break e,
            }
        };
        println!("{refused}");
        assert_eq!(std::io::Error::from(refused).kind(), std::io::ErrorKind::OutOfMemory);
        std::panic::catch_unwind(|| drop(go(|| ()))).unwrap_err();
        drop(tx);
        for h in handles {
            h.join().unwrap();
        }
        assert_eq!(try_go(|| 5).unwrap().join().unwrap(), 5);
    });
}

/// Called while no stack can be had: who would start a goroutine has the panic, and what waits for others is not left behind.
fn refusals_leave_nobody_waiting() {
    let refused = |f: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err();
    let (ctx, cancel) = Context::background().with_cancel();
    let _stop = ctx.after_func(|| ());
    let (below, _cancel) = ctx.with_cancel();
    assert!(refused(&|| cancel()));
    assert_eq!(below.err(), Some(ContextError::Canceled));
    let group = Group::<()>::new().with_limit(1);
    assert!(refused(&|| group.go(|| Ok(()))));
    assert!(refused(&|| group.go(|| Ok(()))), "the first has given its place back");
    assert_eq!(group.wait(), Ok(()));
}

pub(crate) fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

pub(crate) fn trim() {
    inside(|| {
        let handles: Vec<_> = (0..1000).map(|_| go(|| deep(300))).collect();
        for h in handles {
            h.join().unwrap();
        }
        let (tx, rx) = chan::bounded::<()>(0);
        // 1000 stacks at once, each about 170 KiB deep.
        let handles: Vec<_> = (0..1000)
            .map(|_| {
                let rx = rx.clone();
                go(move || {
                    deep(300);
                    let _ = rx.recv();
                })
            })
            .collect();
        while num_goroutine() < 1001 {
            gosched();
        }
        sleep(Duration::from_millis(100));
        let high = resident();
        drop(tx);
        for h in handles {
            h.join().unwrap();
        }
        let end = Instant::now() + Duration::from_secs(10);
        while resident() > high / 3 && Instant::now() < end {
            sleep(Duration::from_millis(300));
        }
        assert!(resident() <= high / 3, "{} MiB of {} MiB are left", resident() >> 20, high >> 20);
    });
}
