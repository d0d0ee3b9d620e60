//! What a container may do: its own securityContext over its pod's, as the kubelet joins them.

use super::container::Container;
use super::field::Field;
use super::pod::Workload;
use super::tables::Tables;
use crate::node::Node;

/// Who a container's program is at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Root: its entrypoint may still step down to another user.
    Root,
    /// Anybody else.
    Other,
    /// Nobody knows.
    Unknown,
}

/// Capabilities that a runtime gives to a container that asks for nothing (containerd `pkg/oci/spec.go`,
/// defaultUnixCaps; Docker the same). CRI-O leaves out AUDIT_WRITE, MKNOD, NET_RAW, SETFCAP and SYS_CHROOT.
const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

impl<'t> Container<'t> {
    /// A setting that the container has of its own, else from its pod; where neither has it, where the container
    /// would have it (kubernetes `pkg/securitycontext/util.go`, DetermineEffectiveSecurityContext).
    fn over_pod(self, keys: &'static [&'static str]) -> Field<'t> {
        let (own, of_pod) = (self.field(keys), self.workload.field(keys));
        if own.node().is_none() && of_pod.node().is_some() { of_pod } else { own }
    }

    /// Where the user stands that it runs as, or would stand.
    #[must_use]
    pub fn run_as_user_field(self) -> Field<'t> {
        self.over_pod(&["securityContext", "runAsUser"])
    }

    /// The user that it is told to run as.
    #[must_use]
    pub fn run_as_user(self) -> Option<i64> {
        self.run_as_user_field().node()?.as_i64()
    }

    /// Where a user of its own would stand, whatever its pod says.
    #[must_use]
    pub fn own_run_as_user_field(self) -> Field<'t> {
        self.field(&["securityContext", "runAsUser"])
    }

    /// Where the demand stands, or would stand, that it does not run as root.
    #[must_use]
    pub fn run_as_non_root_field(self) -> Field<'t> {
        self.over_pod(&["securityContext", "runAsNonRoot"])
    }

    /// Whether the kubelet refuses to start it as root.
    #[must_use]
    pub fn must_not_be_root(self) -> bool {
        self.run_as_non_root_field().node().and_then(Node::as_bool) == Some(true)
    }

    /// Who it runs as: as told, else as its image says, else anybody but root where it must not be root (kubernetes
    /// `pkg/kubelet/kuberuntime/security_context_others.go`, verifyRunAsNonRoot).
    #[must_use]
    pub fn starts_as(self, tables: &Tables) -> User {
        if self.run_as_user_field().node().is_some() {
            return match self.run_as_user() {
                Some(0) => User::Root,
                Some(_) => User::Other,
                None => User::Unknown,
            };
        }
        match tables.known(self).user() {
            // It is never started: nothing that follows from the user can be seen.
            Some(user) if is_root(user) && self.must_not_be_root() => User::Unknown,
            Some(user) if is_root(user) => User::Root,
            Some(_) => User::Other,
            None if self.must_not_be_root() => User::Other,
            None => User::Unknown,
        }
    }

    /// Where it says, or would say, whether its root file system can be written. Pods have no such setting.
    #[must_use]
    pub fn read_only_root_field(self) -> Field<'t> {
        self.field(&["securityContext", "readOnlyRootFilesystem"])
    }

    /// Whether nothing can be written outside of mounts.
    #[must_use]
    pub fn has_read_only_root(self) -> bool {
        self.read_only_root_field().node().and_then(Node::as_bool) == Some(true)
    }

    /// Whether it has all rights of the node's root.
    #[must_use]
    pub fn is_privileged(self) -> bool {
        self.field(&["securityContext", "privileged"]).node().and_then(Node::as_bool) == Some(true)
    }

    /// Where it gives capabilities up, or would.
    #[must_use]
    pub fn dropped_field(self) -> Field<'t> {
        self.field(&["securityContext", "capabilities", "drop"])
    }

    /// Whether a list of its capabilities names one. Runtimes look at no case; the kernel's `CAP_` is often written.
    fn lists(self, keys: &'static [&'static str], capability: &str) -> bool {
        let same = |name: &str| {
            let name = name.to_ascii_uppercase();
            name.strip_prefix("CAP_").unwrap_or(&name) == capability
        };
        self.field(keys).node().into_iter().flat_map(Node::items).filter_map(Node::as_str).any(same)
    }

    /// Whether it asks for a capability by name.
    #[must_use]
    pub fn adds_capability(self, capability: &str) -> bool {
        self.lists(&["securityContext", "capabilities", "add"], capability)
    }

    /// Whether its processes may have a capability: what is named wins over ALL, and of the same rank what is
    /// dropped wins (containerd `internal/cri/opts/spec_opts.go`, WithCapabilities; the kubelet passes a pod's
    /// nothing on, as pods have no such setting). As root they have it; others only by their program's file, as
    /// runtimes clear the ambient set (WithoutAmbientCaps).
    #[must_use]
    pub fn may_have_capability(self, capability: &str) -> bool {
        let drops = |name| self.lists(&["securityContext", "capabilities", "drop"], name);
        if self.is_privileged() {
            return true;
        }
        !drops(capability)
            && (self.adds_capability(capability)
                || (!drops("ALL") && (self.adds_capability("ALL") || DEFAULT.contains(&capability))))
    }
}

