//! Rasterisation: the visible triangle and its depth for each sample.

use std::ops::Range;

use glam::{Vec2, Vec3};

use super::camera::{Camera, NEAR};

/// Face index of samples without a triangle.
pub(super) const NOTHING: u32 = u32::MAX;

/// Visible triangles of a grid of samples, which covers only the bounding box of the mesh.
pub(super) struct Samples {
    /// Covered columns of the picture, in samples.
    pub x: Range<usize>,
    /// Covered rows.
    pub y: Range<usize>,
    /// 1 / depth, by rows; 0 in the background.
    pub nearness: Vec<f32>,
    /// The triangle, or [`NOTHING`].
    pub face: Vec<u32>,
}

/// Projected vertices: x and y in samples and 1 / depth; zeros for those behind the camera.
pub(super) fn project(camera: &Camera, vertices: &[Vec3], fine: usize) -> Vec<Vec3> {
    let spot = |v: &Vec3| {
        let p = camera.project(*v);
        if p.z < NEAR { Vec3::ZERO } else { Vec3::new(p.x * fine as f32, p.y * fine as f32, 1.0 / p.z) }
    };
    vertices.iter().map(spot).collect()
}

/// The triangles visible in each sample; `spots` as from [`project`].
pub(super) fn sample(spots: &[Vec3], faces: &[[u32; 3]], width: usize, height: usize) -> Samples {
    let (mut low, mut high) = (Vec2::MAX, Vec2::MIN);
    for spot in spots.iter().filter(|spot| spot.z > 0.0) {
        (low, high) = (low.min(spot.truncate()), high.max(spot.truncate()));
    }
    let (x, y) = (whole(low.x, high.x, 0..width), whole(low.y, high.y, 0..height));
    let size = x.len() * y.len();
    let mut samples = Samples { x, y, nearness: vec![0.0; size], face: vec![NOTHING; size] };
    for (i, face) in faces.iter().enumerate() {
        let corners = face.map(|v| spots[v as usize]);
        if corners.iter().all(|corner| corner.z > 0.0) {
            samples.triangle(corners, i as u32);
        }
    }
    samples
}

/// The samples between two positions and within `limit`; sample centres are at halves.
fn whole(from: f32, to: f32, limit: Range<usize>) -> Range<usize> {
    // Casts of negative and huge values saturate.
    let start = ((from - 0.5).ceil() as usize).max(limit.start);
    start..((to - 0.5).floor() as i64).saturating_add(1).clamp(start as i64, limit.end.max(start) as i64) as usize
}

/// Barycentric weights of a triangle in the plane.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    at: Vec2,
    start: Vec3,
    right: Vec3,
    down: Vec3,
}

impl Weights {
    /// `None` for a triangle without area.
    pub fn new(corners: [Vec2; 3]) -> Option<Self> {
        let [a, b, c] = corners;
        let area = (b - a).perp_dot(c - a);
        if area.abs() < 1e-12 {
            return None;
        }
        let s = 1.0 / area;
        // The weight of a corner grows with the distance from the opposite side.
        let sides = [c - b, a - c, b - a];
        let right = Vec3::from_array(sides.map(|side| -side.y * s));
        let down = Vec3::from_array(sides.map(|side| side.x * s));
        Some(Self { at: a, start: Vec3::X, right, down })
    }

    pub fn get(&self, x: f32, y: f32) -> Vec3 {
        self.start + self.right * (x - self.at.x) + self.down * (y - self.at.y)
    }

    /// Samples of row `y` within the triangle.
    pub fn row(&self, y: f32, limit: Range<usize>) -> Range<usize> {
        let first = self.get(0.0, y);
        let (mut from, mut to) = (f32::MIN, f32::MAX);
        for side in 0..3 {
            let (v, slope) = (first[side], self.right[side]);
            if slope > 0.0 {
                from = from.max(-v / slope);
            } else if slope < 0.0 {
                to = to.min(-v / slope);
            } else if v < 0.0 {
                return 0..0;
            }
        }
        whole(from, to, limit)
    }
}

impl Samples {
    fn triangle(&mut self, corners: [Vec3; 3], index: u32) {
        let flat = corners.map(Vec3::truncate);
        let Some(weights) = Weights::new(flat) else { return };
        let (low, high) = (flat[0].min(flat[1]).min(flat[2]), flat[0].max(flat[1]).max(flat[2]));
        let nearness = Vec3::from_array(corners.map(|corner| corner.z));
        let slope = weights.right.dot(nearness);
        let columns = whole(low.x, high.x, self.x.clone());
        for y in whole(low.y, high.y, self.y.clone()) {
            let row = weights.row(y as f32 + 0.5, columns.clone());
            let mut near = weights.get(row.start as f32 + 0.5, y as f32 + 0.5).dot(nearness);
            // The row is within self.x, or empty.
            let before = (y - self.y.start) * self.x.len();
            let shift = |x: usize| before + x.saturating_sub(self.x.start);
            for at in shift(row.start)..shift(row.end) {
                if near > self.nearness[at] {
                    self.nearness[at] = near;
                    self.face[at] = index;
                }
                near += slope;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(z: f32, left: f32, right: f32) -> [Vec3; 4] {
        [(left, 0.0), (right, 0.0), (right, 8.0), (left, 8.0)].map(|(x, y)| Vec3::new(x, y, z))
    }

    #[test]
    fn two_triangles_of_a_square_cover_every_sample_once() {
        let spots = square(1.0, 1.0, 7.0);
        let samples = sample(&spots, &[[0, 1, 2], [0, 2, 3]], 10, 10);
        assert_eq!((samples.x.clone(), samples.y.clone()), (1..7, 0..8));
        assert!(samples.face.iter().all(|face| *face != NOTHING));
        // In either orientation.
        assert!(sample(&spots, &[[2, 1, 0], [3, 2, 0]], 10, 10).face.iter().all(|face| *face != NOTHING));
    }

    #[test]
    fn the_nearer_triangle_is_seen_in_any_order() {
        let mut spots = square(1.0, 0.0, 8.0).to_vec();
        spots.extend(square(0.5, 0.0, 8.0));
        let (near, far) = ([[0, 1, 2], [0, 2, 3]], [[4, 5, 6], [4, 6, 7]]);
        let seen = sample(&spots, &[near[0], near[1], far[0], far[1]], 8, 8);
        assert!(seen.face.iter().all(|face| *face < 2) && seen.nearness.iter().all(|n| (n - 1.0).abs() < 1e-6));
        let seen = sample(&spots, &[far[0], far[1], near[0], near[1]], 8, 8);
        assert!(seen.face.iter().all(|face| *face >= 2));
    }

    #[test]
    fn what_is_behind_the_camera_or_outside_the_picture_is_left_out() {
        let far_out = [Vec3::new(-1e30, -1e30, 1.0), Vec3::new(1e30, -1e30, 1.0), Vec3::new(0.0, 1e30, 1.0)];
        assert_eq!(sample(&far_out, &[[0, 1, 2]], 4, 4).face.len(), 16);
        let left_out = far_out.map(|p| p.truncate().extend(0.0));
        assert!(sample(&left_out, &[[0, 1, 2]], 4, 4).face.is_empty());
        let beside = square(1.0, -20.0, -10.0);
        assert!(sample(&beside, &[[0, 1, 2], [0, 2, 3]], 4, 4).face.is_empty());
    }
}
