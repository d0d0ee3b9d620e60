//! PodDisruptionBudgets: how many pods have to stay.

use super::field::Field;
use super::object::Object;
use super::set::Selector;
use crate::node::{Kind, Node};

/// What a budget asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// At least so many pods available.
    Available(i64),
    /// At least so many of a hundred available.
    AvailablePercent(i64),
    /// At most so many pods unavailable.
    Unavailable(i64),
    /// At most so many of a hundred unavailable.
    UnavailablePercent(i64),
}

/// A PodDisruptionBudget.
#[derive(Clone, Copy, Debug)]
pub struct Budget<'t> {
    object: Object<'t>,
    spec: Node<'t>,
    /// What it asks for.
    pub wanted: Wanted,
}

impl<'t> Budget<'t> {
    /// The budget of an object, where it is one that says something that can be read.
    #[must_use]
    pub fn of(object: Object<'t>) -> Option<Self> {
        if object.kind != "PodDisruptionBudget" || object.group() != "policy" {
            return None;
        }
        let spec = object.root.get("spec")?;
        let of = |key| spec.get(key).filter(|node: &Node<'t>| !node.is_null()).map(amount);
        let wanted = match (of("maxUnavailable"), of("minAvailable")) {
            (Some((count, false)), None) => Wanted::Unavailable(count?),
            (Some((count, true)), None) => Wanted::UnavailablePercent(count?),
            (None, Some((count, false))) => Wanted::Available(count?),
            (None, Some((count, true))) => Wanted::AvailablePercent(count?),
            _ => return None,
        };
        Some(Self { object, spec, wanted })
    }

    /// Where it says so.
    #[must_use]
    pub fn field(self) -> Field<'t> {
        let keys: &'static [&'static str] = match self.wanted {
            Wanted::Available(_) | Wanted::AvailablePercent(_) => &["minAvailable"],
            Wanted::Unavailable(_) | Wanted::UnavailablePercent(_) => &["maxUnavailable"],
        };
        Field::new(self.object.root, self.spec, keys)
    }

    /// Which pods it is about; none where that can't be read, or it chooses by nothing.
    #[must_use]
    pub fn selector(self) -> Option<Selector> {
        let selector = self.spec.get("selector").filter(|selector| selector.count() > 0)?;
        Selector::of(selector).filter(Selector::is_settled)
    }
}

/// A number, or of a hundred: `2`, `50%`; and whether it is the latter.
fn amount(node: Node<'_>) -> (Option<i64>, bool) {
    match node.kind() {
        Kind::String => {
            let percent =
                node.as_str().and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse::<u8>().ok());
            (percent.map(i64::from), true)
        }
        _ => (node.as_i64().filter(|count| (0..=1_000_000).contains(count)), false),
    }
}
