//! What the system says now and then: interrupted, aborted, out of descriptors altogether. strace says it in the system's stead, by tampering with
//! the calls' results: each test runs itself again under it.

use std::io::{Read, Write};
use std::process::{Command, Output};

use crate::common::{arguments_for, assert_passed, connect, in_runtime, local, pair, skipped};
use gopark_net::os::pipe;
use gopark_net::{OpError, TcpListener, TcpStream};
use gopark_runtime::go;

/// Runs `body` in a process of its own whose calls fail as strace is told. Skipped where there is no strace.
/// Its output, to the one who is not inside.
fn with_faults(test: &str, faults: &[&str], body: fn()) -> Option<Output> {
    const INSIDE: &str = "GOPARK_TEST_FAULTS";
    if std::env::var_os(INSIDE).is_some() {
        in_runtime(body);
        return None;
    }
    let works = |strace: &mut Command| strace.output().is_ok_and(|out| out.status.success());
    if !works(Command::new("strace").args(["-qq", "-o", "/dev/null", "true"])) {
        skipped("strace is not installed, or may not trace (`cargo xtask test` installs it)");
        return None;
    }
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null"]);
    for fault in faults {
        strace.arg("-e").arg(format!("inject={fault}"));
    }
    strace.arg(std::env::current_exe().unwrap()).args(arguments_for(module_path!(), test)).env(INSIDE, "1");
    let output = strace.output().unwrap();
    assert_passed(&output);
    Some(output)
}

/// What accept(2) and accept4(2) may say though the next connection can be accepted.
const PASSING: [&str; 17] = [
    "EMFILE",
    "ENFILE",
    "ENOBUFS",
    "ENOMEM",
    "EPROTO",
    "ECONNABORTED",
    "ECONNRESET",
    "EPERM",
    "ETIMEDOUT",
    "ENETDOWN",
    "ENOPROTOOPT",
    "EHOSTDOWN",
    "ENONET",
    "EHOSTUNREACH",
    "EOPNOTSUPP",
    "ENETUNREACH",
    "EINTR",
];

#[test]
fn a_server_outlives_errors_of_accept_that_pass() {
    for errno in PASSING {
        let fault = format!("accept4:error={errno}:when=1..2");
        let output = with_faults("a_server_outlives_errors_of_accept_that_pass", &[&fault], || {
            let ln = local();
            let server = go({
                let ln = ln.clone();
                move || ln.serve(|conn| drop(conn.write(b"served")))
            });
            for _ in 0..3 {
                assert_eq!(connect(&ln).read(&mut [0; 8]).unwrap(), 6);
            }
            ln.close().unwrap();
            server.join().unwrap().unwrap();
        });
        let Some(output) = output else { return };
        let said = String::from_utf8_lossy(&output.stderr).matches("; retrying").count();
        // These two are made good where the call is.
        let at_once = matches!(errno, "ECONNABORTED" | "EINTR");
        assert_eq!(said, usize::from(!at_once), "{errno}: {output:?}");
    }
}

/// An address of no network and a listener that is none: trying again would not help.
#[test]
fn a_server_ends_where_trying_again_is_of_no_use() {
    with_faults("a_server_ends_where_trying_again_is_of_no_use", &["accept4:error=EINVAL:when=1+"], || {
        let e = local().serve(drop).unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::EINVAL));
    });
}

/// Go: poll.FD.Accept goes on to the next connection.
#[test]
fn an_aborted_connection_is_passed_over() {
    with_faults("an_aborted_connection_is_passed_over", &["accept4:error=ECONNABORTED:when=1..3"], || {
        let ln = local();
        let client = connect(&ln);
        assert_eq!(ln.accept().unwrap().remote_addr(), client.local_addr());
        let ln = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(ln.local_addr().unwrap()).unwrap();
        assert_eq!(ln.accept().unwrap().1, client.local_addr().unwrap());
    });
}

/// The system's own table is full: the error is returned, worth a retry, and the listener goes on working.
#[test]
fn a_full_table_of_files_is_an_error_and_not_the_end() {
    with_faults(
        "a_full_table_of_files_is_an_error_and_not_the_end",
        &["accept4:error=ENFILE:when=1"],
        || {
            let ln = local();
            let client = connect(&ln);
            let mut failed = 0;
            // strace counts each thread's calls: there may be one failure for each of them.
            let server = loop {
                let e: OpError = match ln.accept() {
                    Ok(server) => break server,
                    Err(e) => e,
                };
                failed += 1;
                assert_eq!(e.raw_os_error(), Some(libc::ENFILE));
                assert!(e.temporary() && !e.timeout() && !e.is_closed());
                let text = format!("accept tcp {}: accept4: too many open files in system", ln.addr());
                assert_eq!(e.to_string(), text);
            };
            assert!(failed > 0);
            assert_eq!(server.remote_addr(), client.local_addr());
        },
    );
}

/// Nobody hears of an interrupted call.
#[test]
fn interrupted_calls_are_made_again() {
    let calls = ["accept4", "read", "write", "writev", "recvfrom", "sendto", "epoll_pwait", "waitid"];
    // A program's loader, which reads first, does not know interruption; each thread's calls are counted.
    let faults =
        calls.map(|call| format!("{call}:error=EINTR:when={}", if call == "read" { "4+3" } else { "1+3" }));
    let faults: Vec<_> = faults.iter().map(String::as_str).collect();
    with_faults("interrupted_calls_are_made_again", &faults, || {
        for _ in 0..20 {
            let (a, b) = pair();
            let writer = go(move || {
                assert_eq!(a.write(&[7; 1 << 20]).unwrap(), 1 << 20);
                assert_eq!(a.write_buffers(&mut [std::io::IoSlice::new(b"ab")]).unwrap(), 2);
            });
            let mut all = Vec::new();
            (&b).read_to_end(&mut all).unwrap();
            assert_eq!(all.len(), (1 << 20) + 2);
            writer.join().unwrap();
        }
        let ln = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(ln.local_addr().unwrap()).unwrap();
        let (mut server, _) = ln.accept().unwrap();
        client.write_all(b"x").unwrap();
        assert_eq!(server.peek(&mut [0; 2]).unwrap(), 1);
        server.read_exact(&mut [0]).unwrap();
        let udp = gopark_net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..5 {
            udp.send_to(b"xyz", udp.local_addr().unwrap()).unwrap();
            assert_eq!(udp.recv_from(&mut [0; 8]).unwrap().0, 3);
        }
        let (r, w) = pipe().unwrap();
        let reader = go(move || r.read(&mut [0; 8]).unwrap());
        w.write(b"12").unwrap();
        assert_eq!(reader.join().unwrap(), 2);
        for _ in 0..3 {
            assert!(gopark_net::process::Command::new("true").status().unwrap().success());
        }
    });
}
