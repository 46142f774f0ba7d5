//! The joints of a body and how they move with its parameters: what fitting needs instead of vertices.

use glam::{DMat3, DVec3};
use ndarray::{ArrayView2, ArrayView3};

use super::parameters::{BETAS, Parameters, TRANSLATION};
use crate::body::REST_OFFSETS;
use crate::error::{Error, Result};
use crate::motion::skeleton::PARENTS;

/// Joints of SMPL: the 22 and two hands.
pub const SMPL_JOINTS: usize = 24;
/// Shape components of a body.
pub const SHAPES: usize = 10;

/// The joint that joint `j` hangs on, for SMPL's 24.
pub fn parent(joint: usize) -> Option<usize> {
    match joint {
        22 => Some(20),
        23 => Some(21),
        _ => PARENTS[joint],
    }
}

/// The rest pose's joints as a linear function of the body's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct JointModel {
    rest: [DVec3; SMPL_JOINTS],
    shapes: [[DVec3; SHAPES]; SMPL_JOINTS],
}

impl JointModel {
    /// The joints of a SMPL body: joints are a regression of the shaped vertices, which is linear in the shape.
    ///
    /// # Shapes
    /// - v_template: `[vertices, 3]`, metres
    /// - shapedirs: `[vertices, 3, 10 or more]`, of which the first 10 are used
    /// - j_regressor: `[24, vertices]`
    ///
    /// # Errors
    /// [`Error::Shape`] for other shapes.
    pub fn from_smpl(
        v_template: ArrayView2<'_, f64>,
        shapedirs: ArrayView3<'_, f64>,
        j_regressor: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        let vertices = v_template.nrows();
        if v_template.ncols() != 3 {
            return Err(Error::shape("v_template", "(V, 3)", v_template.shape()));
        }
        if shapedirs.dim().0 != vertices || shapedirs.dim().1 != 3 || shapedirs.dim().2 < SHAPES {
            return Err(Error::shape("shapedirs", format!("({vertices}, 3, 10)"), shapedirs.shape()));
        }
        if j_regressor.dim() != (SMPL_JOINTS, vertices) {
            return Err(Error::shape("J_regressor", format!("(24, {vertices})"), j_regressor.shape()));
        }
        let regress = |joint: usize, value: &dyn Fn(usize, usize) -> f64| {
            let weights = j_regressor.row(joint);
            let sum = |c: usize| weights.iter().enumerate().map(|(v, w)| w * value(v, c)).sum();
            DVec3::from_array(std::array::from_fn(sum))
        };
        let rest = std::array::from_fn(|j| regress(j, &|v, c| v_template[[v, c]]));
        let shape = |j: usize, k: usize| regress(j, &|v, c| shapedirs[[v, c, k]]);
        Ok(Self { rest, shapes: std::array::from_fn(|j| std::array::from_fn(|k| shape(j, k))) })
    }

    /// The built-in skeleton, for those without a SMPL file: its first shape component makes it larger, the next four
    /// stretch legs, arms, trunk and breadth, 5% a unit each.
    pub fn neutral() -> Self {
        const UNIT: f64 = 0.05;
        let offset = |j: usize| match j {
            22 => DVec3::new(0.08, 0.0, 0.0),
            23 => DVec3::new(-0.08, 0.0, 0.0),
            _ => REST_OFFSETS[j].as_dvec3(),
        };
        let stretch = |j: usize, k: usize| {
            let stretched = match k {
                0 => true,
                1 => matches!(j, 4 | 5 | 7 | 8 | 10 | 11),
                2 => matches!(j, 18..=23),
                3 => matches!(j, 3 | 6 | 9 | 12 | 15),
                4 => matches!(j, 1 | 2 | 13 | 14 | 16 | 17),
                _ => false,
            };
            if stretched { offset(j) * UNIT } else { DVec3::ZERO }
        };
        let mut body = Self { rest: [DVec3::ZERO; SMPL_JOINTS], shapes: [[DVec3::ZERO; SHAPES]; SMPL_JOINTS] };
        for j in 0..SMPL_JOINTS {
            let above = parent(j);
            body.rest[j] = offset(j) + above.map_or(DVec3::ZERO, |p| body.rest[p]);
            body.shapes[j] = std::array::from_fn(|k| stretch(j, k) + above.map_or(DVec3::ZERO, |p| body.shapes[p][k]));
        }
        body
    }

    /// Joint positions without shape, in the rest pose, metres.
    pub fn rest(&self) -> &[DVec3; SMPL_JOINTS] {
        &self.rest
    }

