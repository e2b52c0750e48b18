//! Signals: actions, alternate stacks, and the little that a handler may call. sigaction(2),
//! sigaltstack(2), signal-safety(7).

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

/// A handler of one argument.
pub(crate) type Handler = extern "C" fn(c_int);
/// A handler that is also told about the fault (SA_SIGINFO).
pub(crate) type FaultHandler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Which signals wait while a handler runs, besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    None,
    All,
}

/// What a signal does.
#[derive(Clone, Copy)]
pub(crate) struct Action(libc::sigaction);

impl Action {
    /// The action in place now; `None` if the system has no such signal.
    pub(crate) fn of(signal: c_int) -> Option<Action> {
        let mut now = MaybeUninit::uninit();
        // SAFETY: only asks; the buffer has room for an action.
        let done = unsafe { libc::sigaction(signal, ptr::null(), now.as_mut_ptr()) } == 0;
        // SAFETY: the call succeeded and filled it.
        done.then(|| Action(unsafe { now.assume_init() }))
    }

    /// Ignores the signal.
    pub(crate) fn ignore() -> Action {
        Action::new(libc::SIG_IGN, libc::SA_ONSTACK | libc::SA_RESTART, Blocked::All)
    }

    /// Calls `f` on the thread's alternate stack; interrupted system calls start again.
    pub(crate) fn handler(f: Handler, blocked: Blocked) -> Action {
        Action::new(f as *const () as usize, libc::SA_ONSTACK | libc::SA_RESTART, blocked)
    }

    /// Calls `f` on the thread's alternate stack. A second fault while it runs calls it again.
    pub(crate) fn fault_handler(f: FaultHandler) -> Action {
        let flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        Action::new(f as *const () as usize, flags, Blocked::None)
    }

    fn new(handler: usize, flags: c_int, blocked: Blocked) -> Action {
        // SAFETY: all-zero is a valid action, and its mask is a valid place for a set.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler;
            action.sa_flags = flags;
            match blocked {
                Blocked::None => libc::sigemptyset(&mut action.sa_mask),
                Blocked::All => libc::sigfillset(&mut action.sa_mask),
            };
            Action(action)
        }
    }

    pub(crate) fn is_ignore(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    pub(crate) fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }

    /// Puts the action in place. Returns the one before; `None` if the system refuses.
    ///
    /// # Safety
    /// Its handler, if it has one, does only what signal-safety(7) allows, and leaves errno as it
    /// was.
    pub(crate) unsafe fn install(&self, signal: c_int) -> Option<Action> {
        let mut before = MaybeUninit::uninit();
        // SAFETY: the action is valid, and the buffer has room for one; the rest is the caller's
        // duty.
        let done = unsafe { libc::sigaction(signal, &self.0, before.as_mut_ptr()) } == 0;
        // SAFETY: the call succeeded and filled it.
        done.then(|| Action(unsafe { before.assume_init() }))
    }

    /// Does what this action says, for a fault that another handler was called for and that is not
    /// its own.
    ///
    /// # Safety
    /// The arguments are those that the system gave the other handler, which returns after this.
    pub(crate) unsafe fn pass_on(&self, signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        let handler = self.0.sa_sigaction;
        if self.is_default() || self.is_ignore() {
            // SAFETY: no handler: the fault comes again as soon as the caller returns, and ends the
            // process.
            unsafe { self.install(signal) };
        } else if self.0.sa_flags & libc::SA_SIGINFO != 0 {
            // SAFETY: a handler with SA_SIGINFO has this type.
            let f: FaultHandler = unsafe { std::mem::transmute(handler) };
            f(signal, info, context);
        } else {
            // SAFETY: a handler without SA_SIGINFO has this type.
            let f: Handler = unsafe { std::mem::transmute(handler) };
            f(signal);
        }
    }
}

/// The stack pointer of the code that a signal has interrupted.
///
/// # Safety
/// The context is what the system gave a handler with SA_SIGINFO.
pub(crate) unsafe fn interrupted_stack_pointer(context: *const c_void) -> usize {
    // SAFETY: the caller's duty.
    let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    return machine.gregs[libc::REG_RSP as usize] as usize;
    #[cfg(target_arch = "aarch64")]
    return machine.sp as usize;
}

/// Runs the body of a handler and leaves errno as it was: the interrupted code may be about to read
/// it.
pub(crate) fn keeping_errno(body: impl FnOnce()) {
    // SAFETY: errno's address is valid on every thread, and a handler stays on its thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    body();
    // SAFETY: as above.
    unsafe { *errno = before };
}

/// Makes the memory the calling thread's alternate stack.
///
/// # Safety
/// It stays valid, and nobody else uses it, until [`no_alternate_stack`] or the thread's end.
pub(crate) unsafe fn set_alternate_stack(memory: *mut u8, size: usize) {
    let stack = libc::stack_t { ss_sp: memory.cast(), ss_flags: 0, ss_size: size };
    // SAFETY: the caller's duty.
    unsafe { libc::sigaltstack(&stack, ptr::null_mut()) };
}

/// The calling thread gives its alternate stack up. Not from a handler, which may be on it.
pub(crate) fn no_alternate_stack() {
    let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: takes the stack away; the thread is not on it.
    unsafe { libc::sigaltstack(&none, ptr::null_mut()) };
}

/// The calling thread's alternate stack; `None` if it has none.
#[cfg(test)]
pub(crate) fn current_alternate_stack() -> Option<*mut u8> {
    let mut now = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: only asks; the buffer has room for a description, which is filled.
    let now = unsafe {
        libc::sigaltstack(ptr::null(), now.as_mut_ptr());
        now.assume_init()
    };
    (now.ss_flags & libc::SS_DISABLE == 0).then(|| now.ss_sp.cast())
}
