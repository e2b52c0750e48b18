//! Ports of Go's os/signal/signal_test.go, under their names. One test runs at a time: signals are the process's.

use std::sync::Mutex;
use std::time::Duration;

use gopark_runtime::chan::Receiver;
use gopark_runtime::run;
use gopark_runtime::signal::{Signal, notify, stop};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone(test: impl FnOnce() + Send) {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    // SAFETY: the tests keep nothing thread-bound across a call that parks.
    unsafe { run(test) };
    drop(guard);
}

fn kill(signal: i32) {
    // SAFETY: the signal is handled, or ignored by default.
    assert_eq!(unsafe { libc::kill(libc::getpid(), signal) }, 0);
}

/// To this thread: delivered when the call returns, which a signal to the process need not be.
fn raise(signal: i32) {
    // SAFETY: as for `kill`.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

fn wait_sig(channel: &Receiver<Signal>, signal: i32) {
    assert_eq!(channel.recv_timeout(Duration::from_secs(5)), Ok(Signal::from(signal)));
}

fn no_sig(channel: &Receiver<Signal>) {
    assert!(channel.recv_timeout(Duration::from_millis(50)).is_err());
}

fn action_of(signal: i32) -> usize {
    // SAFETY: asks for the action only; all-zero is a valid buffer.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action);
        action.sa_sigaction
    }
}

#[test]
fn test_signal() {
    alone(|| {
        let c = notify(&[Signal::from(libc::SIGHUP)]);
        kill(libc::SIGHUP);
        wait_sig(&c, libc::SIGHUP);
        let c1 = notify(&[]);
        kill(libc::SIGWINCH);
        wait_sig(&c1, libc::SIGWINCH);
        // Both get it, and each once.
        kill(libc::SIGHUP);
        wait_sig(&c1, libc::SIGHUP);
        wait_sig(&c, libc::SIGHUP);
        no_sig(&c);
        stop(&c);
        stop(&c1);
    });
}

#[test]
fn test_stop() {
    alone(|| {
        for signal in [libc::SIGWINCH, libc::SIGCONT] {
            let before = action_of(signal);
            let c = notify(&[Signal::from(signal)]);
            assert_ne!(action_of(signal), before);
            kill(signal);
            wait_sig(&c, signal);
            stop(&c);
            assert_eq!(action_of(signal), before);
            kill(signal);
            no_sig(&c);
            // Stopping twice does nothing.
            stop(&c);
        }
    });
}

/// What came before `stop` is in the channel afterwards.
#[test]
fn test_atomic_stop() {
    alone(|| {
        for _ in 0..200 {
            let a = notify(&[Signal::from(libc::SIGWINCH)]);
            let b = notify(&[Signal::from(libc::SIGWINCH)]);
            raise(libc::SIGWINCH);
            stop(&a);
            stop(&b);
            assert_eq!((a.len(), b.len()), (1, 1));
        }
    });
}

#[test]
fn test_signals_coalesce_and_do_not_block() {
    alone(|| {
        let c = notify(&[Signal::from(libc::SIGUSR1)]);
        for _ in 0..1000 {
            raise(libc::SIGUSR1);
        }
        stop(&c);
        let n = c.try_iter().count();
        assert!((1..=64).contains(&n), "{n}");
    });
}

#[test]
fn signals_show_as_gos() {
    for (number, text) in [
        (1, "hangup"),
        (10, "user defined signal 1"),
        (31, "bad system call"),
        (40, "signal 40"),
        (0, "signal 0"),
    ] {
        assert_eq!(Signal::from(number).to_string(), text);
    }
}
