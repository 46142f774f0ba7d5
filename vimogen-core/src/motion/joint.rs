//! The joints of the skeleton: index, name and parent of each.
#![allow(missing_docs, reason = "the names are the documentation")]

use super::layout::JOINTS;

macro_rules! joints {
    ($($NAME:ident = $index:literal, $name:literal, $parent:expr;)+) => {
        $(pub const $NAME: usize = $index;)+

        /// Joint names in storage order.
        pub const JOINT_NAMES: [&str; JOINTS] = [$($name),+];

        /// Parent of each joint; the pelvis has none.
        pub const PARENTS: [Option<usize>; JOINTS] = [$($parent),+];
    };
}

joints! {
    PELVIS = 0, "pelvis", None;
    LEFT_HIP = 1, "left_hip", Some(PELVIS);
    RIGHT_HIP = 2, "right_hip", Some(PELVIS);
    SPINE1 = 3, "spine1", Some(PELVIS);
    LEFT_KNEE = 4, "left_knee", Some(LEFT_HIP);
    RIGHT_KNEE = 5, "right_knee", Some(RIGHT_HIP);
    SPINE2 = 6, "spine2", Some(SPINE1);
    LEFT_ANKLE = 7, "left_ankle", Some(LEFT_KNEE);
    RIGHT_ANKLE = 8, "right_ankle", Some(RIGHT_KNEE);
    SPINE3 = 9, "spine3", Some(SPINE2);
    LEFT_FOOT = 10, "left_foot", Some(LEFT_ANKLE);
    RIGHT_FOOT = 11, "right_foot", Some(RIGHT_ANKLE);
    NECK = 12, "neck", Some(SPINE3);
    LEFT_COLLAR = 13, "left_collar", Some(SPINE3);
    RIGHT_COLLAR = 14, "right_collar", Some(SPINE3);
    HEAD = 15, "head", Some(NECK);
    LEFT_SHOULDER = 16, "left_shoulder", Some(LEFT_COLLAR);
    RIGHT_SHOULDER = 17, "right_shoulder", Some(RIGHT_COLLAR);
    LEFT_ELBOW = 18, "left_elbow", Some(LEFT_SHOULDER);
    RIGHT_ELBOW = 19, "right_elbow", Some(RIGHT_SHOULDER);
    LEFT_WRIST = 20, "left_wrist", Some(LEFT_ELBOW);
    RIGHT_WRIST = 21, "right_wrist", Some(RIGHT_ELBOW);
}
