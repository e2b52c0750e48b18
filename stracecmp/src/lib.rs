//! Compares the system calls of two programs, as strace saw them.
//!
//! A program's strace log differs from run to run: descriptor numbers, ports, pointers, which thread asked the poller how
//! often. What does not differ is what the program says to the kernel about each descriptor, and in which order. This
//! crate takes the first out and compares the second.
//!
//! ```no_run
//! use stracecmp::compare::{Prologue, compare};
//! use stracecmp::normal::Normal;
//! use stracecmp::record::Recording;
//!
//! # fn main() -> anyhow::Result<()> {
//! Recording::new("target/release/examples/sample").run("sample.strace".as_ref())?;
//! let reference = Normal::load("go1.23.9.trace")?.normal;
//! let log = Normal::load("sample.strace")?;
//! let report = compare(&reference, &log.normal, &log.faults, Prologue::Ignore);
//! assert!(report.conforms(), "{}", report.plain());
//! # Ok(()) }
//! ```
//!
//! From bytes to verdict, in the order in which a log passes through:
//!
//! | module | knows |
//! |---|---|
//! | [`record`], [`catalogue`], [`golang`] | how to run a program under strace, with its peer |
//! | [`parse`] | the grammar of one line |
//! | [`log`], [`facts`], [`noise`] | which halves of calls belong together; how it was recorded; what is left out |
//! | [`syscalls`] | the one table of all system calls |
//! | [`process`], [`fds`], [`rules`], [`trace`] | which process a call is of, what a number means at each moment, what is kept |
//! | [`loaded`], [`normal`] | what was read; what several runs have in common; the file format of references |
//! | [`lines`] | the typed lines that everything below looks at |
//! | [`per_fd`] | the sequence of each descriptor |
//! | [`diff`], [`mod@compare`], [`judge`] | what differs, and what is said beside it |
//! | [`causes`], [`classes`], [`explain`], [`mechanisms`] | what a difference means, with evidence |
//! | [`report`], [`story`], [`show`], [`timeline`], [`html`], [`json`], [`stat`] | how it looks |

pub mod catalogue;
pub mod causes;
pub mod classes;
pub mod compare;
pub mod diff;
pub mod error;
pub mod explain;
pub mod facts;
pub mod fds;
mod flow;
pub mod golang;
pub mod html;
mod input;
pub mod isolate;
pub mod json;
pub mod judge;
pub mod lines;
mod lives;
pub mod loaded;
pub mod log;
mod log_builder;
mod masks;
pub mod mechanisms;
mod neutral;
pub mod noise;
pub mod normal;
pub mod parse;
mod peer;
pub mod per_fd;
mod polling;
mod ports;
pub mod process;
mod projector;
mod prologue;
pub mod record;
mod reference;
pub mod report;
pub mod rules;
pub mod show;
pub mod stat;
mod stderr_mode;
pub mod story;
pub mod syscalls;
pub mod text;
pub mod timeline;
mod timing;
pub mod trace;
mod tracer;
mod wording;
