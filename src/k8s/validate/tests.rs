//! What is refused, and what only looks wrong.

use super::*;
use crate::yaml;

fn said(text: &str) -> Vec<String> {
    let document = yaml::documents(text).next().unwrap().unwrap();
    let object = Object::new(document.tree.root()).unwrap();
    rejections(&object, &[]).into_iter().map(|misfit| format!("{}: {}", misfit.path, misfit.message)).collect()
}

fn pod(spec: &str) -> Vec<String> {
    said(&format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}"))
}

fn container(fields: &str) -> Vec<String> {
    pod(&format!("{{containers: [{{name: a, image: b, {fields}}}]}}"))
        .into_iter()
        .map(|text| text.replacen("spec.containers[0].", "", 1))
        .collect()
}

fn deployment(kind: &str, spec: &str) -> Vec<String> {
    let group = if kind.ends_with("Job") { "batch/v1" } else { "apps/v1" };
    said(&format!("{{apiVersion: {group}, kind: {kind}, metadata: {{name: a}}, spec: {spec}}}"))
}

#[test]
fn probes() {
    for (fields, message) in [
        ("livenessProbe: {periodSeconds: 5}", "livenessProbe: `livenessProbe` has no handler"),
        ("livenessProbe: {httpGet: null, tcpSocket: null}", "livenessProbe: `livenessProbe` has no handler"),
        (
            "readinessProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}",
            "readinessProbe.tcpSocket: `readinessProbe` has both `exec` and `tcpSocket`",
        ),
        (
            "livenessProbe: {tcpSocket: {port: 80}, successThreshold: 2}",
            "livenessProbe.successThreshold: `successThreshold` of a `livenessProbe` must be 1, but is 2",
        ),
        (
            "startupProbe: {tcpSocket: {port: 80}, failureThreshold: -1}",
            "startupProbe.failureThreshold: `failureThreshold` must be 0 or more, but is -1",
        ),
        ("startupProbe: {httpGet: {path: /}}", "startupProbe.httpGet.port: `httpGet` of `startupProbe` needs a `port`"),
        (
            "startupProbe: {exec: {command: []}}",
            "startupProbe.exec.command: `exec` of `startupProbe` needs a `command`",
        ),
        (
            "livenessProbe: {httpGet: {port: \"8080\"}}",
            "livenessProbe.httpGet.port: `8080` is no port name: it has no letter: a number must not be quoted",
        ),
        (
            "livenessProbe: {httpGet: {port: 80, scheme: http}}",
            "livenessProbe.httpGet.scheme: `scheme` must be one of `HTTP`, `HTTPS`, not `http`",
        ),
        ("lifecycle: {preStop: {}}", "lifecycle.preStop: `preStop` has no handler"),
    ] {
        assert_eq!(container(fields), [message], "{fields}");
    }
}

#[test]
fn containers() {
    for (fields, message) in [
        (
            "ports: [{containerPort: 70000}]",
            "ports[0].containerPort: `containerPort` must be from 1 to 65535, but is 70000",
        ),
        ("ports: [{name: web}]", "ports[0].containerPort: a port needs a `containerPort`"),
        (
            "ports: [{name: web, containerPort: 1}, {name: web, containerPort: 2}]",
            "ports[1].name: two ports of the container are named `web`",
        ),
        (
            "ports: [{name: a-name-that-is-long, containerPort: 1}]",
            "ports[0].name: `a-name-that-is-long` is no port name: it has 19 characters, and at most 15 are allowed",
        ),
        (
            "ports: [{containerPort: 1, protocol: tcp}]",
            "ports[0].protocol: `protocol` must be one of `TCP`, `UDP`, `SCTP`, not `tcp`",
        ),
        (
            "env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: z}}}]",
            "env[0].valueFrom: `A` has both `value` and `valueFrom`",
        ),
        ("env: [{value: x}]", "env[0].name: a variable needs a `name`"),
        (
            "volumeMounts: [{name: a, mountPath: /x}, {name: b, mountPath: /x}]",
            "volumeMounts[1].mountPath: two mounts of the container are at `/x`",
        ),
        ("resources: {limits: {cpu: -1}}", "resources.limits.cpu: `cpu` can't be negative"),
        (
            "resources: {limits: {cpu: 100m}, requests: {cpu: 1}}",
            "resources.requests.cpu: the request of cpu, 1, is above its limit, 100m",
        ),
        (
            "imagePullPolicy: always",
            "imagePullPolicy: `imagePullPolicy` must be one of `Always`, `IfNotPresent`, `Never`, not `always`",
        ),
    ] {
        assert_eq!(container(fields), [message], "{fields}");
    }
    assert_eq!(
        pod("{containers: [{name: a}, {image: b}, {name: a, image: ''}, {name: A_b, image: c}]}"),
        [
            "spec.containers[0].image: a container needs an `image`",
            "spec.containers[1].name: a container needs a `name`",
            "spec.containers[2].name: two containers of the pod are named `a`",
            "spec.containers[2].image: a container needs an `image`",
            "spec.containers[3].name: `A_b` can't be the name of a container",
        ]
    );
    assert_eq!(pod("{containers: []}"), ["spec.containers: a pod needs at least one container"]);
    assert_eq!(pod("{restartPolicy: Sometimes, containers: [{name: a, image: b}]}").len(), 1);
    assert_eq!(
        pod(
            "{containers: [{name: a, image: b}], initContainers: [{name: a, image: b}, {name: c, image: d, livenessProbe: {}}]}"
        ),
        [
            "spec.initContainers[0].name: two containers of the pod are named `a`",
            "spec.initContainers[1].livenessProbe: an init container can't have `livenessProbe`",
        ]
    );
}

