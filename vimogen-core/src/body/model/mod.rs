//! Skinned bodies: SMPL, SMPL-X and the built-in neutral one behind one type.
//!
//! The forward pass is that of SMPL (Loper et al., 2015): shape blend shapes, joints regressed from the shaped template,
//! pose blend shapes, rigid transforms along the tree, linear blend skinning, translation. Golden topic `body_model`
//! checks the values. SMPL and SMPL-X files are licensed and come from the user; the neutral body is our own.

mod fields;
mod geometry;
mod gradient;
mod landmarks;
mod load;
mod skin;

pub(crate) use geometry::{top4_weights, vertex_normals};
pub use gradient::BodyGradient;
use landmarks::Landmark;
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3};

use crate::declare::named_enum;
use crate::error::{Error, Result, check_finite};
use crate::motion::codec::SmplMotion;
use crate::motion::layout::JOINTS;

/// Maximum size of the vertices of all frames that are posed at once, bytes.
const MAX_VERTEX_BYTES: u64 = 1 << 32;
/// Number of shape and of expression components that are used, the default of the `smplx` package.
const COMPONENTS: usize = 10;

named_enum! {
    /// Kind of a body, which decides the order of its joints.
    pub enum BodyKind("body") {
        /// The built-in body: the 22 joints of the motion representation.
        Neutral = "neutral",
        /// 24 joints: the 22 and two hands.
        Smpl = "smpl",
        /// 55 joints: the 22, jaw, two eyes, 15 of the left hand, 15 of the right.
        Smplx = "smplx",
    }
}

impl BodyKind {
    /// Number of joints.
    pub fn joints(self) -> usize {
        match self {
            Self::Neutral => JOINTS,
            Self::Smpl => 24,
            Self::Smplx => 55,
        }
    }
}

/// A skinned body in its rest pose: x to the person's left, y up, z forward, metres.
#[derive(Debug, Clone)]
pub struct BodyModel {
    kind: BodyKind,
    /// `(3 V)`, vertex by vertex.
    template: Array1<f32>,
    faces: Array2<u32>,
    parents: Vec<Option<usize>>,
    /// Rest joints of the template, `(3 J)`.
    joints: Array1<f32>,
    /// Blend shapes: shape, then expression, `(3 V, S)`, and their displacement of the joints, `(3 J, S)`.
    shapedirs: Array2<f32>,
    joint_dirs: Array2<f32>,
    /// Components of `shapedirs` that are shape, not expression.
    num_betas: usize,
    /// Pose blend shapes, `(3 V, 9 (J - 1))`, or no column.
    posedirs: Array2<f32>,
    /// Skinning weights: for each vertex joints and shares.
    weights: Vec<Vec<(u16, f32)>>,
    /// Added to the pose, `(3 J)`: the mean hands of SMPL-X.
    mean_pose: Array1<f32>,
    /// Points of the face on the surface, if the file has them.
    landmarks: Vec<Landmark>,
}

/// Pose, shape and translation of a body in T frames.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyParams {
    /// Rotations of all joints relative to their parents, the root first, axis-angle in radians, `(T, 3 J)`; of SMPL-X
    /// in the order of AMASS' `poses`, and relative to the mean hands.
    pub pose: Array2<f32>,
    /// Translation, metres, `(T, 3)`.
    pub transl: Array2<f32>,
    /// Shape, `(T, n)`, `(1, n)` for all frames, or `(0, 0)`; n at most 10.
    pub betas: Array2<f32>,
    /// Expression of SMPL-X, as `betas`.
    pub expression: Array2<f32>,
}

/// Vertices and joints of a body, metres, in the axes of the parameters' translation.
#[derive(Debug, Clone, PartialEq)]
pub struct Posed {
    /// `(T, V, 3)`
    pub vertices: Array3<f32>,
    /// `(T, J, 3)`
    pub joints: Array3<f32>,
}

impl BodyModel {
    /// A body without blend shapes.
    pub(super) fn plain(
        kind: BodyKind,
        template: Array1<f32>,
        faces: Array2<u32>,
        parents: Vec<Option<usize>>,
        joints: Array1<f32>,
        weights: Vec<Vec<(u16, f32)>>,
    ) -> Self {
        let (vertices, count) = (template.len(), joints.len());
        Self {
            kind,
            template,
            faces,
            parents,
            shapedirs: Array2::zeros((vertices, 0)),
            joint_dirs: Array2::zeros((count, 0)),
            num_betas: 0,
            posedirs: Array2::zeros((vertices, 0)),
            mean_pose: Array1::zeros(count),
            joints,
            weights,
            landmarks: Vec::new(),
        }
    }

    /// Kind of the body.
    pub fn kind(&self) -> BodyKind {
        self.kind
    }

    /// Number of vertices V.
    pub fn num_vertices(&self) -> usize {
        self.weights.len()
    }

    /// Number of joints J.
    pub fn num_joints(&self) -> usize {
        self.parents.len()
    }

    /// Number of shape components that are used, at most 10.
    pub fn num_betas(&self) -> usize {
        self.num_betas
    }

