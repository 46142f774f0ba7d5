//! TRAM's `hps_track_N.npy`: a dict of tensors, in the frame of the camera. `camera.npy`, which TRAM writes one folder
//! above, has the way from there to a world with y up.

use std::path::{Path, PathBuf};

use glam::{Mat3, Quat, Vec3};
use ndarray::{Array2, s};

use super::clip::{Origin, SMPL_ROOT, SmplClip, World};
use super::fps::Rate;
use super::parts::{betas, indices, rotations, vectors};
use super::{Found, Value, bad};
use crate::error::Result;
use crate::format::tree::with_tree;
use crate::io::LoadOptions;
use crate::motion::UpAxis;
use crate::motion::layout::JOINTS;
use crate::motion::rotation::{axis_angle_from_quaternion, wxyz_from_quat};

/// Names of the file of the camera.
const CAMERA: [&str; 2] = ["camera.npy", "camera.npz"];

pub(super) fn find(tree: &Value<'_>, _: &LoadOptions<'_>) -> Result<Option<Found>> {
    if !is(tree) {
        return Ok(None);
    }
    Ok(Some(clip(tree)?.filled(indices(tree, "frame")).into()))
}

/// Whether a tree is of TRAM.
pub(super) fn is(tree: &Value<'_>) -> bool {
    tree.has(&["pred_rotmat", "pred_trans"])
}

/// The file of the camera that belongs to a file of persons: in its folder, or in the one above.
pub(super) fn camera_of(path: &Path) -> Option<PathBuf> {
    let folders = path.parent().into_iter().flat_map(|folder| [Some(folder), folder.parent()]).flatten();
    folders.flat_map(|folder| CAMERA.map(|name| folder.join(name))).find(|camera| camera.is_file() && camera != path)
}

/// The clip in the world of `camera`, or in the frame of the camera, with a warning, if that file does not fit.
pub(super) fn with_camera(tree: &Value<'_>, camera: &Path) -> Result<SmplClip> {
    let clip = clip(tree)?;
    let frames = indices(tree, "frame").unwrap_or_else(|| (0..).take(clip.pose.nrows()).collect());
    let placed = match with_tree(camera, |camera| in_world(clip.clone(), &frames, camera)) {
        Ok(placed) => placed,
        Err(error) => {
            let name = camera.file_name().unwrap_or_default().to_string_lossy();
            let said = format!("{name} next to it was not used, so the motion is that of the camera's view: {error}");
            SmplClip { warnings: vec![said], ..clip }
        }
    };
    Ok(placed.filled(Some(frames)))
}

fn clip(tree: &Value<'_>) -> Result<SmplClip> {
    let pose = rotations(tree, "pred_rotmat", &[24], JOINTS)?;
    Ok(SmplClip {
        origin: Origin::Smpl,
        world: World::Camera,
        rate: Rate::of(tree, Rate::Unknown),
        betas: betas(tree, "pred_shape"),
        ..SmplClip::new("TRAM", pose, vectors(tree, "pred_trans")?)?
    })
}

/// `clip`, whose rows are the pictures `frames`, by the rotations and places of the camera in the world.
fn in_world(mut clip: SmplClip, frames: &[i64], camera: &Value<'_>) -> Result<SmplClip> {
    let turns = rotations(camera, "world_cam_R", &[1], 1)?;
    let places = vectors(camera, "world_cam_T")?;
    super::parts::same_frames(&[("world_cam_R", turns.nrows()), ("world_cam_T", places.nrows())])?;
    super::parts::same_frames(&[("pose", clip.pose.nrows()), ("frame", frames.len())])?;
    for (row, frame) in frames.iter().enumerate() {
        let at = usize::try_from(*frame).ok().filter(|at| *at < turns.nrows());
        let at = at.ok_or_else(|| bad(format!("it has {} frames and none of number {frame}", turns.nrows())))?;
        let turn = Quat::from_scaled_axis(row_of(&turns, at));
        let root = turn * Quat::from_scaled_axis(row_of(&clip.pose, row));
        let root = axis_angle_from_quaternion(wxyz_from_quat(root));
        let place = Mat3::from_quat(turn) * (row_of(&clip.translation, row) + SMPL_ROOT) + row_of(&places, at);
        set_row(&mut clip.pose, row, root);
        set_row(&mut clip.translation, row, place - SMPL_ROOT);
    }
    Ok(SmplClip { kind: "TRAM, world".into(), world: World::Up(UpAxis::Y), ..clip })
}

