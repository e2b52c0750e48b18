//! Reading to the end into a buffer that grows as Go's does: how much each read asks for shows in a
//! trace. Go: io/io.go `ReadAll`, runtime/slice.go `growslice`, runtime/sizeclasses.go.

use std::io;

/// What Go's buffer of 512 bytes grows to, step by step: by a quarter and a bit, up to the
/// allocator's next size.
const CAPACITIES: [usize; 13] =
    [512, 896, 1408, 2048, 3072, 4096, 5376, 6912, 9472, 12288, 16384, 21760, 28672];
/// From there on sizes are whole pages of Go's.
const PAGE: usize = 8 << 10;

/// Reads to the end behind what is in `buf`: how many bytes. They stay there if a read fails.
#[doc(alias = "ReadAll")]
pub(crate) fn read_all(
    buf: &mut Vec<u8>,
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let before = buf.len();
    let mut to = Filled { len: before, vec: buf };
    loop {
        if to.len == to.vec.capacity() {
            let capacity = grown(to.vec.capacity());
            to.vec.reserve_exact(capacity - to.vec.len());
        }
        match read(to.room()) {
            Ok(0) => return Ok(to.len - before),
            Ok(n) => to.len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn grown(capacity: usize) -> usize {
    let next = CAPACITIES.into_iter().find(|&next| next > capacity);
    next.unwrap_or_else(|| (capacity + (capacity + 768) / 4).next_multiple_of(PAGE))
}

/// A vector of which only the front counts; the rest was zeroed to be read into, and goes with
/// this.
pub(crate) struct Filled<'a> {
    pub(crate) vec: &'a mut Vec<u8>,
    pub(crate) len: usize,
}

impl Filled<'_> {
    /// All the room behind the front that is allocated.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        let capacity = self.vec.capacity();
        self.vec.resize(capacity, 0);
        &mut self.vec[self.len..]
    }
}

impl Drop for Filled<'_> {
    fn drop(&mut self) {
        self.vec.truncate(self.len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_grows_as_in_go() {
        let mut asked = Vec::new();
        let mut left = 60_000;
        let mut bytes = Vec::new();
        let read = read_all(&mut bytes, |buf| {
            asked.push(buf.len());
            let n = buf.len().min(left);
            buf[..n].fill(1);
            left -= n;
            Ok(n)
        });
        assert_eq!((read.unwrap(), bytes), (60_000, vec![1; 60_000]));
        assert_eq!(asked[..4], [512, 384, 512, 640]);
        assert_eq!(asked[13..], [12288, 16384, 16384, 13728]);
    }

    #[test]
    fn what_came_before_an_error_stays() {
        let mut bytes = b"old".to_vec();
        let mut reads = 0;
        let read = read_all(&mut bytes, |buf| {
            reads += 1;
            buf[0] = b'n';
            if reads == 1 { Ok(1) } else { Err(io::Error::other("torn")) }
        });
        assert_eq!(read.unwrap_err().to_string(), "torn");
        assert_eq!(bytes, b"oldn");
    }
}
