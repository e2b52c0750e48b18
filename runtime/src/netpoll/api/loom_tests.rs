//! Models of one descriptor: a waiter, the poller, a closer, a deadline. No interleaving may leave
//! a waiter parked or wake one twice (the model's note throws then).

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

use loom::sync::Arc;
use loom::thread;

use super::{Directions, Left, PollTask, Waited};
use crate::netpoll::desc::{Deadlines, PollDesc, Ready, Watched};
use crate::netpoll::info::EventErr;
use crate::netpoll::sema::Waiter;
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

/// Another thread's poll, which finds the descriptor readable.
fn polling(pd: &Arc<PollDesc>) -> thread::JoinHandle<()> {
    let pd = pd.clone();
    thread::spawn(move || poll(&pd, READABLE))
}

/// What the scheduler does with the list that netpoll returns.
fn poll(pd: &PollDesc, modes: Ready) {
    let mut ready = Vec::new();
    let delta = pd.netpollready(modes, |waiter| ready.push(waiter));
    assert_eq!(delta, -(ready.len() as i32));
    for waiter in ready {
        match waiter {
            Waiter::Parked(gp) => goready(gp),
            Waiter::Task(task) => task.take().expect("a task in the word has its waker").wake(),
        }
    }
}

/// A future's executor: how often it was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// A task left by a future's first poll.
fn leave(
    pd: &PollDesc,
    task: &std::sync::Arc<PollTask>,
    wakes: &std::sync::Arc<Wakes>,
) -> Result<Left, PollError> {
    pd.leave_task(Direction::Read, task, &wakes.clone().into())
}

/// No close is lost: a future that is pending is woken, and one that comes later fails.
#[test]
fn loom_close_against_task() {
    model(3, || {
        let pd = open();
        let (task, wakes) = (PollTask::new(), std::sync::Arc::new(Wakes::default()));
        let future = {
            let (pd, task, wakes) = (pd.clone(), task.clone(), wakes.clone());
            thread::spawn(move || leave(&pd, &task, &wakes))
        };
        pd.unblock();
        match future.join().unwrap() {
            Ok(left) => assert_eq!((left, wakes.count()), (Left::Waiting, 1)),
            Err(e) => assert_eq!((e, wakes.count()), (PollError::Closing, 0)),
        }
        pd.assert_closable();
    });
}

/// An event reaches the future: as its waker's call, or as a notification that its poll finds.
#[test]
fn loom_poller_against_task() {
    model(3, || {
        let pd = open();
        let (task, wakes) = (PollTask::new(), std::sync::Arc::new(Wakes::default()));
        let poller = polling(&pd);
        let left = leave(&pd, &task, &wakes).unwrap();
        // A poll in between, with another waker, which is the one that counts from then on.
        let second = std::sync::Arc::new(Wakes::default());
        let waits = task.still_waits(&second.clone().into());
        poller.join().unwrap();
        match left {
            Left::Ready => assert!(!waits && wakes.count() + second.count() == 0),
            Left::Waiting if waits => assert_eq!((wakes.count(), second.count()), (0, 1)),
            Left::Waiting => assert_eq!((wakes.count(), second.count()), (1, 0)),
        }
        assert!(!pd.rg.has_waiter());
    });
}

/// A future that is dropped leaves nothing, and takes nobody's notification.
#[test]
fn loom_drop_of_a_task_against_poller_and_closer() {
    model(3, || {
        let pd = open();
        let (task, wakes) = (PollTask::new(), std::sync::Arc::new(Wakes::default()));
        assert_eq!(leave(&pd, &task, &wakes), Ok(Left::Waiting));
        let poller = polling(&pd);
        pd.remove_task(Direction::Read, &task);
        poller.join().unwrap();
        // Whichever came first, the event is there for the next one.
        assert_eq!(pd.wait(Direction::Read, 0), Ok(()));
        pd.unblock();
        pd.assert_closable();
        assert_eq!(std::sync::Arc::strong_count(&task), 1);
    });
}

/// A goroutine's operation finds a future waiting: the future is woken, and the goroutine gets its event.
#[test]
fn loom_waiter_displaces_task() {
    model(2, || {
        let pd = open();
        let (task, wakes) = (PollTask::new(), std::sync::Arc::new(Wakes::default()));
        assert_eq!(leave(&pd, &task, &wakes), Ok(Left::Waiting));
        let poller = polling(&pd);
        let waiter = {
            let pd = pd.clone();
            // It has tried before it waits: an event that came earlier is in the descriptor.
            thread::spawn(move || {
                let displaced = pd.sema(Direction::Read).reset();
                pd.wake(displaced);
            })
        };
        poller.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(wakes.count(), 1);
        assert_eq!(std::sync::Arc::strong_count(&task), 1);
    });
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
