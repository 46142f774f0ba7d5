//! Names of the joints in files for other programs.

use crate::declare::named_enum;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::JOINT_NAMES;

named_enum! {
    /// Names of the joints in files for other programs.
    pub enum JointNames("joint_names", default Smpl) {
        /// SMPL's names.
        Smpl = "smpl",
        /// Mixamo's names with the prefix `mixamorig:`, for retargeting tools.
        Mixamo = "mixamo",
        /// Mixamo's names with the prefix `mixamorig`: three.js binds no animation to a BVH joint whose name has a colon.
        MixamoRig = "mixamorig",
        /// Mixamo's names without a prefix.
        MixamoPlain = "mixamo-plain",
    }
}

/// Mixamo's names of our joints, without their prefix.
pub const MIXAMO_NAMES: [&str; JOINTS] = [
    "Hips",
    "LeftUpLeg",
    "RightUpLeg",
    "Spine",
    "LeftLeg",
    "RightLeg",
    "Spine1",
    "LeftFoot",
    "RightFoot",
    "Spine2",
    "LeftToeBase",
    "RightToeBase",
    "Neck",
    "LeftShoulder",
    "RightShoulder",
    "Head",
    "LeftArm",
    "RightArm",
    "LeftForeArm",
    "RightForeArm",
    "LeftHand",
    "RightHand",
];

impl JointNames {
    /// The name of one of our joints.
    pub(super) fn of(self, joint: usize) -> String {
        match self {
            Self::Smpl => JOINT_NAMES[joint].into(),
            Self::Mixamo | Self::MixamoRig | Self::MixamoPlain => self.prefixed(MIXAMO_NAMES[joint]),
        }
    }

    /// A name with the prefix of the others.
    pub(super) fn prefixed(self, name: &str) -> String {
        let prefix = match self {
            Self::Smpl | Self::MixamoPlain => "",
            Self::Mixamo => "mixamorig:",
            Self::MixamoRig => "mixamorig",
        };
        format!("{prefix}{name}")
    }
}
