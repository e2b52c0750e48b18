//! A server's limits.

use std::time::Duration;

/// What [`Server`](super::Server)'s methods set.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) read_header_timeout: Option<Duration>,
    pub(super) read_timeout: Option<Duration>,
    pub(super) write_timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_header_bytes: usize,
    pub(super) max_connections: Option<usize>,
    pub(super) http2: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            read_header_timeout: Some(Duration::from_secs(10)),
            read_timeout: None,
            write_timeout: None,
            idle_timeout: Some(Duration::from_secs(120)),
            max_header_bytes: 64 << 10,
            max_connections: None,
            http2: true,
        }
    }
}
