//! Bakes the mesh of the neutral body, which is compiled in: `cargo run --example bake_body [file.npz]`.
//!
//! Rounded cones about the bones of the neutral skeleton are blended into one closed surface. It is made in a pose with
//! spread legs, so that the thighs do not melt into each other, and taken back to the rest pose by the inverse of its
//! skinning. Run it after a change of the proportions.
//!
//! | array | shape | content |
//! |---|---|---|
//! | `vertices` | (V, 3) | f32, rest pose, metres |
//! | `faces` | (F, 3) | u16, counter-clockwise seen from outside |
//! | `counts` | (V,) | u8, joints that each vertex follows |
//! | `joints`, `weights` | (N,) | u8 and f32, the joints of all vertices in order, the nearest first |

use std::array::from_fn;

use glam::{Mat3, Mat3A, Vec3, Vec3A};
use vimogen_core::body::{NEUTRAL, SMPLX_ROOT};
use vimogen_core::format::{DType, RawTensor, npz};
use vimogen_core::motion::layout::JOINTS;
use vimogen_core::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_COLLAR, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
    RIGHT_ANKLE, RIGHT_COLLAR, RIGHT_ELBOW, RIGHT_FOOT, RIGHT_HIP, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST, SPINE1,
    SPINE2, SPINE3,
};

/// Side of the cells of the surface, metres.
const CELL: f32 = 0.028;
/// Width of the blend between cones, metres.
const BLEND: f32 = 0.010;
/// Distance from its cone over which the share of a bone falls by a factor of e, metres.
const FALLOFF: f32 = 0.010;
/// Minimum share of a bone in a vertex.
const LEAST_SHARE: f32 = 0.03;
/// Maximum bones per vertex, as in glTF and game engines.
const MOST_BONES: usize = 4;
/// Spread of each leg while the surface is made, radians.
const SPREAD: f32 = 0.4;

/// A cone with round ends that moves with a joint; its ends are at joints, shifted in the rest pose.
struct Cone {
    joint: usize,
    from: (usize, Vec3),
    to: (usize, Vec3),
    radii: [f32; 2],
}

const fn bone(joint: usize, from: usize, to: usize, radii: [f32; 2]) -> Cone {
    Cone { joint, from: (from, Vec3::ZERO), to: (to, Vec3::ZERO), radii }
}

const fn beyond(joint: usize, from: [f32; 3], to: [f32; 3], radii: [f32; 2]) -> Cone {
    Cone { joint, from: (joint, Vec3::from_array(from)), to: (joint, Vec3::from_array(to)), radii }
}

const HEEL: [f32; 3] = [0.0, -0.046, -0.035];

