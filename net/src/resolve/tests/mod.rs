//! Ports of Go's net/dnsclient_unix_test.go, under their names: with a resolver that dials servers
//! of the tests'.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::hosts::HostsFile;
use super::lookup_order::LookupOrder;
use super::resolv_conf::ResolvConf;
use super::sources::Sources;
use crate as gopark_net;

mod aliases;
mod configured;
mod exchange;
#[path = "../../../tests/common/fake_dns.rs"]
mod fake_dns;
mod strict;

fn in_runtime<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    // SAFETY: the tests keep nothing thread-bound across a call that parks.
    unsafe { gopark_runtime::run(test) }
}

/// A file of the test's, removed when it is over.
pub(super) struct TempFile(String);

impl TempFile {
    pub(super) fn new(text: &str) -> TempFile {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the number counts.
        let n = NEXT.fetch_add(1, Relaxed);
        let path = std::env::temp_dir().join(format!("gopark-names-{}-{n}", std::process::id()));
        let file = TempFile(path.to_str().expect("a path in UTF-8").to_owned());
        file.write(text);
        file
    }

    pub(super) fn path(&self) -> String {
        self.0.clone()
    }

    pub(super) fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("a file of the test's can be written");
    }

    /// Writes it `seconds` later than it was written, as the file system sees it.
    pub(super) fn write_later(&self, text: &str, seconds: u64) {
        self.write(text);
        let file = std::fs::File::options().append(true).open(&self.0).expect("it was just written");
        let at = std::time::SystemTime::now() + std::time::Duration::from_secs(seconds);
        file.set_modified(at).expect("its time can be set");
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Sources that look at these texts.
fn sources(order: LookupOrder, resolv_conf: &'static str, hosts: &'static str) -> Sources {
    let hosts = Box::leak(Box::new(HostsFile::of_text(hosts)));
    Sources { order, conf: Arc::new(ResolvConf::of_text(resolv_conf)), hosts }
}

/// The same with DNS alone.
fn dns(resolv_conf: &'static str) -> Sources {
    sources(LookupOrder::Dns, resolv_conf, "")
}

/// A configuration with something that a text cannot say.
fn changed(mut conf: ResolvConf, change: impl FnOnce(&mut ResolvConf)) -> ResolvConf {
    change(&mut conf);
    conf
}
