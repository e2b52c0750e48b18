//! A child that runs. Model: `std::process::Child`.
//!
//! Go: os/exec/exec.go `Wait`, os/exec.go `Process`.
//!
//! I1 The child is asked for once; its status is kept. The process descriptor is closed then, or
//!    when the child is dropped; a call under way keeps it open.
//! I2 One goroutine at a time waits for the child's end; the others wait for that goroutine.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::panic::AssertUnwindSafe;
use std::process::{ExitStatus, Output};
use std::sync::{Arc, Mutex, PoisonError};

use gopark_runtime::poll_api::aside;
use gopark_runtime::signal::Signal;
use gopark_runtime::{go, sync};

use super::fork::Pidfd;
use super::pidfd::{self, Handle, Patience, Waited};
use crate::os::{File, PathError};
use crate::sys::Errno;

/// The writing end of a child's input.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
/// let stdin: gopark::process::ChildStdin = child.stdin.take().unwrap();
/// stdin.write(b"hello").unwrap();
/// drop(stdin);
/// assert_eq!(child.wait_with_output().unwrap().stdout, b"hello");
/// # }) }
/// ```
pub type ChildStdin = File;
/// The reading end of a child's output.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
/// drop(child.stdin.take());
/// let stdout: gopark::process::ChildStdout = child.stdout.take().unwrap();
/// assert_eq!(stdout.read(&mut [0; 8]).unwrap(), 0);
/// child.wait().unwrap();
/// # }) }
/// ```
pub type ChildStdout = File;
/// The reading end of a child's error output.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::process::{ChildStderr, Command, Stdio};
///
/// let mut child = Command::new("sh").args(["-c", "echo no >&2"]).stderr(Stdio::piped()).spawn().unwrap();
/// let stderr: ChildStderr = child.stderr.take().unwrap();
/// assert_eq!(stderr.read(&mut [0; 8]).unwrap(), 3);
/// child.wait().unwrap();
/// # }) }
/// ```
pub type ChildStderr = File;

/// The parent's ends of the child's pipes.
pub(super) struct ParentEnds {
    pub(super) stdin: Option<File>,
    pub(super) stdout: Option<File>,
    pub(super) stderr: Option<File>,
}

/// A child. Dropping it neither waits nor kills, as std's.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::process::Command;
///
/// let child = Command::new("true").spawn().unwrap();
/// assert!(child.wait().unwrap().success()); // parks
/// # }) }
/// ```
#[derive(Debug)]
pub struct Child {
    /// To the child's input, if it was piped.
    pub stdin: Option<ChildStdin>,
    /// From the child's output, if it was piped.
    pub stdout: Option<ChildStdout>,
    /// From the child's error output, if it was piped.
    pub stderr: Option<ChildStderr>,
    pid: libc::pid_t,
    /// Never held over a call that waits. Held over a signal, and over taking the status of a child
    /// that goes by its number.
    state: Mutex<State>,
    /// I2.
    waiting: AssertUnwindSafe<sync::Mutex<()>>,
}

/// What is known of a child.
#[derive(Debug)]
enum State {
    /// It runs, or nobody has asked.
    Running(Arc<Handle>),
    Ended(ExitStatus),
}

impl Child {
    pub(super) fn new(pid: libc::pid_t, pidfd: Option<Pidfd>, ends: ParentEnds) -> Child {
        let handle = pidfd.map_or(Handle::Number(pid), Handle::Pidfd);
        let ParentEnds { stdin, stdout, stderr } = ends;
        let state = Mutex::new(State::Running(Arc::new(handle)));
        Child { stdin, stdout, stderr, pid, state, waiting: AssertUnwindSafe(sync::Mutex::new(())) }
    }

