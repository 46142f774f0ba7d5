//! Pictures of a motion: a self-contained HTML player, a strip of poses as SVG, and a renderer that needs neither a GPU nor
//! a display: PNG, GIF and MP4.
//!
//! A [`Renderer`] draws the frames of a [`MeshSequence`]; [`encode`] writes them to files.

pub mod camera;
pub mod depth;
pub mod encode;
pub mod figure;
mod gif;
mod ground;
pub mod html;
pub mod image;
mod light;
pub mod mesh_sequence;
#[cfg(feature = "video")]
mod mp4;
mod palette;
pub mod player_mesh;
mod raster;
pub mod renderer;
pub mod strip;
pub(crate) mod svg;

pub use image::Image;
pub use mesh_sequence::MeshSequence;
pub use renderer::{RenderOptions, Renderer, Style, View};
pub use strip::strip_svg;

use glam::Vec3;
use ndarray::ArrayView3;

use crate::error::{Error, Result, check_finite};
use crate::motion::layout::JOINTS;

/// Maximum absolute coordinate, metres.
const MAX_COORDINATE: f32 = 1e5;

/// The frames of a joint array, checked.
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
    if (0.1..=1000.0).contains(&fps) {
        Ok(())
    } else {
        Err(Error::invalid("fps", format!("{fps} frames per second, use 0.1 to 1000")))
    }
}
