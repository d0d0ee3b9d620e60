//! Sizes as programs spell them; none of them spells them as Kubernetes does.

use crate::k8s::quantity::Quantity;

/// Digits, and what follows.
fn split(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn bytes(number: i64, unit: i64) -> Option<Quantity> {
    number.checked_mul(unit).map(Quantity::new)
}

/// A JVM's: digits, and `k`, `m`, `g` or `t` in either case; bytes without. Newer ones read hexadecimal digits, too
/// (HotSpot `src/hotspot/share/runtime/arguments.cpp`, parse_memory_size).
pub(super) fn of_jvm(text: &str) -> Option<Quantity> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok().map(Quantity::new);
    }
    let (number, unit) = split(text)?;
    bytes(number, power(unit)?)
}

/// 1024 to the power that a letter stands for.
fn power(unit: &str) -> Option<i64> {
    Some(match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        "t" | "T" => 1 << 40,
        _ => return None,
    })
}

/// Redis': `k`, `m`, `g` are powers of 1000, `kb`, `mb`, `gb` of 1024, in either case; bytes without (redis
/// `src/util.c`, memtoull).
pub(super) fn of_redis(text: &str) -> Option<Quantity> {
    let (number, unit) = split(text)?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    bytes(number, unit)
}

/// PostgreSQL's for a number of buffers: `kB`, `MB`, `GB`, `TB`, `B`; without one, blocks of 8 kB (postgres
/// `src/backend/utils/misc/guc.c`, convert_to_base_unit).
pub(super) fn of_postgres(text: &str) -> Option<Quantity> {
    let (number, unit) = split(text.trim_matches(['\'', '"']))?;
    let unit = match unit.trim_start() {
        "" => 8 << 10,
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    bytes(number, unit)
}

/// MySQL's: `K`, `M`, `G`, `T` in either case; bytes without (mysql `mysys/my_getopt.cc`, eval_num_suffix).
pub(super) fn of_mysql(text: &str) -> Option<Quantity> {
    let (number, unit) = split(text)?;
    bytes(number, power(unit)?)
}

/// A number of mebibytes.
pub(super) fn mebibytes(text: &str) -> Option<Quantity> {
    text.parse().ok().and_then(|number| bytes(number, 1 << 20))
}

/// A decimal number of gibibytes, as WiredTiger's.
pub(super) fn gibibytes(text: &str) -> Option<Quantity> {
    let number: f64 = text.parse().ok().filter(|number| (0.0..1e6).contains(number))?;
    Some(Quantity::new((number * f64::from(1 << 30)) as i64))
}

/// Hexadecimal digits, with or without `0x`: all of .NET's settings from variables (dotnet/runtime
/// `docs/design/features/clr-configuration-knobs.md`).
pub(super) fn hexadecimal(text: &str) -> Option<i64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    i64::from_str_radix(digits, 16).ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_in_its_own_spelling() {
        let mebi = |count| Some(Quantity::mebi(count));
        assert_eq!(of_jvm("512m"), mebi(512));
        assert_eq!(of_jvm("1G"), mebi(1024));
        assert_eq!(of_jvm("0x40000000"), mebi(1024));
        assert_eq!(of_jvm("1048576"), mebi(1));
        assert_eq!([of_jvm("512Mi"), of_jvm("512MB"), of_jvm("1.5g"), of_jvm(""), of_jvm("=1g")], [None; 5]);
        assert_eq!(of_redis("256mb"), mebi(256));
        assert_eq!(of_redis("1GB"), mebi(1024));
        assert_eq!(of_redis("100m"), Some(Quantity::new(100_000_000)));
        assert_eq!(of_postgres("256MB"), mebi(256));
        assert_eq!(of_postgres("'1 GB'"), mebi(1024));
        assert_eq!(of_postgres("16384"), mebi(128));
        assert_eq!(of_mysql("1g"), mebi(1024));
        assert_eq!(mebibytes("64"), mebi(64));
        assert_eq!(gibibytes("0.25"), mebi(256));
        assert_eq!(hexadecimal("0x10000000"), Some(256 << 20));
        assert_eq!(hexadecimal("C800000"), Some(200 << 20));
        assert_eq!([of_jvm("99999999999g"), of_redis("9999999999gb"), gibibytes("NaN")], [None; 3]);
    }
}
