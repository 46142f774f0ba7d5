//! Pictures of a motion: a self-contained HTML player, a strip of poses as SVG, and a renderer that needs neither a GPU nor
//! a display: PNG, GIF and MP4.
//!
//! An [`Actor`] is what is drawn, a [`Film`] its pictures, [`movie`] writes them to files.

pub mod actor;
pub mod camera;
pub mod depth;
pub mod figure;
pub mod film;
mod gif;
mod ground;
pub mod html;
pub mod image;
mod light;
pub mod movie;
#[cfg(feature = "video")]
mod mp4;
mod palette;
mod raster;
pub mod svg;
pub mod worn;

pub use actor::Actor;
pub use film::{Film, RenderOptions, Style, View};
pub use image::Image;

use glam::Vec3;
use ndarray::ArrayView3;

use crate::error::{Error, Result, check_finite};
use crate::motion::layout::JOINTS;

/// Coordinates beyond this, in metres, are refused.
const MAX_COORDINATE: f32 = 1e5;

/// The frames of joints that can be drawn.
fn checked_frames(joints: ArrayView3<'_, f32>, fps: f32) -> Result<Vec<figure::Joints>> {
    match joints.shape() {
        [t, JOINTS, 3] if *t > 0 => {}
        got => return Err(Error::shape("joints", "(T, 22, 3) with T >= 1", got)),
    }
    check_finite("joints", &joints)?;
    if let Some(far) = joints.iter().find(|v| v.abs() > MAX_COORDINATE) {
        return Err(Error::invalid(
            "joints",
            format!("a coordinate of {far} m, at most {MAX_COORDINATE} can be shown"),
        ));
    }
    check_fps(fps)?;
    let frame = |t: usize| std::array::from_fn(|j| Vec3::from_array(std::array::from_fn(|c| joints[[t, j, c]])));
    Ok((0..joints.shape()[0]).map(frame).collect())
}

fn check_fps(fps: f32) -> Result<()> {
    match (0.1..=1000.0).contains(&fps) {
        true => Ok(()),
        false => Err(Error::invalid("fps", format!("{fps} frames per second, use 0.1 to 1000"))),
    }
}
