//! Choosing among motions of one prompt.

use super::dimension::Dimension;
use super::quality::{Quality, UpAxis};
use crate::error::Result;
use crate::motion::Motion;

/// The metrics that say how physical a motion is; of each the least is best.
const PHYSICAL: [Dimension; 4] =
    [Dimension::JitterDegree, Dimension::FootSliding, Dimension::FootFloating, Dimension::GroundPenetration];

/// Places of the motions, the most physical first: by the sum of their ranks in jitter, foot sliding, foot floating and
/// ground penetration. Equal ones keep their order; a metric that a motion does not have counts as the worst.
///
/// # Errors
/// Those of [`Quality::measure`]: a motion of a single frame has no metrics.
pub fn best_first(motions: &[Motion]) -> Result<Vec<usize>> {
    let measured: Vec<Quality> =
        motions.iter().map(|motion| Quality::measure(motion.joints(), UpAxis::Z)).collect::<Result<_>>()?;
    let value = |i: usize, dimension: Dimension| match measured[i].get(dimension) {
        value if value.is_nan() => f32::INFINITY,
        value => value,
    };
    let better = |i: usize, dimension: Dimension| {
        (0..motions.len()).filter(|j| value(*j, dimension) < value(i, dimension)).count()
    };
    let ranks: Vec<usize> = (0..motions.len()).map(|i| PHYSICAL.iter().map(|d| better(i, *d)).sum()).collect();
    let mut order: Vec<usize> = (0..motions.len()).collect();
    order.sort_by_key(|i| ranks[*i]);
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::tests::strides;

    #[test]
    fn the_motion_that_does_not_shake_is_chosen() {
        let clean = Motion::from_poses(&strides(60), 20.0).unwrap();
        let mut poses = strides(60);
        poses.iter_mut().step_by(2).for_each(|pose| pose.root.x += 0.03);
        let shaken = Motion::from_poses(&poses, 20.0).unwrap();
        assert_eq!(best_first(&[shaken.clone(), clean.clone()]).unwrap(), [1, 0]);
        assert_eq!(best_first(&[clean.clone(), clean.clone(), shaken]).unwrap(), [0, 1, 2]);
        assert!(best_first(&[]).unwrap().is_empty());
    }
}
