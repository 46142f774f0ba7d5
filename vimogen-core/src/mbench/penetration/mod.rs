//! Body penetration of MBench (arXiv 2510.26794): the share of a body's surface that intersects itself.

mod aabb_tree;
mod triangle;

use aabb_tree::{AabbTree, TreeBoxes};
use glam::Vec3;
use ndarray::{ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use crate::error::{Error, Result, check_finite};

/// Maximum number of triangles of a mesh: hundreds of times that of a body model, and within 32-bit indices of tree nodes.
const MAX_FACES: usize = 1 << 24;

/// The score `Body_Penetration`: over the frames, the mean of 100 times the pairs of triangles that touch or
/// intersect and have no vertex in common, divided by the number of triangles. 0 for a body without
/// self-contact; lower is better. Frames are computed in parallel.
///
/// # Shapes
/// - vertices: `[frames, vertices, 3]`, any unit and axes
/// - faces: `[triangles, 3]`, indices of vertices
///
/// # Errors
/// [`Error::Shape`] for other shapes, no frame or no triangle; [`Error::NonFinite`]; [`Error::InvalidArgument`] for a
/// face with a vertex index out of range.
pub fn body_penetration(vertices: ArrayView3<'_, f32>, faces: ArrayView2<'_, u32>) -> Result<f64> {
    let counts = penetrating_pairs(vertices, faces)?;
    let total: usize = counts.iter().sum();
    Ok(100.0 * total as f64 / (counts.len() * faces.nrows()) as f64)
}

/// For each frame, the number of unordered pairs of triangles that touch or intersect and have no vertex in common;
/// see [`body_penetration`].
///
/// # Errors
/// As [`body_penetration`].
pub fn penetrating_pairs(vertices: ArrayView3<'_, f32>, faces: ArrayView2<'_, u32>) -> Result<Vec<usize>> {
    let (frames, count, _) = match vertices.dim() {
        dim @ (1.., 1.., 3) => dim,
        _ => return Err(Error::shape("vertices", "(T, V, 3) with T >= 1", vertices.shape())),
    };
    check_finite("vertices", &vertices)?;
    let faces = Faces::new(faces, count)?;
    let points = |t: usize| -> Vec<Vec3> {
        vertices.index_axis(Axis(0), t).rows().into_iter().map(|p| Vec3::new(p[0], p[1], p[2])).collect()
    };
    let tree = AabbTree::new(&faces, &points(0));
    let count = |boxes: &mut TreeBoxes, t: usize| count_pairs(&tree, &faces, &points(t), boxes);
    Ok((0..frames).into_par_iter().map_init(TreeBoxes::default, count).collect())
}

fn count_pairs(tree: &AabbTree, faces: &Faces, points: &[Vec3], boxes: &mut TreeBoxes) -> usize {
    let mut count = 0;
    tree.pairs(faces, points, boxes, |a, b| count += usize::from(faces.penetrate(points, a, b)));
    count
}

/// Triangles as indices of vertices, checked.
struct Faces(Vec<[u32; 3]>);

impl Faces {
    fn new(faces: ArrayView2<'_, u32>, vertices: usize) -> Result<Self> {
        if faces.ncols() != 3 || !(1..=MAX_FACES).contains(&faces.nrows()) {
            return Err(Error::shape("faces", format!("(F, 3) with 1 <= F <= {MAX_FACES}"), faces.shape()));
        }
        if let Some(wrong) = faces.iter().find(|i| **i as usize >= vertices) {
            let reason = format!("vertex {wrong} is none of the {vertices} vertices; faces count them from 0");
            return Err(Error::invalid("faces", reason));
        }
        Ok(Self(faces.rows().into_iter().map(|f| [f[0], f[1], f[2]]).collect()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn corners(&self, points: &[Vec3], face: usize) -> [Vec3; 3] {
        self.0[face].map(|i| points[i as usize])
    }

    /// Whether two triangles have a point but no vertex in common.
    fn penetrate(&self, points: &[Vec3], a: u32, b: u32) -> bool {
        let (f, g) = (self.0[a as usize], self.0[b as usize]);
        if f.iter().any(|i| g.contains(i)) {
            return false;
        }
        // Differences of f32 values are exact in f64, so that contact is detected exactly.
        let wide = |face: u32| self.corners(points, face as usize).map(|p| p.as_dvec3());
        triangle::touch(&wide(a), &wide(b))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, array};
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// All pairs, one by one.
    fn brute_force(vertices: ArrayView2<'_, f32>, faces: &Array2<u32>) -> usize {
        let points: Vec<Vec3> = vertices.rows().into_iter().map(|p| Vec3::new(p[0], p[1], p[2])).collect();
        let faces = Faces::new(faces.view(), points.len()).unwrap();
        let n = faces.len() as u32;
        let pair = |a: u32| (a + 1..n).filter(|b| faces.penetrate(&points, a, *b)).count();
        (0..n).into_par_iter().map(pair).sum()
    }

    /// A closed tube of `2 + rings * around` vertices, as a deformed sphere; `bend` radians end to end.
    fn tube(rings: usize, around: usize, bend: f32) -> (Array2<f32>, Array2<u32>) {
        let point = |u: f32, angle: f32| {
            let radius = 0.12 * (std::f32::consts::PI * u).sin().max(0.0).sqrt() * (1.0 + 0.3 * (9.0 * u).sin());
            let (r, along) = (1.0 / bend, bend * (u - 0.5));
            let out = r + radius * angle.cos();
            [out * along.cos() - r, out * along.sin(), radius * angle.sin()]
        };
        let mut points = vec![point(0.0, 0.0), point(1.0, 0.0)];
        let step = std::f32::consts::TAU / around as f32;
        for r in 0..rings {
            points.extend((0..around).map(|a| point((r + 1) as f32 / (rings + 1) as f32, a as f32 * step)));
        }
        let at = |r: usize, a: usize| (2 + r * around + a % around) as u32;
        let mut faces = Vec::new();
        for a in 0..around {
            faces.push([0, at(0, a + 1), at(0, a)]);
            faces.push([1, at(rings - 1, a), at(rings - 1, a + 1)]);
            for r in 0..rings - 1 {
                faces.push([at(r, a), at(r, a + 1), at(r + 1, a)]);
                faces.push([at(r + 1, a), at(r, a + 1), at(r + 1, a + 1)]);
            }
        }
        let rows = |f: &[[u32; 3]]| Array2::from_shape_fn((f.len(), 3), |(i, c)| f[i][c]);
        (Array2::from_shape_fn((points.len(), 3), |(i, c)| points[i][c]), rows(&faces))
    }

    fn soup(rng: &mut impl Rng, vertices: usize, faces: usize, size: f32) -> (Array3<f32>, Array2<u32>) {
        let centres = Array2::from_shape_fn((vertices, 3), |_| rng.random::<f32>());
        let points =
            Array3::from_shape_fn((2, vertices, 3), |(_, v, c)| centres[[v / 6, c]] + size * rng.random::<f32>());
        let near = Array2::from_shape_fn((faces, 3), |(f, _)| ((f * 3) % vertices + rng.random_range(0..6)) as u32);
        (points, near.mapv(|i| i % vertices as u32))
    }

    #[test]
    fn the_tree_finds_what_comparing_all_pairs_finds() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut found = 0;
        for (vertices, faces, size) in [(9, 3, 1.0), (60, 20, 0.5), (300, 200, 0.2), (900, 700, 0.05)] {
            let (points, faces) = soup(&mut rng, vertices, faces, size);
            let got = penetrating_pairs(points.view(), faces.view()).unwrap();
            let want: Vec<usize> = points.outer_iter().map(|frame| brute_force(frame, &faces)).collect();
            assert_eq!(got, want, "{vertices} vertices");
            found += want[0];
        }
        assert!(found > 100, "{found}");
    }

    #[test]
    fn a_mesh_of_a_bodys_size_agrees_with_comparing_all_pairs() {
        for (bend, clear) in [(1.0, true), (6.6, false)] {
            let (points, faces) = tube(84, 82, bend);
            assert_eq!((points.nrows(), faces.nrows()), (6890, 13776), "as SMPL");
            let got = penetrating_pairs(points.view().insert_axis(Axis(0)), faces.view()).unwrap();
            assert_eq!(got, [brute_force(points.view(), &faces)], "bent by {bend}");
            assert_eq!(got[0] == 0, clear, "bent by {bend}: {got:?}");
        }
    }

    #[test]
    fn the_score_is_the_mean_over_frames_in_pairs_per_hundred_triangles() {
        // A square of two triangles, a triangle through it, and a second frame in which it is lifted off.
        let faces = array![[0, 1, 2], [2, 3, 0], [4, 5, 6]];
        let square = [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 2.0, 0.0], [0.0, 2.0, 0.0]];
        let needle = [[1.5, 0.5, -1.0], [1.6, 0.5, 1.0], [1.5, 0.6, 1.0]];
        let at = |t: usize, v: usize, c: usize| match v {
            0..4 => square[v][c],
            _ => needle[v - 4][c] + if t == 1 && c == 2 { 5.0 } else { 0.0 },
        };
        let vertices = Array3::from_shape_fn((2, 7, 3), |(t, v, c)| at(t, v, c));
        assert_eq!(penetrating_pairs(vertices.view(), faces.view()).unwrap(), [1, 0]);
        let score = body_penetration(vertices.view(), faces.view()).unwrap();
        assert!((score - 100.0 / 6.0).abs() < 1e-12, "{score}");
    }

    #[test]
    fn triangles_with_a_common_vertex_never_count() {
        let folded = array![[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]]];
        let sharing = penetrating_pairs(folded.view(), array![[0, 1, 2], [0, 3, 4]].view()).unwrap();
        assert_eq!(sharing, [0]);
    }

    #[test]
    fn wrong_shapes_indices_and_numbers_are_errors() {
        let vertices = Array3::zeros((1, 3, 3));
        let face = array![[0, 1, 2]];
        assert!(penetrating_pairs(vertices.view(), face.view()).is_ok());
        assert!(body_penetration(Array3::zeros((0, 3, 3)).view(), face.view()).is_err());
        assert!(body_penetration(Array3::zeros((1, 3, 2)).view(), face.view()).is_err());
        assert!(body_penetration(vertices.view(), Array2::zeros((0, 3)).view()).is_err());
        let outside = body_penetration(vertices.view(), array![[0, 1, 3]].view()).unwrap_err();
        assert!(outside.to_string().contains("vertex 3"), "{outside}");
        let nan = Array3::from_elem((1, 3, 3), f32::NAN);
        assert!(matches!(body_penetration(nan.view(), face.view()), Err(Error::NonFinite { .. })));
    }
}