/// The first three values of a row.
fn row_of(array: &Array2<f32>, row: usize) -> Vec3 {
    Vec3::new(array[[row, 0]], array[[row, 1]], array[[row, 2]])
}

fn set_row(array: &mut Array2<f32>, row: usize, value: Vec3) {
    array.slice_mut(s![row, ..3]).iter_mut().zip(value.to_array()).for_each(|(slot, v)| *slot = v);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{RawTensor, npz};
    use crate::motion::Motion;
    use crate::motion::joint::{HEAD, PELVIS};
    use ndarray::{Array3, Array4};

    const FRAMES: usize = 30;
    /// First frame of the person in the film.
    const FIRST: usize = 10;

    /// A person who stands upright and still before a camera that goes ahead, looking down by `pitch`.
    fn film(folder: &Path, pitch: f32, cameras: usize) -> PathBuf {
        let still = Mat3::from_diagonal(Vec3::new(1.0, -1.0, -1.0));
        let to_world = Mat3::from_rotation_x(-pitch) * still;
        let place = |t: usize| Vec3::new(0.0, 1.5, -0.05 * t as f32);
        // The pelvis, 4 m ahead of the camera's start.
        let person = |t: usize| to_world.transpose() * (Vec3::new(0.0, 0.9, -4.0) - place(t)) - SMPL_ROOT;
        let facing = to_world.transpose();
        let pose = Array4::from_shape_fn((FRAMES, 24, 3, 3), |(_, j, r, c)| {
            let turn = if j == 0 { facing } else { Mat3::IDENTITY };
            turn.col(c)[r]
        });
        let trans = Array3::from_shape_fn((FRAMES, 1, 3), |(t, _, c)| person(t + FIRST)[c]);
        let numbers = ndarray::Array1::from_shape_fn(FRAMES, |t| (t + FIRST) as f32);
        let track = folder.join("hps/track.npz");
        std::fs::create_dir_all(track.parent().unwrap()).unwrap();
        let tensor = |array: ndarray::ArrayViewD<'_, f32>| RawTensor::from_f32(array);
        let (pose, trans, numbers) =
            (tensor(pose.view().into_dyn()), tensor(trans.view().into_dyn()), tensor(numbers.view().into_dyn()));
        npz::save(&track, &[("pred_rotmat", &pose), ("pred_trans", &trans), ("frame", &numbers)]).unwrap();
        let turns = Array3::from_shape_fn((cameras, 3, 3), |(_, r, c)| to_world.col(c)[r]);
        let places = Array2::from_shape_fn((cameras, 3), |(t, c)| place(t)[c]);
        let (turns, places) = (tensor(turns.view().into_dyn()), tensor(places.view().into_dyn()));
        npz::save(folder.join("camera.npz"), &[("world_cam_R", &turns), ("world_cam_T", &places)]).unwrap();
        track
    }

    fn place(clip: &Motion, t: usize, joint: usize) -> Vec3 {
        Vec3::from_array(std::array::from_fn(|c| clip.joints()[[t, joint, c]]))
    }

    #[test]
    fn a_camera_next_to_it_gives_the_motion_in_the_world() {
        let folder = tempfile::tempdir().unwrap();
        let track = film(folder.path(), 0.5, FIRST + FRAMES);
        let clip = Motion::load_with(&track, &LoadOptions::default().with_fps(30.0)).unwrap();
        let source = clip.source().unwrap();
        assert_eq!((source.kind.as_str(), source.up), ("TRAM, world", Some(UpAxis::Y)));
        let moved = place(&clip, FRAMES - 1, PELVIS) - place(&clip, 0, PELVIS);
        let up = (place(&clip, 5, HEAD) - place(&clip, 5, PELVIS)).normalize_or_zero();
        assert!(moved.length() < 1e-3 && up.z > 0.95, "{moved} {up}");
    }

    #[test]
    fn a_camera_of_too_few_frames_is_left_out_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let track = film(folder.path(), 0.0, 12);
        let clip = Motion::load_with(&track, &LoadOptions::default().with_fps(30.0)).unwrap();
        let source = clip.source().unwrap();
        assert_eq!(source.kind, "TRAM");
        let said = "camera.npz next to it was not used";
        assert!(source.warnings[0].contains(said) && source.warnings[0].contains("number 12"), "{source:?}");
    }
}
