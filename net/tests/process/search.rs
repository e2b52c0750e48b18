//! Which program a command runs, and with what environment: std's answer beside ours.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command as StdCommand;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::common::{arguments_for, assert_passed, in_runtime};
use gopark_net::process::Command;

/// A folder of a test's, removed when it is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the number counts.
        let n = NEXT.fetch_add(1, Relaxed);
        let path = std::env::temp_dir().join(format!("gopark-search-{}-{n}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    /// A script in a folder in it.
    fn script(&self, folder: &str, name: &str, text: &str) -> PathBuf {
        let folder = self.0.join(folder);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a program that was looked for ended: its code, or why it did not start.
fn shown(status: io::Result<std::process::ExitStatus>) -> Result<Option<i32>, (io::ErrorKind, Option<i32>)> {
    status.map(|status| status.code()).map_err(|e| (e.kind(), e.raw_os_error()))
}

/// Both commands with this PATH, in this folder.
fn compare(name: &str, path: &str, dir: Option<&Path>) -> Result<Option<i32>, (io::ErrorKind, Option<i32>)> {
    let mut right = StdCommand::new(name);
    right.env("PATH", path);
    let mut ours = Command::new(name);
    ours.env("PATH", path);
    if let Some(dir) = dir {
        right.current_dir(dir);
        ours.current_dir(dir);
    }
    let right = shown(right.status());
    assert_eq!(in_runtime(|| shown(ours.status())), right, "{name} in {path} from {dir:?}");
    right
}

#[test]
fn a_relative_folder_of_path_is_the_childs() {
    let folder = Folder::new();
    folder.script("bin", "gopark-there", "#!/bin/sh\nexit 5\n");
    assert_eq!(compare("gopark-there", "bin:/bin", Some(&folder.0)), Ok(Some(5)));
    assert_eq!(compare("gopark-there", "./bin", Some(&folder.0)), Ok(Some(5)));
    // An empty one is the working directory.
    assert_eq!(compare("gopark-there", ":/bin", Some(&folder.0.join("bin"))), Ok(Some(5)));
    let missing = Err((io::ErrorKind::NotFound, Some(libc::ENOENT)));
    assert_eq!(compare("gopark-there", "bin:/bin", None), missing);
    assert_eq!(compare("gopark-there", "bin", Some(&folder.0.join("bin"))), missing);
}

#[test]
fn a_script_without_its_interpreter_is_passed_over() {
    let folder = Folder::new();
    folder.script("a", "gopark-script", "#!/no/such/interpreter\n");
    folder.script("b", "gopark-script", "#!/bin/sh\nexit 6\n");
    let denied = folder.script("c", "gopark-script", "#!/bin/sh\nexit 7\n");
    fs::set_permissions(denied, fs::Permissions::from_mode(0o644)).unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.0.join(name).to_str().unwrap().to_owned());
    assert_eq!(compare("gopark-script", &format!("{a}:{b}"), None), Ok(Some(6)));
    assert_eq!(compare("gopark-script", &format!("{a}:/nowhere:{c}:{b}"), None), Ok(Some(6)));
    assert_eq!(compare("gopark-script", &a, None), Err((io::ErrorKind::NotFound, Some(libc::ENOENT))));
    let denied = Err((io::ErrorKind::PermissionDenied, Some(libc::EACCES)));
    assert_eq!(compare("gopark-script", &format!("{c}:{a}"), None), denied);
    assert_eq!(compare("gopark-script", &format!("{a}:{c}"), None), denied);
    assert_eq!(compare("gopark-script", &c, None), denied);
    // A folder of that name may not be run either.
    fs::create_dir_all(folder.0.join("d/gopark-script")).unwrap();
    let d = folder.0.join("d").to_str().unwrap().to_owned();
    assert_eq!(compare("gopark-script", &d, None), denied);
    assert_eq!(compare("gopark-script", &format!("{d}:{b}"), None), Ok(Some(6)));
    // A loop of links ends the search.
    fs::create_dir(folder.0.join("f")).unwrap();
    std::os::unix::fs::symlink("gopark-script", folder.0.join("f/gopark-script")).unwrap();
    let f = folder.0.join("f").to_str().unwrap().to_owned();
    assert_eq!(compare("gopark-script", &format!("{f}:{b}"), None).unwrap_err().1, Some(libc::ELOOP));
}

/// Entries that only a raw array can hold: the test becomes itself again with it.
#[test]
fn an_unchanged_environment_is_passed_on_as_it_is() {
    const INSIDE: &str = "GOPARK_TEST_ENVIRONMENT";
    if std::env::var_os(INSIDE).is_some() {
        let right = StdCommand::new("/usr/bin/env").output().unwrap().stdout;
        let ours = in_runtime(|| Command::new("/usr/bin/env").output().unwrap().stdout);
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&right));
        let text = String::from_utf8(ours).unwrap();
        for entry in ["noequals", "DOUBLE=1", "DOUBLE=2", "=odd=value", "ZZ=last", "AA=first"] {
            assert!(text.lines().any(|line| line == entry), "{entry} in {text}");
        }
        // A change makes a new one, as std's.
        let right = StdCommand::new("/usr/bin/env").env("NEW", "x").output().unwrap().stdout;
        let ours = in_runtime(|| Command::new("/usr/bin/env").env("NEW", "x").output().unwrap().stdout);
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&right));
        return;
    }
    let entries: Vec<CString> =
        [&format!("{INSIDE}=1"), "ZZ=last", "noequals", "DOUBLE=1", "AA=first", "DOUBLE=2", "=odd=value"]
            .map(|entry| CString::new(entry).unwrap())
            .into();
    let this = CString::new(std::env::current_exe().unwrap().into_os_string().into_encoded_bytes()).unwrap();
    let mut args = vec![this.clone()];
    args.extend(
        arguments_for(module_path!(), "an_unchanged_environment_is_passed_on_as_it_is")
            .map(|arg| CString::new(arg).unwrap()),
    );
    let pointers = |strings: &[CString]| -> Vec<usize> {
        strings.iter().map(|s| s.as_ptr() as usize).chain([0]).collect()
    };
    let (argv, envp) = (pointers(&args), pointers(&entries));
    let mut again = StdCommand::new("true");
    // SAFETY: one system call; the strings live until the child runs.
    unsafe {
        again.pre_exec(move || {
            libc::execve(this.as_ptr(), argv.as_ptr().cast(), envp.as_ptr().cast());
            Err(io::Error::last_os_error())
        })
    };
    assert_passed(&again.output().unwrap());
    drop((args, entries));
}
