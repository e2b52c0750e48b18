//! What to run. Model: `std::process::Command`.
//!
//! Go: os/exec/exec.go `Cmd`, os/exec_posix.go `startProcess`, os/exec/lp_unix.go `LookPath`.
//!
//! I1 Descriptors made for the child are closed in the parent as soon as the child has them, or has failed; in the order they were
//!    made, and before the parent's ends.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};

use gopark_runtime::blocking;

use super::child::{Child, ParentEnds};
use super::fork::{Plan, Role, fork};
use super::pidfd;
use crate::errno::Errno;
use crate::os::{File, pipe};
use crate::sys;

/// A program to run, and how.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use gopark_net::process::Command;
/// let output = Command::new("echo").arg("hello").output().unwrap();
/// assert!(output.status.success());
/// assert_eq!(output.stdout, b"hello\n");
/// # }) } }
/// ```
#[derive(Debug)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    env: Environment,
    dir: Option<PathBuf>,
    group: Option<i32>,
    uid: Option<u32>,
    gid: Option<u32>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
}

/// Changes to the parent's environment.
#[derive(Debug, Default)]
struct Environment {
    cleared: bool,
    /// `None`: removed.
    changes: BTreeMap<OsString, Option<OsString>>,
}

/// What a standard descriptor of the child is. Model: `std::process::Stdio`.
#[derive(Debug)]
pub struct Stdio(Kind);

#[derive(Debug)]
enum Kind {
    Inherit,
    Null,
    Piped,
    File(File),
}

impl Stdio {
    /// The parent's own.
    pub fn inherit() -> Stdio {
        Stdio(Kind::Inherit)
    }

    /// Nothing: an empty input, an output that is thrown away.
    pub fn null() -> Stdio {
        Stdio(Kind::Null)
    }

    /// A pipe to the parent.
    pub fn piped() -> Stdio {
        Stdio(Kind::Piped)
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        Stdio(Kind::File(file))
    }
}

impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Stdio {
        Stdio(Kind::File(fd.into()))
    }
}

impl From<std::fs::File> for Stdio {
    fn from(file: std::fs::File) -> Stdio {
        OwnedFd::from(file).into()
    }
}

/// What the child does with a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Reads,
    Writes,
}

/// What the child gets as one of its standard descriptors.
enum Source<'a> {
    /// The parent's of the same number.
    Inherited,
    Given(&'a File),
    /// Made for the child, and closed once it has it.
    Made(File),
    Closed,
}

/// One descriptor for the child, and the parent's end if it is a pipe.
struct Prepared<'a> {
    /// The number it has in the child.
    number: usize,
    source: Source<'a>,
    parent: Option<File>,
}

/// The child's standard descriptors, in the order they were made.
struct Files<'a>(Vec<Prepared<'a>>);

impl<'a> Files<'a> {
    fn add(&mut self, number: usize, stdio: &'a Stdio) -> io::Result<()> {
        let direction = if number == 0 { Direction::Reads } else { Direction::Writes };
        let (source, parent) = prepare(stdio, direction)?;
        self.0.push(Prepared { number, source, parent });
        Ok(())
    }

    /// Their numbers here, in the child's order. The child wants them blocking.
    fn numbers(&self) -> [RawFd; 3] {
        [0, 1, 2].map(|number| {
            let file = self.0.iter().find(|file| file.number == number);
            match file.map(|file| &file.source) {
                Some(Source::Given(file)) => file.fd(),
                Some(Source::Made(file)) => file.fd(),
                Some(Source::Inherited) => number as RawFd,
                Some(Source::Closed) | None => -1,
            }
        })
    }

    /// I1.
    fn close_made(&mut self) {
        for file in self.0.iter_mut().filter(|file| matches!(file.source, Source::Made(_))) {
            file.source = Source::Closed;
        }
    }

    /// The parent's end of this one, if it is a pipe.
    fn take_parent(&mut self, number: usize) -> Option<File> {
        self.0.iter_mut().find(|file| file.number == number)?.parent.take()
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        self.close_made();
    }
}

