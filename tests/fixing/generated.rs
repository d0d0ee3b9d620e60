//! Generated manifests: every style that people write, and each fix goes in.

use crashlint::engine::Input;
use crashlint::fix::files::mend;
use crashlint::policy::Policy;
use proptest::prelude::*;
use serde_json::{Value, json};

/// How a manifest is written.
#[derive(Clone, Debug)]
struct Style {
    indent: usize,
    dashes_beside_keys: bool,
    quotes: u8,
    comments: bool,
    windows: bool,
    last_line_break: bool,
    /// Collections at this depth and below are in brackets.
    flow_from: usize,
}

fn style() -> impl Strategy<Value = Style> {
    (2usize..=4, any::<bool>(), 0u8..3, any::<bool>(), any::<bool>(), any::<bool>(), 3usize..12).prop_map(
        |(indent, dashes_beside_keys, quotes, comments, windows, last_line_break, flow_from)| Style {
            indent,
            dashes_beside_keys,
            quotes,
            comments,
            windows,
            last_line_break,
            flow_from,
        },
    )
}

impl Style {
    fn scalar(&self, value: &Value) -> String {
        match value {
            Value::String(text) => match self.quotes {
                0 if text.chars().all(|c| c.is_ascii_alphanumeric() || "/.-_".contains(c))
                    && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') =>
                {
                    text.clone()
                }
                1 if !text.contains('\'') => format!("'{text}'"),
                _ => value.to_string(),
            },
            other => other.to_string(),
        }
    }

    fn flow(&self, value: &Value) -> String {
        match value {
            Value::Object(map) => {
                let parts: Vec<String> =
                    map.iter().map(|(key, value)| format!("{key}: {}", self.flow(value))).collect();
                format!("{{{}}}", parts.join(", "))
            }
            Value::Array(list) => {
                format!("[{}]", list.iter().map(|item| self.flow(item)).collect::<Vec<_>>().join(", "))
            }
            scalar => self.scalar(scalar),
        }
    }

    fn remark(&self, key: &str) -> String {
        if self.comments { format!(" # about {key}") } else { String::new() }
    }

    fn mapping(&self, map: &serde_json::Map<String, Value>, column: usize, depth: usize, out: &mut Vec<String>) {
        for (key, value) in map {
            let head = format!("{:column$}{key}:", "");
            match value {
                Value::Object(inner) if depth < self.flow_from && !inner.is_empty() => {
                    out.push(format!("{head}{}", self.remark(key)));
                    self.mapping(inner, column + self.indent, depth + 1, out);
                }
                Value::Array(items) if depth < self.flow_from && !items.is_empty() => {
                    out.push(format!("{head}{}", self.remark(key)));
                    let dash = if self.dashes_beside_keys { column } else { column + self.indent };
                    for item in items {
                        let from = out.len();
                        match item {
                            Value::Object(inner) if depth + 1 < self.flow_from => {
                                self.mapping(inner, dash + 2, depth + 2, out)
                            }
                            other => out.push(format!("{:1$}{2}", "", dash + 2, self.flow(other))),
                        }
                        out[from].replace_range(dash..=dash, "-");
                    }
                }
                other => out.push(format!("{head} {}{}", self.flow(other), self.remark(key))),
            }
        }
    }

    fn write(&self, object: &Value) -> String {
        let mut lines = Vec::new();
        self.mapping(object.as_object().unwrap(), 0, 0, &mut lines);
        let line_break = if self.windows { "\r\n" } else { "\n" };
        let text = lines.join(line_break);
        if self.last_line_break { format!("{text}{line_break}") } else { text }
    }
}

/// A Deployment with faults that can be mended.
fn object() -> impl Strategy<Value = Value> {
    (1u32..3, 1u32..8, 1u32..9, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(threshold, period, timeout, exec, twice, startup)| {
            let handler = if exec { json!({"exec": {"command": ["nodetool", "status"]}}) } else { json!({"httpGet": {"path": "/livez", "port": 8080}}) };
            let mut probe = handler.clone();
            probe["failureThreshold"] = threshold.into();
            probe["periodSeconds"] = period.into();
            probe["timeoutSeconds"] = timeout.into();
            let mut container = json!({"name": "main", "image": "registry.example.com/team/app:1.4.2", "livenessProbe": probe});
            if twice {
                container["env"] = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "it is"}, {"name": "A", "value": "2"}]);
            }
            if startup {
                container["startupProbe"] = handler;
            }
            container["resources"] = json!({"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}});
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
                "spec": {
                    "selector": {"matchLabels": {"app": "app"}},
                    "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [container, {
                        "name": "side", "image": "registry.example.com/team/side:1", "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                    }]}},
                },
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_style_each_fix_goes_in_and_nothing_else_changes(style in style(), object in object()) {
        let text = style.write(&object);
        let input = |text: &str| [Input { name: "a.yaml".into(), path: None, named: true, text: Some(text.as_bytes().to_vec()) }];
        let mended = mend(&input(&text), &Policy::default(), true, 1);
        prop_assert!(mended.report.input_errors.is_empty(), "{text}");
        prop_assert!(!mended.notes.is_empty() && !mended.changed.is_empty());
        for note in &mended.notes {
            // What would take a comment with it is left to a person.
            let commented = style.comments && note.rule == "env-duplicate";
            prop_assert!(note.refused.is_none() || commented, "{:?}\n{text}", note);
        }
        let after = &mended.changed[0].after;
        // Every line that says something else than what was mended is there, in its order.
        let mut rest = after.lines();
        let removed = text.lines().filter(|line| !rest.clone().any(|other| other == *line) || { rest.find(|other| other == line); false }).count();
        let edits = mended.notes.len() * 8;
        prop_assert!(removed <= edits, "{removed} lines went\n{text}\n->\n{after}");
        prop_assert_eq!(after.contains("\r\n"), style.windows);
        prop_assert!(mend(&input(after), &Policy::default(), true, 1).changed.is_empty(), "{after}");
    }
}
