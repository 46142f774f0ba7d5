//! Cameras: position, orientation and projection.
//!
//! Pixels count from the top left corner of the picture, x to the right, y down; the centre of the first pixel is at
//! (0.5, 0.5). Depth is the distance along the view direction, metres.

use glam::{Mat3, Vec2, Vec3};
use ndarray::ArrayView3;

use super::checked_frames;
use crate::error::Result;

/// Near clipping distance, metres.
pub(super) const NEAR: f32 = 0.05;

/// Which axis of the joints points up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Up {
    /// y, as MBench's joint files have it.
    Y,
    /// z, as everything else in this library.
    Z,
}

/// Camera pose in the convention of SMPL renderers: a world point, as a row vector `x`, has the camera coordinates `x R + T`,
/// where x points to the left of the picture, y up and z away from the viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extrinsics {
    /// `R`; its columns are the camera's axes in the world.
    pub rotation: Mat3,
    /// `T`, metres.
    pub translation: Vec3,
}

impl Extrinsics {
    /// The camera of depth videos: level, at the pelvis height of the first frame, facing a body in canonical placement; its
    /// distance grows with the width and depth of the path. Golden topic `motion_rep`, case `camera`.
    ///
    /// # Shapes
    /// - joints: `[frames, 22, 3]`, metres
    ///
    /// # Errors
    /// [`crate::Error::Shape`], [`crate::Error::NonFinite`].
    pub fn viewer(joints: ArrayView3<'_, f32>, up: Up) -> Result<Self> {
        let frames = checked_frames(joints, 1.0)?;
        let start = frames[0][0];
        let (low, high) = bounds(frames.iter().map(|frame| frame[0]));
        let range = high - low;
        Ok(match up {
            Up::Z => Self {
                rotation: Mat3::from_cols(Vec3::X, Vec3::Z, Vec3::NEG_Y),
                translation: Vec3::new(0.0, -start.z, 2.5 + range.x + 2.0 * range.z + high.y),
            },
            // The reference mirrors the picture here: its matrix has determinant -1.
            Up::Y => Self {
                rotation: Mat3::from_cols(Vec3::X, Vec3::Y, Vec3::NEG_Z),
                translation: Vec3::new(0.0, -start.y, 2.5 + range.x + 2.0 * range.y + high.z),
            },
        })
    }

    /// The camera for a picture of this size.
    pub fn camera(&self, width: usize, height: usize, focal: f32) -> Camera {
        let Mat3 { x_axis: left, y_axis: up, z_axis: ahead } = self.rotation;
        let eye = -(left * self.translation.x + up * self.translation.y + ahead * self.translation.z);
        Camera { eye, right: -left, up, ahead, focal, centre: Vec2::new(width as f32, height as f32) * 0.5 }
    }
}

/// Focal length in pixels of a camera that sees `field` degrees over the larger side of the picture.
pub fn focal_length(width: usize, height: usize, field: f64) -> f64 {
    width.max(height) as f64 / (2.0 * (field.to_radians() / 2.0).tan())
}

/// A perspective camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Position of the camera, metres.
    pub eye: Vec3,
    /// Unit vector to the right of the picture.
    pub right: Vec3,
    /// Unit vector to the top of the picture.
    pub up: Vec3,
    /// Unit vector away from the viewer.
    pub ahead: Vec3,
    /// Focal length, pixels.
    pub focal: f32,
    /// Principal point, pixels.
    pub centre: Vec2,
}

impl Camera {
    /// Pixel x and y, and depth in metres. The pixel of a point behind the camera is undefined.
    pub fn project(&self, point: Vec3) -> Vec3 {
        let from = point - self.eye;
        let depth = from.dot(self.ahead);
        let s = self.focal / depth;
        Vec3::new(self.centre.x + s * from.dot(self.right), self.centre.y - s * from.dot(self.up), depth)
    }

    /// The viewing ray of a picture position, of length 1 along the view direction.
    pub fn ray(&self, x: f32, y: f32) -> Vec3 {
        let (a, b) = ((x - self.centre.x) / self.focal, (self.centre.y - y) / self.focal);
        self.ahead + self.right * a + self.up * b
    }

    /// The camera, translated.
    pub(super) fn moved(&self, by: Vec3) -> Self {
        Self { eye: self.eye + by, ..*self }
    }
}

