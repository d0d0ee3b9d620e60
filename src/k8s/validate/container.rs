//! Pod specs and their containers.

use super::{Checker, is_label, is_placeholder, present, text};
use crate::k8s::quantity::Quantity;
use crate::node::{Kind, Node};
use std::collections::HashSet;

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

impl<'t> Checker<'t> {
    /// ValidatePodSpec.
    pub(super) fn pod_spec(&mut self, spec: Node<'t>) {
        self.one_of(spec, "restartPolicy", &["Always", "OnFailure", "Never"]);
        self.one_of(spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
        let regular = present(spec, "containers");
        // validateContainers
        if regular.is_none_or(|list| list.kind() == Kind::Sequence && list.items().next().is_none()) {
            self.say(spec, &["containers"], "a pod needs at least one container").help =
                Some("add `containers`, or indent them so that they stand under the pod's `spec`".into());
        }
        // Names are unique among regular and init containers (validateInitContainers).
        let mut names = HashSet::new();
        for container in regular.into_iter().flat_map(Node::items) {
            self.container(container, &mut names);
            for probe in PROBES {
                self.probe(container, probe);
            }
            self.lifecycle(container);
        }
        for container in present(spec, "initContainers").into_iter().flat_map(Node::items) {
            self.container(container, &mut names);
            let policy = text(container, "restartPolicy");
            if policy == "Always" {
                for probe in PROBES {
                    self.probe(container, probe);
                }
                self.lifecycle(container);
            } else if !is_placeholder(policy) {
                for key in PROBES.into_iter().chain(["lifecycle"]) {
                    if present(container, key).is_some() {
                        self.say(container, &[key], format!("an init container can't have `{key}`")).help =
                            Some(format!("remove `{key}`, or make it a sidecar with `restartPolicy: Always`"));
                    }
                }
            }
        }
        self.volumes(spec);
    }

    /// ValidateVolumes: names alone; sources are many.
    fn volumes(&mut self, spec: Node<'t>) {
        let mut names = HashSet::new();
        for volume in present(spec, "volumes").into_iter().flat_map(Node::items).filter(|v| v.kind() == Kind::Mapping) {
            let name = text(volume, "name");
            if present(volume, "name").is_none() {
                self.say(volume, &["name"], "a volume needs a `name`");
            } else if !names.insert(name) && !name.is_empty() {
                self.say(volume, &["name"], format!("two volumes are named `{name}`"));
            } else if !name.is_empty() && !is_label(name) && !is_placeholder(name) {
                self.label(volume, "a volume");
            }
        }
    }

    /// ValidateDNS1123Label, of `name`.
    fn label(&mut self, owner: Node<'t>, what: &str) {
        let name = text(owner, "name");
        self.say(owner, &["name"], format!("`{name}` can't be the name of {what}")).help =
            Some("use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends".into());
    }

    /// validateContainerCommon.
    fn container(&mut self, container: Node<'t>, names: &mut HashSet<&'t str>) {
        if container.kind() != Kind::Mapping {
            return;
        }
        let name = text(container, "name");
        if name.is_empty() {
            if present(container, "name").is_none_or(|name| name.kind() == Kind::String) {
                self.say(container, &["name"], "a container needs a `name`");
            }
        } else if !names.insert(name) {
            self.say(container, &["name"], format!("two containers of the pod are named `{name}`"));
        } else if !is_label(name) && !is_placeholder(name) {
            self.label(container, "a container");
        }
        if present(container, "image").is_none_or(|image| image.as_str() == Some("")) {
            self.say(container, &["image"], "a container needs an `image`");
        }
        self.one_of(container, "imagePullPolicy", &["Always", "IfNotPresent", "Never"]);
        self.one_of(container, "terminationMessagePolicy", &["File", "FallbackToLogsOnError"]);
        self.ports(container);
        self.env(container);
        self.mounts(container);
        self.resources(container);
    }

    /// validateContainerPorts.
    fn ports(&mut self, container: Node<'t>) {
        let mut names = HashSet::new();
        for port in present(container, "ports").into_iter().flat_map(Node::items).filter(|p| p.kind() == Kind::Mapping)
        {
            let name = text(port, "name");
            if !name.is_empty() && !names.insert(name) {
                self.say(port, &["name"], format!("two ports of the container are named `{name}`"));
            } else if !name.is_empty() && !is_placeholder(name) {
                self.port_name(port, &["name"], name);
            }
            match present(port, "containerPort") {
                None => {
                    self.say(port, &["containerPort"], "a port needs a `containerPort`");
                }
                Some(number) => self.port_number(port, "containerPort", number),
            }
            // Zero stands for none.
            if let Some(number) = present(port, "hostPort").filter(|number| number.as_i64() != Some(0)) {
                self.port_number(port, "hostPort", number);
            }
            self.one_of(port, "protocol", &["TCP", "UDP", "SCTP"]);
        }
    }

    fn port_number(&mut self, owner: Node<'t>, key: &'static str, number: Node<'t>) {
        if let Some(value) = number.as_i64().filter(|value| !(1..=65535).contains(value)) {
            self.say(owner, &[key], format!("`{key}` must be from 1 to 65535, but is {value}"));
        }
    }

    /// apimachinery pkg/util/validation, IsValidPortName.
    fn port_name(&mut self, owner: Node<'t>, keys: &[&'static str], name: &str) {
        let wrong = if name.len() > 15 {
            format!("has {} characters, and at most 15 are allowed", name.len())
        } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            || name.bytes().any(|b| b.is_ascii_uppercase())
        {
            "holds more than lower-case letters, digits and `-`".into()
        } else if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            "has no letter: a number must not be quoted".into()
        } else if name.contains("--") || name.starts_with('-') || name.ends_with('-') {
            "has a `-` at an end, or two in a row".into()
        } else {
            return;
        };
        self.say(owner, keys, format!("`{name}` is no port name: it {wrong}"));
    }

    /// ValidateEnv and validateEnvVarValueFrom.
    fn env(&mut self, container: Node<'t>) {
        for entry in present(container, "env").into_iter().flat_map(Node::items).filter(|e| e.kind() == Kind::Mapping) {
            let name = text(entry, "name");
            if name.is_empty() {
                if present(entry, "name").is_none_or(|name| name.kind() == Kind::String) {
                    self.say(entry, &["name"], "a variable needs a `name`");
                }
            } else if name.contains('=') {
                // IsRelaxedEnvVarName and IsEnvVarName agree on this one.
                self.say(entry, &["name"], format!("the variable's name `{name}` holds a `=`"));
            }
            let Some(from) = present(entry, "valueFrom").filter(|from| from.kind() == Kind::Mapping) else { continue };
            let sources = from.entries().filter(|(_, value)| !value.is_null()).count();
            if sources == 0 {
                self.say(entry, &["valueFrom"], format!("`valueFrom` of `{name}` names no source"));
            } else if !text(entry, "value").is_empty() {
                self.say(entry, &["valueFrom"], format!("`{name}` has both `value` and `valueFrom`")).help =
                    Some("keep one of them".into());
            } else if sources > 1 && known_sources(from) > 1 {
                self.say(entry, &["valueFrom"], format!("`valueFrom` of `{name}` names {sources} sources")).help =
                    Some("keep one of them".into());
            }
        }
    }

    /// ValidateVolumeMounts.
    fn mounts(&mut self, container: Node<'t>) {
        let mut paths = HashSet::new();
        for mount in
            present(container, "volumeMounts").into_iter().flat_map(Node::items).filter(|m| m.kind() == Kind::Mapping)
        {
            let path = text(mount, "mountPath");
            if path.is_empty() {
                if present(mount, "mountPath").is_none_or(|path| path.kind() == Kind::String) {
                    self.say(mount, &["mountPath"], "a mount needs a `mountPath`");
                }
            } else if !paths.insert(path) {
                self.say(mount, &["mountPath"], format!("two mounts of the container are at `{path}`"));
            }
            if present(mount, "name").is_none() {
                self.say(mount, &["name"], "a mount needs the `name` of its volume");
            }
        }
    }

    /// validateResourceRequirements: of CPU; memory has its own rules.
    fn resources(&mut self, container: Node<'t>) {
        let Some(resources) = present(container, "resources") else { return };
        let amount = |list: &str, name: &str| {
            let node = present(present(resources, list)?, name)?;
            Quantity::parse(node.scalar()?.trim()).ok()
        };
        for list in ["limits", "requests"] {
            for name in ["cpu", "memory", "ephemeral-storage"] {
                if amount(list, name).is_some_and(|amount| amount < Quantity::new(0)) {
                    self.say(resources, &[list, name], format!("`{name}` can't be negative"));
                }
            }
        }
        for name in ["cpu", "ephemeral-storage"] {
            if let (Some(request), Some(limit)) = (amount("requests", name), amount("limits", name))
                && request > limit
            {
                let shown = |list: &str| {
                    present(resources, list).and_then(|l| present(l, name)).and_then(Node::scalar).unwrap_or_default()
                };
                let message =
                    format!("the request of {name}, {}, is above its limit, {}", shown("requests"), shown("limits"));
                self.say(resources, &["requests", name], message);
            }
        }
    }

    /// validateProbe and its three callers, which ask more of two of them.
    fn probe(&mut self, container: Node<'t>, key: &'static str) {
        let Some(probe) = present(container, key).filter(|probe| probe.kind() == Kind::Mapping) else { return };
        self.handler(container, key, probe, &["exec", "httpGet", "tcpSocket", "grpc"]);
        for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
        {
            self.at_least(probe, field, 0);
        }
        self.at_least(probe, "terminationGracePeriodSeconds", 1);
        // Zero becomes the default of 1 (pkg/apis/core/v1/defaults.go, SetDefaults_Probe).
        let successes = present(probe, "successThreshold").and_then(Node::as_i64).unwrap_or(0);
        if key != "readinessProbe" && successes > 1 {
            self.say(
                probe,
                &["successThreshold"],
                format!("`successThreshold` of a `{key}` must be 1, but is {successes}"),
            )
            .help = Some("remove it; only a readiness probe may ask for several successes".into());
        }
        if key == "readinessProbe" && present(probe, "terminationGracePeriodSeconds").is_some() {
            self.say(
                probe,
                &["terminationGracePeriodSeconds"],
                "a readiness probe kills nothing: it can't have a grace period",
            );
        }
    }

    /// validateLifecycle.
    fn lifecycle(&mut self, container: Node<'t>) {
        let Some(lifecycle) = present(container, "lifecycle") else { return };
        for key in ["postStart", "preStop"] {
            if let Some(hook) = present(lifecycle, key).filter(|hook| hook.kind() == Kind::Mapping) {
                self.handler(lifecycle, key, hook, &["exec", "httpGet", "tcpSocket", "sleep"]);
            }
        }
    }

    /// validateHandler: exactly one of the handlers, each with what it needs.
    fn handler(&mut self, owner: Node<'t>, key: &'static str, node: Node<'t>, known: &[&'static str]) {
        let there: Vec<&'static str> =
            known.iter().copied().filter(|handler| present(node, handler).is_some()).collect();
        let all = known.iter().map(|handler| format!("`{handler}`")).collect::<Vec<_>>().join(", ");
        match there[..] {
            [] => {
                self.say(owner, &[key], format!("`{key}` has no handler")).help = Some(format!("give it one of {all}"));
            }
            [first, second, ..] => {
                self.say(node, &[second], format!("`{key}` has both `{first}` and `{second}`")).help =
                    Some("keep one of them: a probe or hook has one handler".into());
            }
            [_] => {}
        }
        if let Some(exec) = present(node, "exec")
            && present(exec, "command").is_none_or(|command| command.kind() == Kind::Sequence && command.count() == 0)
        {
            self.say(exec, &["command"], format!("`exec` of `{key}` needs a `command`"));
        }
        for handler in ["httpGet", "tcpSocket", "grpc"] {
            let Some(action) = present(node, handler).filter(|_| there.contains(&handler)) else { continue };
            match present(action, "port") {
                None => {
                    self.say(action, &["port"], format!("`{handler}` of `{key}` needs a `port`"));
                }
                Some(port) if port.kind() == Kind::Int => self.port_number(action, "port", port),
                Some(port) => {
                    if let Some(name) = port.as_str().filter(|name| handler != "grpc" && !is_placeholder(name)) {
                        self.port_name(action, &["port"], name);
                    }
                }
            }
        }
        if let Some(http) = present(node, "httpGet") {
            self.one_of(http, "scheme", &["HTTP", "HTTPS"]);
        }
    }
}

fn known_sources(from: Node<'_>) -> usize {
    ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"]
        .iter()
        .filter(|key| present(from, key).is_some())
        .count()
}
