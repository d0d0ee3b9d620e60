//! `crashlint images [IMAGE]`: what is known of images.

use super::args::{DataFormat, Images};
use super::{Console, policy};
use crate::k8s::image::Image;
use crate::k8s::images::{ImageFacts, Known};
use crate::report::safe;
use anstyle::Style;
use serde_json::{Map, Value, json};
use std::io::Write;

/// Writes what is known of an image, or all rows; returns the exit code.
pub(super) fn run(args: &Images, console: &Console) -> anyhow::Result<u8> {
    let policy = match policy::read(args.policy.as_deref(), None)? {
        Ok(policy) => policy,
        Err(wrong) => return console.wrong_policy(&wrong),
    };
    let images = &policy.tables.images;
    let mut text = Vec::new();
    match (&args.image, args.format) {
        (None, DataFormat::Pretty) => list(images.rows(), &mut text)?,
        (None, DataFormat::Json) => {
            let rows: Vec<Value> = images.rows().map(row).collect();
            serde_json::to_writer_pretty(&mut text, &rows)?;
            writeln!(text)?;
        }
        (Some(name), format) => {
            let image = Image::parse(name)
                .map_err(|why| anyhow::anyhow!("`{}` is no image: {}", safe::sentence(name), safe::sentence(&why)))?;
            let known = images.known(&image);
            match format {
                DataFormat::Pretty => pretty(name, &known, &mut text)?,
                DataFormat::Json => {
                    let sources: Vec<&str> = known.rows().map(|row| row.source.as_str()).collect();
                    let answer = json!({"image": name, "known": known.fields(), "sources": sources});
                    serde_json::to_writer_pretty(&mut text, &answer)?;
                    writeln!(text)?;
                }
            }
        }
    }
    console.print(&text)?;
    Ok(0)
}

/// A row as in a policy.
fn row(row: &ImageFacts) -> Value {
    Value::Object(row.about().into_iter().chain(row.fields()).collect())
}

/// One line a row: what it is about, and of what it speaks.
fn list<'r>(rows: impl ExactSizeIterator<Item = &'r ImageFacts>, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let bold = Style::new().bold();
    let count = rows.len();
    for row in rows {
        let mut about: Vec<String> = Vec::new();
        for (name, list) in [("tags", &row.tags), ("exceptTags", &row.except_tags)] {
            if !list.is_empty() {
                about.push(format!("{name} {}", list.join(" ")));
            }
        }
        about.extend(row.versions.clone().map(|versions| format!("versions {}", String::from(versions))));
        about.extend(row.like.as_ref().map(|like| format!("like {like}")));
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        let fields: Vec<String> = row.fields().into_iter().map(|(name, _)| name).collect();
        let images = safe::sentence(&row.images.join(", "));
        writeln!(out, "{bold}{images}{bold:#}{}: {}", safe::sentence(&about), fields.join(", "))?;
    }
    writeln!(out, "\n{count} rows; `crashlint images IMAGE` shows what is known of one image")?;
    Ok(())
}

/// What is known of one image, as a row of a policy would say it.
fn pretty(name: &str, known: &Known<'_>, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let bold = Style::new().bold();
    writeln!(out, "{bold}{}{bold:#}", safe::sentence(name))?;
    let fields = known.fields();
    if known.is_empty() {
        writeln!(out, "nothing is known of it; a policy's `images` can say it, or what it is `like`")?;
    }
    for (name, value) in &fields {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                writeln!(out, "  {bold}{name}{bold:#}:")?;
                for item in items {
                    writeln!(out, "    - {}", safe::sentence(&flow(item)))?;
                }
            }
            value => writeln!(out, "  {bold}{name}{bold:#}: {}", safe::sentence(&flow(value)))?,
        }
    }
    for row in known.rows() {
        writeln!(out, "  {bold}source{bold:#}: {}", safe::sentence(&row.source))?;
    }
    Ok(())
}

/// A value on one line, as YAML: words without quotes where they need none.
fn flow(value: &Value) -> String {
    let plain = |text: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || "_-./ *=;@%+".contains(c);
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
            && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n")
            && text.chars().all(word)
            && !text.ends_with(' ')
    };
    match value {
        Value::String(text) if plain(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => format!("{{{}}}", entries(fields)),
        other => other.to_string(),
    }
}

fn entries(fields: &Map<String, Value>) -> String {
    let entry = |(name, value): (&String, &Value)| format!("{name}: {}", flow(value));
    fields.iter().map(entry).collect::<Vec<_>>().join(", ")
}
