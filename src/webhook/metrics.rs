//! What is counted. No label holds a name or namespace of an object: their number has no bound.

use super::answer::{Noted, Outcome, Record};
use super::body::Budget;
use crate::policy::Action;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tracing_appender::non_blocking::ErrorCounter;

/// Upper bounds in seconds: a small review takes some hundred microseconds, and 30 s is the longest request there is.
const BUCKETS: [f64; 17] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Found {
    rule: &'static str,
    level: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reload {
    result: &'static str,
}

/// Why a body was not evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rejected {
    ContentType,
    TooLarge,
    Slow,
    Broken,
    NoReview,
}

/// Why a request was put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shed {
    /// The queue is full.
    Queue,
    /// Its time was up before its turn came.
    Deadline,
    /// The bodies held already leave no room.
    BodyBudget,
}

/// Why a connection ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Dropped {
    /// There were as many as may be.
    Refused,
    /// There is no certificate yet.
    NoCertificate,
    HandshakeFailed,
    HandshakeTimeout,
    HeaderTimeout,
    IdleTimeout,
    WriteTimeout,
    /// In the middle of a request, or no HTTP.
    Broken,
}

macro_rules! words {
    ($($type:ident { $($name:ident = $word:literal),+ $(,)? })+) => {$(
        impl $type {
            const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As it stands in metrics and log.
            pub(super) fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word),+
                }
            }
        }
    )+};
}

words! {
    Rejected {
        ContentType = "content_type",
        TooLarge = "too_large",
        Slow = "slow",
        Broken = "broken",
        NoReview = "no_review",
    }
    Shed {
        Queue = "queue",
        Deadline = "deadline",
        BodyBudget = "body_budget",
    }
    Dropped {
        Refused = "refused",
        NoCertificate = "no_certificate",
        HandshakeFailed = "handshake_failed",
        HandshakeTimeout = "handshake_timeout",
        HeaderTimeout = "header_timeout",
        IdleTimeout = "idle_timeout",
        WriteTimeout = "write_timeout",
        Broken = "broken",
    }
}

/// All that is counted.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Decided, Counter>,
    duration: Histogram,
    findings: Family<Found, Counter>,
    shed: Family<Because, Counter>,
    rejected: Family<Because, Counter>,
    dropped: Family<Because, Counter>,
    certificate_reloads: Family<Reload, Counter>,
    certificate_syncs: Family<Reload, Counter>,
    policy_reloads: Family<Reload, Counter>,
    certificate_expiry: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) panics: Counter,
    pub(super) deadlines: Counter,
    pub(super) abandoned: Counter,
    patches_dropped: Counter,
    pub(super) connections: Gauge,
    pub(super) accept_errors: Counter,
}

/// The result of a reload that was taken.
const SUCCESS: &str = "success";
/// And of one that was refused.
const FAILURE: &str = "failure";

