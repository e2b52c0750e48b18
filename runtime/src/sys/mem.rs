//! Address space: reserve, guard, give pages back. mmap(2), madvise(2), mprotect(2).

use std::io;
use std::ptr::NonNull;

/// Linux 6.13: makes pages fault without a mapping of their own.
const MADV_GUARD_INSTALL: i32 = 102;
/// Linux 6.14: this process, where a pidfd is asked for.
const PIDFD_SELF: i32 = -10000;

/// The smallest size of a page: that of x86-64, and of most aarch64 kernels.
pub(crate) const PAGE: usize = 4096;

/// The size of a page of this kernel: 4, 16 or 64 KiB on aarch64.
pub(crate) fn page_size() -> usize {
    // SAFETY: reads what the kernel told the process at its start.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(PAGE)
}

/// Maps `len` bytes of private zero memory at an address that is a multiple of `align` (a power of
/// two of pages), without reserving swap, and without huge pages: a goroutine is to cost the pages
/// it touches.
#[inline(never)]
pub(crate) fn reserve(len: usize, align: usize) -> io::Result<NonNull<u8>> {
    let total = len.checked_add(align).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))?;
    // SAFETY: an anonymous mapping at an address of the kernel's choice disturbs nothing that
    // exists.
    let raw = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            total,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if raw == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let start = raw as usize;
    let base = start.next_multiple_of(align);
    let (head, tail) = (base - start, start + total - (base + len));
    // SAFETY: both ranges are parts of the fresh mapping outside of [base, base + len), which
    // nobody knows yet.
    unsafe {
        if head > 0 {
            libc::munmap(raw, head);
        }
        if tail > 0 {
            libc::munmap((base + len) as *mut _, tail);
        }
        libc::madvise(base as *mut _, len, libc::MADV_NOHUGEPAGE);
    }
    Ok(NonNull::new(base as *mut u8).expect("mmap does not return null"))
}

/// Whether `len` bytes of address space are available now.
pub(crate) fn is_available(len: usize) -> bool {
    let Ok(region) = reserve(len, PAGE) else { return false };
    // SAFETY: fresh, and nobody knows it.
    unsafe { unreserve(region, len) };
    true
}

/// Gives back a mapping from [`reserve`].
///
/// # Safety
/// It is whole, and nothing in it is used.
pub(crate) unsafe fn unreserve(base: NonNull<u8>, len: usize) {
    // SAFETY: the caller's duty.
    unsafe { libc::munmap(base.as_ptr().cast(), len) };
}

/// The whole file in memory, for good: its pages come when they are read. The file must not become
/// shorter.
#[cfg(feature = "symbols")]
#[inline(never)]
pub(crate) fn map_file(file: &std::fs::File) -> io::Result<&'static [u8]> {
    use std::os::fd::AsRawFd;
    let len = file.metadata()?.len() as usize;
    // SAFETY: a mapping of its own, at an address of the kernel's choice, disturbs nothing that
    // exists.
    let start = unsafe {
        libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0)
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `len` readable bytes that nobody writes or unmaps: a program's file is not written to
    // while it runs.
    Ok(unsafe { std::slice::from_raw_parts(start.cast(), len) })
}

/// The most guards that one call may install.
pub(crate) const GUARDS_AT_ONCE: usize = 64;

/// By which system call guards are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuardCall {
    /// madvise(2) for each: a memory call as every allocator makes them, so a trace of descriptors
    /// does not show it.
    Madvise,
    /// One process_madvise(2) for all: half the time, but strace lists it among the calls on
    /// descriptors.
    ProcessMadvise,
}

/// Sets whether a core dump holds the range.
pub(crate) fn set_dumped(start: usize, len: usize, dumped: bool) {
    let advice = if dumped { libc::MADV_DODUMP } else { libc::MADV_DONTDUMP };
    // SAFETY: changes nothing that the program can see. A failure costs a core dump time or pages.
    unsafe { libc::madvise(start as *mut _, len, advice) };
}

/// Whether reading at the address faults, found out without a fault: rt_sigprocmask(2) reads the mask
/// before it refuses `how`, and says EFAULT if it cannot. Emulators accept advice that they do not
/// know and do nothing (qemu-user does), so what [`install_guards`] returns is no proof.
#[inline(never)]
pub(crate) fn faults(address: usize) -> bool {
    const NO_SUCH_HOW: i32 = -1;
    // SAFETY: the kernel reads the mask and changes nothing, since there is no such `how`.
    let n = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            NO_SUCH_HOW,
            address,
            std::ptr::null_mut::<u8>(),
            size_of::<u64>(),
        )
    };
    n == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
}

/// Installs a guard of `size` bytes at each address, without a mapping for each. An error means: this
/// kernel cannot.
///
/// # Safety
/// The pages belong to the caller and nothing is stored in them.
#[inline(never)]
pub(crate) unsafe fn install_guards(pages: &[usize], size: usize, call: GuardCall) -> io::Result<()> {
    // SAFETY: the caller's duty.
    if call == GuardCall::ProcessMadvise && unsafe { install_guards_at_once(pages, size) } {
        return Ok(());
    }
    for &page in pages {
        // SAFETY: the caller owns the page.
        if unsafe { libc::madvise(page as *mut _, size, MADV_GUARD_INSTALL) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Whether all of them were installed.
///
/// # Safety
/// As for [`install_guards`].
#[inline(never)]
unsafe fn install_guards_at_once(pages: &[usize], size: usize) -> bool {
    // On the stack: memory may be short where stacks are made.
    let mut iov = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: size }; GUARDS_AT_ONCE];
    let Some(iov) = iov.get_mut(..pages.len()) else { return false };
    for (entry, &page) in iov.iter_mut().zip(pages) {
        entry.iov_base = page as *mut _;
    }
    // SAFETY: iov lives over the call; the caller owns the pages.
    let n = unsafe {
        libc::syscall(libc::SYS_process_madvise, PIDFD_SELF, iov.as_ptr(), iov.len(), MADV_GUARD_INSTALL, 0)
    };
    n == (pages.len() * size) as i64
}

/// Makes one page fault by a mapping of its own (two more mappings per stack).
///
/// # Safety
/// As for [`install_guards`].
#[inline(never)]
pub(crate) unsafe fn protect(start: usize, len: usize) -> io::Result<()> {
    // SAFETY: the caller owns the page.
    if unsafe { libc::mprotect(start as *mut _, len, libc::PROT_NONE) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Gives the pages of the range back; they read as zero afterwards.
///
/// # Safety
/// The range belongs to the caller and its contents are no longer needed.
#[inline(never)]
pub(crate) unsafe fn give_back(start: usize, len: usize) {
    // SAFETY: the caller's duty. A failure leaves the pages where they are, which costs memory and
    // nothing else.
    unsafe { libc::madvise(start as *mut _, len, libc::MADV_DONTNEED) };
}
