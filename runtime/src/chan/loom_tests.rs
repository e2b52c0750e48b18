//! Models of the channel: rendezvous, select against close, the claim of a select, deadlines, the
//! two halves of a send.

use loom::thread;

use super::hchan::{Received, Sent};
use super::select::complete::Token;
use super::select::selectgo::{Chosen, Op, Preference, SelectOptions, Until, Want, selectgo};
use super::{Receiver, SendError, Sender, bounded};
use crate::sched::g::WaitReason;
use std::mem::MaybeUninit;

/// Two preemptions find every known bug of this kind and keep a model in seconds.
fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(f);
}

const MODE: SelectOptions = SelectOptions {
    until: Until::Forever,
    preference: Preference::Biased,
    want: Want::Operation,
    reason: WaitReason::Select,
};

/// Receives from whichever channel comes first: the place and the message, if there is one.
fn select_recv(rs: [&Receiver<Box<i32>>; 2], until: Until) -> Option<(usize, Option<Box<i32>>)> {
    let mut slot = MaybeUninit::<Box<i32>>::uninit();
    let ops = rs.map(|r| Op { elem: slot.as_mut_ptr().cast(), ..r.op() });
    // SAFETY: the channels are borrowed, the slot fits both.
    let Chosen { at, token } = unsafe { selectgo(&ops, SelectOptions { until, ..MODE }) }?;
    // SAFETY: the message is in the slot.
    Some((at, (token == Token::Received).then(|| unsafe { slot.assume_init_read() })))
}

/// A select's send of a message that is made after it was chosen.
fn select_send(s: &Sender<Box<i32>>, msg: i32) -> Sent {
    // SAFETY: the channel is borrowed; the token is used up below.
    let Chosen { token, .. } = unsafe { selectgo(&[s.op()], MODE) }.expect("without a deadline");
    let msg = std::mem::ManuallyDrop::new(Box::new(msg));
    // SAFETY: won on this channel.
    let sent = unsafe { token.send(s.chan(), (&raw const msg).cast()) };
    if sent != Sent::Yes {
        drop(std::mem::ManuallyDrop::into_inner(msg));
    }
    sent
}

#[test]
fn loom_rendezvous() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || s.send(Box::new(1)));
        assert_eq!(r.recv(), Ok(Box::new(1)));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

#[test]
fn loom_buffer_of_one_two_senders() {
    model(|| {
        let (s, r) = bounded(1);
        let s2 = s.clone();
        let one = thread::spawn(move || s.send(Box::new(1)));
        let two = thread::spawn(move || s2.send(Box::new(2)));
        let sum = *r.recv().unwrap() + *r.recv().unwrap();
        assert_eq!(sum, 3);
        assert_eq!((one.join().unwrap(), two.join().unwrap()), (Ok(()), Ok(())));
        assert!(r.recv().is_err());
    });
}

#[test]
fn loom_dropped_receiver_wakes_sender() {
    model(|| {
        let (s, r) = bounded(1);
        s.send(Box::new(1)).unwrap();
        let sender = thread::spawn(move || s.send(Box::new(2)));
        drop(r);
        assert_eq!(sender.join().unwrap(), Err(SendError(Box::new(2))));
    });
}

#[test]
fn loom_rendezvous_with_select_against_close() {
    model(|| {
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let sender = thread::spawn(move || s1.send(Box::new(1)));
        let closer = thread::spawn(move || s2.close());
        let (at, msg) = select_recv([&r1, &r2], Until::Forever).unwrap();
        drop((r1, r2));
        let sent = sender.join().unwrap();
        closer.join().unwrap();
        match at {
            0 => assert_eq!((msg, sent), (Some(Box::new(1)), Ok(()))),
            _ => assert_eq!((msg, sent), (None, Err(SendError(Box::new(1))))),
        }
    });
}

