//! Child processes. Model: `std::process`; done as Go does it.
//!
//! The output of a child is read through pipes in the poller, so that reading parks; the end of a
//! child is waited for through a process descriptor, which nobody else's child can be mistaken for.

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
