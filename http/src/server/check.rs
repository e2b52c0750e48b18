//! What hyper lets pass and RFC 9110, 9112 and 9113 do not.
//!
//! A request that two servers in a row understand differently is a way around the first one ("request smuggling"). So whatever is unclear
//! is refused, and the connection ends with the refusal: nobody knows where the next request would begin.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, Response, StatusCode, Version};

use crate::body::Outgoing;

/// The longest request target.
const MAX_TARGET: usize = 32 << 10;

/// Whether a request may go to the handler; else the status that says why not.
pub(super) fn request(parts: &Parts, max_header_bytes: usize) -> Result<(), StatusCode> {
    target(parts)?;
    size(&parts.headers, max_header_bytes)?;
    host(parts)?;
    transfer(parts)?;
    expect(&parts.headers)
}

/// RFC 9112, section 3.2: `*` is for OPTIONS, an authority alone for CONNECT.
fn target(parts: &Parts) -> Result<(), StatusCode> {
    let uri = &parts.uri;
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > MAX_TARGET {
        return Err(StatusCode::URI_TOO_LONG);
    }
    let asterisk = uri.path() == "*";
    let authority_alone = uri.scheme().is_none() && uri.authority().is_some();
    let other_scheme = uri.scheme_str().is_some_and(|s| s != "http" && s != "https");
    let wrong = asterisk && parts.method != Method::OPTIONS
        || authority_alone && parts.method != Method::CONNECT
        || parts.version < Version::HTTP_2 && !authority_alone && parts.method == Method::CONNECT
        || other_scheme
        || uri.authority().is_some_and(|a| a.as_str().contains('@'));
    if wrong { Err(StatusCode::BAD_REQUEST) } else { Ok(()) }
}

/// What the fields take on the wire.
fn size(headers: &HeaderMap, most: usize) -> Result<(), StatusCode> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > most { Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) } else { Ok(()) }
}

/// RFC 9112, section 3.2: exactly one `Host` in HTTP/1.1, and a valid one. RFC 9113, section 8.3.1: it agrees with `:authority`.
fn host(parts: &Parts) -> Result<(), StatusCode> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host,
        (None, _) if parts.version != Version::HTTP_11 => return Ok(()),
        _ => return Err(StatusCode::BAD_REQUEST),
    };
    let differs = parts.version == Version::HTTP_2
        && parts
            .uri
            .authority()
            .is_some_and(|a| !a.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()));
    if differs || !valid_host(host.as_bytes()) { Err(StatusCode::BAD_REQUEST) } else { Ok(()) }
}

/// `uri-host [ ":" port ]` of RFC 9110, section 7.2. Empty is valid: the target had no authority.
fn valid_host(host: &[u8]) -> bool {
    let (name, port) = match host {
        [b'[', ..] => {
            let Some(end) = host.iter().position(|&c| c == b']') else { return false };
            let literal = std::str::from_utf8(&host[1..end]).unwrap_or_default();
            if literal.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (&b""[..], &host[end + 1..])
        }
        _ => host.split_at(host.iter().position(|&c| c == b':').unwrap_or(host.len())),
    };
    let port_valid = match port {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let port_alone = name.is_empty() && !port.is_empty() && host[0] == b':';
    port_valid && !port_alone && valid_name(name)
}

/// `reg-name` of RFC 3986, section 3.2.2.
fn valid_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let [c, tail @ ..] = rest {
        rest = match (c, tail) {
            (b'%', [a, b, tail @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => tail,
            (c, tail) if c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(c) => tail,
            _ => return false,
        };
    }
    true
}

/// RFC 9112, section 6.1: of codings only `chunked` is known here, once, and not in HTTP/1.0. A request that has a length too is refused.
fn transfer(parts: &Parts) -> Result<(), StatusCode> {
    let codings: Vec<_> = parts
        .headers
        .get_all(TRANSFER_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&c| c == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    if codings.is_empty() {
        return Ok(());
    }
    if parts.version < Version::HTTP_11 || parts.headers.contains_key(CONTENT_LENGTH) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    match codings[..] {
        [only] if chunked(&only) => Ok(()),
        // Twice, or followed by another: where it ends is not clear.
        _ if codings.iter().any(|c| c.is_empty()) || codings.iter().filter(|c| chunked(c)).count() != 1 => {
            Err(StatusCode::BAD_REQUEST)
        }
        _ if codings.last().is_some_and(chunked) => Err(StatusCode::NOT_IMPLEMENTED),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// RFC 9110, section 10.1.1.
fn expect(headers: &HeaderMap) -> Result<(), StatusCode> {
    let met = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().all(met) { Ok(()) } else { Err(StatusCode::EXPECTATION_FAILED) }
}

/// The answer to a request that may not; the connection ends with it.
pub(super) fn refusal(version: Version, status: StatusCode) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::Whole(None));
    *response.status_mut() = status;
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in ["", "a", "a.b:80", "[::1]", "[::1]:8080", "127.0.0.1:1", "xn--a", "a%20b", "a_b", "a:"] {
            assert!(valid_host(good.as_bytes()), "{good:?}");
        }
        for bad in [
            ":80", "a b", "a/b", "a?b", "a#b", "a@b", "a:x", "a:1:2", "[::1", "[x]", "[::1]x", "a\\b",
            "a:123456", "%zz", "a\"b", "::1",
        ] {
            assert!(!valid_host(bad.as_bytes()), "{bad:?}");
        }
    }
}
