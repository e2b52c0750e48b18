//! What the ported tests share.
#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod fake_dns;
#[path = "../../../tests/common/modes.rs"]
pub(crate) mod modes;

#[allow(
    clippy::single_component_path_imports,
    reason = "`fake_dns` names the crate by way of this module"
)]
pub(crate) use gopark_net;

use std::borrow::BorrowMut;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use gopark_net::process::Command;
use gopark_net::{Conn, Listener, TcpListener, TcpStream, dial, listen};

/// What runs one test of this program again: `module` is the caller's `module_path!()`.
pub(crate) fn arguments_for(module: &str, test: &str) -> [String; 3] {
    let (_, module) = module.split_once("::").expect("tests are in modules");
    ["--exact".into(), format!("{module}::{test}"), "--nocapture".into()]
}

/// Fails unless a program with [`arguments_for`] a test has run that test and passed.
pub(crate) fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

/// Gives signals the action that they have where nobody has changed it. `nohup` and some CI runners
/// start their programs with these ignored, and children inherit that.
fn default_signals() {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
        // SAFETY: the test's process has no handlers yet: this is before the runtime starts.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Runs a test as a goroutine.
pub(crate) fn in_runtime<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    static SIGNALS: std::sync::Once = std::sync::Once::new();
    SIGNALS.call_once(default_signals);
    // SAFETY: the tests keep nothing thread-bound across a call that parks.
    unsafe { gopark_runtime::run(test) }
}

/// A path for a socket that nobody else has.
pub(crate) fn socket_path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Relaxed: only the number counts.
    let n = NEXT.fetch_add(1, Relaxed);
    let path = std::env::temp_dir().join(format!("gopark-{}-{n}.sock", std::process::id()));
    // A run that was killed leaves its own, and process ids come back.
    let _ = std::fs::remove_file(&path);
    path
}

/// The same as text.
pub(crate) fn socket_name() -> String {
    socket_path().to_str().expect("a path in UTF-8").to_owned()
}

/// A TCP listener on the loopback interface.
pub(crate) fn local() -> Arc<Listener> {
    Arc::new(listen("tcp", "127.0.0.1:0").unwrap())
}

/// A connection to it.
pub(crate) fn connect(ln: &Listener) -> Conn {
    dial("tcp", &ln.addr().to_string()).unwrap()
}

/// Both ends of a connection.
pub(crate) fn pair() -> (Conn, Conn) {
    let ln = local();
    let client = connect(&ln);
    (client, ln.accept().unwrap())
}

/// The same in std's face.
pub(crate) fn std_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Bytes of which a part that is lost or moved is noticed.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// The shell with a script.
pub(crate) fn sh(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script);
    command
}

/// What a command prints.
pub(crate) fn stdout(mut command: impl BorrowMut<Command>) -> String {
    String::from_utf8(command.borrow_mut().output().unwrap().stdout).unwrap()
}

/// Addresses as text, sorted.
pub(crate) fn sorted_texts(ips: &[IpAddr]) -> Vec<String> {
    let mut texts: Vec<String> = ips.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

/// getsockopt(2) for an int.
pub(crate) fn socket_option(socket: &impl AsRawFd, level: i32, name: i32) -> i32 {
    let (mut value, mut len) = (0i32, 4);
    // SAFETY: value has the four bytes that len says.
    let r =
        unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut len) };
    assert_eq!(r, 0, "{}", std::io::Error::last_os_error());
    value
}

/// Says that a part is left out, and why: past the capture of a test's output.
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
