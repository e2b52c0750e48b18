//! The knob `fewest_syscalls`: a read that waits before it calls must miss neither bytes nor the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use gopark_net::{Conn, Listener, listen};

fn with_the_knob(body: impl FnOnce() + Send) {
    // SAFETY: run's contract: nothing thread-bound is held over a park.
    unsafe { gopark_runtime::Builder::new().procs(2).fewest_syscalls(true).run(body) }
}

fn pair(listener: &Listener) -> (TcpStream, Conn) {
    let address = listener.addr().to_string();
    let client = thread::spawn(move || TcpStream::connect(address).unwrap());
    let conn = listener.accept().unwrap();
    (client.join().unwrap(), conn)
}

/// Reads to the end with a buffer that no message fills; a lost notification would hang, hence the deadline.
fn read_to_end(conn: &Conn, buf: &mut [u8]) -> usize {
    conn.set_deadline(Some(std::time::Instant::now() + Duration::from_secs(20))).unwrap();
    let mut total = 0;
    loop {
        match conn.read(buf).unwrap() {
            0 => return total,
            n => total += n,
        }
    }
}

#[test]
fn short_reads_then_the_end() {
    static SENT: AtomicU64 = AtomicU64::new(0);
    with_the_knob(|| {
        let listener = listen("tcp4", "127.0.0.1:0").unwrap();
        // The end right behind the bytes; a moment later; after pauses in which the reader parks; and at once.
        let scripts: [&[(usize, u64)]; 5] =
            [&[(3, 0)], &[(3, 20)], &[(1, 5), (700, 0), (2, 10), (64, 0)], &[(5000, 0), (7, 3)], &[]];
        for (round, script) in scripts.iter().cycle().take(60).enumerate() {
            let (mut client, conn) = pair(&listener);
            let reader = gopark_runtime::go(move || {
                let mut buf = [0; 1024];
                read_to_end(&conn, &mut buf)
            });
            let script = script.to_vec();
            let writer = thread::spawn(move || {
                for (bytes, pause_ms) in script {
                    client.write_all(&vec![7; bytes]).unwrap();
                    SENT.fetch_add(bytes as u64, Relaxed);
                    thread::sleep(Duration::from_millis(pause_ms));
                }
            });
            writer.join().unwrap();
            let want = SENT.swap(0, Relaxed);
            assert_eq!(reader.join().unwrap() as u64, want, "round {round}");
        }
    });
}

/// An operation of another kind in between may leave bytes behind that no notification tells of again.
#[test]
fn another_operation_in_between() {
    with_the_knob(|| {
        let listener = listen("tcp4", "127.0.0.1:0").unwrap();
        let (mut client, conn) = pair(&listener);
        let mut buf = [0; 16];
        client.write_all(b"ab").unwrap();
        assert_eq!(conn.read(&mut buf).unwrap(), 2);
        client.write_all(b"0123456789").unwrap();
        conn.wait_readable().unwrap();
        assert_eq!(conn.read(&mut buf[..4]).unwrap(), 4);
        assert_eq!(conn.read(&mut buf).unwrap(), 6);
        conn.write(b"back").unwrap();
        let mut answer = [0; 4];
        client.read_exact(&mut answer).unwrap();
        drop(client);
        assert_eq!(read_to_end(&conn, &mut buf), 0);
    });
}
