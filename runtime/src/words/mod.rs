//! Words that threads share, each a protocol in a file of its own that loom checks as it ships.

pub(crate) mod handshake;
pub(crate) mod inbox;
pub(crate) mod join_word;
pub(crate) mod note;
pub(crate) mod runnext;
pub(crate) mod shim;
pub(crate) mod spinning;
pub(crate) mod wait_reason;
