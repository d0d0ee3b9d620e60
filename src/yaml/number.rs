//! Numbers as Go reads and writes them (`strconv`, `encoding/json`).

use super::scalar::Value;

/// An untagged text that begins with a sign or a digit, as `resolve.go` tries it: a whole number
/// with Go's base prefixes, else a decimal float, else `0b` once more.
pub(super) fn parse(text: &str) -> Option<Value<'static>> {
    // Most such texts are neither: images' digests, versions, dates, `-Xmx1g`.
    if text.len() > 1 && text.bytes().skip(1).any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'.' | b'_' | b'+' | b'-' | b'x' | b'X' | b'o' | b'O')) {
        return None;
    }
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    if let Some(magnitude) = whole(digits) {
        if negative && magnitude <= 1 << 63 {
            return Some(Value::Int((magnitude as i64).wrapping_neg()));
        } else if !negative && let Ok(int) = i64::try_from(magnitude) {
            return Some(Value::Int(int));
        } else if digits.len() == plain.len() {
            return Some(Value::Uint(magnitude));
        }
    }
    if is_decimal(digits) {
        return plain.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float);
    }
    // `strconv.ParseInt(plain[2:], 2, 64)`, which takes a sign of its own.
    i64::from_str_radix(plain.strip_prefix("0b")?, 2).ok().map(Value::Int)
}

/// `strconv.ParseUint(digits, 0, 64)`, underscores aside.
fn whole(digits: &str) -> Option<u64> {
    let bytes = digits.as_bytes();
    let (radix, digits) = match bytes {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0'] => return Some(0),
        [b'0', ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with('+') { None } else { u64::from_str_radix(digits, radix).ok() }
}

/// `yamlStyleFloat` in `resolve.go`, without its sign.
fn is_decimal(text: &str) -> bool {
    let bytes = text.as_bytes();
    let run = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let before = run(0);
    let mut at = before;
    let mut after = 0;
    if bytes.get(at) == Some(&b'.') {
        after = run(at + 1);
        at += 1 + after;
    }
    if before + after == 0 {
        return false;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        let digits = run(at);
        if digits == 0 {
            return false;
        }
        at += digits;
    }
    at == bytes.len()
}

/// `strconv.ParseFloat` for a text that begins with a point: underscores may stand between digits.
pub(super) fn go_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let between_digits = |at: usize| {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        at > 0 && digit(at - 1) && digit(at + 1)
    };
    if bytes.iter().enumerate().any(|(at, &byte)| byte == b'_' && !between_digits(at)) {
        return None;
    }
    let plain = text.replace('_', "");
    if is_decimal(&plain) { plain.parse().ok().filter(|float: &f64| float.is_finite()) } else { None }
}

/// A float as `encoding/json` writes it: shortest, with an exponent below 1e-6 and from 1e21 on.
pub(super) fn json_float(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        if size < 1.0 { text } else { text.replace('e', "e+") }
    } else {
        float.to_string()
    }
}

/// A float as a mapping key: `strconv.FormatFloat(float, 'g', -1, 32)`, shortest for 32 bits, with
/// an exponent of two digits below 1e-4 and from 1e6 on (`convertToJSONableObject`).
pub(super) fn key_float(float: f64) -> String {
    let short = float as f32;
    if short.is_nan() {
        return ".nan".into();
    } else if short.is_infinite() {
        return if short > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let text = format!("{short:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        short.to_string()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", exponent.abs())
    }
}
