//! The case "jemalloc": allocations freed by other goroutines, with jemalloc for the program's
//! allocator.

use gopark_threadbound::{Case, boxes};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    gopark_threadbound::main(&[Case {
        name: "jemalloc",
        does: "allocations freed by other goroutines",
        run: boxes,
    }])
}
