//! The mesh of the neutral body: one closed surface about the neutral skeleton, baked by `examples/bake_body.rs`, which
//! documents the arrays of the file.

use std::sync::OnceLock;

use ndarray::{Array1, Array2};

use super::skeleton::NEUTRAL;
use crate::body::SMPLX_ROOT;
use crate::body::model::{BodyKind, BodyModel};
use crate::error::Result;
use crate::format::TensorSource;
use crate::format::npz::NpzFile;
use crate::motion::layout::JOINTS;

static FILE: &[u8] = include_bytes!("../../../assets/body/neutral.npz");

impl BodyModel {
    /// The built-in body: a mannequin of about 1.70 m with the 22 joints and one closed surface. It needs no file.
    pub fn neutral() -> &'static Self {
        static BODY: OnceLock<BodyModel> = OnceLock::new();
        BODY.get_or_init(|| read().unwrap_or_else(|error| unreachable!("the baked body is tested: {error}")))
    }
}

fn read() -> Result<BodyModel> {
    let file = NpzFile::from_bytes(FILE.to_vec())?;
    let (vertices, faces) = (file.read_f32("vertices")?, file.read_f32("faces")?);
    let faces = Array2::from_shape_fn((faces.len() / 3, 3), |(f, corner)| faces[3 * f + corner] as u32);
    let (joints, weights) = (file.read_f32("joints")?, file.read_f32("weights")?);
    let mut shares = joints.iter().zip(weights).map(|(joint, weight)| (*joint as u16, weight));
    let counts = file.read_f32("counts")?;
    let weights = counts.iter().map(|count| shares.by_ref().take(*count as usize).collect()).collect();
    let (_, rest) = NEUTRAL.fk(glam::Vec3::ZERO, [glam::Mat3::IDENTITY; JOINTS]);
    let rest = rest.iter().flat_map(|j| (*j + SMPLX_ROOT).to_array()).collect();
    Ok(BodyModel::plain(BodyKind::Neutral, Array1::from(vertices), faces, NEUTRAL.parents.to_vec(), rest, weights))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use glam::Vec3;

    use super::*;
    use crate::motion::skeleton::joint::{LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_WRIST, RIGHT_KNEE};

    #[test]
    fn the_surface_is_closed_and_faces_outwards() {
        let body = BodyModel::neutral();
        let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
        let point = |v: u32| Vec3::from_slice(&body.rest_vertices()[3 * v as usize..][..3]);
        let mut volume = 0.0;
        for face in body.faces().rows() {
            let [a, b, c] = [face[0], face[1], face[2]];
            for (from, to) in [(a, b), (b, c), (c, a)] {
                *edges.entry((from.min(to), from.max(to))).or_default() += if from < to { 1 } else { -1 };
            }
            volume += point(a).dot(point(b).cross(point(c))) / 6.0;
        }
        assert!(edges.values().all(|balance| *balance == 0), "an edge has a triangle on one side only");
        // Of a person of 1.70 m, litres.
        assert!((0.04..0.08).contains(&volume), "{volume}");
        assert!((1000..4000).contains(&body.num_vertices()), "{}", body.num_vertices());
    }

    #[test]
    fn the_body_stands_where_its_joints_are_and_is_as_tall_as_a_person() {
        let body = BodyModel::neutral();
        let height =
            |v: &[f32]| (v.iter().skip(1).step_by(3)).fold((f32::MAX, f32::MIN), |(a, b), y| (a.min(*y), b.max(*y)));
        let (low, high) = height(body.rest_vertices());
        assert!((1.6..1.8).contains(&(high - low)), "{low} {high}");
        let toe = body.rest_joints()[3 * LEFT_FOOT + 1];
        assert!((0.02..0.05).contains(&(toe - low)), "the sole is below the ball of the foot: {toe} {low}");
    }

    #[test]
    fn shares_are_few_and_add_up_and_no_limb_follows_another() {
        for weights in BodyModel::neutral().weights() {
            assert!(weights.len() <= 4);
            assert!((weights.iter().map(|w| w.1).sum::<f32>() - 1.0).abs() < 1e-5);
            let has = |joint: usize| weights.iter().any(|w| usize::from(w.0) == joint);
            assert!(!has(LEFT_KNEE) || !has(RIGHT_KNEE));
            assert!(!has(LEFT_WRIST) || !has(LEFT_HIP));
        }
    }
}
