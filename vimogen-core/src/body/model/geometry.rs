//! Values per vertex that file formats and renderers need.

use glam::Vec3;

/// Unit normals of the vertices: the mean of their triangles' normals, weighted by area; zero for a vertex without area.
pub(crate) fn vertex_normals(vertices: &[Vec3], faces: impl IntoIterator<Item = [u32; 3]>) -> Vec<Vec3> {
    let mut normals = vec![Vec3::ZERO; vertices.len()];
    for face in faces {
        let [a, b, c] = face.map(|v| vertices[v as usize]);
        let normal = (b - a).cross(c - a);
        face.iter().for_each(|v| normals[*v as usize] += normal);
    }
    normals.iter_mut().for_each(|n| *n = n.normalize_or_zero());
    normals
}

/// The four largest weights of a vertex, largest first, scaled to a sum of 1; unused places have joint 0 and weight 0.
pub(crate) fn top4_weights(weights: &[(u16, f32)]) -> [(u16, f32); 4] {
    let mut sorted = weights.to_vec();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    sorted.truncate(4);
    sorted.retain(|(_, weight)| *weight > 0.0);
    let total: f32 = sorted.iter().map(|(_, weight)| weight).sum();
    let mut largest = [(0, 0.0); 4];
    for (to, (joint, weight)) in largest.iter_mut().zip(sorted) {
        *to = (joint, weight / total);
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_weights_are_kept_and_add_up_to_one() {
        assert_eq!(top4_weights(&[(3, 0.5), (1, 0.0)]), [(3, 1.0), (0, 0.0), (0, 0.0), (0, 0.0)]);
        let got = top4_weights(&[(1, 0.1), (2, 0.4), (5, 0.3), (7, 0.15), (9, 0.05)]);
        assert_eq!(got.map(|(joint, _)| joint), [2, 5, 7, 1]);
        assert!((got.iter().map(|(_, weight)| weight).sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn normals_are_means_by_area() {
        let vertices = [Vec3::ZERO, Vec3::X, Vec3::Y, Vec3::Z, Vec3::ONE];
        let normals = vertex_normals(&vertices, [[0, 1, 2], [0, 2, 3]]);
        assert_eq!(normals[1], Vec3::Z);
        assert!(normals[0].abs_diff_eq(Vec3::new(1.0, 0.0, 1.0).normalize_or_zero(), 1e-6));
        assert_eq!(normals[4], Vec3::ZERO);
    }
}
