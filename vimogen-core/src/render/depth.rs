//! Depth as shades of grey: white is near, black is background.

use ndarray::{Array3, ArrayView3};

/// Background value of a depth map.
pub const BACKGROUND: f32 = -1.0;

/// Depths of a clip as grey, from 255 for the least depth of all frames to 0 for the largest; 0 in the background. Golden
/// topic `motion_rep`, case `depth_to_gray`.
///
/// # Shapes
/// - depth: `[frames, height, width]`, metres; values up to 0, such as [`BACKGROUND`], are background
/// - output: the same
pub fn depth_to_gray(depth: ArrayView3<'_, f32>) -> Array3<u8> {
    let range = depth.iter().fold(None, |range, d| widened(range, *d));
    depth.map(|d| gray(*d, range))
}

/// Extends a range of depths by one depth; the background is ignored.
pub(super) fn widened(range: Option<(f32, f32)>, depth: f32) -> Option<(f32, f32)> {
    match range {
        _ if depth <= 0.0 || !depth.is_finite() => range,
        None => Some((depth, depth)),
        Some((low, high)) => Some((low.min(depth), high.max(depth))),
    }
}

/// Shade of a depth; fractions are truncated, as in the reference.
pub(super) fn gray(depth: f32, range: Option<(f32, f32)>) -> u8 {
    match range {
        Some((low, high)) if depth > 0.0 && high > low => (255.0 * (1.0 - (depth - low) / (high - low))) as u8,
        // A surface of one depth is near.
        Some(_) if depth > 0.0 => 255,
        _ => 0,
    }
}
