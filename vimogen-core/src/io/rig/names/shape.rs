//! A human by the shape of its skeleton: two legs, a spine, two arms and a head, by the lengths of chains and symmetry.

use glam::DVec3;

use super::Map;
use super::spelling::{Side, labels};
use super::tree::Tree;
use crate::io::rig::Rig;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{
    HEAD, LEFT_ANKLE, LEFT_ELBOW, LEFT_FOOT, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, LEFT_WRIST, NECK, PELVIS,
};

/// Maximum relative difference of the lengths of two limbs of a body.
const SYMMETRY: f64 = 0.12;
/// Frames that are looked at for the sides.
const LOOKS: usize = 16;

/// Two limbs of the same length.
struct Pair {
    /// Joint that both hang on.
    at: usize,
    /// The joints of each limb, from below `at` to the end.
    limbs: [Vec<usize>; 2],
    length: f64,
}

/// The map by shape, and whether the sides are sure; `None` for other skeletons than a human's.
pub(super) fn by_shape(tree: &Tree<'_>, rig: &dyn Rig) -> Option<(Map, bool)> {
    let mut pairs = pairs(tree);
    pairs.sort_by(|a, b| b.length.total_cmp(&a.length));
    let (legs, arms) = legs_and_arms(tree, &pairs)?;
    let leg = best_cut(tree, legs, LEG)?;
    let arm = best_cut(tree, arms, ARM)?;
    let mut map: Map = [None; JOINTS];
    map[PELVIS] = Some(legs.at);
    for side in 0..2 {
        let at = |limb: &Pair, i: usize| limb.limbs[side].get(i).copied();
        for (joint, i) in [(LEFT_HIP, leg[0]), (LEFT_KNEE, leg[1]), (LEFT_ANKLE, leg[2]), (LEFT_FOOT, leg[2] + 1)] {
            map[joint + side] = at(legs, i);
        }
        for (joint, i) in [(LEFT_SHOULDER, arm[0]), (LEFT_ELBOW, arm[1]), (LEFT_WRIST, arm[2])] {
            map[joint + side] = at(arms, i);
        }
    }
    head(tree, arms, legs, &mut map);
    let sure = sort_sides(tree, rig, &mut map);
    Some((map, sure))
}

/// The longest pair of limbs at each joint that has one.
fn pairs(tree: &Tree<'_>) -> Vec<Pair> {
    let ways = tree.longest_ways();
    let limb = |child: usize| -> Vec<usize> { std::iter::successors(Some(child), |j| ways[*j].1).collect() };
    let mut pairs = Vec::new();
    for (at, children) in tree.children.iter().enumerate() {
        let length = |child: usize| tree.length(child) + ways[child].0;
        let mut sorted: Vec<usize> = children.iter().copied().filter(|child| length(*child) > 0.0).collect();
        sorted.sort_by(|a, b| length(*b).total_cmp(&length(*a)));
        let similar = sorted.windows(2).find_map(|pair| {
            let (a, b) = (length(pair[0]), length(pair[1]));
            let limbs = [limb(pair[0]), limb(pair[1])];
            let same = limbs[0].len() == limbs[1].len() && limbs[0].len() >= 2;
            (same && a - b < SYMMETRY * a).then_some(Pair { at, limbs, length: b })
        });
        pairs.extend(similar);
    }
    pairs
}

/// The two longest pairs, of which neither contains the other. Arms are those that a head hangs next to.
fn legs_and_arms<'a>(tree: &Tree<'_>, pairs: &'a [Pair]) -> Option<(&'a Pair, &'a Pair)> {
    let within = |inner: &Pair, outer: &Pair| outer.limbs.iter().any(|limb| tree.is_below(inner.at, limb[0]));
    let mut found = pairs.iter().enumerate().flat_map(|(i, a)| pairs[i + 1..].iter().map(move |b| (a, b)));
    let (a, b) = found.find(|(a, b)| !within(a, b) && !within(b, a))?;
    Some(if tree.is_below(b.at, a.at) {
        (a, b)
    } else if tree.is_below(a.at, b.at) || other_branch(tree, a, None).is_some() {
        (b, a)
    } else {
        (a, b)
    })
}

/// The longest branch at a pair that is neither of its limbs nor leads to `other`.
fn other_branch(tree: &Tree<'_>, pair: &Pair, other: Option<usize>) -> Option<usize> {
    let ways = tree.longest_ways();
    let mut branches: Vec<usize> = tree.children[pair.at].clone();
    branches.retain(|child| pair.limbs.iter().all(|limb| limb[0] != *child));
    branches.retain(|child| other.is_none_or(|other| !tree.is_below(other, *child)));
    branches.retain(|child| tree.length(*child) + ways[*child].0 > 0.0);
    branches.into_iter().max_by(|a, b| (tree.length(*a) + ways[*a].0).total_cmp(&(tree.length(*b) + ways[*b].0)))
}

/// Parts of a limb in units of the mean of its two long bones: before the first joint, and after the last.
#[derive(Clone, Copy)]
struct Build {
    before: f64,
    after: f64,
    /// Whether the third joint may be an End Site.
    open: bool,
}

const LEG: Build = Build { before: 0.25, after: 0.45, open: false };
const ARM: Build = Build { before: 0.6, after: 0.5, open: true };

