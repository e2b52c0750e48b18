//! Ports of Go's net/timeout_test.go for packets, under their names.

use std::time::{Duration, Instant};

use crate::common::in_runtime;
use gopark_net::{PacketConn, dial, listen_packet};
use gopark_runtime::go;

fn local() -> PacketConn {
    listen_packet("udp", "127.0.0.1:0").unwrap()
}

fn from_now(ms: u64) -> Option<Instant> {
    Some(Instant::now() + Duration::from_millis(ms))
}

#[test]
fn test_read_from_timeout() {
    in_runtime(|| {
        let c = local();
        let to = c.local_addr();
        // A deadline that is over is the answer though a message is there; one to come lets it through.
        let sender = go(move || local().write_to(b"READFROM TIMEOUT TEST", &to).unwrap());
        assert_eq!(sender.join().unwrap(), 21);
        c.set_read_deadline(from_now(0)).unwrap();
        for _ in 0..2 {
            assert!(c.read_from(&mut [0]).unwrap_err().timeout());
        }
        c.set_read_deadline(from_now(50)).unwrap();
        assert_eq!(c.read_from(&mut [0; 32]).unwrap().0, 21);
        for _ in 0..2 {
            let e = c.read_from(&mut [0]).unwrap_err();
            assert_eq!(e.to_string(), format!("read udp {}: i/o timeout", c.local_addr()));
        }
    });
}

#[test]
fn test_write_to_timeout() {
    in_runtime(|| {
        let peer = local();
        for ms in [0, 10] {
            let c = local();
            c.set_write_deadline(from_now(ms)).unwrap();
            let end = Instant::now() + Duration::from_secs(5);
            let e = loop {
                assert!(Instant::now() < end);
                match c.write_to(b"WRITETO TIMEOUT TEST", &peer.local_addr()) {
                    Ok(n) => assert!(n == 20 && ms != 0),
                    Err(e) => break e,
                }
            };
            assert!(e.timeout() && e.transferred() == 0, "{e}");
            assert!(c.write_to(b"x", &peer.local_addr()).unwrap_err().timeout());
        }
    });
}

/// The wait ends soon after the deadline, and not before; longer deadlines are tried while the machine is late.
#[test]
fn test_read_from_timeout_fluctuation() {
    in_runtime(|| {
        let peer = local();
        let c = dial("udp", &peer.local_addr().to_string()).unwrap();
        let mut timeout = Duration::from_millis(1);
        loop {
            let start = Instant::now();
            c.set_read_deadline(Some(start + timeout)).unwrap();
            assert!(c.read_from(&mut [0; 256]).unwrap_err().timeout());
            let took = start.elapsed();
            assert!(took >= timeout, "{took:?} for {timeout:?}");
            if took <= timeout + timeout.max(Duration::from_millis(5)) {
                break;
            }
            timeout *= 2;
            assert!(timeout < Duration::from_secs(4), "{took:?}");
        }
    });
}
