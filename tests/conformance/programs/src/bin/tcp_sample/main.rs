//! The sample of the project as the traces compare it; `examples/sample.rs` is the same program with Go's text beside it.
//! Twin of `main.go` beside it.

use std::io::Write;

use gopark::net::{OpError, listen};

fn main() -> Result<(), OpError> {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() -> Result<(), OpError> {
    let ln = listen("tcp", ":9999")?;
    println!("listen :9999");
    let c = ln.accept()?;
    let mut buf = [0; 32];
    let n = c.read(&mut buf)?;
    print!("recv: {}", String::from_utf8_lossy(&buf[..n]));
    let _ = std::io::stdout().flush();
    Ok(())
}
