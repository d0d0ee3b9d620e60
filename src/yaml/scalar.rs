//! What a scalar means to kubectl: YAML 1.1 as go-yaml v2 resolves it, written as JSON.
//!
//! Sources: `resolve.go` and `decode.go` of `go.yaml.in/yaml/v2`, and `convertToJSONableObject` in
//! `sigs.k8s.io/yaml` (`yaml.go`), which hands the result to `encoding/json`.

use super::number;
use crate::node::{Kind, Text};
use std::borrow::Cow;

/// What to say of a null that stands as a key.
pub(super) const NULL_KEY: &str = "a key can't be null: quote it, or write what it should be";

/// A scalar's value in go-yaml's own types.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(Cow<'t, str>),
}

/// Whether a plain scalar is a string at first sight: by its first character (`resolveTable`), or a letter and a length that
/// no word has which is something else.
fn surely_string(text: &str) -> bool {
    match text.as_bytes() {
        [] | [b'+' | b'-' | b'.' | b'~' | b'0'..=b'9', ..] => false,
        [b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O', ..] => text.len() > "false".len(),
        _ => true,
    }
}

/// What a plain scalar is that JSON writes as it stands, at first sight.
pub(super) fn surely(text: &str) -> Option<Kind> {
    match text.as_bytes() {
        b"true" | b"false" => Some(Kind::Bool),
        b"0" => Some(Kind::Int),
        // Within 64 bits, and neither octal nor anything else.
        [b'1'..=b'9', rest @ ..] if rest.len() < 18 && rest.iter().all(u8::is_ascii_digit) => Some(Kind::Int),
        _ => surely_string(text).then_some(Kind::String),
    }
}

/// The value of a scalar without a tag.
pub(super) fn untagged(text: &str, plain: bool) -> Value<'_> {
    if !plain || surely_string(text) { Value::Str(Cow::Borrowed(text)) } else { guess(text) }
}

/// Whether a plain scalar is a string, and looks like nothing else to readers of other versions of YAML either.
pub(crate) fn reads_as_string(text: &str) -> bool {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))
        && text
            .chars()
            .all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | '+' | '-' | '_' | ':' | 'x' | 'o' | 'T' | 'Z' | ' '));
    !number && matches!(untagged(text, true), Value::Str(_))
}

/// The value of a scalar with a tag; the tag is written out in full.
///
/// Tags that go-yaml doesn't know make a string of whatever they stand before.
///
/// # Errors
///
/// Where the text doesn't fit a tag of YAML's own: go-yaml refuses the document.
pub(super) fn tagged<'t>(tag: &str, text: &'t str) -> Result<Value<'t>, String> {
    let Some(name) = tag.strip_prefix("tag:yaml.org,2002:") else { return Ok(Value::Str(Cow::Borrowed(text))) };
    let value = match name {
        "bool" | "int" | "float" | "null" => guess(text),
        "binary" => {
            let bytes = base64(text).ok_or("`!!binary` needs base64: this is none")?;
            return Ok(Value::Str(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())));
        }
        "timestamp" if is_timestamp(text) => return Ok(Value::Str(Cow::Borrowed(text))),
        "timestamp" => Value::Null,
        _ => return Ok(Value::Str(Cow::Borrowed(text))),
    };
    match (name, value) {
        ("bool", value @ Value::Bool(_))
        | ("int", value @ (Value::Int(_) | Value::Uint(_)))
        | ("float", value @ Value::Float(_))
        | ("null", value @ Value::Null) => Ok(value),
        ("float", Value::Int(int)) => Ok(Value::Float(int as f64)),
        _ => Err(format!("the value doesn't fit its tag `!!{name}`: drop the tag or change the value")),
    }
}

/// The implicit meaning of a text that may be more than a string.
fn guess(text: &str) -> Value<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' => number::go_float(text).map(Value::Float),
        b'+' | b'-' | b'0'..=b'9' => number::parse(text),
        _ => None,
    }
    .unwrap_or(Value::Str(Cow::Borrowed(text)))
}