#[test]
fn what_looks_wrong_and_is_accepted() {
    for fields in [
        "livenessProbe: {httpGet: {port: web}, successThreshold: 0, periodSeconds: 0, timeoutSeconds: 0}",
        "readinessProbe: {tcpSocket: {port: 1}, successThreshold: 3}",
        "livenessProbe: {exec: {command: ['']}}",
        "livenessProbe: {httpGet: {port: 80}, exec: null}",
        "ports: [{containerPort: 80}, {containerPort: 80}, {containerPort: 80, hostPort: 0}]",
        "env: [{name: A, value: '', valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: A}, {name: 1-x.y}]",
        "volumeMounts: [{name: a, mountPath: /x}, {name: a, mountPath: /x/}, {name: c, mountPath: relative}]",
        "resources: {limits: {cpu: 1, memory: 0}, requests: {cpu: 1000m}}",
        "resources: {limits: {memory: 1GiB}}",
        "image: ' '",
        "livenessProbe: {httpGet: {port: '${PORT}'}}",
        "command: ['']",
    ] {
        // An unknown unit of memory has a rule of its own, which speaks of the same path.
        let said: Vec<_> =
            container(fields).into_iter().filter(|text| !text.starts_with("resources.limits.memory")).collect();
        assert!(said.is_empty(), "{fields}: {said:?}");
    }
    assert!(pod("{restartPolicy: Never, containers: [{name: a, image: b}], initContainers: [{name: c, image: d, restartPolicy: Always, livenessProbe: {tcpSocket: {port: 1}}}]}").is_empty());
    assert!(
        said("{apiVersion: v1, kind: Pod, metadata: {generateName: a-}, spec: {containers: [{name: a, image: b}]}}")
            .is_empty()
    );
    assert!(said("{apiVersion: v1, kind: ConfigMap, metadata: {name: '${NAME}'}}").is_empty());
    for value in ["{NAME}", "[YOUR_NAME]", "<NAME>"] {
        assert!(
            said(&format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {value}}}}}")).is_empty(),
            "{value}"
        );
    }
    for value in ["{NAME: a}", "{name: }", "[a]", "[NAME, A]"] {
        let said = said(&format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {value}}}}}"));
        assert_eq!(said.len(), 1, "{value}: {said:?}");
    }
    assert!(said("{apiVersion: serving.knative.dev/v1, kind: Service, spec: {template: {spec: {containers: [{image: a, livenessProbe: {}}]}}}}").is_empty());
    assert!(said("{apiVersion: apps.openshift.io/v1, kind: DeploymentConfig, spec: {template: {spec: {containers: [{name: a}]}}}}").is_empty());
    assert!(said("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: 'system:a'}}").is_empty());
}

