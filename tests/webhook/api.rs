//! A stand-in for an API server, as far as a certificate needs one: three kinds of objects, versions, conflicts, a clock of its
//! own, and faults to order.

use super::client::{Client, Tls};
use super::server::Server;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub(super) const SECRET: &str = "/api/v1/namespaces/shop/secrets/pair";
pub(super) const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/lint";
pub(super) const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/lint";

/// What it holds, and how it behaves.
#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    version: u64,
    /// Seconds that its clock is ahead of the machine's.
    ahead: i64,
    /// Answers everything with this.
    refuses: Option<u16>,
    /// Writes that succeeded: verb and path.
    writes: Vec<String>,
}

/// A listening stand-in.
pub(super) struct Api {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    folder: tempfile::TempDir,
}

impl Api {
    /// One with both configurations, and no Secret.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        let held = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let held = Arc::clone(&held);
                std::thread::spawn(move || while answer(&stream, &held).is_ok() {});
            }
        });
        let api = Self { address, state, folder: tempfile::tempdir().unwrap() };
        for (path, kind, entries) in [
            (VALIDATING, "ValidatingWebhookConfiguration", &["enforce", "warn"][..]),
            (MUTATING, "MutatingWebhookConfiguration", &["mutate"][..]),
        ] {
            api.put(path, configuration(kind, entries));
        }
        api
    }

    /// A file that says how to reach it.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        let path = self.folder.path().join("kubeconfig");
        let server = format!("http://{}", self.address);
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server}}],
            "users": [{"name": "test", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn put(&self, path: &str, object: Value) {
        self.state().store(path, object);
    }

    pub(super) fn delete(&self, path: &str) {
        self.state().objects.remove(path);
    }

    pub(super) fn get(&self, path: &str) -> Option<Value> {
        self.state().objects.get(path).cloned()
    }

    pub(super) fn set_clock(&self, ahead: i64) {
        self.state().ahead = ahead;
    }

    pub(super) fn refuse(&self, status: Option<u16>) {
        self.state().refuses = status;
    }

    pub(super) fn writes(&self) -> Vec<String> {
        self.state().writes.clone()
    }

    /// A text of the Secret.
    pub(super) fn secret(&self, key: &str) -> Option<String> {
        let text = self.get(SECRET)?["data"][key].as_str()?.to_owned();
        Some(String::from_utf8(STANDARD.decode(text).unwrap()).unwrap())
    }

    /// What all entries of a configuration trust, where they agree and trust anything.
    pub(super) fn bundle(&self, path: &str) -> Option<String> {
        let configuration = self.get(path)?;
        let mut bundles = configuration["webhooks"].as_array()?.iter().map(|entry| &entry["clientConfig"]["caBundle"]);
        let first = bundles.next()?;
        if bundles.any(|other| other != first) {
            return None;
        }
        Some(String::from_utf8(STANDARD.decode(first.as_str()?).unwrap()).unwrap())
    }

    /// Asks a server as an API server would that trusts what a configuration says, by its own clock.
    pub(super) fn ask(&self, server: &Server, body: &str) -> io::Result<u16> {
        let bundle = self.bundle(VALIDATING).unwrap_or_default();
        let now = jiff::Timestamp::now().as_second() + self.state().ahead;
        if bundle.is_empty() {
            return Err(io::Error::other("nobody is trusted"));
        }
        let mut client = Client::connect_to("lint.shop.svc", server.listen, &Tls::trusting_at(&bundle, now))?;
        Ok(client.try_post("/validate", body)?.status)
    }
}

pub(super) fn configuration(kind: &str, entries: &[&str]) -> Value {
    let entry = |name: &&str| {
        let service = json!({"name": "lint", "namespace": "shop", "path": "/validate"});
        json!({"name": format!("{name}.crashlint.dev"), "clientConfig": {"service": service},
            "sideEffects": "None", "admissionReviewVersions": ["v1"]})
    };
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "lint"},
        "webhooks": entries.iter().map(entry).collect::<Vec<_>>()})
}

impl State {
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn handle(&mut self, verb: &str, path: &str, body: &Value) -> (u16, Value) {
        if let Some(status) = self.refuses {
            return (status, Value::Null);
        }
        let sent = body["metadata"]["resourceVersion"].as_str();
        let held = self.objects.get(path).cloned();
        let version = held.as_ref().and_then(|held| held["metadata"]["resourceVersion"].as_str());
        let answer = match (verb, &held) {
            ("POST", _) => {
                let path = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                if self.objects.contains_key(&path) {
                    return (409, Value::Null);
                }
                (201, self.store(&path, body.clone()))
            }
            (_, None) => return (404, Value::Null),
            ("GET", Some(held)) => return (200, held.clone()),
            // A write that names no version is one that does not care for others.
            (_, Some(_)) if sent.is_none() => return (400, Value::Null),
            (_, Some(_)) if sent != version => return (409, Value::Null),
            ("PUT", Some(_)) => (200, self.store(path, body.clone())),
            ("PATCH", Some(held)) => {
                let mut held = held.clone();
                for patch in body["webhooks"].as_array().unwrap() {
                    let mut entries = held["webhooks"].as_array_mut().unwrap().iter_mut();
                    let entry = entries.find(|entry| entry["name"] == patch["name"]).expect("an entry of this name");
                    entry["clientConfig"]["caBundle"] = patch["clientConfig"]["caBundle"].clone();
                }
                (200, self.store(path, held))
            }
            _ => return (405, Value::Null),
        };
        self.writes.push(format!("{verb} {path}"));
        answer
    }
}

fn answer(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let (verb, target) = line
        .split_once(' ')
        .and_then(|(verb, rest)| Some((verb, rest.split_once(' ')?.0)))
        .ok_or_else(|| io::Error::other("the end"))?;
    let (verb, path) = (verb.to_owned(), target.split('?').next().unwrap_or_default().to_owned());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let (status, mut object, ahead) = {
        let mut state = state.lock().unwrap();
        let (status, object) = state.handle(&verb, &path, &body);
        (status, object, state.ahead)
    };
    if object.is_null() {
        // The client tells an object that is missing by the reason.
        let reason = match status {
            404 => "NotFound",
            409 => "Conflict",
            _ => "Test",
        };
        object = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status,
            "reason": reason, "message": format!("{verb} {path} is refused with {status}")});
    }
    let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead);
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let text = object.to_string();
    let head = format!(
        "HTTP/1.1 {status} Test\r\ndate: {date}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    (&*stream).write_all((head + &text).as_bytes())
}
