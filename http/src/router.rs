//! Routes: which handler answers which method and path. The paths are matched by `matchit`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode};

use crate::body::Body;
use crate::handler::Handler;
use crate::respond::IntoResponse;

/// Chooses a handler by method and path.
///
/// A path may have parameters: `{id}` stands for one segment, `{*rest}` for the rest of the path, not empty. Where two routes match,
/// the one with the longer fixed part wins. Without a route the answer is 404, or the fallback's; with one of another method only, 405
/// with `Allow`. `HEAD` is answered by the route of `GET`, `OPTIONS` with the methods that are there.
///
/// ```
/// use gopark::http::{Body, Handler, Request, RequestExt, Router};
///
/// let api = Router::new().get("/users/{id}", |r: Request<Body>| format!("user {}", r.param("id").unwrap()));
/// let router = Router::new()
///     .get("/", |_| "home")
///     .nest("/api", api)
///     .wrap(|request, next| {
///         let mut response = next.run(request);
///         response.headers_mut().insert("server", "gopark".parse().unwrap());
///         response
///     });
/// let answer = router.handle(Request::get("/api/users/7").body(Body::empty()).unwrap());
/// assert_eq!(answer.headers()["server"], "gopark");
/// assert_eq!(answer.into_body().text(64).unwrap(), "user 7");
/// ```
#[derive(Clone, Default)]
pub struct Router {
    paths: matchit::Router<usize>,
    routes: Vec<Route>,
    fallback: Option<Arc<dyn Handler>>,
    /// The innermost first.
    layers: Vec<Arc<Layer>>,
}

