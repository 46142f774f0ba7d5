//! Jitter and amount of motion.

use crate::mbench::frames::Frames;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::PELVIS;

/// Jitter degree and dynamic degree.
pub(super) struct Smoothness {
    pub jitter: f32,
    pub dynamic: f32,
}

/// Both dimensions of one motion, in one pass.
pub(super) fn smoothness(frames: &Frames<'_>) -> Smoothness {
    // All frames first: values stored one by one cannot be reloaded as a vector without a stall.
    let places: Vec<Lanes> = (0..frames.len()).map(|t| Lanes::of(frames.row(t))).collect();
    let (mut steps, mut turns) = (0.0f64, 0.0f64);
    let mut before: Option<Lanes> = None;
    for (now, next) in places.iter().zip(&places[1..]) {
        let step = next.minus(now);
        steps += step.lengths();
        turns += before.map_or(0.0, |before| step.minus(&before).lengths());
        before = Some(step);
    }
    // Without frames this is 0 / 0, the release's NaN.
    let mean = |sum: f64, missing: usize| (sum / (frames.len().saturating_sub(missing) * JOINTS) as f64) as f32;
    Smoothness { jitter: mean(turns, 2), dynamic: mean(steps, 1) }
}

/// Joints rounded up to whole vectors; the spare lanes stay zero.
const LANES: usize = 24;

/// One vector per joint, as arrays of x, y and z.
#[derive(Clone, Copy)]
struct Lanes([[f32; LANES]; 3]);

impl Lanes {
    fn of(joints: &[[f32; 3]; JOINTS]) -> Self {
        let mut out = [[0.0; LANES]; 3];
        for (j, joint) in joints.iter().enumerate() {
            for (out, value) in out.iter_mut().zip(joint) {
                out[j] = *value;
            }
        }
        Self(out)
    }

    fn minus(&self, other: &Self) -> Self {
        let mut out = *self;
        for (out, other) in out.0.iter_mut().zip(&other.0) {
            out.iter_mut().zip(other).for_each(|(x, y)| *x -= y);
        }
        out
    }

    /// Sum over the joints of `|difference|` and `|difference - difference of the pelvis|`.
    fn lengths(&self) -> f64 {
        let [x, y, z] = &self.0;
        let (a, b, c) = (x[PELVIS], y[PELVIS], z[PELVIS]);
        let length = |x: f32, y: f32, z: f32| (x * x + y * y + z * z).sqrt();
        let mut lengths = [0.0f32; LANES];
        for j in 0..LANES {
            lengths[j] = length(x[j], y[j], z[j]) + length(x[j] - a, y[j] - b, z[j] - c);
        }
        lengths[JOINTS..].fill(0.0);
        let mut sums = [0.0f32; 4];
        for four in lengths.as_chunks::<4>().0 {
            sums.iter_mut().zip(four).for_each(|(sum, length)| *sum += length);
        }
        sums.iter().map(|sum| f64::from(*sum)).sum()
    }
}
