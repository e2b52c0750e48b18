//! P2: what runtimes do before the program's first own call: huge page and cgroup files, the loader's files, a look at
//! the standard descriptors.

use crate::error::Bad;
use crate::fds::FdId;
use crate::log::View;
use crate::projector::Projector;

impl Projector<'_> {
    /// P2: whether this is what a runtime does before the program's first call.
    pub(crate) fn is_prologue(&self, c: &View<'_>, fd: Option<FdId>) -> Result<bool, Bad> {
        Ok(match c.name {
            "fcntl" if fd.is_some_and(|fd| matches!(self.kind(fd), "stdin" | "stdout" | "stderr")) => {
                matches!(c.arg(1)?, "F_GETFD" | "F_GETFL")
            }
            "sched_getaffinity" => true,
            "poll" => {
                c.args.last() == Some(&"0")
                    && c.arg(0)?
                        .split("fd=")
                        .skip(1)
                        .map(|t| t.split(|ch: char| !ch.is_ascii_digit()).next().unwrap_or(""))
                        .all(|n| matches!(n, "" | "0" | "1" | "2"))
            }
            "openat" | "open" => is_start_file(c.arg(usize::from(c.name == "openat"))?.trim_matches('"')),
            "access" | "faccessat" | "faccessat2" if !self.rules.suite => {
                is_start_file(c.arg(usize::from(c.name != "access"))?.trim_matches('"'))
            }
            "read" | "pread64" | "close" | "fstat" | "newfstatat" | "fstat64" => {
                fd.and_then(|fd| self.path(fd)).is_some_and(is_start_file)
            }
            _ => false,
        })
    }
}

/// P2: the files that runtimes and the dynamic loader open before the program's first call.
fn is_start_file(path: &str) -> bool {
    const FILES: [&str; 6] = [
        "/sys/kernel/mm/transparent_hugepage/",
        "/proc/self/cgroup",
        "/proc/self/mountinfo",
        "/sys/fs/cgroup/",
        "/proc/self/maps",
        "/proc/self/auxv",
    ];
    if path.starts_with("/etc/ld.so.") || FILES.iter().any(|f| path.starts_with(f)) {
        return true;
    }
    let lib = path.strip_prefix("/usr").unwrap_or(path).strip_prefix("/lib");
    let Some(rest) = lib.map(|r| r.strip_prefix("64").unwrap_or(r)).and_then(|r| r.strip_prefix('/')) else {
        return false;
    };
    rest.ends_with(".so") || rest.contains(".so.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_files() {
        for path in
            ["/etc/ld.so.cache", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/a.so", "/proc/self/maps"]
        {
            assert!(is_start_file(path), "{path}");
        }
        for path in ["/etc/hosts", "/usr/lib/x.soup", "/lib32/a.so", "/home/lib/a.so"] {
            assert!(!is_start_file(path), "{path}");
        }
    }
}
