//! What all of std's socket types share: a descriptor, two timeouts, and whether operations park.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::ManuallyDrop;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{FromRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gopark_runtime::blocking;

use crate::error::{Errno, Sentinel};
use crate::poll::connect::{ConnectError, Connecting};
use crate::poll::{Direction, Directions, Error, Fd, Kind, MAX_VEC, Wait};
use crate::sys::{self, RawAddr};

/// TCP differs from all others in one thing: a short read means that there is no more
/// ([`Fd::set_tcp`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketFamily {
    Tcp,
    Other,
}

/// A socket of one of std's types.
#[derive(Debug)]
pub(super) struct Socket {
    fd: Fd,
    family: SocketFamily,
    /// What is of the open socket, not of its number: duplicates have it in common, as in the
    /// kernel.
    common: Arc<Common>,
    /// `fd` has a deadline from a timeout, which may have been lifted since.
    has_read_deadline: AtomicBool,
    has_write_deadline: AtomicBool,
}

#[derive(Debug, Default)]
struct Common {
    /// The user's `set_nonblocking`: operations fail instead of parking.
    nonblocking: AtomicBool,
    /// The user's timeouts in nanoseconds; 0: none.
    read_timeout_ns: AtomicU64,
    write_timeout_ns: AtomicU64,
}

/// How an operation waits for the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// It parks.
    Parked,
    /// It does not: the user has set the socket non-blocking.
    Never,
}

impl Common {
    fn timeout_ns(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::Read => &self.read_timeout_ns,
            Direction::Write => &self.write_timeout_ns,
        }
    }
}

impl Socket {
    /// Takes a socket over: into the kernel's non-blocking mode, and into the poller.
    pub(super) fn adopt(family: SocketFamily, raw: RawFd, kind: Kind) -> io::Result<Socket> {
        let socket = Socket::unwatched(family, raw, kind);
        sys::set_nonblock(raw, true)?;
        socket.watched()
    }

    /// Takes a non-blocking socket over that the poller shall not know yet (one that is to be
    /// connected).
    pub(super) fn unwatched(family: SocketFamily, raw: RawFd, kind: Kind) -> Socket {
        let mut fd = Fd::new(raw, kind);
        if family == SocketFamily::Tcp {
            fd.set_tcp();
        }
        Socket {
            fd,
            family,
            common: Arc::default(),
            has_read_deadline: AtomicBool::new(false),
            has_write_deadline: AtomicBool::new(false),
        }
    }

    /// Gives it to the poller.
    pub(super) fn watched(mut self) -> io::Result<Socket> {
        self.fd.init()?;
        Ok(self)
    }

    pub(super) fn raw(&self) -> RawFd {
        self.fd.raw()
    }

    /// The descriptor alone, still open and non-blocking.
    pub(super) fn into_raw(self) -> RawFd {
        self.fd.into_raw()
    }

    /// Calls std's own method on the descriptor, borrowed as one of std's types.
    pub(super) fn with_std<S: FromRawFd, T>(&self, call: impl FnOnce(&S) -> io::Result<T>) -> io::Result<T> {
        let result = self.fd.control(|raw| {
            // SAFETY: the descriptor is open as long as the reference that `control` holds, and is
            // never closed through this value.
            let borrowed = ManuallyDrop::new(unsafe { S::from_raw_fd(raw) });
            Ok(call(&borrowed))
        });
        result?
    }

    /// How an operation is to wait. With a timeout it gets its deadline first.
    fn begin(&self, direction: Direction) -> Result<Waits, Error> {
        // Relaxed, here and below: an operation under way sees the old or the new value, as with
        // the kernel's flag.
        if self.common.nonblocking.load(Relaxed) {
            return Ok(Waits::Never);
        }
        let has_deadline = match direction {
            Direction::Read => &self.has_read_deadline,
            Direction::Write => &self.has_write_deadline,
        };
        let ns = self.common.timeout_ns(direction).load(Relaxed);
        if ns != 0 {
            has_deadline.store(true, Relaxed);
            self.fd
                .set_deadline(Instant::now().checked_add(Duration::from_nanos(ns)), deadline_of(direction))?;
        } else if has_deadline.load(Relaxed) {
            has_deadline.store(false, Relaxed);
            self.fd.set_deadline(None, deadline_of(direction))?;
        }
        Ok(Waits::Parked)
    }