    /// The body in a pose.
    pub(super) fn pose(&self, x: &Parameters) -> Posed {
        let betas = x.betas();
        let shaped = |j: usize| (0..SHAPES).fold(self.rest[j], |p, k| p + self.shapes[j][k] * betas[k]);
        let mut posed = Posed {
            joints: [DVec3::ZERO; SMPL_JOINTS],
            global: [DMat3::IDENTITY; SMPL_JOINTS],
            axes: [[DVec3::ZERO; 3]; SMPL_JOINTS],
            shapes: [[DVec3::ZERO; SHAPES]; SMPL_JOINTS],
        };
        for j in 0..SMPL_JOINTS {
            let (rotation, turns) = rodrigues(x.rotation(j));
            let (frame, offset, from) = match parent(j) {
                None => (DMat3::IDENTITY, shaped(j), None),
                Some(p) => (posed.global[p], shaped(j) - shaped(p), Some(p)),
            };
            posed.joints[j] = from.map_or(x.translation(), |p| posed.joints[p]) + frame * offset;
            posed.global[j] = frame * rotation;
            posed.axes[j] = turns.map(|axis| frame * axis);
            posed.shapes[j] = std::array::from_fn(|k| match from {
                None => self.shapes[j][k],
                Some(p) => posed.shapes[p][k] + frame * (self.shapes[j][k] - self.shapes[p][k]),
            });
        }
        posed
    }
}

/// A body in a pose, with what its derivatives need.
pub(super) struct Posed {
    /// Positions, translation included, metres.
    pub joints: [DVec3; SMPL_JOINTS],
    /// Orientations.
    pub global: [DMat3; SMPL_JOINTS],
    /// The angular velocity in space that each component of a joint's axis-angle vector causes.
    axes: [[DVec3; 3]; SMPL_JOINTS],
    /// How each joint moves with the shape.
    shapes: [[DVec3; SHAPES]; SMPL_JOINTS],
}

impl Posed {
    /// Calls `column` with each parameter that moves a joint, and how.
    pub fn derivatives(&self, joint: usize, mut column: impl FnMut(usize, DVec3)) {
        let mut above = parent(joint);
        while let Some(k) = above {
            let arm = self.joints[joint] - self.joints[k];
            for (c, axis) in self.axes[k].iter().enumerate() {
                column(3 * k + c, axis.cross(arm));
            }
            above = parent(k);
        }
        for (k, shape) in self.shapes[joint].iter().enumerate() {
            column(BETAS + k, *shape);
        }
        for (c, axis) in DVec3::AXES.into_iter().enumerate() {
            column(TRANSLATION + c, axis);
        }
    }
}

/// The rotation of an axis-angle vector as the body model computes it (the angle is the length of the vector with 1e-8
/// added to each component), and the columns of the left Jacobian of SO(3): `d R / d v_c = [column_c]x R`.
fn rodrigues(v: DVec3) -> (DMat3, [DVec3; 3]) {
    let angle = (v + DVec3::splat(1e-8)).length();
    let k = skew(v / angle);
    let (sin, cos) = angle.sin_cos();
    let rotation = DMat3::IDENTITY + k * sin + k * k * (1.0 - cos);
    let square = angle * angle;
    // Below this angle the quotients lose digits; their series end after two terms.
    let (a, b) = match angle < 1e-3 {
        true => (0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0),
        false => ((1.0 - cos) / square, (angle - sin) / (square * angle)),
    };
    let turn = skew(v);
    let jacobian = DMat3::IDENTITY + turn * a + turn * turn * b;
    (rotation, [jacobian.x_axis, jacobian.y_axis, jacobian.z_axis])
}

fn skew(v: DVec3) -> DMat3 {
    DMat3::from_cols(DVec3::new(0.0, v.z, -v.y), DVec3::new(-v.z, 0.0, v.x), DVec3::new(v.y, -v.x, 0.0))
}

#[cfg(test)]
mod tests {
    use super::super::parameters::COUNT;
    use super::*;
    use crate::motion::layout::JOINTS;

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let body = JointModel::neutral();
        let mut x = Parameters::ZERO;
        for (i, v) in x.0.iter_mut().enumerate() {
            *v = 0.4 * (i as f64 * 1.7).sin();
        }
        x.0[9..12].fill(0.0);
        let posed = body.pose(&x);
        let h = 1e-6;
        for joint in 0..JOINTS {
            let mut analytic = [DVec3::ZERO; COUNT];
            posed.derivatives(joint, |column, d| analytic[column] += d);
            for (column, d) in analytic.iter().enumerate() {
                let at = |by: f64| {
                    let mut moved = x.clone();
                    moved.0[column] += by;
                    body.pose(&moved).joints[joint]
                };
                let numeric = (at(h) - at(-h)) / (2.0 * h);
                assert!(numeric.abs_diff_eq(*d, 1e-7), "joint {joint} column {column}: {numeric} {d}");
            }
        }
    }

    #[test]
    fn the_neutral_body_without_pose_is_the_built_in_skeleton() {
        let joints = JointModel::neutral().pose(&Parameters::ZERO).joints;
        assert_eq!(joints[0], DVec3::ZERO);
        for j in 1..JOINTS {
            let offset = joints[j] - joints[parent(j).unwrap()];
            assert!(offset.abs_diff_eq(REST_OFFSETS[j].as_dvec3(), 1e-12), "{j}");
        }
    }
}
