//! BVH, the skeleton animation text format that Blender, Maya, MotionBuilder and game engines read.
//!
//! Vimogen's world has z up; a BVH file has y up. A world point `(x, y, z)` becomes `(-x, z, y)`: a clip that starts
//! facing +y, as canonical clips do, faces +z in the file and its left is +x. With all rotations zero the figure is
//! upright in SMPL's rest pose (a T). Lengths are centimetres by default, see [`BvhOptions::unit`].
//!
//! The file holds the pelvis position and the *rotations* of the motion. Of a generated motion these disagree slightly
//! with its joint positions, which the model predicts separately: joints in the file are those of forward kinematics.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use glam::{DMat3, DVec3};

use crate::error::{Error, Result, check_finite};
use crate::format::write_atomic;
use crate::io::joint_names::JointNames;
use crate::motion::LengthUnit;
use crate::motion::axes::{SWAP, swap_up};
use crate::motion::codec::SmplMotion;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::{JOINT_NAMES, PARENTS, Skeleton, joint};

/// Options of a BVH file.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BvhOptions {
    /// Unit of length.
    pub unit: LengthUnit,
    /// Names of the joints.
    pub names: JointNames,
    /// Offset of each joint from its parent at rest, metres, in SMPL's rest frame (y up, facing +z, left is +x); the
    /// pelvis' entry is not used. `None`: from the clip, the mean of each bone seen from its parent's frame, at the
    /// bone's mean length.
    pub rest: Option<[[f32; 3]; JOINTS]>,
}

/// A motion as the text of a BVH file.
///
/// The hierarchy is the 22 SMPL joints, by the names that the options choose. Channels are `Xposition Yposition Zposition Zrotation Xrotation
/// Yrotation` for the pelvis and `Zrotation Xrotation Yrotation` for the others, in degrees, `R = Rz Rx Ry`; angles
/// are continued from frame to frame without jumps of 360 degrees.
///
/// # Errors
/// [`Error::Shape`] and [`Error::NonFinite`] naming the array; [`Error::InvalidArgument`] for no frames, for an `fps`
/// that is not positive and finite, and for bones longer than 100 m.
pub fn to_string(motion: &SmplMotion, fps: f32, options: &BvhOptions) -> Result<String> {
    let mut text = head(motion, fps, options)?.into_bytes();
    write_frames(&mut text, motion, options).map_err(Error::internal)?;
    String::from_utf8(text).map_err(Error::internal)
}

/// [`to_string`] up to the values of the first frame.
fn head(motion: &SmplMotion, fps: f32, options: &BvhOptions) -> Result<String> {
    check(motion, fps)?;
    let offsets = match options.rest {
        None => Skeleton::fit_offsets(motion, motion.len()).offsets,
        Some(given) => given.map(|o| o.map(f64::from).into()),
    };
    if let Some(j) = offsets.iter().position(|o| o.length().is_nan() || o.length() > LONGEST_BONE) {
        let reason = format!("the bone to {} is not shorter than {LONGEST_BONE} m", JOINT_NAMES[j]);
        return Err(Error::invalid("rest", reason));
    }
    let scale = options.unit.metres().recip();
    let mut text = String::from("HIERARCHY\n");
    write_joint(&mut text, (joint::PELVIS, 0), &offsets, options.names, scale);
    // Writing to a String cannot fail.
    // The shortest decimal that reads back: Blender makes 30.000003 of eight digits.
    let _ = write!(text, "MOTION\nFrames: {}\nFrame Time: {}\n", motion.len(), 1.0 / f64::from(fps));
    Ok(text)
}

/// Writes [`to_string`] to a file, frame by frame.
///
/// # Errors
/// Those of [`to_string`], [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, motion: &SmplMotion, fps: f32, options: &BvhOptions) -> Result<()> {
    let head = head(motion, fps, options)?;
    write_atomic(path, |w| {
        w.write_all(head.as_bytes())?;
        write_frames(w, motion, options)
    })
}

/// Maximum length of a bone, metres.
const LONGEST_BONE: f64 = 100.0;

