//! Child processes. Model: `std::process`; done as Go does it.
//!
//! The output of a child is read through pipes in the poller, so that reading parks; the end of a child is waited for through a
//! process descriptor, which nobody else's child can be mistaken for.

mod child;
mod command;
mod fork;
mod pidfd;

pub use child::{Child, ChildStderr, ChildStdin, ChildStdout, exit_text};
pub use command::{Command, Stdio};
#[doc(no_inline)]
pub use std::process::{ExitStatus, Output};
