//! Probes and their arithmetic.
//!
//! Measured on a real kubelet: the prober ticks from pod admission, so the phase of the first
//! check is arbitrary; a container whose every check fails is never killed before the guaranteed
//! budget, and about at [`Probe::latest_kill`] at the latest
//! (kubernetes `pkg/kubelet/prober/worker.go`).

use super::container::Container;
use super::field::Field;
use super::handler::{Handler, Means};
use super::kinds::Runs;
use super::tables::Tables;
use crate::node::Node;
use crate::path::Path;

/// Seconds that are enough for a program that starts a virtual machine to give its answer.
pub const SLOW_CLIENT_TIMEOUT: u64 = 5;

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Kills a running container.
    Liveness,
    /// Takes it out of its Services.
    Readiness,
    /// Holds the other two off until it has succeeded once, and kills where it does not.
    Startup,
}

impl Purpose {
    /// The field's name.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
            Self::Startup => "startupProbe",
        }
    }
}

/// A probe of a container.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'t> {
    /// Whose.
    pub container: Container<'t>,
    /// Which.
    pub purpose: Purpose,
    /// Its mapping.
    pub node: Node<'t>,
}

impl<'t> Probe<'t> {
    /// A number of seconds or of failures; absent or 0 means the default, as in the API server's
    /// `SetDefaults_Probe` (kubernetes `pkg/apis/core/v1/defaults.go`).
    fn number(self, key: &str, default: u64) -> u64 {
        let written = self.node.get(key).and_then(Node::as_i64).and_then(|number| u64::try_from(number).ok());
        // The API's fields are int32: what is larger is refused there.
        written.filter(|&number| number > 0).unwrap_or(default).min(i32::MAX as u64)
    }

    /// Whether every number is one that the API server takes.
    #[must_use]
    pub fn is_readable(self) -> bool {
        ["initialDelaySeconds", "periodSeconds", "failureThreshold", "timeoutSeconds"].iter().all(|key| {
            let number = self.node.get(key).filter(|number| !number.is_null());
            number
                .is_none_or(|number| number.as_i64().is_some_and(|number| (0..=i64::from(i32::MAX)).contains(&number)))
        })
    }

    /// D, in seconds; default 0.
    #[must_use]
    pub fn initial_delay(self) -> u64 {
        self.number("initialDelaySeconds", 0)
    }

    /// P, in seconds; default 10.
    #[must_use]
    pub fn period(self) -> u64 {
        self.number("periodSeconds", 10)
    }

    /// F; default 3.
    #[must_use]
    pub fn failure_threshold(self) -> u64 {
        self.number("failureThreshold", 3)
    }

    /// T, in seconds; default 1.
    #[must_use]
    pub fn timeout(self) -> u64 {
        self.number("timeoutSeconds", 1)
    }

    /// B = D + (F−1)·P, in seconds: a container that has just started is never killed sooner.
    #[must_use]
    pub fn budget(self) -> u64 {
        self.initial_delay() + (self.failure_threshold() - 1) * self.period()
    }

    /// U = D + P + (F−1)·max(P, T) + T, in seconds: about the latest kill.
    #[must_use]
    pub fn latest_kill(self) -> u64 {
        self.initial_delay()
            + self.period()
            + (self.failure_threshold() - 1) * self.period().max(self.timeout())
            + self.timeout()
    }

    /// (F−1)·P + T, in seconds: how long a running container may be silent.
    #[must_use]
    pub fn tolerance(self) -> u64 {
        (self.failure_threshold() - 1) * self.period() + self.timeout()
    }

    fn field(self, keys: &'static [&'static str]) -> Field<'t> {
        Field::new(self.container.workload.object.root, self.node, keys)
    }

    /// Its own path.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.container.workload.object.root)
    }

    /// Its handlers, under the names of their fields; exactly one is right.
    fn handlers(self) -> impl Iterator<Item = (&'static str, Node<'t>)> {
        ["exec", "httpGet", "tcpSocket", "grpc"]
            .into_iter()
            .filter_map(move |key| self.node.get(key).filter(|node| !node.is_null()).map(|node| (key, node)))
    }

    /// What it asks, where it has one handler.
    #[must_use]
    pub fn handler(self) -> Option<Handler<'t>> {
        let mut all = self.handlers();
        let (Some((key, node)), None) = (all.next(), all.next()) else { return None };
        Some(Handler::new(self.container, Means::of(key)?, node))
    }

    /// Whether its Pod can't do its work as long as this probe never succeeds. Nobody waits until a Job is ready.
    #[must_use]
    pub fn holds_up_its_pod(self) -> bool {
        let for_ever = self.container.workload.runs() != Runs::ToCompletion;
        match self.purpose {
            Purpose::Liveness => false,
            Purpose::Startup => self.container.is_long_running(),
            Purpose::Readiness => self.container.is_long_running() && for_ever,
        }
    }

    /// The timeout that its handler deserves, in seconds: its own, and for a program that starts a virtual
    /// machine five in place of the default of one.
    #[must_use]
    pub fn fair_timeout(self) -> u64 {
        let slow = self.timeout() == 1 && self.handler().is_some_and(|handler| handler.slow_client().is_some());
        if slow { SLOW_CLIENT_TIMEOUT } else { self.timeout() }
    }

    /// A startupProbe with the handler of this probe and a fair timeout, which guarantees at least
    /// `seconds`, and no less than this one does; `None` where the handler is not sound.
    #[must_use]
    pub fn as_startup_probe(self, seconds: u64, tables: &Tables) -> Option<NewProbe> {
        let sound = self.handler().filter(|handler| handler.is_sound(tables));
        let (kind, node) = sound.and_then(|_| self.handlers().next())?;
        let timeout = self.fair_timeout();
        let period = timeout.max(self.period().min(5));
        let threshold = seconds.max(self.budget()).div_ceil(period) + 1;
        if threshold > i32::MAX as u64 {
            return None;
        }
        let mut json = serde_json::Map::from_iter([(kind.to_owned(), node.to_json())]);
        if timeout != 1 {
            json.insert("timeoutSeconds".into(), timeout.into());
        }
        // Its own grace period holds for either kill; below 1 it is refused (`validateProbe`).
        let grace = self.node.get("terminationGracePeriodSeconds").and_then(Node::as_i64);
        if let Some(grace) = grace.filter(|grace| *grace >= 1) {
            json.insert("terminationGracePeriodSeconds".into(), grace.into());
        }
        json.insert("periodSeconds".into(), period.into());
        json.insert("failureThreshold".into(), threshold.into());
        Some(NewProbe { json: json.into(), period, threshold, budget: period * (threshold - 1) })
    }

    /// Where its failureThreshold stands or would stand.
    #[must_use]
    pub fn failure_threshold_field(self) -> Field<'t> {
        self.field(&["failureThreshold"])
    }

    /// Where its timeoutSeconds stands or would stand.
    #[must_use]
    pub fn timeout_field(self) -> Field<'t> {
        self.field(&["timeoutSeconds"])
    }

    /// Where its periodSeconds stands or would stand.
    #[must_use]
    pub fn period_field(self) -> Field<'t> {
        self.field(&["periodSeconds"])
    }
}

/// A probe to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewProbe {
    /// The whole probe.
    pub json: serde_json::Value,
    /// Its periodSeconds.
    pub period: u64,
    /// Its failureThreshold.
    pub threshold: u64,
    /// What it guarantees, in seconds.
    pub budget: u64,
}
