//! What decodes, what does not, and in which words.

use super::*;
use crate::node::{Builder, Kind, Style, Text, Tree};
use crate::source::Span;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A tree without a text, of a JSON value.
pub(crate) fn tree(value: &Value) -> Tree<'static> {
    fn add(b: &mut Builder<'static>, value: &Value) {
        let at = Span::new(b.len(), b.len() + 1);
        let (kind, text) = match value {
            Value::Null => (Kind::Null, "null".to_owned()),
            Value::Bool(value) => (Kind::Bool, value.to_string()),
            Value::Number(value) if value.is_f64() => (Kind::Float, value.to_string()),
            Value::Number(value) => (Kind::Int, value.to_string()),
            Value::String(value) => (Kind::String, value.clone()),
            Value::Array(items) => {
                let open = b.open(Kind::Sequence, Style::Flow, at);
                items.iter().for_each(|item| add(b, item));
                return b.close(open, b.len());
            }
            Value::Object(entries) => {
                let open = b.open(Kind::Mapping, Style::Flow, at);
                for (key, value) in entries {
                    // `x#2` is a second `x`.
                    let key = key.split('#').next().unwrap();
                    let at = Span::new(b.len(), b.len() + 1);
                    b.scalar(Kind::String, Style::Plain, at, Text::Owned(key.into()));
                    add(b, value);
                }
                return b.close(open, b.len());
            }
        };
        b.scalar(kind, Style::Plain, at, Text::Owned(text.into()));
    }
    let mut builder = Builder::new("");
    add(&mut builder, value);
    builder.finish()
}

fn said<T: DeserializeOwned>(value: &Value) -> Vec<String> {
    let tree = tree(value);
    problems::<T>(tree.root(), &Layout::of::<T>(), 10)
        .into_iter()
        .map(|misfit| format!("{}: {}", misfit.path, misfit.message))
        .collect()
}

fn pod(container: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container]}})
}

#[test]
fn all_faults_of_an_object_are_found() {
    let said = said::<Pod>(&pod(json!({
        "name": 1, "command": "run", "ports": [{"containerPort": "8080"}, {"containerPort": 99_999_999_999_u64}],
        "env": [{"name": "A", "value": 8080}, {"name": "B", "value": true}, {"name": "C", "value": "x"}],
        "livenessProbe": {"httpGet": {"port": true}}, "stdin": "true", "resources": {"limits": {"cpu": "1 core"}},
    })));
    assert_eq!(
        said,
        [
            "spec.containers[0].name: `name` must be a string, but `1` is a number: quote it",
            "spec.containers[0].command: `command` must be a list, but \"run\" is a string",
            "spec.containers[0].ports[0].containerPort: `containerPort` must be a whole number of 32 bits, but \"8080\" is a string: remove the quotes",
            "spec.containers[0].ports[1].containerPort: `containerPort` must be a whole number of 32 bits, but `99999999999` is out of range",
            "spec.containers[0].env[0].value: `value` must be a string, but `8080` is a number: quote it",
            "spec.containers[0].env[1].value: `value` must be a string, but `true` is a boolean: quote it",
            "spec.containers[0].livenessProbe.httpGet.port: `port` must be a number or a string, but `true` is a boolean",
            "spec.containers[0].stdin: `stdin` must be true or false, but \"true\" is a string: remove the quotes",
            "spec.containers[0].resources.limits.cpu: `cpu` must be a quantity such as `250m`, `1.5` or `512Mi`, but `1 core` is none",
        ]
    );
}

#[test]
fn what_the_decoder_of_kubernetes_accepts_is_accepted() {
    assert!(said::<Pod>(&pod(json!({
        "name": "a", "args": [null, "b"], "env": null, "command": null, "ports": [{"containerPort": 80.0}],
        "resources": {"limits": {"cpu": 1, "memory": 0.5, "example.com/x": "1e3"}, "requests": {"cpu": ".5", "memory": " 1Gi "}},
        "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": null},
        "readinessProbe": {"httpGet": {"port": 8080}}, "tty#1": "no", "tty#2": true,
    })))
    .is_empty());
    assert!(
        said::<Pod>(&json!({"kind": "Pod", "metadata": {"creationTimestamp": null, "annotations": {"a": null}}}))
            .is_empty()
    );
    assert!(said::<Pod>(&json!({"metadata": {"creationTimestamp": "2024-01-31T01:02:03.123+01:00"}})).is_empty());
    assert!(
        said::<Secret>(&json!({"data": {"a": "YWI=\n", "b": "", "c": "YWJj\nYWJj"}, "stringData": {"x": "y"}}))
            .is_empty()
    );
    assert!(
        said::<Deployment>(&json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}}}))
            .is_empty()
    );
}

