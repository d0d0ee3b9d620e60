//! Who a container's first process is, and which files it may execute.

use super::container::Container;
use super::field::Field;
use super::tables::Tables;
use crate::node::Node;

/// The user of a container's first process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User<'a> {
    /// Root, as the manifest says.
    Root,
    /// Another one, as the manifest says.
    Other,
    /// The image's own, known by name or number; the manifest says nothing.
    OfImage(&'a str),
    /// Nobody knows.
    Unknown,
}

impl User<'_> {
    /// Whether it is root; `None` where nobody knows.
    #[must_use]
    pub fn is_root(self) -> Option<bool> {
        match self {
            Self::Root => Some(true),
            Self::Other => Some(false),
            Self::OfImage(user) => Some(matches!(user.split(':').next(), Some("0" | "root"))),
            Self::Unknown => None,
        }
    }
}

/// Whether a file of a volume of keys may be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executable<'a> {
    /// It may, or that can't be told.
    Perhaps,
    /// By nobody, or not by the user that the manifest gives.
    No,
    /// Not by the user that the image has.
    NotBy(&'a str),
}

impl<'t> Container<'t> {
    /// A field of its security context, else of the pod's.
    fn context(self, keys: &'static [&'static str]) -> Option<Node<'t>> {
        let field = |owner| Field::new(self.workload.object.root, owner, keys).node();
        let own = self.node.get("securityContext").and_then(field);
        own.or_else(|| self.pod_context(keys))
    }

    fn pod_context(self, keys: &'static [&'static str]) -> Option<Node<'t>> {
        Field::new(self.workload.object.root, self.workload.spec.get("securityContext")?, keys).node()
    }

    /// The user of its first process.
    #[must_use]
    pub fn user(self, tables: &Tables) -> User<'_> {
        match self.context(&["runAsUser"]) {
            Some(user) => match user.as_i64() {
                Some(0) => User::Root,
                Some(_) => User::Other,
                None => User::Unknown,
            },
            // Root would not start (kubernetes `pkg/kubelet/kuberuntime/security_context_others.go`, verifyRunAsNonRoot).
            None if self.context(&["runAsNonRoot"]).and_then(Node::as_bool) == Some(true) => User::Other,
            None => tables.known(self).user().map_or(User::Unknown, User::OfImage),
        }
    }

    /// Whether root lacks the right to pass over permission bits.
    fn drops_override(self) -> bool {
        let listed = |list: &'static [&'static str], names: &[&str]| {
            let own = self
                .node
                .get("securityContext")
                .and_then(|context| Field::new(self.workload.object.root, context, list).node());
            own.is_some_and(|list| {
                list.items().filter_map(Node::as_str).any(|name| {
                    let name = name.to_uppercase();
                    names.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
                })
            })
        };
        listed(&["capabilities", "drop"], &["ALL", "DAC_OVERRIDE"])
            && !listed(&["capabilities", "add"], &["ALL", "DAC_OVERRIDE"])
    }

    /// Whether its first process may execute a file of these permission bits, made by the kubelet: root owns it, and
    /// its group is root, or the pod's fsGroup, which adds the group's right to read and none to execute (kubernetes
    /// `pkg/volume/volume_linux.go`, changeFilePermission; `pkg/volume/util/atomic_writer.go`, writePayloadToDir).
    #[must_use]
    pub fn may_execute(self, mode: u32, tables: &Tables) -> Executable<'_> {
        let may = |bits: u32| mode & bits != 0;
        if !may(0o111) {
            return Executable::No;
        }
        let user = self.user(tables);
        let refused = match user.is_root() {
            None => false,
            Some(true) => self.drops_override() && !may(0o100),
            Some(false) => match self.workload.fs_group_field().node() {
                Some(_) => !may(0o010),
                // Whether it belongs to the group root is up to the image.
                None => !may(0o010) && !may(0o001),
            },
        };
        match user {
            _ if !refused => Executable::Perhaps,
            User::OfImage(user) => Executable::NotBy(user),
            _ => Executable::No,
        }
    }
}