    /// The descriptor, if copies may park in it.
    pub(super) fn for_copying(&self) -> Option<&Fd> {
        (!self.common.nonblocking.load(Relaxed)).then_some(&self.fd)
    }

    /// Begins a call of a copy: it has its timeout to itself.
    pub(super) fn begin_copying(&self, direction: Direction) -> Result<(), Error> {
        match self.begin(direction)? {
            Waits::Parked => Ok(()),
            Waits::Never => Err(Errno(libc::EAGAIN).into()),
        }
    }

    /// An operation that parks, or its single call when it must not.
    fn io<T>(
        &self,
        direction: Direction,
        parking: impl FnOnce(&Fd) -> Result<T, Error>,
        once: impl FnMut(RawFd) -> Result<T, Errno>,
    ) -> io::Result<T> {
        let result = match self.begin(direction)? {
            Waits::Parked => parking(&self.fd),
            Waits::Never => self.once(once),
        };
        result.map_err(std_error)
    }

    /// The single call of an operation that must not park.
    fn once<T>(&self, mut call: impl FnMut(RawFd) -> Result<T, Errno>) -> Result<T, Error> {
        self.fd.control(|raw| sys::ignoring_eintr(|| call(raw)))
    }

    pub(super) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let result = match self.begin(Direction::Read)? {
            Waits::Parked => self.fd.read(Wait::NO_CONTEXT, buf),
            Waits::Never => self.once(|raw| sys::read(raw, buf)),
        };
        result.map_err(std_error)
    }

    pub(super) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let first = bufs.len().min(MAX_VEC);
        let result = match self.begin(Direction::Read)? {
            Waits::Parked => self.fd.read_vectored(bufs),
            Waits::Never => self.once(|raw| sys::readv(raw, &mut bufs[..first])),
        };
        result.map_err(std_error)
    }

    pub(super) fn recv_with(&self, buf: &mut [u8], flags: i32) -> io::Result<usize> {
        self.receive(|raw| sys::recv(raw, buf, flags), || 0)
    }

    pub(super) fn recv_from(&self, buf: &mut [u8], flags: i32) -> io::Result<(usize, RawAddr)> {
        let received = |raw| {
            let mut from = RawAddr::empty();
            sys::recvfrom(raw, buf, flags, &mut from).map(|n| (n, from))
        };
        self.receive(received, || (0, RawAddr::unnamed()))
    }

    /// Receives by `call`; `shut` is the result once the reading side is shut.
    pub(super) fn receive<T>(
        &self,
        call: impl FnMut(RawFd) -> Result<T, Errno>,
        shut: impl FnOnce() -> T,
    ) -> io::Result<T> {
        let result = match self.begin(Direction::Read)? {
            Waits::Parked => self.fd.raw_read(call, shut),
            Waits::Never => self.once(call),
        };
        result.map_err(std_error)
    }

    pub(super) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.io(Direction::Write, |fd| fd.write_some(buf), |raw| sys::write(raw, buf))
    }

    pub(super) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = &bufs[..bufs.len().min(MAX_VEC)];
        self.io(Direction::Write, |fd| fd.write_some_vectored(bufs), |raw| sys::writev(raw, first))
    }

    pub(super) fn send_to(&self, buf: &[u8], to: &RawAddr) -> io::Result<usize> {
        self.io(Direction::Write, |fd| fd.write_to(buf, to), |raw| sys::sendto(raw, buf, 0, to))
    }

    pub(super) fn accept(&self) -> io::Result<(RawFd, RawAddr)> {
        self.io(
            Direction::Read,
            |fd| fd.accept(Wait::NO_CONTEXT),
            |raw| {
                let mut peer = RawAddr::empty();
                sys::accept4(raw, &mut peer).map(|fd| (fd, peer))
            },
        )
    }

    /// Connects; parks until the kernel has decided, at most until `deadline`. The socket is in the
    /// poller afterwards.
    pub(super) fn connect(mut self, to: &RawAddr, deadline: Option<Instant>) -> io::Result<Socket> {
        let connecting = self.fd.connect(to).map_err(connect_error)?;
        self.fd.init()?;
        if connecting == Connecting::Done {
            return Ok(self);
        }
        if deadline.is_some() {
            self.fd.set_deadline(deadline, Directions::Write)?;
        }
        self.fd.wait_connected(Wait::NO_CONTEXT).map_err(connect_error)?;
        if deadline.is_some() {
            self.fd.set_deadline(None, Directions::Write)?;
        }
        Ok(self)
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fd.shutdown(how).map_err(std_error)
    }

    /// A call that does not wait.
    pub(super) fn control<T>(&self, call: impl FnOnce(RawFd) -> Result<T, Errno>) -> io::Result<T> {
        self.fd.control(call).map_err(std_error)
    }

    /// A second descriptor of the same socket, with the same timeouts.
    pub(super) fn try_clone(&self) -> io::Result<Socket> {
        let raw = self.fd.dup().map_err(std_error)?;
        let copy = Socket::unwatched(self.family, raw, self.fd.kind()).watched()?;
        Ok(Socket { common: self.common.clone(), ..copy })
    }

    pub(super) fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        // Relaxed: as in `begin`.
        self.common.nonblocking.store(on, Relaxed);
        Ok(())
    }

    pub(super) fn set_timeout(&self, direction: Direction, timeout: Option<Duration>) -> io::Result<()> {
        if timeout.is_some_and(|d| d.is_zero()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "cannot set a 0 duration timeout"));
        }
        let ns = timeout.map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
        // Relaxed: as in `begin`.
        self.common.timeout_ns(direction).store(ns, Relaxed);
        if timeout.is_none() {
            self.fd.set_deadline(None, deadline_of(direction)).map_err(std_error)?;
        }
        Ok(())
    }

    pub(super) fn timeout(&self, direction: Direction) -> Option<Duration> {
        // Relaxed: as in `begin`.
        match self.common.timeout_ns(direction).load(Relaxed) {
            0 => None,
            ns => Some(Duration::from_nanos(ns)),
        }
    }

    /// Hands waiting and timeouts over to the kernel.
    pub(super) fn leave_to_kernel(&self) -> io::Result<()> {
        for (direction, option) in
            [(Direction::Read, libc::SO_RCVTIMEO), (Direction::Write, libc::SO_SNDTIMEO)]
        {
            if let Some(timeout) = self.timeout(direction) {
                let tv_sec = timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX);
                // A whole microsecond at least: none would be no timeout.
                let tv_usec = libc::suseconds_t::from(timeout.subsec_nanos().div_ceil(1000).min(999_999));
                let value = libc::timeval { tv_sec, tv_usec };
                self.control(|fd| sys::setsockopt(fd, libc::SOL_SOCKET, option, &value))?;
            }
        }
        // Relaxed: as in `begin`.
        let nonblocking = self.common.nonblocking.load(Relaxed);
        self.control(|fd| sys::set_nonblock(fd, nonblocking))
    }

    pub(super) fn close(&self) -> io::Result<()> {
        self.fd.close().map_err(std_error)
    }
}

