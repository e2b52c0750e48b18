//! The client: HTTP/1.1 in the blocking style. Go: net/http Client, Transport.
//!
//! | file | holds |
//! |---|---|
//! | `exchange.rs` | one request on a connection, and once more where the connection had died |
//! | `pool.rs` | connections that are kept |
//! | `redirect.rs` | what survives a redirect |
//! | `error.rs` | what goes wrong |

mod error;
mod exchange;
mod pool;
mod redirect;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gopark_runtime::context::Context;
use http::{HeaderName, HeaderValue, Method, Request, Response};

pub use error::ClientError;
use pool::Pool;

use crate::body::Body;

/// A client over plain HTTP/1.1, which keeps its connections. A clone is the same client.
///
/// ```
/// use gopark::{go, http, net};
///
/// # unsafe { gopark::run(|| {
/// let listener = net::listen("tcp", "127.0.0.1:0").unwrap();
/// let url = format!("http://{}/", listener.addr());
/// go(|| http::serve(listener, |_| "hello"));
///
/// let response = http::Client::new().get(&url).header("accept", "text/plain").send().unwrap();
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.into_body().text(64).unwrap(), "hello");
/// # }) }
/// ```
#[derive(Clone, Default)]
pub struct Client {
    pool: Arc<Pool>,
}

/// The most redirects that are followed. Go: defaultCheckRedirect.
const MAX_REDIRECTS: usize = 10;

impl Client {
    /// A client without connections.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let client = gopark::http::Client::new();
    /// # drop(client);
    /// # }) }
    /// ```
    pub fn new() -> Client {
        Client::default()
    }

    /// A `GET` request.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().get(&url).send().unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }) }
    /// ```
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.method(Method::GET, url)
    }

    /// A `HEAD` request.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().head(&url).send().unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }) }
    /// ```
    pub fn head(&self, url: &str) -> RequestBuilder {
        self.method(Method::HEAD, url)
    }

    /// A `POST` request.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().post(&url).body("hello").send().unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }) }
    /// ```
    pub fn post(&self, url: &str) -> RequestBuilder {
        self.method(Method::POST, url)
    }

    /// A `PUT` request.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().put(&url).body("hello").send().unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }) }
    /// ```
    pub fn put(&self, url: &str) -> RequestBuilder {
        self.method(Method::PUT, url)
    }

    /// A `DELETE` request.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().delete(&url).send().unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }) }
    /// ```
    pub fn delete(&self, url: &str) -> RequestBuilder {
        self.method(Method::DELETE, url)
    }

    /// A request of any method.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// use gopark::http::{Client, Method};
    ///
    /// let response = Client::new().method(Method::PATCH, &url).body("part").send().unwrap();
    /// assert_eq!(response.into_body().text(64).unwrap(), "part");
    /// # }) }
    /// ```
    pub fn method(&self, method: Method, url: &str) -> RequestBuilder {
        RequestBuilder {
            client: self.clone(),
            request: Request::builder().method(method).uri(url),
            body: Body::empty(),
            context: Context::background(),
            timeout: None,
        }
    }

    /// Sends a request with an absolute URI, and follows redirects as Go does.
    ///
    /// The connection is kept for the next request once the response's body has been read to its end. A request on a kept connection
    /// that has died is sent once more on a new one, if its method is idempotent and its body need not be made again.
    ///
    /// # Errors
    /// What is wrong with the request; those of dialling; a connection that ends before the response.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// use gopark::http::{Body, Client, Request};
    ///
    /// let request = Request::get(&url).body(Body::empty()).unwrap();
    /// assert_eq!(Client::new().request(request).unwrap().status(), 200);
    /// # }) }
    /// ```
    pub fn request(&self, request: Request<Body>) -> Result<Response<Body>, ClientError> {
        self.follow(request, &Context::background())
    }

    fn follow(&self, mut request: Request<Body>, context: &Context) -> Result<Response<Body>, ClientError> {
        for _ in 0..MAX_REDIRECTS {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            let named = |e: ClientError| e.of(&method, &uri);
            let origin = redirect::Origin::of(&request);
            let response = exchange::send(&self.pool, request, context).map_err(named)?;
            match redirect::next(origin, &response).map_err(named)? {
                Some(next) => request = next,
                None => return Ok(response),
            }
        }
        Err(ClientError::new("stopped after 10 redirects").of(request.method(), request.uri()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A request that is being made; [`send`](Self::send) sends it.
///
/// ```
/// let request: gopark::http::RequestBuilder = gopark::http::Client::new().get("http://localhost/").header("accept", "*/*");
/// # drop(request);
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    request: http::request::Builder,
    body: Body,
    context: Context,
    timeout: Option<Duration>,
}

impl RequestBuilder {
    /// Adds a field. One that is malformed makes `send` fail.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let request = gopark::http::Client::new().get(&url).header("accept", "text/plain");
    /// assert!(request.send().is_ok());
    /// let request = gopark::http::Client::new().get(&url).header("not a name", "x");
    /// assert!(request.send().is_err());
    /// # }) }
    /// ```
    pub fn header<K, V>(mut self, name: K, value: V) -> RequestBuilder
    where
        K: TryInto<HeaderName>,
        K::Error: Into<http::Error>,
        V: TryInto<HeaderValue>,
        V::Error: Into<http::Error>,
    {
        self.request = self.request.header(name, value);
        self
    }

    /// The body.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().post(&url).body("hello").send().unwrap();
    /// assert_eq!(response.into_body().text(64).unwrap(), "hello");
    /// # }) }
    /// ```
    pub fn body(mut self, body: impl Into<Body>) -> RequestBuilder {
        self.body = body.into();
        self
    }

    /// How long all of it may take, redirects and the reading of the response's body included.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    ///
    /// let silent = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let url = format!("http://{}/", silent.addr());
    /// let request = gopark::http::Client::new().get(&url).timeout(Duration::from_millis(5));
    /// assert!(request.send().unwrap_err().timeout());
    /// # }) }
    /// ```
    pub fn timeout(mut self, d: Duration) -> RequestBuilder {
        self.timeout = Some(d);
        self
    }

    /// Ends the request when the context ends, the reading of the response's body included.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// use gopark::context::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// let error = gopark::http::Client::new().get(&url).context(&ctx).send().unwrap_err();
    /// assert!(error.to_string().ends_with("context canceled"));
    /// # }) }
    /// ```
    pub fn context(mut self, context: &Context) -> RequestBuilder {
        self.context = context.clone();
        self
    }

    /// Sends it, and returns once the response's head is there.
    ///
    /// # Errors
    /// As [`Client::request`]; a malformed URL or field; the time is over, or the context has ended.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// # let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// # let url = format!("http://{}/", listener.addr());
    /// # let handler = |r: gopark::http::Request<_>| r.into_body();
    /// # gopark::go(move || gopark::http::serve(listener, handler));
    /// let response = gopark::http::Client::new().get(&url).send().unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }) }
    /// ```
    pub fn send(self) -> Result<Response<Body>, ClientError> {
        let request = self.request.body(self.body).map_err(ClientError::new)?;
        let Some(timeout) = self.timeout else { return self.client.follow(request, &self.context) };
        // Not cancelled at the end: the time runs until the body has been read, which holds the context.
        let (context, _cancel) = self.context.with_timeout(timeout);
        self.client.follow(request, &context)
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").field("request", &self.request).finish_non_exhaustive()
    }
}
