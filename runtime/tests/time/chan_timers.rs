//! Go: time/tick_test.go TestChan, with the semantics of 1.23 (asynctimerchan=0).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::chan::{Receiver, bounded};
use gopark_runtime::time::{Ticker, Timer, sleep};
use gopark_runtime::{go, select};

use super::{MS, run};

const SCHED: Duration = Duration::from_millis(10);
const FAR: Duration = Duration::from_secs(10_000);
const NOW: Duration = Duration::from_nanos(1);

/// What `Timer` and `Ticker` share. Go: the interface timer, and tickerTimer.
trait Tim {
    const IS_TICKER: bool;
    fn stop(&self) -> bool;
    fn reset(&self, d: Duration) -> bool;
    fn channel(&self) -> &Receiver<Instant>;

    fn no_tick(&self) {
        assert!(self.channel().try_recv().is_err(), "extra tick");
    }

    fn assert_tick(&self) {
        let tries = |_| {
            sleep(SCHED);
            self.channel().try_recv().is_ok()
        };
        assert!(self.channel().try_recv().is_ok() || (0..100).any(tries), "missing tick");
    }
}

impl Tim for Timer {
    const IS_TICKER: bool = false;
    fn stop(&self) -> bool {
        Timer::stop(self)
    }
    fn reset(&self, d: Duration) -> bool {
        Timer::reset(self, d)
    }
    fn channel(&self) -> &Receiver<Instant> {
        Timer::channel(self)
    }
}

/// A ticker that remembers whether it was stopped.
struct TickerTimer(Ticker, AtomicBool);

impl Tim for TickerTimer {
    const IS_TICKER: bool = true;
    fn stop(&self) -> bool {
        self.0.stop();
        !self.1.swap(true, SeqCst)
    }
    fn reset(&self, d: Duration) -> bool {
        self.0.reset(d);
        !self.1.swap(false, SeqCst)
    }
    fn channel(&self) -> &Receiver<Instant> {
        self.0.channel()
    }
}

fn not_done(done: &Receiver<()>) {
    assert!(done.try_recv().is_err(), "early done");
}

fn wait_done(done: &Receiver<()>) {
    done.recv_timeout(100 * SCHED).expect("never got done");
}

fn test_timer_chan<T: Tim + Send + Sync + 'static>(tim: T) {
    let tim = &Arc::new(tim);
    changes_without_waiters(&**tim);
    changes_with_one_waiter(tim);
    changes_with_two_waiters(tim);
    stopped_with_waiters(tim);
    no_stale_values(&**tim);
}

fn changes_without_waiters(tim: &impl Tim) {
    tim.stop();
    tim.no_tick();
    tim.reset(FAR);
    tim.no_tick();
    tim.reset(NOW);
    sleep(SCHED);
    tim.assert_tick();
    // Long enough for a ticker's second tick, which the reset takes back.
    sleep(SCHED);
    tim.reset(FAR);
    tim.no_tick();
}

fn changes_with_one_waiter<T: Tim + Send + Sync + 'static>(tim: &Arc<T>) {
    tim.reset(FAR);
    let (s, done) = bounded(1);
    let waiter = tim.clone();
    go(move || {
        waiter.channel().recv().unwrap();
        s.send(()).unwrap();
    });
    sleep(SCHED);
    not_done(&done);
    tim.reset(2 * FAR);
    sleep(SCHED);
    not_done(&done);
    tim.reset(NOW);
    wait_done(&done);
    if T::IS_TICKER {
        tim.assert_tick()
    } else {
        tim.no_tick()
    }
    tim.stop();
    tim.no_tick();
}

fn changes_with_two_waiters<T: Tim + Send + Sync + 'static>(tim: &Arc<T>) {
    tim.reset(FAR);
    let (got, done) = bounded(2);
    let (stop, stopped) = bounded::<()>(0);
    let waiters: Vec<_> = (0..2)
        .map(|_| {
            let (tim, got, stopped) = (tim.clone(), got.clone(), stopped.clone());
            go(move || {
                select! {
                    recv(tim.channel()) -> _ => got.send(()).unwrap(),
                    recv(stopped) -> _ => {}
                }
            })
        })
        .collect();
    sleep(SCHED);
    not_done(&done);
    tim.reset(SCHED / 2);
    sleep(SCHED);
    wait_done(&done);
    tim.stop();
    stop.close();
    waiters.into_iter().for_each(|w| w.join().unwrap());
    if T::IS_TICKER {
        // The second waiter may have got a tick before the stop.
        let _ = done.try_recv();
    }
    not_done(&done);
}

fn stopped_with_waiters<T: Tim + Send + Sync + 'static>(tim: &Arc<T>) {
    let (stop, stopped) = bounded::<()>(0);
    let waiters: Vec<_> = (0..2)
        .map(|_| {
            let (tim, stopped) = (tim.clone(), stopped.clone());
            go(move || {
                select! {
                    recv(tim.channel()) -> _ => panic!("unexpected data"),
                    recv(stopped) -> _ => {}
                }
            })
        })
        .collect();
    sleep(SCHED);
    stop.close();
    waiters.into_iter().for_each(|w| w.join().unwrap());
}

fn no_stale_values<T: Tim>(tim: &T) {
    tim.reset(NOW);
    sleep(10 * MS);
    assert!(tim.stop(), "due, but not received");
    tim.no_tick();

    tim.reset(FAR);
    tim.no_tick();
    assert!(tim.reset(NOW));
    tim.assert_tick();
    sleep(10 * MS);
    if T::IS_TICKER {
        tim.assert_tick();
        sleep(10 * MS);
    } else {
        tim.no_tick();
    }
    assert_eq!(tim.reset(FAR), T::IS_TICKER);
    tim.no_tick();
}

#[test]
fn test_chan_timer() {
    run(|| test_timer_chan(Timer::new(FAR)));
}

#[test]
fn test_chan_ticker() {
    run(|| test_timer_chan(TickerTimer(Ticker::new(FAR), AtomicBool::new(false))));
}

/// Ours. Go's largest duration is as far away as its clock goes, and a timer set to it is set.
#[test]
fn a_timer_for_ever_is_set() {
    run(|| {
        let timer = Timer::new(Duration::MAX);
        assert!(timer.stop());
        assert!(!timer.stop());
        assert!(!timer.reset(Duration::MAX));
        assert!(timer.reset(FAR));
        assert!(timer.reset(NOW));
        timer.assert_tick();
        TickerTimer(Ticker::new(Duration::MAX), AtomicBool::new(false)).no_tick();
    });
}
