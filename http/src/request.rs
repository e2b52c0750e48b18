//! What a handler can ask of its request besides head and body.

use std::sync::{Arc, LazyLock};

use gopark_net::Addr;
use gopark_runtime::context::Context;
use http::Request;

use crate::router::Params;
use crate::server::Exchange;
use crate::upgrade::{Upgrade, UpgradeError};

/// More about a request. The server keeps it among the request's extensions, so it survives what a handler does to head and body.
///
/// ```
/// use gopark::http::{Body, Request, RequestExt, Router, Handler};
///
/// let router = Router::new().get("/users/{id}", |request: Request<Body>| {
///     request.param("id").unwrap_or_default().to_owned()
/// });
/// let answer = router.handle(Request::get("/users/7").body(Body::empty()).unwrap());
/// assert_eq!(answer.into_body().text(64).unwrap(), "7");
/// ```
pub trait RequestExt {
    /// Cancelled when the client goes away, the server closes, or the answer has been made. Of a request that no server has received:
    /// the background context.
    fn context(&self) -> &Context;

    /// What stands in the request's path for a parameter of the route that was chosen, decoded.
    fn param(&self, name: &str) -> Option<&str>;

    /// The client's address, or that of the proxy before it; `None` for a request that no server has received.
    fn peer_addr(&self) -> Option<&Addr>;

    /// The client's wish to go on with another protocol.
    ///
    /// # Errors
    /// It has none.
    fn upgrade(&mut self) -> Result<Upgrade, UpgradeError>;
}

static BACKGROUND: LazyLock<Context> = LazyLock::new(Context::background);

impl<B> RequestExt for Request<B> {
    fn context(&self) -> &Context {
        self.extensions().get::<Arc<Exchange>>().map_or(&*BACKGROUND, |exchange| exchange.context())
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.extensions().get::<Params>()?.get(name)
    }

    fn peer_addr(&self) -> Option<&Addr> {
        self.extensions().get::<Arc<Exchange>>().map(|exchange| exchange.peer_addr())
    }

    fn upgrade(&mut self) -> Result<Upgrade, UpgradeError> {
        Upgrade::of(self)
    }
}

/// A request without head or body, for tests of handlers.
#[cfg(test)]
pub(crate) fn bare(path: &str) -> Request<crate::Body> {
    Request::get(path).body(crate::Body::empty()).expect("a path")
}