/// Viewing direction and field of view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Aim {
    /// Radians around the body from its canonical front, to the body's right.
    pub yaw: f32,
    /// Radians down.
    pub pitch: f32,
    /// Vertical field of view, radians.
    pub field: f32,
}

impl Aim {
    /// The nearest camera in this direction that has all points in the picture, with a margin of `free` (a share of the
    /// picture) at each border.
    ///
    /// Seen along the view direction a point at (a, b) and c towards the viewer is in the picture of a camera at
    /// (x, y, d) if |a - x| <= slope (d - c), and the same for b: the least d follows from the extremes of a +- slope c.
    pub fn frame(&self, points: impl Iterator<Item = Vec3>, width: usize, height: usize, free: f32) -> Camera {
        let [right, up, back] = axes(self.yaw, self.pitch);
        let tan = (self.field * 0.5).tan();
        let slope = Vec2::new(tan * width as f32 / height as f32, tan) * (1.0 - 2.0 * free);
        let mut most = [Vec2::MIN; 2];
        let mut near = f32::MIN;
        for p in points {
            let (flat, c) = (Vec2::new(p.dot(right), p.dot(up)), p.dot(back));
            most = [most[0].max(flat + slope * c), most[1].max(-flat + slope * c)];
            near = near.max(c);
        }
        let distances = (most[0] + most[1]) / (2.0 * slope);
        let distance = distances.max_element().max(near + 10.0 * NEAR);
        let at = (most[0] - most[1]) * 0.5;
        Camera {
            eye: right * at.x + up * at.y + back * distance,
            right,
            up,
            ahead: -back,
            focal: height as f32 / (2.0 * tan),
            centre: Vec2::new(width as f32, height as f32) * 0.5,
        }
    }
}

/// Unit vectors to the right and the top of a picture and towards its viewer; the angles as in [`Aim`].
pub(super) fn axes(yaw: f32, pitch: f32) -> [Vec3; 3] {
    let (sy, cy, sp, cp) = (yaw.sin(), yaw.cos(), pitch.sin(), pitch.cos());
    [Vec3::new(-cy, sy, 0.0), Vec3::new(-sy * sp, -cy * sp, cp), Vec3::new(sy * cp, cy * cp, sp)]
}

/// The smallest and largest coordinates.
pub(super) fn bounds(points: impl Iterator<Item = Vec3>) -> (Vec3, Vec3) {
    points.fold((Vec3::MAX, Vec3::MIN), |(low, high), p| (low.min(p), high.max(p)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framed_camera_sees_all_points_and_no_more_than_it_must() {
        let points: Vec<Vec3> =
            (0..200).map(|i| Vec3::new((i as f32).sin() * 3.0, (i as f32 * 1.7).cos(), (i % 7) as f32 * 0.3)).collect();
        for (yaw, pitch, width, height) in [(0.0, 0.5, 960, 960), (2.0, 0.1, 640, 200), (-1.0, 1.4, 100, 300)] {
            let aim = Aim { yaw, pitch, field: 1.0 };
            let camera = aim.frame(points.iter().copied(), width, height, 0.1);
            let spots: Vec<Vec3> = points.iter().map(|p| camera.project(*p)).collect();
            let (low, high) = bounds(spots.iter().copied());
            let (w, h) = (width as f32, height as f32);
            assert!(low.x > 0.099 * w && high.x < 0.901 * w && low.y > 0.099 * h && high.y < 0.901 * h, "{low} {high}");
            let tight =
                [low.x / w, 1.0 - high.x / w, low.y / h, 1.0 - high.y / h].iter().filter(|f| **f < 0.101).count();
            assert!(tight >= 2, "two opposite borders are touched: {low} {high}");
        }
    }

    #[test]
    fn a_pixels_ray_meets_the_point_that_projects_there() {
        let aim = Aim { yaw: 0.4, pitch: 0.3, field: 1.0 };
        let camera = aim.frame([Vec3::ZERO, Vec3::ONE].into_iter(), 320, 240, 0.05);
        let point = Vec3::new(0.3, 0.7, 0.2);
        let spot = camera.project(point);
        let back = camera.eye + camera.ray(spot.x, spot.y) * spot.z;
        assert!(back.distance(point) < 1e-5, "{back}");
    }
}
