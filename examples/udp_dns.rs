//! A name server over UDP that knows one thing: every name has the address 192.0.2.10.
//!
//! ```text
//! cargo run --release --example udp_dns -- 127.0.0.1:5353
//! dig @127.0.0.1 -p 5353 any.example
//! ```

use std::io::{Write, stdout};

use gopark::net::{OpError, listen_packet};

fn main() -> Result<(), OpError> {
    // SAFETY: nothing bound to a thread lives across a call that parks.
    unsafe { gopark::run(serve) }
}

fn serve() -> Result<(), OpError> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:5353".into());
    let socket = listen_packet("udp", &address)?;
    let _ = writeln!(stdout(), "listening on {}", socket.local_addr());
    let mut query = [0; 512];
    loop {
        let (n, from) = socket.read_from(&mut query)?;
        if let (Some(answer), Some(from)) = (answer(&query[..n]), from) {
            // Who cannot be answered (a forged address, no route, no buffers) asks again; the others go on.
            let _ = socket.write_to(&answer, &from);
        }
    }
}

/// RFC 1035, section 4: the header's twelve bytes, the question as it came, one answer if an address was asked for.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    const TYPE_A_CLASS_IN: [u8; 4] = [0, 1, 0, 1];
    let name = query.get(12..)?.iter().position(|&b| b == 0)? + 1;
    let question = query.get(12..12 + name + 4)?;
    let wanted = question[name..] == TYPE_A_CLASS_IN;
    let mut out = query[..2].to_vec(); // the query's number
    let recursion_desired = query[2] & 1;
    out.extend([0x84 | recursion_desired, 0, 0, 1, 0, u8::from(wanted), 0, 0, 0, 0]);
    out.extend(question);
    if wanted {
        out.extend([0xc0, 12]); // the name: see byte 12
        out.extend(TYPE_A_CLASS_IN);
        out.extend([0, 0, 0, 60, 0, 4, 192, 0, 2, 10]); // for a minute, four bytes
    }
    Some(out)
}
