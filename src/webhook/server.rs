//! What all parts of a running server share.

use super::body::Budget;
use super::certificates::Certificates;
use super::connection::Stage;
use super::evaluate::Pool;
use super::managed::Managed;
use super::metrics::Metrics;
use super::{Evaluate, Options};
use crate::policy::Policy;
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::watch;
use tracing_appender::non_blocking::ErrorCounter;

/// A running server.
pub(super) struct Server {
    pub(super) options: Options,
    pub(super) evaluate: Arc<Evaluate>,
    pub(super) policy: ArcSwap<Policy>,
    pub(super) certificates: Certificates,
    /// Where the server makes its certificate itself.
    pub(super) managed: Option<Arc<Managed>>,
    pub(super) metrics: Metrics,
    pub(super) pool: Pool,
    pub(super) budget: Arc<Budget>,
    pub(super) stage: watch::Sender<Stage>,
}

impl Server {
    pub(super) fn new(
        options: Options,
        policy: Policy,
        evaluate: Arc<Evaluate>,
        dropped_lines: ErrorCounter,
    ) -> Arc<Self> {
        let budget = Budget::new(options.body_budget);
        Arc::new(Self {
            policy: ArcSwap::from_pointee(policy),
            certificates: Certificates::default(),
            managed: options.certificate_secret.is_some().then(Arc::default),
            metrics: Metrics::new(dropped_lines, Arc::clone(&budget)),
            pool: Pool::new(options.workers(), options.queue),
            budget,
            stage: watch::channel(Stage::Serving).0,
            evaluate,
            options,
        })
    }

    /// Why no requests should be sent here; empty where they should.
    pub(super) fn unready(&self) -> Vec<&'static str> {
        let stopping = (*self.stage.borrow() != Stage::Serving).then_some("shutting down");
        let untold = self.managed.as_ref().and_then(|managed| managed.fault());
        stopping.into_iter().chain(self.certificates.fault(self.now())).chain(untold).collect()
    }

    /// Seconds since 1970 by the clock that certificates are judged by, as far as it is known.
    pub(super) fn now(&self) -> i64 {
        self.managed.as_ref().map_or_else(now, |managed| managed.clock.now())
    }
}

/// Seconds since 1970, by this machine.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
