//! A memory amount that Kubernetes can't read.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::field::Field;
use crate::k8s::quantity::{Quantity, QuantityError};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-unit-invalid",
    summary: "a memory amount with a unit that Kubernetes does not know",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The API server refuses the object: `quantities must match the regular expression`. Nothing is rolled out.",
        why: "A quantity is a number and one of Ki, Mi, Gi, Ti, Pi, Ei (powers of 1024) or k, M, G, T, P, E (powers of 1000). `MB`, `GiB`, an \
              upper-case `K` and a blank before the unit are none of them.",
        see: "`kubectl apply` prints `unable to parse quantity's suffix`.",
        fix: "Write `Mi` for mebibytes, `Gi` for gibibytes.",
        ignore: "Never: it can't be applied. Templates that are not rendered yet are left out.",
        source: "Kubernetes apimachinery `pkg/api/resource/quantity.go` (ParseQuantity), `suffix.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let fields = [("limit", container.memory_limit_field()), ("request", container.memory_request_field())];
    findings.extend(fields.into_iter().filter_map(|(what, field)| judge(what, field)));
}

fn judge(what: &str, field: Field<'_>) -> Option<Finding> {
    let text = field.node()?.as_str()?;
    // Blanks around a quantity are trimmed by its decoder (Quantity.UnmarshalJSON).
    let error = Quantity::parse(text.trim()).err().filter(|error| *error != QuantityError::Range)?;
    // Not rendered yet; `256MB` has capitals only, and is no placeholder for that.
    if text.is_empty() || text.contains(['{', '}', '<', '>', '$', '%', '#']) || text.contains("__") {
        return None;
    }
    let message = match error {
        QuantityError::Suffix => {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
            format!("memory {what} `{text}`: Kubernetes knows no unit `{unit}`")
        }
        _ => format!("memory {what} `{text}` is no quantity: a number and a unit without a blank are"),
    };
    let finding = Finding::new(RULE.name, Severity::Error, field.path(), message).label("refused by the API server");
    Some(match meant(text) {
        Some(meant) => finding.help(format!("write `{meant}`")).fix(
            Safety::Review,
            format!("write {meant}"),
            field.set(meant.into()),
        ),
        None => finding.help("write a number and one of `Ki`, `Mi`, `Gi`, `Ti`"),
    })
}

/// What was probably meant: binary units, as memory is mostly counted in.
fn meant(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let split = compact.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = compact.split_at(split);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "ki" | "kib" => "Ki",
        "m" | "mb" | "mi" | "mib" => "Mi",
        "g" | "gb" | "gi" | "gib" => "Gi",
        "t" | "tb" | "ti" | "tib" => "Ti",
        _ => return None,
    };
    let meant = format!("{number}{unit}");
    Quantity::parse(&meant).is_ok().then_some(meant)
}