impl Command {
    /// A program by path, or by name to look for in PATH. As std's: it inherits everything, until told otherwise.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Environment::default(),
            dir: None,
            group: None,
            uid: None,
            gid: None,
            stdin: None,
            stdout: None,
            stderr: None,
        }
    }

    /// One more argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Command {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the child's environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        let value = Some(value.as_ref().to_owned());
        self.env.changes.insert(key.as_ref().to_owned(), value);
        self
    }

    /// Sets variables of the child's environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Command {
        for (key, value) in vars {
            self.env(key, value);
        }
        self
    }

    /// Takes a variable out of the child's environment.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.env.changes.insert(key.as_ref().to_owned(), None);
        self
    }

    /// Starts with an empty environment.
    pub fn env_clear(&mut self) -> &mut Command {
        self.env = Environment { cleared: true, changes: BTreeMap::new() };
        self
    }

    /// The child's working directory.
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Command {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// The child joins a process group; 0 makes one of its own.
    pub fn process_group(&mut self, group: i32) -> &mut Command {
        self.group = Some(group);
        self
    }

    /// The child runs as this user, with none of our supplementary groups.
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.uid = Some(id);
        self
    }

    /// The child runs as this group.
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.gid = Some(id);
        self
    }

    /// The child's standard input.
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdin = Some(stdio.into());
        self
    }

    /// The child's standard output.
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdout = Some(stdio.into());
        self
    }

    /// The child's standard error.
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stderr = Some(stdio.into());
        self
    }

    /// The program, as it was named.
    pub fn get_program(&self) -> &OsStr {
        &self.program
    }

    /// Starts the child. What is not set is inherited.
    ///
    /// # Errors
    /// The program is not there or cannot be run; no descriptors or processes are left.
    #[doc(alias = "Start")]
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.start(&Stdio::inherit(), &Stdio::inherit())
    }

    /// Runs the child to its end. What is not set is inherited.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[doc(alias = "Run")]
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Runs the child to its end and gives what it wrote. Output that is not set is captured, input that is not set is empty.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn); reading the output.
    pub fn output(&mut self) -> io::Result<Output> {
        self.start(&Stdio::null(), &Stdio::piped())?.wait_with_output()
    }

    fn start(&self, default_in: &Stdio, default_out: &Stdio) -> io::Result<Child> {
        let program = self.find_program();
        let asked = [self.stdin.as_ref(), self.stdout.as_ref(), self.stderr.as_ref()];
        let piped = |stdio: &&Stdio| matches!(stdio.0, Kind::Piped);
        let mut files = Files(Vec::with_capacity(3));
        // In Go these are there before the child is started: StdinPipe, StdoutPipe, StderrPipe make them.
        for (number, stdio) in asked.into_iter().enumerate() {
            if let Some(stdio) = stdio.filter(piped) {
                files.add(number, stdio)?;
            }
        }
        let program = program?;
        for (number, stdio) in asked.into_iter().enumerate() {
            let default = if number == 0 { default_in } else { default_out };
            if stdio.filter(piped).is_none() {
                files.add(number, stdio.unwrap_or(default))?;
            }
        }
        // The thread of a goroutine that has computed long may have been made lighter, and a child inherits that: what follows an
        // announced call has the full weight.
        blocking(|| ());
        let forked = self.fork_exec(&program, &files)?;
        files.close_made();
        let [stdin, stdout, stderr] = [0, 1, 2].map(|number| files.take_parent(number));
        Ok(Child::new(forked.pid, forked.pidfd, ParentEnds { stdin, stdout, stderr }))
    }

    /// Go: forkExec.
    #[doc(alias = "forkExec")]
    fn fork_exec(&self, program: &Path, files: &Files<'_>) -> io::Result<super::fork::Forked> {
        let program = c_string(program.as_os_str())?;
        let argv = c_strings(std::iter::once(&self.program).chain(&self.args))?;
        let envp = c_strings(self.env.of_child().iter())?;
        let dir = self.dir.as_ref().map(|dir| c_string(dir.as_os_str())).transpose()?;
        if let (Some(dir), None, None, None) = (&dir, self.group, self.uid, self.gid) {
            // Looked for here, as Go does: the error then says so before there is a child.
            crate::os::sys::stat_path(dir)?;
        }
        pidfd::check()?;
        let files = files.numbers();
        let (error_reader, error_writer) = crate::os::sys::pipe2(libc::O_CLOEXEC)?;
        let mut plan = Plan {
            program: &program,
            argv: &pointers(&argv),
            envp: &pointers(&envp),
            dir: dir.as_ref(),
            group: self.group,
            uid: self.uid,
            gid: self.gid,
            files,
            error_pipe: error_writer,
            role: Role::Exec,
        };
        let forked = fork(&mut plan);
        let _ = sys::close(error_writer);
        let failure = forked.as_ref().ok().and_then(|_| read_failure(error_reader));
        let _ = sys::close(error_reader);
        let forked = forked?;
        if let Some(errno) = failure {
            // It has ended; nobody else will ask for it.
            let _ = crate::os::sys::ignoring_eintr(|| super::fork::reap(forked.pid));
            let _ = sys::close(forked.pidfd);
            return Err(errno.into());
        }
        Ok(forked)
    }

    /// A name without a slash is looked for in PATH: the child's if it is set there, as std does.
    #[doc(alias = "LookPath")]
    fn find_program(&self) -> io::Result<PathBuf> {
        if self.program.as_bytes().contains(&b'/') {
            return Ok(self.program.clone().into());
        }
        let path = match self.env.changes.get(OsStr::new("PATH")) {
            Some(changed) => changed.clone(),
            None => std::env::var_os("PATH"),
        };
        let mut error = Errno(libc::ENOENT);
        for dir in std::env::split_paths(&path.unwrap_or_default()) {
            let candidate = dir.join(&self.program);
            match executable(&candidate) {
                Ok(()) => return Ok(candidate),
                Err(Errno(libc::ENOENT | libc::ENOTDIR)) => {}
                Err(e) => error = e,
            }
        }
        Err(error.into())
    }
}

