//! A child's environment, as changes to the parent's, and what `Command` reports of itself.

use std::collections::{BTreeMap, btree_map};
use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::slice;

use crate::sys;

/// Where programs are looked for without a PATH: as the C library does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Changes to the parent's environment.
#[derive(Debug, Default)]
pub(super) struct Environment {
    cleared: bool,
    /// `None`: removed.
    changes: BTreeMap<OsString, Option<OsString>>,
}

impl Environment {
    pub(super) fn set(&mut self, key: &OsStr, value: &OsStr) {
        self.changes.insert(key.to_owned(), Some(value.to_owned()));
    }

    pub(super) fn remove(&mut self, key: &OsStr) {
        if self.cleared {
            self.changes.remove(key);
        } else {
            self.changes.insert(key.to_owned(), None);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Environment { cleared: true, changes: BTreeMap::new() };
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.cleared
    }

    pub(super) fn changes(&self) -> CommandEnvs<'_> {
        CommandEnvs(self.changes.iter())
    }

    /// Where to look for the program: the child's PATH if ours was changed, as std does.
    pub(super) fn path(&self) -> OsString {
        let path = match self.changes.get(OsStr::new("PATH")) {
            Some(changed) => changed.clone(),
            None if self.cleared => None,
            None => std::env::var_os("PATH"),
        };
        path.unwrap_or_else(|| DEFAULT_PATH.into())
    }

    /// "KEY=value" of everything the child gets; without a change, ours as it is, as std's.
    pub(super) fn of_child(&self) -> io::Result<Vec<CString>> {
        if !self.cleared && self.changes.is_empty() {
            return Ok(sys::environment());
        }
        let mut vars: BTreeMap<OsString, OsString> =
            if self.cleared { BTreeMap::new() } else { std::env::vars_os().collect() };
        for (key, value) in &self.changes {
            match value {
                Some(value) => vars.insert(key.clone(), value.clone()),
                None => vars.remove(key),
            };
        }
        vars.into_iter()
            .map(|(mut entry, value)| {
                entry.push("=");
                entry.push(value);
                c_string(&entry)
            })
            .collect()
    }
}

/// Text for the system, which ends at a NUL.
pub(super) fn c_string(text: &OsStr) -> io::Result<CString> {
    CString::new(text.as_bytes())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "nul byte found in provided data"))
}

/// A command's changes to the environment: set to a value, or removed (`None`). Made by
/// [`Command::get_envs`].
///
/// [`Command::get_envs`]: super::Command::get_envs
///
/// ```
/// use gopark::process::Command;
///
/// let mut command = Command::new("ls");
/// command.env("LANG", "C").env_remove("HOME");
/// assert_eq!(command.get_envs().count(), 2);
/// ```
#[derive(Clone)]
pub struct CommandEnvs<'a>(btree_map::Iter<'a, OsString, Option<OsString>>);

impl<'a> Iterator for CommandEnvs<'a> {
    type Item = (&'a OsStr, Option<&'a OsStr>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key.as_os_str(), value.as_deref()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for CommandEnvs<'_> {}

impl fmt::Debug for CommandEnvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

/// A command's arguments, without the program. Made by [`Command::get_args`].
///
/// [`Command::get_args`]: super::Command::get_args
///
/// ```
/// use gopark::process::Command;
///
/// let mut command = Command::new("ls");
/// command.args(["-l", "/"]);
/// assert_eq!(command.get_args().collect::<Vec<_>>(), ["-l", "/"]);
/// ```
#[derive(Clone)]
pub struct CommandArgs<'a>(pub(super) slice::Iter<'a, OsString>);

impl<'a> Iterator for CommandArgs<'a> {
    type Item = &'a OsStr;

    fn next(&mut self) -> Option<&'a OsStr> {
        self.0.next().map(OsString::as_os_str)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for CommandArgs<'_> {}

impl fmt::Debug for CommandArgs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
