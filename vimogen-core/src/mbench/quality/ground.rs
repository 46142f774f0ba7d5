//! Ground penetration and foot sliding.

use crate::mbench::contact::{FEET, horizontal};
use crate::mbench::frames::{Frames, UpAxis};

/// Height below which a foot is in the ground, metres.
const PENETRATION: f32 = -0.005;

/// [`Dimension::GroundPenetration`](crate::mbench::dimension::Dimension::GroundPenetration).
pub(super) fn penetration(f: &Frames<'_>, up_axis: UpAxis) -> f32 {
    let (mut sum, mut count) = (0.0f64, 0u64);
    for t in 0..f.len() {
        for height in FEET.map(|foot| up_axis.height(f.at(t, foot))) {
            if height < PENETRATION {
                sum += f64::from(-height);
                count += 1;
            }
        }
    }
    if count == 0 { 0.0 } else { (sum / count as f64) as f32 }
}

/// [`Dimension::FootSliding`](crate::mbench::dimension::Dimension::FootSliding), from the contacts of each frame.
pub(super) fn sliding(f: &Frames<'_>, up_axis: UpAxis, contact: &[[bool; 2]]) -> f32 {
    let (mut speed, mut count) = ([0.0f64; 2], [0.0f64; 2]);
    for (t, contact) in contact.iter().enumerate() {
        for (i, _) in contact.iter().enumerate().filter(|(_, touches)| **touches) {
            speed[i] += f64::from(horizontal(f.step(t, FEET[i]), up_axis));
            count[i] += 1.0;
        }
    }
    let per_foot = |i: usize| speed[i] / (count[i] + 1e-6);
    (0.5 * (per_foot(0) + per_foot(1))) as f32
}
