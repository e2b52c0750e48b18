//! Ports of Go's os/signal/signal_test.go, under their names. One test runs at a time: signals are the process's.

use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use gopark_runtime::chan::Receiver;
use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::signal::{Signal, ignore, ignored, notify, notify_context, reset, stop};
use gopark_runtime::{go, gosched, run};

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

/// What comes while it stops is neither lost nor too late: the channel ends when `stop` has returned.
#[test]
fn test_stress() {
    alone(|| {
        let c = notify(&[Signal::from(libc::SIGUSR1)]);
        let stopper = go({
            let c = c.clone();
            move || {
                let end = Instant::now() + Duration::from_millis(300);
                while Instant::now() < end {
                    kill(libc::SIGUSR1);
                    gosched();
                }
                // A signal to the process may still be on its way to a thread.
                gopark_runtime::time::sleep(Duration::from_millis(50));
                stop(&c);
            }
        });
        let came = c.iter().count();
        stopper.join().unwrap();
        assert!(came > 1, "{came}");
    });
}

/// The same while another goroutine does nothing but ask for the time.
#[test]
fn test_time() {
    alone(|| {
        let c = notify(&[Signal::from(libc::SIGUSR1)]);
        let clock = go(|| {
            let end = Instant::now() + Duration::from_millis(200);
            while Instant::now() < end {}
        });
        while !clock.is_finished() {
            raise(libc::SIGUSR1);
            gosched();
        }
        stop(&c);
        assert!(c.iter().count() > 0);
        clock.join().unwrap();
    });
}

fn cancelled_by(cancel: impl FnOnce(&[Signal])) {
    let (winch, hup) = (Signal::from(libc::SIGWINCH), Signal::HANGUP);
    let (c1, c2) = (notify(&[winch]), notify(&[hup]));
    raise(libc::SIGWINCH);
    wait_sig(&c1, libc::SIGWINCH);
    raise(libc::SIGHUP);
    wait_sig(&c2, libc::SIGHUP);
    cancel(&[winch, hup]);
    raise(libc::SIGWINCH);
    if ignored(hup) {
        raise(libc::SIGHUP);
    }
    no_sig(&c1);
    no_sig(&c2);
    // Stopping what was let go does nothing.
    stop(&c1);
    stop(&c2);
}

#[test]
fn test_reset() {
    alone(|| {
        let before = (action_of(libc::SIGWINCH), action_of(libc::SIGHUP));
        cancelled_by(reset);
        assert_eq!((action_of(libc::SIGWINCH), action_of(libc::SIGHUP)), before);
    });
}

#[test]
fn test_ignore() {
    alone(|| {
        // Under `nohup` and some CI runners the signal is ignored from the start.
        // SAFETY: no handler of anybody's: one test runs at a time.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
        cancelled_by(ignore);
        assert!(ignored(Signal::from(libc::SIGWINCH)) && ignored(Signal::HANGUP));
        // Of a channel for several signals the others stay.
        let c = notify(&[Signal::from(libc::SIGUSR1), Signal::from(libc::SIGUSR2)]);
        ignore(&[Signal::from(libc::SIGUSR1)]);
        raise(libc::SIGUSR1);
        raise(libc::SIGUSR2);
        wait_sig(&c, libc::SIGUSR2);
        no_sig(&c);
        stop(&c);
        reset(&[]);
        assert!(!ignored(Signal::from(libc::SIGUSR1)) && !ignored(Signal::HANGUP));
    });
}

#[test]
fn test_ignored() {
    alone(|| {
        let winch = Signal::from(libc::SIGWINCH);
        let c = notify(&[winch]);
        assert!(!ignored(winch));
        stop(&c);
        ignore(&[winch]);
        assert!(ignored(winch));
        // Wanted again, then not: the action from before it was ignored.
        let c = notify(&[winch]);
        assert!(!ignored(winch));
        stop(&c);
        assert!(!ignored(winch));
    });
}

/// Set for a child: what it is to do.
const CHILD: &str = "GOPARK_SIGNAL_CHILD";

