//! Feet on the ground.

use glam::Vec3;

use super::contact::stands;
use super::curve::Curve;
use super::sole::{Posed, Soles, Worn};
use crate::body::Limb;
use crate::motion::skeleton::joint::{LEFT_FOOT, PELVIS, RIGHT_FOOT};
use crate::motion::{Pose, Skeleton, floor_of};

/// Each leg with the ball of its foot.
const LEGS: [(Limb, usize); 2] = [(Limb::LEFT_LEG, LEFT_FOOT), (Limb::RIGHT_LEG, RIGHT_FOOT)];
/// Frames per second at which a curve's stiffness is 1.
const RATE: f32 = 20.0;
/// Weight that draws a displacement back to none: within about five frames at [`RATE`].
const BACK: f64 = 1e-3;
/// Weight of rest while a foot stands.
const REST: f64 = 1e4;
/// Weight of the sole's height while a foot stands.
const TOUCH: f64 = 30.0;
/// Stiffness of the pelvis' height.
const PELVIS_STIFF: f64 = 30.0;
/// Stretch of a leg up to which it bends smoothly, as a share of its length.
const STRAIGHT: f32 = 0.992;
/// Maximum lowering of the pelvis for a foot, metres.
const LOWEST: f32 = 0.12;
/// Depth below the ground that is left, metres.
const DEPTH: f64 = 0.001;

/// How far a frame is bound from outside, from 0 (free) to 1 (stays as it is).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Binding {
    /// Of the pelvis.
    pub root: f32,
    /// Of the left and the right foot.
    pub feet: [f32; 2],
}

impl Binding {
    /// Everything is free.
    pub fn none(_: usize) -> Self {
        Self::default()
    }

    /// The whole body.
    pub fn all(share: f32) -> Self {
        Self { root: share, feet: [share; 2] }
    }
}

/// Weight of a frame's own value.
fn bound(share: f32) -> f64 {
    let share = f64::from(share.clamp(0.0, 1.0));
    10.0 * share * share / (1.0 - share + 1e-6)
}

/// Changes legs and the height of the pelvis so that standing feet stand and nothing is below the ground, whose height is
/// `floor`, or else that of the clip.
pub(crate) fn plant(
    skeleton: &Skeleton,
    poses: &mut [Pose],
    fps: f32,
    floor: Option<f32>,
    binding: &dyn Fn(usize) -> Binding,
) {
    let worn = Worn::on(skeleton);
    let before = posed(skeleton, poses);
    let stage = Stage::new(&worn, &before, fps, floor, binding);
    put(skeleton, poses, &before, &worn, &stage);
}

/// When the feet of a clip stand: first and last frame of each stand.
pub(crate) type Stands = [Vec<(usize, usize)>; 2];

/// When the feet of a clip stand, and the height of its ground, metres.
pub(crate) fn standing(skeleton: &Skeleton, poses: &[Pose], fps: f32) -> (Stands, f32) {
    let stage = Stage::new(&Worn::on(skeleton), &posed(skeleton, poses), fps, None, &Binding::none);
    (stage.stands, stage.floor)
}

/// [`plant`] of a body with other soles, at the height `floor`, whose feet stand when those of another clip do.
pub(crate) fn plant_as(
    skeleton: &Skeleton,
    poses: &mut [Pose],
    fps: f32,
    (soles, floor): (&dyn Soles, f32),
    stands: &Stands,
) {
    let before = posed(skeleton, poses);
    let stage = Stage { stands: stands.clone(), ..Stage::new(soles, &before, fps, Some(floor), &Binding::none) };
    put(skeleton, poses, &before, soles, &stage);
}

fn posed(skeleton: &Skeleton, poses: &[Pose]) -> Vec<Posed> {
    poses.iter().map(|pose| skeleton.fk(pose.root, pose.rotations)).collect()
}

/// Moves pelvis and legs of `poses`, which are `before`, to where `stage` has them.
fn put(skeleton: &Skeleton, poses: &mut [Pose], before: &[Posed], soles: &dyn Soles, stage: &Stage) {
    let rise = stage.rise(soles, before);
    let aims = [0, 1].map(|foot| stage.aim(foot, &rise));
    for (pose, rise) in poses.iter_mut().zip(&rise) {
        pose.root.z += *rise as f32;
    }
    let sink = stage.sink(skeleton, &posed(skeleton, poses), before, &aims);
    for (pose, sink) in poses.iter_mut().zip(&sink) {
        pose.root.z += *sink as f32;
    }
    for (leg, (limb, foot)) in LEGS.iter().enumerate() {
        for (t, pose) in poses.iter_mut().enumerate() {
            let now = skeleton.fk(pose.root, pose.rotations).1[*foot];
            let pull = before[t].1[*foot] + aims[leg][t] - now;
            if pull.length_squared() > 1e-10 {
                limb.pull(skeleton, pose, pull);
            }
        }
    }
}

