//! The mesh of the neutral body: one closed surface about the neutral skeleton, baked from MakeHuman's CC0 data by
//! `tools/bake_figure`, which documents the arrays of the file.

use std::sync::OnceLock;

use glam::{Mat3, Vec3};
use ndarray::{Array1, Array2};

use super::skeleton::NEUTRAL;
use crate::body::SMPLX_ROOT;
use crate::body::model::{BodyKind, BodyModel};
use crate::error::Result;
use crate::format::TensorSource;
use crate::format::npz::NpzFile;
use crate::motion::layout::JOINTS;

static FILE: &[u8] = include_bytes!("../../../assets/body/neutral.npz");
/// Joints per vertex in the file.
const BONES: usize = 4;

impl BodyModel {
    /// The built-in body: an adult of about 1.75 m, neither woman nor man, with face and hands, the 22 joints and one closed
    /// surface. It needs no file.
    pub fn neutral() -> &'static Self {
        static BODY: OnceLock<BodyModel> = OnceLock::new();
        BODY.get_or_init(|| read().unwrap_or_else(|error| unreachable!("the baked body is tested: {error}")))
    }
}

fn read() -> Result<BodyModel> {
    let file = NpzFile::from_bytes(FILE.to_vec())?;
    let (step, places) = (file.read_f32("step")?[0], file.read_f32("vertices")?);
    let vertices = places.iter().enumerate().map(|(i, v)| v * step + SMPLX_ROOT[i % 3]).collect::<Vec<f32>>();
    let corners = file.read_f32("faces")?;
    let faces = Array2::from_shape_fn((corners.len() / 3, 3), |(f, corner)| corners[3 * f + corner] as u32);
    let (joints, parts) = (file.read_f32("joints")?, file.read_f32("weights")?);
    let weights = joints.chunks(BONES).zip(parts.chunks(BONES)).map(|(joints, parts)| shares(joints, parts)).collect();
    let (_, rest) = NEUTRAL.fk(Vec3::ZERO, [Mat3::IDENTITY; JOINTS]);
    let rest = rest.iter().flat_map(|j| (*j + SMPLX_ROOT).to_array()).collect();
    Ok(BodyModel::plain(BodyKind::Neutral, Array1::from(vertices), faces, NEUTRAL.parents.to_vec(), rest, weights))
}

/// The joints of a vertex that have a share in it.
fn shares(joints: &[f32], parts: &[f32]) -> Vec<(u16, f32)> {
    let all = joints.iter().zip(parts).filter(|(_, part)| **part > 0.0);
    all.map(|(joint, part)| (*joint as u16, part / 255.0)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::motion::skeleton::PARENTS;
    use crate::motion::skeleton::joint::{HEAD, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_WRIST, RIGHT_KNEE};

    fn points() -> Vec<Vec3> {
        BodyModel::neutral().rest_vertices().as_chunks::<3>().0.iter().map(|p| Vec3::from_array(*p)).collect()
    }

    fn edges() -> HashMap<(u32, u32), i32> {
        let mut edges = HashMap::new();
        for face in BodyModel::neutral().faces().rows() {
            for (from, to) in [(face[0], face[1]), (face[1], face[2]), (face[2], face[0])] {
                *edges.entry((from, to)).or_default() += 1;
            }
        }
        edges
    }

    #[test]
    fn the_surface_is_one_closed_sheet_that_faces_outwards() {
        let (body, edges, points) = (BodyModel::neutral(), edges(), points());
        assert!(edges.values().all(|count| *count == 1), "an edge is used twice in one direction");
        assert!(edges.keys().all(|(from, to)| edges.contains_key(&(*to, *from))), "an edge has one triangle only");
        // Euler's formula for a sphere: no handles and no second part.
        assert_eq!(points.len() + body.faces().nrows(), edges.len() / 2 + 2);
        let corner = |v: u32| points[v as usize];
        let volume: f32 =
            body.faces().rows().into_iter().map(|f| corner(f[0]).dot(corner(f[1]).cross(corner(f[2]))) / 6.0).sum();
        // Of an adult, cubic metres.
        assert!((0.05..0.08).contains(&volume), "{volume}");
    }

    #[test]
    fn the_file_is_small_and_the_figure_is_detailed_where_people_look() {
        let body = BodyModel::neutral();
        assert!(FILE.len() <= 250_000, "{} bytes", FILE.len());
        assert!((3000..=8000).contains(&body.num_vertices()), "{}", body.num_vertices());
        let of = |joint: usize| body.weights().iter().filter(|w| usize::from(w[0].0) == joint).count();
        // Face and ears; each hand has five fingers.
        assert!(of(HEAD) > 800 && of(LEFT_WRIST) > 300, "{} {}", of(HEAD), of(LEFT_WRIST));
    }

    #[test]
    fn the_body_stands_where_its_joints_are_and_is_as_tall_as_a_person() {
        let (points, body) = (points(), BodyModel::neutral());
        let (low, high) = points.iter().fold((f32::MAX, f32::MIN), |(a, b), p| (a.min(p.y), b.max(p.y)));
        assert!((1.6..1.8).contains(&(high - low)), "{low} {high}");
        let joint = |j: usize| Vec3::from_slice(&body.rest_joints()[3 * j..]);
        for (j, parent) in PARENTS.iter().enumerate() {
            let from = parent.map_or(SMPLX_ROOT, joint);
            assert!(joint(j).abs_diff_eq(from + NEUTRAL.offsets[j], 1e-6), "joint {j} is the skeleton's");
        }
        let toe = joint(LEFT_FOOT).y;
        assert!((0.02..0.05).contains(&(toe - low)), "the sole is below the ball of the foot: {toe} {low}");
    }

    #[test]
    fn both_soles_lie_flat_on_the_floor_at_rest() {
        let points = points();
        let low = points.iter().map(|p| p.y).fold(f32::MAX, f32::min);
        for side in [-1.0, 1.0] {
            let sole: Vec<&Vec3> =
                points.iter().filter(|p| (p.x - SMPLX_ROOT.x) * side > 0.0 && p.y < low + 0.003).collect();
            let (back, front) = sole.iter().fold((f32::MAX, f32::MIN), |(a, b), p| (a.min(p.z), b.max(p.z)));
            assert!(sole.len() > 15 && front - back > 0.15, "{} points from {back} to {front}", sole.len());
        }
    }

    #[test]
    fn left_and_right_mirror_each_other() {
        let mirrored = |p: &Vec3| Vec3::new(2.0 * SMPLX_ROOT.x - p.x, p.y, p.z);
        let cell = |p: Vec3| (p * 1e3).round().as_ivec3().to_array();
        let points = points();
        let mut cells: HashMap<[i32; 3], Vec<Vec3>> = HashMap::new();
        points.iter().for_each(|p| cells.entry(cell(*p)).or_default().push(*p));
        for image in points.iter().map(mirrored) {
            let near = (0..27).flat_map(|i| {
                let [x, y, z] = cell(image);
                cells.get(&[x + i % 3 - 1, y + i / 3 % 3 - 1, z + i / 9 - 1]).into_iter().flatten()
            });
            let off = near.map(|p| p.distance(image)).fold(f32::MAX, f32::min);
            assert!(off < 1e-4, "no point within {off} m of {image}");
        }
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
