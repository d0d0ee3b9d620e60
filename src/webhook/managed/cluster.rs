//! The three objects of the API server that the certificate is about, and no more: a Secret and two configurations.

use super::clock::Clock;
use super::keys::Keys;
use axum::http::Response;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::client::DynBody;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tower::util::MapResponseLayer;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Who writes, in the fields that the API server keeps about it.
const MANAGER: &str = "crashlint";

/// What an API server did not do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Somebody else was faster; the next look shows what they did.
    #[error("somebody else wrote at the same time")]
    Conflict,
    #[error("{0}")]
    Api(String),
    #[error("no way to the API server: {0}")]
    Config(String),
}

impl From<kube::Error> for Refused {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 409 => Self::Conflict,
            kube::Error::Api(status) => Self::Api(status.message),
            other => {
                let mut text = other.to_string();
                let mut source = std::error::Error::source(&other);
                while let Some(cause) = source {
                    text = format!("{text}: {cause}");
                    source = cause.source();
                }
                Self::Api(text)
            }
        }
    }
}

/// Which of the two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Validating,
    Mutating,
}

/// A webhook configuration, as far as it is about certificates.
pub(super) struct Configuration {
    version: Option<String>,
    /// Names and bundles of its entries.
    pub(super) entries: Vec<(String, Option<Vec<u8>>)>,
}

/// Speaks with the API server.
pub(super) struct Cluster {
    client: Client,
    /// Where the Secret is, and the Service.
    pub(super) namespace: String,
}

impl Cluster {
    /// By the Pod's account, or as a file says.
    ///
    /// # Errors
    /// Where there is neither, or it is of no use.
    pub(super) async fn reach(
        kubeconfig: Option<&Path>,
        namespace: Option<&str>,
        clock: &Clock,
    ) -> Result<Self, Refused> {
        let wrong = |error: &dyn std::error::Error| Refused::Config(error.to_string());
        let mut config = match kubeconfig {
            Some(file) => {
                let file = Kubeconfig::read_from(file).map_err(|error| wrong(&error))?;
                let options = KubeConfigOptions::default();
                Config::from_custom_kubeconfig(file, &options).await.map_err(|error| wrong(&error))?
            }
            None => Config::incluster().map_err(|error| wrong(&error))?,
        };
        (config.connect_timeout, config.read_timeout) = (Some(PATIENCE), Some(PATIENCE));
        let namespace = namespace.map_or_else(|| config.default_namespace.clone(), ToOwned::to_owned);
        let clock = clock.clone();
        let listen = MapResponseLayer::new(move |response: Response<Box<DynBody>>| {
            clock.hear(response.headers());
            response
        });
        let client = kube::client::ClientBuilder::try_from(config)?.with_layer(&listen).build();
        Ok(Self { client, namespace })
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(super) async fn secret(&self, name: &str) -> Result<Option<Secret>, Refused> {
        Ok(self.secrets().get_opt(name).await?)
    }

    /// Writes the Secret if nobody else has since it was read; creates it if nobody has.
    pub(super) async fn write(
        &self,
        name: &str,
        before: Option<Secret>,
        like: &ObjectMeta,
        keys: &Keys,
    ) -> Result<(), Refused> {
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let create = before.is_none();
        let mut secret = before.unwrap_or_else(|| Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                labels: like.labels.clone(),
                annotations: like.annotations.clone(),
                ..ObjectMeta::default()
            },
            ..Secret::default()
        });
        let data = secret.data.get_or_insert_default();
        data.extend(keys.data().into_iter().map(|(key, value)| (key, ByteString(value))));
        let secrets = self.secrets();
        if create {
            secrets.create(&parameters, &secret).await?;
        } else {
            secrets.replace(name, &parameters, &secret).await?;
        }
        Ok(())
    }

    /// None where there is no such configuration, so that nobody asks by it.
    pub(super) async fn configuration(&self, kind: Kind, name: &str) -> Result<Option<Configuration>, Refused> {
        let configuration = match kind {
            Kind::Validating => {
                let api: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
                api.get_opt(name).await?.map(|found| Configuration {
                    version: found.metadata.resource_version,
                    entries: (found.webhooks.into_iter().flatten())
                        .map(|entry| (entry.name, entry.client_config.ca_bundle.map(|bundle| bundle.0)))
                        .collect(),
                })
            }
            Kind::Mutating => {
                let api: Api<MutatingWebhookConfiguration> = Api::all(self.client.clone());
                api.get_opt(name).await?.map(|found| Configuration {
                    version: found.metadata.resource_version,
                    entries: (found.webhooks.into_iter().flatten())
                        .map(|entry| (entry.name, entry.client_config.ca_bundle.map(|bundle| bundle.0)))
                        .collect(),
                })
            }
        };
        Ok(configuration)
    }

    /// Tells API servers whom to trust, if nobody else has written since the configuration was read. Entries are merged by
    /// name, and nothing but `caBundle` is written.
    pub(super) async fn trust(
        &self,
        kind: Kind,
        name: &str,
        read: &Configuration,
        bundle: &[u8],
    ) -> Result<(), Refused> {
        let bundle = ByteString(bundle.to_vec());
        let entries: Vec<_> =
            read.entries.iter().map(|(name, _)| json!({"name": name, "clientConfig": {"caBundle": bundle}})).collect();
        let patch = Patch::Strategic(json!({"metadata": {"resourceVersion": read.version}, "webhooks": entries}));
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        match kind {
            Kind::Validating => {
                let api: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
                api.patch_metadata(name, &parameters, &patch).await?;
            }
            Kind::Mutating => {
                let api: Api<MutatingWebhookConfiguration> = Api::all(self.client.clone());
                api.patch_metadata(name, &parameters, &patch).await?;
            }
        }
        Ok(())
    }
}
