//! Out of descriptors. The limit is the process's.

use crate::common::in_runtime;
use gopark_net::{dial, listen};

/// Accept says so, and the listener goes on working.
#[test]
fn accept_without_descriptors_is_an_error_and_not_the_end() {
    crate::alone(module_path!(), "accept_without_descriptors_is_an_error_and_not_the_end", || {
        in_runtime(|| {
            let ln = listen("tcp", "127.0.0.1:0").unwrap();
            let addr = ln.addr().to_string();
            let _first = (dial("tcp", &addr).unwrap(), ln.accept().unwrap());
            let client = dial("tcp", &addr).unwrap();
            limit_descriptors(64);
            let hoard = take_all_descriptors();
            let e = ln.accept().unwrap_err();
            assert_eq!(e.raw_os_error(), Some(libc::EMFILE));
            assert!(e.temporary());
            assert_eq!(e.to_string(), format!("accept tcp {}: accept4: too many open files", ln.addr()));
            let e = dial("tcp", &addr).unwrap_err();
            assert_eq!(e.to_string(), format!("dial tcp {addr}: socket: too many open files"));
            for fd in hoard {
                // SAFETY: the descriptors are ours.
                unsafe { libc::close(fd) };
            }
            let server = ln.accept().unwrap();
            assert_eq!(server.remote_addr(), client.local_addr());
        });
    });
}

fn take_all_descriptors() -> Vec<i32> {
    // SAFETY: takes no pointers.
    std::iter::repeat_with(|| unsafe { libc::dup(0) }).take_while(|fd| *fd >= 0).collect()
}

fn limit_descriptors(n: u64) {
    let limit = libc::rlimit { rlim_cur: n, rlim_max: n };
    // SAFETY: the structure is valid for the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
}
