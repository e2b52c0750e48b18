//! Children.

#[path = "../common/mod.rs"]
mod common;
mod io;
mod unix;
mod wait;
