//! Messages with addresses and control data. Go: internal/poll/fd_unix.go ReadFrom, WriteTo, ReadMsg, WriteMsg.

use gopark_runtime::context::Context;

use super::{Direction, Error, Fd};
use crate::sys::RawAddr;
use crate::sys::{self, Received};

impl Fd {
    /// One message and who sent it.
    pub(crate) fn read_from(&self, buf: &mut [u8]) -> Result<(usize, RawAddr), Error> {
        self.recv_from(buf, 0)
    }

    /// The same with flags: MSG_PEEK leaves it where it is.
    pub(crate) fn recv_from(&self, buf: &mut [u8], flags: i32) -> Result<(usize, RawAddr), Error> {
        let _lock = self.begin(Direction::Read)?;
        let mut from = RawAddr::empty();
        let n = self.retry(Direction::Read, || sys::recvfrom(self.raw(), buf, flags, &mut from))?;
        Ok((n, from))
    }

    /// As [`read_from`](Self::read_from), ended early when the context is done.
    pub(crate) fn read_from_context(&self, ctx: &Context, buf: &mut [u8]) -> Result<(usize, RawAddr), Error> {
        let _lock = self.begin_context(Direction::Read, ctx)?;
        let mut from = RawAddr::empty();
        let receive = || sys::recvfrom(self.raw(), buf, 0, &mut from);
        let n = self.retry_waiting(receive, || self.wait_context(Direction::Read, ctx))?;
        Ok((n, from))
    }

    /// One message with its control data.
    pub(crate) fn read_msg(
        &self,
        buf: &mut [u8],
        oob: &mut [u8],
        flags: i32,
    ) -> Result<(Received, RawAddr), Error> {
        let _lock = self.begin(Direction::Read)?;
        let mut from = RawAddr::empty();
        let received =
            self.retry(Direction::Read, || sys::recvmsg(self.raw(), buf, oob, flags, &mut from))?;
        Ok((received, from))
    }

    /// One message to an address; goes out whole or not at all.
    pub(crate) fn write_to(&self, buf: &[u8], to: &RawAddr) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Write)?;
        self.retry(Direction::Write, || sys::sendto(self.raw(), buf, 0, to))?;
        Ok(buf.len())
    }

    /// One message with control data; returns how much of each went out.
    pub(crate) fn write_msg(
        &self,
        buf: &[u8],
        oob: &[u8],
        to: Option<&RawAddr>,
    ) -> Result<(usize, usize), Error> {
        let _lock = self.begin(Direction::Write)?;
        let n = self.retry(Direction::Write, || sys::sendmsg(self.raw(), buf, oob, to, 0))?;
        Ok((n, oob.len()))
    }
}