    /// The process number.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let child = Command::new("sleep").arg("60").spawn().unwrap();
    /// assert!(child.id() > 1);
    /// # child.kill().unwrap(); child.wait().unwrap();
    /// # }) }
    /// ```
    pub fn id(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Kills the child, if it has not been waited for. It still has to be waited for.
    ///
    /// # Errors
    /// It may not be killed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::unix::process::ExitStatusExt;
    /// use gopark::process::Command;
    ///
    /// let child = Command::new("sleep").arg("60").spawn().unwrap();
    /// child.kill().unwrap();
    /// assert_eq!(child.wait().unwrap().signal(), Some(9));
    /// # }) }
    /// ```
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::SIGKILL)
    }

    /// Sends the child a signal, if it has not been waited for; also while another goroutine waits
    /// for it.
    ///
    /// # Errors
    /// It may not be signalled; there is no such signal.
    ///
    /// ```
    /// # fn main() { unsafe { gopark_runtime::run(|| {
    /// use gopark_net::process::{Command, exit_text};
    /// use gopark_runtime::signal::Signal;
    /// let child = Command::new("sleep").arg("60").spawn().unwrap();
    /// child.signal(Signal::TERMINATED).unwrap();
    /// assert_eq!(exit_text(&child.wait().unwrap()).to_string(), "signal: terminated");
    /// # }) } }
    /// ```
    #[doc(alias = "Signal")]
    pub fn signal(&self, signal: impl Into<Signal>) -> io::Result<()> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Running(handle) = &*state else { return Ok(()) };
        match handle.signal(signal.into().number()) {
            Err(Errno(libc::ESRCH)) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Closes the child's input, waits for the child and says how it ended. Holds a thread, as in
    /// Go; in pinned mode one of [`offload`](gopark_runtime::offload)'s. Several goroutines may wait; each gets the status.
    ///
    /// # Errors
    /// The child was waited for in another way than by this type.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let child = Command::new("false").spawn().unwrap();
    /// assert_eq!(child.wait().unwrap().code(), Some(1));
    /// # }) }
    /// ```
    pub fn wait(&self) -> io::Result<ExitStatus> {
        if let Some(stdin) = &self.stdin {
            // Closed before is as good.
            let _ = stdin.close();
        }
        let _one = self.waiting.lock();
        match self.running() {
            Err(status) => Ok(status),
            Ok(handle) => {
                let waited = aside(|| match &*handle {
                    Handle::Pidfd(pidfd) => pidfd::wait(pidfd.as_raw_fd(), Patience::Wait),
                    Handle::Number(pid) => pidfd::wait_by_number(*pid, || self.reap(*pid)),
                })?;
                self.finish(waited).ok_or_else(|| Errno(libc::ECHILD).into())
            }
        }
    }

    /// How the child ended, if it has.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let child = Command::new("sleep").arg("60").spawn().unwrap();
    /// assert!(child.try_wait().unwrap().is_none());
    /// # child.kill().unwrap(); child.wait().unwrap();
    /// # }) }
    /// ```
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        let one = self.waiting.try_lock();
        match (self.running(), one) {
            (Err(status), _) => Ok(Some(status)),
            // Another goroutine waits: it has not ended, or is about to be known to have.
            (Ok(_), None) => Ok(None),
            (Ok(handle), Some(_)) => {
                let waited = match &*handle {
                    Handle::Pidfd(pidfd) => pidfd::wait(pidfd.as_raw_fd(), Patience::Look),
                    Handle::Number(pid) => self.reap(*pid),
                }?;
                Ok(self.finish(waited))
            }
        }
    }

    /// Takes the status of a child that goes by its number, if it has ended: no signal goes to the
    /// number in the meantime, and none afterwards.
    fn reap(&self, pid: libc::pid_t) -> Result<Waited, Errno> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = pidfd::take_status(pid, Patience::Look)?;
        if let Waited::Ended(status) = waited {
            *state = State::Ended(ExitStatus::from_raw(status));
        }
        Ok(waited)
    }

    /// What a child goes by that is not known to have ended, or else its status.
    fn running(&self) -> Result<Arc<Handle>, ExitStatus> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running(handle) => Ok(handle.clone()),
            State::Ended(status) => Err(*status),
        }
    }

    fn finish(&self, waited: Waited) -> Option<ExitStatus> {
        let Waited::Ended(status) = waited else { return None };
        let status = ExitStatus::from_raw(status);
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::Ended(status);
        Some(status)
    }

    /// Waits for the child and gives all that it wrote to its pipes.
    ///
    /// # Errors
    /// Reading the output; waiting.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn().unwrap();
    /// assert_eq!(child.wait_with_output().unwrap().stdout, b"hello\n");
    /// # }) }
    /// ```
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let stdout = self.stdout.take().map(|file| go(move || read_growing(&file)));
        let stderr = self.stderr.take().map(|file| go(move || read_fixed(&file)));
        let status = self.wait()?;
        let collect = |reader: Option<gopark_runtime::JoinHandle<Result<Vec<u8>, PathError>>>| {
            let read = reader.map(|reader| reader.join().expect("reading does not panic"));
            read.transpose().map(Option::unwrap_or_default)
        };
        Ok(Output { status, stdout: collect(stdout)?, stderr: collect(stderr)? })
    }
}

/// As Go's `bytes.Buffer.ReadFrom`: at least 512 bytes of room for each read, the buffer doubled
/// when there is less.
fn read_growing(file: &File) -> Result<Vec<u8>, PathError> {
    const MIN_READ: usize = 512;
    let mut buf = vec![0; MIN_READ];
    let mut len = 0;
    loop {
        if buf.len() - len < MIN_READ {
            buf.resize(buf.len() * 2, 0);
        }
        match file.read(&mut buf[len..])? {
            0 => break,
            n => len += n,
        }
    }
    file.close()?;
    buf.truncate(len);
    Ok(buf)
}

/// As Go's `io.Copy`: through 32 KiB.
fn read_fixed(file: &File) -> Result<Vec<u8>, PathError> {
    let mut buf = vec![0; 32 << 10];
    let mut all = Vec::new();
    loop {
        match file.read(&mut buf)? {
            0 => break,
            n => all.extend_from_slice(&buf[..n]),
        }
    }
    file.close()?;
    Ok(all)
}

/// An exit status in Go's words: "exit status 1", "signal: killed".
///
/// ```
/// use std::os::unix::process::ExitStatusExt;
/// use std::process::ExitStatus;
/// use gopark::process::exit_text;
/// assert_eq!(exit_text(&ExitStatus::from_raw(3 << 8)).to_string(), "exit status 3");
/// assert_eq!(exit_text(&ExitStatus::from_raw(9)).to_string(), "signal: killed");
/// ```
#[doc(alias = "ProcessState")]
pub fn exit_text(status: &ExitStatus) -> impl fmt::Display + use<> {
    ExitText(*status)
}

struct ExitText(ExitStatus);

impl fmt::Display for ExitText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0;
        if let Some(code) = status.code() {
            write!(f, "exit status {code}")?;
        } else if let Some(signal) = status.signal() {
            write!(f, "signal: {}", Signal::from(signal))?;
        } else if let Some(signal) = status.stopped_signal() {
            write!(f, "stop signal: {}", Signal::from(signal))?;
        } else if status.continued() {
            f.write_str("continued")?;
        }
        if status.core_dumped() { f.write_str(" (core dumped)") } else { Ok(()) }
    }
}
