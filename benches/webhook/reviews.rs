//! Reviews as an API server sends them. Objects grow as real ones do: more containers, more environment, and the managed fields
//! that the API server itself derives from them.

use serde_json::{Map, Value, json};

/// A review, ready to be sent.
pub(crate) struct Review {
    /// Kind and size of the object.
    pub(crate) name: String,
    /// Bytes of the object.
    pub(crate) object: usize,
    /// The AdmissionReview.
    pub(crate) body: Vec<u8>,
}

impl Review {
    /// The bytes of a request, as Kubernetes' client writes it.
    pub(crate) fn request(&self, path: &str) -> Vec<u8> {
        let head = format!(
            "POST {path}?timeout=3s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: {}\r\n\
             Accept: application/json, */*\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n",
            self.body.len()
        );
        [head.as_bytes(), &self.body].concat()
    }
}

/// The creation of a Pod of about this many bytes.
pub(crate) fn pod(size: usize) -> Review {
    let object = fitted(size, &|containers, env| {
        let metadata = json!({
            "name": "checkout-7d9c5b8f6-x2k4q", "generateName": "checkout-7d9c5b8f6-", "namespace": "shop",
            "uid": "5f0c2b1e-3d5a-4c7e-9a51-0c9f6a1d2e3b", "creationTimestamp": "2026-03-01T09:30:00Z",
            "labels": labels(), "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
        });
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec(containers, env)});
        // They alone take more than the smallest object has room for.
        if size < 4_000 { pod } else { managed(pod) }
    });
    review(&format!("pod {} KB", size / 1000), "Pod", "CREATE", object, Value::Null)
}

/// A Deployment's update whose object and old object are 3.4 MiB each.
pub(crate) fn large() -> Review {
    let object = fitted(34 * (1 << 20) / 10, &|containers, env| {
        let metadata = json!({
            "name": "checkout", "namespace": "shop", "uid": "0a8d6a53-5b0e-4f0e-8f6f-3f1d9a3f2c11", "generation": 7,
            "resourceVersion": "481516", "creationTimestamp": "2026-03-01T09:30:00Z", "labels": labels(),
        });
        let template = json!({"metadata": {"labels": labels()}, "spec": spec(containers, env)});
        let spec = json!({"replicas": 3, "selector": {"matchLabels": {"app.kubernetes.io/name": "checkout"}}, "template": template});
        managed(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}))
    });
    let mut old = object.clone();
    old["spec"]["template"]["spec"]["containers"][0]["image"] = json!("registry.example.com/shop/checkout:2.4.0");
    review("deployment update", "Deployment", "UPDATE", object, old)
}

/// Every review that is sent.
pub(crate) fn all() -> Vec<Review> {
    vec![pod(2_000), pod(10_000), pod(100_000), large()]
}

/// The object whose JSON comes nearest below the size: containers first, then as many variables for each as fit.
fn fitted(size: usize, build: &dyn Fn(usize, usize) -> Value) -> Value {
    let containers = (size / 5_000).clamp(1, 40);
    let length = |env| build(containers, env).to_string().len();
    let (mut low, mut high) = (0, 1);
    while length(high) <= size {
        (low, high) = (high, 2 * high);
    }
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if length(middle) <= size { low = middle } else { high = middle }
    }
    build(containers, low)
}

fn labels() -> Value {
    json!({"app.kubernetes.io/name": "checkout", "app.kubernetes.io/instance": "shop", "pod-template-hash": "7d9c5b8f6"})
}

fn spec(containers: usize, env: usize) -> Value {
    let containers: Vec<Value> = (0..containers).map(|at| container(at, env)).collect();
    json!({
        "containers": containers,
        "volumes": [
            {"name": "config", "configMap": {"name": "checkout-config", "defaultMode": 420}},
            {"name": "kube-api-access-m8xwl", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}},
        ],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "checkout", "schedulerName": "default-scheduler", "enableServiceLinks": true,
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
    })
}

