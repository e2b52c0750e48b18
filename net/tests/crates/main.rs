//! Libraries that know nothing of goroutines, on goroutines.

#[path = "../common/mod.rs"]
mod common;
mod futures;
mod hyper;
mod rustls;
