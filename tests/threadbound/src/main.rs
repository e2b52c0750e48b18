//! The cases that run on the system's allocator.

fn main() -> std::process::ExitCode {
    gopark_threadbound::main(gopark_threadbound::CASES)
}
