//! The case "mimalloc": allocations freed by other goroutines, with mimalloc for the program's
//! allocator.

use gopark_threadbound::{Case, boxes};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    gopark_threadbound::main(&[Case {
        name: "mimalloc",
        does: "allocations freed by other goroutines",
        run: boxes,
    }])
}