type Layer = dyn Fn(Request<Body>, Next<'_>) -> Response<Body> + Send + Sync;

/// A path and what answers its methods.
#[derive(Clone)]
struct Route {
    path: String,
    methods: Vec<(Method, Arc<dyn Handler>)>,
    /// For methods that have none.
    any: Option<Arc<dyn Handler>>,
}

/// The parameters of a path, decoded.
#[derive(Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        // The innermost router's comes last, and wins.
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Router {
    /// A router without routes.
    ///
    /// ```
    /// use gopark::http::{Body, Handler, Request, Router};
    ///
    /// let answer = Router::new().handle(Request::get("/").body(Body::empty()).unwrap());
    /// assert_eq!(answer.status(), 404);
    /// ```
    pub fn new() -> Router {
        Router::default()
    }

    /// The handler of a method and a path.
    ///
    /// # Panics
    /// If the path is malformed, conflicts with another, or has a handler for this method.
    ///
    /// ```
    /// use gopark::http::{Method, Router};
    ///
    /// let router = Router::new().route(Method::PATCH, "/things/{id}", |_| "changed");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn route(mut self, method: Method, path: &str, handler: impl Handler) -> Router {
        let route = self.at(path);
        let twice = route.methods.iter().any(|(m, _)| *m == method);
        assert!(!twice, "{method} {path} has a handler already");
        route.methods.push((method, Arc::new(handler)));
        self
    }

    /// The handler of a path for all methods that have none.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().any("/echo", |r: gopark::http::Request<_>| r.into_body());
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn any(mut self, path: &str, handler: impl Handler) -> Router {
        let route = self.at(path);
        assert!(route.any.is_none(), "{path} has a handler already");
        route.any = Some(Arc::new(handler));
        self
    }

    #[track_caller]
    fn at(&mut self, path: &str) -> &mut Route {
        let found = self.routes.iter().position(|route| route.path == path);
        let index = found.unwrap_or_else(|| {
            if let Err(e) = self.paths.insert(path, self.routes.len()) {
                panic!("the route {path:?}: {e}");
            }
            self.routes.push(Route { path: path.to_owned(), methods: Vec::new(), any: None });
            self.routes.len() - 1
        });
        &mut self.routes[index]
    }

    /// The routes of another router below a prefix, with what wraps it and its fallback. Its handlers see the whole path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// use gopark::http::Router;
    ///
    /// let router = Router::new().nest("/v1", Router::new().get("/ping", |_| "pong"));
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn nest(mut self, prefix: &str, router: Router) -> Router {
        let prefix = prefix.trim_end_matches('/');
        let Router { routes, fallback, layers, .. } = router;
        let layers: Arc<[Arc<Layer>]> = layers.into();
        let wrapped = |handler: Arc<dyn Handler>| Wrapped { handler, layers: layers.clone() };
        for route in routes {
            let path = format!("{prefix}{}", route.path);
            for (method, handler) in route.methods {
                self = self.route(method, &path, wrapped(handler));
            }
            if let Some(any) = route.any {
                self = self.any(&path, wrapped(any));
            }
        }
        if let Some(fallback) = fallback {
            self = self.any(&format!("{prefix}/{{*rest}}"), wrapped(fallback));
        }
        self
    }

    /// The handler of paths without a route.
    ///
    /// ```
    /// use gopark::http::{Router, StatusCode};
    ///
    /// let router = Router::new().fallback(|_| (StatusCode::NOT_FOUND, "nothing here"));
    /// # drop(router);
    /// ```
    pub fn fallback(mut self, handler: impl Handler) -> Router {
        self.fallback = Some(Arc::new(handler));
        self
    }

    /// Puts a function around everything that the router answers, around earlier ones too. It may change the request and the
    /// response, or answer by itself.
    ///
    /// ```
    /// use gopark::http::{IntoResponse, Router, StatusCode};
    ///
    /// let router = Router::new().get("/", |_| "secret").wrap(|request, next| {
    ///     if request.headers().contains_key("authorization") {
    ///         next.run(request)
    ///     } else {
    ///         StatusCode::UNAUTHORIZED.into_response()
    ///     }
    /// });
    /// # drop(router);
    /// ```
    pub fn wrap<F>(mut self, f: F) -> Router
    where
        F: Fn(Request<Body>, Next<'_>) -> Response<Body> + Send + Sync + 'static,
    {
        self.layers.push(Arc::new(f));
        self
    }

    fn choose(&self, mut request: Request<Body>) -> Response<Body> {
        let Ok(matched) = self.paths.at(request.uri().path()) else { return self.unrouted(request) };
        let route = &self.routes[*matched.value];
        let params: Vec<_> = matched.params.iter().map(|(k, v)| (k.to_owned(), decoded(v))).collect();
        if !params.is_empty() {
            let all = request.extensions_mut().get_or_insert_default::<Params>();
            all.0.extend(params);
        }
        match route.handler(request.method()) {
            Some(handler) => handler.handle(request),
            None => route.other_method(request.method()),
        }
    }

    fn unrouted(&self, request: Request<Body>) -> Response<Body> {
        match &self.fallback {
            Some(handler) => handler.handle(request),
            None => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
        }
    }
}

/// One for each method.
impl Router {
    /// The handler of `GET` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().get("/", |_| "home");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn get(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::GET, path, handler)
    }

    /// The handler of `POST` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().post("/things", |_| gopark::http::StatusCode::CREATED);
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn post(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::POST, path, handler)
    }

    /// The handler of `PUT` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().put("/things/{id}", |_| "done");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn put(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::PUT, path, handler)
    }

    /// The handler of `DELETE` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().delete("/things/{id}", |_| "done");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn delete(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::DELETE, path, handler)
    }

    /// The handler of `PATCH` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().patch("/things/{id}", |_| "done");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn patch(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::PATCH, path, handler)
    }

    /// The handler of `HEAD` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().head("/things/{id}", |_| "done");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn head(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::HEAD, path, handler)
    }

    /// The handler of `OPTIONS` for a path.
    ///
    /// # Panics
    /// As [`route`](Self::route).
    ///
    /// ```
    /// let router = gopark::http::Router::new().options("/things/{id}", |_| "done");
    /// # drop(router);
    /// ```
    #[track_caller]
    pub fn options(self, path: &str, handler: impl Handler) -> Router {
        self.route(Method::OPTIONS, path, handler)
    }
}

impl Route {
    fn handler(&self, method: &Method) -> Option<&Arc<dyn Handler>> {
        let of = |wanted: &Method| self.methods.iter().find(|(m, _)| m == wanted).map(|(_, handler)| handler);
        let found = of(method).or_else(|| if method == Method::HEAD { of(&Method::GET) } else { None });
        found.or(self.any.as_ref())
    }

