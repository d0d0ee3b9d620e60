//! The webhook in a real cluster: installed by Helm as the documentation says, asked by a real API server, with real kubectl.
//!
//! Whose cluster it is, is said by `KUBECONFIG`; `CRASHLINT_IMAGE` names the image, which its nodes have. CONTRIBUTING.md says
//! how to have a cluster of this repository's own. Points are those of the webhook's tests.

// Where a test can't go on, a panic is its way to say so; what it measured goes to standard error.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod certificates;
mod chart;
mod cost;
mod faults;
mod life;
mod modes;
mod mutation;
mod noop;
mod requests;
mod restart;
mod story;

use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// Namespace and name of the release that tests share.
const RELEASE: &str = "crashlint";

/// How long anything may take that is waited for. Only a failure takes as long.
const PATIENCE: Duration = Duration::from_secs(180);

/// Asks until it is so.
#[track_caller]
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < end, "never came about: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What a command said.
#[derive(Debug)]
struct Said {
    ok: bool,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn good(self) -> Self {
        assert!(self.ok, "{}{}", self.out, self.err);
        self
    }

    /// The lines that kubectl prints for a webhook's warnings.
    fn warnings(&self) -> Vec<&str> {
        self.err.lines().filter_map(|line| line.strip_prefix("Warning: ")).filter(|line| is_ours(line)).collect()
    }

    /// Whether the webhook has refused it.
    fn is_denied(&self) -> bool {
        !self.ok && self.err.contains("crashlint.dev\" denied the request")
    }
}

/// The API server has warnings of its own.
fn is_ours(line: &str) -> bool {
    line.contains('[') && line.contains(']')
}

fn run(program: &str, arguments: &[&str], input: Option<&str>) -> Said {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    if let Some(input) = input {
        // Whoever does not read says why not.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { ok: status.success(), out: text(stdout), err: text(stderr) }
}

fn kubectl(arguments: &[&str]) -> Said {
    run("kubectl", arguments, None)
}

/// `kubectl VERB -f -` of objects.
fn kubectl_with(arguments: &[&str], objects: &Value) -> Said {
    let mut all = arguments.to_vec();
    all.extend(["-f", "-"]);
    run("kubectl", &all, Some(&objects.to_string()))
}

/// An object, as it is.
#[track_caller]
fn get(arguments: &[&str]) -> Value {
    let mut all = vec!["get", "-o", "json"];
    all.extend(arguments);
    serde_json::from_str(&kubectl(&all).good().out).unwrap()
}

fn helm(arguments: &[&str]) -> Said {
    run("helm", arguments, None)
}

/// Arguments of install and upgrade.
fn chart_arguments<'a>(verb: &'a str, release: &'a str, image: &'a [String; 2], values: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec![verb, release, concat!(env!("CARGO_MANIFEST_DIR"), "/charts/crashlint")];
    all.extend(["--namespace", release, "--create-namespace", "--wait", "--timeout", "3m"]);
    for part in image {
        all.extend(["--set", part]);
    }
    for value in values {
        all.extend(["--set", value]);
    }
    all.retain(|argument| verb == "install" || *argument != "--create-namespace");
    all
}

/// The image as values of the chart.
fn image() -> [String; 2] {
    let image = std::env::var("CRASHLINT_IMAGE").expect("CRASHLINT_IMAGE names the image, as `crashlint:test`");
    let (repository, tag) = image.rsplit_once(':').expect("an image with a tag");
    [format!("image.repository={repository}"), format!("image.tag={tag}")]
}

#[track_caller]
fn install(release: &str, values: &[&str]) {
    helm(&chart_arguments("install", release, &image(), values)).good();
}

#[track_caller]
fn upgrade(release: &str, values: &[&str]) {
    helm(&chart_arguments("upgrade", release, &image(), values)).good();
}

/// What the shared release is installed with, beside the image.
const VALUES: &[&str] = &[
    "policy.mutate={missing-startup-probe}",
    "webhook.extraRules[0].apiGroups={argoproj.io}",
    "webhook.extraRules[0].apiVersions={v1alpha1}",
    "webhook.extraRules[0].resources={rollouts}",
];

/// The shared release. Tests that only ask hold it together; those that break it hold it alone.
static SHARED: RwLock<()> = RwLock::new(());

