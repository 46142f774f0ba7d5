//! Clips on a robot: joint values within their limits, whose bodies are where the clip's are at the robot's size.
//!
//! A reader gives a [`Model`]. [`Rig`] finds our joints among its bodies and measures it in the pose in which it is written; from
//! there it is a character like others: rotations are carried over, the clip is moved to its proportions, and its feet are planted.
//! [`follow`] then solves for the joint values, frame by frame, each from the last.

mod aim;
mod follow;
mod linear;
mod model;
mod names;
mod report;
mod rig;
mod solve;

pub(crate) use follow::follow;
pub(crate) use model::{Body as RobotBody, Joint, JointKind, Model as RobotModel, Posed as RobotPosed, Shape, turn_of};
pub use report::RobotReport;
pub(crate) use rig::Rig;
