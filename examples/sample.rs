//! Go's sample, line for line. Run it under strace: the kernel sees the same calls in the same order.
//!
//! ```text
//! package main                                  client:  nc 127.0.0.1 9999, then type asdf
//!
//! import (
//!     "fmt"
//!     "net"
//! )
//!
//! func main() {
//!     ln, _ := net.Listen("tcp", ":9999")
//!     defer ln.Close()
//!     fmt.Println("listen :9999")
//!     c, err := ln.Accept()
//!     if err != nil {
//!         return
//!     }
//!     defer c.Close()
//!     buf := make([]byte, 32)
//!     n, _ := c.Read(buf)
//!     fmt.Printf("recv: %s", buf[:n])
//! }
//! ```

use std::io::{Write, stdout};

use gopark::net::{OpError, listen};

fn main() -> Result<(), OpError> {
    // SAFETY: nothing bound to a thread (a thread-local's reference, a std lock's guard) lives across a call that parks.
    unsafe { gopark::run(sample) }
}

fn sample() -> Result<(), OpError> {
    let ln = listen("tcp", ":9999")?;
    let _ = writeln!(stdout(), "listen :9999");
    let c = ln.accept()?;
    let mut buf = [0; 32];
    let n = c.read(&mut buf)?;
    let _ = write!(stdout(), "recv: {}", String::from_utf8_lossy(&buf[..n]));
    let _ = stdout().flush(); // Go's Printf has no buffer
    Ok(()) // `c` and `ln` close here, in this order, as Go's deferred calls do
}
