//! The C library's resolver: `GODEBUG=netdns=cgo`.
//!
//! Go: net/cgo_unix.go, net/lookup_unix.go `acquireThread`.
//!
//! I1 Each call is announced as blocking, or offloaded in pinned mode, and at most 500 run at once:
//!    each has a thread.
//! I2 A call cannot be stopped. A caller whose context ends leaves; the goroutine of the call stays
//!    until it is done.
//! I3 errno is read in the function that made the call.

use std::ffi::{CStr, CString};
use std::net::SocketAddr;
use std::ptr::{self, NonNull};

use gopark_runtime::chan::bounded;
use gopark_runtime::context::Context;
use gopark_runtime::poll_api::aside;
use gopark_runtime::sync::Semaphore;
use gopark_runtime::{go, select};

use super::failure::Failure;
use super::rfc6724::IpZone;
use crate::addr::host_port::parse_ip;
use crate::error::{DnsError, Errno};
use crate::sys::RawAddr;

const MAX_THREADS: usize = 500;
static THREADS: Semaphore = Semaphore::new(MAX_THREADS);

/// The longest name getnameinfo gives: Go's `maxNameinfoLen`.
const MAX_NAME: usize = 4096;

/// The addresses of a name.
#[doc(alias = "cgoLookupIP")]
pub(super) fn lookup_ip(ctx: &Context, network: &str, host: &str) -> Result<Vec<IpZone>, DnsError> {
    let name = c_string(host, host)?;
    let hints = Hints {
        flags: libc::AI_V4MAPPED | libc::AI_ALL,
        family: family_of(network),
        socktype: libc::SOCK_STREAM,
        protocol: 0,
    };
    let found = on_a_thread(ctx, host, move || AddrInfo::get(Some(&name), None, &hints))?;
    let found = found.map_err(|e| e.failure().into_dns_error(host, ""))?;
    Ok(found.addrs().map(ip_zone).collect())
}

