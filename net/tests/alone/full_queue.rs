//! A unix datagram whose receiver's queue is full waits as one does that blocks in the kernel:
//! without processor time, until there is room. In a process alone, for the processor time is the
//! process's.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alone;
use crate::common::{in_runtime, socket_name, socket_path};
use gopark_net::{UnixDatagram, dial, listen_packet};
use gopark_runtime::{go, time};

/// The processor time of this process.
fn cpu() -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the system fills it.
    let usage = unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()), 0);
        usage.assume_init()
    };
    let of = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    of(usage.ru_utime) + of(usage.ru_stime)
}

const PARKED: Duration = Duration::from_millis(500);

/// Nearly nothing is computed while the others are parked.
fn assert_idle() {
    time::sleep(Duration::from_millis(50));
    let before = cpu();
    time::sleep(PARKED);
    let used = cpu() - before;
    assert!(used < PARKED / 5, "{used:?} of processor time in {PARKED:?}");
}

/// Sends until there is no more room; how many went out.
fn fill(sender: &UnixDatagram, to: &std::path::Path) -> usize {
    sender.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut sent = 0;
    let full = loop {
        match sender.send_to(b"message", to) {
            Ok(n) => sent += n / 7,
            Err(e) => break e,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    sender.set_write_timeout(None).unwrap();
    sent
}

#[test]
fn a_sender_without_a_peer_sleeps() {
    alone(module_path!(), "a_sender_without_a_peer_sleeps", || {
        in_runtime(|| {
            let at = socket_path();
            let receiver = UnixDatagram::bind(&at).unwrap();
            let sender = Arc::new(UnixDatagram::unbound().unwrap());
            let queued = fill(&sender, &at);
            let (parked, to) = (sender.clone(), at.clone());
            let sending = go(move || (0..3).map(|_| parked.send_to(b"later", &to).unwrap()).sum::<usize>());
            assert_idle();
            assert!(!sending.is_finished());
            let mut buf = [0; 16];
            for _ in 0..queued {
                assert_eq!(receiver.recv(&mut buf).unwrap(), 7);
            }
            for _ in 0..3 {
                assert_eq!(receiver.recv(&mut buf).unwrap(), 5);
            }
            assert_eq!(sending.join().unwrap(), 15);
            std::fs::remove_file(at).unwrap();
        });
    });
}

/// With a peer of its own, and to another one; and with several who wait.
#[test]
fn senders_with_another_peer_sleep() {
    alone(module_path!(), "senders_with_another_peer_sleep", || {
        in_runtime(|| {
            let (at, other) = (socket_path(), socket_path());
            let receiver = UnixDatagram::bind(&at).unwrap();
            let _peer = UnixDatagram::bind(&other).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            sender.connect(&other).unwrap();
            let queued = fill(&sender, &at);
            let sending: Vec<_> = (0..4)
                .map(|_| {
                    let (sender, to) = (sender.try_clone().unwrap(), at.clone());
                    go(move || sender.send_to(b"later", to).unwrap())
                })
                .collect();
            assert_idle();
            for _ in 0..queued + sending.len() {
                receiver.recv(&mut [0; 16]).unwrap();
            }
            for sent in sending {
                assert_eq!(sent.join().unwrap(), 5);
            }
            std::fs::remove_file(at).unwrap();
            std::fs::remove_file(other).unwrap();
        });
    });
}

/// The wait ends by the receiver's end, a close and a deadline, too; Go's face waits in the same
/// way.
#[test]
fn what_ends_the_wait() {
    alone(module_path!(), "what_ends_the_wait", || {
        in_runtime(|| {
            let at = socket_path();
            let receiver = UnixDatagram::bind(&at).unwrap();
            let sender = Arc::new(UnixDatagram::unbound().unwrap());
            fill(&sender, &at);
            let (parked, to) = (sender.clone(), at.clone());
            let sending = go(move || parked.send_to(b"later", to).map_err(|e| e.kind()));
            time::sleep(Duration::from_millis(30));
            sender.close().unwrap();
            assert!(sending.join().unwrap().is_err());

            let sender = UnixDatagram::unbound().unwrap();
            fill(&sender, &at);
            let to = at.clone();
            let sending = go(move || sender.send_to(b"later", to).map_err(|e| e.kind()));
            time::sleep(Duration::from_millis(30));
            drop(receiver);
            assert_eq!(sending.join().unwrap(), Err(ErrorKind::ConnectionRefused));
            std::fs::remove_file(at).unwrap();

            let name = socket_name();
            let receiver = listen_packet("unixgram", &name).unwrap();
            let sender = listen_packet("unixgram", &socket_name()).unwrap();
            let to = receiver.local_addr();
            sender.set_write_deadline(Some(Instant::now() + Duration::from_millis(300))).unwrap();
            let before = cpu();
            let full = loop {
                if let Err(e) = sender.write_msg(b"message", &[], Some(&to)) {
                    break e;
                }
            };
            assert!(full.timeout(), "{full}");
            let used = cpu() - before;
            assert!(used < Duration::from_millis(100), "{used:?} of processor time in 300 ms");
            // A peer of its own needs no help.
            let conn = dial("unixgram", &name).unwrap();
            conn.set_write_deadline(Some(Instant::now() + Duration::from_millis(30))).unwrap();
            assert!(conn.write(b"message").unwrap_err().timeout());
        });
    });
}
