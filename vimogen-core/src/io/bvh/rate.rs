//! Frames per second from a frame time that was written with few digits.

/// Rates of cameras, capture systems and engines, preferred where the digits leave a choice.
const USUAL: [f64; 13] = [20.0, 24.0, 25.0, 30.0, 48.0, 50.0, 60.0, 90.0, 100.0, 120.0, 144.0, 200.0, 240.0];
/// Rates of television, exactly 1000/1001 of these.
const TELEVISION: [f64; 6] = [24.0, 30.0, 48.0, 60.0, 120.0, 240.0];
/// Relative error of a frame time that was a 32-bit float before it was written with all its digits.
const SINGLE: f64 = 2e-6;
/// Relative distance beyond which a rate is another one, regardless of the digits.
const ROUGH: f64 = 0.05;

/// Frames per second of a frame time of `seconds`, written as `text`.
///
/// A frame time of few digits means more than one rate: 0.0333 is 30, not 30.03, whether the digits were rounded or cut
/// off; 0.0417083 is 23.976, since 24 would be 0.0416667. A usual rate within the digits wins, then a rate of
/// television, then a whole number, then the reciprocal as it is. A single digit is exact: 0.03 is 33.3, the rate of
/// dm_control.
///
/// `None` for 0, which some programs write where the rate is unknown.
pub fn frames_per_second(seconds: f64, text: &str) -> Option<f64> {
    if seconds <= 0.0 {
        return None;
    }
    let fps = seconds.recip();
    let unit = last_digit(text);
    // Digits are rounded, up or down, or cut off.
    let wide = unit.clamp(SINGLE * seconds, ROUGH * seconds);
    let allowed = |rate: f64| (seconds - rate.recip()).abs() <= wide;
    let nearest = |rates: &mut dyn Iterator<Item = f64>| {
        rates.filter(|rate| allowed(*rate)).min_by(|a, b| (a - fps).abs().total_cmp(&(b - fps).abs()))
    };
    let whole = fps.round().max(1.0);
    // An exact reciprocal is meant: 0.008 is 125.
    if (fps - whole).abs() < 1e-9 * fps {
        return Some(whole);
    }
    let television = || nearest(&mut TELEVISION.into_iter().map(|rate| rate * 1000.0 / 1001.0));
    let usual = nearest(&mut USUAL.into_iter()).or_else(television);
    Some(usual.unwrap_or(if allowed(whole) { whole } else { fps }))
}

/// Value of one unit of the last digit that says something, 0 for an exact number. Zeros at the end say nothing after
/// several digits (0.033300), but make a single digit exact (0.0300).
fn last_digit(text: &str) -> f64 {
    let text = text.trim().to_ascii_lowercase();
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let decimals = digits.split_once(['.', ',']).map_or("", |(_, after)| after).trim_end_matches('0').len();
    let significant = digits.trim_matches(['0', '.', ',', '+', '-']).bytes().filter(u8::is_ascii_digit).count();
    if significant < 2 {
        return 0.0;
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let decimals = i32::try_from(decimals).unwrap_or(i32::MAX);
    10f64.powi(exponent.saturating_sub(decimals).clamp(-300, 300))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_rounded_only_within_the_digits_of_its_frame_time() {
        let cases = [
            ("0.05000000", 20.0),
            ("0.0333333", 30.0),
            ("0.033333", 30.0),
            ("0.0333", 30.0),
            ("0.033", 30.0),
            ("0.033300", 30.0),
            ("0.03000000", 100.0 / 3.0),
            ("0.03", 100.0 / 3.0),
            ("3.3333e-2", 30.0),
            ("0,0333333", 30.0),
            ("0.008333", 120.0),
            ("0.00833333377", 120.0),
            ("0.0083", 120.0),
            ("0.016666", 60.0),
            ("0.01666", 60.0),
            ("0.041667", 24.0),
            ("0.0417083", 24000.0 / 1001.0),
            ("0.041708", 24000.0 / 1001.0),
            ("0.0333667", 30000.0 / 1001.0),
            ("0.033367", 30000.0 / 1001.0),
            ("0.0166834", 60000.0 / 1001.0),
            ("0.00834167", 120000.0 / 1001.0),
            ("0.008342", 120000.0 / 1001.0),
            ("0.04", 25.0),
            ("0.008", 125.0),
            ("0.025", 40.0),
            ("0.0136986", 73.0),
            ("0.03125", 32.0),
            ("0.0300300", 1.0 / 0.03003),
            ("0.0571", 1.0 / 0.0571),
            ("1", 1.0),
        ];
        for (text, fps) in cases {
            let seconds = text.replace(',', ".").parse().unwrap();
            let got = frames_per_second(seconds, text).unwrap();
            assert!((got - fps).abs() < 1e-6 * fps, "{text}: {got}, not {fps}");
        }
        assert_eq!(frames_per_second(0.0, "0"), None);
    }
}