fn installed() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        kubectl_with(&["apply"], &requests::custom_kind()).good();
        kubectl(&["wait", "--for=condition=Established", "crd/rollouts.argoproj.io"]).good();
        let found = helm(&["status", RELEASE, "--namespace", RELEASE]);
        if found.ok {
            upgrade(RELEASE, VALUES);
        } else {
            install(RELEASE, VALUES);
        }
        trusted();
    });
}

/// Waits until the API server itself has heard whom to trust.
#[track_caller]
fn trusted() {
    let place = Place::new("trusted");
    eventually("the API server trusts the webhook", || {
        let said = place.send(&["create", "--dry-run=server"], &doomed(pod("probe")));
        (!said.warnings().is_empty()).then_some(())
    });
}

/// Among others who ask.
fn shared() -> RwLockReadGuard<'static, ()> {
    let guard = SHARED.read().unwrap_or_else(PoisonError::into_inner);
    installed();
    guard
}

/// Alone, as what follows is felt by everybody. What was changed is put back by whoever changed it.
fn alone() -> RwLockWriteGuard<'static, ()> {
    let guard = SHARED.write().unwrap_or_else(PoisonError::into_inner);
    installed();
    guard
}

/// A namespace of one test, gone when dropped.
struct Place(String);

impl Place {
    fn new(name: &str) -> Self {
        Self::new_in(name, &[])
    }

    fn with_mode(name: &str, mode: &str) -> Self {
        Self::new_in(name, &[("crashlint.dev/mode", mode)])
    }

    fn new_in(name: &str, labels: &[(&str, &str)]) -> Self {
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        let wanted = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        kubectl(&["delete", "namespace", name, "--ignore-not-found", "--wait"]).good();
        kubectl_with(&["create"], &wanted).good();
        let place = Self(name.to_owned());
        eventually("the namespace's account", || place.kubectl(&["get", "serviceaccount", "default"]).ok.then_some(()));
        place
    }

    fn label(&self, mode: &str) {
        kubectl(&["label", "--overwrite", "namespace", &self.0, &format!("crashlint.dev/mode={mode}")]).good();
    }

    fn kubectl(&self, arguments: &[&str]) -> Said {
        let mut all = vec!["--namespace", &*self.0];
        all.extend(arguments);
        kubectl(&all)
    }

    fn send(&self, arguments: &[&str], object: &Value) -> Said {
        let mut all = vec!["--namespace", &*self.0];
        all.extend(arguments);
        kubectl_with(&all, object)
    }

    fn create(&self, object: &Value) -> Said {
        self.send(&["create"], object)
    }

    #[track_caller]
    fn get(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--namespace", &*self.0];
        all.extend(arguments);
        get(&all)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        kubectl(&["delete", "namespace", &self.0, "--wait=false", "--ignore-not-found"]);
    }
}

/// The image that workloads of these tests run.
const BUSYBOX: &str = "busybox:1.35";

/// A pod spec that nothing is said about.
fn good_spec() -> Value {
    json!({"terminationGracePeriodSeconds": 1, "containers": [{
        "name": "main", "image": BUSYBOX, "command": ["sleep", "1000000"],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
    }]})
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": good_spec()})
}

/// A workload of any kind that has a pod template.
fn workload(kind: &str, api_version: &str, name: &str) -> Value {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": good_spec()});
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template}})
}

fn deployment(name: &str, replicas: u32) -> Value {
    let mut deployment = workload("Deployment", "apps/v1", name);
    deployment["spec"]["replicas"] = replicas.into();
    deployment
}

/// The pod spec in an object.
fn spec_of(object: &mut Value) -> &mut Value {
    let kind = object["kind"].as_str().unwrap().to_owned();
    match &*kind {
        "Pod" => &mut object["spec"],
        "PodTemplate" => &mut object["template"]["spec"],
        "CronJob" => &mut object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        _ => &mut object["spec"]["template"]["spec"],
    }
}

/// The same with a fault that is an error in every kind: a whole command line where a program's name should be.
fn doomed(mut object: Value) -> Value {
    spec_of(&mut object)["containers"][0]["command"] = json!(["sleep 1000000"]);
    object
}

/// The rule that speaks of it.
const FAULT: &str = "command-single-string";
