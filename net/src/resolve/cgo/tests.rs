//! Ports of Go's net/cgo_unix_test.go. What they ask for, the C library finds in the machine's own
//! files.

use gopark_runtime::context::ContextError;
use gopark_runtime::time::sleep;
use std::time::Duration;

use super::*;

fn in_runtime(test: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing thread-bound across a call that parks.
    unsafe { gopark_runtime::run(test) }
}

fn localhost(ctx: &Context) {
    let addrs = lookup_ip(ctx, "ip", "localhost").unwrap();
    assert!(!addrs.is_empty() && addrs.iter().all(|a| a.ip.to_canonical().is_loopback()), "{addrs:?}");
    for addr in lookup_ip(ctx, "ip4", "localhost").unwrap() {
        assert!(addr.ip.is_ipv4());
    }
}

#[test]
fn test_cgo_lookup_ip() {
    in_runtime(|| localhost(&Context::background()));
}

#[test]
fn test_cgo_lookup_ip_with_cancel() {
    in_runtime(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        localhost(&ctx);
        cancel();
        let e = lookup_ip(&ctx, "ip", "localhost").unwrap_err();
        assert_eq!(e.to_string(), "lookup localhost: operation was canceled");
        assert_eq!(e.ended, Some(ContextError::Canceled));
    });
}

#[test]
fn test_cgo_lookup_port() {
    in_runtime(|| {
        // Where there is no /etc/services the library knows no name; our own table does
        // (`lookup_service`).
        if std::fs::exists("/etc/services").unwrap() {
            assert_eq!(lookup_port("tcp", "smtp"), Ok(25));
            assert_eq!(lookup_port("tcp4", "SMTP"), Ok(25));
        }
        let e = lookup_port("udp", "_-unknown-service-").unwrap_err();
        assert_eq!(e.to_string(), "lookup udp/_-unknown-service-: unknown port");
        assert!(e.is_not_found);
    });
}

#[test]
fn test_cgo_lookup_ptr() {
    in_runtime(|| {
        let names = lookup_ptr(&Context::background(), "127.0.0.1").unwrap();
        assert_eq!(names.len(), 1);
        let e = lookup_ptr(&Context::background(), "127.0.0").unwrap_err();
        assert_eq!(e.to_string(), "lookup 127.0.0: invalid address");
    });
}

#[test]
fn test_cgo_lookup_ptr_with_cancel() {
    in_runtime(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        lookup_ptr(&ctx, "127.0.0.1").unwrap();
        cancel();
        assert!(lookup_ptr(&ctx, "127.0.0.1").is_err());
    });
}

/// I1 and I2: a caller that waits for a slow call leaves when its context ends; the thread stays
///    counted until the call is over.
#[test]
fn a_context_ends_the_wait_not_the_call() {
    in_runtime(|| {
        let (ctx, cancel) = Context::background().with_timeout(Duration::from_millis(20));
        let (go_on, gate) = std::sync::mpsc::channel::<()>();
        let e = on_a_thread(&ctx, "slow.example", move || gate.recv()).unwrap_err();
        cancel();
        assert_eq!(e.to_string(), "lookup slow.example: i/o timeout");
        assert!(e.is_timeout && e.is_temporary);
        let rest = THREADS.try_acquire_many(MAX_THREADS);
        assert!(rest.is_none(), "the call has its thread yet");
        go_on.send(()).unwrap();
        // Other tests use threads at the same time, but not for ever.
        while THREADS.try_acquire_many(MAX_THREADS).is_none() {
            sleep(Duration::from_millis(1));
        }
    });
}
