//! Whether a lookup asks the files, the name servers, or both, and in which order. Go: net/conf.go
//! `hostLookupOrder`.

use std::fmt;

/// The order of lookups, as nsswitch.conf says.
#[doc(alias = "hostLookupOrder")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LookupOrder {
    FilesDns,
    DnsFiles,
    Files,
    Dns,
}

impl LookupOrder {
    pub(super) fn files_first(self) -> bool {
        matches!(self, LookupOrder::FilesDns | LookupOrder::Files)
    }
}

impl fmt::Display for LookupOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LookupOrder::FilesDns => "files,dns",
            LookupOrder::DnsFiles => "dns,files",
            LookupOrder::Files => "files",
            LookupOrder::Dns => "dns",
        })
    }
}
