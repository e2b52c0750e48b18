//! No stacks left. The limit is the process's.

use crate::common::modes::left_out_when_pinned;
use crate::common::{connect, in_runtime, local};
use gopark_runtime::sync::Semaphore;
use gopark_runtime::{go, try_go};

/// Who finds no stack is turned away; the server and the others go on.
#[test]
fn a_server_without_stacks_turns_clients_away_and_goes_on() {
    let name = "a_server_without_stacks_turns_clients_away_and_goes_on";
    if left_out_when_pinned(name, "the server's P has free stacks, which the hoarder's cannot take") {
        return;
    }
    crate::alone(module_path!(), "a_server_without_stacks_turns_clients_away_and_goes_on", || {
        limit_address_space();
        in_runtime(|| {
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
        });
    });
}

fn limit_address_space() {
    let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
    // SAFETY: the structure is valid for the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}
