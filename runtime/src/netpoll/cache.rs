//! The free records, and where records come from: blocks that are never given back.
//! Go: runtime/netpoll.go pollCache.

use parking_lot::Mutex;

use crate::netpoll::desc::PollDesc;

/// How much memory is taken at a time. Go: pollBlockSize.
const POLL_BLOCK_SIZE: usize = 4 * 1024;

/// Free records, last freed first out.
static POLL_CACHE: Mutex<Vec<&'static PollDesc>> = Mutex::new(Vec::new());

/// A record of its own for a new descriptor.
pub(crate) fn alloc() -> &'static PollDesc {
    let mut free = POLL_CACHE.lock();
    if let Some(pd) = free.pop() {
        return pd;
    }
    let n = (POLL_BLOCK_SIZE / size_of::<PollDesc>()).max(1);
    let block: &'static [PollDesc] = Box::leak((0..n).map(|_| PollDesc::new()).collect());
    let (first, rest) = block.split_first().expect("n is at least 1");
    free.extend(rest.iter().rev());
    first
}

/// Takes a record back. Nobody uses it any more; events that are on their way find another life
/// number.
pub(crate) fn free(pd: &'static PollDesc) {
    pd.end();
    POLL_CACHE.lock().push(pd);
}
