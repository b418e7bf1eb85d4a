//! A runtime of the cluster's own, so that proxies and stand-ins outlive the test that started them.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Context as _, Result};

/// Stops its tasks when dropped, without waiting for them.
#[derive(Debug)]
pub(crate) struct Background(Option<Runtime>);

impl Background {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("testbed")
            .enable_all()
            .build()
            .context("start the testbed's runtime")?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> &Handle {
        // Only `drop` takes the runtime out.
        self.0
            .as_ref()
            .expect("the runtime lives until drop")
            .handle()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
