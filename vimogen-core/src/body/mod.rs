//! Bodies: the built-in neutral skeleton and its mesh, so that motion can be made and looked at without a licensed body
//! model; SMPL and SMPL-X from the user's files ([`BodyModel`]).
//!
//! Axes of the rest pose are SMPL's (x to the person's left, y up, z forward, arms out to the sides), so that local
//! rotations mean the same on the neutral skeleton and on a SMPL body.

mod bones;
mod finish;
mod fit;
pub mod hmr;
mod limb;
mod model;
mod neutral;
mod reconcile;
mod refit;
mod track;

pub use finish::Finish;
pub(crate) use finish::{
    Binding, Curve, JointPlaces, Soles, Stands, body_low, finish, lift, plant, plant_as, standing, worn,
};
pub use fit::fit_joints;
pub(crate) use limb::Limb;
pub use model::{BodyGradient, BodyKind, BodyModel, BodyParams, Posed, motion_joints};
pub(crate) use model::{top4_weights, vertex_normals};
pub use neutral::{NEUTRAL, REST_OFFSETS, REST_TO_WORLD, SHIN, THIGH};
pub use reconcile::Reconcile;
pub use refit::KinematicError;
pub(crate) use track::Track;

pub use crate::motion::canonical::SMPLX_ROOT;
