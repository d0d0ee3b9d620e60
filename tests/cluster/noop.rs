//! A webhook that does nothing: what remains of the cost when nothing is decided.

use super::{get, kubectl, kubectl_with};
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// As little of a review as has to be read.
#[derive(Deserialize)]
struct Review {
    request: Uid,
}

#[derive(Deserialize)]
struct Uid {
    uid: String,
}

async fn allow(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let review: Review = serde_json::from_slice(&body).unwrap();
    let answer = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": review.request.uid, "allowed": true}});
    let answer = Response::builder().header("content-type", "application/json").body(answer.to_string().into());
    Ok(answer.unwrap())
}

/// The address of this machine as the API server sees it.
fn address() -> IpAddr {
    let server = kubectl(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]).good().out;
    let authority = server.trim().trim_start_matches("https://").trim_end_matches('/');
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    // Nothing is sent; the route says from where it would be.
    socket.connect(authority).unwrap();
    socket.local_addr().unwrap().ip()
}

/// It serves in this process, in threads of its own; gone from the API server when dropped.
pub(super) struct Noop {
    url: String,
    ca: String,
    _runtime: tokio::runtime::Runtime,
}

/// Names of registrations.
const PLAIN: &str = "noop";
const ALIKE: &str = "noop-alike";

impl Noop {
    pub(super) fn serve() -> Self {
        let address = address();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new([address.to_string()]).unwrap().self_signed(&key).unwrap();
        let pem = certificate.pem();
        let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()));

        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((address, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(allow)).await;
                    }
                });
            }
        });
        Self { url: format!("https://{address}:{port}/"), ca: base64(&pem), _runtime: runtime }
    }

    /// One entry for all CREATEs of Pods in namespaces with this label: as little as can be registered.
    pub(super) fn register(&self, label: &str) {
        let entry = json!({
            "name": "noop.crashlint.dev", "clientConfig": {"url": self.url, "caBundle": self.ca},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
            "namespaceSelector": {"matchLabels": {"cost": label}},
            "sideEffects": "None", "failurePolicy": "Fail", "admissionReviewVersions": ["v1"],
        });
        self.apply(PLAIN, &json!([entry]));
    }

    /// The entries of the chart, conditions and all, with this server behind them; `label` is to namespaces what
    /// `crashlint.dev/mode` is for the chart's.
    pub(super) fn register_alike(&self, configuration: &str, label: &str) {
        let mut entries = get(&["validatingwebhookconfiguration", configuration])["webhooks"].clone();
        for entry in entries.as_array_mut().unwrap() {
            entry["clientConfig"] = json!({"url": self.url, "caBundle": self.ca});
            let selector = entry["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap();
            for expression in selector.iter_mut().filter(|expression| expression["key"] == "crashlint.dev/mode") {
                // Only where it is asked for: without the label nobody means this server.
                expression["key"] = label.into();
                if expression["operator"] == "NotIn" {
                    *expression = json!({"key": label, "operator": "In", "values": ["default"]});
                }
            }
        }
        self.apply(ALIKE, &entries);
    }

    fn apply(&self, name: &str, entries: &Value) {
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name}, "webhooks": entries});
        kubectl(&["delete", "validatingwebhookconfiguration", name, "--ignore-not-found"]).good();
        kubectl_with(&["create"], &configuration).good();
    }
}

impl Drop for Noop {
    fn drop(&mut self) {
        kubectl(&["delete", "validatingwebhookconfiguration", PLAIN, ALIKE, "--ignore-not-found"]);
    }
}

fn base64(text: &str) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(text)
}
