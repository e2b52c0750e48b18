//! Children.

#[path = "../common/mod.rs"]
mod common;
mod io;
mod search;
mod unix;
mod wait;