    /// Triangles, `(F, 3)`: indices of vertices, counter-clockwise seen from outside.
    pub fn faces(&self) -> ArrayView2<'_, u32> {
        self.faces.view()
    }

    /// Parent of each joint; the root has none. Parents come before their children.
    pub fn parents(&self) -> &[Option<usize>] {
        &self.parents
    }

    /// Vertices of the rest pose and mean shape, `3 V` values.
    pub fn rest_vertices(&self) -> &[f32] {
        self.template.as_slice().unwrap_or_default()
    }

    /// Joints of the rest pose and mean shape, `3 J` values.
    pub fn rest_joints(&self) -> &[f32] {
        self.joints.as_slice().unwrap_or_default()
    }

    /// Displacement of the rest joints per unit of each shape component, `(3 J, n)` with n at most 10, metres.
    pub fn joint_shapes(&self) -> ArrayView2<'_, f32> {
        self.joint_dirs.slice(ndarray::s![.., ..self.num_betas])
    }

    /// For each vertex its joints and their weights, which add up to 1.
    pub fn weights(&self) -> &[Vec<(u16, f32)>] {
        &self.weights
    }

    /// Axis-angle of a joint that a clip leaves at rest: the mean hands of SMPL-X, zero elsewhere.
    pub(crate) fn resting_turn(&self, joint: usize) -> glam::Vec3 {
        glam::Vec3::from_array(std::array::from_fn(|c| self.mean_pose[3 * joint + c]))
    }

    /// The mean body in the poses of a clip; joints that the clip lacks are at rest.
    ///
    /// # Errors
    /// [`Error::Shape`] if the arrays of the clip do not fit together.
    pub fn params(&self, motion: &SmplMotion) -> Result<BodyParams> {
        motion.check()?;
        let frames = motion.len();
        let mut pose = Array2::zeros((frames, 3 * self.num_joints()));
        pose.slice_mut(ndarray::s![.., ..3]).assign(&motion.global_orient);
        pose.slice_mut(ndarray::s![.., 3..3 * JOINTS]).assign(&motion.body_pose);
        let none = Array2::zeros((0, 0));
        Ok(BodyParams { pose, transl: motion.transl.clone(), betas: none.clone(), expression: none })
    }

    /// Vertices of the mean body in the poses of a clip, `(T, V, 3)`, metres, z up.
    ///
    /// # Errors
    /// As [`BodyModel::forward`].
    pub fn vertices(&self, motion: &SmplMotion) -> Result<Array3<f32>> {
        self.check_frames(motion.len())?;
        Ok(self.forward(&self.params(motion)?)?.vertices)
    }

    /// Poses the body.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for vertices of more than 4 GiB; [`Error::Shape`] and [`Error::NonFinite`] naming the array.
    pub fn forward(&self, params: &BodyParams) -> Result<Posed> {
        self.check_frames(params.pose.nrows())?;
        let frames = self.check(params)?;
        let rotations = skin::rotations(&params.pose, &self.mean_pose);
        self.posed(rotations, params, frames)
    }

    /// The joints alone of [`BodyModel::forward`], `(T, J, 3)`.
    ///
    /// # Errors
    /// As [`BodyModel::forward`].
    pub fn joints(&self, params: &BodyParams) -> Result<Array3<f32>> {
        let frames = self.check(params)?;
        let shape = self.shape_coefficients(params, frames);
        Ok(self.bones(&skin::rotations(&params.pose, &self.mean_pose), &shape, params, frames).1)
    }

    /// [`BodyModel::forward`] with rotation matrices in place of the pose, `(T, 9 J)`, each row by row; no mean hands
    /// are added.
    ///
    /// # Errors
    /// As [`BodyModel::forward`].
    pub fn forward_rotations(&self, rotations: ArrayView2<'_, f32>, params: &BodyParams) -> Result<Posed> {
        let frames = rotations.nrows();
        if rotations.ncols() != 9 * self.num_joints() {
            return Err(Error::shape("rotations", format!("(T, {})", 9 * self.num_joints()), rotations.shape()));
        }
        self.check_frames(frames)?;
        check_finite("rotations", &rotations)?;
        self.check_rest(params, frames)?;
        self.posed(skin::matrices(rotations), params, frames)
    }

    /// Checks the memory of all vertices before anything is made.
    fn check_frames(&self, frames: usize) -> Result<()> {
        let needed = (frames as u64).saturating_mul(12 * self.num_vertices() as u64);
        if needed <= MAX_VERTEX_BYTES {
            return Ok(());
        }
        let what = format!("body of {} vertices in {frames} frames, to be posed in parts,", self.num_vertices());
        Err(Error::TooLarge { what, needed, limit: MAX_VERTEX_BYTES })
    }

    fn check(&self, params: &BodyParams) -> Result<usize> {
        let frames = params.pose.nrows();
        if params.pose.ncols() != 3 * self.num_joints() {
            return Err(Error::shape("pose", format!("(T, {})", 3 * self.num_joints()), params.pose.shape()));
        }
        check_finite("pose", &params.pose.view())?;
        self.check_rest(params, frames)?;
        Ok(frames)
    }

    fn check_rest(&self, params: &BodyParams, frames: usize) -> Result<()> {
        if params.transl.dim() != (frames, 3) {
            return Err(Error::shape("transl", format!("({frames}, 3)"), params.transl.shape()));
        }
        check_finite("transl", &params.transl.view())?;
        let most = [self.num_betas, self.shapedirs.ncols() - self.num_betas];
        for (name, array, most) in [("betas", &params.betas, most[0]), ("expression", &params.expression, most[1])] {
            let fits = [1, frames].contains(&array.nrows()) || array.is_empty();
            if !fits || array.ncols() > most {
                return Err(Error::shape(name, format!("(1 or {frames}, at most {most})"), array.shape()));
            }
            check_finite(name, &array.view())?;
        }
        Ok(())
    }
}

/// The joints of a posed body that a motion has, `(T, 22, 3)`; all bodies start with them.
pub fn motion_joints(joints: ArrayView3<'_, f32>) -> Array3<f32> {
    joints.slice(ndarray::s![.., ..JOINTS, ..]).to_owned()
}