/// Every third is a JVM that its liveness probe kills, every third a script, so that rules have something to say and to parse.
fn container(at: usize, env: usize) -> Value {
    let variable = |at: usize| {
        let name = format!("{}_{at}", ["DATABASE_URL", "CACHE_HOST", "FEATURE_FLAGS", "QUEUE_TOPIC"][at % 4]);
        if at % 5 == 4 {
            json!({"name": name, "valueFrom": {"secretKeyRef": {"name": format!("checkout-secrets-{at}"), "key": "password"}}})
        } else {
            json!({"name": name, "value": format!("tcp://service-{at}.shop.svc.cluster.local:5432/main?pool={at}")})
        }
    };
    let mut container = json!({
        "name": format!("app-{at}"),
        "image": format!("registry.example.com/shop/{}:2.4.1", ["checkout", "ledger", "catalog"][at % 3]),
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": format!("http-{at}"), "containerPort": 8080 + at, "protocol": "TCP"}],
        "env": (0..env).map(variable).collect::<Vec<_>>(),
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
        "livenessProbe": {"httpGet": {"path": "/livez", "port": 8080 + at, "scheme": "HTTP"}, "periodSeconds": 10,
            "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080 + at, "scheme": "HTTP"}, "periodSeconds": 5,
            "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/checkout", "readOnly": true},
            {"name": "kube-api-access-m8xwl", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}],
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    });
    match at % 3 {
        0 => container["command"] = json!(["java", "-XX:MaxRAMPercentage=75", "-jar", "/app/checkout.jar"]),
        1 => {
            let script =
                "set -e\nuntil nc -z database 5432; do\n  sleep 1\ndone\nexec /usr/local/bin/ledger --listen :8080\n";
            container["command"] = json!(["sh", "-c", script]);
        }
        _ => {}
    }
    container
}

/// The object with `metadata.managedFields`, which hold each of its fields once more.
fn managed(mut object: Value) -> Value {
    let fields = fields(&json!({"metadata": {"labels": object["metadata"]["labels"]}, "spec": object["spec"]}));
    object["metadata"]["managedFields"] = json!([{
        "manager": "kube-controller-manager", "operation": "Update", "apiVersion": object["apiVersion"],
        "time": "2026-03-01T09:30:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    }]);
    object
}

/// The fields of a value as server-side apply writes them: `f:` a field, `k:` a list's item by its keys, `.` the thing itself.
fn fields(value: &Value) -> Value {
    let mut set = Map::new();
    match value {
        Value::Object(map) => {
            set.extend(map.iter().map(|(key, value)| (format!("f:{key}"), fields(value))));
        }
        Value::Array(items) => {
            for item in items {
                let keys = ["containerPort", "mountPath", "name"].iter();
                if let Some((key, value)) = keys.clone().find_map(|key| Some((key, item.get(key)?))) {
                    let mut inner = fields(item);
                    inner["."] = json!({});
                    set.insert(format!("k:{}", json!({*key: value})), inner);
                }
            }
        }
        _ => {}
    }
    Value::Object(set)
}

fn review(name: &str, kind: &str, operation: &str, object: Value, old: Value) -> Review {
    let (group, resource) = if kind == "Pod" { ("", "pods") } else { ("apps", "deployments") };
    let kind = json!({"group": group, "version": "v1", "kind": kind});
    let resource = json!({"group": group, "version": "v1", "resource": resource});
    let size = object.to_string().len();
    let body = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource, "requestKind": kind,
            "requestResource": resource, "name": object["metadata"]["name"], "namespace": "shop", "operation": operation,
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller",
                "uid": "a1c3f2de-72a0-4f6d-a1f3-b4c5d6e7f809",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]},
            "object": object, "oldObject": old, "dryRun": false,
            "options": {"kind": if operation == "CREATE" { "CreateOptions" } else { "UpdateOptions" }, "apiVersion": "meta.k8s.io/v1"},
        },
    });
    Review { name: name.to_owned(), object: size, body: body.to_string().into_bytes() }
}
