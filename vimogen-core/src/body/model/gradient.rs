//! The derivative of the forward pass, transposed, for fitting a body to vertices or joints.

use glam::{DMat3, DVec3};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayView3, s};

use super::{BodyModel, BodyParams, skin};
use crate::error::{Error, Result, check_finite};
use crate::motion::skeleton::chain_rotations;

/// Derivative of a value by the parameters of a body; fields as in [`BodyParams`], one row per frame.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyGradient {
    /// By the pose, `(T, 3 J)`, per radian.
    pub pose: Array2<f32>,
    /// By the translation, `(T, 3)`, per metre.
    pub transl: Array2<f32>,
    /// By all components of the shape, `(T, n)`.
    pub betas: Array2<f32>,
    /// By all components of the expression, `(T, n)`.
    pub expression: Array2<f32>,
}

/// Derivatives of one frame.
struct Frame {
    pose: Vec<f64>,
    transl: DVec3,
    /// By the rest joints, `(3 J)`.
    rest: Array1<f32>,
}

/// The joints of a frame on their way to its vertices.
struct Chain {
    /// Relative to the parent, and to the world.
    local: Vec<DMat3>,
    world: Vec<DMat3>,
    rest: Vec<DVec3>,
}

/// Derivatives by the parts of a chain.
struct Slopes {
    world: Vec<DMat3>,
    place: Vec<DVec3>,
    rest: Vec<DVec3>,
    transl: DVec3,
}

