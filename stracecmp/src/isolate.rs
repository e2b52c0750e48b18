//! A network and a mount namespace for the calling thread.
//!
//! Invariants:
//! - I1: mounts made here are private: nothing reaches the machine's own mounts, and they vanish with the thread and the
//!   processes it started.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// What the thread got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Namespaces of its own.
    Own,
    /// The machine's: it is not allowed to make any.
    Shared,
}

/// Whether this process may make namespaces; asked in a thread of its own, which then ends.
pub fn possible() -> bool {
    std::thread::spawn(|| unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).is_ok())
        .join()
        .unwrap_or(false)
}

/// Gives an ordinary user's process the rights over namespaces of its own that root has, by a user namespace in which it stays the
/// user that it is. Does nothing for root, and nothing where the system refuses.
///
/// Must be called while the process has one thread.
pub fn become_able() {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if uid.is_root() || unshare(CloneFlags::CLONE_NEWUSER).is_err() {
        return;
    }
    let maps = [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{uid} {uid} 1")),
        ("gid_map", format!("{gid} {gid} 1")),
    ];
    for (file, text) in maps {
        if let Err(e) = std::fs::write(format!("/proc/self/{file}"), text) {
            anstream::eprintln!("stracecmp: the user namespace has no {file}: {e}");
        }
    }
}

/// Puts the calling thread into namespaces of its own, with the loopback interface up.
pub fn enter() -> Result<Isolation> {
    if unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).is_err() {
        return Ok(Isolation::Shared);
    }
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .context("making mounts private")?; // I1
    loopback_up().context("bringing the loopback interface up")?;
    Ok(Isolation::Own)
}

/// Lays texts over files of /etc.
pub fn overlay_etc(etc: &BTreeMap<String, String>, scratch: &Path) -> Result<()> {
    for (name, text) in etc {
        let source = scratch.join(format!("etc-{name}"));
        let target = Path::new("/etc").join(name);
        std::fs::write(&source, text)?;
        mount(Some(&source), &target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .with_context(|| format!("laying a file over {}", target.display()))?;
    }
    Ok(())
}

fn loopback_up() -> std::io::Result<()> {
    use std::os::fd::AsRawFd;
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: all bytes zero is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    // SAFETY: the descriptor is open, and SIOCGIFFLAGS writes only into the ifreq, which lives on this stack.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &mut request) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: SIOCGIFFLAGS filled the flags of the union.
    unsafe { request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
    // SAFETY: as above; SIOCSIFFLAGS only reads the ifreq.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &request) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}
