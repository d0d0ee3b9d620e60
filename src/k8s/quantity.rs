//! Resource quantities, read exactly as apimachinery's `resource.ParseQuantity` reads them.

use std::fmt;

/// An amount, exact to a billionth of its unit: memory in bytes, CPU in cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nano: i128,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// No number at all, or characters that no quantity has.
    Format,
    /// A number with a suffix that Kubernetes does not know: `MB`, `GiB`, `K`.
    Suffix,
    /// More than fits.
    Range,
}

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Whole units.
    #[must_use]
    pub const fn new(units: i64) -> Self {
        Self { nano: units as i128 * NANO }
    }

    /// This many times 2^20 bytes.
    #[must_use]
    pub const fn mebi(count: i64) -> Self {
        Self::new(count << 20)
    }

    /// Reads `512Mi`, `0.5`, `1e3`, `128974848000m` … Finer parts than a billionth are rounded up,
    /// as `ParseQuantity` (apimachinery `pkg/api/resource/quantity.go`) does.
    ///
    /// # Errors
    /// Where Kubernetes refuses the text.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        use QuantityError::{Format, Range, Suffix};
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let split = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, rest) = rest.split_at(split);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
            None => ("", rest),
        };
        // Without any digit it is zero: `Mi` is 0, and only an empty text is refused.
        if text.is_empty() {
            return Err(Format);
        }
        if !suffix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-')) {
            return Err(Format);
        }
        let (base, exponent) = scale(suffix).ok_or(Suffix)?;
        let digits = [whole, fraction].concat();
        let digits = digits.trim_start_matches('0');
        if digits.len() > 30 || exponent.abs() > 60 {
            // Beyond any machine; a long run of decimals still has a value near zero or a cap.
            return if digits.is_empty() { Ok(Self { nano: 0 }) } else { Err(Range) };
        }
        let mut nano: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| Range)? };
        let mut tens = 9 - fraction.len() as i32;
        if base == 10 {
            tens += exponent;
        } else {
            nano = nano.checked_mul(1i128 << exponent).ok_or(Range)?;
        }
        if tens >= 0 {
            nano = 10i128.checked_pow(tens as u32).and_then(|factor| nano.checked_mul(factor)).ok_or(Range)?;
        } else {
            let divisor = 10i128.checked_pow(tens.unsigned_abs()).ok_or(Range)?;
            nano = nano / divisor + i128::from(nano % divisor != 0);
        }
        Ok(Self { nano: if negative { -nano } else { nano } })
    }

    /// Whole units, rounded up.
    #[must_use]
    pub fn ceil(self) -> i128 {
        self.nano.div_euclid(NANO) + i128::from(self.nano.rem_euclid(NANO) != 0)
    }

    /// Thousandths, rounded up, as `Quantity.MilliValue` (ibid.) gives them.
    #[must_use]
    pub fn milli(self) -> i128 {
        self.nano.div_euclid(1_000_000) + i128::from(self.nano.rem_euclid(1_000_000) != 0)
    }

    /// As a float, for ratios.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.nano as f64 / NANO as f64
    }

    /// `self + other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { nano: self.nano.saturating_add(other.nano) }
    }

    /// `self · numerator / denominator`.
    #[must_use]
    pub fn times(self, numerator: i64, denominator: i64) -> Self {
        Self { nano: self.nano.saturating_mul(numerator.into()) / i128::from(denominator) }
    }

    /// Rounded up to whole mebibytes, or to whole bytes below one: an amount that a person would write.
    #[must_use]
    pub fn tidy(self) -> Self {
        let unit = if self.nano >= (1 << 20) * NANO { (1 << 20) * NANO } else { NANO };
        if self.nano % unit == 0 || (self.nano % (1_000_000 * NANO) == 0 && unit > NANO) {
            return self;
        }
        Self { nano: (self.nano / unit + 1) * unit }
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// The shortest exact spelling of a number of bytes: `512Mi`, `1500M`, `7`.
    #[must_use]
    pub fn bytes(self) -> String {
        if self.nano % NANO != 0 {
            return if self.nano % 1_000_000 == 0 {
                format!("{}m", self.nano / 1_000_000)
            } else {
                format!("{}n", self.nano)
            };
        }
        let bytes = self.nano / NANO;
        for (suffix, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] {
            if bytes != 0 && bytes % (1i128 << shift) == 0 {
                return format!("{}{suffix}", bytes >> shift);
            }
        }
        for (suffix, unit) in [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)] {
            if bytes != 0 && bytes % unit == 0 {
                return format!("{}{suffix}", bytes / unit);
            }
        }
        bytes.to_string()
    }
}

/// Base and exponent of a suffix; apimachinery `pkg/api/resource/suffix.go`.
fn scale(suffix: &str) -> Option<(u8, i32)> {
    Some(match suffix {
        "" => (10, 0),
        "Ki" => (2, 10),
        "Mi" => (2, 20),
        "Gi" => (2, 30),
        "Ti" => (2, 40),
        "Pi" => (2, 50),
        "Ei" => (2, 60),
        "n" => (10, -9),
        "u" => (10, -6),
        "m" => (10, -3),
        "k" => (10, 3),
        "M" => (10, 6),
        "G" => (10, 9),
        "T" => (10, 12),
        "P" => (10, 15),
        "E" => (10, 18),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (10, exponent.parse().unwrap_or(i32::MAX / 2))
        }
    })
}

/// Whole bytes in the nearest unit, for sentences.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_kubernetes_reads_them() {
        let ok = |text: &str| Quantity::parse(text).unwrap();
        assert_eq!(ok("512Mi"), Quantity::mebi(512));
        assert_eq!(ok("0.5Gi"), Quantity::mebi(512));
        assert_eq!(ok("1e3"), Quantity::new(1000));
        assert_eq!(ok("1E3"), Quantity::new(1000));
        assert_eq!(ok("2E"), Quantity::new(2_000_000_000_000_000_000));
        assert_eq!(ok("512m").ceil(), 1);
        assert_eq!(ok("1288490188800m"), Quantity::new(1_288_490_188).max(ok("1288490188800m")));
        assert_eq!(ok("1.").ceil(), 1);
        assert_eq!(ok(".5k"), Quantity::new(500));
        assert_eq!(ok("-1"), Quantity::new(-1));
        assert!(ok("Mi").is_zero() && ok("-").is_zero());
        assert_eq!(ok("0000000000000000000000000000000000000001"), Quantity::new(1));
        for (text, error) in [
            ("256MB", QuantityError::Suffix),
            ("1GiB", QuantityError::Suffix),
            ("512K", QuantityError::Suffix),
            ("512 Mi", QuantityError::Format),
            ("", QuantityError::Format),
            ("1e", QuantityError::Suffix),
            ("${MEM}", QuantityError::Format),
            ("1e99", QuantityError::Range),
        ] {
            assert_eq!(Quantity::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn spelled_shortest() {
        for text in ["512Mi", "1Gi", "1500M", "7", "512m", "100k", "0"] {
            assert_eq!(Quantity::parse(text).unwrap().bytes(), text);
        }
    }
}
