//! Tests of what only Go's mode has: that a P goes on elsewhere while a thread blocks or computes.

use std::io::Write;

/// In pinned mode (`GOPARK_PINNED=1`) says that the test is left out, and why, and returns true.
#[allow(dead_code, reason = "not every test program that shares this file has such a test")]
pub(crate) fn left_out_when_pinned(test: &str, why: &str) -> bool {
    let pinned = std::env::var_os("GOPARK_PINNED").is_some_and(|v| v == "1");
    if pinned {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {test}, in pinned mode: {why}");
    }
    pinned
}
