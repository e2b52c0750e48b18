//! Why a goroutine waits, in Go's words. Go: runtime/runtime2.go waitReason, waitReasonStrings.

/// Why a goroutine waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(loom, allow(dead_code, reason = "models have few reasons, and ask none for its words"))]
#[repr(u8)]
pub(crate) enum WaitReason {
    /// In the network poller.
    IOWait = 1,
    ChanReceive,
    ChanSend,
    /// For ever, by `never()`.
    ChanReceiveNilChan,
    Select,
    Sleep,
    Semacquire,
    SyncMutexLock,
    SyncRWMutexRLock,
    SyncRWMutexLock,
    SyncCondWait,
    SyncWaitGroupWait,
    /// For a goroutine's end.
    Join,
    BlockOn,
    /// A call announced by `blocking` has ended and waits for a P.
    Syscall,
    /// The caller of `run`, for its closure.
    Main,
    /// For a call that `offload` has given to another thread.
    Offload,
    /// In `thread::park`.
    Park,
}

/// By number; 0 is none.
#[cfg(not(loom))]
const TEXTS: [&str; 19] = [
    "",
    "IO wait",
    "chan receive",
    "chan send",
    "chan receive (nil chan)",
    "select",
    "sleep",
    "semacquire",
    "sync.Mutex.Lock",
    "sync.RWMutex.RLock",
    "sync.RWMutex.Lock",
    "sync.Cond.Wait",
    "sync.WaitGroup.Wait",
    "join",
    "block on future",
    "syscall",
    "run",
    "offload",
    "park",
];

impl WaitReason {
    /// The words for a stored reason.
    #[cfg(not(loom))]
    pub(crate) fn text(raw: u8) -> &'static str {
        TEXTS.get(usize::from(raw)).copied().unwrap_or("unknown wait reason")
    }
}
