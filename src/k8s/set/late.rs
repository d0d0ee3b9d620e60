//! What is known only when every file has been read once: who runs which pods.
//!
//! The documents of workloads are read in the second pass, where rules already run. A rule that would have
//! something to say if no pod were there asks its context, which notes the question; when all files have been read,
//! those whose questions are open to a bad answer are read once more. So a document is parsed twice only where it
//! is worth it.

use super::Set;
use super::near::Names;
use super::selector::Selector;
use crate::k8s::field::Field;
use crate::k8s::object::Object;
use crate::k8s::pod::Workload;
use crate::k8s::set::Facts;
use crate::node::Node;
use crate::source::Span;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// The pods of a workload.
#[derive(Clone, Debug)]
pub struct Pods {
    /// The workload's kind.
    pub kind: Box<str>,
    /// The workload's name.
    pub name: Box<str>,
    /// As written.
    pub namespace: Option<Box<str>>,
    /// Number of its file in the run.
    pub file: u32,
    /// The first of the pods' labels, else the workload's name.
    pub span: Span,
    /// The labels of the pods.
    pub labels: Vec<(Box<str>, Box<str>)>,
    /// How many there are, where that can be known.
    pub replicas: Option<i64>,
    /// Names of the ports that they declare.
    ports: Vec<Box<str>>,
    /// Names of the claims that a StatefulSet makes for each of them.
    claims: Vec<Box<str>>,
}

/// An account that pods run as, or that is bound to a role.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub name: Box<str>,
    /// As written.
    pub namespace: Option<Box<str>>,
    /// Number of the file in the run that says so.
    pub file: u32,
    /// Where it does.
    pub span: Span,
    /// Whether it is bound to a role, rather than run as.
    bound: bool,
}

/// What a rule would like to know before everything is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Whether pods stand behind a Service, and behind its port.
    Behind {
        /// The Service's name.
        service: Box<str>,
        /// The namespace that is searched.
        namespace: Option<Box<str>>,
        /// The Service's port that is asked for.
        port: Option<u16>,
    },
    /// Something that can't be told beforehand.
    Other,
}

/// The questions of one file.
#[derive(Debug, Default)]
pub struct Asked(RefCell<HashSet<Question>>);

impl Asked {
    /// Notes a question.
    pub fn note(&self, question: Question) {
        self.0.borrow_mut().insert(question);
    }

    /// Whether, now that all is known, one of them may have an answer that a rule speaks of.
    #[must_use]
    pub fn is_worth_asking(&self, set: &Set) -> bool {
        self.0.borrow().iter().any(|question| match question {
            Question::Behind { service, namespace, port } => set.gap(service, namespace.as_deref(), *port).is_some(),
            Question::Other => true,
        })
    }
}

/// Longest name that is kept: `DNS1123SubdomainMaxLength`.
const MAX_NAME: usize = 253;
/// Names that one object mentions, as far as they are kept.
const MAX_MENTIONED: usize = 100;

impl Facts {
    /// Keeps what an object says of pods and accounts; of a kind that is not Kubernetes' own, the names that it
    /// mentions, as something in the cluster may make objects of these names.
    pub fn add_late(&mut self, file: u32, object: Object<'_>, workloads: &[Workload<'_>]) {
        for workload in workloads {
            self.pods.extend(Pods::of(file, *workload));
            self.accounts.extend(workload.account().and_then(|name| {
                let namespace = object.namespace().map(Into::into);
                Some(Account { name: name.as_str()?.into(), namespace, file, span: name.span(), bound: false })
            }));
        }
        if let Some(subjects) = subjects(object) {
            self.accounts.extend(subjects.map(|subject| Account {
                name: subject.name.into(),
                namespace: subject.namespace.map(Into::into),
                file,
                span: subject.node.span(),
                bound: true,
            }));
        }
        if workloads.is_empty() && is_foreign(object.group()) {
            self.mentioned.extend(mentioned(object));
        }
    }
}

/// A ServiceAccount that a RoleBinding or ClusterRoleBinding names.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'t> {
    /// The subject's name.
    pub name: &'t str,
    /// Its namespace: as written, else that of a RoleBinding (appliesToUser in kubernetes
    /// `pkg/registry/rbac/validation/rule.go`).
    pub namespace: Option<&'t str>,
    /// Whether a ClusterRoleBinding names it, in which a namespace has to be written (ValidateRoleBindingSubject in
    /// kubernetes `pkg/apis/rbac/validation/validation.go`).
    pub cluster_wide: bool,
    /// Its mapping.
    pub node: Node<'t>,
}

