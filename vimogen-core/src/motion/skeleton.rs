//! The 22-joint skeleton: SMPL's joints without the hands.

use super::layout::JOINTS;

/// Joint names in storage order.
pub const JOINT_NAMES: [&str; JOINTS] = [
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
];

/// Parent of each joint; the pelvis has none.
pub const PARENTS: [Option<usize>; JOINTS] = [
    None,
    Some(0),
    Some(0),
    Some(0),
    Some(1),
    Some(2),
    Some(3),
    Some(4),
    Some(5),
    Some(6),
    Some(7),
    Some(8),
    Some(9),
    Some(9),
    Some(9),
    Some(12),
    Some(13),
    Some(14),
    Some(16),
    Some(17),
    Some(18),
    Some(19),
];

/// Indices of the joints by name.
#[allow(missing_docs, reason = "the names are the documentation; see JOINT_NAMES")]
pub mod joint {
    pub const PELVIS: usize = 0;
    pub const LEFT_HIP: usize = 1;
    pub const RIGHT_HIP: usize = 2;
    pub const SPINE1: usize = 3;
    pub const LEFT_KNEE: usize = 4;
    pub const RIGHT_KNEE: usize = 5;
    pub const SPINE2: usize = 6;
    pub const LEFT_ANKLE: usize = 7;
    pub const RIGHT_ANKLE: usize = 8;
    pub const SPINE3: usize = 9;
    pub const LEFT_FOOT: usize = 10;
    pub const RIGHT_FOOT: usize = 11;
    pub const NECK: usize = 12;
    pub const LEFT_COLLAR: usize = 13;
    pub const RIGHT_COLLAR: usize = 14;
    pub const HEAD: usize = 15;
    pub const LEFT_SHOULDER: usize = 16;
    pub const RIGHT_SHOULDER: usize = 17;
    pub const LEFT_ELBOW: usize = 18;
    pub const RIGHT_ELBOW: usize = 19;
    pub const LEFT_WRIST: usize = 20;
    pub const RIGHT_WRIST: usize = 21;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_their_children() {
        for (child, parent) in PARENTS.iter().enumerate() {
            assert!(parent.is_none_or(|p| p < child), "{}", JOINT_NAMES[child]);
        }
    }

    #[test]
    fn sides_are_mirrored_by_name() {
        for (i, name) in JOINT_NAMES.iter().enumerate() {
            if let Some(rest) = name.strip_prefix("left_") {
                assert_eq!(JOINT_NAMES[i + 1], format!("right_{rest}"));
            }
        }
    }
}