/// Which three joints of a pair of limbs are hip, knee and ankle, or shoulder, elbow and wrist: two bones of about the
/// same length, with what is usual before and after.
fn best_cut(tree: &Tree<'_>, pair: &Pair, build: Build) -> Option<[usize; 3]> {
    // Distances from the joint of the pair along the limb; the last one is the End Site.
    let reach = |limb: &[usize]| -> Vec<f64> {
        let bones = limb.iter().map(|j| tree.length(*j)).chain(limb.last().map(|j| tree.end_length(*j)));
        bones
            .scan(0.0, |sum, length| {
                Some({
                    *sum += length;
                    *sum
                })
            })
            .collect()
    };
    let reach = pair.limbs.each_ref().map(|limb| reach(limb));
    // Limbs with dozens of joints are hair or tails.
    let joints = pair.limbs[0].len().min(12);
    let last = if build.open { joints } else { joints - 1 };
    let mut best: Option<(f64, [usize; 3])> = None;
    for i in 0..joints {
        for j in i + 1..joints {
            for k in j + 1..=last {
                let cost: f64 = reach.iter().map(|reach| cost(reach, [i, j, k], build)).sum();
                if cost.is_finite() && best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, [i, j, k]));
                }
            }
        }
    }
    best.filter(|(cost, _)| *cost < 4.0).map(|(_, cut)| cut)
}

fn cost(reach: &[f64], [i, j, k]: [usize; 3], build: Build) -> f64 {
    let (upper, lower) = (reach[j] - reach[i], reach[k] - reach[j]);
    let mean = 0.5 * (upper + lower);
    let (before, after) = (reach[i] / mean, (reach[reach.len() - 1] - reach[k]) / mean);
    4.0 * (upper / lower).ln().powi(2) + (before - build.before).powi(2) + (after - build.after).powi(2)
}

/// Neck and head: the first joint of the third branch at the chest, and the last before it branches.
fn head(tree: &Tree<'_>, arms: &Pair, legs: &Pair, map: &mut Map) {
    let Some(neck) = other_branch(tree, arms, Some(legs.at)) else { return };
    let down = std::iter::successors(Some(neck), |j| match tree.children[*j].as_slice() {
        [only] => Some(*only),
        _ => None,
    });
    let chain: Vec<usize> = down.take(8).collect();
    let named = chain.iter().copied().find(|j| super::spelling::plain(&tree.joints[*j].name).contains("head"));
    map[HEAD] = named.or(chain.last().copied()).filter(|head| *head != neck);
    map[NECK] = Some(neck);
}

/// Exchanges the sides where left is right; whether they are sure.
fn sort_sides(tree: &Tree<'_>, rig: &dyn Rig, map: &mut Map) -> bool {
    let labels = labels(&tree.names());
    let by_name = |joints: &[usize], map: &Map| {
        let named = joints.iter().find_map(|j| Some((labels[map[*j]?].side?, labels[map[*j + 1]?].side?)));
        named.filter(|(a, b)| a != b).map(|(a, _)| a == Side::Left)
    };
    let legs = [LEFT_HIP, LEFT_KNEE, LEFT_ANKLE];
    let arms = [LEFT_SHOULDER, LEFT_ELBOW];
    let votes = votes(tree, rig, map);
    let sure = by_name(&legs, map).is_some() || votes.legs.abs() >= 0.5;
    if !by_name(&legs, map).unwrap_or(votes.legs >= 0.0) {
        for joint in [LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, LEFT_FOOT] {
            map.swap(joint, joint + 1);
        }
    }
    // The vote on the arms is against the legs as they were.
    let arms_left = if votes.arms >= 0.0 { votes.legs >= 0.0 } else { votes.legs < 0.0 };
    if !by_name(&arms, map).unwrap_or(arms_left) {
        for joint in [LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST] {
            map.swap(joint, joint + 1);
        }
    }
    sure
}

/// Votes of poses, from -1 to 1.
struct Votes {
    /// Whether the first leg is the left one.
    legs: f64,
    /// Whether the first arm is on the side of the first leg.
    arms: f64,
}

/// Looks at the rest pose and some frames: left is where up times forward points, and feet point forward.
fn votes(tree: &Tree<'_>, rig: &dyn Rig, map: &Map) -> Votes {
    let mut world = vec![tree.joints[0].rest; tree.joints.len()];
    let mut sums = (0.0, 0.0);
    let looks = rig.frames().min(LOOKS);
    for look in 0..looks {
        rig.world(look * rig.frames() / looks, &mut world);
        let place = |joint: usize| map[joint].map(|j| world[j].1);
        let toe = |side: usize| {
            let ankle = map[LEFT_ANKLE + side]?;
            let end = tree.joints[ankle]
                .end
                .map(|end| world[ankle].1 + world[ankle].0 * tree.joints[ankle].rest.0.transpose() * end);
            place(LEFT_FOOT + side).or(end)
        };
        let across = |joint: usize| Some(place(joint)? - place(joint + 1)?);
        let forward = (0..2).filter_map(|side| Some(toe(side)? - place(LEFT_ANKLE + side)?)).sum::<DVec3>();
        let up =
            place(NECK).or(place(LEFT_SHOULDER)).zip(place(PELVIS)).map_or(DVec3::ZERO, |(neck, pelvis)| neck - pelvis);
        let (Some(hips), Some(shoulders)) = (across(LEFT_HIP), across(LEFT_SHOULDER)) else { continue };
        sums.0 += sign(hips.dot(up.cross(forward)));
        sums.1 += sign(hips.dot(shoulders));
    }
    let looks = looks.max(1) as f64;
    Votes { legs: sums.0 / looks, arms: sums.1 / looks }
}

/// The sign of a number, 0 for 0.
fn sign(value: f64) -> f64 {
    if value == 0.0 || value.is_nan() { 0.0 } else { value.signum() }
}
