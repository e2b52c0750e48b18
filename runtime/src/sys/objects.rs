//! The program and the libraries that are loaded into the process. dl_iterate_phdr(3).

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// A loaded file.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) path: PathBuf,
    /// What is added to the file's addresses.
    pub(crate) bias: usize,
    /// Where its code and data are, from the lowest to the highest.
    pub(crate) addresses: Range<usize>,
}

/// All of them; the program comes first.
pub(crate) fn loaded() -> Vec<Object> {
    extern "C" fn add(info: *mut libc::dl_phdr_info, _: usize, all: *mut c_void) -> c_int {
        // SAFETY: `all` is the vector below, which nobody else uses; the loader passes valid
        // headers and a name that ends with a NUL, for the length of the call.
        let (all, info, headers, name) = unsafe {
            let info = &*info;
            let headers = match info.dlpi_phdr.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)),
            };
            let name = match info.dlpi_name.is_null() {
                true => c"",
                false => CStr::from_ptr(info.dlpi_name),
            };
            (&mut *all.cast::<Vec<Object>>(), info, headers, name)
        };
        let bias = info.dlpi_addr as usize;
        let segments = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
        let ranges = segments.map(|header| {
            let start = bias.wrapping_add(header.p_vaddr as usize);
            start..start.wrapping_add(header.p_memsz as usize)
        });
        if let Some(addresses) = ranges.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)) {
            let path = if all.is_empty() { c"/proc/self/exe" } else { name };
            all.push(Object { path: OsStr::from_bytes(path.to_bytes()).into(), bias, addresses });
        }
        0
    }
    let mut all: Vec<Object> = Vec::new();
    // SAFETY: the callback has the type that the loader wants, and `all` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut all).cast()) };
    all
}
