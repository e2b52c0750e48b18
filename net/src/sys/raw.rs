//! System calls by the processor's own instruction, for the calls that are made at each request.
//!
//! libc's `read`, `write` and `accept4` are cancellation points: in a process with threads each one
//! first allows that the thread is cancelled and forbids it again, two locked instructions and some
//! thirty others. Nobody cancels a thread of this runtime. And the error comes back in a register:
//! no thread-local is involved, so that these may be inlined anywhere. Go:
//! internal/runtime/syscall/asm_linux_amd64.s, asm_linux_arm64.s.
//!
//! On other processors libc's `syscall` does it (no cancellation point either), with errno read
//! right behind it.

use super::Errno;

/// The kernel's answer: numbers from -4095 to -1 are errors.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn answer(ret: isize) -> Result<usize, Errno> {
    if (-4095..0).contains(&ret) { Err(Errno(-ret as i32)) } else { Ok(ret as usize) }
}

/// The system call `number` with four arguments; a call that takes fewer ignores the rest.
///
/// # Safety
/// The arguments are what the call asks for; memory that it reads or writes is the caller's to
/// give.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) unsafe fn syscall(number: libc::c_long, args: [usize; 4]) -> Result<usize, Errno> {
    let ret: isize;
    // SAFETY: the caller's duty. The kernel keeps all registers but rax, rcx and r11, and touches
    // no user stack; memory is not declared untouched (no `nomem`), so the compiler expects it to
    // change.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => ret,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            lateout("rcx") _, // the kernel returns by rcx,
            lateout("r11") _, // and restores the flags from r11
            options(nostack, preserves_flags),
        );
    }
    answer(ret)
}

/// The system call `number` with four arguments; a call that takes fewer ignores the rest.
///
/// # Safety
/// The arguments are what the call asks for; memory that it reads or writes is the caller's to
/// give.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub(crate) unsafe fn syscall(number: libc::c_long, args: [usize; 4]) -> Result<usize, Errno> {
    let ret: isize;
    // SAFETY: the caller's duty. The kernel keeps all registers but x0, and touches no user stack;
    // memory is not declared untouched (no `nomem`), so the compiler expects it to change.
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") args[0] => ret,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            options(nostack, preserves_flags),
        );
    }
    answer(ret)
}

/// The system call `number` with four arguments; a call that takes fewer ignores the rest.
///
/// # Safety
/// The arguments are what the call asks for; memory that it reads or writes is the caller's to
/// give.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(never)]
pub(crate) unsafe fn syscall(number: libc::c_long, args: [usize; 4]) -> Result<usize, Errno> {
    // SAFETY: the caller's duty.
    let ret = unsafe { libc::syscall(number, args[0], args[1], args[2], args[3]) };
    usize::try_from(ret).map_err(|_| super::last_errno())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_errors_come_back() {
        let mut fds = [-1; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) }, 0);
        let [from, to] = fds.map(|fd| fd as usize);
        let mut buf = [0_u8; 8];
        // SAFETY: eight readable bytes; eight writable bytes, which the second and third call may
        // fill.
        let (wrote, got, none) = unsafe {
            (
                syscall(libc::SYS_write, [to, c"12345678".as_ptr() as usize, 8, 0]),
                syscall(libc::SYS_read, [from, buf.as_mut_ptr() as usize, 8, 0]),
                syscall(libc::SYS_read, [from, buf.as_mut_ptr() as usize, 8, 0]),
            )
        };
        assert_eq!((wrote, got, &buf), (Ok(8), Ok(8), b"12345678"));
        assert_eq!(none, Err(Errno(libc::EAGAIN)));
        // SAFETY: the descriptors are the test's own, closed once.
        let closed = unsafe { [from, to, usize::MAX].map(|fd| syscall(libc::SYS_close, [fd, 0, 0, 0])) };
        assert_eq!(closed, [Ok(0), Ok(0), Err(Errno(libc::EBADF))]);
    }
}
