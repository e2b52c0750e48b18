//! The C library's resolver: `GODEBUG=netdns=cgo`.
//!
//! Go: net/cgo_unix.go.
//!
//! I1 Each call is announced as blocking, and at most 500 run at once: each has a thread.

use std::ffi::{CStr, CString};
use std::net::IpAddr;
use std::ptr;

use gopark_runtime::blocking;
use gopark_runtime::context::Context;
use gopark_runtime::sync::Semaphore;

use super::failure::Failure;
use super::rfc6724::IpZone;
use crate::error::DnsError;
use crate::sockaddr::RawAddr;

const MAX_THREADS: usize = 500;
static THREADS: Semaphore = Semaphore::new(MAX_THREADS);

/// The addresses of a name.
pub(super) fn lookup_ip(ctx: &Context, network: &str, host: &str) -> Result<Vec<IpZone>, DnsError> {
    if let Some(e) = ctx.err() {
        return Err(super::context_failure(e).into_dns_error(host, ""));
    }
    let family = match network.as_bytes().last() {
        Some(b'4') => libc::AF_INET,
        Some(b'6') => libc::AF_INET6,
        _ => libc::AF_UNSPEC,
    };
    let name = CString::new(host).map_err(|_| Failure::NoSuchHost.into_dns_error(host, ""))?;
    let thread = THREADS.acquire();
    let found = blocking(|| get_addr_info(&name, family));
    drop(thread);
    found.map_err(|code| failure_of(code).into_dns_error(host, ""))
}

/// The names of an address.
pub(super) fn lookup_ptr(addr: &str) -> Result<Vec<String>, DnsError> {
    let ip: IpAddr = addr.parse().map_err(|_| DnsError {
        err: "unrecognized address".into(),
        name: addr.to_owned(),
        ..Default::default()
    })?;
    let raw = RawAddr::from_socket_addr(&(ip, 0).into());
    let thread = THREADS.acquire();
    let found = blocking(|| get_name_info(&raw));
    drop(thread);
    match found {
        Ok(name) => Ok(vec![format!("{}.", name.trim_end_matches('.'))]),
        Err(code) => Err(failure_of(code).into_dns_error(addr, "")),
    }
}

fn get_addr_info(name: &CStr, family: i32) -> Result<Vec<IpZone>, i32> {
    // SAFETY: all-zero is a valid addrinfo: numbers 0 and null pointers.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = family;
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = libc::AI_V4MAPPED | libc::AI_ALL;
    let mut list = ptr::null_mut();
    // SAFETY: the name is NUL-terminated, hints and list live across the call.
    let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut list) };
    if code != 0 {
        return Err(code);
    }
    let mut addrs = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: the call succeeded, so each entry up to the null one is valid until freeaddrinfo.
        let entry = unsafe { &*at };
        // SAFETY: ai_addr has ai_addrlen bytes.
        if let Some(addr) = unsafe { RawAddr::copied(entry.ai_addr, entry.ai_addrlen) }.to_socket_addr() {
            let zone = match addr {
                std::net::SocketAddr::V6(v6) if v6.scope_id() != 0 => crate::addr::zone_name(v6.scope_id()),
                _ => String::new(),
            };
            addrs.push(IpZone { ip: addr.ip(), zone });
        }
        at = entry.ai_next;
    }
    // SAFETY: the list came from getaddrinfo and is not used afterwards.
    unsafe { libc::freeaddrinfo(list) };
    Ok(addrs)
}

fn get_name_info(addr: &RawAddr) -> Result<String, i32> {
    let mut name = [0u8; libc::NI_MAXHOST as usize];
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
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) if code == 0 => Ok(name.to_string_lossy().into_owned()),
        _ => Err(code),
    }
}

fn failure_of(code: i32) -> Failure {
    match code {
        libc::EAI_NONAME | libc::EAI_NODATA => Failure::NoSuchHost,
        libc::EAI_AGAIN => Failure::Net { text: gai_text(code), timeout: false },
        _ => Failure::Library(gai_text(code)),
    }
}

fn gai_text(code: i32) -> String {
    // SAFETY: the call returns a static text for any code.
    unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned()
}
