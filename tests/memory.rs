//! A million goroutines at the default `vm.max_map_count`: each with a guard below its stack, and at most 4 800 bytes of memory
//! for each one asleep, page tables included.
//!
//! Full size in release mode and where the memory is there; smaller, and saying so, elsewhere. It is alone in its file: memory
//! is counted for the whole process.

mod common;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use common::Watchdog;
use gopark::time::sleep;
use gopark::{go, gosched};

const MILLION: usize = 1_000_000;
const BYTES_EACH: usize = 4800;
/// The default size of a stack: slots are aligned to it, and the lowest page of each is its guard.
const SLOT: usize = 256 << 10;

#[test]
fn a_million_sleeping_goroutines() {
    let dog = Watchdog::watch("memory", None, Duration::MAX, Duration::from_secs(240));
    let room = field("/proc/meminfo", "MemAvailable:") / (BYTES_EACH + 1200);
    let wanted = if cfg!(debug_assertions) { 20_000 } else { MILLION };
    let n = wanted.min(room);
    if n < MILLION {
        println!("SMALLER: {n} goroutines instead of a million (debug build, or memory for {room} only)");
    }
    // SAFETY: nothing bound to a thread lives across a parking call.
    unsafe { gopark::run(move || sleepers(n)) };
    drop(dog);
}

fn sleepers(n: usize) {
    let places: Arc<Vec<AtomicUsize>> = Arc::new((0..n).map(|_| AtomicUsize::new(0)).collect());
    // touch what is not the goroutines' before the first count
    go(|| sleep(Duration::from_micros(1))).join().expect("a first sleeper");
    let before = resident();
    let start = Instant::now();
    for i in 0..n {
        let places = places.clone();
        drop(go(move || {
            let here = 0_u8;
            places[i].store(&raw const here as usize, Relaxed);
            sleep(Duration::from_secs(3600));
        }));
    }
    while places.iter().rev().any(|p| p.load(Relaxed) == 0) {
        gosched();
    }
    let took = start.elapsed();
    let each = (resident() - before) / n;
    let maps = fs::read_to_string("/proc/self/maps").expect("our own maps").lines().count();
    println!("{n} goroutines asleep after {took:.2?}: {each} bytes each with page tables, {maps} mappings");
    if n == MILLION {
        assert!(each <= BYTES_EACH, "{each} bytes for each sleeping goroutine, more than {BYTES_EACH}");
    }
    let (reader, writer) = pipe();
    for place in places.iter().map(|p| p.load(Relaxed)) {
        let slot = place & !(SLOT - 1);
        assert!(readable(&writer, &reader, place), "the probe is broken: a live stack is not readable");
        assert!(!readable(&writer, &reader, slot), "no guard at {slot:#x} below the stack at {place:#x}");
    }
}

/// Resident bytes of this process, page tables included.
fn resident() -> usize {
    field("/proc/self/status", "VmRSS:") + field("/proc/self/status", "VmPTE:")
}

/// A line of a file of /proc in kB, as bytes.
fn field(file: &str, name: &str) -> usize {
    let text = fs::read_to_string(file).expect("a file of /proc");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
    let kb: usize = line.trim().trim_end_matches("kB").trim().parse().expect("a number of kB");
    kb * 1024
}

fn pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    std::io::pipe().expect("a pipe")
}

/// Asks the kernel to read a byte there: EFAULT from a guard, without a fault of our own.
fn readable(writer: &std::io::PipeWriter, mut reader: &std::io::PipeReader, address: usize) -> bool {
    use std::io::Read;
    use std::os::fd::AsRawFd;
    // SAFETY: the kernel checks the address; it reads one byte or says EFAULT.
    let n = unsafe { libc::write(writer.as_raw_fd(), std::ptr::with_exposed_provenance(address), 1) };
    if n == 1 {
        reader.read_exact(&mut [0]).expect("the byte just written");
    }
    n == 1
}
