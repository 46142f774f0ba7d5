//! A moving triangle mesh, the input of the renderer.

use std::f32::consts::{FRAC_PI_2, TAU};

use glam::Vec3;
use ndarray::{ArrayView3, Axis};
use rayon::prelude::*;

use super::checked_frames;
use super::figure::{self, PARTS, Side};
use crate::body::{BodyKind, BodyModel, vertex_normals};
use crate::error::{Error, Result, check_finite};
use crate::motion::Motion;
use crate::motion::skeleton::JOINT_NAMES;

/// Maximum number of vertices and of triangles of a mesh.
pub const MAX_MESH: usize = 1 << 20;
/// Maximum number of vertices over all frames: 2.4 GB.
const MAX_VERTICES: usize = 200_000_000;

/// Vertices per ring of a cone of the figure.
const AROUND: usize = 18;
/// Rings of each round end.
const RINGS: usize = 6;

/// A colour, linear red, green and blue.
pub(super) type Colour = Vec3;

/// Colour of a mesh; colours of the figure's middle, left and right.
const BLUE: [u8; 3] = [92, 150, 236];
const SIDES: [[u8; 3]; 3] = [[205, 212, 222], [61, 134, 240], [242, 139, 48]];

/// A triangle mesh whose vertices move from frame to frame, with the path of the pelvis.
pub struct MeshSequence {
    /// Vertices of each frame.
    pub(super) frames: Vec<Vec<Vec3>>,
    pub(super) faces: Vec<[u32; 3]>,
    /// One colour per vertex, or one for all.
    pub(super) colours: Vec<Colour>,
    /// The pelvis of each frame.
    pub(super) path: Vec<Vec3>,
    /// Size of the body; 1 for an adult.
    pub(super) scale: f32,
    /// Height of the ground.
    pub(super) floor: f32,
}

