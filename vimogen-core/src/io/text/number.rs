//! Decimal numbers straight from bytes: clips are millions of them.

/// Powers of ten that an f64 holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Integers up to here are exact in an f64.
const EXACT: u64 = 1 << 53;

/// The number that `bytes` start with, and its length in bytes: digits with a point or a comma among them, and an
/// exponent. Correctly rounded. `None` if they start with none.
pub(super) fn leading_number(bytes: &[u8]) -> Option<(f64, usize)> {
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let mut digits = Digits { value: 0, count: 0, at: sign };
    digits.read(bytes);
    let whole = digits.count;
    if let Some(b'.' | b',') = bytes.get(digits.at) {
        digits.at += 1;
        digits.read(bytes);
    }
    if digits.count == 0 {
        return None;
    }
    let decimals = digits.count - whole;
    let (exponent, end) = exponent(bytes, digits.at);
    let power = i64::from(exponent) - i64::try_from(decimals).ok()?;
    let size = usize::try_from(power.unsigned_abs()).ok()?;
    if digits.count <= 19 && digits.value <= EXACT && size < TENS.len() {
        // Both are exact, so the one operation rounds correctly.
        let value = digits.value as f64;
        let value = if power < 0 { value / TENS[size] } else { value * TENS[size] };
        return Some((if bytes[0] == b'-' { -value } else { value }, end));
    }
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    text.replace(',', ".").parse().ok().map(|value| (value, end))
}

struct Digits {
    /// Meaningless above 19 digits.
    value: u64,
    count: usize,
    at: usize,
}

impl Digits {
    fn read(&mut self, bytes: &[u8]) {
        while let Some(digit) = bytes.get(self.at).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.count += 1;
            self.at += 1;
        }
    }
}

/// The exponent at `at` and its end; 0 and `at` if there is none.
fn exponent(bytes: &[u8], at: usize) -> (i32, usize) {
    let Some(b'e' | b'E') = bytes.get(at) else { return (0, at) };
    let sign = at + 1;
    let digits = sign + usize::from(matches!(bytes.get(sign), Some(b'-' | b'+')));
    let mut end = digits;
    let mut value: i32 = 0;
    while let Some(digit) = bytes.get(end).filter(|b| b.is_ascii_digit()) {
        value = value.saturating_mul(10).saturating_add(i32::from(digit - b'0')).min(1 << 20);
        end += 1;
    }
    match end {
        _ if end == digits => (0, at),
        _ => (if bytes[sign] == b'-' { -value } else { value }, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_end_where_they_end() {
        let cases: [(&str, f64, usize); 14] = [
            ("0", 0.0, 1),
            ("-12.5 7", -12.5, 5),
            ("+.5}", 0.5, 3),
            ("5.\n", 5.0, 2),
            ("1,25 3", 1.25, 4),
            ("1e-3", 1e-3, 4),
            ("2.5E+2x", 250.0, 6),
            ("7e", 7.0, 1),
            ("3e+", 3.0, 1),
            ("1.5.2", 1.5, 3),
            ("-1.#IND", -1.0, 3),
            ("123456789012345678901234567890", 123456789012345678901234567890.0, 30),
            ("0.1234567890123456789012345", 0.123_456_789_012_345_68, 27),
            ("1e400", f64::INFINITY, 5),
        ];
        for (text, value, end) in cases {
            assert_eq!(leading_number(text.as_bytes()), Some((value, end)), "{text}");
        }
        for text in ["", "-", ".", "nan", "-.e5", "x1", "+-1"] {
            assert_eq!(leading_number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(leading_number(b"1e999999999999999"), Some((f64::INFINITY, 17)));
        assert!(leading_number(b"-0.0").is_some_and(|(zero, _)| zero.is_sign_negative()));
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(value in proptest::num::f64::NORMAL, places in 0usize..20) {
            for text in [format!("{value}"), format!("{value:e}"), format!("{:.*}", places, value % 1e6)] {
                prop_assert_eq!(leading_number(text.as_bytes()), Some((text.parse().unwrap(), text.len())), "{}", text);
            }
        }
    }
}
