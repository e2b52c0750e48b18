//! TCP beyond Go: waits without a buffer, plain threads, turns.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::common::{in_runtime, pair};
use gopark_net::OpError;
use gopark_runtime::go;
use gopark_runtime::time::sleep;

const MS: Duration = Duration::from_millis(1);

#[test]
fn wait_readable_and_wait_writable() {
    in_runtime(|| {
        let (client, server) = pair();
        server.wait_writable().unwrap();
        let waiter = server.clone();
        let waiting = go(move || waiter.wait_readable());
        sleep(5 * MS);
        assert!(!waiting.is_finished());
        client.write(b"x").unwrap();
        waiting.join().unwrap().unwrap();
        // It is still there, and waiting again returns at once.
        server.wait_readable().unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 1);
        server.set_read_deadline(Some(Instant::now())).unwrap();
        assert!(server.wait_readable().unwrap_err().timeout());
        let closer = server.clone();
        server.set_read_deadline(None).unwrap();
        go(move || closer.close().unwrap());
        assert!(server.wait_readable().unwrap_err().is_closed());
    });
}

/// Plain threads use connections too: they sleep instead of parking.
#[test]
fn plain_threads_share_connections_with_goroutines() {
    in_runtime(|| {
        let (client, server) = pair();
        let echo = std::thread::spawn(move || {
            let mut buf = [0; 64];
            loop {
                match server.read(&mut buf) {
                    Ok(0) => return,
                    Ok(n) => drop(server.write(&buf[..n]).unwrap()),
                    Err(e) => panic!("{e}"),
                }
            }
        });
        for _ in 0..100 {
            client.write(b"ping").unwrap();
            let mut buf = [0; 4];
            (&client).read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"ping");
        }
        let slow: OpError = {
            client.set_read_deadline(Some(Instant::now() + 5 * MS)).unwrap();
            client.read(&mut [0]).unwrap_err()
        };
        assert!(slow.timeout());
        client.close().unwrap();
        gopark_runtime::blocking(|| echo.join().unwrap());
    });
}

#[test]
fn readers_take_turns() {
    in_runtime(|| {
        let (mut client, server) = pair();
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let c = server.clone();
                go(move || {
                    let mut n = 0;
                    while c.read(&mut [0; 16]).unwrap() > 0 {
                        n += 1;
                    }
                    n
                })
            })
            .collect();
        for _ in 0..100 {
            client.write_all(&[0; 16]).unwrap();
            sleep(Duration::from_micros(50));
        }
        client.close().unwrap();
        let total: usize = readers.into_iter().map(|r| r.join().unwrap()).sum();
        assert!(total >= 50, "{total} reads");
    });
}
