//! A configuration file, line by line, and the small lexers its readers share.
//!
//! Go: net/parse.go.
//!
//! I1 The file is read through `os::File` with one buffer of 64 KiB, as in Go: it shows in traces.
//!    A longer line, or what is left of it, is never seen.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::os::{File, PathError};
use crate::sys;

const BUFFER_SIZE: usize = 64 << 10;

/// An open file that gives lines.
pub(super) struct Lines {
    source: Source,
    data: Vec<u8>,
    at_eof: bool,
}

enum Source {
    File(File),
    #[cfg(test)]
    Text(&'static [u8]),
}

/// What distinguishes one version of a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Version {
    pub(super) modified: SystemTime,
    pub(super) size: u64,
}

impl Lines {
    pub(super) fn open(path: &str) -> Result<Lines, PathError> {
        let source = Source::File(File::open(path)?);
        Ok(Lines { source, data: Vec::with_capacity(BUFFER_SIZE), at_eof: false })
    }

    #[cfg(test)]
    pub(super) fn of_text(text: &'static str) -> Lines {
        let source = Source::Text(text.as_bytes());
        Lines { source, data: Vec::with_capacity(BUFFER_SIZE), at_eof: false }
    }

    pub(super) fn version(&self) -> Result<Version, PathError> {
        match &self.source {
            Source::File(file) => file.stat().map(|stat| version_of(&stat)),
            #[cfg(test)]
            Source::Text(text) => Ok(Version { modified: UNIX_EPOCH, size: text.len() as u64 }),
        }
    }

    /// The next line without its end; the last one need not have an end.
    pub(super) fn next_line(&mut self) -> Option<String> {
        if let Some(line) = self.buffered_line() {
            return Some(line);
        }
        if self.data.len() < BUFFER_SIZE {
            self.fill();
        }
        self.buffered_line()
    }

    fn buffered_line(&mut self) -> Option<String> {
        let line = match self.data.iter().position(|&b| b == b'\n') {
            Some(end) => {
                let line = self.data[..end].to_vec();
                self.data.drain(..=end);
                line
            }
            None if self.at_eof && !self.data.is_empty() => std::mem::take(&mut self.data),
            None => return None,
        };
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// Go's `io.ReadFull`: until the buffer is full or the file ends.
    fn fill(&mut self) {
        let mut len = self.data.len();
        self.data.resize(BUFFER_SIZE, 0);
        while len < BUFFER_SIZE {
            let got = match &mut self.source {
                Source::File(file) => file.read(&mut self.data[len..]).unwrap_or(0),
                #[cfg(test)]
                Source::Text(text) => {
                    std::io::Read::read(text, &mut self.data[len..]).expect("a slice can be read")
                }
            };
            if got == 0 {
                self.at_eof = true;
                break;
            }
            len += got;
        }
        self.data.truncate(len);
    }
}

/// The version of the file at `path`.
pub(super) fn stat(path: &str) -> Result<Version, PathError> {
    let path = Path::new(path);
    let stat = sys::c_path(path).and_then(|path| sys::ignoring_eintr(|| sys::stat(&path)));
    stat.map(|stat| version_of(&stat)).map_err(|e| PathError::new("stat", path, e))
}

fn version_of(stat: &libc::stat) -> Version {
    let since_epoch = Duration::new(stat.st_mtime.max(0) as u64, stat.st_mtime_nsec as u32);
    Version { modified: UNIX_EPOCH + since_epoch, size: stat.st_size.max(0) as u64 }
}

/// The words of a line.
pub(super) fn fields(line: &str) -> Vec<&str> {
    line.split([' ', '\r', '\t', '\n']).filter(|word| !word.is_empty()).collect()
}

/// A line up to its comment.
pub(super) fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or(line)
}

/// Go's `dtoi` as its callers use it: 0 if there is no number, a large one if it is too large.
pub(super) fn number(text: &str) -> u32 {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match crate::addr::host_port::dtoi(text) {
        Some((n, _)) => n,
        None if digits > 0 => 0xff_ffff,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::TempFile;
    use super::*;

    /// Go reads /etc/services; this is as big, for the buffer to be filled several times.
    #[test]
    fn test_read_line() {
        let expected: Vec<String> = (0..12_000).map(|i| format!("{}{i}", "x".repeat(i % 80))).collect();
        let text = expected.join("\n");
        assert!(text.len() > 3 * BUFFER_SIZE);
        for end in ["", "\n"] {
            let file = TempFile::new(&format!("{text}{end}"));
            // SAFETY: nothing thread-bound lives across a parking call.
            let lines: Vec<String> = unsafe {
                gopark_runtime::run(|| {
                    let mut lines = Lines::open(&file.path()).unwrap();
                    std::iter::from_fn(|| lines.next_line()).collect()
                })
            };
            assert!(lines == expected, "{} lines of {}", lines.len(), expected.len());
        }
    }
}
