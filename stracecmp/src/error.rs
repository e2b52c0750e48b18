//! What can go wrong, and where: file, line, reason.

use std::path::{Path, PathBuf};

/// Something in a log that does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Bad {
    /// The line it is on, counted from 1; 0 when it is not about one line.
    pub line: usize,
    /// Why it does not read.
    pub reason: String,
}

impl Bad {
    /// A complaint about a line (0: about the whole).
    pub fn new(line: usize, reason: impl Into<String>) -> Self {
        Bad { line, reason: reason.into() }
    }

    /// The same complaint, placed on a line if it had none.
    #[must_use]
    pub fn at(mut self, line: usize) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self
    }
}

/// A file that could not be read, or not understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not read as what it should be.
    #[error("{}{}: {}", path.display(), if bad.line > 0 { format!(":{}", bad.line) } else { String::new() }, bad.reason)]
    Bad {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        bad: Bad,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
        move |source| Error::Io { path: path.to_owned(), source }
    }

    pub(crate) fn bad(path: &Path) -> impl Fn(Bad) -> Error + '_ {
        move |bad| Error::Bad { path: path.to_owned(), bad }
    }
}

/// The first characters of a text, for a message.
pub(crate) fn clip(text: &str) -> String {
    let mut out: String = text.chars().take(120).collect();
    if out.len() < text.len() {
        out.push_str("...");
    }
    out
}
