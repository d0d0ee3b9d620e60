//! A rule's page in Markdown, in fixed headings. Terminal help and the written documentation both
//! come from here.

use crate::finding::Safety;
use crate::rules::Rule;
use serde_json::Value;
use std::fmt::Write as _;

/// An option of a rule: its name, what it does, and its default as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionDoc {
    /// The key in a policy.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Its default, where the schema states one.
    pub default: Option<Value>,
}

/// The options of a rule, as the schema of its options type tells.
#[must_use]
pub fn options(rule: &Rule) -> Vec<OptionDoc> {
    let mut generator = schemars::SchemaGenerator::default();
    let schema = serde_json::to_value((rule.options.schema)(&mut generator)).unwrap_or_default();
    // A named type is a reference into the generator's definitions.
    let schema = match schema.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next()) {
        Some(name) => generator.definitions().get(name).cloned().unwrap_or_default(),
        None => schema,
    };
    let text = |value: &Value| value.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, field)| OptionDoc {
            name: name.clone(),
            about: text(field),
            default: field.get("default").cloned(),
        })
        .collect()
}

/// `safe`, `review` or `none`.
#[must_use]
pub fn fix(rule: &Rule) -> &'static str {
    match rule.fix {
        Some(Safety::Safe) => "safe",
        Some(Safety::Review) => "review",
        None => "none",
    }
}

/// The page. `example` is a manifest that the rule objects to.
#[must_use]
pub fn markdown(rule: &Rule, example: Option<&str>) -> String {
    let docs = &rule.docs;
    let mut page = format!("# {}\n\n{}\n\n", rule.name, rule.summary.trim());
    let _ = writeln!(
        page,
        "Severity: {} · Scope: {} · Fix: {} · Since: {}\n",
        rule.severity.name(),
        rule.scope.name(),
        fix(rule),
        rule.since
    );
    let mut section = |heading: &str, text: &str| {
        let _ = write!(page, "## {heading}\n\n{}\n\n", text.trim());
    };
    section("What happens", docs.happens);
    section("Why", docs.why);
    section("How to see it", docs.see);
    section("How to fix it", docs.fix);
    section("When to ignore it", docs.ignore);
    let options: String = options(rule)
        .iter()
        .map(|option| {
            let default = option.default.as_ref().map_or_else(String::new, |value| format!(" (default `{value}`)"));
            let about = option.about.split_whitespace().collect::<Vec<_>>().join(" ");
            let colon = if about.is_empty() { "" } else { ": " };
            format!("- `{}`{default}{colon}{about}\n", option.name)
        })
        .collect();
    section("Options", if options.is_empty() { "None." } else { &options });
    if let Some(example) = example {
        section("Example", &format!("The rule objects to this:\n\n```yaml\n{}\n```", example.trim_end()));
    }
    section("Source", docs.source);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// The index of all pages, as a table.
#[must_use]
pub fn index(rules: &[&Rule]) -> String {
    let mut page =
        String::from("# Rules\n\n| rule | severity | scope | fix | what is wrong |\n|---|---|---|---|---|\n");
    for rule in rules {
        let _ = writeln!(
            page,
            "| [{0}]({0}.md) | {1} | {2} | {3} | {4} |",
            rule.name,
            rule.severity.name(),
            rule.scope.name(),
            fix(rule),
            rule.summary.trim().replace('|', "\\|")
        );
    }
    page
}