    fn other_method(&self, method: &Method) -> Response<Body> {
        let mut names: Vec<_> = self.methods.iter().map(|(m, _)| m.as_str()).collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        names.sort_unstable();
        let mut response = match *method {
            Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
            _ => (StatusCode::METHOD_NOT_ALLOWED, "405 method not allowed\n").into_response(),
        };
        if let Ok(allow) = HeaderValue::try_from(names.join(", ")) {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

impl Handler for Router {
    fn handle(&self, request: Request<Body>) -> Response<Body> {
        Next { layers: &self.layers, inner: Inner::Router(self) }.run(request)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| &route.path)).finish()
    }
}

/// A handler of a nested router within what wraps that router.
struct Wrapped {
    handler: Arc<dyn Handler>,
    layers: Arc<[Arc<Layer>]>,
}

impl Handler for Wrapped {
    fn handle(&self, request: Request<Body>) -> Response<Body> {
        Next { layers: &self.layers, inner: Inner::Handler(&*self.handler) }.run(request)
    }
}

/// What a function given to [`Router::wrap`] is wrapped around.
pub struct Next<'a> {
    /// The innermost first.
    layers: &'a [Arc<Layer>],
    inner: Inner<'a>,
}

enum Inner<'a> {
    Router(&'a Router),
    Handler(&'a dyn Handler),
}

impl Next<'_> {
    /// Answers the request.
    ///
    /// ```
    /// let router = gopark::http::Router::new().wrap(|request, next| next.run(request));
    /// # drop(router);
    /// ```
    pub fn run(self, request: Request<Body>) -> Response<Body> {
        match self.layers.split_last() {
            Some((outer, layers)) => outer(request, Next { layers, inner: self.inner }),
            None => match self.inner {
                Inner::Router(router) => router.choose(request),
                Inner::Handler(handler) => handler.handle(request),
            },
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}

/// Without percent signs where they encode UTF-8; else as it is.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{RequestExt, bare};

    fn answer(router: &Router, method: Method, path: &str) -> (u16, String) {
        let mut request = bare(path);
        *request.method_mut() = method;
        let response = router.handle(request);
        let allow = response.headers().get(ALLOW).map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), allow.unwrap_or_else(|| response.into_body().text(99).unwrap()))
    }

    #[test]
    fn methods_and_paths() {
        let router = Router::new()
            .get("/", |_| "home")
            .get("/a/{x}", |r: Request<Body>| r.param("x").unwrap().to_owned())
            .post("/a/{x}", |_| "posted")
            .any("/any", |r: Request<Body>| r.method().to_string())
            .get("/files/{*path}", |r: Request<Body>| r.param("path").unwrap().to_owned());
        let cases = [
            (Method::GET, "/", 200, "home"),
            (Method::GET, "/a/b%20c?q", 200, "b c"),
            (Method::GET, "/a/%ff", 200, "%ff"),
            (Method::POST, "/a/b", 200, "posted"),
            (Method::HEAD, "/a/b", 200, "b"),
            (Method::DELETE, "/a/b", 405, "GET, HEAD, POST"),
            (Method::OPTIONS, "/a/b", 204, "GET, HEAD, POST"),
            (Method::PUT, "/any", 200, "PUT"),
            (Method::GET, "/files/x/y", 200, "x/y"),
            (Method::GET, "/files/", 404, "404 page not found\n"),
            (Method::GET, "/a/b/c", 404, "404 page not found\n"),
        ];
        for (method, path, status, text) in cases {
            assert_eq!(answer(&router, method.clone(), path), (status, text.to_owned()), "{method} {path}");
        }
    }

    #[test]
    fn layers_wrap_from_inside_out_and_nested_ones_stay_inside() {
        fn mark(router: Router, mark: &'static str) -> Router {
            router.wrap(move |request, next| {
                let text = next.run(request).into_body().text(99).unwrap();
                format!("{mark}({text})").into_response()
            })
        }
        let inner =
            mark(Router::new().get("/x/{id}", |r: Request<Body>| r.param("id").unwrap().to_owned()), "inner");
        let inner = inner.fallback(|_| "inner fallback");
        let outer = mark(mark(Router::new().nest("/in", inner), "first"), "last");
        for (path, text) in [
            ("/in/x/1", "last(first(inner(1)))"),
            ("/in/y", "last(first(inner(inner fallback)))"),
            ("/else", "last(first(404 page not found\n))"),
        ] {
            assert_eq!(answer(&outer, Method::GET, path).1, text, "{path}");
        }
    }

    #[test]
    #[should_panic(expected = "GET / has a handler already")]
    fn a_route_twice() {
        drop(Router::new().get("/", |_| "a").get("/", |_| "b"));
    }
}
