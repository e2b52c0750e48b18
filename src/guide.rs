//! [from-go]: from_go
//! [from-threads]: from_threads
//! [from-tokio]: from_tokio
//! [thread-bound]: thread_bound
//! [testing]: testing
//! [reports]: reports
#![doc = ""]
#![doc = include_str!("../guide/README.md")]

// The files of `guide/` as modules without items: readable in the repository and in rustdoc, and
// their examples are tested. The files link to each other by names, which they define at their end
// as files. Here the names are modules: of two definitions of a name, Markdown takes the first.

/// [thread-bound]: thread_bound
/// [reports]: reports
#[doc = ""]
#[doc = include_str!("../guide/from-go.md")]
pub mod from_go {}

/// [thread-bound]: thread_bound
#[doc = ""]
#[doc = include_str!("../guide/from-threads.md")]
pub mod from_threads {}

/// [thread-bound]: thread_bound
#[doc = ""]
#[doc = include_str!("../guide/from-tokio.md")]
pub mod from_tokio {}

#[doc = include_str!("../guide/thread-bound.md")]
pub mod thread_bound {}

/// [thread-bound]: thread_bound
/// [reports]: reports
#[doc = ""]
#[doc = include_str!("../guide/testing.md")]
pub mod testing {}

/// [thread-bound]: thread_bound
#[doc = ""]
#[doc = include_str!("../guide/reports.md")]
pub mod reports {}
