//! Where a program is: looked for by us as Go does, and by the child, where that is not the last
//! word, as std's.
//!
//! Go: os/exec/lp_unix.go `LookPath`, `findExecutable`. std: execvp(3), in the child.
//!
//! I1 The child runs the first program that we have found. If the kernel then says that there is
//!    nothing to run (a script whose interpreter is missing), it goes on with the rest of PATH. So
//!    PATH has one meaning, std's, and the calls are Go's.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::Command;
use crate::process::environment::c_string;
use crate::process::fork::goes_on_after;
use crate::sys::{self, Errno};

/// What the child is to run.
pub(super) struct Programs {
    /// The first that can be run becomes the program.
    pub(super) paths: Vec<CString>,
    /// There was another one before, which may not be run.
    pub(super) denied: bool,
}

impl Command {
    /// A name without a slash is looked for in PATH: the child's if it is set there, as std does.
    /// Folders that are no absolute paths are the child's, too.
    #[doc(alias = "LookPath")]
    pub(super) fn find_program(&self) -> io::Result<Programs> {
        let name = c_string(&self.program)?;
        if self.program.as_bytes().contains(&b'/') {
            return Ok(Programs { paths: vec![name], denied: false });
        }
        if self.program.is_empty() {
            return Err(Errno(libc::ENOENT).into());
        }
        let path = self.env.path();
        let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(&self.program));
        let mut denied = false;
        while let Some(candidate) = candidates.next() {
            match executable(&self.seen_from_here(&candidate)) {
                Ok(()) => {
                    let all = std::iter::once(candidate).chain(candidates);
                    let paths = all.map(|path| c_string(path.as_os_str())).collect::<io::Result<_>>()?;
                    return Ok(Programs { paths, denied });
                }
                Err(Errno(libc::EACCES)) => denied = true,
                Err(Errno(errno)) if goes_on_after(errno) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Errno(if denied { libc::EACCES } else { libc::ENOENT }).into())
    }

    /// A path of the child's as seen from our working directory.
    fn seen_from_here(&self, path: &Path) -> std::path::PathBuf {
        self.dir.as_ref().map_or_else(|| path.to_owned(), |dir| dir.join(path))
    }
}

/// Go: findExecutable.
#[doc(alias = "findExecutable")]
fn executable(path: &Path) -> Result<(), Errno> {
    let c_path = sys::c_path(path)?;
    let stat = sys::ignoring_eintr(|| sys::stat(&c_path))?;
    if stat.st_mode & libc::S_IFMT == libc::S_IFDIR {
        return Err(Errno(libc::EACCES));
    }
    sys::may_execute(&c_path)
}