/// What a value is in the tree, and its text where that is not the source's.
///
/// # Errors
///
/// Infinities and NaN: JSON has no word for them.
pub(super) fn as_json(value: Value<'_>, source: &str) -> Result<(Kind, Text), String> {
    let (kind, text) = match value {
        Value::Null => (Kind::Null, Cow::Borrowed("null")),
        Value::Bool(true) => (Kind::Bool, Cow::Borrowed("true")),
        Value::Bool(false) => (Kind::Bool, Cow::Borrowed("false")),
        Value::Int(int) => (Kind::Int, Cow::Owned(int.to_string())),
        Value::Uint(int) => (Kind::Int, Cow::Owned(int.to_string())),
        Value::Float(float) if !float.is_finite() => {
            return Err("neither JSON nor Kubernetes has infinities or NaN: quote the value if it is a text".into());
        }
        Value::Float(float) => {
            let text = number::json_float(float);
            let kind = if text.bytes().any(|byte| matches!(byte, b'.' | b'e')) { Kind::Float } else { Kind::Int };
            (kind, Cow::Owned(text))
        }
        Value::Str(text) => (Kind::String, text),
    };
    Ok((kind, if text == source { Text::Slice } else { Text::Owned(text.into()) }))
}

/// The string that a mapping key becomes, where that is not the source's text.
///
/// # Errors
///
/// Null, and numbers beyond 63 bits: `convertToJSONableObject` refuses them.
pub(super) fn as_key(value: Value<'_>, source: &str) -> Result<Text, String> {
    let text = match value {
        Value::Null => return Err(NULL_KEY.into()),
        Value::Uint(_) => return Err("a key can't be a number this large: quote it".into()),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Int(int) => Cow::Owned(int.to_string()),
        Value::Float(float) => Cow::Owned(number::key_float(float)),
        Value::Str(text) => text,
    };
    Ok(if text == source { Text::Slice } else { Text::Owned(text.into()) })
}

/// Standard base64 with padding; line breaks are skipped, as by Go's `base64.StdEncoding`.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0usize, 0usize);
    for byte in text.bytes() {
        let six = match byte {
            b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(six);
        count += 1;
        if count % 4 == 0 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    match (count % 4, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push((bits >> 4) as u8),
        (3, 1) => bytes.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => return None,
    }
    Some(bytes)
}

/// `parseTimestamp` in `resolve.go`: a date, or a date and a time of day.
fn is_timestamp(text: &str) -> bool {
    fn parsed(text: &str) -> Option<()> {
        let digits = |text: &str, low: u32, high: u32| {
            let fits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|value| fits && (low..=high).contains(value))
        };
        let at = text.find(['T', 't', ' ']);
        let (date, time) = (&text[..at.unwrap_or(text.len())], at.map(|at| (text.as_bytes()[at], &text[at + 1..])));
        let mut parts = date.splitn(3, '-');
        let year = parts.next().filter(|year| year.len() == 4)?;
        let year: u32 = if year.bytes().all(|byte| byte.is_ascii_digit()) { year.parse().ok()? } else { return None };
        let month = digits(parts.next()?, 1, 12)?;
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        digits(parts.next()?, 1, days)?;
        let Some((mark, time)) = time else { return Some(()) };
        let time = if mark == b' ' {
            time
        } else if let Some(time) = time.strip_suffix('Z') {
            time
        } else {
            let (time, zone) = time.split_at(time.rfind(['+', '-'])?);
            let (hours, minutes) = zone[1..].split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
            digits(hours, 0, 24)?;
            digits(minutes, 0, 60)?;
            time
        };
        let mut parts = time.splitn(3, ':');
        digits(parts.next()?, 0, 23)?;
        digits(parts.next()?, 0, 59)?;
        let (seconds, fraction) = parts.next().map(|part| part.split_once(['.', ',']).unwrap_or((part, "0")))?;
        digits(seconds, 0, 59)?;
        (!fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
    }
    text.is_ascii() && parsed(text).is_some()
}
