//! Shading of surfaces, and shadows on the ground.
//!
//! Shadows come from many lamps: a cluster models the sun (sharp shadows where the body touches the ground, soft ones far
//! from it), a dome models the sky (it darkens the ground close to the body).

use glam::{Vec2, Vec3};

use super::camera::bounds;
use super::raster::Weights;

/// Direction of the sun.
const SUN: Vec3 = Vec3::new(0.42, 0.36, 0.83);
const SUN_LAMPS: usize = 20;
const SKY_LAMPS: usize = 28;
/// Height limit of the sky's shadows, metres for a body of scale 1. Above it shadows are so wide that each lamp's would be
/// visible separately.
const SKY_HEIGHT: f32 = 0.55;
/// Maximum slope of the sky's lamps, horizontal over vertical.
const SKY_LEAN: f32 = 1.2;
/// Darkening of the ground where no lamp of the sun, or of the sky, reaches it.
const SUN_SHADE: f32 = 0.30;
const SKY_SHADE: f32 = 0.26;
/// Size of a shadow cell, metres for a body of scale 1.
const CELL: f32 = 0.014;
/// Maximum number of cells per side.
const MAX_CELLS: f32 = 512.0;

/// Light reflected to the viewer by a surface of linear colour `colour`. `normal` and `viewer` are unit vectors away from the
/// surface.
pub(super) fn shade(colour: Vec3, normal: Vec3, viewer: Vec3) -> Vec3 {
    // Back faces, visible in meshes with holes, are lit like front faces.
    let normal = if normal.dot(viewer) < 0.0 { -normal } else { normal };
    let sun = SUN.normalize_or_zero();
    let facing = normal.dot(viewer).max(0.0);
    // Light wraps a little around the body, as from a large lamp.
    let lamp = ((normal.dot(sun) + 0.25) / 1.25).max(0.0);
    let sky = 0.5 + 0.5 * normal.z;
    let from_sky = Vec3::new(0.78, 0.86, 1.0) * sky + Vec3::new(0.52, 0.50, 0.48) * (1.0 - sky);
    let light = from_sky * 0.48 + Vec3::new(1.0, 0.96, 0.9) * (0.72 * lamp) + Vec3::splat(0.10 * facing);
    let rim = 0.10 * (1.0 - facing).powi(3) * (0.4 + 0.6 * sky);
    let gloss = 0.10 * normal.dot((sun + viewer).normalize_or_zero()).max(0.0).powi(28);
    colour * light + Vec3::splat(rim + gloss)
}

/// Shadow on the ground: the darkness of each cell.
pub(super) struct Shadow {
    /// Corner of the first cell, metres.
    pub low: Vec2,
    /// Corner of the last cell.
    pub high: Vec2,
    cell: f32,
    width: usize,
    dark: Vec<f32>,
}

impl Shadow {
    /// The shadow of a mesh on the ground at height `floor`.
    pub fn new(vertices: &[Vec3], faces: &[[u32; 3]], floor: f32, scale: f32) -> Self {
        let lamps = lamps();
        let fallen = |lamp: Vec3| {
            let lean = lamp.truncate() / lamp.z;
            move |v: &Vec3| v.truncate() - lean * (v.z - floor).max(0.0)
        };
        let low_faces: Vec<[u32; 3]> = {
            let low = |v: &u32| vertices[*v as usize].z - floor < SKY_HEIGHT * scale;
            faces.iter().copied().filter(|face| face.iter().all(low)).collect()
        };
        let all = lamps[..SUN_LAMPS].iter().flat_map(|(lamp, _)| vertices.iter().map(fallen(*lamp)));
        let near = SKY_HEIGHT * scale * SKY_LEAN;
        let (low, high) = bounds(all.map(|p| p.extend(0.0)));
        let cell = (CELL * scale).max((high - low).max_element() / MAX_CELLS);
        // Two free cells around the shadow: its blurred border ends at zero.
        let low = low.truncate() - near - 2.5 * cell;
        let size = (high.truncate() + near - low) / cell + 3.5;
        let (width, height) = (size.x.ceil() as usize, size.y.ceil() as usize);
        let mut shadow = Self {
            low,
            high: low + Vec2::new(width as f32, height as f32) * cell,
            cell,
            width,
            dark: vec![0.0; width * height],
        };
        let mut mask = vec![0u32; width * height];
        for (i, (lamp, weight)) in lamps.iter().enumerate() {
            let fallen = fallen(*lamp);
            let spots: Vec<Vec2> = vertices.iter().map(|v| (fallen(v) - low) / cell).collect();
            let faces = if i < SUN_LAMPS { faces } else { &low_faces };
            shadow.add(&spots, faces, &mut mask, i as u32 + 1, *weight);
        }
        shadow.blur();
        shadow
    }

