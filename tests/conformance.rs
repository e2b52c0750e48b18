//! Each program of the catalogue once, as `cargo test` runs tests. `cargo xtask conformance` runs them many times, under load too.

use std::path::Path;
use std::process::Command;

use gopark_conformance::{Verdict, build, conform, programs};

/// One test per program, so that they run side by side and fail by name.
macro_rules! twins {
    ($($name:ident)*) => { $(#[test] fn $name() { like_go(stringify!($name)); })* };
}

twins! {
    bad_addrs chan_pingpong close_accept conn_options dial_localhost dial_refused dial_write_read dns_lookup echo_seq3
    epipe exec_child half_close os_pipe read_deadline sendfile_copy signal_notify sleep_only splice_copy tcp4_listen
    tcp_addr_forms tcp_sample udp_echo unix_dial unix_stream unixgram write_deadline deadline_reset dial_dual_stack dial_timeout dial_config keep_alive udp_connected udp_dual udp_msg unixpacket unix_names unix_fds accept_many conn_queues close_parked write_buffers accept_emfile file_copy file_ops fifo_deadline signal_stop echo_many timers ip_raw error_texts tcp6_only exec_more unixgram_dial copy_to_file copy_unix_tcp copy_tcp_unix copy_to_pipe
}

/// The list above has all programs of the folder.
#[test]
fn every_program_has_a_test() {
    let source = include_str!("conformance.rs");
    for program in programs(&[]).expect("the catalogue") {
        assert!(source.split_whitespace().any(|word| word == program.name), "{} has no test", program.name);
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
