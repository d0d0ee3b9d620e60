//! The words of `crashlint webhook`. The defaults are those for a cluster.

use super::duration;
use clap::{Parser, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

const FILES: &str = "Files";
const SELF_MADE: &str = "A certificate of the server's own";
const LIMITS: &str = "Limits";
const LIFE: &str = "Life";

/// Answer the admission reviews of a Kubernetes API server.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "webhook",
    long_about = "Answer the admission reviews of a Kubernetes API server.\n\n\
    POST /validate, /validate/MODE and /mutate over TLS; on a second, plain port GET /livez, /readyz and /metrics. \
    Certificates and policy are read again when their content changes: what is broken is refused and logged, and the last \
    good one stays. With --certificate-secret the server makes its certificate itself, renews it, and tells the API server by the \
    webhook configurations whom to trust. Without a usable certificate at the start the server waits for one, alive and not ready; a broken \
    policy at the start ends it with 2. SIGTERM ends it gracefully, a second one at once."
)]
pub struct Options {
    /// Where reviews are answered, over TLS [default: port 8443 of every address].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where health and metrics are answered, plain [default: port 8080 of every address].
    #[arg(long, value_name = "ADDR")]
    pub ops_listen: Option<SocketAddr>,

    /// The server's certificate and those between it and its CA, PEM; needs --key. Without it, --certificate-secret.
    #[arg(long, value_name = "FILE", requires = "key", required_unless_present = "certificate_secret", help_heading = FILES)]
    pub cert: Option<PathBuf>,
    /// The certificate's private key, PEM; needs --cert.
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = FILES)]
    pub key: Option<PathBuf>,
    /// Ask clients for a certificate of this CA, PEM.
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub client_ca: Option<PathBuf>,
    /// A common name that a client's certificate may carry; repeatable, any where absent.
    #[arg(long, value_name = "NAME", requires = "client_ca", help_heading = FILES)]
    pub client_name: Vec<String>,
    /// The policy; the built-in profile `recommended` where absent.
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub policy: Option<PathBuf>,
    /// How often the files are looked at for a new content.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "5s", help_heading = FILES)]
    pub reload_interval: Duration,

    /// Make the certificate, and keep it with its CA in this Secret, which all replicas share; needs --service.
    #[arg(long, value_name = "NAME", requires = "service", conflicts_with = "cert", help_heading = SELF_MADE)]
    pub certificate_secret: Option<String>,
    /// The Service by which API servers reach this server.
    #[arg(long, value_name = "NAME", requires = "certificate_secret", help_heading = SELF_MADE)]
    pub service: Option<String>,
    /// Where Secret and Service are [default: the Pod's own namespace].
    #[arg(long, value_name = "NAME", requires = "certificate_secret", help_heading = SELF_MADE)]
    pub namespace: Option<String>,
    /// A ValidatingWebhookConfiguration whose entries are to trust the CA; repeatable.
    #[arg(long, value_name = "NAME", requires = "certificate_secret", help_heading = SELF_MADE)]
    pub validating_configuration: Vec<String>,
    /// A MutatingWebhookConfiguration whose entries are to trust the CA; repeatable.
    #[arg(long, value_name = "NAME", requires = "certificate_secret", help_heading = SELF_MADE)]
    pub mutating_configuration: Vec<String>,
    /// How long a certificate is valid; another is made when a third of it is left. A CA lives four times as long.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "2160h", help_heading = SELF_MADE)]
    pub certificate_validity: Duration,
    /// How often Secret and configurations are looked at.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "10s", help_heading = SELF_MADE)]
    pub cluster_interval: Duration,
    /// How to reach the API server [default: by the Pod's account].
    #[arg(long, value_name = "FILE", requires = "certificate_secret", help_heading = SELF_MADE)]
    pub kubeconfig: Option<PathBuf>,

    /// What becomes of a request whose evaluation fails or takes too long.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnFailure::Allow)]
    pub on_failure: OnFailure,
    /// Log this and what is graver.
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,

    /// Reviews evaluated at once; 0 is one a core.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = LIMITS)]
    pub workers: usize,
    /// Reviews that may wait for their turn; past it 429.
    #[arg(long, value_name = "N", default_value_t = 512, help_heading = LIMITS)]
    pub queue: usize,
    /// Bytes of bodies held at once; past it 429.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, help_heading = LIMITS)]
    pub body_budget: usize,
    /// Connections held at once; further ones are closed unheard.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub max_connections: u32,
    /// How long a TLS handshake may take.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "5s", help_heading = LIMITS)]
    pub handshake_timeout: Duration,
    /// How long a request's head may take, from its first byte.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "10s", help_heading = LIMITS)]
    pub header_timeout: Duration,
    /// How long a body may take, either way.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "10s", help_heading = LIMITS)]
    pub body_timeout: Duration,
    /// How long a connection may be idle; API servers end theirs after 90 s, and this must be longer.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "120s", help_heading = LIMITS)]
    pub idle_timeout: Duration,
    /// Age from which a connection's next answer is its last, so that new replicas get work; 0 is none.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "5m", help_heading = LIMITS)]
    pub max_connection_age: Duration,

    /// How long to go on serving after SIGTERM, unready, until nobody sends requests here any more.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "10s", help_heading = LIFE)]
    pub shutdown_delay: Duration,
    /// How long after that the last requests may take.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "15s", help_heading = LIFE)]
    pub drain_timeout: Duration,
}

impl Options {
    /// Reviews evaluated at once. The number of cores heeds a container's CPU limit.
    pub(super) fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, Into::into),
            some => some,
        }
    }
}

/// What becomes of a request whose evaluation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnFailure {
    /// It is admitted.
    Allow,
    /// It is refused.
    Deny,
}

/// The least grave level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Faults of ours.
    Error,
    /// And what needs a hand.
    Warn,
    /// And decisions, reloads, start and end.
    Info,
    /// And connections that came to nothing.
    Debug,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_hold_together() {
        use clap::CommandFactory as _;
        Options::command().debug_assert();
        let options = Options::parse_from(["webhook", "--cert", "c", "--key", "k"]);
        // Go's DefaultTransport, which API servers use, ends idle connections after 90 s
        // (net/http/transport.go; apimachinery pkg/util/net/http.go, SetOldTransportDefaults).
        assert!(options.idle_timeout > Duration::from_secs(90));
        // A Pod's default terminationGracePeriodSeconds is 30.
        assert!(options.shutdown_delay + options.drain_timeout < Duration::from_secs(30));
        assert!(options.workers() > 0);
    }
}
