//! Label selectors, kept without their tree.

use crate::k8s::validate::is_placeholder;
use crate::node::Node;

/// What pods are chosen by. Its requirements all have to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
    /// Whether a key or value is yet to be filled in.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: Box<str>,
    values: Vec<Box<str>>,
    operator: Operator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Absent,
}

/// Labels of a pod template.
pub(super) type Labels = [(Box<str>, Box<str>)];

fn value_of<'l>(labels: &'l Labels, key: &str) -> Option<&'l str> {
    labels.iter().find(|(name, _)| **name == *key).map(|(_, value)| &**value)
}

impl Selector {
    fn new(requirements: Vec<Requirement>) -> Self {
        let open = |one: &Requirement| is_placeholder(&one.key) || one.values.iter().any(|value| is_placeholder(value));
        Self { open: requirements.iter().any(open), requirements }
    }

    /// A mapping of labels, as of a Service.
    pub(super) fn equal(mapping: Node<'_>) -> Self {
        Self::new(equalities(mapping).collect())
    }

    /// A LabelSelector: `matchLabels` and `matchExpressions`; none where it can't be read.
    #[must_use]
    pub fn of(node: Node<'_>) -> Option<Self> {
        let expressions = node.get("matchExpressions").into_iter().flat_map(Node::items).map(|expression| {
            let operator = match expression.get("operator")?.as_str()? {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::Absent,
                _ => return None,
            };
            let values = expression.get("values").into_iter().flat_map(Node::items);
            let values = values.map(|value| Some(value.as_str()?.into())).collect::<Option<_>>()?;
            Some(Requirement { key: expression.get("key")?.as_str()?.into(), values, operator })
        });
        let expressions: Vec<Requirement> = expressions.collect::<Option<_>>()?;
        let labels = node.get("matchLabels").into_iter().flat_map(equalities);
        Some(Self::new(labels.chain(expressions).collect()))
    }

    /// Whether nothing in it is yet to be filled in.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.open
    }

    /// Whether a pod of these labels is chosen.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|one| one.holds(labels))
    }

    /// The single label, asked for by one value, that keeps a pod from being chosen: key, value asked for, and
    /// the pod's own where it has one.
    #[must_use]
    pub fn only_miss<'s>(&'s self, labels: &'s Labels) -> Option<(&'s str, &'s str, Option<&'s str>)> {
        let mut missing = self.requirements.iter().filter(|one| !one.holds(labels));
        let one = missing.next().filter(|_| missing.next().is_none())?;
        match &one.values[..] {
            [value] if one.operator == Operator::In => Some((&one.key, value, value_of(labels, &one.key))),
            _ => None,
        }
    }

    /// The labels that it asks for by one value each, which are all that it asks for; none of another selector.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let single = self.requirements.iter().filter(|one| one.operator == Operator::In && one.values.len() == 1);
        single.map(|one| (&*one.key, &*one.values[0]))
    }
}

fn equalities(mapping: Node<'_>) -> impl Iterator<Item = Requirement> {
    mapping.entries().filter_map(|(key, value)| {
        let values = vec![value.scalar()?.into()];
        Some(Requirement { key: key.scalar()?.into(), values, operator: Operator::In })
    })
}

impl Requirement {
    fn holds(&self, labels: &Labels) -> bool {
        let value = value_of(labels, &self.key);
        let listed = |value: &str| self.values.iter().any(|one| **one == *value);
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => value.is_none_or(|value| !listed(value)),
            Operator::Exists => value.is_some(),
            Operator::Absent => value.is_none(),
        }
    }
}
