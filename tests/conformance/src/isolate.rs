//! A network and a mount namespace for one run.
//!
//! Namespaces belong to threads, so each run gets a fresh thread ([`on_stage`]) that leaves the process's; what it spawns,
//! threads and processes, inherits its own. Without the right to make namespaces the runs share the machine's and are
//! serialised by one lock; programs that lay files over /etc cannot run then.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// What the thread of a run has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Network, mounts and working directory.
    Private,
    /// The working directory only.
    Shared,
}

/// Runs `f` on a thread of its own, isolated as far as the user may.
pub fn on_stage<T: Send>(f: impl FnOnce(Stage) -> Result<T> + Send) -> Result<T> {
    static MACHINE: Mutex<()> = Mutex::new(());
    let body = || {
        if unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).is_ok() {
            let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
            mount(None::<&str>, "/", None::<&str>, private, None::<&str>).context("making mounts private")?;
            loopback_up().context("bringing the loopback interface up")?;
            f(Stage::Private)
        } else {
            let _one_at_a_time = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
            unshare(CloneFlags::CLONE_FS).context("a working directory of one's own")?;
            f(Stage::Shared)
        }
    };
    std::thread::scope(|s| s.spawn(body).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Lays files over those of /etc, for this thread's mount namespace. `scratch` keeps their contents.
pub fn lay_over_etc(files: &BTreeMap<String, String>, scratch: &Path) -> Result<()> {
    for (name, text) in files {
        let source = scratch.join(format!("etc-{name}"));
        std::fs::write(&source, text)?;
        let target = Path::new("/etc").join(name);
        mount(Some(&source), &target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .with_context(|| format!("laying a file over {}", target.display()))?;
    }
    Ok(())
}

fn loopback_up() -> io::Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: an ifreq is plain data; zero is a valid value.
    let mut req: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in req.ifr_name.iter_mut().zip(b"lo\0") {
        *to = *from as libc::c_char;
    }
    // SAFETY: SIOCGIFFLAGS reads the name and writes the flags of an ifreq that lives through the call.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &mut req) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has filled the flags' member of the union.
    unsafe { req.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
    // SAFETY: SIOCSIFFLAGS reads an ifreq that lives through the call.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &req) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