impl<'t> Workload<'t> {
    /// Where the kernel's settings of its pods stand, or would stand.
    #[must_use]
    pub fn sysctls_field(self) -> Field<'t> {
        self.field(&["securityContext", "sysctls"])
    }

    /// Its setting of a sysctl: where the value stands, or would stand.
    #[must_use]
    pub fn sysctl(self, name: &str) -> Option<Field<'t>> {
        let settings = self.sysctls_field().node().into_iter().flat_map(Node::items);
        let found = settings.filter(|setting| setting.get("name").and_then(Node::as_str) == Some(name)).last()?;
        Some(Field::new(self.object.root, found, &["value"]))
    }

    /// The first port that anybody may bind, where the pod sets it (Linux `Documentation/networking/ip-sysctl.rst`; a
    /// safe sysctl since Kubernetes 1.22).
    #[must_use]
    pub fn unprivileged_port_start(self) -> Option<u16> {
        self.sysctl(UNPRIVILEGED_PORTS)?.node()?.as_str()?.trim().parse().ok()
    }

    /// Where the group stands, or would stand, that volumes are given to.
    #[must_use]
    pub fn fs_group_field(self) -> Field<'t> {
        self.field(&["securityContext", "fsGroup"])
    }

    /// Whether OpenShift runs it, which gives a user of its own to what names none.
    #[must_use]
    pub fn is_openshift(self) -> bool {
        self.kind.group.ends_with(".openshift.io")
    }
}

/// The sysctl that says from which port on anybody may bind.
pub const UNPRIVILEGED_PORTS: &str = "net.ipv4.ip_unprivileged_port_start";

/// What is assumed where a port below 1024 is said to be refused (containerd `internal/cri/config/config_unix.go`, and
/// before 2.0 `pkg/cri/config/config_unix.go`; moby `daemon/oci_linux.go`).
pub const RUNTIMES_AND_PORTS: &str = "assumed that the runtime keeps ports below 1024 to root, as containerd before 2.0 \
    and CRI-O do by default; containerd from 2.0 on and Docker from 20.10 on open them to anybody";

/// Whether the USER of a Dockerfile is root, by number or by name; a group may follow.
#[must_use]
pub fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), Some("0" | "root" | ""))
}

/// The number of a Dockerfile's USER, where it is one: a name can't be checked by the kubelet.
#[must_use]
pub fn user_number(user: &str) -> Option<u32> {
    user.split(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::object::Object;

    fn asked<T>(pod: &str, container: &str, ask: impl Fn(Container<'_>) -> T) -> T {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "spec": {{"securityContext": {pod}, "containers": [{{"name": "a",
            "image": "a:1", "securityContext": {container}}}]}}}}"#
        );
        let document = crate::json::documents(&text).next().unwrap().unwrap();
        let object = Object::new(document.tree.root()).unwrap();
        ask(object.workloads(&[])[0].containers()[0])
    }

    #[test]
    fn a_container_stands_over_its_pod() {
        for (pod, container, user, must) in [
            (r#"{"runAsUser": 0}"#, "{}", Some(0), false),
            (r#"{"runAsUser": 0, "runAsNonRoot": true}"#, r#"{"runAsUser": 5}"#, Some(5), true),
            (r#"{"runAsUser": 5, "runAsNonRoot": true}"#, r#"{"runAsUser": 0, "runAsNonRoot": false}"#, Some(0), false),
            // `null` is no setting.
            (r#"{"runAsUser": 5}"#, r#"{"runAsUser": null}"#, Some(5), false),
            ("null", r#"{"runAsUser": 7}"#, Some(7), false),
            ("null", "null", None, false),
        ] {
            let found = asked(pod, container, |container| (container.run_as_user(), container.must_not_be_root()));
            assert_eq!(found, (user, must), "{pod} {container}");
        }
    }

    #[test]
    fn capabilities_as_containerd_joins_them() {
        for (context, capability, may) in [
            ("{}", "CHOWN", true),
            ("{}", "SYS_ADMIN", false),
            (r#"{"capabilities": {"drop": ["ALL"]}}"#, "CHOWN", false),
            (r#"{"capabilities": {"drop": ["all"], "add": ["chown"]}}"#, "CHOWN", true),
            (r#"{"capabilities": {"drop": ["ALL"], "add": ["CAP_CHOWN"]}}"#, "CHOWN", true),
            (r#"{"capabilities": {"add": ["ALL"], "drop": ["CHOWN"]}}"#, "CHOWN", false),
            (r#"{"capabilities": {"add": ["ALL"]}}"#, "SYS_ADMIN", true),
            (r#"{"capabilities": {"add": ["ALL"], "drop": ["ALL"]}}"#, "CHOWN", false),
            (r#"{"capabilities": {"add": ["CHOWN"], "drop": ["CHOWN"]}}"#, "CHOWN", false),
            (r#"{"privileged": true, "capabilities": {"drop": ["ALL"]}}"#, "CHOWN", true),
        ] {
            assert_eq!(asked("{}", context, |it| it.may_have_capability(capability)), may, "{context} {capability}");
        }
    }

    #[test]
    fn users_of_dockerfiles() {
        assert!(is_root("0") && is_root("root") && is_root("0:0") && is_root("root:root") && !is_root("1000"));
        assert_eq!((user_number("65532:65532"), user_number("nginx"), user_number("0")), (Some(65532), None, Some(0)));
    }
}
