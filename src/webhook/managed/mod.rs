//! A certificate that the server makes itself: kept in a Secret that all replicas share, trusted by what is written into the
//! webhook configurations, renewed ahead of its end.
//!
//! There is no leader. Every replica looks at the same objects from time to time and does what is missing; a write that another
//! one was faster with is refused by the API server (`resourceVersion`), and the next look shows what that one did.

mod clock;
mod cluster;
mod keys;
mod plan;
#[cfg(test)]
mod tests;

use super::Options;
use super::connection::Stage;
use super::server::Server;
use arc_swap::ArcSwapOption;
use clock::Clock;
use cluster::{Cluster, Kind, Refused};
use k8s_openapi::api::core::v1::Secret;
use keys::{Authority, Keys, Pair, Wish};
use kube::api::ObjectMeta;
use plan::Known;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{io, thread};

/// Looks for which API servers have time to hear of another CA, before a certificate of it is served.
const SETTLE: u32 = 3;
/// The wait where a look changed something, or somebody else did.
const SOON: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the rest of the server knows of it.
#[derive(Default)]
pub(super) struct Managed {
    pub(super) clock: Clock,
    /// To be served.
    pub(super) pair: ArcSwapOption<Pair>,
    /// API servers have been told whom to trust.
    told: AtomicBool,
}

impl Managed {
    /// Why API servers can't ask us; none where they can.
    pub(super) fn fault(&self) -> Option<&'static str> {
        (!self.told.load(Relaxed)).then_some("the webhook configurations do not hold the CA yet")
    }
}

/// What one replica has seen so far.
struct Keeper {
    cluster: Option<Arc<Cluster>>,
    remembered: Option<Keys>,
    /// Labels and annotations of the Secret.
    like: ObjectMeta,
    /// The newest CA, and since when all configurations have held it.
    told: Option<(Authority, Instant)>,
    /// What is wrong, so that it is said once.
    said: Option<String>,
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// All is as it should be.
    Still,
    /// Something was changed, so that the next look should not wait.
    Changed,
}

