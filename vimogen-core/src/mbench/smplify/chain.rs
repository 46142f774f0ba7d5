//! Joints of a body and their derivatives by its parameters, which fitting needs instead of vertices.

use glam::{DMat3, DVec3};

use super::parameters::{BETAS, Parameters, TRANSLATION};
use crate::body::{BodyKind, BodyModel};
use crate::motion::skeleton::{PARENTS, chain_positions, chain_rotations};

/// Joints of SMPL: the 22 and two hands.
pub const SMPL_JOINTS: usize = 24;
/// Shape components of a body.
pub const SHAPES: usize = 10;

/// The parent of joint `j` of SMPL's 24.
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
    /// The joints of a body and their derivatives by the first 10 shape components. For SMPL-X the first knuckles serve as SMPL's
    /// hands. The neutral body has no shape components; here the first scales it, and the next four stretch legs, arms, trunk
    /// and breadth, 5% per unit each.
    pub fn new(body: &BodyModel) -> Self {
        let (rest, dirs) = (body.rest_joints(), body.joint_shapes());
        let index = |j: usize| match (body.kind(), j) {
            (BodyKind::Smplx, 22) => 25,
            (BodyKind::Smplx, 23) => 40,
            // The neutral body has no hands; they are attached to the wrists and move no other joint.
            (BodyKind::Neutral, 22 | 23) => j - 2,
            _ => j,
        };
        let at = |j: usize| DVec3::from_array(std::array::from_fn(|c| f64::from(rest[3 * index(j) + c])));
        let dir = |j: usize, k: usize| {
            if k < dirs.ncols() {
                DVec3::from_array(std::array::from_fn(|c| f64::from(dirs[[3 * index(j) + c, k]])))
            } else {
                DVec3::ZERO
            }
        };
        let mut model =
            Self { rest: std::array::from_fn(at), shapes: std::array::from_fn(|j| std::array::from_fn(|k| dir(j, k))) };
        if body.kind() == BodyKind::Neutral {
            model.shapes = stretches(&model.rest);
        }
        model
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
        let parents: [Option<usize>; SMPL_JOINTS] = std::array::from_fn(parent);
        for (j, parent) in parents.iter().enumerate() {
            (posed.global[j], posed.axes[j]) = rodrigues(x.rotation(j));
            posed.joints[j] = parent.map_or(x.translation() + shaped(j), |p| shaped(j) - shaped(p));
        }
        chain_rotations(&parents, &mut posed.global);
        chain_positions(&parents, &posed.global, &mut posed.joints);
        for (j, parent) in parents.iter().enumerate() {
            let Some(p) = *parent else {
                posed.shapes[j] = self.shapes[j];
                continue;
            };
            let frame = posed.global[p];
            posed.axes[j] = posed.axes[j].map(|axis| frame * axis);
            posed.shapes[j] =
                std::array::from_fn(|k| posed.shapes[p][k] + frame * (self.shapes[j][k] - self.shapes[p][k]));
        }
        posed
    }
}

/// Shape components of the neutral body: the change of each joint by 5% longer bones.
fn stretches(rest: &[DVec3; SMPL_JOINTS]) -> [[DVec3; SHAPES]; SMPL_JOINTS] {
    const UNIT: f64 = 0.05;
    let mut shapes = [[DVec3::ZERO; SHAPES]; SMPL_JOINTS];
    for (j, above) in (1..SMPL_JOINTS).filter_map(|j| Some((j, parent(j)?))) {
        let bone = UNIT * (rest[j] - rest[above]);
        let group = match j {
            4 | 5 | 7 | 8 | 10 | 11 => 1,
            18..=23 => 2,
            1 | 2 | 13 | 14 | 16 | 17 => 4,
            _ => 3,
        };
        shapes[j] = shapes[above];
        shapes[j][0] += bone;
        shapes[j][group] += bone;
    }
    shapes
}

/// A posed body, with the inputs of its derivatives.
pub(super) struct Posed {
    /// Positions, translation included, metres.
    pub joints: [DVec3; SMPL_JOINTS],
    /// Orientations.
    pub global: [DMat3; SMPL_JOINTS],
    /// Angular velocity in space by each component of a joint's axis-angle vector.
    axes: [[DVec3; 3]; SMPL_JOINTS],
    /// Derivative of each joint by the shape.
    shapes: [[DVec3; SHAPES]; SMPL_JOINTS],
}

impl Posed {
    /// Calls `column` with each parameter that moves a joint, and the derivative.
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
    // Below this angle the quotients lose digits; two terms of their series are exact enough.
    let (a, b) = if angle < 1e-3 {
        (0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0)
    } else {
        ((1.0 - cos) / square, (angle - sin) / (square * angle))
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
    use crate::body::{BodyParams, REST_OFFSETS};
    use crate::motion::layout::JOINTS;

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let body = JointModel::new(BodyModel::neutral());
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
    fn the_bodys_own_forward_pass_gives_the_same_joints() {
        let body = BodyModel::neutral();
        let mut x = Parameters::ZERO;
        x.0.iter_mut().enumerate().take(66).for_each(|(i, v)| *v = 0.5 * (i as f64 * 0.9).cos());
        x.0[83] = 1.5;
        let own = JointModel::new(body).pose(&x).joints;
        let pose = ndarray::Array2::from_shape_fn((1, 66), |(_, i)| x.0[i] as f32);
        let transl = ndarray::array![[0.0, 1.5, 0.0]];
        let none = ndarray::Array2::zeros((0, 0));
        let params = BodyParams { pose, transl, betas: none.clone(), expression: none };
        let theirs = body.joints(&params).unwrap();
        for (j, c) in ndarray::indices((JOINTS, 3)) {
            assert!((own[j][c] as f32 - theirs[[0, j, c]]).abs() < 1e-5, "joint {j}");
        }
    }

    #[test]
    fn the_neutral_body_without_pose_is_the_built_in_skeleton() {
        let joints = JointModel::new(BodyModel::neutral()).pose(&Parameters::ZERO).joints;
        for j in 1..JOINTS {
            let offset = joints[j] - joints[parent(j).unwrap()];
            assert!(offset.abs_diff_eq(REST_OFFSETS[j].as_dvec3(), 1e-6), "{j}");
        }
    }
}
