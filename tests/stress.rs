//! Goroutines by the thousand for a while: nothing may be lost, and a hang is a failure, not a wait.
//!
//! Seconds in `cargo test`; as long as `cargo xtask soak --seconds N` says there. GOPARK_SEED repeats a run's choices.

mod common;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::{Pulse, Watchdog};
use fastrand::Rng;
use gopark::net::{Conn, Listener, OpError, dial, listen};
use gopark::time::sleep;
use gopark::{Builder, JoinHandle, chan, go, gosched, set_gomaxprocs};

const SLEEPERS: usize = 10_000;
const CLIENTS: usize = 200;
const SILENCE: Duration = Duration::from_secs(10);

/// The tests share the runtime, and one of them changes it.
static ALONE: Mutex<()> = Mutex::new(());

/// 10 000 goroutines on two Ps sleep 0 to 200 us in a loop, while 200 connections carry echo traffic with random closes and
/// deadlines. Each must go on to the end.
#[test]
fn sleepers_and_echo_traffic() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let time = common::duration(Duration::from_secs(4));
    let seed = common::seed("sleepers_and_echo_traffic");
    let pulse = Pulse::new(SLEEPERS + CLIENTS);
    let dog = Watchdog::watch(
        "sleepers_and_echo_traffic",
        Some(pulse.clone()),
        SILENCE,
        time + Duration::from_secs(30),
    );
    let traffic = Arc::new(Traffic::default());
    // SAFETY: nothing bound to a thread lives across a parking call.
    unsafe {
        Builder::new().procs(2).run(|| {
            let mut load = Load::start(&pulse, seed, &traffic);
            for i in 0..SLEEPERS {
                load.work(i, |rng| sleep(Duration::from_micros(rng.u64(0..=200))));
            }
            (SLEEPERS..SLEEPERS + CLIENTS).for_each(|i| load.talk(i));
            sleep(time);
            println!("{} beats, {traffic:?}", pulse.total());
            load.end();
        });
    }
    drop(dog);
    assert!(traffic.echoes.load(Relaxed) > 1000, "hardly any traffic: {traffic:?}");
    assert!(traffic.cut.load(Relaxed) > 0, "no connection was cut: {traffic:?}");
    assert!(traffic.timeouts.load(Relaxed) > 0, "no deadline expired: {traffic:?}");
}

const PAIRS: usize = 20;
const HOGS: usize = 2;
const MOST_PROCS: usize = 64;

/// The number of Ps jumps between 1 and 64 every few milliseconds, under echo traffic, channels, timers, spawns and hogs. Each goes on
/// to the end, every message arrives, and there are no more threads than Ps and hogs account for.
#[test]
fn the_number_of_ps_changes() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let time = common::duration(Duration::from_secs(4));
    let seed = common::seed("the_number_of_ps_changes");
    let pulse = Pulse::new(3 * PAIRS + HOGS);
    let dog = Watchdog::watch(
        "the_number_of_ps_changes",
        Some(pulse.clone()),
        SILENCE,
        time + Duration::from_secs(30),
    );
    let traffic = Arc::new(Traffic::default());
    let mut most_threads = 0;
    // SAFETY: nothing bound to a thread lives across a parking call.
    unsafe {
        Builder::new().procs(1).run(|| {
            let mut load = Load::start(&pulse, seed, &traffic);
            for i in 0..PAIRS {
                load.talk(i);
                let ours = pulse.clone();
                load.workers.push(go(move || ping_pong(&ours, PAIRS + i)));
                load.work(2 * PAIRS + i, move |_| {
                    sleep(Duration::from_micros(300));
                    assert_eq!(go(move || i).join().expect("no panic"), i);
                });
            }
            for i in 3 * PAIRS..3 * PAIRS + HOGS {
                load.work(i, |_| {
                    let until = Instant::now() + Duration::from_millis(25);
                    while Instant::now() < until {
                        std::hint::spin_loop();
                    }
                    gosched();
                });
            }
            let end = Instant::now() + time;
            let mut rng = Rng::with_seed(seed);
            while Instant::now() < end {
                let n = if rng.bool() { rng.usize(1..=4) } else { rng.usize(1..=MOST_PROCS) };
                set_gomaxprocs(Some(n));
                assert_eq!(gopark::gomaxprocs(), n);
                sleep(Duration::from_millis(rng.u64(1..10)));
                most_threads = most_threads.max(threads());
            }
            println!("{} beats, {most_threads} threads, {traffic:?}", pulse.total());
            load.end();
            set_gomaxprocs(Some(2));
        });
    }
    drop(dog);
    assert!(traffic.echoes.load(Relaxed) > 100, "hardly any traffic: {traffic:?}");
    // Go's mode keeps idle threads: at most twice the Ps and a few.
    assert!(most_threads < 3 * MOST_PROCS, "{most_threads} threads");
}

