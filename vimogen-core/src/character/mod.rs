//! Clips on the skeleton of a user's character of any proportions, rest pose and number of bones.
//!
//! A reader of a format gives an [`Armature`]: nodes, which of them are our joints, and how the body stands at rest.
//! [`perform`] turns a clip into [`Keys`] of these nodes. Rotations are carried over as turns from the rest pose in the
//! world ([`chain`], [`twist`]), so that bones point as the clip's do; the hips move by the length of the legs, and feet stand where
//! they stand by inverse kinematics ([`feet`]). [`RetargetReport`] says how well the result agrees with the clip. Robots, whose
//! joints have limits, are in [`robot`].

mod armature;
mod chain;
mod feet;
mod fit;
mod perform;
mod report;
mod robot;
mod role;
mod twist;

pub(crate) use armature::{Armature, Foot, Node};
pub(crate) use perform::{Keys, perform};
pub use report::{BoneAngle, RetargetReport};
pub use robot::RobotReport;
pub(crate) use robot::{Joint, JointKind, Rig, RobotBody, RobotModel, RobotPosed, Shape, follow, turn_of};

/// Our joints among the nodes of an armature.
pub(crate) type Map = [Option<usize>; crate::motion::layout::JOINTS];
