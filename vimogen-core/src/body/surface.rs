//! A closed mesh of the surface where a function is zero ("surface nets", Gibson 1998): a vertex in each cell that the
//! surface crosses, a quadrilateral about each edge of the grid that it crosses.

use glam::Vec3;

/// Steps towards the surface after a vertex has been placed between the crossings of its cell.
const STEPS: usize = 4;

/// Vertices and triangles (counter-clockwise from outside) of the surface between `low` and `high`, which must be
/// outside, where `distance` is positive.
pub(super) fn of(distance: impl Fn(Vec3) -> f32, low: Vec3, high: Vec3, cell: f32) -> (Vec<Vec3>, Vec<[u32; 3]>) {
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
        let corner = |bits: usize| std::array::from_fn(|c| cell[c] + (bits >> c & 1));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ball_becomes_a_closed_ball() {
        let (points, faces) = of(|p| p.length() - 1.0, Vec3::splat(-1.4), Vec3::splat(1.4), 0.2);
        assert!(points.iter().all(|p| (p.length() - 1.0).abs() < 1e-3));
        let corner = |i: u32| points[i as usize];
        let volume: f32 = faces.iter().map(|f| corner(f[0]).dot(corner(f[1]).cross(corner(f[2]))) / 6.0).sum();
        assert!((3.9..4.19).contains(&volume), "{volume}");
        // Euler: V - E + F = 2, with 3 edges for 2 triangles.
        assert_eq!(points.len() as i64 - faces.len() as i64 / 2, 2);
    }
}
