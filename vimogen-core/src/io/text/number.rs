//! Decimal numbers straight from bytes: clips are millions of them.

/// Powers of ten that an f64 holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Integers up to here are exact in an f64.
const EXACT: u64 = 1 << 53;

/// Bytes from the start of a number in which [`plain_decimal`] finds all of it.
const WINDOW: usize = 32;
/// Maximum number of digits of an integer that an f64 holds exactly, whatever they are.
const EXACT_DIGITS: usize = 15;

/// The number that `bytes` start with, and its length in bytes: digits with a point or a comma among them, and an
/// exponent. Correctly rounded. `None` if they start with none.
#[inline]
pub(super) fn leading_number(bytes: &[u8]) -> Option<(f64, usize)> {
    bytes.first_chunk().and_then(plain_decimal).or_else(|| any_number(bytes))
}

/// [`leading_number`] of a number as almost all are, such as `-12.345678`: eight digits at a time and without a branch
/// that depends on their count. `None` for other numbers, which [`any_number`] reads.
#[inline]
fn plain_decimal(bytes: &[u8; WINDOW]) -> Option<(f64, usize)> {
    let negative = bytes[0] == b'-';
    let start = usize::from(negative);
    let (whole, mut value) = digits_of(eight(bytes, start)?);
    let (mut end, mut decimals) = (start + whole, 0);
    if bytes[end] == b'.' {
        let fraction;
        (decimals, fraction) = digits_of(eight(bytes, end + 1)?);
        value = value.wrapping_mul(TENS_OF_DIGITS[decimals]).wrapping_add(fraction);
        if decimals == 8 {
            let (more, fraction) = digits_of(eight(bytes, end + 9)?);
            value = value.wrapping_mul(TENS_OF_DIGITS[more]).wrapping_add(fraction);
            decimals += more;
        }
        end += 1 + decimals;
    }
    let count = whole + decimals;
    // Above that many digits the value may have overflowed.
    let other = matches!(bytes[end], b'e' | b'E' | b',' | b'0'..=b'9');
    if other || count == 0 || count > EXACT_DIGITS {
        return None;
    }
    // Both are exact, so the one operation rounds correctly.
    let value = value as f64 / TENS[decimals];
    Some((if negative { -value } else { value }, end))
}

/// Eight bytes as an integer whose low byte is the first.
#[inline]
fn eight(bytes: &[u8; WINDOW], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Powers of ten by the number of digits in eight bytes.
const TENS_OF_DIGITS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The number of digits that [`eight`] bytes start with, and their value.
#[inline]
fn digits_of(bytes: u64) -> (usize, u64) {
    const EACH: u64 = u64::MAX / 255;
    let values = bytes ^ (EACH * 0x30);
    // The high bit of each byte that is above 9.
    let others = (((values & (EACH * 0x7f)) + EACH * 0x76) | values) & (EACH * 0x80);
    let count = others.trailing_zeros() / 8;
    // Zeros come first, and what follows the digits falls away.
    let values = values.checked_shl(64 - 8 * count).unwrap_or(0);
    let pairs = (values.wrapping_mul(10)).wrapping_add(values >> 8);
    let (high, low) = (pairs & 0xff_0000_00ff, (pairs >> 16) & 0xff_0000_00ff);
    let value = high.wrapping_mul(0xf_4240_0000_0064).wrapping_add(low.wrapping_mul(0x2710_0000_0001)) >> 32;
    (count as usize, value)
}

/// [`leading_number`] of any number.
fn any_number(bytes: &[u8]) -> Option<(f64, usize)> {
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
    let value = if text.contains(',') { text.replace(',', ".").parse() } else { text.parse() };
    value.ok().map(|value| (value, end))
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
                for after in ["", " 1.0 -2.5 3.25 0.125 0.0625 9.0 8.0", "\n} 1234567890 1234567890 1234567890"] {
                    let (value, end) = leading_number(format!("{text}{after}").as_bytes()).unwrap();
                    let want: f64 = text.parse().unwrap();
                    prop_assert_eq!((value.to_bits(), end), (want.to_bits(), text.len()), "{}{}", text, after);
                }
            }
        }

        #[test]
        fn a_plain_decimal_is_any_number(text in "[-+]?[0-9]{0,10}[.,]?[0-9]{0,20}([eE][-+]?[0-9]{0,3})?[ \n}x#.,-]?") {
            let padded = format!("{text}{}", " ".repeat(WINDOW));
            let bits = |found: Option<(f64, usize)>| found.map(|(value, end)| (value.to_bits(), end));
            prop_assert_eq!(bits(leading_number(padded.as_bytes())), bits(any_number(padded.as_bytes())), "{}", text);
        }
    }
}
