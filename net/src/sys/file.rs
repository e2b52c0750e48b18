//! Calls on files, by path and by descriptor. The rules are those of [`sys`](super).

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Errno, check_fd, check_zero, last_errno};

/// A path as the system takes it. EINVAL: it has a NUL in it.
pub(crate) fn c_path(path: &Path) -> Result<CString, Errno> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))
}

/// open(2).
#[inline(never)]
pub(crate) fn open(path: &CStr, flags: i32, mode: libc::mode_t) -> Result<RawFd, Errno> {
    // SAFETY: the path ends in NUL and lives over the call.
    check_fd(unsafe { libc::open(path.as_ptr(), flags, libc::c_uint::from(mode)) })
}

/// faccessat(2): may we run what the path names? Go: unix.Eaccess.
#[doc(alias = "Eaccess")]
#[inline(never)]
pub(crate) fn may_execute(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the path ends in NUL and lives over the call.
    check_zero(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) })
}

/// unlinkat(2) of what the path names.
#[inline(never)]
pub(crate) fn unlink(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the path ends in NUL and lives over the call.
    check_zero(unsafe { libc::unlinkat(libc::AT_FDCWD, path.as_ptr(), 0) })
}

/// newfstatat(2): what the path leads to.
#[inline(never)]
pub(crate) fn stat(path: &CStr) -> Result<libc::stat, Errno> {
    let mut stat = MaybeUninit::uninit();
    // SAFETY: path and buffer live across the call; the buffer's layout as in `fstat`.
    let failed = unsafe {
        libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), stat.as_mut_ptr(), 0) < 0
    };
    if failed {
        return Err(last_errno());
    }
    // SAFETY: the call succeeded and filled it.
    Ok(unsafe { stat.assume_init() })
}

/// fstat(2) by its own number: the C library would ask newfstatat.
#[inline(never)]
pub(crate) fn fstat(fd: RawFd) -> Result<libc::stat, Errno> {
    let mut stat = MaybeUninit::uninit();
    // SAFETY: the buffer has the size of the kernel's structure, which is libc's on 64-bit Linux.
    let failed = unsafe { libc::syscall(libc::SYS_fstat, fd, stat.as_mut_ptr()) } < 0;
    if failed {
        return Err(last_errno());
    }
    // SAFETY: the call succeeded and filled it.
    Ok(unsafe { stat.assume_init() })
}

/// pipe2(2): reader, writer.
#[inline(never)]
pub(crate) fn pipe2(flags: i32) -> Result<(RawFd, RawFd), Errno> {
    let mut fds = [0; 2];
    // SAFETY: the array has room for both.
    check_zero(unsafe { libc::pipe2(fds.as_mut_ptr(), flags) })?;
    Ok((fds[0], fds[1]))
}

/// lseek(2).
#[inline(never)]
pub(crate) fn lseek(fd: RawFd, offset: i64, whence: i32) -> Result<u64, Errno> {
    // SAFETY: takes no pointers.
    let at = unsafe { libc::lseek(fd, offset, whence) };
    if at < 0 { Err(last_errno()) } else { Ok(at as u64) }
}

/// ftruncate(2).
#[inline(never)]
pub(crate) fn ftruncate(fd: RawFd, size: i64) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    check_zero(unsafe { libc::ftruncate(fd, size) })
}

/// fsync(2).
#[inline(never)]
pub(crate) fn fsync(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    check_zero(unsafe { libc::fsync(fd) })
}
