//! hyper's tasks as goroutines.

use std::future::Future;

use gopark_runtime::{block_on, try_go};

/// Runs each task in a goroutine.
#[derive(Debug, Clone, Default)]
pub(crate) struct GoExecutor(());

impl GoExecutor {
    pub(crate) fn new() -> GoExecutor {
        GoExecutor::default()
    }
}

impl<F> hyper::rt::Executor<F> for GoExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        // Where there is no stack for it the task is dropped, and its stream with it.
        let _ = try_go(move || block_on(task));
    }
}
