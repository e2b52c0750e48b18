//! Many buffers in one write. Go: internal/poll/writev.go, fd.go consume.

use std::io::IoSlice;

use super::{Direction, Error, Fd, Wait};
use crate::error::{Errno, Partial, Sentinel};
use crate::sys;

/// The most buffers one call takes (IOV_MAX).
pub(crate) const MAX_VEC: usize = 1024;

impl Fd {
    /// Writes all the buffers; advances them past what went out: written ones are left empty.
    #[doc(alias = "Writev")]
    pub(crate) fn writev(&self, bufs: &mut [IoSlice<'_>]) -> Result<usize, Partial<Error>> {
        let _lock = self.begin(Direction::Write, Wait::NO_CONTEXT)?;
        let mut transferred = 0;
        let mut rest = &mut *bufs;
        loop {
            let batch = self.batch(rest);
            if batch.is_empty() {
                return Ok(transferred);
            }
            let error = match sys::writev(self.raw(), &batch) {
                // Go looks at the total: only if nothing at all went out is this the end.
                Ok(0) if transferred == 0 => Sentinel::UnexpectedEof.into(),
                Ok(n) => {
                    transferred += n;
                    rest = consume(rest, n);
                    continue;
                }
                Err(Errno(libc::EINTR)) => continue,
                Err(Errno(libc::EAGAIN)) => match self.wait(Direction::Write, Wait::NO_CONTEXT) {
                    Ok(()) => continue,
                    Err(e) => e,
                },
                Err(e) => Error::from(e),
            };
            return Err(Partial { bytes: transferred as u64, error });
        }
    }

    /// The next call's buffers: no empty ones, at most 1024, and none beyond one that is too long
    /// for a call.
    fn batch<'s>(&self, bufs: &'s [IoSlice<'_>]) -> Vec<IoSlice<'s>> {
        let mut batch = Vec::with_capacity(bufs.len().min(MAX_VEC));
        for buf in bufs.iter().filter(|b| !b.is_empty()).take(MAX_VEC) {
            let cap = self.cap(buf.len());
            batch.push(IoSlice::new(&buf[..cap]));
            if cap < buf.len() {
                break;
            }
        }
        batch
    }
}

/// Takes `n` bytes off the front; returns the buffers from the first that is not used up.
fn consume<'a, 'b>(bufs: &'a mut [IoSlice<'b>], mut n: usize) -> &'a mut [IoSlice<'b>] {
    let mut used = 0;
    for buf in bufs.iter_mut() {
        if buf.len() > n {
            buf.advance(n);
            break;
        }
        n -= buf.len();
        *buf = IoSlice::new(&[]);
        used += 1;
    }
    &mut bufs[used..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go: internal/poll/fd_posix_test.go TestConsume's cases.
    #[test]
    fn consume_takes_from_the_front() {
        let cases: &[(&[&str], usize, &[&str])] = &[
            (&["foo", "bar"], 0, &["foo", "bar"]),
            (&["foo", "bar"], 1, &["oo", "bar"]),
            (&["foo", "bar"], 3, &["bar"]),
            (&["foo", "bar"], 4, &["ar"]),
            (&["foo", "bar"], 6, &[]),
            (&["", "a", "", "b"], 1, &["b"]),
        ];
        for (bufs, n, want) in cases {
            let mut slices: Vec<IoSlice> = bufs.iter().map(|b| IoSlice::new(b.as_bytes())).collect();
            let rest: Vec<&[u8]> = consume(&mut slices, *n).iter().map(|s| &**s).collect();
            let want: Vec<&[u8]> = want.iter().map(|w| w.as_bytes()).collect();
            // Leading empty buffers may be left; the bytes are what counts.
            assert_eq!(rest.concat(), want.concat(), "{bufs:?} - {n}");
        }
    }
}
