//! How many connections may queue on a listener. Go: net/sock_linux.go maxListenerBacklog,
//! net/net.go listenerBacklog.

use std::sync::OnceLock;

use crate::addr::host_port::dtoi;
use crate::os::File;

/// Where Linux says.
const SOMAXCONN_FILE: &str = "/proc/sys/net/core/somaxconn";

/// The size of Go's buffer for small files.
const BUFFER: usize = 64 * 1024;

/// What the system allows; read once, by the first listener.
#[doc(alias = "listenerBacklog")]
pub(crate) fn listener_backlog() -> i32 {
    static BACKLOG: OnceLock<i32> = OnceLock::new();
    *BACKLOG.get_or_init(|| max_listener_backlog().unwrap_or(libc::SOMAXCONN))
}

#[doc(alias = "maxListenerBacklog")]
fn max_listener_backlog() -> Option<i32> {
    let file = File::open(SOMAXCONN_FILE).ok()?;
    let mut buf = vec![0; BUFFER];
    let mut len = 0;
    // To the end, as Go's ReadFull does: one read for the text, one that finds the end.
    loop {
        match file.read(&mut buf[len..]) {
            Ok(0) | Err(_) => break,
            Ok(n) => len += n,
        }
    }
    let _ = file.close();
    let text = str::from_utf8(&buf[..len]).ok()?;
    // Linux since 4.1 keeps 32 bits of it.
    let (n, _) = dtoi(text.split_ascii_whitespace().next()?)?;
    i32::try_from(n).ok().filter(|n| *n != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_file_says() {
        let Ok(text) = std::fs::read_to_string(SOMAXCONN_FILE) else { return };
        assert_eq!(max_listener_backlog(), text.trim().parse().ok());
    }
}
