//! Placeholder until the poller lands.
use crate::glist::GList;
pub(crate) fn netpoll_inited() -> bool {
    false
}
pub(crate) fn netpoll_any_waiters() -> bool {
    false
}
pub(crate) fn netpoll_adjust_waiters(_delta: i32) {}
pub(crate) fn netpoll(_delay_ns: i64) -> (GList, i32) {
    (GList::new(), 0)
}
pub(crate) fn netpoll_break() {}
pub(crate) fn netpoll_generic_init() {}
