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
use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use std::sync::{Arc, Mutex};
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

/// Allows; where the path asks for it with a patch that is always the same.
async fn allow(request: Request<Incoming>, asked: Arc<Asked>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let review: Review = serde_json::from_slice(&body).unwrap();
    let mut response = json!({"uid": review.request.uid, "allowed": true});
    if path == PATCH {
        let probe = json!({"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5, "failureThreshold": 61});
        let patch = json!([{"op": "add", "path": "/spec/containers/0/startupProbe", "value": probe}]);
        response["patchType"] = "JSONPatch".into();
        response["patch"] = base64(&patch.to_string()).into();
    }
    *asked.lock().unwrap().entry(path).or_default() += 1;
    let answer = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    let answer = Response::builder().header("content-type", "application/json").body(answer.to_string().into());
    Ok(answer.unwrap())
}

/// Requests by path.
type Asked = Mutex<HashMap<String, usize>>;

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
    asked: Arc<Asked>,
    _runtime: tokio::runtime::Runtime,
}

/// Names of registrations.
const PLAIN: &str = "noop";
const ALIKE: &str = "noop-alike";
/// Paths that are asked: plain, in the place of ours, and for a patch.
const ALLOW: &str = "/allow";
const IN_PLACE: &str = "/alike";
const PATCH: &str = "/patch";

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
        let asked: Arc<Asked> = Arc::default();
        let counted = Arc::clone(&asked);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let (acceptor, asked) = (acceptor.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let service = service_fn(|request| allow(request, Arc::clone(&asked)));
                        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    }
                });
            }
        });
        Self { url: format!("https://{address}:{port}"), ca: base64(&pem), asked, _runtime: runtime }
    }

    /// Requests so far: plain, in the place of ours, and for a patch.
    pub(super) fn asked(&self) -> [usize; 3] {
        let asked = self.asked.lock().unwrap();
        [ALLOW, IN_PLACE, PATCH].map(|path| asked.get(path).copied().unwrap_or_default())
    }

    fn client(&self, path: &str) -> Value {
        json!({"url": format!("{}{path}", self.url), "caBundle": self.ca})
    }

    /// One entry for all CREATEs of Pods in namespaces with the label `cost: noop` or `cost: noop-both`, as little as can be
    /// registered; and one that patches them in the latter.
    pub(super) fn register(&self) {
        let entry = |path: &str, labels: &[&str]| {
            json!({
                "name": "noop.crashlint.dev", "clientConfig": self.client(path),
                "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
                "namespaceSelector": {"matchExpressions": [{"key": "cost", "operator": "In", "values": labels}]},
                "sideEffects": "None", "failurePolicy": "Fail", "admissionReviewVersions": ["v1"],
            })
        };
        self.apply("Validating", PLAIN, &json!([entry(ALLOW, &["noop", "noop-both"])]));
        self.apply("Mutating", PLAIN, &json!([entry(PATCH, &["noop-both"])]));
    }

    /// The entries of the chart, conditions and all, with this server behind them; `label` is to namespaces what
    /// `crashlint.dev/mode` is for the chart's.
    pub(super) fn register_alike(&self, configuration: &str, label: &str) {
        let mut entries = get(&["validatingwebhookconfiguration", configuration])["webhooks"].clone();
        for entry in entries.as_array_mut().unwrap() {
            entry["clientConfig"] = self.client(IN_PLACE);
            let selector = entry["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap();
            for expression in selector.iter_mut().filter(|expression| expression["key"] == "crashlint.dev/mode") {
                // Only where it is asked for: without the label nobody means this server.
                expression["key"] = label.into();
                if expression["operator"] == "NotIn" {
                    *expression = json!({"key": label, "operator": "In", "values": ["default"]});
                }
            }
        }
        self.apply("Validating", ALIKE, &entries);
    }

    fn apply(&self, how: &str, name: &str, entries: &Value) {
        let kind = format!("{how}WebhookConfiguration");
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
            "metadata": {"name": name}, "webhooks": entries});
        kubectl(&["delete", &kind, name, "--ignore-not-found"]).good();
        kubectl_with(&["create"], &configuration).good();
    }
}

impl Drop for Noop {
    fn drop(&mut self) {
        kubectl(&["delete", "validatingwebhookconfiguration", PLAIN, ALIKE, "--ignore-not-found"]);
        kubectl(&["delete", "mutatingwebhookconfiguration", PLAIN, "--ignore-not-found"]);
    }
}

fn base64(text: &str) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(text)
}