#[rustfmt::skip]
const CONES: [Cone; 30] = [
    bone(PELVIS, LEFT_HIP, RIGHT_HIP, [0.092, 0.092]),
    bone(PELVIS, PELVIS, SPINE1, [0.104, 0.102]),
    bone(SPINE1, SPINE1, SPINE2, [0.100, 0.106]),
    bone(SPINE2, SPINE2, SPINE3, [0.106, 0.108]),
    bone(SPINE3, SPINE3, LEFT_COLLAR, [0.102, 0.082]),
    bone(SPINE3, SPINE3, RIGHT_COLLAR, [0.102, 0.082]),
    bone(SPINE3, SPINE3, NECK, [0.100, 0.056]),
    bone(NECK, NECK, HEAD, [0.050, 0.048]),
    beyond(HEAD, [0.0, 0.000, -0.010], [0.0, 0.052, 0.000], [0.048, 0.060]),
    beyond(HEAD, [0.0, 0.046, 0.028], [0.0, 0.115, -0.016], [0.066, 0.092]),
    bone(LEFT_COLLAR, LEFT_COLLAR, LEFT_SHOULDER, [0.068, 0.058]),
    bone(LEFT_SHOULDER, LEFT_SHOULDER, LEFT_ELBOW, [0.056, 0.041]),
    bone(LEFT_ELBOW, LEFT_ELBOW, LEFT_WRIST, [0.042, 0.029]),
    beyond(LEFT_WRIST, [0.0; 3], [0.070, 0.0, 0.0], [0.030, 0.034]),
    beyond(LEFT_WRIST, [0.070, 0.0, 0.0], [0.150, -0.010, 0.0], [0.034, 0.024]),
    bone(RIGHT_COLLAR, RIGHT_COLLAR, RIGHT_SHOULDER, [0.068, 0.058]),
    bone(RIGHT_SHOULDER, RIGHT_SHOULDER, RIGHT_ELBOW, [0.056, 0.041]),
    bone(RIGHT_ELBOW, RIGHT_ELBOW, RIGHT_WRIST, [0.042, 0.029]),
    beyond(RIGHT_WRIST, [0.0; 3], [-0.070, 0.0, 0.0], [0.030, 0.034]),
    beyond(RIGHT_WRIST, [-0.070, 0.0, 0.0], [-0.150, -0.010, 0.0], [0.034, 0.024]),
    bone(LEFT_HIP, LEFT_HIP, LEFT_KNEE, [0.084, 0.056]),
    bone(LEFT_KNEE, LEFT_KNEE, LEFT_ANKLE, [0.056, 0.038]),
    beyond(LEFT_ANKLE, [0.0; 3], HEEL, [0.038, 0.034]),
    Cone { joint: LEFT_ANKLE, from: (LEFT_ANKLE, Vec3::from_array(HEEL)), to: (LEFT_FOOT, Vec3::ZERO), radii: [0.034, 0.034] },
    beyond(LEFT_FOOT, [0.0; 3], [0.006, 0.004, 0.060], [0.034, 0.026]),
    bone(RIGHT_HIP, RIGHT_HIP, RIGHT_KNEE, [0.084, 0.056]),
    bone(RIGHT_KNEE, RIGHT_KNEE, RIGHT_ANKLE, [0.056, 0.038]),
    beyond(RIGHT_ANKLE, [0.0; 3], HEEL, [0.038, 0.034]),
    Cone { joint: RIGHT_ANKLE, from: (RIGHT_ANKLE, Vec3::from_array(HEEL)), to: (RIGHT_FOOT, Vec3::ZERO), radii: [0.034, 0.034] },
    beyond(RIGHT_FOOT, [0.0; 3], [-0.006, 0.004, 0.060], [0.034, 0.026]),
];

/// A cone in the pose in which the surface is made.
struct Placed {
    joint: usize,
    from: Vec3,
    along: Vec3,
    radii: [f32; 2],
}

impl Placed {
    /// Distance to the surface, negative inside; exact where both radii are the same.
    fn distance(&self, p: Vec3) -> f32 {
        let share = ((p - self.from).dot(self.along) / self.along.length_squared().max(1e-12)).clamp(0.0, 1.0);
        (p - self.from - self.along * share).length() - (self.radii[0] + share * (self.radii[1] - self.radii[0]))
    }
}

/// Orientations and positions of the joints with spread legs, the pelvis at the origin.
fn spread() -> ([Mat3; JOINTS], [Vec3; JOINTS]) {
    let mut local = [Mat3::IDENTITY; JOINTS];
    local[LEFT_HIP] = Mat3::from_rotation_z(SPREAD);
    local[RIGHT_HIP] = Mat3::from_rotation_z(-SPREAD);
    NEUTRAL.fk(Vec3::ZERO, local)
}

fn main() -> vimogen_core::Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/body/neutral.npz");
    let path = std::env::args().nth(1).unwrap_or_else(|| default.into());
    let (turns, places) = spread();
    let end = |joint: usize, (at, shift): (usize, Vec3)| places[at] + turns[joint] * shift;
    let cones = CONES.map(|c| {
        let from = end(c.joint, c.from);
        Placed { joint: c.joint, from, along: end(c.joint, c.to) - from, radii: c.radii }
    });
    let ends = cones.iter().flat_map(|c| [c.from, c.from + c.along]);
    let (low, high) = ends.fold((Vec3::MAX, Vec3::MIN), |(low, high), p| (low.min(p), high.max(p)));
    let (points, faces) = iso_surface(|p| blended(&cones, p), low - 0.2, high + 0.2, CELL);
    let weights: Vec<_> = points.iter().map(|p| shares(&cones, *p)).collect();
    let vertices: Vec<Vec3> = points.iter().zip(&weights).map(|(p, w)| at_rest(*p, w, &turns, &places)).collect();
    save(&path, &vertices, &faces, &weights)
}

