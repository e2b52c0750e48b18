//! Select: waiting for the first of several operations. Go: runtime/select.go.
//!
//! | file | holds |
//! |---|---|
//! | `selectgo.rs try_op.rs complete.rs` | choosing, and the half of a send that comes after |
//! | `watch.rs` | waiters for readiness only |
//! | `set.rs selected.rs` | the face of crossbeam-channel: a set that grows |
//! | `macros.rs case.rs` | the macros `select!` and `select_biased!` |

#[cfg(not(loom))]
pub(super) mod case;
pub(super) mod complete;
mod macros;
pub(super) mod selected;
pub(super) mod selectgo;
#[cfg(not(loom))]
mod set;
mod try_op;
mod watch;

pub use selected::SelectedOperation;
#[cfg(not(loom))]
pub use set::Select;
