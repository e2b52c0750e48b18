//! The last bytes of a connection, which come together with its end while a reader is about to wait.

use std::io::{Read, Write};

use gopark_net::{dial, listen};
use gopark_runtime::go;

/// The poller may report the peer's end between a read that found nothing and the wait: the bytes before the end still come first.
#[test]
fn bytes_that_come_with_the_end_are_read() {
    const CONNECTIONS: usize = 3_000;
    // SAFETY: nothing is bound to a thread.
    unsafe {
        gopark_runtime::run(|| {
            let listener = listen("tcp", "127.0.0.1:0").unwrap();
            let address = listener.addr().to_string();
            go(move || {
                for mut conn in listener.incoming().flatten() {
                    let mut asked = [0; 1];
                    conn.read_exact(&mut asked).unwrap();
                    conn.write_all(b"last").unwrap();
                }
            });
            for i in 0..CONNECTIONS {
                let mut conn = dial("tcp", &address).unwrap();
                conn.write_all(b"x").unwrap();
                let mut got = Vec::new();
                conn.read_to_end(&mut got).unwrap();
                assert_eq!(got, b"last", "connection {i}");
            }
        });
    }
}
