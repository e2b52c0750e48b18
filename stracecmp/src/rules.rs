//! By which rules a log is projected: the profile, and how strictly the conformance suite's format is kept.

use crate::log::Log;

/// What kind of program the reference is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Go, or a port of its poller: the faults that Go never has count.
    Go,
    /// Any program.
    #[default]
    Generic,
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Profile::Go => "go",
            Profile::Generic => "generic",
        })
    }
}

/// How a log is projected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The kind of the reference.
    pub profile: Profile,
    /// The wording of the conformance suite's stored references, to the byte.
    pub suite: bool,
    /// Whether a call that is not understood ends the reading.
    pub strict: bool,
    /// To how many bytes strings are cut, so that logs of different `-s` can be compared.
    pub limit: Option<usize>,
    /// What comes before the first of these calls is left out.
    pub from_first: Option<String>,
}

impl Rules {
    /// For stored references.
    pub fn suite() -> Rules {
        Rules { profile: Profile::Go, suite: true, strict: true, limit: None, from_first: None }
    }

    /// For two logs.
    pub fn of(profile: Profile) -> Rules {
        Rules { profile, suite: false, strict: false, limit: None, from_first: None }
    }
}

/// Whether a log looks like a program of Go's: its poller's call, or the file that its start-up reads.
pub fn profile_of(log: &Log) -> Profile {
    let is_go = log.calls.iter().any(|c| match log.strings.get(c.name) {
        "epoll_pwait" => {
            log.strings.get(c.args).ends_with(", NULL, 0") && log.view(c).args.get(2) == Some(&"128")
        }
        "openat" => log.strings.get(c.args).contains("transparent_hugepage/hpage_pmd_size"),
        _ => false,
    });
    if is_go { Profile::Go } else { Profile::Generic }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_is_known_by_its_poller() {
        let of = |text: &[u8]| profile_of(&Log::parse(text).expect("reads"));
        assert_eq!(of(b"7 epoll_pwait(5, [], 128, 0, NULL, 0) = 0\n"), Profile::Go);
        assert_eq!(of(b"7 epoll_pwait(5, [], 1024, 0, NULL, 8) = 0\n"), Profile::Generic);
    }
}
