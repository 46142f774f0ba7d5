//! The pelvis over planted feet.

use super::rig::Pose;

/// Lowers the pelvis where a planted foot would be out of reach, smoothly: at least as much as needed in each frame.
pub(super) fn lower_pelvis(poses: &mut [Pose]) {
    const RADIUS: usize = 3;
    let need: Vec<f32> = poses.iter().map(Pose::overreach).collect();
    let window = |x: &[f32], t: usize| t.saturating_sub(RADIUS)..(t + RADIUS + 1).min(x.len());
    let most: Vec<f32> = (0..need.len()).map(|t| need[window(&need, t)].iter().copied().fold(0.0, f32::max)).collect();
    for (t, pose) in poses.iter_mut().enumerate() {
        let range = window(&most, t);
        let weight = |i: usize| (RADIUS + 1 - i.abs_diff(t)) as f32;
        let total: f32 = range.clone().map(weight).sum();
        pose.pelvis.z -= range.map(|i| weight(i) * most[i]).sum::<f32>() / total;
    }
}