impl<'t> Subject<'t> {
    /// Where its name stands.
    #[must_use]
    pub fn name_field(self, object: Object<'t>) -> Field<'t> {
        Field::new(object.root, self.node, &["name"])
    }

    /// Where its namespace stands or would stand.
    #[must_use]
    pub fn namespace_field(self, object: Object<'t>) -> Field<'t> {
        Field::new(object.root, self.node, &["namespace"])
    }
}

/// The ServiceAccounts that a binding names; none for other kinds.
#[must_use]
pub fn subjects<'t>(object: Object<'t>) -> Option<impl Iterator<Item = Subject<'t>> + use<'t>> {
    let binding = matches!(object.kind, "RoleBinding" | "ClusterRoleBinding");
    (binding && object.group() == "rbac.authorization.k8s.io").then(|| {
        let subjects = object.root.get("subjects").into_iter().flat_map(Node::items);
        let (own, cluster_wide) = (object.namespace(), object.kind == "ClusterRoleBinding");
        subjects.filter_map(move |node| {
            let text = |key| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
            (text("kind") == Some("ServiceAccount")).then_some(())?;
            let namespace = text("namespace").or(own.filter(|_| !cluster_wide));
            Some(Subject { name: text("name")?, namespace, cluster_wide, node })
        })
    })
}

/// Whether an API group is not Kubernetes' own, so that an operator may look after its objects.
fn is_foreign(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io") && group != "k8s.io"
}

fn mentioned(object: Object<'_>) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    let mut open = vec![object.root];
    while let Some(node) = open.pop() {
        if found.len() >= MAX_MENTIONED {
            break;
        }
        for (key, value) in node.entries() {
            match value.as_str() {
                Some(text) if (1..=MAX_NAME).contains(&text.len()) => {
                    let key = key.scalar().unwrap_or_default();
                    if ["name", "Name", "secret", "Secret", "Ref"].iter().any(|end| key.ends_with(end)) {
                        found.push(text.into());
                    }
                }
                Some(_) => {}
                None => open.push(value),
            }
        }
        open.extend(node.items());
    }
    found
}

impl Pods {
    fn of(file: u32, workload: Workload<'_>) -> Option<Self> {
        let object = workload.object;
        let labels: Vec<(Box<str>, Box<str>)> =
            workload.pod_labels().map(|(key, value)| (key.into(), value.into())).collect();
        let name = object.root.get("metadata")?.get("name")?;
        let of_pods = workload.template.and_then(|template| template.get("metadata")?.get("labels")?.entries().next());
        let ports = workload.ports().into_iter().filter_map(|port| port.name());
        let claims = workload.claim_templates().filter_map(|claim| claim.get("metadata")?.get("name")?.as_str());
        let one = matches!(object.kind, "Pod").then_some(1);
        Some(Self {
            kind: object.kind.into(),
            name: name.as_str()?.into(),
            namespace: object.namespace().map(Into::into),
            file,
            span: of_pods.map_or(name.span(), |(key, _)| key.span()),
            labels,
            replicas: one.or_else(|| workload.replicas()),
            ports: ports.map(Into::into).collect(),
            claims: claims.map(Into::into).collect(),
        })
    }

    /// Whether they declare a port of this name.
    #[must_use]
    pub fn has_port(&self, name: &str) -> bool {
        self.ports.iter().any(|port| **port == *name)
    }
}

/// The facts of all files, found by what rules ask.
#[derive(Debug, Default)]
pub struct Late {
    pods: Vec<Pods>,
    by_label: HashMap<(Box<str>, Box<str>), Vec<u32>>,
    near_labels: OnceLock<Names>,
    by_name: HashMap<Box<str>, Vec<u32>>,
    running: HashMap<Box<str>, Vec<Account>>,
    running_names: Names,
    bound: HashSet<(Box<str>, Option<Box<str>>)>,
    mentioned: HashSet<Box<str>>,
    claims: HashSet<String>,
}

/// Pods that are looked at for one question: more are never told apart by hand.
const MAX_PODS: usize = 2000;

impl Late {
    /// Takes over the facts of all files, in their order.
    pub(super) fn new(files: impl IntoIterator<Item = Facts>) -> Self {
        let mut late = Self::default();
        for facts in files {
            for pods in facts.pods {
                let at = late.pods.len() as u32;
                for (key, value) in &pods.labels {
                    late.by_label.entry((key.clone(), value.clone())).or_default().push(at);
                }
                late.by_name.entry(pods.name.clone()).or_default().push(at);
                late.claims.extend(pods.claims.iter().map(|claim| format!("{claim}-{}", pods.name)));
                late.pods.push(pods);
            }
            for account in facts.accounts {
                if account.bound {
                    late.bound.insert((account.name, account.namespace));
                } else {
                    late.running_names.add(&account.name);
                    late.running.entry(account.name.clone()).or_default().push(account);
                }
            }
            late.mentioned.extend(facts.mentioned);
        }
        late
    }

