//! Protocols between threads on a word or two, each in its own file, which loom checks as it ships.

pub(crate) mod handshake;
pub(crate) mod inbox;
pub(crate) mod join_word;
pub(crate) mod note;
pub(crate) mod park_word;
pub(crate) mod runnext;
pub(crate) mod shim;
pub(crate) mod spinning;
pub(crate) mod wait_reason;