fn check(motion: &SmplMotion, fps: f32) -> Result<()> {
    motion.check()?;
    check_finite("joints", &motion.joints.view())?;
    check_finite("global_orient", &motion.global_orient.view())?;
    check_finite("body_pose", &motion.body_pose.view())?;
    if motion.is_empty() {
        return Err(Error::invalid("motion", "it has no frames, at least one is needed"));
    }
    if !(fps.is_finite() && fps > 0.0) {
        return Err(Error::invalid("fps", format!("{fps} is not a positive number of frames per second")));
    }
    Ok(())
}

/// Rotations of each joint of a frame relative to its parent, of the pelvis to the world with y up.
fn local_rotations(motion: &SmplMotion, t: usize) -> [DMat3; JOINTS] {
    let mut local = motion.rotations_f64(t);
    local[joint::PELVIS] = SWAP.as_dmat3() * local[joint::PELVIS];
    local
}

/// The end of the bone that starts at a joint without children, from that joint, in metres.
fn end_site(joint: usize, offsets: &[DVec3; JOINTS]) -> DVec3 {
    match joint {
        joint::HEAD => DVec3::new(0.0, 0.18, 0.0),
        joint::LEFT_FOOT | joint::RIGHT_FOOT => DVec3::new(0.0, 0.0, 0.07),
        // A hand goes on in the direction of its forearm.
        wrist => offsets[wrist].normalize_or_zero() * 0.16,
    }
}

fn write_joint(
    text: &mut String,
    (index, depth): (usize, usize),
    offsets: &[DVec3; JOINTS],
    names: JointNames,
    scale: f64,
) {
    let (tab, kind) = ("\t".repeat(depth), if depth == 0 { "ROOT" } else { "JOINT" });
    let position = if depth == 0 { "6 Xposition Yposition Zposition" } else { "3" };
    let offset = if depth == 0 { DVec3::ZERO } else { offsets[index] * scale };
    let _ = write!(text, "{tab}{kind} {}\n{tab}{{\n{tab}\t", names.of(index));
    write_offset(text, offset);
    let _ = writeln!(text, "{tab}\tCHANNELS {position} Zrotation Xrotation Yrotation");
    let mut children = (0..JOINTS).filter(|j| PARENTS[*j] == Some(index)).peekable();
    if children.peek().is_none() {
        let _ = write!(text, "{tab}\tEnd Site\n{tab}\t{{\n{tab}\t\t");
        write_offset(text, end_site(index, offsets) * scale);
        let _ = writeln!(text, "{tab}\t}}");
    }
    for child in children {
        write_joint(text, (child, depth + 1), offsets, names, scale);
    }
    let _ = writeln!(text, "{tab}}}");
}

fn write_offset(text: &mut String, offset: DVec3) {
    let _ = writeln!(text, "OFFSET {:.6} {:.6} {:.6}", offset.x, offset.y, offset.z);
}

/// The joints in the order of the hierarchy: depth first.
fn file_order() -> Vec<usize> {
    fn visit(joint: usize, order: &mut Vec<usize>) {
        order.push(joint);
        (0..JOINTS).filter(|j| PARENTS[*j] == Some(joint)).for_each(|child| visit(child, order));
    }
    let mut order = Vec::with_capacity(JOINTS);
    visit(joint::PELVIS, &mut order);
    order
}

fn write_frames(w: &mut impl io::Write, motion: &SmplMotion, options: &BvhOptions) -> io::Result<()> {
    let (order, scale) = (file_order(), options.unit.metres().recip());
    let mut angles = [DVec3::ZERO; JOINTS];
    for t in 0..motion.len() {
        let p = DVec3::from(swap_up::<f64>(motion.joint(t, joint::PELVIS).as_dvec3())) * scale;
        write!(w, "{:.6} {:.6} {:.6}", p.x, p.y, p.z)?;
        let local = local_rotations(motion, t);
        for &j in &order {
            angles[j] = continued(zxy_degrees(local[j]), angles[j]);
            write!(w, " {:.6} {:.6} {:.6}", angles[j].x, angles[j].y, angles[j].z)?;
        }
        w.write_all(b"\n")?;
    }
    Ok(())
}

