//! Models of one descriptor: a waiter, the poller, a closer, a deadline. No interleaving may leave
//! a waiter parked or wake one twice (the model's note throws then).

use loom::sync::Arc;
use loom::thread;

use super::{Directions, Waited};
use crate::netpoll::desc::{Deadlines, PollDesc, Ready, Watched};
use crate::netpoll::info::EventErr;
use crate::netpoll::{Direction, PollError};
use crate::sched::goready;

const READABLE: Ready = Ready { read: true, write: false };

fn model(bound: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(bound);
    builder.check(f);
}

fn open() -> Arc<PollDesc> {
    let pd = Arc::new(PollDesc::new());
    pd.start(7, Watched::Socket);
    pd
}

/// What the scheduler does with the list that netpoll returns.
fn poll(pd: &PollDesc, modes: Ready) {
    let mut ready = Vec::new();
    let delta = pd.netpollready(modes, |gp| ready.push(gp));
    assert_eq!(delta, -(ready.len() as i32));
    ready.into_iter().for_each(goready);
}

/// A timer that goes off: the state that `set_deadline` leaves, without the timer.
fn arm_read_deadline(pd: &PollDesc) -> usize {
    let mut slot = pd.deadlines.lock();
    let d = slot.get_or_insert_with(|| Box::new(Deadlines::new()));
    d.read.at = 1;
    d.read.running = true;
    d.read.seq
}

#[test]
fn loom_close_against_wait() {
    model(3, || {
        let pd = open();
        let waiter = {
            let pd = pd.clone();
            thread::spawn(move || assert_eq!(pd.wait(Direction::Read, 0), Err(PollError::Closing)))
        };
        pd.unblock();
        waiter.join().unwrap();
        pd.assert_closable();
    });
}

#[test]
fn loom_poller_against_wait() {
    model(3, || {
        let pd = open();
        let waiter = {
            let pd = pd.clone();
            thread::spawn(move || assert_eq!(pd.wait(Direction::Read, 0), Ok(())))
        };
        poll(&pd, READABLE);
        waiter.join().unwrap();
    });
}

#[test]
fn loom_deadline_against_wait() {
    model(3, || {
        let pd = open();
        let seq = arm_read_deadline(&pd);
        let waiter = {
            let pd = pd.clone();
            thread::spawn(move || assert_eq!(pd.wait(Direction::Read, 0), Err(PollError::Timeout)))
        };
        pd.deadline_passed(seq, Directions::Read);
        waiter.join().unwrap();
        assert_eq!(pd.check(Direction::Read), Err(PollError::Timeout));
        assert_eq!(pd.check(Direction::Write), Ok(()));
    });
}

#[test]
fn loom_waiter_poller_closer_deadline() {
    model(2, || {
        let pd = open();
        let seq = arm_read_deadline(&pd);
        let waiter = {
            let pd = pd.clone();
            thread::spawn(move || {
                // Which of the three comes first decides; the wait ends in any case.
                let _ = pd.wait(Direction::Read, 0);
                // And a later one fails at once.
                while pd.wait(Direction::Read, 0).is_ok() {}
            })
        };
        let poller = {
            let pd = pd.clone();
            thread::spawn(move || poll(&pd, Ready { read: true, write: true }))
        };
        let deadline = {
            let pd = pd.clone();
            thread::spawn(move || pd.deadline_passed(seq, Directions::Read))
        };
        pd.unblock();
        waiter.join().unwrap();
        poller.join().unwrap();
        deadline.join().unwrap();
        pd.assert_closable();
    });
}

#[test]
fn loom_deadline_lifted_before_the_waiter_runs() {
    model(2, || {
        let pd = open();
        let seq = arm_read_deadline(&pd);
        let waiter = {
            let pd = pd.clone();
            thread::spawn(move || pd.wait(Direction::Read, 0))
        };
        let deadline = {
            let pd = pd.clone();
            thread::spawn(move || pd.deadline_passed(seq, Directions::Read))
        };
        pd.set_deadline(0, Directions::Read);
        poll(&pd, READABLE);
        deadline.join().unwrap();
        // Timed out before the deadline was lifted, or ready; not parked for ever.
        let ended = waiter.join().unwrap();
        assert!(matches!(ended, Ok(()) | Err(PollError::Timeout)), "{ended:?}");
    });
}

#[test]
fn loom_reader_and_writer_with_one_event() {
    model(2, || {
        let pd = open();
        let waiters = [Direction::Read, Direction::Write].map(|direction| {
            let pd = pd.clone();
            thread::spawn(move || assert_eq!(pd.wait(direction, 0), Ok(())))
        });
        poll(&pd, Ready { read: true, write: true });
        for w in waiters {
            w.join().unwrap();
        }
    });
}

#[test]
fn loom_stale_event_against_reuse() {
    model(3, || {
        let pd = open();
        let old_life = pd.info.load().fdseq();
        let poller = {
            let pd = pd.clone();
            thread::spawn(move || {
                if pd.info.load().fdseq() == old_life {
                    pd.info.set_event_err(EventErr::Set, old_life);
                    poll(&pd, READABLE);
                }
            })
        };
        pd.unblock();
        pd.assert_closable();
        pd.end();
        pd.start(7, Watched::Socket);
        // A stale event is at worst a spurious notification; its error never reaches the next user.
        assert_eq!(pd.check(Direction::Read), Ok(()));
        poller.join().unwrap();
        assert_eq!(pd.check(Direction::Read), Ok(()));
        assert!(!pd.rg.has_waiter());
    });
}

#[test]
fn loom_interrupt_against_wait() {
    model(3, || {
        let pd = open();
        let flag = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let waiter = {
            let (pd, flag) = (pd.clone(), flag.clone());
            thread::spawn(move || {
                let ended =
                    pd.wait_unless(Direction::Read, 0, || flag.load(std::sync::atomic::Ordering::Relaxed));
                assert_eq!(ended, Ok(Waited::Interrupted));
            })
        };
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
        pd.interrupt(Direction::Read);
        waiter.join().unwrap();
    });
}