/// The port of a service.
#[doc(alias = "cgoLookupPort")]
pub(super) fn lookup_port(network: &str, service: &str) -> Result<u32, DnsError> {
    let shown = format!("{network}/{service}");
    let (socktype, protocol) = match network {
        "tcp" | "tcp4" | "tcp6" => (libc::SOCK_STREAM, libc::IPPROTO_TCP),
        "udp" | "udp4" | "udp6" => (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
        _ => (0, 0),
    };
    let hints = Hints { flags: 0, family: family_of(network), socktype, protocol };
    let name = c_string(&service.to_ascii_lowercase(), &shown)?;
    let ctx = Context::background();
    let found = on_a_thread(&ctx, &shown, move || AddrInfo::get(None, Some(&name), &hints))?;
    let port = match found {
        Ok(found) => found.addrs().next().map(|addr| addr.port().into()),
        Err(LibraryError::Code(libc::EAI_SERVICE | libc::EAI_NONAME)) => None,
        Err(e) => return Err(e.failure().into_dns_error(&shown, "")),
    };
    port.ok_or_else(|| Failure::UnknownPort.into_dns_error(&shown, ""))
}

/// The names of an address: at most one.
#[doc(alias = "cgoLookupPTR")]
pub(super) fn lookup_ptr(ctx: &Context, addr: &str) -> Result<Vec<String>, DnsError> {
    let invalid = || DnsError { err: "invalid address".into(), name: addr.to_owned(), ..Default::default() };
    let (ip, zone) = parse_ip(addr).ok_or_else(invalid)?;
    let mut to = SocketAddr::new(ip.to_canonical(), 0);
    if let SocketAddr::V6(v6) = &mut to {
        v6.set_scope_id(crate::addr::zone::index(zone));
    }
    let raw = RawAddr::from_socket_addr(&to);
    match on_a_thread(ctx, addr, move || get_name_info(&raw))? {
        Ok(name) if name.contains('.') => Ok(vec![format!("{}.", name.trim_end_matches('.'))]),
        Ok(name) => Ok(vec![name]),
        Err(e) => Err(e.failure().into_dns_error(addr, "")),
    }
}

/// Runs a call that blocks (I1) in its own goroutine (I2).
#[doc(alias = "doBlockingWithCtx")]
fn on_a_thread<T: Send + 'static>(
    ctx: &Context,
    name: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DnsError> {
    let ended = |e| Failure::Context(e).into_dns_error(name, "");
    let thread = THREADS.acquire_context(ctx).map_err(ended)?;
    let (result, results) = bounded(1);
    go(move || {
        let returned = aside(call);
        drop(thread);
        // There is room; nobody may wait any more.
        let _ = result.send(returned);
    });
    let done = ctx.done();
    select! {
        recv(results) -> returned => Ok(returned.expect("the call returns once")),
        recv(done) -> _ => Err(ended(ctx.err().expect("its channel was closed"))),
    }
}

fn c_string(text: &str, shown: &str) -> Result<CString, DnsError> {
    let invalid =
        || DnsError { err: Errno(libc::EINVAL).to_string(), name: shown.to_owned(), ..Default::default() };
    CString::new(text).map_err(|_| invalid())
}

fn family_of(network: &str) -> i32 {
    match network.as_bytes().last() {
        Some(b'4') => libc::AF_INET,
        Some(b'6') => libc::AF_INET6,
        _ => libc::AF_UNSPEC,
    }
}

fn ip_zone(addr: SocketAddr) -> IpZone {
    let zone = match addr {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => crate::addr::zone::name(v6.scope_id()),
        _ => String::new(),
    };
    IpZone { ip: addr.ip(), zone }
}

/// What the library said instead of an answer.
#[derive(Debug)]
enum LibraryError {
    /// EAI_SYSTEM, with errno.
    System(Errno),
    Code(i32),
}

impl LibraryError {
    fn of(code: i32, errno: Errno) -> LibraryError {
        match code {
            // It may say so without an errno when descriptors are used up (golang.org/issue/6232).
            libc::EAI_SYSTEM if errno.0 == 0 => LibraryError::System(Errno(libc::EMFILE)),
            libc::EAI_SYSTEM => LibraryError::System(errno),
            code => LibraryError::Code(code),
        }
    }

    fn failure(&self) -> Failure {
        match *self {
            LibraryError::System(errno) => {
                Failure::Library { text: errno.to_string(), temporary: errno.temporary() }
            }
            LibraryError::Code(libc::EAI_NONAME | libc::EAI_NODATA) => Failure::NoSuchHost,
            LibraryError::Code(code) => {
                Failure::Library { text: gai_text(code), temporary: code == libc::EAI_AGAIN }
            }
        }
    }
}

/// The hints for getaddrinfo.
struct Hints {
    flags: i32,
    family: i32,
    socktype: i32,
    protocol: i32,
}

/// getaddrinfo(3)'s list, freed when dropped.
#[derive(Debug)]
struct AddrInfo(NonNull<libc::addrinfo>);

// SAFETY: the list is nobody else's, and the library keeps nothing of it in the thread that asked.
unsafe impl Send for AddrInfo {}

impl AddrInfo {
    #[inline(never)]
    fn get(host: Option<&CStr>, service: Option<&CStr>, wanted: &Hints) -> Result<AddrInfo, LibraryError> {
        // SAFETY: all-zero is a valid addrinfo: numbers 0 and null pointers.
        let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_flags = wanted.flags;
        hints.ai_family = wanted.family;
        hints.ai_socktype = wanted.socktype;
        hints.ai_protocol = wanted.protocol;
        let mut list = ptr::null_mut();
        let as_ptr = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the texts are NUL-terminated or null, hints and list live across the call.
        let code = unsafe { libc::getaddrinfo(as_ptr(host), as_ptr(service), &hints, &mut list) };
        let errno = crate::sys::last_errno();
        match NonNull::new(list) {
            Some(list) if code == 0 => Ok(AddrInfo(list)),
            _ => Err(LibraryError::of(code, errno)),
        }
    }

    fn addrs(&self) -> impl Iterator<Item = SocketAddr> {
        // SAFETY: entries are valid from the list's head up to the null pointer until it is freed.
        let next = |entry: &&libc::addrinfo| unsafe { entry.ai_next.as_ref() };
        // SAFETY: as above.
        let entries = std::iter::successors(Some(unsafe { self.0.as_ref() }), next);
        // SAFETY: ai_addr has ai_addrlen bytes.
        entries.filter_map(|e| unsafe { RawAddr::copied(e.ai_addr, e.ai_addrlen) }.to_socket_addr())
    }
}

impl Drop for AddrInfo {
    fn drop(&mut self) {
        // SAFETY: the list came from getaddrinfo and is not used afterwards.
        unsafe { libc::freeaddrinfo(self.0.as_ptr()) }
    }
}

#[inline(never)]
fn get_name_info(addr: &RawAddr) -> Result<String, LibraryError> {
    let mut name = vec![0u8; MAX_NAME];
    // SAFETY: the address has len() bytes, the buffer the length told.
    let code = unsafe {
        libc::getnameinfo(
            addr.as_ptr(),
            addr.len(),
            name.as_mut_ptr().cast(),
            name.len() as libc::socklen_t,
            ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    let errno = crate::sys::last_errno();
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) if code == 0 => Ok(name.to_string_lossy().into_owned()),
        _ => Err(LibraryError::of(code, errno)),
    }
}

fn gai_text(code: i32) -> String {
    // SAFETY: the call returns a static text for any code.
    unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
