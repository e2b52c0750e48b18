//! SIGSEGV on a guard page: which goroutine overflowed its stack. SIGQUIT: a dump.
//! Go: runtime/signal_unix.go sighandler.
//!
//! The handlers run on an alternate stack, since the goroutine's has no room, and do only what is
//! allowed in a handler: they read statics and records that are never unmapped, format into a
//! buffer on their stack, and write(2). A fault that is not on a guard goes on to the handler that
//! was there before (std's, for its own threads).

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst, fence};

use crate::observe::dump::Origin;
use crate::sched::g::GRef;
use crate::sched::m::M;
use crate::sched::schedt;
use crate::sched::stack;
use crate::sys::report;
use crate::sys::signal::{
    Action, Blocked, interrupted_stack_pointer, keeping_errno, no_alternate_stack, set_alternate_stack,
};

/// The size of the alternate stack of an M's thread.
const ALT_STACK: usize = 32 << 10;

/// The actions of SIGSEGV and SIGBUS before ours; set before the handlers are installed, then only
/// read.
static PREVIOUS: OnceLock<[Option<Action>; 2]> = OnceLock::new();

/// SIGQUIT has come; sysmon looks.
static QUIT: AtomicBool = AtomicBool::new(false);

/// Installs the handlers, once, at the start of the runtime.
pub(crate) fn install() {
    PREVIOUS.get_or_init(|| [libc::SIGSEGV, libc::SIGBUS].map(Action::of));
    let fault = Action::fault_handler(on_fault);
    // SAFETY: the handlers obey the rules of the file's head.
    unsafe {
        fault.install(libc::SIGSEGV);
        fault.install(libc::SIGBUS);
        // As Go: also where the parent ignored it (a shell's background job), but not over a
        // handler of the program's.
        if Action::of(libc::SIGQUIT).is_some_and(|quit| quit.is_default() || quit.is_ignore()) {
            Action::handler(on_quit, Blocked::None).install(libc::SIGQUIT);
        }
    }
}

/// Gives the calling thread the M's alternate stack, which is made for the M's first thread and
/// never freed. Only one thread at a time has it: [`give_up_alternate_stack`].
pub(crate) fn alternate_stack(m: &M) {
    if m.alt_stack.get().is_null() {
        m.alt_stack.set(Box::leak(vec![0u8; ALT_STACK].into_boxed_slice()).as_mut_ptr());
    }
    // SAFETY: the memory is valid for ever, and no other thread has it.
    unsafe { set_alternate_stack(m.alt_stack.get(), ALT_STACK) };
}

/// The calling thread, about to end, gives up the alternate stack before another thread gets the M:
/// each of the two may receive a signal.
pub(crate) fn give_up_alternate_stack() {
    no_alternate_stack();
}

extern "C" fn on_quit(_signal: c_int) {
    keeping_errno(|| {
        // ORDERING: SeqCst pairs with the swap in `take_quit`.
        QUIT.store(true, SeqCst);
        // ORDERING: SeqCst fence, pairs with the one in `quit_pending`: either we see that sysmon
        // is about to sleep, or it sees QUIT.
        fence(SeqCst);
        if let Some(sched) = schedt::try_sched() {
            sched.wake_sysmon();
        }
    });
}

/// Whether SIGQUIT has come. sysmon asks after having announced its sleep: the handler may have run
/// just before there was anyone to wake.
pub(crate) fn quit_pending() -> bool {
    // ORDERING: SeqCst fence, pairs with the one in `on_quit`: the caller's `sysmon_wait` comes
    // before our look at QUIT.
    fence(SeqCst);
    QUIT.load(SeqCst)
}

/// Whether SIGQUIT has come since the last call.
pub(crate) fn take_quit() -> bool {
    // ORDERING: SeqCst pairs with the store in `on_quit`.
    QUIT.load(SeqCst) && QUIT.swap(false, SeqCst)
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel hands a handler with SA_SIGINFO a valid siginfo.
    let addr = unsafe { (*info).si_addr() } as usize;
    // SAFETY: and a valid context.
    let sp = unsafe { interrupted_stack_pointer(context) };
    if let Some(gp) = stack::overflowed(addr, sp) {
        report_overflow(gp);
    }
    let previous = PREVIOUS.get().expect("set before this handler was installed");
    if let Some(previous) = &previous[usize::from(signal == libc::SIGBUS)] {
        // SAFETY: our own arguments, and we return.
        unsafe { previous.pass_on(signal, info, context) };
    }
}

fn report_overflow(gp: GRef) -> ! {
    let kib = stack::size_of_class(gp.class) >> 10;
    report::line(format_args!(
        "\nfatal error: stack overflow\n{} overflowed its {kib} KiB stack; Builder::stack_size sets the size for all goroutines, \
         go_with(GoOptions {{ stack_size, .. }}) for one",
        Origin(gp)
    ));
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::signal::current_alternate_stack;

    #[test]
    fn two_threads_of_an_m_do_not_share_its_alternate_stack() {
        let first = || {
            let m = M::new(0);
            alternate_stack(&m);
            assert_eq!(current_alternate_stack(), Some(m.alt_stack.get()));
            give_up_alternate_stack();
            assert_eq!(current_alternate_stack(), None);
            m
        };
        let m = std::thread::spawn(first).join().unwrap();
        alternate_stack(&m);
        assert_eq!(current_alternate_stack(), Some(m.alt_stack.get()));
        give_up_alternate_stack();
    }
}
