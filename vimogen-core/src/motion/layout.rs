//! Ranges of the quantities in the 276 values of a frame (ViMoGen, arXiv 2510.26794, section on motion representation).
//!
//! Axes: x, y horizontal, z up; lengths in metres, steps in metres per frame.

use std::ops::Range;

/// Values per frame.
pub const FEATURES: usize = 276;
/// Joints of the skeleton, see [`crate::motion::skeleton`].
pub const JOINTS: usize = 22;
/// Joints with a local rotation: all but the pelvis.
pub const BODY_JOINTS: usize = 21;
/// Frames per second of the representation.
pub const FPS: f32 = 20.0;
/// Values per frame of a reference motion: [`BODY_ROT6D`] and [`ROOT_ROT6D`] with [`ROOT_STEP6D`].
pub const REFERENCE_FEATURES: usize = 138;

/// Rotations of the 21 body joints relative to their parents, Rot6D (columns, row by row).
pub const BODY_ROT6D: Range<usize> = 0..126;
/// Global joint positions, 22 x 3, metres.
pub const POSITIONS: Range<usize> = 126..192;
/// Joint velocities `position(t+1) - position(t)`, 22 x 3, metres per frame.
pub const VELOCITIES: Range<usize> = 192..258;
/// Root orientation `R(t)`, Rot6D.
pub const ROOT_ROT6D: Range<usize> = 258..264;
/// Root angular step `R(t+1) R(t)^T`, Rot6D.
pub const ROOT_STEP6D: Range<usize> = 264..270;
/// Root translation (SMPL `transl`), metres.
pub const TRANSL: Range<usize> = 270..273;
/// Root translation step, metres per frame.
pub const TRANSL_STEP: Range<usize> = 273..276;
/// The channels of the 276 that a reference motion keeps, in order: 0..126 and 258..270.
pub const REFERENCE_RANGES: [Range<usize>; 2] = [0..126, 258..270];
