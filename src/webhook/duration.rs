//! Lengths of time as Go writes them: in `?timeout=` of a request, and in arguments.

use std::time::Duration;

/// Reads "10s", "500ms", "1m30s", "1.5h" or "0" (Go's `time.ParseDuration`, without signs).
///
/// # Errors
/// A sentence on what is wrong.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let wrong = || format!("`{text}` is no length of time; write it as `10s`, `500ms` or `1m30s`");
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(unit_at);
        let next = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(next);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        seconds += number.parse::<f64>().map_err(|_| wrong())? * scale;
        rest = tail;
    }
    if text.is_empty() {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        for (text, millis) in [
            ("10s", 10_000),
            ("1m0s", 60_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("0", 0),
            ("1h2m3s", 3_723_000),
            ("250000us", 250),
            (".5s", 500),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1x", "1s1", "1..2s", "99999999999999999999h", "١s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