/// A point of the spread pose taken to the rest pose.
fn at_rest(p: Vec3, weights: &[(u16, f32)], turns: &[Mat3; JOINTS], places: &[Vec3; JOINTS]) -> Vec3 {
    let (_, rest) = NEUTRAL.fk(Vec3::ZERO, [Mat3::IDENTITY; JOINTS]);
    let bones = weights.iter().map(|(joint, weight)| (usize::from(*joint), *weight));
    let (turn, shift) = bones.fold((Mat3A::ZERO, Vec3A::ZERO), |(turn, shift), (j, weight)| {
        let bone = places[j] - turns[j] * rest[j];
        (turn + Mat3A::from(turns[j]) * weight, shift + Vec3A::from(bone) * weight)
    });
    Vec3::from(turn.inverse() * (Vec3A::from(p) - shift)) + SMPLX_ROOT
}

fn save(path: &str, vertices: &[Vec3], faces: &[[u32; 3]], weights: &[Vec<(u16, f32)>]) -> vimogen_core::Result<()> {
    let bytes = |values: &mut dyn Iterator<Item = f32>| values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
    let all = || weights.iter().flatten();
    let places = bytes(&mut vertices.iter().flat_map(|v| v.to_array()));
    let corners = faces.as_flattened().iter().flat_map(|v| (*v as u16).to_le_bytes()).collect();
    let arrays = [
        ("vertices", RawTensor::new(DType::F32, vec![vertices.len(), 3], places)?),
        ("faces", RawTensor::new(DType::U16, vec![faces.len(), 3], corners)?),
        ("counts", RawTensor::new(DType::U8, vec![weights.len()], weights.iter().map(|w| w.len() as u8).collect())?),
        ("joints", RawTensor::new(DType::U8, vec![all().count()], all().map(|w| w.0 as u8).collect())?),
        ("weights", RawTensor::new(DType::F32, vec![all().count()], bytes(&mut all().map(|w| w.1)))?),
    ];
    npz::save(path, &arrays.each_ref().map(|(name, array)| (*name, array)))
}

/// A smooth minimum of the distances to all cones.
fn blended(cones: &[Placed], p: Vec3) -> f32 {
    let distances: [f32; CONES.len()] = from_fn(|i| cones[i].distance(p));
    let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
    least - BLEND * distances.iter().map(|d| ((least - d) / BLEND).exp()).sum::<f32>().ln()
}

/// The joints that a point follows, the nearest most, and their shares.
fn shares(cones: &[Placed], p: Vec3) -> Vec<(u16, f32)> {
    let mut nearest = [f32::INFINITY; JOINTS];
    cones.iter().for_each(|c| nearest[c.joint] = nearest[c.joint].min(c.distance(p)));
    let least = nearest.iter().copied().fold(f32::INFINITY, f32::min);
    let mut all: Vec<(u16, f32)> =
        nearest.iter().enumerate().map(|(j, d)| (j as u16, ((least - d) / FALLOFF).exp())).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(MOST_BONES);
    all.retain(|(_, share)| *share > LEAST_SHARE);
    let total: f32 = all.iter().map(|(_, share)| share).sum();
    all.iter().map(|(joint, share)| (*joint, share / total)).collect()
}

/// Steps towards the surface after a vertex has been placed between the crossings of its cell.
const STEPS: usize = 4;

/// A closed mesh of the surface where `distance` is zero ("surface nets", Gibson 1998): one vertex in each cell that the
/// surface crosses, one quadrilateral about each edge of the grid that it crosses.
///
/// Vertices and triangles (counter-clockwise from outside) of the surface between `low` and `high`, which must be
/// outside, where `distance` is positive.
fn iso_surface(distance: impl Fn(Vec3) -> f32, low: Vec3, high: Vec3, cell: f32) -> (Vec<Vec3>, Vec<[u32; 3]>) {
    let grid = Grid::new(&distance, low, high, cell);
    let mut index = vec![u32::MAX; grid.values.len()];
    let mut points = Vec::new();
    for cell in grid.cells() {
        if let Some(p) = grid.crossing(cell) {
            index[grid.at(cell)] = points.len() as u32;
            points.push(onto(&distance, p, grid.cell));
        }
    }
    let mut faces = Vec::new();
    for cell in grid.cells() {
        for axis in 0..3 {
            if let Some(quad) = grid.quad(cell, axis, &index) {
                let [a, b, c, d] = quad;
                // The shorter diagonal makes the better triangles.
                let length = |a: u32, b: u32| points[a as usize].distance_squared(points[b as usize]);
                let split = if length(a, c) <= length(b, d) { [[a, b, c], [a, c, d]] } else { [[a, b, d], [b, c, d]] };
                faces.extend(split);
            }
        }
    }
    (points, faces)
}

