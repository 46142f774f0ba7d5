//! Places and distances of joints.

use glam::{Mat3, Quat, Vec3};

use super::change::{difference, turned};
use super::constraints::Constraint;
use super::kernel::Spread;
use crate::body::Limb;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_COLLAR, LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, NECK, RIGHT_COLLAR, RIGHT_ELBOW, RIGHT_HIP,
    RIGHT_KNEE, RIGHT_SHOULDER, SPINE1, SPINE2, SPINE3,
};
use crate::motion::skeleton::{JOINT_NAMES, PARENTS};
use crate::motion::{Pose, Skeleton};

/// Joints that are reached by turning those above them.
const CHAINS: [(usize, &[usize]); 5] = [
    (HEAD, &[SPINE1, SPINE2, SPINE3, NECK]),
    (LEFT_ELBOW, &[LEFT_COLLAR, LEFT_SHOULDER]),
    (RIGHT_ELBOW, &[RIGHT_COLLAR, RIGHT_SHOULDER]),
    (LEFT_KNEE, &[LEFT_HIP]),
    (RIGHT_KNEE, &[RIGHT_HIP]),
];
/// Steps of turning a chain towards a place.
const STEPS: usize = 8;
/// Damping of these steps, metres^2.
const DAMPING: f32 = 1e-4;

/// How a joint is moved.
#[derive(Debug, Clone, Copy)]
enum Means {
    /// A hand or a foot, by its two bones.
    Limb(Limb),
    /// Another joint, by turning joints above it.
    Chain(&'static [usize]),
}

/// Where a joint has to be.
#[derive(Debug, Clone, Copy)]
enum Aim {
    Place(Vec3),
    /// At a distance from another joint.
    From(usize, f32),
}

/// Places of one joint over time.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    end: usize,
    means: Means,
    aims: Vec<(usize, Aim)>,
    /// Rows on the joints that turn: those of `aims`, then those of whole poses.
    spread: Spread,
}

impl Reach {
    /// Of all constraints; those that turn the joints above others come first.
    pub(super) fn all(constraints: &[Constraint], poses: &[(usize, Pose)], frames: usize) -> Vec<Self> {
        let chains = CHAINS.iter().map(|(end, chain)| (*end, Means::Chain(chain)));
        let limbs = Limb::ALL.iter().map(|limb| (limb.end, Means::Limb(*limb)));
        chains.chain(limbs).filter_map(|(end, means)| Self::new(end, means, constraints, poses, frames)).collect()
    }

    fn new(
        end: usize,
        means: Means,
        constraints: &[Constraint],
        poses: &[(usize, Pose)],
        frames: usize,
    ) -> Option<Self> {
        let mut aims: Vec<(usize, Aim)> = Vec::new();
        for constraint in constraints {
            let (frame, count, aim) = match constraint {
                Constraint::Joint { joint, frame, frames, position } if *joint == JOINT_NAMES[end] => {
                    (*frame, *frames, Aim::Place(Vec3::from_array(*position)))
                }
                Constraint::Distance { joints: [joint, from], frame, frames, distance }
                    if *joint == JOINT_NAMES[end] =>
                {
                    let from = JOINT_NAMES.iter().position(|name| name == from)?;
                    (*frame, *frames, Aim::From(from, *distance))
                }
                _ => continue,
            };
            aims.extend((frame..frame + count).map(|t| (t, aim)));
        }
        if aims.is_empty() {
            return None;
        }
        let keyed = poses.iter().map(|(frame, _)| *frame).filter(|frame| aims.iter().all(|(t, _)| t != frame));
        let rows = aims.iter().map(|(t, _)| *t).chain(keyed).map(|t| vec![(t, 1.0)]).collect();
        Some(Self { spread: Spread::of_poses(rows, frames), end, means, aims })
    }

    /// The leg that it holds: 0 the left, 1 the right.
    pub(super) fn leg(&self) -> Option<usize> {
        let legs = [Limb::LEFT_LEG, Limb::RIGHT_LEG];
        legs.iter().position(|leg| [leg.end, leg.middle].contains(&self.end))
    }

    /// Whether it places its joint at a frame.
    pub(super) fn aims_at(&self, frame: usize) -> bool {
        self.aims.iter().any(|(at, _)| *at == frame)
    }

    /// How far the joint of a frame is held, from 0 to 1.
    pub(super) fn held(&self, frame: usize) -> f32 {
        self.spread.at(frame).iter().take(self.aims.len()).map(|weight| weight.abs()).sum::<f32>().min(1.0)
    }

    /// Turns the joints above so that the joint comes to its places.
    pub(super) fn project(&self, poses: &mut [Pose], skeleton: &Skeleton) {
        let change = |(t, aim): &(usize, Aim)| {
            let mut reached = poses[*t];
            self.pull(skeleton, &mut reached, *aim);
            difference(&reached, &poses[*t])
        };
        let changes: Vec<_> = self.aims.iter().map(change).collect();
        let limb = match self.means {
            Means::Limb(limb) => vec![limb.upper, limb.middle, limb.end],
            Means::Chain(chain) => chain.to_vec(),
        };
        for (t, pose) in poses.iter_mut().enumerate() {
            let weights = self.spread.at(t);
            for j in &limb {
                let change: Vec3 = weights.iter().zip(&changes).map(|(w, d)| d[*j] * *w).sum();
                pose.rotations[*j] = turned(change, pose.rotations[*j]);
            }
        }
    }

    fn pull(&self, skeleton: &Skeleton, pose: &mut Pose, aim: Aim) {
        let (_, places) = skeleton.fk(pose.root, pose.rotations);
        let place = match aim {
            Aim::Place(place) => place,
            Aim::From(from, distance) => {
                let away = (places[self.end] - places[from]).try_normalize().unwrap_or(Vec3::Z);
                places[from] + away * distance
            }
        };
        match self.means {
            Means::Limb(limb) => limb.pull(skeleton, pose, place - places[self.end]),
            Means::Chain(chain) => (0..STEPS).for_each(|_| turn_chain(skeleton, pose, chain, self.end, place)),
        }
    }
}

/// One damped Gauss-Newton step of turning the joints of a chain so that its end comes to a place.
fn turn_chain(skeleton: &Skeleton, pose: &mut Pose, chain: &[usize], end: usize, place: Vec3) {
    let (turns, places) = skeleton.fk(pose.root, pose.rotations);
    let arm = |j: &usize| places[end] - places[*j];
    // A turn w of a joint moves the end by w x arm; J J^T is the sum of |arm|^2 - arm arm^T.
    let square =
        |r: Vec3| Mat3::from_diagonal(Vec3::splat(r.length_squared())) - Mat3::from_cols(r * r.x, r * r.y, r * r.z);
    let sum = chain.iter().map(|j| square(arm(j))).fold(Mat3::from_diagonal(Vec3::splat(DAMPING)), |a, b| a + b);
    let pull = sum.inverse() * (place - places[end]).clamp_length_max(0.2);
    for j in chain {
        let turn = arm(j).cross(pull).clamp_length_max(0.5);
        let above = PARENTS[*j].map_or(Quat::IDENTITY, |parent| turns[parent]);
        let turn = above.inverse() * Quat::from_scaled_axis(turn) * above;
        pose.rotations[*j] = (turn * pose.rotations[*j]).normalize();
    }
}
