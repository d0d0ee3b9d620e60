//! Arbitrary Pods through `/mutate`: the patch applies, a second call has nothing to add, and nothing changes but what a safe fix is
//! there to change.
#![no_main]

use base64::Engine as _;
use crashlint::policy::Policy;
use crashlint::rules::RULES;
use crashlint::source::Source;
use crashlint::webhook::answer::{Door, answer};
use k8s_openapi::api::core::v1::Pod as Typed;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let safe = RULES.iter().filter(|rule| rule.fix == Some(crashlint::finding::Safety::Safe));
    let names: Vec<&str> = safe.map(|rule| rule.name).collect();
    let text = format!("extends: strict\nmutate: [{}]\n", names.join(", "));
    Policy::load(&Arc::new(Source::new("policy", text)), None).expect("a policy")
});

#[derive(Arbitrary, Debug)]
struct Pod {
    annotations: Option<Vec<(Key, u8)>>,
    controlled: bool,
    restart: Option<Restart>,
    grace: Option<Int>,
    init: Option<Vec<Container>>,
    containers: Vec<Container>,
}

#[derive(Arbitrary, Debug)]
enum Key {
    Patched,
    Ignore,
    Slashed,
    Plain,
}

#[derive(Arbitrary, Debug)]
enum Restart {
    Always,
    OnFailure,
    Never,
}

#[derive(Arbitrary, Debug)]
struct Container {
    name: u8,
    image: Option<u8>,
    command: Option<u8>,
    args: Option<u8>,
    sidecar: bool,
    port: Option<u8>,
    liveness: Option<Probe>,
    readiness: Option<Probe>,
    startup: Option<Probe>,
    memory: Option<(u8, u8)>,
    unknown: Option<u8>,
}

#[derive(Arbitrary, Debug)]
struct Probe {
    handler: Handler,
    delay: Option<Int>,
    period: Option<Int>,
    timeout: Option<Int>,
    failures: Option<Int>,
    successes: Option<Int>,
    grace: Option<Int>,
}

#[derive(Arbitrary, Debug)]
enum Handler {
    Http { port: u8, headers: bool },
    Tcp(u8),
    Exec(u8),
    Grpc(Option<u8>),
    None,
}

/// Mostly what people write, at times anything.
#[derive(Arbitrary, Debug)]
enum Int {
    Small(u8),
    Any(i32),
}

const IMAGES: [&str; 8] = [
    "openjdk:21",
    "nginx",
    "busybox",
    "registry.example.com/shop/api:1",
    "postgres:16",
    "elasticsearch:8.1.0",
    "",
    "a:b:c",
];
const WORDS: [&[&str]; 8] = [
    &["java", "-jar", "/app.jar"],
    &["sh", "-c", "sleep 5"],
    &["sh", "-c", "exec java -jar app.jar"],
    &["/server"],
    &["python", "manage.py", "runserver"],
    &[],
    &["rails", "server"],
    &["sleep", "infinity"],
];
const AMOUNTS: [&str; 8] = ["512Mi", "512Mi", "1Gi", "400m", "64M", "100", "1Ti", "0"];

