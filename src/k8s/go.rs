//! What Go's runtime reads from its environment.

/// A number of bytes as the runtime reads `GOMEMLIMIT` (Go `src/runtime/string.go`, parseByteCount): digits, and
/// `B`, `KiB`, `MiB`, `GiB`, `TiB` or nothing. `None` where the runtime throws.
#[must_use]
pub fn byte_count(text: &str) -> Option<u64> {
    // Go's ParseInt takes a sign, and refuses what is not a number of 64 bits.
    let number = |digits: &str| digits.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    let Some(rest) = text.strip_suffix('B') else { return number(text) };
    let Some(rest) = rest.strip_suffix('i') else { return number(rest) };
    let (digits, shift) = [('K', 10), ('M', 20), ('G', 30), ('T', 40)]
        .into_iter()
        .find_map(|(unit, shift)| Some((rest.strip_suffix(unit)?, shift)))?;
    let bytes = number(digits)?.checked_mul(1 << shift)?;
    i64::try_from(bytes).is_ok().then_some(bytes)
}

/// The same number with the unit of Go that was probably meant, and that unit: `512MiB` of `512Mi`, `512 MB`, `512m`.
#[must_use]
pub fn respelled(text: &str) -> Option<(String, &'static str)> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (number, unit) = compact.split_at(compact.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "ki" | "kib" => "KiB",
        "m" | "mb" | "mi" | "mib" => "MiB",
        "g" | "gb" | "gi" | "gib" => "GiB",
        "t" | "tb" | "ti" | "tib" => "TiB",
        _ => return None,
    };
    let spelled = format!("{number}{unit}");
    byte_count(&spelled).is_some().then_some((spelled, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_go_reads_them() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("+7", Some(7)),
            ("200", Some(200)),
            ("200B", Some(200)),
            ("1KiB", Some(1024)),
            ("200MiB", Some(200 << 20)),
            ("8388607TiB", Some(8_388_607 << 40)),
            ("8388608TiB", None),
            ("99999999999TiB", None),
            ("9223372036854775808", None),
            ("-1", None),
            ("", None),
            ("B", None),
            ("iB", None),
            ("MiB", None),
            ("1iB", None),
            ("200Mi", None),
            ("200MB", None),
            ("200 MiB", None),
            ("0.5GiB", None),
            ("200mib", None),
            (" 200MiB", None),
        ] {
            assert_eq!(byte_count(text), bytes, "{text}");
        }
    }
}
