//! What to run. Model: `std::process::Command`.
//!
//! Go: os/exec/exec.go `Cmd`, os/exec_posix.go `startProcess`, os/exec/lp_unix.go `LookPath`.

mod identity;
mod search;
mod show;

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};

use gopark_runtime::blocking;
use gopark_runtime::poll_api::aside;

use search::Programs;

use crate::process::child::{Child, ParentEnds};
use crate::process::environment::{CommandArgs, CommandEnvs, Environment, c_string};
use crate::process::fork::{self, Forked, Plan, PreExec, Role};
use crate::process::pidfd;
use crate::process::stdio::{Files, Stdio};
use crate::sys::{self, Errno};

/// A program to run, and how.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::process::Command;
/// let output = Command::new("echo").arg("hello").output().unwrap();
/// assert!(output.status.success());
/// assert_eq!(output.stdout, b"hello\n");
/// # }) } }
/// ```
pub struct Command {
    program: OsString,
    /// What the child finds as its own name; `None`: the program.
    arg0: Option<OsString>,
    args: Vec<OsString>,
    env: Environment,
    dir: Option<PathBuf>,
    group: Option<i32>,
    uid: Option<u32>,
    gid: Option<u32>,
    groups: Option<Vec<u32>>,
    pre_exec: Vec<PreExec>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
}