/// An echo server, and goroutines that each do something again and again until the pulse stops.
struct Load {
    pulse: Arc<Pulse>,
    seed: u64,
    traffic: Arc<Traffic>,
    ln: Arc<Listener>,
    server: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(pulse: &Arc<Pulse>, seed: u64, traffic: &Arc<Traffic>) -> Load {
        let ln = Arc::new(listen("tcp", "127.0.0.1:0").expect("a listener on a free port"));
        let server = go({
            let (ln, traffic) = (ln.clone(), traffic.clone());
            move || serve(&ln, seed, &traffic)
        });
        Load { pulse: pulse.clone(), seed, traffic: traffic.clone(), ln, server, workers: Vec::new() }
    }

    /// Starts a goroutine that takes one step after another.
    fn work(&mut self, i: usize, mut step: impl FnMut(&mut Rng) + Send + 'static) {
        let (pulse, mut rng) = (self.pulse.clone(), Rng::with_seed(self.seed ^ i as u64));
        self.workers.push(go(move || {
            while pulse.beat(i) {
                step(&mut rng);
            }
            pulse.end(i);
        }));
    }

    /// Starts a client that makes one connection after another.
    fn talk(&mut self, i: usize) {
        let (pulse, address, traffic) =
            (self.pulse.clone(), self.ln.addr().to_string(), self.traffic.clone());
        self.work(i, move |rng| talk(&address, rng, &pulse, i, &traffic));
    }

    fn end(self) {
        self.pulse.stop();
        for worker in self.workers {
            worker.join().expect("no worker panics");
        }
        self.ln.close().expect("the first close");
        self.server.join().expect("the server does not panic");
    }
}

/// Two goroutines that pass numbers to and fro; each arrives once and in order.
fn ping_pong(pulse: &Pulse, i: usize) {
    let (there, here) = chan::bounded::<u64>(0);
    let (back, answers) = chan::bounded::<u64>(1);
    let echo = go(move || here.iter().for_each(|n| back.send(n + 1).expect("the other side waits")));
    let mut n = 0;
    while pulse.beat(i) {
        there.send(n).expect("the echo receives");
        assert_eq!(answers.recv(), Ok(n + 1));
        n += 1;
    }
    drop(there);
    echo.join().expect("no panic");
    pulse.end(i);
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// What happened, to see that the test tests something.
#[derive(Debug, Default)]
struct Traffic {
    echoes: AtomicU64,
    timeouts: AtomicU64,
    cut: AtomicU64,
}

fn serve(ln: &Listener, seed: u64, traffic: &Arc<Traffic>) {
    for i in 0.. {
        match ln.accept() {
            Ok(c) => {
                let traffic = traffic.clone();
                go(move || echo(&c, &mut Rng::with_seed(seed ^ (i << 20)), &traffic));
            }
            Err(e) if e.is_closed() => return,
            Err(e) => panic!("{e}"),
        }
    }
}

/// Echoes; now and then with a deadline that expires, now and then closing in the middle.
fn echo(c: &Conn, rng: &mut Rng, traffic: &Traffic) {
    let _ = c.set_linger(Some(Duration::ZERO)); // no TIME_WAIT: ports would run out
    let mut buf = [0; 4096];
    loop {
        let limit = (rng.u32(..4) == 0).then(|| Instant::now() + Duration::from_micros(rng.u64(..3000)));
        let _ = c.set_read_deadline(limit);
        match c.read(&mut buf) {
            Ok(0) => return,
            Ok(n) => {
                if rng.u32(..64) == 0 || c.write(&buf[..n]).is_err() {
                    return drop(c.close());
                }
            }
            Err(e) if e.timeout() => drop(traffic.timeouts.fetch_add(1, Relaxed)),
            Err(_) => return,
        }
    }
}

/// One connection of a client: some echoes, each checked, until it has enough or somebody closes.
fn talk(address: &str, rng: &mut Rng, pulse: &Pulse, i: usize, traffic: &Traffic) {
    let c = match dial("tcp", address) {
        Ok(c) => c,
        // the listener's queue or the ports can be full for a moment
        Err(_) => return sleep(Duration::from_millis(1)),
    };
    let _ = c.set_linger(Some(Duration::ZERO));
    if rng.u32(..4) == 0 {
        // somebody else closes it, perhaps while its owner is parked in a read
        let (other, delay) = (c.clone(), Duration::from_micros(rng.u64(..5000)));
        go(move || {
            sleep(delay);
            let _ = other.close();
        });
    }
    for _ in 0..rng.usize(1..100) {
        let mut message = vec![0; rng.usize(1..2000)];
        rng.fill(&mut message);
        match round_trip(&c, &message) {
            Ok(true) => drop(traffic.echoes.fetch_add(1, Relaxed)),
            Ok(false) | Err(_) => {
                traffic.cut.fetch_add(1, Relaxed);
                break;
            }
        }
        if !pulse.beat(i) {
            break;
        }
    }
    let _ = c.close();
}

/// `Ok(false)`: the peer closed.
fn round_trip(c: &Conn, message: &[u8]) -> Result<bool, OpError> {
    c.write(message)?;
    let mut got = vec![0; message.len()];
    let mut n = 0;
    while n < got.len() {
        match c.read(&mut got[n..])? {
            0 => return Ok(false),
            more => n += more,
        }
    }
    assert_eq!(got, message, "an echo of something else");
    Ok(true)
}