    /// Adds the shadow of one lamp; `mask` holds the last lamp that darkened each cell.
    fn add(&mut self, spots: &[Vec2], faces: &[[u32; 3]], mask: &mut [u32], lamp: u32, weight: f32) {
        let height = mask.len() / self.width;
        for face in faces {
            let corners = face.map(|v| spots[v as usize]);
            let [a, b, c] = corners;
            // The two halves of a closed surface, facing up and facing down, have the same shadow.
            if (b - a).perp_dot(c - a) <= 0.0 {
                continue;
            }
            let Some(weights) = Weights::new(corners) else { continue };
            let (low, high) = (a.min(b).min(c), a.max(b).max(c));
            let rows = (low.y - 0.5).ceil() as usize..((high.y + 0.5).floor() as usize).min(height);
            for y in rows {
                for x in weights.row(y as f32 + 0.5, 0..self.width) {
                    let at = y * self.width + x;
                    if mask[at] != lamp {
                        mask[at] = lamp;
                        self.dark[at] += weight;
                    }
                }
            }
        }
    }

    /// A mean over three cells per side, which hides the steps between lamps.
    fn blur(&mut self) {
        let mean = |values: &[f32], step: usize| -> Vec<f32> {
            let at = |i: usize| values[i];
            let inside = step..values.len().saturating_sub(step);
            let one = |i| if inside.contains(&i) { (at(i - step) + 2.0 * at(i) + at(i + step)) / 4.0 } else { 0.0 };
            (0..values.len()).map(one).collect()
        };
        self.dark = mean(&mean(&self.dark, 1), self.width);
    }

    /// The light at a point on the ground, up to 1.
    pub fn light(&self, at: Vec2) -> f32 {
        let p = (at - self.low) / self.cell - 0.5;
        let height = self.dark.len() / self.width;
        if p.x < 0.0 || p.y < 0.0 || p.x >= (self.width - 1) as f32 || p.y >= (height - 1) as f32 {
            return 1.0;
        }
        let (x, y) = (p.x as usize, p.y as usize);
        let (fx, fy) = (p.x.fract(), p.y.fract());
        let row = |y: usize| {
            let i = y * self.width + x;
            self.dark[i] + fx * (self.dark[i + 1] - self.dark[i])
        };
        1.0 - (row(y) + fy * (row(y + 1) - row(y)))
    }
}

/// Directions of the lamps and the darkening of each: spirals over a disc around the sun and over the sky.
fn lamps() -> Vec<(Vec3, f32)> {
    let spiral = |i: usize, n: usize| {
        let (angle, radius) = (i as f32 * 2.399_963, ((i as f32 + 0.5) / n as f32).sqrt());
        (radius * angle.cos(), radius * angle.sin())
    };
    let sun = SUN.normalize_or_zero();
    let (a, b) = sun.any_orthonormal_pair();
    let near_sun = (0..SUN_LAMPS).map(|i| {
        let (x, y) = spiral(i, SUN_LAMPS);
        ((sun + (a * x + b * y) * 0.12).normalize_or_zero(), SUN_SHADE / SUN_LAMPS as f32)
    });
    let in_sky = (0..SKY_LAMPS).map(|i| {
        let (x, y) = spiral(i, SKY_LAMPS);
        (Vec3::new(SKY_LEAN * x, SKY_LEAN * y, 1.0), SKY_SHADE / SKY_LAMPS as f32)
    });
    near_sun.chain(in_sky).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flat square of one metre at this height, both sides of it.
    fn plate(height: f32) -> ([Vec3; 4], [[u32; 3]; 4]) {
        let corner = |x: f32, y: f32| Vec3::new(x, y, height);
        (
            [corner(-0.5, -0.5), corner(0.5, -0.5), corner(0.5, 0.5), corner(-0.5, 0.5)],
            [[0, 1, 2], [0, 2, 3], [2, 1, 0], [3, 2, 0]],
        )
    }

    #[test]
    fn a_plate_on_the_ground_darkens_what_it_covers_and_nothing_else() {
        let (vertices, faces) = plate(0.0);
        let shadow = Shadow::new(&vertices, &faces, 0.0, 1.0);
        assert!((shadow.light(Vec2::ZERO) - (1.0 - SUN_SHADE - SKY_SHADE)).abs() < 1e-4);
        assert_eq!(shadow.light(Vec2::new(0.55, 0.0)), 1.0);
        assert_eq!(shadow.light(Vec2::new(50.0, 0.0)), 1.0);
    }

    #[test]
    fn the_shadow_of_a_high_plate_lies_away_from_the_sun_and_is_soft() {
        let (vertices, faces) = plate(1.0);
        let shadow = Shadow::new(&vertices, &faces, 0.0, 1.0);
        let fallen = -SUN.truncate() / SUN.z;
        assert!(shadow.light(fallen) < 1.0 - 0.9 * SUN_SHADE, "{}", shadow.light(fallen));
        assert_eq!(shadow.light(-fallen * 1.2), 1.0);
        let border = fallen - Vec2::new(0.5, 0.0);
        assert!((0.05..0.95).contains(&((1.0 - shadow.light(border)) / SUN_SHADE)));
    }

    #[test]
    fn a_surface_towards_the_sun_is_brighter_than_one_away_from_it() {
        let (colour, viewer) = (Vec3::splat(0.5), Vec3::Y);
        let brightness = |normal: Vec3| shade(colour, normal.normalize_or_zero(), viewer).element_sum();
        assert!(brightness(Vec3::new(0.4, 0.4, 0.8)) > 1.3 * brightness(Vec3::new(-0.4, 0.4, -0.8)));
    }
}