impl BodyModel {
    /// Derivative of a value by the parameters, from its derivatives by the vertices and joints of
    /// [`BodyModel::forward`].
    ///
    /// # Shapes
    /// - vertices: `[frames, V, 3]`, joints: `[frames, J, 3]`: derivatives of the value
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::NonFinite`] naming the array.
    pub fn gradient(
        &self,
        params: &BodyParams,
        vertices: ArrayView3<'_, f32>,
        joints: ArrayView3<'_, f32>,
    ) -> Result<BodyGradient> {
        let frames = self.check(params)?;
        let (count, all) = (self.num_joints(), self.num_vertices());
        for (name, array, len) in [("vertices", &vertices, all), ("joints", &joints, count)] {
            if array.dim() != (frames, len, 3) {
                return Err(Error::shape(name, format!("({frames}, {len}, 3)"), array.shape()));
            }
            check_finite(name, array)?;
        }
        let shape = self.shape_coefficients(params, frames);
        let rotations = skin::rotations(&params.pose, &self.mean_pose);
        let bend = self.pose_coefficients(&rotations, frames);
        let mut pose = Array2::zeros((frames, 3 * count));
        let mut transl = Array2::zeros((frames, 3));
        let mut blend = Array2::zeros((frames, self.shapedirs.ncols()));
        for t in 0..frames {
            let coefficients = shape.row(if shape.nrows() == 1 { 0 } else { t });
            let vector = |j: usize| {
                let entry = |c: usize| f64::from(params.pose[[t, 3 * j + c]]) + f64::from(self.mean_pose[3 * j + c]);
                DVec3::from_array(std::array::from_fn(entry))
            };
            let pull = [vertices.slice(s![t, .., ..]), joints.slice(s![t, .., ..])];
            let rest = &self.template + &self.shapedirs.dot(&coefficients) + self.posedirs.dot(&bend.row(t));
            let (frame, by_rest) = self.frame_gradient(&vector, coefficients, rest.view(), pull);
            let by_shape = self.shapedirs.t().dot(&by_rest) + self.joint_dirs.t().dot(&frame.rest);
            blend.row_mut(t).assign(&by_shape);
            (0..3 * count).for_each(|i| pose[[t, i]] = frame.pose[i] as f32);
            (0..3).for_each(|c| transl[[t, c]] = frame.transl[c] as f32);
        }
        let part = |range: std::ops::Range<usize>| blend.slice(s![.., range]).to_owned();
        let betas = part(0..self.num_betas);
        Ok(BodyGradient { pose, transl, betas, expression: part(self.num_betas..blend.ncols()) })
    }

    /// One frame, and the derivative by the vertices of its rest pose, blend shapes included.
    fn frame_gradient(
        &self,
        vector: &dyn Fn(usize) -> DVec3,
        shape: ArrayView1<'_, f32>,
        rest: ArrayView1<'_, f32>,
        [vertices, joints]: [ArrayView2<'_, f32>; 2],
    ) -> (Frame, Array1<f32>) {
        let chain = self.chain(vector, shape);
        let (mut slopes, by_rest) = chain.unskin(&self.weights, rest, vertices);
        for (j, place) in slopes.place.iter_mut().enumerate() {
            let pull = double(joints, j);
            *place += pull;
            slopes.transl += pull;
        }
        let mut local = chain.unlink(&self.parents, &mut slopes);
        if self.posedirs.ncols() > 0 {
            let by_bend = self.posedirs.t().dot(&by_rest);
            for (j, slope) in local.iter_mut().enumerate().skip(1) {
                let entry = |i: usize| f64::from(by_bend[9 * (j - 1) + i]);
                *slope += DMat3::from_cols_array(&std::array::from_fn(entry)).transpose();
            }
        }
        let turn = |(j, slope): (usize, &DMat3)| by_vector(vector(j), slope).to_array();
        let pose = local.iter().enumerate().flat_map(turn).collect();
        let rest = slopes.rest.iter().flat_map(|v| v.as_vec3().to_array()).collect();
        (Frame { pose, transl: slopes.transl, rest }, by_rest)
    }

    fn chain(&self, vector: &dyn Fn(usize) -> DVec3, shape: ArrayView1<'_, f32>) -> Chain {
        let shaped = &self.joints + &self.joint_dirs.dot(&shape);
        let local: Vec<DMat3> = (0..self.num_joints()).map(|j| rotation(vector(j)).0).collect();
        let mut world = local.clone();
        chain_rotations(&self.parents, &mut world);
        let place = |j: usize| DVec3::from_array(std::array::from_fn(|c| f64::from(shaped[3 * j + c])));
        Chain { world, rest: (0..local.len()).map(place).collect(), local }
    }
}

impl Chain {
    /// Back through the skinning: a vertex is the sum, by its weights, of `W_j (x - rest_j) + place_j` over its joints.
    fn unskin(
        &self,
        weights: &[Vec<(u16, f32)>],
        rest: ArrayView1<'_, f32>,
        vertices: ArrayView2<'_, f32>,
    ) -> (Slopes, Array1<f32>) {
        let count = self.world.len();
        let none = || vec![DVec3::ZERO; count];
        let mut slopes = Slopes { world: vec![DMat3::ZERO; count], place: none(), rest: none(), transl: DVec3::ZERO };
        let mut by_rest = Array1::zeros(rest.len());
        for (v, weights) in weights.iter().enumerate() {
            let pull = double(vertices, v);
            let at = DVec3::from_array(std::array::from_fn(|c| f64::from(rest[3 * v + c])));
            let mut back = DVec3::ZERO;
            for (joint, weight) in weights {
                let (j, pull) = (usize::from(*joint), pull * f64::from(*weight));
                slopes.world[j] += outer(pull, at - self.rest[j]);
                slopes.place[j] += pull;
                slopes.transl += pull;
                let along = self.world[j].transpose() * pull;
                slopes.rest[j] -= along;
                back += along;
            }
            (0..3).for_each(|c| by_rest[3 * v + c] = back[c] as f32);
        }
        (slopes, by_rest)
    }

    /// Back through the tree, leaves first; the result is by each joint's own rotation.
    fn unlink(&self, parents: &[Option<usize>], slopes: &mut Slopes) -> Vec<DMat3> {
        let mut local = vec![DMat3::ZERO; parents.len()];
        for (j, parent) in parents.iter().enumerate().rev() {
            let (world, place) = (slopes.world[j], slopes.place[j]);
            let Some(p) = *parent else {
                local[j] = world;
                slopes.rest[j] += place;
                continue;
            };
            let bone = self.rest[j] - self.rest[p];
            slopes.place[p] += place;
            slopes.world[p] += outer(place, bone) + world * self.local[j].transpose();
            local[j] = self.world[p].transpose() * world;
            let along = self.world[p].transpose() * place;
            slopes.rest[j] += along;
            slopes.rest[p] -= along;
        }
        local
    }
}

fn double(rows: ArrayView2<'_, f32>, row: usize) -> DVec3 {
    DVec3::from_array(std::array::from_fn(|c| f64::from(rows[[row, c]])))
}

/// `a b^T`.
fn outer(a: DVec3, b: DVec3) -> DMat3 {
    DMat3::from_cols(a * b.x, a * b.y, a * b.z)
}

fn skew(v: DVec3) -> DMat3 {
    DMat3::from_cols(DVec3::new(0.0, v.z, -v.y), DVec3::new(-v.z, 0.0, v.x), DVec3::new(v.y, -v.x, 0.0))
}

/// The rotation of an axis-angle vector as the forward pass has it
/// ([`crate::motion::rotation::rows::matrix_from_axis_angle_smplx`]), and its derivative by each component.
fn rotation(v: DVec3) -> (DMat3, [DMat3; 3]) {
    let moved = v + DVec3::splat(1e-8);
    let angle = moved.length();
    let (sin, cos) = angle.sin_cos();
    let k = skew(v / angle);
    let square = k * k;
    let slope = |c: usize| {
        let turn = moved[c] / angle;
        let tilt = skew((DVec3::AXES[c] - v * (turn / angle)) / angle);
        tilt * sin + k * (cos * turn) + square * (sin * turn) + (tilt * k + k * tilt) * (1.0 - cos)
    };
    (DMat3::IDENTITY + k * sin + square * (1.0 - cos), std::array::from_fn(slope))
}

/// From a derivative by the entries of a rotation matrix to that by its axis-angle vector.
fn by_vector(v: DVec3, slope: &DMat3) -> DVec3 {
    let dot = |a: &DMat3| (0..3).map(|c| a.col(c).dot(slope.col(c))).sum();
    DVec3::from_array(rotation(v).1.each_ref().map(dot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    /// A pose of the neutral body, some of its joints at rest, and derivatives by vertices and joints.
    fn somewhere(body: &BodyModel) -> (BodyParams, Array3<f32>, Array3<f32>) {
        let wave = |i: usize, by: f32| (i as f32 * by).sin();
        let mut pose = Array2::from_shape_fn((2, 66), |(t, i)| 0.6 * wave(66 * t + i, 1.3));
        pose.slice_mut(s![.., 9..15]).fill(0.0);
        let transl = Array2::from_shape_fn((2, 3), |(t, c)| wave(3 * t + c, 0.7));
        let none = Array2::zeros((0, 0));
        let params = BodyParams { pose, transl, betas: none.clone(), expression: none };
        let pulls = |n: usize| Array3::from_shape_fn((2, n, 3), |(t, v, c)| wave(7 * v + 3 * t + c, 2.1) / n as f32);
        (params, pulls(body.num_vertices()), pulls(body.num_joints()))
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let body = BodyModel::neutral();
        let (params, vertices, joints) = somewhere(body);
        let value = |params: &BodyParams| -> f64 {
            let posed = body.forward(params).unwrap();
            let product = |a: &Array3<f32>, b: &Array3<f32>| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            product(&posed.vertices, &vertices) + product(&posed.joints, &joints)
        };
        let gradient = body.gradient(&params, vertices.view(), joints.view()).unwrap();
        let h = 1e-2;
        for (t, i) in [(0, 0), (0, 2), (0, 10), (0, 13), (1, 30), (1, 47), (1, 65)] {
            let at = |by: f32| {
                let mut moved = params.clone();
                moved.pose[[t, i]] += by;
                value(&moved)
            };
            let numeric = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * f64::from(h));
            let slope = f64::from(gradient.pose[[t, i]]);
            assert!(
                (numeric - slope).abs() < 2e-4 * slope.abs().max(0.1),
                "frame {t}, component {i}: {numeric} {slope}"
            );
        }
        let whole = vertices.sum_axis(ndarray::Axis(1)) + joints.sum_axis(ndarray::Axis(1));
        assert!(gradient.transl.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-4));
        assert_eq!((gradient.betas.dim(), gradient.expression.dim()), ((2, 0), (2, 0)));
    }

    #[test]
    fn pulls_of_another_shape_are_refused_by_name() {
        let body = BodyModel::neutral();
        let (params, vertices, joints) = somewhere(body);
        let short = vertices.slice(s![..1, .., ..]);
        assert!(body.gradient(&params, short, joints.view()).unwrap_err().to_string().contains("vertices"));
        let none = Array3::from_elem(joints.dim(), f32::NAN);
        assert!(body.gradient(&params, vertices.view(), none.view()).unwrap_err().to_string().contains("joints"));
    }
}
