//! Libraries that know nothing of goroutines, on goroutines.

#[path = "../common/mod.rs"]
mod common;
mod hyper;
mod rustls;