    /// The pods that a selector chooses, whatever their namespace; none where there are too many to look at.
    pub(super) fn chosen(&self, selector: &Selector) -> Option<Vec<&Pods>> {
        let lists = selector.pairs().map(|(key, value)| self.by_label.get(&(key.into(), value.into())));
        // The shortest list holds all that match.
        let shortest = lists.map(|list| list.map_or(&[][..], Vec::as_slice)).min_by_key(|list| list.len());
        let all: Vec<&Pods> = match shortest {
            Some(list) => list.iter().take(MAX_PODS + 1).map(|at| &self.pods[*at as usize]).collect(),
            None => self.pods.iter().take(MAX_PODS + 1).collect(),
        };
        (all.len() <= MAX_PODS).then(|| all.into_iter().filter(|pods| selector.matches(&pods.labels)).collect())
    }

    /// Workloads of a name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Pods> {
        self.by_name.get(name).map_or(&[][..], Vec::as_slice).iter().take(MAX_PODS).map(|at| &self.pods[*at as usize])
    }

    /// Whether a workload of a kind and a name is in a namespace, as written.
    #[must_use]
    pub fn has_workload(&self, kind: &str, name: &str, namespace: &str) -> bool {
        self.named(name).any(|pods| *pods.kind == *kind && pods.namespace.as_deref() == Some(namespace))
    }

    /// Pods of which a label's value is nearly this one.
    pub(super) fn nearly_labelled(&self, key: &str, value: &str) -> Vec<&Pods> {
        let near = self.near_labels.get_or_init(|| {
            let mut names = Names::default();
            let mut labels: Vec<_> = self.by_label.keys().collect();
            labels.sort_unstable();
            labels.into_iter().for_each(|(key, value)| names.add(&format!("{key}={value}")));
            names
        });
        let near = near.near(&format!("{key}={value}"));
        let values = near.into_iter().filter_map(|label| label.strip_prefix(key)?.strip_prefix('='));
        let lists = values.filter_map(|value| self.by_label.get(&(key.into(), value.into())));
        lists.flatten().take(MAX_PODS).map(|at| &self.pods[*at as usize]).collect()
    }

    /// The accounts of a name that pods run as.
    pub(super) fn running(&self, name: &str) -> &[Account] {
        self.running.get(name).map_or(&[][..], Vec::as_slice)
    }

    /// Names of accounts that pods run as, nearly the same as this one.
    pub(super) fn running_nearly(&self, name: &str) -> Vec<&str> {
        self.running_names.near(name)
    }

    /// Whether an account is bound to a role somewhere.
    pub(super) fn is_bound(&self, account: &Account) -> bool {
        self.bound.contains(&(account.name.clone(), account.namespace.clone()))
    }

    /// Whether something that is not Kubernetes' own may make an object of a name: it mentions it, or a name that
    /// it begins with.
    #[must_use]
    pub fn may_be_made(&self, name: &str) -> bool {
        let ends = name.match_indices(['-', '.']).map(|(at, _)| at).chain([name.len()]);
        ends.into_iter().any(|end| self.mentioned.contains(&name[..end]))
    }

    /// Whether a StatefulSet makes a claim of this name: `TEMPLATE-SET-ORDINAL` (getPersistentVolumeClaimName,
    /// kubernetes `pkg/controller/statefulset/stateful_set_utils.go`).
    #[must_use]
    pub fn makes_claim(&self, name: &str) -> bool {
        let stem = name.rsplit_once('-').filter(|(_, ordinal)| ordinal.parse::<u32>().is_ok());
        stem.is_some_and(|(stem, _)| self.claims.contains(stem))
    }
}

/// What is wrong behind a Service.
#[derive(Clone, Debug)]
pub enum Gap<'s> {
    /// No pod of the run has the labels; those of one nearly do, but for a label: its key, the value asked for, and
    /// that pod's value.
    Near {
        /// The pods.
        pods: &'s Pods,
        /// The label.
        key: &'s str,
        /// What the Service asks for.
        wanted: &'s str,
        /// What the pods have.
        has: Option<&'s str>,
    },
    /// No pod of the run has the labels.
    Nobody,
    /// The pods declare no port of the name that the Service's port leads to.
    NoPort {
        /// The pods.
        pods: &'s Pods,
        /// The name.
        port: &'s str,
    },
}
