//! Where a clip is and which way it faces.

use glam::{Mat3, Quat, Vec3};

use super::heading::{Move, heading};
use crate::body::Track;
use crate::error::{Error, Result};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;
use crate::motion::{Motion, Pose, Skeleton};

/// Greatest distance from the origin to which a clip is moved, metres.
const FARTHEST: f32 = 1e5;

impl Motion {
    /// The clip turned by `degrees` about the vertical through its start, counterclockwise from above: 90 degrees turn
    /// the person to the left.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `degrees` is finite.
    pub fn turned(&self, degrees: f32) -> Result<Self> {
        if !degrees.is_finite() {
            return Err(Error::invalid("degrees", format!("{degrees} is not finite")));
        }
        let mut track = Track::of(self)?;
        Move::about(degrees.to_radians(), track.poses[0].root.truncate()).apply(&mut track);
        track.to_motion()
    }

    /// The clip shifted by `x` to the right and `y` forward, metres: axes of the world, see [`Motion::canonical`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond 100 km.
    pub fn moved(&self, x: f32, y: f32) -> Result<Self> {
        for (name, value) in [("x", x), ("y", y)] {
            if value.is_nan() || value.abs() > FARTHEST {
                return Err(Error::invalid(name, format!("{value} m, expected at most {FARTHEST} m either way")));
            }
        }
        let mut track = Track::of(self)?;
        track.poses.iter_mut().for_each(|pose| pose.root += Vec3::new(x, y, 0.0));
        track.to_motion()
    }

    /// The clip with left and right exchanged, as in a mirror that stands along the heading of its first frame.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the person faces straight up or down in the first frame.
    pub fn mirrored(&self) -> Result<Self> {
        let mut track = Track::of(self)?;
        let facing = heading(&track.joints()[0]);
        let facing =
            facing.ok_or_else(|| Error::invalid("motion", "its first frame has no heading to mirror along"))?;
        let start = track.poses[0].root.with_z(0.0);
        // Reflection in the plane through the start that is square to `side`.
        let side = Vec3::new(-facing.sin(), facing.cos(), 0.0);
        let reflect = |v: Vec3| v - 2.0 * side.dot(v) * side;
        let world = Mat3::from_cols(reflect(Vec3::X), reflect(Vec3::Y), reflect(Vec3::Z));
        for pose in &mut track.poses {
            *pose = Pose { root: start + reflect(pose.root - start), rotations: mirror(&pose.rotations, world) };
        }
        let offsets = track.skeleton.offsets;
        let flip = Vec3::new(-1.0, 1.0, 1.0);
        track.skeleton = Skeleton::new(std::array::from_fn(|j| offsets[twin(j)] * flip));
        track.to_motion()
    }
}

/// The joint of the other side.
fn twin(joint: usize) -> usize {
    match JOINT_NAMES[joint] {
        name if name.starts_with("left_") => joint + 1,
        name if name.starts_with("right_") => joint - 1,
        _ => joint,
    }
}

/// Local rotations seen in a mirror square to x of the rest pose, and the root's also in that of the `world`.
fn mirror(rotations: &[Quat; JOINTS], world: Mat3) -> [Quat; JOINTS] {
    let body = Mat3::from_diagonal(Vec3::new(-1.0, 1.0, 1.0));
    let mut out = std::array::from_fn(|j| {
        let q = rotations[twin(j)];
        Quat::from_xyzw(q.x, -q.y, -q.z, q.w)
    });
    out[0] = Quat::from_mat3(&(world * Mat3::from_quat(rotations[0]) * body)).normalize();
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{far, stroll};
    use super::*;
    use crate::motion::skeleton::joint::{LEFT_WRIST, PELVIS, RIGHT_WRIST};

    fn at(motion: &Motion, t: usize, joint: usize) -> Vec3 {
        motion.smpl().joint(t, joint)
    }

    #[test]
    fn a_quarter_turn_takes_forward_to_the_left_about_the_start() {
        let clip = stroll(40);
        let turned = clip.turned(90.0).unwrap();
        let (a, b) = (at(&clip, 30, PELVIS) - at(&clip, 0, PELVIS), at(&turned, 30, PELVIS) - at(&turned, 0, PELVIS));
        assert!(b.abs_diff_eq(Vec3::new(-a.y, a.x, a.z), 1e-4), "{a} {b}");
        assert!(at(&turned, 0, PELVIS).abs_diff_eq(at(&clip, 0, PELVIS), 1e-5));
        assert!(turned.kinematic_error().max < 1e-4);
        assert!(far(&turned.turned(-90.0).unwrap(), &clip) < 1e-4);
        assert!(clip.turned(f32::NAN).is_err());
    }

    #[test]
    fn a_moved_clip_differs_by_the_shift_alone() {
        let clip = stroll(20);
        let moved = clip.moved(1.5, -2.0).unwrap();
        for t in [0, 19] {
            assert!(
                (at(&moved, t, LEFT_WRIST) - at(&clip, t, LEFT_WRIST)).abs_diff_eq(Vec3::new(1.5, -2.0, 0.0), 1e-4)
            );
        }
        assert!(clip.moved(f32::INFINITY, 0.0).is_err() && clip.moved(0.0, f32::NAN).is_err());
    }

    #[test]
    fn a_mirrored_clip_has_its_sides_exchanged_and_comes_back() {
        let clip = stroll(40);
        let mirrored = clip.mirrored().unwrap();
        let start = at(&clip, 0, PELVIS).x;
        for t in 0..40 {
            let (left, right) = (at(&clip, t, LEFT_WRIST), at(&mirrored, t, RIGHT_WRIST));
            assert!(
                right.abs_diff_eq(Vec3::new(2.0 * start - left.x, left.y, left.z), 2e-3),
                "frame {t}: {left} {right}"
            );
        }
        assert!(mirrored.kinematic_error().max < 1e-4);
        assert!(far(&mirrored.mirrored().unwrap(), &clip) < 1e-3);
    }
}
