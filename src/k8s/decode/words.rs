//! The words of decoding problems, and the small grammars behind them.

use crate::node::{Kind, Node};
use crate::path::{Path, Segment};

/// Longest word that is compared, in bytes.
pub(super) const MAX_WORD: usize = 128;

/// The candidate nearest to a mistyped word, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The time of a comparison grows with the product of both lengths, and no word of ours is long.
    if word.len() > MAX_WORD {
        return None;
    }
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let known = candidate.to_lowercase();
            let distance = if known == lower {
                0
            } else if lower.len() >= 3 && known.starts_with(&lower) {
                // A word cut short: `warn`.
                1
            } else {
                strsim::damerau_levenshtein(word, candidate)
            };
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            let shorter = candidate.chars().count().min(word.chars().count());
            *distance <= 1 + shorter / 4 && *distance < shorter.max(1)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// "unknown field `severty`: did you mean `severity`?"
pub(super) fn unknown_field(name: &str, fields: &[&'static str]) -> String {
    match nearest(name, fields.iter().copied()) {
        Some(right) => format!("unknown field `{name}`: did you mean `{right}`?"),
        None if fields.is_empty() => format!("unknown field `{name}`: nothing can be set here"),
        None if fields.len() <= 12 => format!("unknown field `{name}`: known are {}", list(fields)),
        None => format!("unknown field `{name}`"),
    }
}

/// "`severity` can't be `warn`: did you mean `warning`?"
pub(super) fn unknown_value(field: &str, name: &str, variants: &[&'static str]) -> String {
    let field = if field.is_empty() { "the value" } else { field };
    match nearest(name, variants.iter().copied()) {
        Some(right) => format!("{field} can't be `{name}`: did you mean `{right}`?"),
        None => format!("{field} must be {}, not `{name}`", one_of(variants)),
    }
}

/// "one of `a`, `b`"
pub(super) fn one_of(variants: &[&'static str]) -> String {
    format!("one of {}", list(variants))
}

fn list(words: &[&'static str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// How a message names a field: its key, with an index where it is an item; empty for the root.
pub(super) fn field(path: &Path) -> String {
    match path.segments() {
        [.., Segment::Key(key), Segment::Index(index)] => format!("`{key}[{index}]`"),
        [.., Segment::Key(key)] => format!("`{key}`"),
        [.., Segment::Index(index)] => format!("`[{index}]`"),
        [] => String::new(),
    }
}

/// "`value` must be a string, but `8080` is a number: quote it", and help where more is to say.
pub(super) fn wrong_type(field: &str, node: Node<'_>, want: &str) -> (String, Option<String>) {
    let field = if field.is_empty() { "this" } else { field };
    let kind = node.kind();
    let text = node.scalar().unwrap_or_default();
    let is = match kind {
        // A long text says nothing, and may be a secret.
        Kind::String if text.chars().count() > 40 || text.contains('\n') => "it is a string".to_owned(),
        Kind::String if want.contains("quantity") || want.contains("time") => format!("`{text}` is none"),
        Kind::String => format!("\"{text}\" is a string"),
        Kind::Int if want.starts_with("a whole number") => format!("`{text}` is out of range"),
        Kind::Float if want.starts_with("a whole number") => format!("`{text}` is not whole"),
        Kind::Bool | Kind::Int | Kind::Float => format!("`{text}` is {}", kind.article_name()),
        Kind::Null | Kind::Sequence | Kind::Mapping => format!("it is {}", kind.article_name()),
    };
    let order = match kind {
        Kind::Bool | Kind::Int | Kind::Float if want == "a string" => ": quote it",
        Kind::String if want == "true or false" && matches!(text, "true" | "false") => ": remove the quotes",
        Kind::String if want.starts_with("a whole number") && text.parse::<i64>().is_ok() => ": remove the quotes",
        _ => "",
    };
    let help = match (want, kind, field) {
        ("a string", Kind::Bool, _) => Some(
            "in YAML `y`, `yes`, `on` and `true` are all true, and `n`, `no`, `off` and `false` false, unless they are quoted",
        ),
        ("a list", Kind::Mapping, "`env`") => Some("write each variable as an item: `- name: NAME` and `value: \"…\"`"),
        ("a list", Kind::Mapping, _) => Some("begin each item with a dash: `- …`"),
        ("a list", Kind::String, "`command`" | "`args`") => {
            Some("write one item for each word of the command line: `[\"program\", \"argument\"]`")
        }
        ("a list", Kind::String, _) => Some("write it as a list of one: `[…]`"),
        ("a mapping", Kind::Sequence, _) => Some("remove the dash: fields, not items, are expected here"),
        _ => None,
    };
    (format!("{field} must be {want}, but {is}{order}"), help.map(str::to_owned))
}

/// Whether a text is a quantity (apimachinery's api/resource/quantity.go, ParseQuantity, whose
/// caller trims it).
pub(super) fn is_quantity(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return false;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    match rest {
        // The parser asks for no digit: a bare sign, `.` or `Mi` is read as zero (suffixer.interpret
        // decides about the suffix alone).
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" => true,
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        exponent => exponent.strip_prefix(['e', 'E']).is_some_and(|digits| digits.parse::<i64>().is_ok()),
    }
}

/// Whether a text is a time as RFC 3339 writes it, as far as Go's `time.Parse` asks.
pub(super) fn is_rfc3339(text: &str) -> bool {
    let Some(text) = text.get(..19).map(|head| (head, &text[19..])) else { return false };
    let (head, tail) = text;
    let shape = head.bytes().zip("0000-00-00T00:00:00".bytes()).all(|(byte, like)| match like {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    });
    let fraction =
        tail.strip_prefix(['.', ',']).map_or(tail, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone =
        fraction == "Z" || (fraction.len() == 6 && fraction.starts_with(['+', '-']) && fraction.as_bytes()[3] == b':');
    shape && zone
}

/// What Go's encoding/base64 (standard alphabet, padded, line breaks ignored) would not decode.
pub(super) fn base64_fault(text: &str) -> Option<String> {
    let bytes: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = bytes.iter().rev().take_while(|&&byte| byte == b'=').count();
    let body = &bytes[..bytes.len() - padding];
    if let Some(&byte) = body.iter().find(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))) {
        let shown = match byte {
            b' ' | b'\t' => "white space".to_owned(),
            b'=' => "a `=` before the end".to_owned(),
            byte if byte.is_ascii_graphic() => format!("`{}`", byte as char),
            _ => "a character".to_owned(),
        };
        return Some(format!("it holds {shown} that base64 has not"));
    }
    (!bytes.len().is_multiple_of(4) || padding > 2).then(|| "its length is wrong".to_owned())
}