impl MeshSequence {
    /// A mannequin of rounded cones around the joints; the body's left is blue, its right orange.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres, z up
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`], [`Error::InvalidArgument`] for coordinates beyond 100 km.
    pub fn figure(joints: ArrayView3<'_, f32>) -> Result<Self> {
        let joints = checked_frames(joints, 1.0)?;
        let scale = mean_scale(&joints);
        let frames: Vec<Vec<Vec3>> = joints.par_iter().map(|frame| cones(frame, scale)).collect();
        let colours = PARTS.iter().flat_map(|part| vec![linear(SIDES[part.side as usize]); CONE]);
        let faces = (0..PARTS.len()).flat_map(|part| cone_faces((part * CONE) as u32)).collect();
        Self::new(&joints, frames, faces, colours.collect(), scale)
    }

    /// A body posed by a motion: the neutral body with its left in blue and its right in orange, SMPL and SMPL-X in blue.
    ///
    /// # Errors
    /// As [`MeshSequence::mesh`].
    pub fn body(motion: &Motion, body: &BodyModel) -> Result<Self> {
        let smpl = motion.smpl();
        let vertices = body.vertices(smpl)?;
        let faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|f| [f[0], f[1], f[2]]).collect();
        let sequence = Self::mesh(smpl.joints.view(), vertices.view(), &faces)?;
        match body.kind() {
            BodyKind::Neutral => Ok(Self { colours: side_colours(body), ..sequence }),
            _ => Ok(sequence),
        }
    }

    /// A mesh, such as an SMPL body, in blue.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres, z up
    /// - vertices: `[frames, vertices, 3]`, metres, z up
    /// - faces: vertices of each triangle, anticlockwise seen from outside
    ///
    /// # Errors
    /// [`Error::Shape`] for other shapes and too many vertices or triangles, [`Error::NonFinite`],
    /// [`Error::InvalidArgument`] for a face with a vertex index out of range.
    pub fn mesh(joints: ArrayView3<'_, f32>, vertices: ArrayView3<'_, f32>, faces: &[[u32; 3]]) -> Result<Self> {
        let joints = checked_frames(joints, 1.0)?;
        let (count, size) = (vertices.shape()[0], vertices.shape()[1]);
        let fits = count == joints.len() && vertices.shape()[2] == 3;
        if !fits || size == 0 || size > MAX_MESH || count * size > MAX_VERTICES {
            let expected = format!("({}, 1..={MAX_MESH}, 3), {MAX_VERTICES} vertices in all", joints.len());
            return Err(Error::shape("vertices", expected, vertices.shape()));
        }
        check_finite("vertices", &vertices)?;
        if faces.is_empty() || faces.len() > MAX_MESH {
            return Err(Error::shape("faces", format!("(1..={MAX_MESH}, 3)"), &[faces.len(), 3]));
        }
        if let Some(face) = faces.iter().find(|face| face.iter().any(|v| *v as usize >= size)) {
            return Err(Error::invalid(
                "faces",
                format!("{face:?} has a vertex index out of range, there are {size} vertices"),
            ));
        }
        let frame = |t: usize| {
            let rows = vertices.index_axis(Axis(0), t);
            rows.rows().into_iter().map(|v| Vec3::new(v[0], v[1], v[2])).collect()
        };
        let frames = (0..count).map(frame).collect();
        let scale = mean_scale(&joints);
        Self::new(&joints, frames, faces.to_vec(), vec![linear(BLUE)], scale)
    }

    fn new(
        joints: &[figure::Joints],
        frames: Vec<Vec<Vec3>>,
        faces: Vec<[u32; 3]>,
        colours: Vec<Colour>,
        scale: f32,
    ) -> Result<Self> {
        let low = frames.iter().flatten().map(|p| p.z).fold(f32::MAX, f32::min);
        let path = joints.iter().map(|frame| frame[0]).collect();
        Ok(Self { frames, faces, colours, path, scale, floor: crate::motion::floor_of(low, scale) })
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one frame")]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Unit normals of the vertices: means of the triangles' normals, weighted by area.
    pub(super) fn normals(&self, frame: usize) -> Vec<Vec3> {
        vertex_normals(&self.frames[frame], self.faces.iter().copied())
    }

    pub(super) fn colour(&self, vertex: u32) -> Colour {
        *self.colours.get(vertex as usize).unwrap_or(&self.colours[0])
    }
}

/// The side of the body of a joint; the collars belong to the trunk.
pub(super) fn side_of(joint: usize) -> Side {
    match JOINT_NAMES.get(joint).map_or("", |name| *name) {
        "left_collar" | "right_collar" => Side::Middle,
        name if name.starts_with("left") => Side::Left,
        name if name.starts_with("right") => Side::Right,
        _ => Side::Middle,
    }
}

/// Colours of the vertices: the sides' colours, mixed by the skinning weights.
fn side_colours(body: &BodyModel) -> Vec<Colour> {
    let colours = SIDES.map(linear);
    let of = |joint: u16| colours[side_of(usize::from(joint)) as usize];
    body.weights().iter().map(|shares| shares.iter().map(|(joint, share)| of(*joint) * *share).sum()).collect()
}

fn mean_scale(frames: &[figure::Joints]) -> f32 {
    frames.iter().map(figure::scale).sum::<f32>() / frames.len() as f32
}

/// sRGB to linear light.
pub(super) fn linear(colour: [u8; 3]) -> Colour {
    let one = |c: u8| {
        let v = f32::from(c) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    Vec3::from_array(colour.map(one))
}

/// Vertices of a cone: the first pole, rings of its first end, rings of its second end, the second pole.
const CONE: usize = 2 + 2 * RINGS * AROUND;

fn cones(joints: &figure::Joints, scale: f32) -> Vec<Vec3> {
    let points = figure::points(joints, scale);
    let mut out = Vec::with_capacity(PARTS.len() * CONE);
    for part in PARTS {
        let ends = [(points[part.from], part.from_radius * scale), (points[part.to], part.to_radius * scale)];
        cone(&mut out, ends[0], ends[1]);
    }
    out
}

/// A cone with round ends, which meet the side at the latitude of the tangent.
fn cone(out: &mut Vec<Vec3>, (a, ra): (Vec3, f32), (b, rb): (Vec3, f32)) {
    let axis = (b - a).try_normalize().unwrap_or(Vec3::Z);
    let (x, y) = axis.any_orthonormal_pair();
    let taper = ((ra - rb) / (b - a).length().max(1e-6)).clamp(-1.0, 1.0).asin();
    let mut ring = |centre: Vec3, radius: f32, latitude: f32| {
        let (along, away) = latitude.sin_cos();
        for step in 0..AROUND {
            let (s, c) = (TAU * step as f32 / AROUND as f32).sin_cos();
            out.push(centre + (axis * along + (x * c + y * s) * away) * radius);
        }
    };
    // Rings 1 to RINGS from the pole at a to its tangent, then from that of b to before its pole.
    let share = |step: usize| step as f32 / RINGS as f32;
    (1..=RINGS).for_each(|i| ring(a, ra, -FRAC_PI_2 + (taper + FRAC_PI_2) * share(i)));
    (0..RINGS).for_each(|i| ring(b, rb, taper + (FRAC_PI_2 - taper) * share(i)));
    out.push(a - axis * ra);
    out.push(b + axis * rb);
}

/// Triangles of [`cone`], whose vertices start at `first`.
fn cone_faces(first: u32) -> Vec<[u32; 3]> {
    let (around, rings) = (AROUND as u32, 2 * RINGS as u32);
    let at = |ring: u32, step: u32| first + ring * around + step % around;
    let poles = [first + rings * around, first + rings * around + 1];
    let mut faces = Vec::with_capacity(2 * CONE);
    for step in 0..around {
        faces.push([poles[0], at(0, step + 1), at(0, step)]);
        for ring in 0..rings - 1 {
            let [a, b, c, d] = [at(ring, step), at(ring, step + 1), at(ring + 1, step + 1), at(ring + 1, step)];
            faces.extend([[a, b, c], [a, c, d]]);
        }
        faces.push([poles[1], at(rings - 1, step), at(rings - 1, step + 1)]);
    }
    faces
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn a_cone_is_closed_and_its_triangles_face_outwards() {
        let mut vertices = Vec::new();
        let (a, b) = (Vec3::new(0.1, 0.2, 0.3), Vec3::new(0.5, -0.4, 0.9));
        cone(&mut vertices, (a, 0.1), (b, 0.05));
        assert_eq!(vertices.len(), CONE);
        let faces = cone_faces(0);
        let mut edges = std::collections::HashSet::new();
        for face in &faces {
            let [p, q, r] = face.map(|v| vertices[v as usize]);
            let (normal, middle) = ((q - p).cross(r - p), (p + q + r) / 3.0);
            let axis = (b - a).normalize_or_zero();
            let from_axis = middle - (a + axis * (middle - a).dot(axis).clamp(0.0, (b - a).length()));
            assert!(normal.dot(from_axis) > 0.0, "{face:?}");
            for (from, to) in [(face[0], face[1]), (face[1], face[2]), (face[2], face[0])] {
                assert!(edges.insert((from, to)), "an edge is used twice in one direction");
            }
        }
        assert!(edges.iter().all(|(from, to)| edges.contains(&(*to, *from))), "every edge has its other side");
    }

    #[test]
    fn a_mesh_of_wrong_shape_is_refused() {
        let joints = Array3::zeros((2, 22, 3));
        let good = Array3::zeros((2, 3, 3));
        let mesh =
            |vertices: &Array3<f32>, faces: &[[u32; 3]]| MeshSequence::mesh(joints.view(), vertices.view(), faces);
        assert_eq!(mesh(&good, &[[0, 1, 2]]).unwrap().len(), 2);
        for bad in [Array3::zeros((3, 3, 3)), Array3::zeros((2, 0, 3)), Array3::zeros((2, 3, 2))] {
            assert!(matches!(mesh(&bad, &[[0, 1, 2]]), Err(Error::Shape { .. })), "{:?}", bad.shape());
        }
        assert!(mesh(&good, &[]).is_err());
        assert!(mesh(&good, &[[0, 1, 3]]).err().unwrap().to_string().contains("[0, 1, 3]"));
        assert!(matches!(mesh(&(good + f32::NAN), &[[0, 1, 2]]), Err(Error::NonFinite { .. })));
    }
}
