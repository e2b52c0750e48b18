//! Prefetching memory before it is needed. Go: internal/runtime/sys/intrinsics.go Prefetch.
//!
//! A hint: it changes nothing that a program can see, and any address will do, mapped or not.

/// The size of a cache line on the processors that we know.
pub(crate) const LINE: usize = 64;

/// Fetches the line of the address, to be written or read soon.
#[inline(always)]
pub(crate) fn line(addr: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch neither reads nor writes as far as the program can tell, and never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(addr as *const i8);
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) addr, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = addr;
}

/// Fetches `LINES` lines from the address on.
#[inline(always)]
pub(crate) fn lines<const LINES: usize>(addr: usize) {
    for i in 0..LINES {
        line(addr.wrapping_add(i * LINE));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_address_will_do() {
        for addr in [0, 1, 4096, usize::MAX / 2, usize::MAX] {
            super::lines::<4>(addr);
        }
    }
}