#[test]
fn strategies_and_schedules() {
    let workload = |kind: &str, more: &str| {
        let template = "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}";
        deployment(kind, &format!("{{selector: {{matchLabels: {{a: b}}}}, {more}, {template}}}"))
    };
    for (kind, more) in [
        ("Deployment", "strategy: {type: Recreate}"),
        ("Deployment", "strategy: {rollingUpdate: {maxSurge: 1}}"),
        ("Deployment", "strategy: {type: Recreate, rollingUpdate: null}"),
        ("StatefulSet", "updateStrategy: {type: OnDelete}"),
        ("DaemonSet", "updateStrategy: {type: OnDelete, rollingUpdate: {maxUnavailable: 1}}"),
    ] {
        assert!(workload(kind, more).is_empty(), "{kind} {more}: {:?}", workload(kind, more));
    }
    assert_eq!(
        workload("StatefulSet", "updateStrategy: {type: Rolling}"),
        ["spec.updateStrategy.type: `type` must be one of `RollingUpdate`, `OnDelete`, not `Rolling`"]
    );
    assert_eq!(
        workload("Deployment", "strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}"),
        ["spec.strategy.rollingUpdate: `rollingUpdate` can't stand beside `type: Recreate`"]
    );
    let job = "jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}";
    let cron = |schedule: &str| deployment("CronJob", &format!("{{schedule: '{schedule}', {job}}}"));
    for fine in [
        "0 3 * * *",
        "@daily",
        "@every 1h30m",
        "TZ=UTC 0 3 * * *",
        "*/5 1-3,5 ? JAN mon#1",
        "{{ .Values.schedule }}",
        "$SCHEDULE now",
    ] {
        assert!(cron(fine).is_empty(), "{fine}: {:?}", cron(fine));
    }
    for wrong in ["0 3 * *", "0 0 3 * * *"] {
        assert!(cron(wrong)[0].starts_with("spec.schedule: a schedule has five fields"), "{wrong}: {:?}", cron(wrong));
    }
}

#[test]
fn selectors_and_restart_policies() {
    let template = |labels: &str, more: &str| {
        format!("template: {{metadata: {{labels: {labels}}}, spec: {{{more} containers: [{{name: a, image: b}}]}}}}")
    };
    let good = format!("{{selector: {{matchLabels: {{a: b}}}}, {}}}", template("{a: b, c: d}", ""));
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        assert!(deployment(kind, &good).is_empty(), "{kind}");
        let never = format!("{{selector: {{matchLabels: {{a: b}}}}, {}}}", template("{a: b}", "restartPolicy: Never,"));
        assert_eq!(
            deployment(kind, &never),
            [format!("spec.template.spec.restartPolicy: `restartPolicy` in a {kind} must be `Always`, not `Never`")]
        );
        assert_eq!(
            deployment(kind, &format!("{{{}}}", template("{a: b}", ""))),
            [format!("spec.selector: the {kind} has no `selector`")]
        );
    }
    let wrong = format!("{{selector: {{matchLabels: {{a: x}}}}, {}}}", template("{a: b}", ""));
    assert_eq!(
        deployment("Deployment", &wrong),
        ["spec.template.metadata.labels: the selector asks for the label `a: x`, but the template's is `b`"]
    );
    let exists = |operator: &str| {
        let selector = format!("{{matchExpressions: [{{key: a, operator: {operator}, values: [b]}}]}}");
        deployment("Deployment", &format!("{{selector: {selector}, {}}}", template("{a: b}", ""))).len()
    };
    assert_eq!((exists("In"), exists("NotIn"), exists("Exists"), exists("DoesNotExist")), (0, 1, 0, 1));
    assert_eq!(
        deployment("Deployment", &format!("{{selector: {{}}, {}}}", template("{a: b}", ""))),
        ["spec.selector: the selector of a Deployment can't be empty"]
    );
    assert_eq!(
        deployment("Job", &format!("{{{}}}", template("{}", ""))),
        [
            "spec.template.spec.restartPolicy: the pods of a job need a `restartPolicy`: the default, `Always`, is not allowed"
        ]
    );
    assert!(deployment("Job", &format!("{{{}}}", template("{}", "restartPolicy: OnFailure,"))).is_empty());
    let cron = |schedule: &str| {
        deployment(
            "CronJob",
            &format!("{{{schedule} jobTemplate: {{spec: {{{}}}}}}}", template("{}", "restartPolicy: Never,")),
        )
    };
    assert!(cron("schedule: '@daily',").is_empty());
    assert_eq!(cron(""), ["spec.schedule: a CronJob needs a `schedule`"]);
}

#[test]
fn names_and_types() {
    assert_eq!(
        said("{apiVersion: v1, kind: ConfigMap, metadata: {name: My_Config}}"),
        ["metadata.name: `My_Config` can't be the name of a ConfigMap"]
    );
    assert_eq!(said("{apiVersion: v1, kind: ConfigMap}"), ["metadata: the ConfigMap has no name"]);
    // A wrong type is told once.
    assert_eq!(container("livenessProbe: []"), ["livenessProbe: `livenessProbe` must be a mapping, but it is a list"]);
    assert_eq!(container("ports: [{containerPort: '80'}]").len(), 1);
    assert_eq!(said("{apiVersion: v1, kind: ConfigMap, metadata: {name: 1}}").len(), 1);
}
