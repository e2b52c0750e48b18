//! The return addresses on the stack, by the unwinder that std brings. Its interface: the Itanium
//! C++ ABI, level I.

use std::ffi::c_void;

/// A frame on the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Where the frame goes on.
    pub(crate) ip: usize,
    /// The stack pointer at the call; 0 if the unwinder does not know it.
    pub(crate) sp: usize,
}

const GO_ON: i32 = 0;
const NORMAL_STOP: i32 = 4;

unsafe extern "C" {
    fn _Unwind_Backtrace(step: extern "C" fn(*mut c_void, *mut c_void) -> i32, data: *mut c_void) -> i32;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
    fn _Unwind_GetCFA(context: *mut c_void) -> usize;
}

/// Calls `visit` with each frame of the calling thread's stack, the innermost first, until it
/// returns false. It must not panic.
#[inline(never)]
pub(crate) fn walk<F: FnMut(Frame) -> bool>(mut visit: F) {
    extern "C" fn step<F: FnMut(Frame) -> bool>(context: *mut c_void, data: *mut c_void) -> i32 {
        // SAFETY: `data` is `walk`'s `visit`, which nobody else uses; the unwinder passes a context
        // that is valid during the call.
        let (visit, frame) = unsafe {
            let frame = Frame { ip: _Unwind_GetIP(context), sp: _Unwind_GetCFA(context) };
            (&mut *data.cast::<F>(), frame)
        };
        if visit(frame) { GO_ON } else { NORMAL_STOP }
    }
    // SAFETY: the callback has the type that the ABI wants, and `visit` outlives the call.
    unsafe { _Unwind_Backtrace(step::<F>, (&raw mut visit).cast()) };
}
