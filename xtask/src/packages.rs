//! Programs that the tests drive, found on the path or installed with the system's package manager where that is permitted.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::steps::{sh, skipped};

/// A program, and the package that has it for each of [`MANAGERS`].
pub(crate) struct Tool {
    program: &'static str,
    packages: [&'static str; 6],
}

impl Tool {
    const fn of(program: &'static str) -> Tool {
        Tool { program, packages: [program; 6] }
    }
}

pub(crate) const STRACE: Tool = Tool::of("strace");

/// What tests/examples.rs drives the examples with.
pub(crate) const CLIENTS: [Tool; 5] = [
    Tool::of("curl"),
    Tool::of("socat"),
    Tool::of("iperf3"),
    Tool {
        program: "nc",
        packages: [
            "netcat-openbsd",
            "netcat",
            "openbsd-netcat",
            "netcat-openbsd",
            "netcat-openbsd",
            "openbsd-netcat",
        ],
    },
    Tool {
        program: "dig",
        packages: ["bind9-dnsutils", "bind-utils", "bind", "bind-tools", "bind-utils", "bind-utils"],
    },
];

/// A package manager: what refreshes its lists (a failure is no reason to stop), what installs.
struct Manager {
    program: &'static str,
    refresh: &'static [&'static str],
    install: &'static [&'static str],
}

const MANAGERS: [Manager; 6] = [
    Manager { program: "apt-get", refresh: &["update", "-q"], install: &["install", "-y", "-q"] },
    Manager { program: "dnf", refresh: &[], install: &["install", "-y"] },
    Manager { program: "pacman", refresh: &[], install: &["-Sy", "--noconfirm"] },
    Manager { program: "apk", refresh: &[], install: &["add"] },
    Manager { program: "zypper", refresh: &[], install: &["--non-interactive", "install"] },
    Manager { program: "xbps-install", refresh: &[], install: &["-Sy"] },
];

/// The real clients, those that can be had. Tests of missing ones say that they skip; a browser is never installed, being large.
pub(crate) fn clients() {
    if let Err(e) = provide(&CLIENTS) {
        skipped(&format!("tests with real clients that are missing: {e:#}"));
    }
    let browsers = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
    if !browsers.into_iter().any(on_path) {
        skipped(&format!("the test with a browser: none of {} is installed", browsers.join(", ")));
    }
}

/// Makes sure that all of them are there.
pub(crate) fn provide(tools: &[Tool]) -> Result<()> {
    let missing: Vec<_> = tools.iter().filter(|tool| !on_path(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|tool| tool.program).collect();
    let names = names.join(", ");
    let Some(at) = MANAGERS.iter().position(|manager| on_path(manager.program)) else {
        bail!("missing: {names}; no package manager was recognised: install them, then try again");
    };
    let manager = &MANAGERS[at];
    println!("missing: {names}; installing with {}", manager.program);
    let Some(permitted) = permitted() else {
        let packages: Vec<_> = missing.iter().map(|tool| tool.packages[at]).collect();
        let install = manager.install.join(" ");
        bail!("not permitted; type: sudo {} {install} {}", manager.program, packages.join(" "));
    };
    if !manager.refresh.is_empty() {
        let _ = sh(permitted.command(manager.program).args(manager.refresh));
    }
    for tool in &missing {
        // One at a time: a package that this system does not know keeps none of the others away.
        let mut install = permitted.command(manager.program);
        let _ = sh(install.args(manager.install).arg(tool.packages[at]));
    }
    let missing: Vec<_> = missing.iter().map(|t| t.program).filter(|program| !on_path(program)).collect();
    if missing.is_empty() { Ok(()) } else { bail!("could not be installed: {}", missing.join(", ")) }
}

/// Installs Debian packages, some of them of a foreign architecture.
pub(crate) fn of_debian(architecture: &str, packages: &[&str]) -> Result<()> {
    if !on_path("dpkg") || !on_path("apt-get") {
        bail!("not a Debian system: {} are needed", packages.join(", "));
    }
    let Some(permitted) = permitted() else {
        bail!(
            "not permitted; type: sudo dpkg --add-architecture {architecture} && sudo apt-get update && sudo apt-get install {}",
            packages.join(" ")
        );
    };
    sh(permitted.command("dpkg").args(["--add-architecture", architecture]))?;
    sh(permitted.command("apt-get").args(["update", "-q"]))?;
    let mut install = permitted.command("apt-get");
    sh(install.args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))
}

/// How we may install.
#[derive(Clone, Copy)]
enum Permitted {
    Root,
    Sudo,
}

impl Permitted {
    fn command(self, manager: &str) -> Command {
        let mut command = match self {
            Permitted::Root => Command::new("env"),
            Permitted::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "env"]);
                sudo
            }
        };
        command.args(["DEBIAN_FRONTEND=noninteractive", manager]);
        command
    }
}

fn permitted() -> Option<Permitted> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(Permitted::Root);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success()).then_some(Permitted::Sudo)
}

pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