/// Begins to look; the thread lives until the server ends. `changed` is told when another certificate is to be served.
///
/// # Errors
/// Where the system gives no thread or runtime.
pub(super) fn start(server: Arc<Server>, changed: thread::Thread) -> io::Result<()> {
    let Some(managed) = server.managed.clone() else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("certificate".to_owned()).spawn(move || {
        let mut keeper =
            Keeper { cluster: None, remembered: None, like: ObjectMeta::default(), told: None, said: None };
        let mut stage = server.stage.subscribe();
        runtime.block_on(async {
            loop {
                let look = keeper.look(&server, &managed, &changed);
                // One that ends must not bring back what an uninstall has just removed.
                let wait = tokio::select! {
                    _ = stage.wait_for(|stage| *stage != Stage::Serving) => return,
                    look = tokio::time::timeout(PATIENCE, look) => keeper.note(&server, look),
                };
                tokio::select! {
                    _ = stage.wait_for(|stage| *stage != Stage::Serving) => return,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        });
    })?;
    Ok(())
}

fn wish(options: &Options, namespace: &str) -> Wish {
    let service = options.service.as_deref().unwrap_or_default();
    let name = format!("{service}.{namespace}.svc");
    let validity = i64::try_from(options.certificate_validity.as_secs()).unwrap_or(i64::MAX);
    Wish { names: vec![name.clone(), format!("{name}.cluster.local")], validity }
}

fn configurations(options: &Options) -> impl Iterator<Item = (Kind, &str)> {
    let validating = options.validating_configuration.iter().map(|name| (Kind::Validating, &**name));
    validating.chain(options.mutating_configuration.iter().map(|name| (Kind::Mutating, &**name)))
}

impl Keeper {
    /// Looks at everything once, and does what is missing.
    async fn look(&mut self, server: &Server, managed: &Managed, changed: &thread::Thread) -> Result<Look, Refused> {
        let options = &server.options;
        let Some(name) = options.certificate_secret.as_deref() else { return Ok(Look::Still) };
        let cluster = match &self.cluster {
            Some(cluster) => Arc::clone(cluster),
            None => {
                let namespace = options.namespace.as_deref();
                let reached = Cluster::reach(options.kubeconfig.as_deref(), namespace, &managed.clock).await?;
                Arc::clone(self.cluster.insert(Arc::new(reached)))
            }
        };
        let wish = wish(options, &cluster.namespace);
        let found = cluster.secret(name).await?;
        let stored = found.as_ref().map(read);
        if let Some(Err(broken)) = &stored
            && found.as_ref().is_some_and(|secret| secret.data.is_some())
        {
            tracing::warn!(secret = name, reason = %broken, "the Secret is of no use, and is written anew");
        }
        let stored = stored.and_then(Result::ok);
        if let Some(secret) = &found {
            self.like = secret.metadata.clone();
        }
        let mut read = Vec::new();
        for (kind, name) in configurations(options) {
            read.push((kind, name, cluster.configuration(kind, name).await?));
        }
        let bundles = read.iter().flat_map(|(_, _, found)| found).flat_map(|found| &found.entries);
        let now = managed.clock.now();
        let known = Known {
            stored: stored.as_ref(),
            remembered: self.remembered.as_ref(),
            trusted: unlike(bundles.filter_map(|(_, bundle)| bundle.as_deref()).flat_map(Authority::all)),
            settled: self.settled(options, stored.as_ref()),
            now,
        };
        let keys = plan::secret(&known, &wish).map_err(|error| Refused::Api(error.to_string()))?;
        let mut look = Look::Still;
        if stored.as_ref() != Some(&keys) {
            cluster.write(name, found, &self.like, &keys).await?;
            let until = keys.leaf_ends().and_then(|end| jiff::Timestamp::from_second(end).ok());
            let until = until.map(|end| end.to_string()).unwrap_or_default();
            tracing::info!(secret = name, ca = keys.authority().name(), notAfter = until, "wrote the certificate");
            look = Look::Changed;
        }
        self.remembered = Some(keys.clone());

        let bundle = keys.bundle();
        for (kind, name, found) in &read {
            let Some(found) = found else { continue };
            if found.entries.iter().all(|(_, held)| held.as_ref() == Some(&bundle)) {
                continue;
            }
            cluster.trust(*kind, name, found, &bundle).await?;
            tracing::info!(configuration = name, "wrote the CA into a webhook configuration");
            look = Look::Changed;
            self.told = None;
        }
        if self.told.as_ref().is_none_or(|(authority, _)| authority != keys.authority()) {
            self.told = Some((keys.authority().clone(), Instant::now()));
        }
        managed.told.store(true, Relaxed);
        let serving = managed.pair.load_full();
        if plan::serves(&keys, serving.as_deref(), self.settled(options, Some(&keys)), now, &wish) {
            managed.pair.store(keys.leaf().cloned().map(Arc::new));
            changed.unpark();
        }
        Ok(look)
    }

    /// Whether all API servers have had time to hear of these keys' newest CA.
    fn settled(&self, options: &Options, keys: Option<&Keys>) -> bool {
        keys.zip(self.told.as_ref()).is_some_and(|(keys, (authority, since))| {
            keys.authority() == authority && since.elapsed() >= options.cluster_interval * SETTLE
        })
    }

    /// Counts and logs what a look came to, and says how long to wait for the next.
    fn note(&mut self, server: &Server, look: Result<Result<Look, Refused>, tokio::time::error::Elapsed>) -> Duration {
        let interval = server.options.cluster_interval;
        // Replicas that began together need not meet at each write.
        let soon = SOON.min(interval).mul_f64(super::accept::spread());
        let reason = match look {
            Ok(Ok(look)) => {
                server.metrics.certificate_synced(true);
                if self.said.take().is_some() {
                    tracing::info!("the certificate is looked after again");
                }
                return if look == Look::Changed { soon } else { interval.mul_f64(super::accept::spread()) };
            }
            Ok(Err(Refused::Conflict)) => return soon,
            Ok(Err(refused)) => refused.to_string(),
            Err(_) => "the API server does not answer".to_owned(),
        };
        server.metrics.certificate_synced(false);
        // Also the cluster's own CA or the way to it may be another by now.
        self.cluster = None;
        if self.said.as_ref() != Some(&reason) {
            tracing::error!(reason, "the certificate can not be looked after");
            self.said = Some(reason);
        }
        interval.mul_f64(super::accept::spread())
    }
}

fn read(secret: &Secret) -> Result<Keys, keys::Broken> {
    Keys::read(|key| secret.data.as_ref()?.get(key).map(|value| &*value.0))
}

/// Each once.
fn unlike(authorities: impl Iterator<Item = Authority>) -> Vec<Authority> {
    let mut all = Vec::new();
    for authority in authorities {
        if !all.contains(&authority) {
            all.push(authority);
        }
    }
    all
}
