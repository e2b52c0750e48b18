//! Ends of a copy that lie in memory, or nowhere. They are seen by type, as descriptors are.
//!
//! Go: bytes/reader.go `WriteTo`, bytes/buffer.go `ReadFrom`, io/io.go `discard.ReadFrom`.
//!
//! | | is Go's | does |
//! |---|---|---|
//! | from `&[u8]`, `Cursor` of bytes | `bytes.Reader` | one write of all there is |
//! | to `Vec<u8>` | `bytes.Buffer` | reads into the free room, at least 512 bytes; doubles when there is less |
//! | to `Sink` | `io.Discard` | reads 8 KiB at a time |

use std::io::{self, BufRead, Cursor, Read, Sink, Write};

use super::ends::ErasedMut;
use super::write_counted;
use crate::error::Partial;
use crate::poll::read_all::Filled;

/// Go: bytes.MinRead.
const MIN_READ: usize = 512;
/// What `io.Discard` reads at a time.
const DISCARD: usize = 8 << 10;

/// Writes all that is left in `r`, if it is bytes in memory.
pub(super) fn copy_from_memory<R: ?Sized, W: Write + ?Sized>(
    r: &mut R,
    w: &mut W,
) -> Option<Result<u64, Partial<io::Error>>> {
    fn one<B: BufRead, W: Write + ?Sized>(
        value: &mut ErasedMut<'_>,
        w: &mut W,
    ) -> Option<Result<u64, Partial<io::Error>>> {
        Some(write_rest(value.cast::<B>()?, w))
    }
    let mut r = ErasedMut::of(r);
    one::<&[u8], W>(&mut r, w)
        .or_else(|| one::<&mut &[u8], W>(&mut r, w))
        .or_else(|| one::<Cursor<&[u8]>, W>(&mut r, w))
        .or_else(|| one::<&mut Cursor<&[u8]>, W>(&mut r, w))
        .or_else(|| one::<Cursor<Vec<u8>>, W>(&mut r, w))
        .or_else(|| one::<&mut Cursor<Vec<u8>>, W>(&mut r, w))
}

/// The buffer of these readers is all there is. Bytes that went out are consumed even if the next
/// ones fail.
fn write_rest<W: Write + ?Sized>(mut r: impl BufRead, w: &mut W) -> Result<u64, Partial<io::Error>> {
    let rest = r.fill_buf()?;
    if rest.is_empty() {
        return Ok(0);
    }
    let written = write_counted(w, rest);
    let (Ok(bytes) | Err(Partial { bytes, .. })) = &written;
    r.consume(*bytes as usize);
    written
}

/// Reads `r` to its end into `w`, if that is a vector or nothing.
pub(super) fn copy_to_memory<R: Read + ?Sized, W: ?Sized>(
    r: &mut R,
    w: &mut W,
) -> Option<Result<u64, Partial<io::Error>>> {
    let mut w = ErasedMut::of(w);
    if let Some(to) = w.cast::<Vec<u8>>() {
        return Some(fill(r, to));
    }
    if let Some(to) = w.cast::<&mut Vec<u8>>() {
        return Some(fill(r, to));
    }
    let nowhere =
        w.cast::<Sink>().is_some() || w.cast::<&Sink>().is_some() || w.cast::<&mut Sink>().is_some();
    nowhere.then(|| discard(r))
}

fn fill<R: Read + ?Sized>(r: &mut R, to: &mut Vec<u8>) -> Result<u64, Partial<io::Error>> {
    let before = to.len();
    let mut to = Filled { len: before, vec: to };
    read_to_end(r, |r| {
        if to.vec.capacity() - to.len < MIN_READ {
            let grown = (to.len + MIN_READ).max(2 * to.vec.capacity());
            to.vec.reserve_exact(grown - to.vec.len());
        }
        let n = r.read(to.room())?;
        to.len += n;
        Ok(n)
    })
}