struct Grid {
    low: Vec3,
    cell: f32,
    size: [usize; 3],
    values: Vec<f32>,
}

impl Grid {
    fn new(distance: impl Fn(Vec3) -> f32, low: Vec3, high: Vec3, cell: f32) -> Self {
        let size = ((high - low) / cell).to_array().map(|n| n.ceil() as usize + 2);
        let mut grid = Self { low, cell, size, values: Vec::new() };
        let [nx, ny, nz] = size;
        let corners = (0..nz).flat_map(|z| (0..ny).flat_map(move |y| (0..nx).map(move |x| [x, y, z])));
        grid.values = corners.map(|corner| distance(grid.corner(corner))).collect();
        grid
    }

    fn at(&self, [x, y, z]: [usize; 3]) -> usize {
        (z * self.size[1] + y) * self.size[0] + x
    }

    fn value(&self, corner: [usize; 3]) -> f32 {
        self.values[self.at(corner)]
    }

    fn corner(&self, [x, y, z]: [usize; 3]) -> Vec3 {
        self.low + self.cell * Vec3::new(x as f32, y as f32, z as f32)
    }

    /// All cells, by their lowest corner.
    fn cells(&self) -> impl Iterator<Item = [usize; 3]> {
        let [nx, ny, nz] = self.size.map(|n| n - 1);
        (0..nz).flat_map(move |z| (0..ny).flat_map(move |y| (0..nx).map(move |x| [x, y, z])))
    }

    /// The mean of the points where the surface crosses the edges of a cell.
    fn crossing(&self, cell: [usize; 3]) -> Option<Vec3> {
        let corner = |bits: usize| from_fn(|c| cell[c] + (bits >> c & 1));
        let (mut sum, mut count) = (Vec3::ZERO, 0.0);
        for from in 0..8usize {
            for axis in (0..3).filter(|axis| from >> axis & 1 == 0) {
                let ends = [corner(from), corner(from | 1 << axis)];
                let [a, b] = ends.map(|end| self.value(end));
                if (a < 0.0) != (b < 0.0) {
                    sum += self.corner(ends[0]).lerp(self.corner(ends[1]), a / (a - b));
                    count += 1.0;
                }
            }
        }
        (count > 0.0).then(|| sum / count)
    }

    /// The vertices of the four cells about the edge from a corner along an axis, if the surface crosses it.
    fn quad(&self, corner: [usize; 3], axis: usize, index: &[u32]) -> Option<[u32; 4]> {
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        let mut end = corner;
        end[axis] += 1;
        let (inside, beyond) = (self.value(corner) < 0.0, self.value(end) < 0.0);
        if inside == beyond || corner[u] == 0 || corner[v] == 0 {
            return None;
        }
        let cell = |du: usize, dv: usize| {
            let mut cell = corner;
            (cell[u], cell[v]) = (cell[u] - du, cell[v] - dv);
            index[self.at(cell)]
        };
        let quad = [cell(1, 1), cell(0, 1), cell(0, 0), cell(1, 0)];
        Some(if inside { quad } else { [quad[0], quad[3], quad[2], quad[1]] })
    }
}

/// Moves a point onto the surface along the gradient.
fn onto(distance: impl Fn(Vec3) -> f32, mut p: Vec3, cell: f32) -> Vec3 {
    let h = 0.02 * cell;
    for _ in 0..STEPS {
        let slope = |axis: Vec3| (distance(p + axis * h) - distance(p - axis * h)) / (2.0 * h);
        let gradient = Vec3::new(slope(Vec3::X), slope(Vec3::Y), slope(Vec3::Z));
        let step = gradient * (distance(p) / gradient.length_squared().max(0.1));
        p -= step.clamp_length_max(0.5 * cell);
    }
    p
}
