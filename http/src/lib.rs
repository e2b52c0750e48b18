//! HTTP in the blocking style: handlers are functions that read and write, each in its own goroutine.
//!
//! ```
//! use gopark::http::{Body, Request, RequestExt, Router, Server};
//! use gopark::net;
//!
//! fn user(request: Request<Body>) -> String {
//!     format!("user {}\n", request.param("id").unwrap_or_default())
//! }
//!
//! # unsafe { gopark::run(|| {
//! let listener = net::listen("tcp", "127.0.0.1:0").unwrap();
//! let router = Router::new().get("/", |_| "home\n").get("/users/{id}", user);
//! let server = Server::new(router);
//! # let serving = server.clone();
//! # let serving = gopark::go(move || serving.serve(listener));
//! # server.close();
//! # serving.join().unwrap().unwrap();
//! # /*
//! server.serve(listener)
//! # */
//! # }) }
//! ```
//!
//! The protocol is hyper's, heads are the types of the crate `http`, routes are matched by `matchit`.

// Each file uses the ones above it:
//
// | file | what |
// |---|---|
// | `body` | bodies, both ways |
// | `respond`, `handler`, `router`, `request` | what answers requests |
// | `server` | connections and requests |
// | `client` | the client |
// | `upgrade`, `tower` | other protocols; other libraries' services |

mod body;
mod client;
mod handler;
mod request;
mod respond;
mod router;
mod server;
#[cfg(feature = "tower")]
mod tower;
mod upgrade;

pub use body::{Body, BodyWriter};
pub use bytes::Bytes;
pub use client::{Client, ClientError, RequestBuilder};
pub use handler::Handler;
pub use request::RequestExt;
pub use respond::IntoResponse;
pub use router::{Next, Router};
pub use server::{ServeError, Server, serve};
#[cfg(feature = "tower")]
pub use tower::tower;
pub use upgrade::{Upgrade, UpgradeError, Upgraded};

#[doc(no_inline)]
pub use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header,
};
