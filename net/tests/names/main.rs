//! Look-ups, with name servers of the tests' own.

#[path = "../common/mod.rs"]
mod common;
mod context;
mod dial;
mod environment;
mod lookup;
