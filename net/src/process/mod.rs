//! Child processes. Model: `std::process`; done as Go does it.
//!
//! ```
//! use gopark::process::Command;
//!
//! # unsafe { gopark::run(|| {
//! let output = Command::new("echo").arg("hello").output().unwrap(); // parks
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"hello\n");
//! # }) }
//! ```
//!
//! Reading a child's output parks: the pipes are in the poller. So does waiting for its end, through
//! a process descriptor, which cannot be confused with another child's.

mod child;
mod command;
mod environment;
mod fork;
mod pidfd;
mod stdio;

pub use child::{Child, ChildStderr, ChildStdin, ChildStdout, exit_text};
pub use command::Command;
pub use environment::{CommandArgs, CommandEnvs};
#[doc(no_inline)]
pub use std::process::{ExitStatus, Output};
pub use stdio::Stdio;