impl Command {
    /// A program by path, or by name to look for in PATH. As std's: it inherits everything, until
    /// told otherwise.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert!(Command::new("true").status().unwrap().success());
    /// # }) }
    /// ```
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command {
            program: program.as_ref().to_owned(),
            arg0: None,
            args: Vec::new(),
            env: Environment::default(),
            dir: None,
            group: None,
            uid: None,
            gid: None,
            groups: None,
            pre_exec: Vec::new(),
            stdin: None,
            stdout: None,
            stderr: None,
        }
    }

    /// One more argument.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert_eq!(Command::new("echo").arg("a").arg("b").output().unwrap().stdout, b"a b\n");
    /// # }) }
    /// ```
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert_eq!(Command::new("echo").args(["a", "b"]).output().unwrap().stdout, b"a b\n");
    /// # }) }
    /// ```
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Command {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the child's environment.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let out = Command::new("sh").args(["-c", "echo $NAME"]).env("NAME", "value").output().unwrap();
    /// assert_eq!(out.stdout, b"value\n");
    /// # }) }
    /// ```
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.env.set(key.as_ref(), value.as_ref());
        self
    }

    /// Sets variables of the child's environment.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let out = Command::new("sh").args(["-c", "echo $A$B"]).envs([("A", "1"), ("B", "2")]).output().unwrap();
    /// assert_eq!(out.stdout, b"12\n");
    /// # }) }
    /// ```
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
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let out = Command::new("sh").args(["-c", "echo $HOME"]).env_remove("HOME").output().unwrap();
    /// assert_eq!(out.stdout, b"\n");
    /// # }) }
    /// ```
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.env.remove(key.as_ref());
        self
    }

    /// Starts with an empty environment.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let out = Command::new("/bin/sh").args(["-c", "echo $HOME"]).env_clear().output().unwrap();
    /// assert_eq!(out.stdout, b"\n");
    /// # }) }
    /// ```
    pub fn env_clear(&mut self) -> &mut Command {
        self.env.clear();
        self
    }

    /// The child's working directory.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert_eq!(Command::new("pwd").current_dir("/").output().unwrap().stdout, b"/\n");
    /// # }) }
    /// ```
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Command {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// What the child finds as its own name, instead of the program's.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    /// let output = Command::new("/bin/sh").arg0("another").args(["-c", "echo $0"]).output().unwrap();
    /// assert_eq!(output.stdout, b"another\n");
    /// # }) } }
    /// ```
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.arg0 = Some(arg.as_ref().to_owned());
        self
    }

    /// The child calls `f` just before it becomes the program, after everything else that was asked
    /// for; an error of `f` is one of [`spawn`](Self::spawn)'s, by its number (EINVAL without one).
    /// Functions are called in the order they were given, each time a child is started.
    ///
    /// Such a child is made by fork(2), with its own memory, instead of borrowing ours: what `f`
    /// does to memory stays there.
    ///
    /// # Safety
    /// `f` runs in a process that has one thread, a copy of the one that forked, while the others
    /// may have held any lock: it may call what is safe in a signal handler, and must not panic,
    /// nor call anything that parks. As with std's.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    /// let mut command = Command::new("sh");
    /// // SAFETY: one system call.
    /// unsafe {
    ///     command.args(["-c", "umask"]).pre_exec(|| {
    ///         libc::umask(0o027);
    ///         Ok(())
    ///     })
    /// };
    /// assert_eq!(command.output().unwrap().stdout, b"0027\n");
    /// # }) } }
    /// ```
    pub unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Command
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        self.pre_exec.push(Box::new(f));
        self
    }

    /// The child's standard input.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// let out = Command::new("cat").stdin(Stdio::null()).output().unwrap();
    /// assert!(out.stdout.is_empty());
    /// # }) }
    /// ```
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdin = Some(stdio.into());
        self
    }

    /// The child's standard output.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// assert!(Command::new("echo").arg("unseen").stdout(Stdio::null()).status().unwrap().success());
    /// # }) }
    /// ```
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdout = Some(stdio.into());
        self
    }

    /// The child's standard error.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::{Command, Stdio};
    ///
    /// assert!(!Command::new("ls").arg("/no/such").stderr(Stdio::null()).status().unwrap().success());
    /// # }) }
    /// ```
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stderr = Some(stdio.into());
        self
    }

    /// The program, as it was named.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert_eq!(Command::new("ls").get_program(), "ls");
    /// # }) }
    /// ```
    pub fn get_program(&self) -> &OsStr {
        &self.program
    }

    /// The arguments, without the program.
    ///
    /// ```
    /// use gopark::process::Command;
    /// let mut command = Command::new("echo");
    /// command.args(["a", "b"]);
    /// assert!(command.get_args().eq(["a", "b"]));
    /// ```
    pub fn get_args(&self) -> CommandArgs<'_> {
        CommandArgs(self.args.iter())
    }

    /// The changes to the environment: variables that are set, and (`None`) those that are removed.
    /// What is inherited is not among them, and neither is [`env_clear`](Self::env_clear).
    ///
    /// ```
    /// use gopark::process::Command;
    /// use std::ffi::OsStr;
    /// let mut command = Command::new("env");
    /// command.env("LANG", "C").env_remove("TZ");
    /// let changes: Vec<_> = command.get_envs().collect();
    /// assert_eq!(changes, [(OsStr::new("LANG"), Some(OsStr::new("C"))), (OsStr::new("TZ"), None)]);
    /// ```
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.env.changes()
    }

    /// The child's working directory, if it was set.
    ///
    /// ```
    /// use gopark::process::Command;
    /// use std::path::Path;
    /// assert_eq!(Command::new("pwd").get_current_dir(), None);
    /// assert_eq!(Command::new("pwd").current_dir("/").get_current_dir(), Some(Path::new("/")));
    /// ```
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Starts the child. What is not set is inherited.
    ///
    /// # Errors
    /// The program is not there or cannot be run; no descriptors or processes are left.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// let child = Command::new("true").spawn().unwrap();
    /// assert!(child.wait().unwrap().success());
    /// # }) }
    /// ```
    #[doc(alias = "Start")]
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.start(&Stdio::inherit(), &Stdio::inherit())
    }

    /// Runs the child to its end. What is not set is inherited.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert!(Command::new("true").status().unwrap().success());
    /// # }) }
    /// ```
    #[doc(alias = "Run")]
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Runs the child to its end and gives what it wrote. Output that is not set is captured, input
    /// that is not set is empty.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn); reading the output.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    ///
    /// assert_eq!(Command::new("echo").arg("hello").output().unwrap().stdout, b"hello\n");
    /// # }) }
    /// ```
    pub fn output(&mut self) -> io::Result<Output> {
        self.start(&Stdio::null(), &Stdio::piped())?.wait_with_output()
    }

    /// Becomes the program: this process, all its goroutines and threads included, is it from then
    /// on. What is not set is inherited. Returns only if that fails, with why.
    ///
    /// By then the standard descriptors, the working directory and the process group may be as was
    /// asked for the program, and user and group those of the calling thread only: better end the
    /// process.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::process::Command;
    /// let e = Command::new("/no/such/program").exec();
    /// assert_eq!(e.kind(), std::io::ErrorKind::NotFound);
    /// # }) } }
    /// ```
    #[doc(alias = "syscall.Exec")]
    pub fn exec(&mut self) -> io::Error {
        let Err(e) = self.try_exec();
        e
    }

    fn try_exec(&mut self) -> io::Result<Infallible> {
        let mut pre_exec = std::mem::take(&mut self.pre_exec);
        let inherit = Stdio::inherit();
        let replaced = self.prepare(&inherit, &inherit).and_then(|(program, files)| {
            self.with_plan(&program, &mut pre_exec, files.numbers(), -1, Role::Replace, fork::replace)
        });
        self.pre_exec = pre_exec;
        Err(replaced?.into())
    }

    fn start(&mut self, default_in: &Stdio, default_out: &Stdio) -> io::Result<Child> {
        let mut pre_exec = std::mem::take(&mut self.pre_exec);
        let started = self.prepare(default_in, default_out).and_then(|(program, mut files)| {
            let forked = self.fork_exec(&program, &mut pre_exec, &files)?;
            files.close_made();
            let [stdin, stdout, stderr] = [0, 1, 2].map(|number| files.take_parent(number));
            Ok(Child::new(forked.pid, forked.pidfd, ParentEnds { stdin, stdout, stderr }))
        });
        self.pre_exec = pre_exec;
        started
    }

    /// The program's path, and its descriptors.
    fn prepare<'a>(
        &'a self,
        default_in: &'a Stdio,
        default_out: &'a Stdio,
    ) -> io::Result<(Programs, Files<'a>)> {
        let program = self.find_program();
        let asked = [&self.stdin, &self.stdout, &self.stderr].map(Option::as_ref);
        let mut files = Files::default();
        // In Go these are there before the child is started: StdinPipe, StdoutPipe, StderrPipe make
        // them.
        for (number, stdio) in asked.into_iter().enumerate() {
            if let Some(stdio) = stdio.filter(|stdio| stdio.is_piped()) {
                files.add(number, stdio)?;
            }
        }
        let program = program?;
        for (number, stdio) in asked.into_iter().enumerate() {
            let default = if number == 0 { default_in } else { default_out };
            if stdio.is_none_or(|stdio| !stdio.is_piped()) {
                files.add(number, stdio.unwrap_or(default))?;
            }
        }
        // The thread of a goroutine that has computed long may have been made lighter, and a child
        // inherits that: what follows an announced call has the full weight.
        blocking(|| ());
        Ok((program, files))
    }

    /// Go: forkExec.
    #[doc(alias = "forkExec")]
    fn fork_exec(
        &self,
        program: &Programs,
        pre_exec: &mut [PreExec],
        files: &Files<'_>,
    ) -> io::Result<Forked> {
        let no_identity = self.uid.is_none() && self.gid.is_none() && self.groups.is_none();
        if let (Some(dir), None, true) = (&self.dir, self.group, no_identity) {
            // Looked for here, as Go does: the error then says so before there is a child.
            let dir = c_string(dir.as_os_str())?;
            sys::ignoring_eintr(|| sys::stat(&dir))?;
        }
        // Found out before there is a pipe, as in Go.
        pidfd::available();
        let files = files.numbers();
        let (error_reader, error_writer) = sys::own_pipe(libc::O_CLOEXEC)?;
        // The parent sleeps until a child that borrows its memory has become the program. One with
        // functions of the user's may take long.
        let runs_on = !pre_exec.is_empty();
        let forked = self.with_plan(program, pre_exec, files, error_writer, Role::Exec, fork::fork);
        let _ = sys::close(error_writer);
        let forked = forked.and_then(|forked| Ok(forked?));
        let failure = forked.as_ref().ok().and_then(|_| match runs_on {
            true => aside(|| read_failure(error_reader)),
            false => read_failure(error_reader),
        });
        let _ = sys::close(error_reader);
        let forked = forked?;
        if let Some(errno) = failure {
            // It has ended; nobody else will ask for it.
            let _ = sys::ignoring_eintr(|| sys::wait4(forked.pid, 0));
            drop(forked.pidfd);
            return Err(errno.into());
        }
        Ok(forked)
    }

    /// Has `f` do what the command says.
    fn with_plan<T>(
        &self,
        program: &Programs,
        pre_exec: &mut [PreExec],
        files: [RawFd; 3],
        error_pipe: RawFd,
        role: Role,
        f: impl FnOnce(&mut Plan<'_>) -> T,
    ) -> io::Result<T> {
        let arg0 = self.arg0.as_ref().unwrap_or(&self.program);
        let argv = c_strings(std::iter::once(arg0).chain(&self.args))?;
        let envp = self.env.of_child()?;
        let dir = self.dir.as_ref().map(|dir| c_string(dir.as_os_str())).transpose()?;
        Ok(f(&mut Plan {
            programs: &program.paths,
            denied: program.denied,
            argv: &pointers(&argv),
            envp: &pointers(&envp),
            dir: dir.as_ref(),
            group: self.group,
            uid: self.uid,
            gid: self.gid,
            groups: self.groups.as_deref(),
            pre_exec,
            files,
            error_pipe,
            with_pidfd: role == Role::Exec && pidfd::available(),
            role,
        }))
    }
}

/// The error that the child reported before it ended; `None` if it became the program.
fn read_failure(pipe: RawFd) -> Option<Errno> {
    let mut said = [0; size_of::<usize>()];
    let n = sys::ignoring_eintr(|| sys::read(pipe, &mut said)).unwrap_or(0);
    (n == said.len()).then(|| Errno(usize::from_ne_bytes(said) as i32))
}

fn c_strings<'a>(texts: impl Iterator<Item = &'a OsString>) -> io::Result<Vec<CString>> {
    texts.map(|text| c_string(text)).collect()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
}
