//! The ground with its grid, up to the horizon.

use glam::{Vec2, Vec3};
use rayon::prelude::*;

use super::camera::{Camera, NEAR};
use super::image::Image;
use super::light::Shadow;

/// Colours in sRGB, 0 to 1.
const SKY: Vec3 = Vec3::new(0.890, 0.910, 0.938);
const HORIZON: Vec3 = Vec3::new(0.952, 0.960, 0.972);
const GROUND: Vec3 = Vec3::new(0.980, 0.983, 0.988);
const LINE: Vec3 = Vec3::new(0.655, 0.695, 0.755);
/// Half the width of a line, and the distance between lines, metres for a body of scale 1.
const HALF_LINE: f32 = 0.006;
const STEP: f32 = 0.5;

/// A horizontal plane with a grid that fades with the distance from a centre.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    pub height: f32,
    /// Centre and radius of the grid, metres.
    pub centre: Vec2,
    pub reach: f32,
    pub scale: f32,
}

impl Ground {
    /// The picture of the ground alone.
    pub fn picture(&self, camera: &Camera, width: usize, height: usize) -> Image {
        let mut image = Image::filled(width, height, [0; 3]);
        image.pixels_mut().par_chunks_exact_mut(3 * width).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let colour = self.colour(camera, x as f32 + 0.5, y as f32 + 0.5);
                pixel.copy_from_slice(&colour.to_array().map(|v| (255.0 * v + 0.5) as u8));
            }
        });
        image
    }

    /// The point on the ground at a pixel.
    pub fn seen(&self, camera: &Camera, x: f32, y: f32) -> Option<Vec2> {
        let ray = camera.ray(x, y);
        let depth = (self.height - camera.eye.z) / ray.z;
        (depth > NEAR && depth < 1e6).then(|| (camera.eye + ray * depth).truncate())
    }

    fn colour(&self, camera: &Camera, x: f32, y: f32) -> Vec3 {
        let Some(at) = self.seen(camera, x, y) else {
            let up = camera.ray(x, y).normalize_or_zero().z.abs();
            return HORIZON.lerp(SKY, (2.0 * up).min(1.0));
        };
        let away = at.distance(self.centre) / self.reach;
        let ground = GROUND.lerp(HORIZON, smooth((away - 0.6) / 3.0));
        let fade = 1.0 - smooth((away - 0.9) / 1.6);
        if fade <= 0.0 {
            return ground;
        }
        // Extent of a pixel on the ground along each axis.
        let next = [self.seen(camera, x + 1.0, y), self.seen(camera, x, y + 1.0)].map(|p| (p.unwrap_or(at) - at).abs());
        let wide = next[0].max(next[1]);
        let fine = lines(at, wide, STEP * self.scale, HALF_LINE * self.scale);
        let coarse = lines(at, wide, 2.0 * STEP * self.scale, HALF_LINE * self.scale);
        ground.lerp(LINE, fade * (0.30 * fine + 0.40 * coarse))
    }

    /// Darkens the ground in the shadow.
    pub fn darken(&self, image: &mut Image, camera: &Camera, shadow: &Shadow) {
        let (width, height) = (image.width(), image.height());
        let corners =
            [shadow.low, Vec2::new(shadow.low.x, shadow.high.y), shadow.high, Vec2::new(shadow.high.x, shadow.low.y)];
        let spots = corners.map(|corner| camera.project(corner.extend(self.height)));
        let in_front = spots.iter().all(|spot| spot.z > NEAR);
        let span = |axis: usize, end: usize| {
            let values = spots.map(|spot| spot[axis]);
            let low = values.iter().copied().fold(f32::MAX, f32::min).floor().max(0.0) as usize;
            let high = values.iter().copied().fold(f32::MIN, f32::max).ceil().max(0.0) as usize;
            if in_front { low.min(end)..high.min(end) } else { 0..end }
        };
        let columns = span(0, width);
        for y in span(1, height) {
            for x in columns.clone() {
                let Some(at) = self.seen(camera, x as f32 + 0.5, y as f32 + 0.5) else { continue };
                let light = shadow.light(at);
                if light < 1.0 {
                    let start = 3 * (y * width + x);
                    // A shadow under a blue sky is a little blue.
                    let tint = [light, light + 0.06 * (1.0 - light), light + 0.20 * (1.0 - light)];
                    for (v, tint) in image.pixels_mut()[start..start + 3].iter_mut().zip(tint) {
                        *v = (f32::from(*v) * tint + 0.5) as u8;
                    }
                }
            }
        }
    }
}

/// Smooth step: 0 below 0, 1 above 1.
fn smooth(v: f32) -> f32 {
    let v = v.clamp(0.0, 1.0);
    v * v * (3.0 - 2.0 * v)
}

/// The share of a pixel, `wide` metres along x and y, covered by lines.
fn lines(at: Vec2, wide: Vec2, step: f32, half: f32) -> f32 {
    let one = |v: f32, wide: f32| {
        let off = (v - (v / step).round() * step).abs();
        let wide = wide.max(1e-6);
        let covered = (off + 0.5 * wide).min(half) - (off - 0.5 * wide).max(-half);
        (covered / wide).clamp(0.0, 1.0)
    };
    let (a, b) = (one(at.x, wide.x), one(at.y, wide.y));
    a + b - a * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::camera::Aim;

    #[test]
    fn lines_keep_their_mean_brightness_however_small_they_get() {
        for wide in [0.001, 0.05, 0.4] {
            let mean =
                (0..1000).map(|i| lines(Vec2::new(i as f32 * 0.001, 0.25), Vec2::splat(wide), 0.5, 0.01)).sum::<f32>()
                    / 1000.0;
            assert!((mean - 0.04).abs() < 0.01 || wide > 0.3, "{wide}: {mean}");
        }
    }

    #[test]
    fn the_ground_is_bright_near_the_centre_and_nothing_of_it_is_above_the_horizon() {
        let ground = Ground { height: 0.0, centre: Vec2::ZERO, reach: 3.0, scale: 1.0 };
        let aim = Aim { yaw: 0.0, pitch: 0.1, field: 1.0 };
        let camera = aim.frame([Vec3::ZERO, Vec3::Z * 2.0].into_iter(), 64, 64, 0.1);
        assert!(ground.seen(&camera, 32.0, 2.0).is_none());
        assert!(ground.seen(&camera, 32.0, 60.0).is_some_and(|p| p.y < camera.eye.y));
        let image = ground.picture(&camera, 64, 64);
        assert!(image.pixels().iter().all(|v| *v > 150));
    }
}
