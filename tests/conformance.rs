//! Each program of the catalogue once, as `cargo test` runs tests. `cargo xtask conformance` runs them many times, under load too.

use std::path::Path;
use std::process::Command;

use gopark_conformance::{Verdict, build, conform, programs};

/// One test per program, so that they run side by side and fail by name.
macro_rules! twins {
    ($($name:ident)*) => { $(#[test] fn $name() { like_go(stringify!($name)); })* };
}

twins! {
    accept_emfile accept_many bad_addrs chan_pingpong close_accept close_parked conn_options conn_queues conn_reset
    copy_tcp_unix copy_to_file copy_to_pipe copy_unix_tcp deadline_reset dial_config dial_dual_stack dial_localhost
    dial_refused dial_timeout dial_write_read dns_lookup echo_many echo_seq3 epipe error_texts exec_child exec_files
    exec_more fifo_deadline file_copy file_ops half_close happy_eyeballs ip_raw keep_alive main_returns mptcp os_pipe
    pipe_deadline read_deadline request_loop select_net sendfile_copy signal_notify signal_stop sleep_only splice_copy
    tcp4_listen tcp6_only tcp_addr_forms tcp_sample timers udp_connected udp_deadline udp_dual udp_echo udp_msg
    unix_deadline unix_dial unix_fds unix_names unix_stream unixgram unixgram_dial unixpacket write_buffers
    write_deadline copy_both_ways three_listeners context_dial udp_dial_forms sleep_many dial_many exec_wait
    dial_name_dns dial_name_refused dns_reverse dns_search dns_servers copy_errors copy_memory exec_fail file_at
    send_errors read_all
}

/// The list above has all programs of the folder, and none is built to the same file as an example.
#[test]
fn every_program_has_a_test() {
    let source = include_str!("conformance.rs");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for program in programs(&[]).expect("the catalogue") {
        assert!(source.split_whitespace().any(|word| word == program.name), "{} has no test", program.name);
        assert!(!examples.join(&program.name).with_extension("rs").exists(), "two examples {}", program.name);
    }
}

fn like_go(name: &str) {
    if Command::new("strace").arg("-V").output().is_err() {
        return println!("SKIPPED: {name}: strace is not installed (`cargo xtask test` installs it)");
    }
    let program = programs(&[name.into()]).expect("the catalogue").remove(0);
    let exe = build::examples().join(name);
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.strace"));
    match conform(&program, &exe, &log, None) {
        Ok(Verdict::Conforms) => {}
        Ok(Verdict::Skipped(why)) => println!("SKIPPED: {name}: {why}"),
        Ok(Verdict::Differs(how)) => panic!("{name} is not like Go; log {}\n{how}", log.display()),
        Err(e) => panic!("{name}: {e:#}"),
    }
}