/// The deadline of one direction.
fn deadline_of(direction: Direction) -> Directions {
    match direction {
        Direction::Read => Directions::Read,
        Direction::Write => Directions::Write,
    }
}

/// As std says it: a timeout is EAGAIN, kind `WouldBlock`.
pub(super) fn std_error(e: Error) -> io::Error {
    match e {
        Error::Sentinel(Sentinel::DeadlineExceeded) => io::Error::from_raw_os_error(libc::EAGAIN),
        Error::Errno(Errno(number)) => io::Error::from_raw_os_error(number),
        other => other.into(),
    }
}

/// As std says it: a connect that takes too long is `TimedOut`.
fn connect_error(e: ConnectError) -> io::Error {
    match e.error {
        Error::Sentinel(Sentinel::DeadlineExceeded) => {
            io::Error::new(io::ErrorKind::TimedOut, "connection timed out")
        }
        other => other.into(),
    }
}

/// Tries the addresses in turn; the last one's error is the result's. Names are looked up by the
/// system, announced as blocking.
pub(super) fn each_addr<T>(
    addr: impl ToSocketAddrs,
    mut attempt: impl FnMut(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for addr in blocking(|| addr.to_socket_addrs())? {
        match attempt(&addr) {
            Ok(done) => return Ok(done),
            Err(e) => last = Some(e),
        }
    }
    Err(last
        .unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "could not resolve to any addresses")))
}
