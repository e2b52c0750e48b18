//! Messages with addresses and control data. Go: internal/poll/fd_unix.go ReadFrom, WriteTo,
//! ReadMsg, WriteMsg.

use super::{Direction, Error, Fd, Wait};
use crate::sys::RawAddr;
use crate::sys::{self, Received};

impl Fd {
    /// One message and its sender.
    pub(crate) fn read_from(&self, wait: Wait<'_>, buf: &mut [u8]) -> Result<(usize, RawAddr), Error> {
        let _lock = self.begin(Direction::Read, wait)?;
        let mut from = RawAddr::empty();
        let n = self.retry_read(wait, || sys::recvfrom(self.raw(), buf, 0, &mut from), || Ok(0))?;
        Ok((n, from))
    }

    /// One message with its control data.
    pub(crate) fn read_msg(
        &self,
        buf: &mut [u8],
        oob: &mut [u8],
        flags: i32,
    ) -> Result<(Received, RawAddr), Error> {
        let _lock = self.begin(Direction::Read, Wait::NO_CONTEXT)?;
        let mut from = RawAddr::empty();
        let received = self.retry_read(
            Wait::NO_CONTEXT,
            || sys::recvmsg(self.raw(), buf, oob, flags, &mut from),
            || Ok(Received { n: 0, oobn: 0, flags: 0 }),
        )?;
        Ok((received, from))
    }

    /// One message to an address; goes out whole or not at all.
    pub(crate) fn write_to(&self, buf: &[u8], to: &RawAddr) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Write, Wait::NO_CONTEXT)?;
        self.retry_send(Some(to), || sys::sendto(self.raw(), buf, 0, to))?;
        Ok(buf.len())
    }

    /// One message with control data; returns how much of each went out.
    pub(crate) fn write_msg(
        &self,
        buf: &[u8],
        oob: &[u8],
        to: Option<&RawAddr>,
    ) -> Result<(usize, usize), Error> {
        let _lock = self.begin(Direction::Write, Wait::NO_CONTEXT)?;
        let n = self.retry_send(to, || sys::sendmsg(self.raw(), buf, oob, to, 0))?;
        Ok((n, oob.len()))
    }
}
