//! Messages to a unix socket whose queue is full.
//!
//! The poller reports room in the queue only to a sender that has the receiver for its peer. For
//! any other receiver the kernel wakes callers that block in it, and nobody else: the sender's own
//! buffer has room all the time, and each refused message raises EPOLLOUT again when its memory is
//! freed. Go tries again each time, as fast as it can.
//!
//! Here a second socket gets the receiver for its peer, and the poller counts that socket's
//! readiness as the sender's.
//!
//! I1 While the second socket is not writable, nothing is sent: a refused message would wake the
//!    sender at once.
//! I2 The sender waits on its own record, so a close and a deadline end the wait as they end any.

use std::os::fd::RawFd;
use std::time::Duration;

use gopark_runtime::poll_api::PollDescriptor;
use gopark_runtime::time;

use super::{Direction, Error, Fd, Wait};
use crate::error::Errno;
use crate::sys::{self, RawAddr};

/// Between two attempts when there is no descriptor for a second socket.
const PAUSE: Duration = Duration::from_millis(1);

impl Fd {
    /// Repeats `send`, which sends a message to this address or to the peer, until there is room.
    /// The side is locked and prepared.
    pub(super) fn retry_send<T>(
        &self,
        to: Option<&RawAddr>,
        mut send: impl FnMut() -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let unix = to.filter(|to| to.family() == libc::AF_UNIX);
        let (Some(to), Some(pd)) = (unix, self.pd()) else {
            return self.retry(Direction::Write, Wait::NO_CONTEXT, send);
        };
        let mut probe = None;
        loop {
            match send() {
                Err(Errno(libc::EINTR)) => {}
                Err(Errno(libc::EAGAIN)) => self.wait_for_room(pd, to, &mut probe)?,
                sent => return Ok(sent?),
            }
        }
    }

    fn wait_for_room(
        &self,
        pd: PollDescriptor,
        to: &RawAddr,
        probe: &mut Option<Probe>,
    ) -> Result<(), Error> {
        if !sys::ready_now(self.raw(), libc::POLLOUT)? {
            // The sender's own buffer is full.
            return self.wait(Direction::Write, Wait::NO_CONTEXT);
        }
        let probe = match probe {
            Some(probe) => probe,
            None => match Probe::new(pd, to) {
                Ok(Some(new)) => probe.insert(new),
                // The next message fails with the reason.
                Ok(None) => return Ok(()),
                Err(_) => {
                    time::sleep(PAUSE);
                    return self.prepare(Direction::Write);
                }
            },
        };
        while !sys::ready_now(probe.socket, libc::POLLOUT)? {
            self.wait(Direction::Write, Wait::NO_CONTEXT)?;
        }
        Ok(())
    }
}

/// A socket that has the receiver for its peer, watched for the sender. Nothing is sent by it.
struct Probe {
    socket: RawFd,
    pd: PollDescriptor,
}

impl Probe {
    /// `None`: the receiver cannot be connected to any more. An error: no socket is available.
    fn new(pd: PollDescriptor, to: &RawAddr) -> Result<Option<Probe>, Errno> {
        let socket = sys::own_socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0)?;
        let probe = Probe { socket, pd };
        if sys::connect(socket, to).is_err() {
            return Ok(None);
        }
        pd.also_watch(socket).map_err(|e| Errno(e.raw_os_error().unwrap_or(libc::ENOMEM)))?;
        Ok(Some(probe))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.pd.stop_watching(self.socket);
        let _ = sys::close(self.socket);
    }
}
