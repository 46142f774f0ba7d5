//! Sines and cosines of many angles in degrees.

use std::f64::consts::PI;

/// Added to a number below 2^51 and taken away again, this rounds it to a whole number, which the low bits of the sum hold.
const ROUND: f64 = 3.0 * (1u64 << 51) as f64;

/// Sine and cosine of an angle in degrees, to 1e-15.
///
/// An angle that was a 32-bit float leaves an exact rest of quarter turns. Taylor series up to the terms of degree 15 and
/// 16 give sine and cosine of the rest, at most 45 degrees.
#[inline]
pub(super) fn sin_cos_of_degrees(degrees: f64) -> (f64, f64) {
    let rounded = degrees * (1.0 / 90.0) + ROUND;
    let quarter = rounded.to_bits();
    let rest = (degrees - 90.0 * (rounded - ROUND)) * (PI / 180.0);
    let (sin, cos) = series(rest);
    let (sin, cos) = if quarter & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sign = |value: f64, negative: u64| f64::from_bits(value.to_bits() ^ ((negative & 2) << 62));
    (sign(sin, quarter), sign(cos, quarter.wrapping_add(1)))
}

/// Sine and cosine of an angle of at most 45 degrees, in radians.
#[inline]
fn series(x: f64) -> (f64, f64) {
    /// `1 / n!` with the sign of the term of degree `n`.
    const SIN: [f64; 7] = [
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5_040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
    ];
    const COS: [f64; 8] = [
        -0.5,
        1.0 / 24.0,
        -1.0 / 720.0,
        1.0 / 40_320.0,
        -1.0 / 3_628_800.0,
        1.0 / 479_001_600.0,
        -1.0 / 87_178_291_200.0,
        1.0 / 20_922_789_888_000.0,
    ];
    let z = x * x;
    let sum = |terms: &[f64]| terms.iter().rev().fold(0.0, |sum, term| sum * z + term);
    (x + x * z * sum(&SIN), 1.0 + z * sum(&COS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quarter_turns_are_exact() {
        for (degrees, sin, cos) in
            [(0.0, 0.0, 1.0), (90.0, 1.0, 0.0), (180.0, 0.0, -1.0), (-90.0, -1.0, 0.0), (-450.0, -1.0, 0.0)]
        {
            assert_eq!(sin_cos_of_degrees(degrees), (sin, cos), "{degrees}");
        }
        assert_eq!(sin_cos_of_degrees(36e10 + 90.0), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn sines_and_cosines_are_those_of_the_standard_library(degrees in -1e4f32..1e4) {
            let degrees = f64::from(degrees);
            let (sin, cos) = sin_cos_of_degrees(degrees);
            // The exact rest of whole turns, since the standard library rounds the angle in radians.
            let (want_sin, want_cos) = (degrees % 360.0).to_radians().sin_cos();
            prop_assert!((sin - want_sin).abs() < 2e-15 && (cos - want_cos).abs() < 2e-15, "{}", degrees);
        }
    }
}