/// Angles (z, x, y) in degrees with `R = Rz Rx Ry`. Where x is +-90 degrees, y is 0.
pub(super) fn zxy_degrees(m: DMat3) -> DVec3 {
    let r = |row: usize, col: usize| m.col(col)[row];
    let cos_x = r(0, 1).hypot(r(1, 1));
    let x = r(2, 1).atan2(cos_x);
    let (z, y) = if cos_x > 1e-9 {
        ((-r(0, 1)).atan2(r(1, 1)), (-r(2, 0)).atan2(r(2, 2)))
    } else {
        (r(1, 0).atan2(r(0, 0)), 0.0)
    };
    DVec3::new(z.to_degrees(), x.to_degrees(), y.to_degrees())
}

/// The same rotation by the angles nearest to `before`, so that an editor that interpolates channels does not spin.
pub(super) fn continued(angles: DVec3, before: DVec3) -> DVec3 {
    let near = |a: DVec3| a - ((a - before) / 360.0).round() * 360.0;
    let (one, other) = (near(angles), near(DVec3::new(angles.x + 180.0, 180.0 - angles.y, angles.z + 180.0)));
    if (other - before).length_squared() < (one - before).length_squared() { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(angles: DVec3) -> DMat3 {
        let [z, x, y] = angles.to_array().map(f64::to_radians);
        DMat3::from_rotation_z(z) * DMat3::from_rotation_x(x) * DMat3::from_rotation_y(y)
    }

    #[test]
    fn angles_give_their_rotation_back_also_at_the_poles() {
        for angles in [[10.0, 20.0, 30.0], [-170.0, -80.0, 95.0], [40.0, 90.0, 25.0], [40.0, -90.0, 0.0], [0.0; 3]] {
            let m = rotation(DVec3::from_array(angles));
            assert!(rotation(zxy_degrees(m)).abs_diff_eq(m, 1e-7), "{angles:?}");
        }
    }

    #[test]
    fn continued_angles_are_the_same_rotation_and_never_far_from_the_frame_before() {
        let mut before = DVec3::ZERO;
        for step in 0..400 {
            let turn = f64::from(step) * 7.0;
            let m = rotation(DVec3::new(0.3 * turn, 35.0 * (0.1 * turn).to_radians().sin(), turn));
            let angles = continued(zxy_degrees(m), before);
            assert!(rotation(angles).abs_diff_eq(m, 1e-9));
            assert!((angles - before).abs().max_element() < 20.0, "frame {step}: {before} to {angles}");
            before = angles;
        }
    }

    #[test]
    fn the_frame_time_reads_back_as_the_very_rate() {
        let still = SmplMotion::zeros(1);
        for fps in [1.0, 12.5, 20.0, 24.0, 29.97, 30.0, 60.0, 119.88, 120.0, 1000.0f32] {
            let text = to_string(&still, fps, &BvhOptions::default()).unwrap();
            let time = text.lines().find_map(|line| line.strip_prefix("Frame Time: ")).unwrap();
            assert!((1.0 / time.parse::<f64>().unwrap() - f64::from(fps)).abs() < 1e-12 * f64::from(fps), "{time}");
            assert!(!time.contains('e'));
        }
        let text = to_string(&still, 20.0, &BvhOptions::default()).unwrap();
        assert!(text.contains("Frame Time: 0.05\n"));
    }

    #[test]
    fn bad_motions_and_rates_are_errors() {
        let empty = SmplMotion::zeros(0);
        assert!(to_string(&empty, 20.0, &BvhOptions::default()).is_err());
        let mut one = SmplMotion::zeros(1);
        for fps in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(to_string(&one, fps, &BvhOptions::default()).is_err(), "{fps}");
        }
        assert!(to_string(&one, 20.0, &BvhOptions::default()).is_ok());
        one.body_pose[[0, 7]] = f32::NAN;
        assert!(matches!(to_string(&one, 20.0, &BvhOptions::default()), Err(Error::NonFinite { .. })));
    }
}
