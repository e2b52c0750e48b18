//! The knob `fewest_syscalls`: a read that waits before it calls must miss neither bytes nor the end; a connection that the
//! poller comes to know of late must behave like any other, and have the same options.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::socket_option;
use gopark_net::{Conn, KeepAliveConfig, ListenConfig, Listener, listen};
use gopark_runtime::go;

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
    crate::alone(module_path!(), "short_reads_then_the_end", || {
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
    });
}

/// The read that waited has used up the notification, and leaves bytes for which no other comes.
#[test]
fn a_full_buffer_after_a_wait() {
    crate::alone(module_path!(), "a_full_buffer_after_a_wait", || {
        with_the_knob(|| {
            let listener = listen("tcp4", "127.0.0.1:0").unwrap();
            let (mut client, conn) = pair(&listener);
            conn.set_deadline(Some(Instant::now() + Duration::from_secs(10))).unwrap();
            let reader = go(move || {
                let mut left = 3 + 4 * 1024;
                while left > 0 {
                    left -= conn.read(&mut [0; 1024]).unwrap();
                }
            });
            client.write_all(&[7; 3]).unwrap();
            thread::sleep(Duration::from_millis(20));
            client.write_all(&[7; 4 * 1024]).unwrap();
            // Neither more bytes nor the end come to its help.
            reader.join().unwrap();
        });
    });
}

/// An operation of another kind in between may leave bytes behind that no notification tells of again.
#[test]
fn another_operation_in_between() {
    crate::alone(module_path!(), "another_operation_in_between", || {
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
    });
}

/// Is the descriptor in an epoll set of this process? proc_pid_fdinfo(5).
fn watched(fd: i32) -> bool {
    let line = format!("tfd: {fd:8} ");
    let sets = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    sets.filter_map(|set| std::fs::read_to_string(set.ok()?.path()).ok()).any(|set| set.contains(&line))
}

#[test]
fn the_poller_hears_of_a_connection_when_it_has_to_wait() {
    crate::alone(module_path!(), "the_poller_hears_of_a_connection_when_it_has_to_wait", || {
        with_the_knob(|| {
            let listener = listen("tcp4", "127.0.0.1:0").unwrap();
            assert!(watched(listener.as_raw_fd()));
            let (mut client, conn) = pair(&listener);
            client.write_all(b"line").unwrap();
            let mut buf = [0; 64];
            assert_eq!(conn.read(&mut buf[..4]).unwrap(), 4);
            conn.write(b"line").unwrap();
            assert!(!watched(conn.as_raw_fd()), "it never had to wait");

            // A reader and a writer have to wait at once; each is woken by what it waits for.
            let (reader, writer) = (conn.clone(), conn.clone());
            let reader = go(move || {
                let mut buf = [0; 64];
                reader.read(&mut buf).unwrap()
            });
            let much = vec![3; 8 << 20];
            let writer = go(move || writer.write(&much).unwrap());
            gopark_runtime::time::sleep(Duration::from_millis(20));
            assert!(watched(conn.as_raw_fd()));
            client.write_all(b"wake").unwrap();
            assert_eq!(reader.join().unwrap(), 4);
            let drain = thread::spawn(move || {
                let mut all = vec![0; 4 + (8 << 20)];
                client.read_exact(&mut all).unwrap();
            });
            assert_eq!(writer.join().unwrap(), 8 << 20);
            drain.join().unwrap();
        });
    });
}

#[test]
fn deadlines_closes_and_ends_before_the_poller_knows() {
    crate::alone(module_path!(), "deadlines_closes_and_ends_before_the_poller_knows", || {
        with_the_knob(|| {
            let listener = listen("tcp4", "127.0.0.1:0").unwrap();
            let mut buf = [0; 8];

            let (client, conn) = pair(&listener);
            conn.set_deadline(Some(Instant::now() - Duration::from_secs(1))).unwrap();
            assert!(conn.read(&mut buf).unwrap_err().timeout());
            assert!(!watched(conn.as_raw_fd()));
            conn.set_deadline(Some(Instant::now() + Duration::from_millis(20))).unwrap();
            assert!(conn.read(&mut buf).unwrap_err().timeout());
            conn.set_deadline(None).unwrap();
            // The end came before anybody waited.
            drop(client);
            assert_eq!(conn.read(&mut buf).unwrap(), 0);

            let (_client, conn) = pair(&listener);
            conn.close().unwrap();
            assert!(conn.read(&mut buf).unwrap_err().is_closed());

            let (_client, conn) = pair(&listener);
            let reader = conn.clone();
            let reader = go(move || reader.read(&mut [0; 8]).unwrap_err().is_closed());
            gopark_runtime::time::sleep(Duration::from_millis(20));
            conn.close().unwrap();
            assert!(reader.join().unwrap());

            // The record of a closed one is used again, for one that has to wait at once.
            for _ in 0..100 {
                let (mut client, conn) = pair(&listener);
                let reader = go(move || {
                    let mut buf = [0; 8];
                    conn.read(&mut buf).unwrap()
                });
                client.write_all(b"x").unwrap();
                assert_eq!(reader.join().unwrap(), 1);
                let (_client, never_waits) = pair(&listener);
                never_waits.close().unwrap();
            }
        });
    });
}

/// No delay, and the four of keep-alive.
fn options(socket: &impl AsRawFd) -> [i32; 5] {
    let option = |level, name| socket_option(socket, level, name);
    [
        option(libc::IPPROTO_TCP, libc::TCP_NODELAY),
        option(libc::SOL_SOCKET, libc::SO_KEEPALIVE),
        option(libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
        option(libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
        option(libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    ]
}

/// The system's value where none is set.
fn system(name: &str) -> i32 {
    let value = std::fs::read_to_string(format!("/proc/sys/net/ipv4/tcp_keepalive_{name}")).unwrap();
    value.trim().parse().unwrap()
}

/// What Go sets on each connection, and where it comes from: the listener, but for Multipath TCP.
#[test]
fn connections_have_their_options_from_the_listener() {
    crate::alone(module_path!(), "connections_have_their_options_from_the_listener", || {
        let mine = KeepAliveConfig {
            enable: true,
            idle: Some(Duration::from_secs(33)),
            interval: None,
            count: Some(4),
        };
        let default = ListenConfig::default;
        let off = [1, 0, system("time"), system("intvl"), system("probes")];
        let cases = [
            (default(), [1, 1, 15, 15, 9]),
            (ListenConfig { keep_alive: None, ..default() }, off),
            (ListenConfig { keep_alive: Some(Duration::from_secs(7)), ..default() }, [1, 1, 7, 15, 9]),
            (ListenConfig { keep_alive_config: mine, ..default() }, [1, 1, 33, system("intvl"), 4]),
            (ListenConfig { multipath_tcp: Some(true), ..default() }, [1, 1, 15, 15, 9]),
        ];
        with_the_knob(|| {
            for (config, want) in cases {
                let listener = config.listen("tcp", "127.0.0.1:0").unwrap();
                let (_client, conn) = pair(&listener);
                assert_eq!(options(&conn), want, "{config:?}");
                if config.multipath_tcp.is_none() {
                    assert_eq!(options(&listener), want, "{config:?}");
                }
            }
        });
    });
}
