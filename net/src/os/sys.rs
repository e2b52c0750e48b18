//! Calls on files. The ones on sockets, and those both share, are in `crate::sys`, with its rules.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::PathError;
use crate::errno::Errno;

/// Go's `ignoringEINTR`.
pub(crate) fn ignoring_eintr<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno(libc::EINTR)) => {}
            other => return other,
        }
    }
}

pub(crate) fn c_path(path: &Path) -> Result<CString, Errno> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))
}

/// fstat(2) by its own number: the C library would ask newfstatat.
#[inline(never)]
pub(crate) fn fstat(fd: RawFd) -> Result<libc::stat, Errno> {
    let mut stat = MaybeUninit::uninit();
    // SAFETY: the buffer has the size of the kernel's structure, which is libc's on 64-bit Linux.
    let failed = unsafe { libc::syscall(libc::SYS_fstat, fd, stat.as_mut_ptr()) } < 0;
    if failed {
        return Err(Errno::last());
    }
    // SAFETY: the call succeeded and filled it.
    Ok(unsafe { stat.assume_init() })
}

/// newfstatat(2): what `path` leads to.
pub(crate) fn stat(path: &str) -> Result<libc::stat, PathError> {
    let path = Path::new(path);
    let c_path = c_path(path).map_err(|e| PathError::new("stat", path, e))?;
    stat_path(&c_path).map_err(|e| PathError::new("stat", path, e))
}

/// The same of a path that is ready.
pub(crate) fn stat_path(path: &CStr) -> Result<libc::stat, Errno> {
    ignoring_eintr(|| newfstatat(path))
}

#[inline(never)]
fn newfstatat(path: &CStr) -> Result<libc::stat, Errno> {
    let mut stat = MaybeUninit::uninit();
    // SAFETY: path and buffer live across the call; the buffer's layout as in `fstat`.
    let failed = unsafe {
        libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), stat.as_mut_ptr(), 0) < 0
    };
    if failed {
        return Err(Errno::last());
    }
    // SAFETY: the call succeeded and filled it.
    Ok(unsafe { stat.assume_init() })
}

/// pipe2(2), close-on-exec: reader, writer.
#[inline(never)]
pub(crate) fn pipe2(flags: i32) -> Result<(RawFd, RawFd), Errno> {
    let mut fds = [0; 2];
    // SAFETY: the array has room for both.
    let failed = unsafe { libc::pipe2(fds.as_mut_ptr(), flags) } < 0;
    if failed { Err(Errno::last()) } else { Ok((fds[0], fds[1])) }
}

/// lseek(2).
#[inline(never)]
pub(crate) fn lseek(fd: RawFd, offset: i64, whence: i32) -> Result<u64, Errno> {
    // SAFETY: takes no pointers.
    let at = unsafe { libc::lseek(fd, offset, whence) };
    if at < 0 { Err(Errno::last()) } else { Ok(at as u64) }
}

/// ftruncate(2).
#[inline(never)]
pub(crate) fn ftruncate(fd: RawFd, size: i64) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    let failed = unsafe { libc::ftruncate(fd, size) } < 0;
    if failed { Err(Errno::last()) } else { Ok(()) }
}

/// fsync(2).
#[inline(never)]
pub(crate) fn fsync(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: takes no pointers.
    let failed = unsafe { libc::fsync(fd) } < 0;
    if failed { Err(Errno::last()) } else { Ok(()) }
}

/// The machine's name; empty if it has none.
pub(crate) fn host_name() -> String {
    let mut uts = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the buffer is a utsname; zeroes are one too, so it is one even if the call fails.
    let uts = unsafe {
        libc::uname(uts.as_mut_ptr());
        uts.assume_init()
    };
    // SAFETY: c_char and u8 have the same layout, and the array outlives the slice.
    let bytes = unsafe { std::slice::from_raw_parts(uts.nodename.as_ptr().cast::<u8>(), uts.nodename.len()) };
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
