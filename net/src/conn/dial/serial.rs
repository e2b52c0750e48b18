//! One address after the other. Go: net/dial.go dialSerial, dialSingle; net/tcpsock_posix.go
//! doDialTCP, selfConnect.

use std::time::{Duration, Instant};

use gopark_runtime::context::Context;

use super::{Cancels, Conn, NetAddr, OpError, SysDialer};
use crate::addr::Inet;
use crate::error::{Cause, Sentinel};
use crate::poll::context_error;
use crate::sock::Spec;
use crate::sock::ipsock::Purpose;
use crate::sock::multipath_tcp;
use crate::sock::net_fd::NetFd;

/// An address gets at least this much of the time that is left, if that much is left.
const SANE_MINIMUM: Duration = Duration::from_secs(2);

impl SysDialer {
    /// Tries each; the first error is the most telling.
    #[doc(alias = "dialSerial")]
    pub(super) fn dial_serial(&self, ctx: &Context, remotes: &[NetAddr]) -> Result<Conn, OpError> {
        let mut first_error = None;
        let mut cancels = Cancels::default();
        for (i, remote) in remotes.iter().enumerate() {
            if let Some(done) = ctx.err() {
                return Err(self.error_at(remote, context_error(done)));
            }
            let result = match partial_deadline(Instant::now(), ctx.deadline(), remotes.len() - i) {
                Err(timeout) => {
                    first_error.get_or_insert_with(|| self.error_at(remote, timeout));
                    break;
                }
                Ok(until) if until < ctx.deadline() => {
                    let limited = cancels.push(ctx.with_deadline(until.expect("earlier than another")));
                    self.dial_single(&limited, remote)
                }
                Ok(_) => self.dial_single(ctx, remote),
            };
            match result {
                Ok(conn) => return Ok(conn),
                Err(e) => {
                    first_error.get_or_insert(e);
                }
            }
        }
        Err(first_error.unwrap_or_else(|| self.error(Sentinel::MissingAddress)))
    }

    #[doc(alias = "dialSingle")]
    fn dial_single(&self, ctx: &Context, remote: &NetAddr) -> Result<Conn, OpError> {
        let fd = match remote {
            NetAddr::Inet(inet) if inet.inet == Inet::Tcp => self.dial_tcp(ctx, remote),
            NetAddr::Inet(_) => self.spec(ctx, remote).internet_socket(Purpose::Dial),
            NetAddr::Unix(_) => crate::sock::unix::socket(self.spec(ctx, remote), Purpose::Dial),
        };
        fd.map(Conn::new).map_err(|cause| self.error_at(remote, cause))
    }

    /// A kernel that picks the local port may pick the one it is to connect to, and connect the
    /// socket to itself; or one that is in use (EADDRNOTAVAIL). Both are tried again, twice
    /// (golang.org/issue/2690).
    #[doc(alias = "doDialTCP")]
    fn dial_tcp(&self, ctx: &Context, remote: &NetAddr) -> Result<NetFd, Cause> {
        let port_is_free = self.local.as_ref().and_then(NetAddr::inet).is_none_or(|l| l.port == 0);
        let wanted = multipath_tcp::Use::dialer(self.options.multipath_tcp);
        let dial = || {
            multipath_tcp::socket(wanted, |proto| {
                Spec { proto, ..self.spec(ctx, remote) }.internet_socket(Purpose::Dial)
            })
        };
        let mut result = dial();
        for _ in 0..2 {
            if !port_is_free || !worth_another_try(&result) {
                break;
            }
            drop(result);
            result = dial();
        }
        let fd = result?;
        self.options.keep_alive.new_tcp_conn(&fd);
        Ok(fd)
    }

    fn spec<'s>(&'s self, ctx: &'s Context, remote: &'s NetAddr) -> Spec<'s> {
        Spec {
            network: self.network,
            sotype: self.network.sotype(),
            proto: self.proto,
            local: self.local.as_ref(),
            remote: Some(remote),
            control: self.options.control.as_deref(),
            ctx,
            backlog: None,
            own: self.options.own,
        }
    }
}

#[doc(alias = "selfConnect")]
#[doc(alias = "spuriousENOTAVAIL")]
fn worth_another_try(result: &Result<NetFd, Cause>) -> bool {
    match result {
        Err(cause) => cause.raw_os_error() == Some(libc::EADDRNOTAVAIL),
        Ok(fd) => match (fd.local(), fd.remote()) {
            (Some(local), Some(remote)) => local.port() == remote.port() && local.ip() == remote.ip(),
            _ => true,
        },
    }
}

/// How long this address may take, when `left` addresses share the time until `deadline`.
#[doc(alias = "partialDeadline")]
fn partial_deadline(
    now: Instant,
    deadline: Option<Instant>,
    left: usize,
) -> Result<Option<Instant>, Sentinel> {
    let Some(deadline) = deadline else { return Ok(None) };
    let remaining = deadline.saturating_duration_since(now);
    if remaining.is_zero() {
        return Err(Sentinel::ContextDeadline);
    }
    let share = remaining / u32::try_from(left).unwrap_or(u32::MAX);
    Ok(Some(now + share.max(SANE_MINIMUM).min(remaining)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go: net/dial_test.go TestDialerPartialDeadline.
    #[test]
    fn test_dialer_partial_deadline() {
        let now = Instant::now();
        let s = Duration::from_secs;
        let ms = Duration::from_millis;
        let cases = [
            // Regular division.
            (s(12), 1, Ok(s(12))),
            (s(12), 2, Ok(s(6))),
            (s(12), 3, Ok(s(4))),
            // Bump against the 2-second sane minimum.
            (s(12), 999, Ok(s(2))),
            // Total available is now below the sane minimum.
            (ms(1900), 999, Ok(ms(1900))),
            // Step over the deadline.
            (s(0), 1, Err(Sentinel::ContextDeadline)),
        ];
        for (total, left, want) in cases {
            let got = partial_deadline(now, Some(now + total), left);
            assert_eq!(got, want.map(|d| Some(now + d)), "{total:?} / {left}");
        }
        assert_eq!(partial_deadline(now, None, 1), Ok(None));
    }
}
