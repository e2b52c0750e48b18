//! The examples of the root package, built in the profile of the test that runs them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Builds the examples, once in a process; gives their folder. For tests of the root package, whose profile is taken.
///
/// # Panics
/// If they do not build.
pub fn examples() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let me = std::env::current_exe().expect("a test has a path");
        let profile = me.ancestors().nth(2).expect("tests lie in PROFILE/deps");
        let name = match profile.file_name().and_then(|n| n.to_str()) {
            None | Some("debug") => "dev",
            Some(name) => name,
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up");
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root).args([
            "build",
            "--quiet",
            "--package",
            "gopark",
            "--examples",
            "--features",
            "http",
            "--profile",
            name,
        ]);
        build.arg("--target-dir").arg(profile.parent().expect("PROFILE lies in the target folder"));
        assert!(build.status().is_ok_and(|s| s.success()), "the examples do not build");
        profile.join("examples")
    })
}