impl Metrics {
    pub(super) fn new(dropped_lines: ErrorCounter, budget: Arc<Budget>) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("crashlint"),
            requests: Family::default(),
            duration: Histogram::new(BUCKETS),
            findings: Family::default(),
            shed: Family::default(),
            rejected: Family::default(),
            dropped: Family::default(),
            certificate_reloads: Family::default(),
            certificate_syncs: Family::default(),
            policy_reloads: Family::default(),
            certificate_expiry: Gauge::default(),
            in_flight: Gauge::default(),
            panics: Counter::default(),
            deadlines: Counter::default(),
            abandoned: Counter::default(),
            patches_dropped: Counter::default(),
            connections: Gauge::default(),
            accept_errors: Counter::default(),
        };
        metrics.zero();
        metrics.register(dropped_lines, budget);
        metrics
    }

    /// Makes series whose labels are known begin at 0, so that their first event is seen as a rise.
    fn zero(&self) {
        for reason in Shed::ALL {
            drop(self.shed.get_or_create(&Because { reason: reason.word() }));
        }
        for reason in Rejected::ALL {
            drop(self.rejected.get_or_create(&Because { reason: reason.word() }));
        }
        for reason in Dropped::ALL {
            drop(self.dropped.get_or_create(&Because { reason: reason.word() }));
        }
        for result in [SUCCESS, FAILURE] {
            drop(self.certificate_reloads.get_or_create(&Reload { result }));
            drop(self.certificate_syncs.get_or_create(&Reload { result }));
            drop(self.policy_reloads.get_or_create(&Reload { result }));
        }
    }

    fn register(&mut self, dropped_lines: ErrorCounter, budget: Arc<Budget>) {
        let r = &mut self.registry;
        // The writer adds `_total` to counters, a full stop to texts.
        r.register("admission_requests", "Reviews answered", self.requests.clone());
        r.register("admission_duration_seconds", "Time from a request's head to its answer", self.duration.clone());
        r.register("admission_in_flight", "Requests under way", self.in_flight.clone());
        r.register("admission_shed", "Requests put off with 429", self.shed.clone());
        r.register("admission_panics", "Evaluations that panicked", self.panics.clone());
        r.register("admission_deadline_exceeded", "Evaluations that took too long", self.deadlines.clone());
        r.register("admission_abandoned", "Requests whose client hung up before the answer", self.abandoned.clone());
        let dropped = self.patches_dropped.clone();
        r.register("admission_patches_dropped", "Patches that did not apply and were not sent", dropped);
        r.register("rejected_bodies", "Bodies that were not evaluated", self.rejected.clone());
        r.register("findings", "Findings in reviews, by what was done with them", self.findings.clone());
        r.register("connections", "Connections open on the TLS port", self.connections.clone());
        r.register("dropped_connections", "Connections ended before their time", self.dropped.clone());
        r.register("accept_errors", "Connections that could not be accepted", self.accept_errors.clone());
        let expiry = self.certificate_expiry.clone();
        r.register("certificate_expiry_timestamp_seconds", "When the served certificate expires; 0 is none", expiry);
        r.register("certificate_reload", "Reloads of certificates", self.certificate_reloads.clone());
        let help = "Looks at the Secret and the webhook configurations of a self-made certificate";
        r.register("certificate_sync", help, self.certificate_syncs.clone());
        r.register("policy_reload", "Reloads of the policy", self.policy_reloads.clone());
        r.register("build", "The version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        r.register_collector(Box::new(Live { dropped_lines, budget }));
    }

    /// The OpenMetrics text.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        // To a string this does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    pub(super) fn decided(&self, record: &Record, took: Duration) {
        let operation = if record.head.operation.is_empty() { "unknown" } else { record.head.operation };
        self.requests.get_or_create(&Decided { operation, result: outcome(record.outcome) }).inc();
        self.duration.observe(took.as_secs_f64());
        for Noted { rule, level, .. } in &record.findings {
            self.findings.get_or_create(&Found { rule, level: action(*level) }).inc();
        }
        if record.dropped.is_some() {
            self.patches_dropped.inc();
        }
    }

    pub(super) fn shed(&self, reason: Shed) {
        self.shed.get_or_create(&Because { reason: reason.word() }).inc();
    }

    pub(super) fn rejected(&self, reason: Rejected) {
        self.rejected.get_or_create(&Because { reason: reason.word() }).inc();
    }

    pub(super) fn dropped(&self, reason: Dropped) {
        self.dropped.get_or_create(&Because { reason: reason.word() }).inc();
    }

    /// Another certificate is served, until these seconds since 1970.
    pub(super) fn certificate_taken(&self, not_after: i64) {
        self.certificate_expiry.set(not_after);
        self.certificate_reloads.get_or_create(&Reload { result: SUCCESS }).inc();
    }

    pub(super) fn certificate_refused(&self) {
        self.certificate_reloads.get_or_create(&Reload { result: FAILURE }).inc();
    }

    /// A look at the API server's side of a self-made certificate ended.
    pub(super) fn certificate_synced(&self, well: bool) {
        let result = if well { SUCCESS } else { FAILURE };
        self.certificate_syncs.get_or_create(&Reload { result }).inc();
    }

    pub(super) fn policy_reloaded(&self, taken: bool) {
        let result = if taken { SUCCESS } else { FAILURE };
        self.policy_reloads.get_or_create(&Reload { result }).inc();
    }
}

/// The word of an outcome in metrics and log.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Denied => "denied",
        Outcome::Patched => "patched",
        Outcome::FailedOpen => "failed_open",
        Outcome::FailedClosed => "failed_closed",
    }
}

/// The word of an action in metrics and log.
pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::Deny => "deny",
        Action::Warn => "warn",
        Action::Audit => "audit",
        Action::Off => "off",
    }
}

/// What others count, asked at each look.
struct Live {
    dropped_lines: ErrorCounter,
    budget: Arc<Budget>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dropped_lines.dropped_lines(), self.budget.held())
    }
}

impl Collector for Live {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let lines = ConstCounter::new(self.dropped_lines.dropped_lines() as u64);
        let help = "Lines that the log had no room for.";
        lines.encode(encoder.encode_descriptor("log_lines_dropped", help, None, lines.metric_type())?)?;
        let held = ConstGauge::new(i64::try_from(self.budget.held()).unwrap_or(i64::MAX));
        let help = "Bytes of bodies held now.";
        held.encode(encoder.encode_descriptor("body_held_bytes", help, None, held.metric_type())?)
    }
}
