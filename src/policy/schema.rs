//! The JSON Schema of the policy file, from the types that read it.

use super::file::{Common, File};
use crate::rules::RULES;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// The schema of the policy file, each rule's options included.
#[must_use]
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    schema.insert("title".into(), "crashlint policy".into());
    schema.to_value()
}

/// Settings by rule: what all rules can be told, and the rule's own options.
pub(super) fn rules(_: &mut SchemaGenerator) -> Schema {
    // Inlined, since the options' types have one name: there is nothing to refer to.
    let inline = || SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let properties = |schema: &Schema| -> Map<String, Value> {
        schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let mut common = properties(&inline().subschema_for::<Common>());
    for key in ["severity", "action"] {
        // YAML 1.1 reads an unquoted `off` as false.
        if let Some(schema) = common.get_mut(key) {
            *schema = json!({"anyOf": [schema.take(), {"const": false}]});
        }
    }
    let mut all = Map::new();
    for rule in RULES {
        let mut entry = common.clone();
        entry.extend(properties(&(rule.options.schema)(&mut inline())));
        all.insert(
            rule.name.to_owned(),
            json!({
                "description": rule.summary,
                "type": ["object", "null"],
                "properties": entry,
                "additionalProperties": false,
            }),
        );
    }
    json_schema!({"type": ["object", "null"], "properties": all, "additionalProperties": false})
}
