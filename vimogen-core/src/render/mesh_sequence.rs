//! A moving triangle mesh, the input of the renderer.

use std::f32::consts::{FRAC_PI_2, TAU};
use std::time::Duration;

use glam::Vec3;
use ndarray::{ArrayView2, ArrayView3};
use rayon::prelude::*;

use super::checked_frames;
use super::figure::{self, PARTS, Side};
use crate::body::{BodyKind, BodyModel, vertex_normals};
use crate::error::{Error, Result, check_finite};
use crate::motion::Motion;
use crate::motion::skeleton::JOINT_NAMES;
use crate::process::Instant;
use crate::progress::{OnProgress, Stage, ignore, report};

/// Maximum number of vertices and of triangles of a mesh.
pub const MAX_MESH: usize = 1 << 20;
/// Pause between two reports while bodies are posed.
const REPORT_EVERY: Duration = Duration::from_millis(200);
/// Frames of a body that are posed at a time.
const FRAMES_A_PART: usize = 64;
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
pub(super) const SIDES: [[u8; 3]; 3] = [[205, 212, 222], [61, 134, 240], [242, 139, 48]];

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
        Self::check_len(joints.shape()[0], None)?;
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
        Self::body_with(motion, body, &mut ignore)
    }

    /// [`MeshSequence::body`] of a long motion, which reports step 0 of its pictures while bodies are posed.
    ///
    /// # Errors
    /// As [`MeshSequence::mesh`]; [`Error::Cancelled`] if `on_progress` breaks.
    pub fn body_with(motion: &Motion, body: &BodyModel, on_progress: &mut OnProgress<'_>) -> Result<Self> {
        Self::check_len(motion.len(), Some(body))?;
        let smpl = motion.smpl();
        let joints = checked_frames(smpl.joints.view(), 1.0)?;
        let faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|f| [f[0], f[1], f[2]]).collect();
        check_faces(&faces, body.num_vertices())?;
        let mut frames = Vec::with_capacity(motion.len());
        let mut reported = Instant::now();
        // In parts, so that there are never two copies of all vertices.
        for start in (0..motion.len()).step_by(FRAMES_A_PART) {
            let vertices = body.vertices(&smpl.slice(start..motion.len().min(start + FRAMES_A_PART)))?;
            check_finite("vertices", &vertices.view())?;
            frames.extend(vertices.outer_iter().map(points));
            if reported.elapsed() >= REPORT_EVERY {
                report(on_progress, Stage::Render, 0, motion.len())?;
                reported = Instant::now();
            }
        }
        let colours = match body.kind() {
            BodyKind::Neutral => side_colours(body),
            _ => vec![linear(BLUE)],
        };
        let scale = mean_scale(&joints);
        Self::new(&joints, frames, faces, colours, scale)
    }

    /// Checks that a motion of `frames` frames can be drawn as `body`, or without one as a figure, before anything is made
    /// of it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than 200 million vertices over all frames.
    pub fn check_len(frames: usize, body: Option<&BodyModel>) -> Result<()> {
        let vertices = body.map_or(PARTS.len() * CONE, BodyModel::num_vertices);
        if frames.saturating_mul(vertices) <= MAX_VERTICES {
            return Ok(());
        }
        let most = MAX_VERTICES / vertices.max(1);
        let reason =
            format!("{frames} frames of {vertices} vertices, at most {most} are drawn; take a part of the motion");
        Err(Error::invalid("frames", format!("{reason}, or a lower frame rate")))
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
        check_faces(faces, size)?;
        let frames = vertices.outer_iter().map(points).collect();
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

fn points(vertices: ArrayView2<'_, f32>) -> Vec<Vec3> {
    vertices.rows().into_iter().map(|v| Vec3::new(v[0], v[1], v[2])).collect()
}

/// Checks the number of triangles, and that they are made of `vertices` vertices.
fn check_faces(faces: &[[u32; 3]], vertices: usize) -> Result<()> {
    if faces.is_empty() || faces.len() > MAX_MESH {
        return Err(Error::shape("faces", format!("(1..={MAX_MESH}, 3)"), &[faces.len(), 3]));
    }
    match faces.iter().find(|face| face.iter().any(|v| *v as usize >= vertices)) {
        None => Ok(()),
        Some(face) => {
            let reason = format!("{face:?} has a vertex index out of range, there are {vertices} vertices");
            Err(Error::invalid("faces", reason))
        }
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
    fn a_body_posed_in_parts_is_the_body_posed_at_once() {
        let wave = |t: usize, c: usize| 0.1 * ((t + 3 * c) as f32).sin();
        let features = ndarray::Array2::from_shape_fn((2 * FRAMES_A_PART + 3, 276), |(t, c)| wave(t, c));
        let (motion, body) = (Motion::from_features(features, 20.0).unwrap(), BodyModel::neutral());
        let vertices = body.vertices(motion.smpl()).unwrap();
        let faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|f| [f[0], f[1], f[2]]).collect();
        let whole = MeshSequence::mesh(motion.joints(), vertices.view(), &faces).unwrap();
        let parts = MeshSequence::body(&motion, body).unwrap();
        assert_eq!((parts.frames, parts.path, parts.floor), (whole.frames, whole.path, whole.floor));
    }

    #[test]
    fn a_motion_of_too_many_vertices_is_refused_by_its_length() {
        let body = BodyModel::neutral();
        let most = MAX_VERTICES / body.num_vertices();
        MeshSequence::check_len(most, Some(body)).unwrap();
        let text = MeshSequence::check_len(most + 1, Some(body)).unwrap_err().to_string();
        assert!(text.contains(&format!("{} frames", most + 1)) && text.contains("lower frame rate"), "{text}");
        assert!(MeshSequence::check_len(usize::MAX, None).is_err());
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
