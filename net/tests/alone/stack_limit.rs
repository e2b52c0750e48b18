//! No stacks left. The limit is the process's.

use crate::common::{connect, local};
use gopark_runtime::sync::Semaphore;
use gopark_runtime::{Builder, go, try_go};

/// Who finds no stack is turned away; the server and the others go on.
#[test]
fn a_server_without_stacks_turns_clients_away_and_goes_on() {
    crate::alone(module_path!(), "a_server_without_stacks_turns_clients_away_and_goes_on", || {
        limit_address_space();
        // One P: each keeps free stacks, and the hoarder cannot take those of another.
        let main = || {
            static HELD: Semaphore = Semaphore::new(0);
            let ln = local();
            let server = go({
                let ln = ln.clone();
                move || ln.serve(|conn| drop(conn.write(b"served")))
            });
            assert_eq!(connect(&ln).read(&mut [0; 8]).unwrap(), 6);
            let hoard: Vec<_> = std::iter::from_fn(|| try_go(|| HELD.acquire().forget()).ok()).collect();
            let turned_away = connect(&ln);
            assert_eq!(turned_away.read(&mut [0; 8]).unwrap_or(0), 0);
            HELD.add_permits(hoard.len());
            for held in hoard {
                held.join().unwrap();
            }
            assert_eq!(connect(&ln).read(&mut [0; 8]).unwrap(), 6);
            ln.close().unwrap();
            server.join().unwrap().unwrap();
        };
        // SAFETY: nothing is bound to a thread.
        unsafe { Builder::new().procs(1).run(main) };
    });
}

fn limit_address_space() {
    let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
    // SAFETY: the structure is valid for the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}