#[test]
fn maps_of_strings_times_and_base64() {
    assert_eq!(
        said::<ConfigMap>(&json!({"data": {"port": 80, "debug": false}, "metadata": {"labels": {"v": 1.5}}})),
        [
            "data.port: `port` must be a string, but `80` is a number: quote it",
            "data.debug: `debug` must be a string, but `false` is a boolean: quote it",
            "metadata.labels.v: `v` must be a string, but `1.5` is a number: quote it",
        ]
    );
    assert_eq!(
        said::<Secret>(&json!({"data": {"a": "p4ss!", "b": "abc", "c": 1}})),
        [
            "data.a: `a` must be base64, but it holds `!` that base64 has not",
            "data.b: `b` must be base64, but its length is wrong",
            "data.c: `c` must be a string, but `1` is a number: quote it",
        ]
    );
    assert_eq!(
        said::<Pod>(&json!({"metadata": {"creationTimestamp": "yesterday"}})),
        [
            "metadata.creationTimestamp: `creationTimestamp` must be a time such as \"2026-01-31T12:00:00Z\", but `yesterday` is none",
        ]
    );
}

#[test]
fn unknown_fields_with_the_nearest_word_or_place() {
    assert_eq!(
        said::<Pod>(
            &json!({"spec": {"contaners": [], "livenessProbe": {}, "containers": [{"port": 1, "image:": "x"}]}})
        ),
        [
            "spec.contaners: unknown field `contaners`: did you mean `containers`?",
            "spec.livenessProbe: unknown field `livenessProbe`: it belongs under `containers[]`",
            "spec.containers[0].port: unknown field `port`: did you mean `ports`?",
            "spec.containers[0][\"image:\"]: unknown field `image:`: did you mean `image`?",
        ]
    );
    assert_eq!(
        said::<Deployment>(&json!({"spec": {"template": {"containers": [], "spec": {"replicas": 2}}}})),
        [
            "spec.template.containers: unknown field `containers`: it belongs under `spec`",
            "spec.template.spec.replicas: unknown field `replicas`: it belongs under `spec`",
        ]
    );
    assert_eq!(
        said::<Pod>(&pod(json!({"livenessProbe": {"httpGet": null, "path": "/", "port": 80, "command": ["a"]}}))),
        [
            "spec.containers[0].livenessProbe.path: unknown field `path`: it belongs under `httpGet`",
            "spec.containers[0].livenessProbe.port: unknown field `port`: it belongs under `httpGet`",
            "spec.containers[0].livenessProbe.command: unknown field `command`: it belongs under `exec`",
        ]
    );
    // A mapping is no list of containers.
    assert_eq!(
        said::<Deployment>(&json!({"spec": {"template": {"containers": {}}}})),
        ["spec.template.containers: unknown field `containers`"]
    );
}

#[test]
fn at_most_as_many_as_asked() {
    let env: Vec<Value> = (0..30).map(|at| json!({"name": "a", "value": at})).collect();
    assert_eq!(said::<Pod>(&pod(json!({"env": env}))).len(), 10);
    assert_eq!(said::<Pod>(&json!("text")), [": this must be a mapping, but \"text\" is a string"]);
    assert_eq!(said::<Pod>(&json!({"spec": []})), ["spec: `spec` must be a mapping, but it is a list"]);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    severity: Level,
    #[serde(default)]
    min_seconds: u32,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    more: BTreeMap<String, Inner>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Warning,
    Error,
    Seconds(u64),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    reason: String,
}

