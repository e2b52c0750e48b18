//! A reader as a body.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

use super::writer::BodyWriter;

/// Read at once.
const PIECE: usize = 64 << 10;

/// Sends what the reader gives; exactly `len` bytes where that was promised.
pub(super) fn copy_into(
    reader: &mut (dyn Read + Send),
    writer: &mut BodyWriter,
    len: Option<u64>,
) -> io::Result<()> {
    let mut left = len.unwrap_or(u64::MAX);
    while left > 0 {
        let piece = read_piece(reader, PIECE.min(usize::try_from(left).unwrap_or(PIECE)))?;
        if piece.is_empty() {
            return match len {
                Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
                None => Ok(()),
            };
        }
        left -= piece.len() as u64;
        writer.send(piece)?;
    }
    Ok(())
}

/// One read; empty at the end.
fn read_piece(reader: &mut (dyn Read + Send), most: usize) -> io::Result<Bytes> {
    let mut piece = BytesMut::zeroed(most);
    loop {
        match reader.read(&mut piece) {
            Ok(n) => {
                piece.truncate(n);
                return Ok(piece.freeze());
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