fn pick<T: Copy>(list: &[T], at: u8) -> T {
    list[usize::from(at) % list.len()]
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

impl Int {
    fn json(&self) -> Value {
        match self {
            Self::Small(small) => json!(small),
            Self::Any(any) => json!(any),
        }
    }
}

impl Probe {
    fn json(&self) -> Value {
        let mut map = Map::new();
        let port = |at: u8| if at.is_multiple_of(2) { json!(8080) } else { json!("web") };
        match &self.handler {
            Handler::Http { port: at, headers } => {
                let mut get = json!({"path": "/livez", "port": port(*at)});
                if *headers {
                    get["httpHeaders"] = json!([{"name": "X-A", "value": "b"}]);
                }
                put(&mut map, "httpGet", Some(get));
            }
            Handler::Tcp(at) => put(&mut map, "tcpSocket", Some(json!({"port": port(*at)}))),
            Handler::Exec(at) => put(&mut map, "exec", Some(json!({"command": pick(&WORDS, *at)}))),
            Handler::Grpc(service) => {
                put(&mut map, "grpc", Some(json!({"port": 9090, "service": service.map(|at| at.to_string())})))
            }
            Handler::None => {}
        }
        let numbers = [
            ("initialDelaySeconds", &self.delay),
            ("periodSeconds", &self.period),
            ("timeoutSeconds", &self.timeout),
            ("failureThreshold", &self.failures),
            ("successThreshold", &self.successes),
            ("terminationGracePeriodSeconds", &self.grace),
        ];
        for (key, number) in numbers {
            put(&mut map, key, number.as_ref().map(Int::json));
        }
        map.into()
    }
}

impl Container {
    fn json(&self) -> Value {
        let mut map = Map::new();
        put(&mut map, "name", Some(json!(format!("c{}", self.name % 4))));
        put(&mut map, "image", self.image.map(|at| json!(pick(&IMAGES, at))));
        put(&mut map, "command", self.command.map(|at| json!(pick(&WORDS, at))));
        put(&mut map, "args", self.args.map(|at| json!(pick(&WORDS, at))));
        put(&mut map, "restartPolicy", self.sidecar.then(|| json!("Always")));
        put(&mut map, "ports", self.port.map(|at| json!([{"name": "web", "containerPort": 1 + u16::from(at)}])));
        put(&mut map, "livenessProbe", self.liveness.as_ref().map(Probe::json));
        put(&mut map, "readinessProbe", self.readiness.as_ref().map(Probe::json));
        put(&mut map, "startupProbe", self.startup.as_ref().map(Probe::json));
        let resources = |(request, limit)| json!({"requests": {"memory": pick(&AMOUNTS, request)}, "limits": {"memory": pick(&AMOUNTS, limit)}});
        put(&mut map, "resources", self.memory.map(resources));
        put(&mut map, "a/b~c", self.unknown.map(|at| json!([at])));
        map.into()
    }
}

impl Pod {
    fn json(&self) -> Value {
        let mut metadata = json!({"generateName": "a-", "namespace": "shop"});
        if let Some(annotations) = &self.annotations {
            let entry = |(key, value): &(Key, u8)| {
                let (key, value) = match key {
                    Key::Patched => ("crashlint.dev/patched", "long ago: by hand".to_owned()),
                    Key::Ignore => ("crashlint.dev/ignore", pick(RULES, *value).name.to_owned()),
                    Key::Slashed => ("a.b/~c", value.to_string()),
                    Key::Plain => ("plain", value.to_string()),
                };
                (key.to_owned(), json!(value))
            };
            metadata["annotations"] = annotations.iter().map(entry).collect::<Map<_, _>>().into();
        }
        if self.controlled {
            metadata["ownerReferences"] =
                json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1", "controller": true}]);
        }
        let mut spec = Map::new();
        let list = |containers: &Vec<Container>| containers.iter().map(Container::json).collect::<Vec<_>>().into();
        put(&mut spec, "restartPolicy", self.restart.as_ref().map(|restart| json!(format!("{restart:?}"))));
        put(&mut spec, "terminationGracePeriodSeconds", self.grace.as_ref().map(Int::json));
        put(&mut spec, "initContainers", self.init.as_ref().map(list));
        put(&mut spec, "containers", Some(list(&self.containers)));
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    }
}

/// The operations that `/mutate` answers with.
fn mutate(pod: &Value) -> Option<json_patch::Patch> {
    let request = json!({"uid": "u", "operation": "CREATE", "namespace": "shop", "object": pod});
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    let answer = answer(Door::Mutate, review.to_string().as_bytes(), &POLICY, &mut |_| {}).expect("a review");
    assert_eq!(answer.record.dropped, None, "{pod}");
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let patch = base64::engine::general_purpose::STANDARD.decode(body["response"]["patch"].as_str()?).expect("base64");
    Some(serde_json::from_slice(&patch).expect("a JSON Patch"))
}

/// Whether a safe fix may add or change what lies at a path.
fn may_change(path: &[&str]) -> bool {
    match path {
        ["metadata", "annotations"] | ["metadata", "annotations", "crashlint.dev/patched"] => true,
        // prestop-exceeds-grace
        ["spec", "terminationGracePeriodSeconds"] => true,
        ["spec", "initContainers" | "containers", _, probe @ ..] => matches!(
            probe,
            // missing-startup-probe, startup-budget-too-short, aggressive-liveness-probe, exec-probe-default-timeout
            ["startupProbe"]
                | ["startupProbe" | "livenessProbe", "failureThreshold"]
                | ["livenessProbe", "periodSeconds"]
                | ["startupProbe" | "livenessProbe" | "readinessProbe", "timeoutSeconds"]
        ),
        _ => false,
    }
}

fn compare<'v>(path: &mut Vec<&'v str>, before: &'v Value, after: &'v Value) {
    const INDICES: [&str; 2] = ["0", "1"];
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                path.push(key);
                compare(path, value, new.get(key).unwrap_or_else(|| panic!("{path:?} is gone")));
                path.pop();
            }
            for key in new.keys().filter(|key| !old.contains_key(*key)) {
                path.push(key);
                assert!(may_change(path), "{path:?} was added");
                path.pop();
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{path:?}");
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                path.push(INDICES[at.min(1)]);
                compare(path, old, new);
                path.pop();
            }
        }
        // An object's own probe is never replaced as a whole.
        _ => assert!(
            before == after || (may_change(path) && !before.is_object()),
            "{path:?} was {before} and is {after}"
        ),
    }
}

fuzz_target!(|pod: Pod| {
    let before = pod.json();
    let Some(patch) = mutate(&before) else { return };
    let mut after = before.clone();
    for operation in patch.0 {
        if let json_patch::PatchOperation::Replace(replace) = &operation {
            let replaced = replace.path.resolve(&after).expect("something to replace");
            assert!(!replaced.is_array() && !replaced.is_object(), "{} is replaced as a whole", replace.path);
        }
        json_patch::patch(&mut after, &[operation]).expect("a patch that applies");
    }
    compare(&mut Vec::new(), &before, &after);
    serde_json::from_value::<Typed>(after.clone()).expect("a Pod");
    let again = mutate(&after);
    assert!(again.is_none(), "{before}\nthen\n{after}\nthen {again:?}");
});