fn refused(value: &Value) -> Vec<String> {
    strict_all::<Config>(tree(value).root()).unwrap_err().iter().map(|p| format!("{}: {p}", p.path)).collect()
}

#[test]
fn strict_decodes_and_names_what_it_does_not_know() {
    let good = json!({"severity": {"seconds": 3}, "minSeconds": 7, "words": null, "more": {"a": {"reason": "b"}}});
    let config: Config = strict(tree(&good).root()).unwrap();
    assert_eq!((config.severity, config.min_seconds, config.more["a"].reason.as_str()), (Level::Seconds(3), 7, "b"));
    assert_eq!(
        refused(&json!({"severty": "error"})),
        [": `severity` is missing", "severty: unknown field `severty`: did you mean `severity`?",]
    );
    assert_eq!(
        refused(
            &json!({"severity": "warn", "minSeconds": "3", "words": [1], "more": {"x": {"reson": "y", "reason": 1}}})
        ),
        [
            "severity: `severity` can't be `warn`: did you mean `warning`?",
            "minSeconds: `minSeconds` must be a whole number from 0 to 4294967295, but \"3\" is a string: remove the quotes",
            "words[0]: `words[0]` must be a string, but `1` is a number: quote it",
            "more.x.reson: unknown field `reson`: did you mean `reason`?",
            "more.x.reason: `reason` must be a string, but `1` is a number: quote it",
        ]
    );
    assert_eq!(
        refused(&json!({"severity": "bad", "more": {"x": {}}})),
        ["severity: `severity` must be one of `warning`, `error`, `seconds`, not `bad`", "more.x: `x` lacks `reason`",]
    );
    assert_eq!(
        refused(&json!({"severity": "error", "minSeconds": -1}))[0],
        "minSeconds: `minSeconds` must be a whole number from 0 to 4294967295, but `-1` is out of range"
    );
}

#[test]
fn near_words() {
    assert_eq!(nearest("livenessprobe", ["livenessProbe", "readinessProbe"]), Some("livenessProbe"));
    assert_eq!(nearest("a", ["b"]), None);
    assert_eq!(nearest("warn", ["warning", "error"]), Some("warning"));
    assert_eq!(nearest("foo", ["containers"]), None);
}

#[test]
fn a_layout_knows_sound_objects_and_is_certain_of_nothing_else() {
    use k8s_openapi::api::apps::v1::StatefulSet;
    let fits = |text: &str| {
        let document = crate::yaml::documents(text).next().unwrap().unwrap();
        Layout::of::<StatefulSet>().fits(document.tree.root())
    };
    let sound = "
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: a
  creationTimestamp: 2026-01-31T12:00:00Z
  ownerReferences: [{apiVersion: example.com/v1, kind: Shop, name: a, uid: b, controller: true}]
spec:
  replicas: 2
  template:
    metadata: {labels: {a: b}, annotations: }
    spec:
      containers:
      - name: a
        env: [{name: A, value: 'yes'}, {name: B, valueFrom: {secretKeyRef: {name: c, key: d}}}]
        livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
        readinessProbe: {tcpSocket: {port: 80}}
        resources: {limits: {cpu: 1, memory: 64Mi}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {resources: {requests: {storage: 1.5Gi}}}
";
    assert!(fits(sound));
    for (right, wrong) in [
        ("replicas: 2", "replicas: '2'"),
        ("replicas: 2", "replicas: 4294967296"),
        ("value: 'yes'", "value: yes"),
        ("name: c,", "nam: c,"),
        ("path: /,", "path: 1,"),
        ("port: 80", "port: 80.5"),
        ("port: 80", "port: [80]"),
        ("memory: 64Mi", "memory: 64MB"),
        ("labels: {a: b}", "labels: {a: 1}"),
        ("controller: true", "controller: 'true'"),
        ("2026-01-31T12:00:00Z", "yesterday"),
        ("- metadata: {name: data}", "- {}\n  - kind: Claim\n    metadata: {name: data}"),
        ("spec: {resources", "spec: {resource"),
    ] {
        assert!(sound.contains(right) && !fits(&sound.replacen(right, wrong, 1)), "{wrong}");
    }
}