fn discard<R: Read + ?Sized>(r: &mut R) -> Result<u64, Partial<io::Error>> {
    let mut buf = vec![0; DISCARD];
    read_to_end(r, |r| r.read(&mut buf))
}

/// Repeats `read` until the end; an interrupted one is tried again.
fn read_to_end<R: Read + ?Sized>(
    r: &mut R,
    mut read: impl FnMut(&mut R) -> io::Result<usize>,
) -> Result<u64, Partial<io::Error>> {
    let mut bytes = 0;
    loop {
        match read(r) {
            Ok(0) => return Ok(bytes),
            Ok(n) => bytes += n as u64,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Partial { bytes, error }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{copy, copy_n, copy_through_buffer};
    use super::*;

    /// Says how much each read and each write was given, and gives `a` bytes at a time.
    struct Teller {
        left: usize,
        piece: usize,
        told: Vec<usize>,
    }

    impl Read for Teller {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.told.push(buf.len());
            let n = self.left.min(self.piece).min(buf.len());
            buf[..n].fill(b'x');
            self.left -= n;
            Ok(n)
        }
    }

    impl Write for Teller {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.told.push(buf.len());
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn teller(left: usize, piece: usize) -> Teller {
        Teller { left, piece, told: Vec::new() }
    }

    #[test]
    fn bytes_are_written_in_one_piece() {
        let bytes = vec![7; 100_000];
        let mut w = teller(0, 0);
        let mut slice = &bytes[..];
        assert_eq!(copy(&mut slice, &mut w).unwrap(), 100_000);
        assert!(slice.is_empty());
        assert_eq!(copy(&mut &mut Cursor::new(&bytes[..]), &mut w).unwrap(), 100_000);
        assert_eq!(copy(&mut Cursor::new(bytes.clone()), &mut w).unwrap(), 100_000);
        assert_eq!(copy(&mut &b""[..], &mut w).unwrap(), 0);
        assert_eq!(w.told, [100_000; 3]);
    }

    /// Takes ten bytes at a time, and fails once `left` are used up.
    struct Failing {
        left: usize,
    }

    impl Write for Failing {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let n = buf.len().min(10).min(self.left);
            self.left -= n;
            if n == 0 { Err(io::Error::other("full")) } else { Ok(n) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_written_before_an_error_is_consumed() {
        let mut cursor = Cursor::new(vec![7; 100]);
        let stopped = copy_from_memory(&mut cursor, &mut Failing { left: 25 }).unwrap();
        assert!(matches!(stopped, Err(Partial { bytes: 25, .. })));
        assert_eq!(copy(&mut cursor, &mut Failing { left: 100 }).unwrap(), 75);
        let stopped = copy_through_buffer(&mut teller(100, 40), &mut Failing { left: 55 });
        assert!(matches!(stopped, Err(Partial { bytes: 55, .. })));
    }

    #[test]
    fn a_vector_grows_as_a_buffer_of_go_does() {
        let mut r = teller(3000, 500);
        let mut to = Vec::new();
        assert_eq!(copy(&mut r, &mut to).unwrap(), 3000);
        assert_eq!(to, [b'x'; 3000]);
        assert_eq!(r.told, [512, 524, 1048, 548, 2096, 1596, 1096]);
        assert_eq!(copy(&mut &b"more"[..], &mut &mut to).unwrap(), 4);
        assert_eq!(to.len(), 3004);
    }

    #[test]
    fn nothing_takes_eight_kib_at_a_time() {
        let mut r = teller(9000, 9000);
        assert_eq!(copy(&mut r, &mut io::sink()).unwrap(), 9000);
        assert_eq!(r.told, [8192; 3]);
        let mut r = teller(9000, 9000);
        assert_eq!(copy_n(&mut r, &mut io::sink(), 8193).unwrap(), 8193);
        assert_eq!(r.told, [8192, 1]);
    }
}