/// Raises the pelvis smoothly where the body is below a floor.
pub(crate) fn lift(skeleton: &Skeleton, poses: &mut [Pose], fps: f32, floor: f32, binding: &dyn Fn(usize) -> Binding) {
    let mut curve = Curve::new(poses.len(), f64::from(fps / RATE).powi(3), BACK);
    (0..poses.len()).for_each(|t| curve.place(t, 0.0, bound(binding(t).root)));
    let lowest: Vec<f64> = poses.iter().map(|pose| f64::from(floor - body_low(skeleton, pose))).collect();
    for (pose, rise) in poses.iter_mut().zip(curve.solve_above(&lowest, DEPTH)) {
        pose.root.z += rise as f32;
    }
}

/// Height of the lowest point of the worn body, metres.
pub(crate) fn body_low(skeleton: &Skeleton, pose: &Pose) -> f32 {
    let (worn, posed) = (Worn::on(skeleton), skeleton.fk(pose.root, pose.rotations));
    worn.sole(0, &posed).min(worn.sole(1, &posed)).min(worn.trunk(&posed, f32::INFINITY))
}

/// Measurements of a clip before it changes.
struct Stage {
    /// Of each foot: its ball, its sole above the ground, its stands.
    balls: [Vec<Vec3>; 2],
    soles: [Vec<f32>; 2],
    stands: [Vec<(usize, usize)>; 2],
    bindings: Vec<Binding>,
    floor: f32,
    stiffness: f64,
}

impl Stage {
    fn new(
        worn: &dyn Soles,
        posed: &[Posed],
        fps: f32,
        floor: Option<f32>,
        binding: &dyn Fn(usize) -> Binding,
    ) -> Self {
        let soles = [0, 1].map(|foot| posed.iter().map(|posed| worn.sole(foot, posed)).collect::<Vec<_>>());
        let lowest = soles.iter().flatten().copied().fold(f32::INFINITY, f32::min);
        let floor = floor.unwrap_or_else(|| floor_of(lowest, 1.0));
        let soles = soles.map(|heights| heights.into_iter().map(|z| z - floor).collect::<Vec<_>>());
        let balls = LEGS.map(|(_, foot)| posed.iter().map(|(_, places)| places[foot]).collect::<Vec<_>>());
        let body = speeds(posed, fps);
        let stands = [0, 1].map(|foot| stands(&balls[foot], &soles[foot], &body, fps));
        let bindings = (0..posed.len()).map(binding).collect();
        Self { balls, soles, stands, bindings, floor, stiffness: f64::from(fps / RATE).powi(3) }
    }

    fn frames(&self) -> usize {
        self.bindings.len()
    }

    fn curve(&self, stiffness: f64, bindings: impl Fn(&Binding) -> f32) -> Curve {
        let mut curve = Curve::new(self.frames(), stiffness * self.stiffness, BACK);
        for (t, binding) in self.bindings.iter().enumerate() {
            curve.place(t, 0.0, bound(bindings(binding)));
        }
        curve
    }

    /// Change of the pelvis' height in each frame, metres: standing soles come to the ground, and no other part of the
    /// body is below it.
    fn rise(&self, worn: &dyn Soles, posed: &[Posed]) -> Vec<f64> {
        let mut curve = self.curve(PELVIS_STIFF, |binding| binding.root);
        for (foot, stands) in self.stands.iter().enumerate() {
            for t in stands.iter().flat_map(|(first, last)| *first..=*last) {
                curve.place(t, -f64::from(self.soles[foot][t]), 1.0);
            }
        }
        let lowest = |(t, posed): (usize, &Posed)| {
            let bound = f64::from(self.bindings[t].root);
            if bound > 0.99 { f64::NEG_INFINITY } else { f64::from(self.floor - worn.trunk(posed, self.floor)) }
        };
        let lowest: Vec<f64> = posed.iter().enumerate().map(lowest).collect();
        curve.solve_above(&lowest, DEPTH)
    }

    /// Displacement of a foot in each frame, metres, if the pelvis rises by `rise`.
    fn aim(&self, foot: usize, rise: &[f64]) -> Vec<Vec3> {
        let bindings = |binding: &Binding| binding.feet[foot];
        let level = [0, 1].map(|axis| {
            let mut curve = self.curve(1.0, bindings);
            for t in self.stands[foot].iter().flat_map(|(first, last)| *first..*last) {
                let step = self.balls[foot][t + 1][axis] - self.balls[foot][t][axis];
                let free = 1.0 - self.bindings[t].feet[foot].min(self.bindings[t + 1].feet[foot]);
                curve.step(t, -f64::from(step), REST * f64::from(free));
            }
            curve.solve()
        });
        // The foot follows the pelvis up and down, and beyond that touches the ground or is above it.
        let over: Vec<f64> = self.soles[foot].iter().zip(rise).map(|(sole, rise)| f64::from(*sole) + rise).collect();
        let mut height = self.curve(1.0, bindings);
        for t in self.stands[foot].iter().flat_map(|(first, last)| *first..=*last) {
            let free = 1.0 - f64::from(bindings(&self.bindings[t]));
            height.place(t, -over[t], TOUCH * free);
        }
        let lowest = |(t, over): (usize, &f64)| {
            if bindings(&self.bindings[t]) > 0.99 { f64::NEG_INFINITY } else { -over }
        };
        let lowest: Vec<f64> = over.iter().enumerate().map(lowest).collect();
        let height = height.solve_above(&lowest, DEPTH);
        (0..self.frames())
            .map(|t| Vec3::new(level[0][t] as f32, level[1][t] as f32, (height[t] + rise[t]) as f32))
            .collect()
    }