/// This test again as a child of `launcher`; how it ended.
fn child(launcher: &[&str], test: &str, task: &str) -> std::process::ExitStatus {
    let me = std::env::current_exe().unwrap();
    let mut words = launcher.iter().map(std::ffi::OsStr::new).chain([me.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--exact", test]).env(CHILD, task);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status().unwrap()
}

#[test]
fn test_detect_nohup() {
    if std::env::var_os(CHILD).is_some() {
        return alone(|| assert!(ignored(Signal::HANGUP)));
    }
    let out_of_the_way = ["env", "--default-signal=HUP"];
    assert!(!child(&out_of_the_way, "test_detect_nohup", "look").success());
    assert!(child(&["env", "--ignore-signal=HUP"], "test_detect_nohup", "look").success());
    assert!(child(&["nohup"], "test_detect_nohup", "look").success());
}

/// Without a handler SIGHUP kills, unless whoever started the program had it ignored; a notification that came and went changes neither.
#[test]
fn test_nohup() {
    use std::os::unix::process::ExitStatusExt;
    if let Some(task) = std::env::var_os(CHILD) {
        return alone(|| {
            if task == "notify" {
                let c = notify(&[Signal::HANGUP]);
                raise(libc::SIGHUP);
                wait_sig(&c, libc::SIGHUP);
                stop(&c);
            }
            raise(libc::SIGHUP);
        });
    }
    for task in ["die", "notify"] {
        let died = child(&["env", "--default-signal=HUP"], "test_nohup", task);
        assert_eq!(died.signal(), Some(libc::SIGHUP), "{task}");
        assert!(child(&["nohup"], "test_nohup", task).success(), "{task}");
    }
}

#[test]
fn test_sigcont() {
    alone(|| {
        let c = notify(&[Signal::from(libc::SIGCONT)]);
        kill(libc::SIGCONT);
        wait_sig(&c, libc::SIGCONT);
        stop(&c);
    });
}

/// The context is cancelled by the signal, and other channels get it too.
#[test]
fn test_notify_context_notifications() {
    alone(|| {
        let winch = [Signal::from(libc::SIGWINCH)];
        let other = notify(&winch);
        let (ctx, stop_it) = notify_context(&Context::background(), &winch);
        for _ in 0..3 {
            raise(libc::SIGWINCH);
            wait_sig(&other, libc::SIGWINCH);
        }
        assert!(ctx.done().recv_timeout(Duration::from_secs(5)).is_err());
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
        stop_it();
        stop(&other);
    });
}

#[test]
fn test_notify_context_stop() {
    alone(|| {
        let winch = Signal::from(libc::SIGWINCH);
        let before = action_of(libc::SIGWINCH);
        ignore(&[winch]);
        let (ctx, stop_it) = notify_context(&Context::background(), &[winch]);
        assert!(!ignored(winch));
        assert_eq!(ctx.err(), None);
        stop_it();
        let _ = ctx.done().recv();
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
        assert_eq!(action_of(libc::SIGWINCH), before);
    });
}

#[test]
fn test_notify_context_cancel_parent() {
    alone(|| {
        let (parent, cancel) = Context::background().with_cancel();
        let (ctx, stop_it) = notify_context(&parent, &[Signal::from(libc::SIGWINCH)]);
        cancel();
        let _ = ctx.done().recv();
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
        stop_it();
    });
}

#[test]
fn test_notify_context_premature_cancel_parent() {
    alone(|| {
        let (parent, cancel) = Context::background().with_cancel();
        cancel();
        let (ctx, stop_it) = notify_context(&parent, &[Signal::from(libc::SIGWINCH)]);
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
        stop_it();
    });
}

#[test]
fn test_notify_context_simultaneous_stop() {
    alone(|| {
        let (ctx, stop_it) = notify_context(&Context::background(), &[Signal::from(libc::SIGWINCH)]);
        let stops: Vec<_> = (0..10)
            .map(|_| {
                let stop_it = stop_it.clone();
                go(move || stop_it.cancel())
            })
            .collect();
        stops.into_iter().for_each(|s| s.join().unwrap());
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
    });
}

/// One channel's stop, while another comes, leaves no handler behind.
#[test]
fn channels_that_come_and_go_at_once_leave_no_handler() {
    alone(|| {
        let signals = [libc::SIGWINCH, libc::SIGUSR1, libc::SIGUSR2];
        let before = signals.map(action_of);
        let all: Vec<_> = signals
            .into_iter()
            .map(|signal| {
                go(move || {
                    for _ in 0..300 {
                        let c = notify(&[Signal::from(signal)]);
                        raise(signal);
                        stop(&c);
                        assert_eq!(c.len(), 1);
                    }
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().unwrap());
        assert_eq!(signals.map(action_of), before);
    });
}