impl Environment {
    /// "KEY=value" of everything the child gets.
    fn of_child(&self) -> Vec<OsString> {
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
                entry
            })
            .collect()
    }
}

fn prepare(stdio: &Stdio, direction: Direction) -> io::Result<(Source<'_>, Option<File>)> {
    match &stdio.0 {
        Kind::Inherit => Ok((Source::Inherited, None)),
        Kind::File(file) => Ok((Source::Given(file), None)),
        Kind::Null => {
            let flags = if direction == Direction::Reads { libc::O_RDONLY } else { libc::O_WRONLY };
            Ok((Source::Made(File::open_file("/dev/null", flags, 0)?), None))
        }
        Kind::Piped => {
            let (reader, writer) = pipe()?;
            let (file, parent) =
                if direction == Direction::Reads { (reader, writer) } else { (writer, reader) };
            Ok((Source::Made(file), Some(parent)))
        }
    }
}

/// What the child said before it ended; none if it became the program.
fn read_failure(pipe: RawFd) -> Option<Errno> {
    let mut said = [0; size_of::<usize>()];
    let n = crate::os::sys::ignoring_eintr(|| sys::read(pipe, &mut said)).unwrap_or(0);
    (n == said.len()).then(|| Errno(usize::from_ne_bytes(said) as i32))
}

/// Go: findExecutable.
#[doc(alias = "findExecutable")]
fn executable(path: &Path) -> Result<(), Errno> {
    let c_path = crate::os::sys::c_path(path)?;
    let stat = crate::os::sys::stat_path(&c_path)?;
    if stat.st_mode & libc::S_IFMT == libc::S_IFDIR {
        return Err(Errno(libc::EACCES));
    }
    sys::may_execute(&c_path)
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    CString::new(text.as_bytes())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "nul byte found in provided data"))
}

fn c_strings<'a>(texts: impl Iterator<Item = &'a OsString>) -> io::Result<Vec<CString>> {
    texts.map(|text| c_string(text)).collect()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
}