    /// Further change of the pelvis' height, at most 0, so that no leg is stretched more than it was or bends well.
    fn sink(&self, skeleton: &Skeleton, raised: &[Posed], before: &[Posed], aims: &[Vec<Vec3>; 2]) -> Vec<f64> {
        let needed = |t: usize| {
            let of = |leg: usize| {
                let (limb, _) = LEGS[leg];
                let length = skeleton.offsets[limb.middle].length() + skeleton.offsets[limb.end].length();
                let was = before[t].1[limb.end].distance(before[t].1[limb.upper]);
                let most = was.clamp(STRAIGHT * length, 0.998 * length);
                let ankle = before[t].1[limb.end] + aims[leg][t];
                let apart = raised[t].1[limb.upper] - ankle;
                let level = apart.truncate().length().min(most);
                (apart.z - (most * most - level * level).max(0.0).sqrt()).clamp(0.0, LOWEST)
            };
            f64::from(of(0).max(of(1)))
        };
        let needed: Vec<f64> = (0..self.frames()).map(needed).collect();
        let curve = self.curve(1.0, |binding| binding.root);
        curve.solve_above(&needed, DEPTH).into_iter().map(|sink| -sink.max(0.0)).collect()
    }
}

/// Speed of the body over the ground in each frame, averaged over a few frames, metres per second.
fn speeds(posed: &[Posed], fps: f32) -> Vec<f32> {
    let half = (0.2 * fps).round().max(1.0) as usize;
    let root = |t: usize| posed[t].1[PELVIS].truncate();
    (0..posed.len())
        .map(|t| {
            let (first, last) = (t.saturating_sub(half), (t + half).min(posed.len() - 1));
            root(last).distance(root(first)) * fps / (last - first).max(1) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::body::refit::tests::march;
    use crate::motion::Motion;
    use crate::motion::joint::LEFT_KNEE;

    /// The farthest that a foot moves within any stand of the left foot of the march, metres.
    fn slide(motion: &Motion) -> f32 {
        // While sin < 0 the left foot stands; the ends of the stand are left to easing.
        let joints = motion.joints();
        let stand = joints.slice(s![14..23, LEFT_FOOT, ..]);
        let spread = |c: usize| {
            let column = stand.column(c);
            let fold = |f: fn(f32, f32) -> f32| column.iter().copied().reduce(f).unwrap();
            fold(f32::max) - fold(f32::min)
        };
        spread(0).max(spread(1))
    }

    #[test]
    fn a_standing_foot_no_longer_slides_and_nothing_jumps() {
        let clip = march(48, 0.015);
        let locked = clip.refit(true).unwrap();
        assert!(slide(&clip) > 0.015, "{}", slide(&clip));
        assert!(slide(&locked) < 0.002, "{}", slide(&locked));
        assert!(locked.kinematic_error().max < 1e-3);
        let steps = |m: &Motion| {
            let joints = m.joints();
            (1..m.len()).map(|t| (joints[[t, LEFT_KNEE, 2]] - joints[[t - 1, LEFT_KNEE, 2]]).abs()).fold(0.0, f32::max)
        };
        assert!(steps(&locked) < steps(&clip) + 0.02, "{} {}", steps(&locked), steps(&clip));
        // Arms and trunk go up and down only.
        let trunk = [0, 3, 6, 9, 12, 15, 20, 21];
        let (a, b) = (locked.joints(), clip.joints());
        let level = |m: &ndarray::ArrayView3<'_, f32>, j: usize| m.slice(s![.., j, ..2]).to_owned();
        assert!(trunk.iter().all(|j| (level(&a, *j) - level(&b, *j)).iter().all(|d| d.abs() < 1e-4)));
    }

    #[test]
    fn a_foot_below_the_ground_is_lifted_onto_it() {
        let clip = march(48, 0.0);
        let mut features = clip.features().to_owned();
        let lowest = clip.joints().slice(s![.., LEFT_FOOT, 2]).iter().copied().fold(f32::INFINITY, f32::min);
        for start in [crate::motion::layout::POSITIONS.start, crate::motion::layout::TRANSL.start] {
            let end = if start == crate::motion::layout::TRANSL.start { start + 3 } else { start + 66 };
            for column in (start + 2..end).step_by(3) {
                features.column_mut(column).mapv_inplace(|z| z - lowest - 0.03);
            }
        }
        let sunk = Motion::from_features(features, 20.0).unwrap();
        let low = |m: &Motion| m.joints().slice(s![.., LEFT_FOOT, 2]).iter().copied().fold(f32::INFINITY, f32::min);
        assert!(low(&sunk) < -0.02);
        assert!(low(&sunk.refit(true).unwrap()) > -0.004, "{}", low(&sunk.refit(true).unwrap()));
    }
}
