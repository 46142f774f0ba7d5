//! Which axis of a file points up.

use glam::{Mat3, Vec3};

use crate::motion::UpAxis;
use crate::motion::axes::SWAP;
use crate::motion::rotation::matrix_from_rows;

/// Cosine from which a body's own axis counts as one of the file's.
const ALONG: f32 = 0.7;
/// Share of the frames that a declared axis needs to stay.
const KEPT: f32 = 0.2;
/// Share of the frames that another axis needs to take its place, or that any axis needs to be found.
const FOUND: f32 = 0.6;

const AXES: [UpAxis; 6] = [UpAxis::Y, UpAxis::Z, UpAxis::X, UpAxis::MinusY, UpAxis::MinusZ, UpAxis::MinusX];

/// The direction of an axis.
fn direction(axis: UpAxis) -> Vec3 {
    match axis {
        UpAxis::X => Vec3::X,
        UpAxis::Y => Vec3::Y,
        UpAxis::Z => Vec3::Z,
        UpAxis::MinusX => Vec3::NEG_X,
        UpAxis::MinusY => Vec3::NEG_Y,
        UpAxis::MinusZ => Vec3::NEG_Z,
    }
}

/// The rotation that takes an axis to +z. A person in front of a level camera, or one of BVH's, then faces as the
/// person of the library does.
pub(super) fn to_z_up(axis: UpAxis) -> Mat3 {
    match axis {
        UpAxis::Z => Mat3::IDENTITY,
        UpAxis::Y => SWAP,
        UpAxis::MinusY => matrix_from_rows([-1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, -1.0, 0.0]),
        UpAxis::X => matrix_from_rows([0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]),
        UpAxis::MinusX => matrix_from_rows([0.0, 1.0, 0.0, 0.0, 0.0, -1.0, -1.0, 0.0, 0.0]),
        UpAxis::MinusZ => matrix_from_rows([1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0]),
    }
}

/// The axis that points up in most frames, its share of the frames, and the share of `declared`.
fn vote(bodies: &[Vec3], declared: UpAxis) -> (UpAxis, f32, f32) {
    let share = |axis: UpAxis| {
        let along = bodies.iter().filter(|up| up.normalize_or_zero().dot(direction(axis)) > ALONG).count();
        along as f32 / bodies.len().max(1) as f32
    };
    let best = AXES.into_iter().fold(declared, |best, axis| if share(axis) > share(best) { axis } else { best });
    (best, share(best), share(declared))
}

/// The axis that points up, by the upward direction of the body itself in each frame, and what is to be said about it.
///
/// `declared` is the axis of the layout; `usual` the one that is taken if neither the layout nor the motion says.
pub(super) fn find(
    bodies: &[Vec3],
    given: Option<UpAxis>,
    declared: Option<UpAxis>,
    usual: UpAxis,
) -> (UpAxis, Option<String>) {
    if let Some(axis) = given {
        return (axis, None);
    }
    let expected = declared.unwrap_or(usual);
    let (best, share, kept) = vote(bodies, expected);
    if declared.is_some() && kept >= KEPT {
        return (expected, None);
    }
    if share >= FOUND {
        let said = declared.map(|declared| {
            format!(
                "files of this kind have {} up, but in {:.0} % of the frames the body stands along {}: read with {} up; up= \
                 (--up) overrides",
                declared.name(),
                100.0 * share,
                best.name(),
                best.name()
            )
        });
        return (best, said);
    }
    let doubt = format!(
        "the body stands along no axis in most frames, so which way is up is not sure: read with {} up; up= (--up) overrides",
        expected.name()
    );
    (expected, Some(doubt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_is_turned_to_z_without_a_mirror() {
        for axis in AXES {
            let turn = to_z_up(axis);
            assert!((turn * direction(axis)).abs_diff_eq(Vec3::Z, 1e-6), "{axis:?}");
            assert!((turn.determinant() - 1.0).abs() < 1e-6, "{axis:?}");
        }
    }

    #[test]
    fn the_motion_decides_where_the_layout_does_not_and_corrects_it_where_it_is_wrong() {
        let standing = [Vec3::Y; 10];
        assert_eq!(find(&standing, None, None, UpAxis::MinusY), (UpAxis::Y, None));
        let (axis, said) = find(&standing, None, Some(UpAxis::Z), UpAxis::Z);
        assert!(axis == UpAxis::Y && said.is_some_and(|s| s.contains("--up")));
        assert_eq!(find(&standing, Some(UpAxis::X), Some(UpAxis::Z), UpAxis::Z), (UpAxis::X, None));
        // A handstand among standing frames changes nothing.
        let mut mixed = [Vec3::Z; 10];
        mixed[..7].fill(Vec3::NEG_Z);
        assert_eq!(find(&mixed, None, Some(UpAxis::Z), UpAxis::Z), (UpAxis::Z, None));
        assert!(find(&[Vec3::ONE; 4], None, None, UpAxis::Z).1.is_some());
    }
}
