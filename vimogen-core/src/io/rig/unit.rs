//! The unit of length of a file, from the size of its body.

use super::gate::ADULTS;
use crate::body::{SHIN, THIGH};
use crate::motion::LengthUnit;

/// All units, the usual ones first.
const UNITS: [LengthUnit; 6] = [
    LengthUnit::Centimetres,
    LengthUnit::Metres,
    LengthUnit::Millimetres,
    LengthUnit::Decimetres,
    LengthUnit::Inches,
    LengthUnit::Feet,
];
/// Statures of children and giants, metres, which are believed in the two usual units.
const BODIES: std::ops::Range<f64> = 0.6..3.5;
/// The usual stature, metres.
const USUAL: f64 = 1.7;

/// A body's size in the unit of its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) stature: f64,
    /// Hip to ankle.
    pub(super) leg: f64,
}

/// The unit that was found, if any, and how many metres one of the file's lengths is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) unit: Option<LengthUnit>,
    pub(super) metres: f64,
    pub(super) warning: Option<String>,
}

impl Found {
    fn of(unit: LengthUnit) -> Self {
        Self { unit: Some(unit), metres: unit.metres(), warning: None }
    }
}

/// The unit in which a body is an adult; `given` wins, and `told` by the file if it makes one.
pub(super) fn find(size: Size, given: Option<LengthUnit>, told: Option<LengthUnit>) -> Found {
    if let Some(unit) = given {
        return Found::of(unit);
    }
    let metres = |unit: LengthUnit| size.stature * unit.metres();
    let far = |unit: &LengthUnit| (metres(*unit) / USUAL).ln().abs();
    let adult = told.into_iter().chain(UNITS).filter(|unit| ADULTS.contains(&metres(*unit)));
    let other = told.into_iter().chain(UNITS.into_iter().take(2)).filter(|unit| BODIES.contains(&metres(*unit)));
    if let Some(unit) =
        adult.min_by(|a, b| far(a).total_cmp(&far(b))).or_else(|| other.min_by(|a, b| far(a).total_cmp(&far(b))))
    {
        return Found::of(unit);
    }
    let ours = f64::from(THIGH + SHIN);
    let metres = if size.leg > 1e-9 { ours / size.leg } else { 1.0 };
    let warning = format!(
        "its body is {:.3} units tall, a human in no known unit; it was scaled to legs of {ours} m; unit= gives the unit",
        size.stature
    );
    Found { unit: None, metres, warning: Some(warning) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_stature(stature: f64) -> Found {
        find(Size { stature, leg: 0.47 * stature }, None, None)
    }

    #[test]
    fn a_body_of_any_human_size_is_read_in_each_unit() {
        for unit in UNITS {
            for stature in [1.25, 1.5, 1.7, 1.9, 2.2] {
                assert_eq!(of_stature(stature / unit.metres()), Found::of(unit), "{stature} m in {unit:?}");
            }
        }
    }

    #[test]
    fn children_are_read_in_metres_and_centimetres_and_no_unit_gives_our_legs() {
        assert_eq!(of_stature(0.9).unit, Some(LengthUnit::Metres));
        assert_eq!(of_stature(110.0).unit, Some(LengthUnit::Centimetres));
        let odd = of_stature(30.0);
        assert_eq!(odd.unit, None);
        assert!((odd.metres * 0.47 * 30.0 - f64::from(THIGH + SHIN)).abs() < 1e-6, "{odd:?}");
        assert!(odd.warning.is_some_and(|warning| warning.contains("unit=")));
    }

    #[test]
    fn the_given_unit_wins_and_the_told_one_does_where_it_makes_a_body() {
        let size = Size { stature: 170.0, leg: 80.0 };
        assert_eq!(find(size, Some(LengthUnit::Inches), None), Found::of(LengthUnit::Inches));
        assert_eq!(find(size, None, Some(LengthUnit::Metres)), Found::of(LengthUnit::Centimetres));
        let child = Size { stature: 38.0, leg: 18.0 };
        assert_eq!(find(child, None, Some(LengthUnit::Inches)), Found::of(LengthUnit::Inches));
    }
}
