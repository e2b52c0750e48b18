//! What survives a redirect. Go: net/http client.go redirectBehavior, shouldCopyHeaderOnRedirect.

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, LOCATION, REFERER,
    TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};

use super::error::ClientError;
use crate::body::Body;

/// What the next request is made of.
pub(super) struct Origin {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// The body, if it need not be made again.
    body: Option<Body>,
}

impl Origin {
    pub(super) fn of(request: &Request<Body>) -> Origin {
        Origin {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body: request.body().again(),
        }
    }
}

/// The next request, if the response is a redirect that can be followed.
pub(super) fn next(origin: Origin, response: &Response<Body>) -> Result<Option<Request<Body>>, ClientError> {
    let keeps_method = match response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return Ok(None),
    };
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let Origin { method, uri, mut headers, body } = origin;
    let body = match (keeps_method, body) {
        (true, Some(body)) => body,
        // Go returns the response where it cannot send the body again.
        (true, None) => return Ok(None),
        (false, _) => Body::empty(),
    };
    let to = location.to_str().ok().and_then(|location| resolve(&uri, location));
    let to = to.ok_or_else(|| ClientError::new(format!("failed to parse Location header {location:?}")))?;
    for own in [HOST, REFERER] {
        headers.remove(own);
    }
    if !keeps_method {
        for of_body in [CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING] {
            headers.remove(of_body);
        }
    }
    if !same_site(&uri, &to) {
        for secret in [AUTHORIZATION, COOKIE, WWW_AUTHENTICATE] {
            headers.remove(secret);
        }
    }
    if let Some(referer) = referer(&uri, &to) {
        headers.insert(REFERER, referer);
    }
    let mut request = Request::new(body);
    let to_get = !keeps_method && method != Method::HEAD;
    *request.method_mut() = if to_get { Method::GET } else { method };
    *request.uri_mut() = to;
    *request.headers_mut() = headers;
    Ok(Some(request))
}

/// Whether credentials for the first host may go to the second: it is the same, or below it.
fn same_site(from: &Uri, to: &Uri) -> bool {
    let host = |uri: &Uri| uri.host().unwrap_or_default().to_ascii_lowercase();
    let (from, to) = (host(from), host(to));
    let below = to.strip_suffix(&from).is_some_and(|rest| rest.ends_with('.'));
    let name = !from.contains(':') && from.parse::<std::net::Ipv4Addr>().is_err();
    from == to || below && name
}

fn referer(from: &Uri, to: &Uri) -> Option<HeaderValue> {
    if from.scheme() == Some(&Scheme::HTTPS) && to.scheme() == Some(&Scheme::HTTP) {
        return None;
    }
    HeaderValue::try_from(from.to_string()).ok()
}

/// A reference resolved against the URI that it came from: RFC 3986, section 5.2.
fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let has_scheme = reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    if has_scheme {
        return reference.parse().ok();
    }
    let (authority, path) = match reference.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (rest[..end].parse::<Authority>().ok()?, rest[end..].to_owned())
        }
        None => (base.authority()?.clone(), merged(base, reference)),
    };
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path.as_str(), String::new()),
    };
    let path = without_dots(path) + &query;
    Uri::builder().scheme(base.scheme()?.clone()).authority(authority).path_and_query(path).build().ok()
}

/// Path and query of a reference without an authority.
fn merged(base: &Uri, reference: &str) -> String {
    match reference.as_bytes().first() {
        Some(b'/') => reference.to_owned(),
        Some(b'?') => format!("{}{reference}", base.path()),
        None => base.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        Some(_) => {
            let folder = base.path().rfind('/').map_or("/", |end| &base.path()[..=end]);
            format!("{folder}{reference}")
        }
    }
}

/// RFC 3986, section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let last = segments.len() - 1;
    for (i, segment) in segments.into_iter().enumerate() {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
        if i == last && (segment == "." || segment == "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        let base: Uri = "http://a:1/b/c/d?q".parse().unwrap();
        for (reference, uri) in [
            ("http://x/y", "http://x/y"),
            ("//x/y", "http://x/y"),
            ("/y", "http://a:1/y"),
            ("y", "http://a:1/b/c/y"),
            ("./y", "http://a:1/b/c/y"),
            ("../y", "http://a:1/b/y"),
            ("../../../y", "http://a:1/y"),
            ("..", "http://a:1/b/"),
            ("?p", "http://a:1/b/c/d?p"),
            ("", "http://a:1/b/c/d?q"),
            ("y#f", "http://a:1/b/c/y"),
            ("/y?p=/../", "http://a:1/y?p=/../"),
        ] {
            assert_eq!(resolve(&base, reference).map(|u| u.to_string()).as_deref(), Some(uri), "{reference}");
        }
    }

    #[test]
    fn credentials_stay_at_the_host_and_below_it() {
        for (from, to, same) in [
            ("http://a.com/", "http://a.com:8080/", true),
            ("http://a.com/", "http://A.com/", true),
            ("http://a.com/", "http://b.a.com/", true),
            ("http://b.a.com/", "http://a.com/", false),
            ("http://a.com/", "http://xa.com/", false),
            ("http://1.2.3.4/", "http://5.1.2.3.4/", false),
        ] {
            assert_eq!(same_site(&from.parse().unwrap(), &to.parse().unwrap()), same, "{from} {to}");
        }
    }
}
