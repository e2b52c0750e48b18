//! Files, pipes, any descriptor, and copies between all of them.

#[path = "../common/mod.rs"]
mod common;
mod copy;
mod copy_std_face;
mod partial_writes;
mod pipe;
mod timeout;
