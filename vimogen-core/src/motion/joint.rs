//! Indices of the joints by name.
#![allow(missing_docs, reason = "the names are the documentation; see JOINT_NAMES")]

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