#[test]
fn loom_one_claim_per_select() {
    model(|| {
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let one = thread::spawn(move || s1.send(Box::new(1)));
        let two = thread::spawn(move || s2.send(Box::new(2)));
        let (at, msg) = select_recv([&r1, &r2], Until::Forever).unwrap();
        // The other sender was passed over, not lost.
        let other = if at == 0 { r2.recv() } else { r1.recv() };
        assert_eq!(*msg.unwrap() + *other.unwrap(), 3);
        assert_eq!((one.join().unwrap(), two.join().unwrap()), (Ok(()), Ok(())));
    });
}

#[test]
fn loom_deadline_against_send() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || s.send(Box::new(1)));
        let mut slot = MaybeUninit::uninit();
        let received = r.recv_until(&mut slot, Until::At(1));
        drop(r);
        let sent = sender.join().unwrap();
        match received {
            // SAFETY: the message is in the slot.
            Received::Yes => assert_eq!((unsafe { slot.assume_init() }, sent), (Box::new(1), Ok(()))),
            _ => assert_eq!(sent, Err(SendError(Box::new(1)))),
        }
    });
}

#[test]
fn loom_late_deadline_spares_the_next_wait() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || {
            s.send(Box::new(1)).unwrap();
            // Only needed if the first was received before the deadline.
            let _ = s.send(Box::new(2));
        });
        let mut slot = MaybeUninit::uninit();
        let first = r.recv_until(&mut slot, Until::At(1)) == Received::Yes;
        if first {
            // SAFETY: the message is in the slot.
            unsafe { slot.assume_init_drop() };
        }
        // Without a deadline: the first wait's timer, which may still be on its way, must not end
        // this one.
        let (never_s, never_r) = bounded(0);
        let (at, msg) = select_recv([&r, &never_r], Until::Forever).unwrap();
        assert_eq!((at, msg), (0, Some(Box::new(1 + i32::from(first)))));
        drop((r, never_s));
        sender.join().unwrap();
    });
}

#[test]
fn loom_select_send_meets_receive() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || select_send(&s, 1));
        assert_eq!(r.recv(), Ok(Box::new(1)));
        assert_eq!(sender.join().unwrap(), Sent::Yes);
    });
}

#[test]
fn loom_select_send_meets_select_receive() {
    model(|| {
        let (s1, r1) = bounded(0);
        let (_s2, r2) = bounded(0);
        let sender = thread::spawn(move || select_send(&s1, 1));
        assert_eq!(select_recv([&r2, &r1], Until::Forever), Some((1, Some(Box::new(1)))));
        assert_eq!(sender.join().unwrap(), Sent::Yes);
    });
}

#[test]
fn loom_kept_place_against_close() {
    model(|| {
        let (s, r) = bounded(1);
        let closing = s.clone();
        let sender = thread::spawn(move || select_send(&s, 1));
        let closer = thread::spawn(move || closing.close());
        let got = r.recv();
        assert_eq!(sender.join().unwrap() == Sent::Yes, got.is_ok());
        closer.join().unwrap();
    });
}

#[test]
fn loom_abandoned_sender_sends_the_receiver_back() {
    model(|| {
        let (s, r) = bounded(0);
        let s2 = s.clone();
        let leaver = thread::spawn(move || {
            // SAFETY: the channel is borrowed; the token is used up.
            unsafe {
                let Chosen { token, .. } = selectgo(&[s.op()], MODE).unwrap();
                token.abandon(s.chan());
            }
        });
        let sender = thread::spawn(move || s2.send(Box::new(2)));
        assert_eq!(r.recv(), Ok(Box::new(2)));
        drop(r);
        assert_eq!(sender.join().unwrap(), Ok(()));
        leaver.join().unwrap();
    });
}

#[test]
fn loom_ready_sees_a_message_or_the_end() {
    model(|| {
        let (s, r) = bounded(1);
        let sender = thread::spawn(move || s.send(Box::new(1)));
        // SAFETY: the channel is borrowed; no operation is begun.
        let chosen = unsafe { selectgo(&[r.op()], SelectOptions { want: Want::Readiness, ..MODE }) };
        assert!(chosen.is_some());
        assert_eq!(r.try_recv(), Ok(Box::new(1)));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}
