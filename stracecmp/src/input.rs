//! Where the bytes of a log come from: a file, a compressed file, a pipe, `-`, or the folder that `strace -ff` filled.
//!
//! Invariants:
//! - I1: the bytes are read once, in order: what was looked at to find out what they are is still there for the reader.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::parse;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The bytes of a log or a reference, decompressed, without a byte order mark.
pub(crate) struct Input {
    /// The first bytes, as many as were asked for; they are in `rest` too.
    pub(crate) head: Vec<u8>,
    /// All bytes (I1).
    pub(crate) rest: Box<dyn BufRead>,
}

/// Opens what a path names and looks at its first bytes.
pub(crate) fn open(path: &Path, look: usize) -> Result<Input, Error> {
    let parts = parts(path);
    let raw: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else if parts.is_empty() {
        Box::new(File::open(path).map_err(Error::io(path))?)
    } else {
        Box::new(io::Cursor::new(merged(&parts)?))
    };
    let (magic, raw) = peek(raw, GZIP.len()).map_err(Error::io(path))?;
    let plain: Box<dyn Read> =
        if magic == GZIP { Box::new(flate2::read::MultiGzDecoder::new(raw)) } else { raw };
    let (bom, mut plain) = peek(plain, BOM.len()).map_err(Error::io(path))?;
    if bom == BOM {
        plain.read_exact(&mut [0; BOM.len()]).map_err(Error::io(path))?;
    }
    let (head, rest) = peek(plain, look).map_err(Error::io(path))?;
    Ok(Input { head, rest: Box::new(BufReader::with_capacity(1 << 20, rest)) })
}

/// The first bytes, and a reader that still has them (I1).
fn peek(mut from: Box<dyn Read>, n: usize) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut head = Vec::with_capacity(n);
    from.by_ref().take(n as u64).read_to_end(&mut head)?;
    let again = io::Cursor::new(head.clone()).chain(from);
    Ok((head, Box::new(again)))
}

/// The files of `strace -ff -o NAME`: NAME.1234 ..., in a folder or beside each other; empty if the path is a file.
fn parts(path: &Path) -> Vec<PathBuf> {
    let (dir, stem) = if path.is_dir() {
        (path.to_owned(), None)
    } else if path.exists() {
        return Vec::new();
    } else {
        let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (dir.to_owned(), path.file_name().map(|n| n.to_string_lossy().into_owned()))
    };
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    all.retain(|p| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let split = name.rsplit_once('.').filter(|(_, pid)| pid.parse::<u32>().is_ok());
        split.is_some_and(|(before, _)| stem.as_deref().is_none_or(|s| s == before))
    });
    all.sort_by_key(|p| pid(p));
    all
}

fn pid(path: &Path) -> u32 {
    path.extension().and_then(|e| e.to_str()?.parse().ok()).unwrap_or(0)
}

/// The lines of several files, each with its thread's id before it: by their stamps, or file after file where they have none.
fn merged(parts: &[PathBuf]) -> Result<Vec<u8>, Error> {
    let mut lines: Vec<(u64, usize, Vec<u8>)> = Vec::new();
    for path in parts {
        let file = BufReader::new(File::open(path).map_err(Error::io(path))?);
        let mut last = 0;
        for line in file.split(b'\n') {
            let line = line.map_err(Error::io(path))?;
            let text = crate::text::decode(&line);
            last = last.max(parse::stamp(&text).unwrap_or(last));
            let mut whole = format!("{} ", pid(path)).into_bytes();
            whole.extend_from_slice(&line);
            whole.push(b'\n');
            lines.push((last, lines.len(), whole));
        }
    }
    lines.sort();
    Ok(lines.into_iter().flat_map(|l| l.2).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn all(path: &Path) -> (Vec<u8>, String) {
        let mut input = open(path, 6).expect("opens");
        let mut text = String::new();
        input.rest.read_to_string(&mut text).expect("reads");
        (input.head, text)
    }

    #[test]
    fn compressed_files_and_marks() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("x.gz");
        let mut gz =
            flate2::write::GzEncoder::new(File::create(&path).expect("made"), flate2::Compression::fast());
        gz.write_all(b"\xef\xbb\xbfclose(3) = 0\n").expect("written");
        gz.finish().expect("written");
        assert_eq!(all(&path), (b"close(".to_vec(), "close(3) = 0\n".to_owned()));
    }

    #[test]
    fn a_folder_is_merged_by_its_stamps() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("log.12"), "1.5 close(3) = 0\n").expect("written");
        std::fs::write(dir.path().join("log.7"), "1.2 close(4) = 0\n1.7 close(5) = 0\n").expect("written");
        std::fs::write(dir.path().join("readme"), "no log").expect("written");
        let want = "7 1.2 close(4) = 0\n12 1.5 close(3) = 0\n7 1.7 close(5) = 0\n";
        assert_eq!(all(dir.path()).1, want);
        assert_eq!(all(&dir.path().join("log")).1, want, "by the name that -o had");
    }
}
