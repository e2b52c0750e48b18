//! SIGSEGV on a guard page: which goroutine overflowed its stack. SIGQUIT: a dump. Go: runtime/signal_unix.go sighandler.
//!
//! The handlers run on an alternate stack, since the goroutine's has no room, and do only what is allowed in a handler: they read
//! statics and records that are never unmapped, format into a buffer on their stack, and write(2). A fault that is not on a
//! guard goes on to the handler that was there before (std's, for its own threads).

use std::cell::UnsafeCell;
use std::fmt::Write;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst, fence};

use crate::sched::g::GRef;
use crate::sched::m::M;
use crate::sched::schedt;
use crate::sched::stack;

/// The alternate stack of an M's thread.
const ALT_STACK: usize = 32 << 10;

/// The actions that were in place before ours; written once, before the handlers are installed.
struct Previous(UnsafeCell<MaybeUninit<[libc::sigaction; 2]>>);
// SAFETY: written by `install` before any handler can read it, then only read.
unsafe impl Sync for Previous {}
static PREVIOUS: Previous = Previous(UnsafeCell::new(MaybeUninit::uninit()));

/// SIGQUIT has come; sysmon looks.
static QUIT: AtomicBool = AtomicBool::new(false);

/// Installs the handlers, once, at the start of the runtime.
pub(crate) fn install() {
    // SAFETY: the structures are valid; the handlers obey the rules of the file's head.
    unsafe {
        let mut previous: [libc::sigaction; 2] = std::mem::zeroed();
        let mut action: libc::sigaction = std::mem::zeroed();
        for (i, signal) in [libc::SIGSEGV, libc::SIGBUS].into_iter().enumerate() {
            libc::sigaction(signal, std::ptr::null(), &mut previous[i]);
        }
        (*PREVIOUS.0.get()).write(previous);
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut());
        libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());

        let mut quit: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGQUIT, std::ptr::null(), &mut quit);
        // As Go: also where the parent ignored it (a shell's background job), but not over a handler of the program's.
        if quit.sa_sigaction == libc::SIG_DFL || quit.sa_sigaction == libc::SIG_IGN {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_quit as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(libc::SIGQUIT, &action, std::ptr::null_mut());
        }
    }
}

/// Gives the calling thread the M's alternate stack, which is made for the M's first thread and never freed. The M has one thread at a
/// time that has it: [`no_alternate_stack`].
pub(crate) fn alternate_stack(m: &M) {
    if m.alt_stack.get().is_null() {
        m.alt_stack.set(Box::leak(vec![0u8; ALT_STACK].into_boxed_slice()).as_mut_ptr());
    }
    let alt = libc::stack_t { ss_sp: m.alt_stack.get().cast(), ss_flags: 0, ss_size: ALT_STACK };
    // SAFETY: the memory is valid for ever, and no other thread has it.
    unsafe { libc::sigaltstack(&alt, std::ptr::null_mut()) };
}

/// The calling thread ends and gives the alternate stack up, before another can have the M: a signal may come to each of the two.
pub(crate) fn no_alternate_stack() {
    let none = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: ALT_STACK };
    // SAFETY: takes the stack away; the thread is not on it.
    unsafe { libc::sigaltstack(&none, std::ptr::null_mut()) };
}

extern "C" fn on_quit(_signal: libc::c_int) {
    // SAFETY: errno's address is valid on every thread. What was interrupted may be about to read it.
    let errno = unsafe { *libc::__errno_location() };
    // ORDERING: SeqCst pairs with the swap in `take_quit`.
    QUIT.store(true, SeqCst);
    // ORDERING: SeqCst fence, pairs with the one in `quit_pending`: either we see that sysmon is about to sleep, or it sees QUIT.
    fence(SeqCst);
    if let Some(sched) = schedt::try_sched() {
        sched.wake_sysmon();
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Has SIGQUIT come? For sysmon when it has said that it sleeps: the handler may have run just before there was anybody to wake.
pub(crate) fn quit_pending() -> bool {
    // ORDERING: SeqCst fence, pairs with the one in `on_quit`: the caller's `sysmon_wait` comes before our look at QUIT.
    fence(SeqCst);
    QUIT.load(SeqCst)
}

/// Has SIGQUIT come since the last time?
pub(crate) fn take_quit() -> bool {
    // ORDERING: SeqCst pairs with the store in `on_quit`.
    QUIT.load(SeqCst) && QUIT.swap(false, SeqCst)
}

extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel hands a handler with SA_SIGINFO a valid siginfo.
    let addr = unsafe { (*info).si_addr() } as usize;
    if let Some(gp) = stack::guard_owner(addr) {
        report_overflow(gp);
    }
    // SAFETY: written in `install`, before this handler was installed.
    let previous = unsafe { &(*PREVIOUS.0.get()).assume_init_ref()[usize::from(signal == libc::SIGBUS)] };
    let handler = previous.sa_sigaction;
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        // SAFETY: restores the old action; the fault comes again as soon as we return.
        unsafe { libc::sigaction(signal, previous, std::ptr::null_mut()) };
    } else if previous.sa_flags & libc::SA_SIGINFO != 0 {
        // SAFETY: a handler with SA_SIGINFO has this type.
        let f: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            unsafe { std::mem::transmute(handler) };
        f(signal, info, context);
    } else {
        // SAFETY: a handler without SA_SIGINFO has this type.
        let f: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
        f(signal);
    }
}

/// Text in a fixed place: formatting in a handler must not allocate.
struct Fixed {
    bytes: [u8; 512],
    len: usize,
}

impl Write for Fixed {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let n = s.len().min(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}

fn report_overflow(gp: GRef) -> ! {
    let mut text = Fixed { bytes: [0; 512], len: 0 };
    // ORDERING: SeqCst out of caution, in a handler that ends the process; nothing is published with number and name.
    let _ = write!(text, "\nfatal error: stack overflow\ngoroutine {}", gp.goid.load(SeqCst));
    // SAFETY: the goroutine's own name, freed at its end.
    if let Some(name) = unsafe { gp.name.load(SeqCst).as_ref() } {
        let _ = write!(text, " {name:?}");
    }
    if let Some(site) = gp.spawn_site() {
        let _ = write!(text, " (spawned at {}:{})", site.file(), site.line());
    }
    let kib = stack::size_of_class(gp.class) >> 10;
    let _ = writeln!(
        text,
        " overflowed its {kib} KiB stack; Builder::stack_size sets the size for all goroutines, go_with(GoOptions {{ stack_size, .. }}) for one"
    );
    // SAFETY: writes a buffer of ours; abort does not return.
    unsafe {
        libc::write(2, text.bytes.as_ptr().cast(), text.len);
        libc::abort()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alternate() -> libc::stack_t {
        let mut now = MaybeUninit::uninit();
        // SAFETY: asks only; the buffer has room for a description, which is filled.
        unsafe {
            libc::sigaltstack(std::ptr::null(), now.as_mut_ptr());
            now.assume_init()
        }
    }

    #[test]
    fn two_threads_of_an_m_do_not_share_its_alternate_stack() {
        let first = || {
            let m = M::new(0);
            alternate_stack(&m);
            assert_eq!(alternate().ss_sp.cast(), m.alt_stack.get());
            no_alternate_stack();
            assert_eq!(alternate().ss_flags, libc::SS_DISABLE);
            m
        };
        let m = std::thread::spawn(first).join().unwrap();
        alternate_stack(&m);
        assert_eq!(alternate().ss_sp.cast(), m.alt_stack.get());
        no_alternate_stack();
    }
}
