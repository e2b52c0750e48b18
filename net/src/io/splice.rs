//! splice: from a stream socket into a pipe, from the pipe into another descriptor.
//!
//! Go: internal/poll/splice_linux.go.
//!
//! I1 Before a drain the pipe is empty, so that EAGAIN means that the socket has nothing to read.
//! I2 A pipe with something in it never goes back to the pool.

use std::os::fd::RawFd;

use parking_lot::Mutex;

use super::ends::End;
use super::kernel::Moved;
use crate::error::Partial;
use crate::poll::{Direction, Error};
use crate::sys::{self, Errno};

/// The most that one splice is asked for; the size the pipe is given.
const MAX_SPLICE: u64 = 1 << 20;
/// More pipes than these are closed instead of kept.
const POOL_SIZE: usize = 64;

/// Empty pipes. Never held while anything waits.
static POOL: Mutex<Pool> = Mutex::new(Pool { first: None, others: Vec::new() });

/// Gives in the order of one P's share of Go's `sync.Pool`: the one put first into an empty pool,
/// then the last of the others.
struct Pool {
    first: Option<Pipe>,
    others: Vec<Pipe>,
}

impl Pool {
    fn get(&mut self) -> Option<Pipe> {
        self.first.take().or_else(|| self.others.pop())
    }

    /// Gives the pipe back if there are enough.
    fn put(&mut self, pipe: Pipe) -> Option<Pipe> {
        if self.first.is_none() {
            self.first = Some(pipe);
        } else if self.others.len() < POOL_SIZE {
            self.others.push(pipe);
        } else {
            return Some(pipe);
        }
        None
    }
}

struct Pipe {
    reader: RawFd,
    writer: RawFd,
    /// Bytes in it.
    data: u64,
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = sys::close(self.reader);
        let _ = sys::close(self.writer);
    }
}

impl Pipe {
    #[doc(alias = "getPipe")]
    fn get() -> Result<Pipe, Errno> {
        let pooled = POOL.lock().get();
        if let Some(pipe) = pooled {
            return Ok(pipe);
        }
        Pipe::new()
    }

    #[doc(alias = "newPipe")]
    fn new() -> Result<Pipe, Errno> {
        let (reader, writer) = sys::own_pipe(libc::O_CLOEXEC | libc::O_NONBLOCK)?;
        // A smaller pipe works too, with more calls.
        let _ = sys::set_pipe_size(reader, MAX_SPLICE as i32);
        Ok(Pipe { reader, writer, data: 0 })
    }

    /// I2.
    #[doc(alias = "putPipe")]
    fn put(self) {
        if self.data == 0 {
            let surplus = POOL.lock().put(self);
            drop(surplus);
        }
    }
}

/// Moves until the source's end or `remain` bytes.
#[doc(alias = "Splice")]
pub(super) fn splice(to: &End<'_>, from: &End<'_>, remain: u64) -> Moved<Error> {
    let Ok(mut pipe) = Pipe::get() else { return Moved::Rest(0) };
    let mut bytes = 0;
    let mut first = true;
    let error = loop {
        if bytes >= remain {
            break None;
        }
        match drain(&pipe, from, (remain - bytes).min(MAX_SPLICE) as usize) {
            Ok(0) => break None,
            Ok(n) => pipe.data = n as u64,
            // The kernel does not splice between these, or not for us; nothing was moved.
            Err(Error::Errno(Errno(libc::EINVAL | libc::ENOSYS | libc::EPERM))) if first => {
                pipe.put();
                return Moved::Rest(0);
            }
            Err(e) => break Some(e),
        }
        first = false;
        let before = pipe.data;
        let pumped = pump(to, &mut pipe);
        bytes += before - pipe.data;
        if let Err(e) = pumped {
            break Some(e);
        }
    };
    pipe.put();
    Moved::Done(error.map_or(Ok(bytes), |error| Err(Partial { bytes, error })))
}

/// Socket to pipe (I1); 0 is the socket's end.
#[doc(alias = "spliceDrain")]
fn drain(pipe: &Pipe, from: &End<'_>, max: usize) -> Result<usize, Error> {
    from.owner.begin(Direction::Read)?;
    from.fd.raw_io(Direction::Read, |socket| sys::splice(socket, pipe.writer, max))
}

/// Pipe to descriptor, until the pipe is empty.
#[doc(alias = "splicePump")]
fn pump(to: &End<'_>, pipe: &mut Pipe) -> Result<(), Error> {
    to.owner.begin(Direction::Write)?;
    to.fd.raw_io(Direction::Write, |out| {
        while pipe.data > 0 {
            let n = sys::splice(pipe.reader, out, pipe.data as usize)?;
            pipe.data -= n as u64;
        }
        Ok(())
    })
}

/// How many empty pipes there are.
#[cfg(test)]
pub(super) fn pooled() -> usize {
    let pool = POOL.lock();
    usize::from(pool.first.is_some()) + pool.others.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_put_first_is_taken_first_then_the_last() {
        let mut pool = Pool { first: None, others: Vec::new() };
        let pipes: Vec<Pipe> = (0..3).map(|_| Pipe::new().unwrap()).collect();
        let [a, b, c]: [RawFd; 3] = std::array::from_fn(|i| pipes[i].reader);
        for pipe in pipes {
            assert!(pool.put(pipe).is_none());
        }
        let taken: Vec<RawFd> = std::iter::from_fn(|| pool.get()).map(|pipe| pipe.reader).collect();
        assert_eq!(taken, [a, c, b]);
    }
}
