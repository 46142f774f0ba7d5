//! Where a clip comes from: what its reader found in the file.

use serde::{Deserialize, Serialize};

use crate::declare::named_enum;

named_enum! {
    /// Axis of a file that points up.
    pub enum UpAxis("up") {
        /// +y, as in BVH and glTF.
        Y = "y",
        /// +z, as in AMASS and Blender.
        Z = "z",
        /// +x.
        X = "x",
        /// -y, as in the frame of a camera.
        MinusY = "-y",
        /// -z.
        MinusZ = "-z",
        /// -x.
        MinusX = "-x",
    }
}

named_enum! {
    /// Unit of length of a file.
    pub enum LengthUnit("unit", default Centimetres) {
        /// Centimetres, the usual unit of BVH.
        Centimetres = "cm",
        /// Metres, the unit of this library.
        Metres = "m",
        /// Millimetres.
        Millimetres = "mm",
        /// Decimetres.
        Decimetres = "dm",
        /// Inches, of 2.54 cm.
        Inches = "in",
        /// Feet, of 30.48 cm.
        Feet = "ft",
    }
}

impl LengthUnit {
    /// Metres per unit.
    pub const fn metres(self) -> f64 {
        match self {
            Self::Centimetres => 0.01,
            Self::Metres => 1.0,
            Self::Millimetres => 0.001,
            Self::Decimetres => 0.1,
            Self::Inches => 0.0254,
            Self::Feet => 0.3048,
        }
    }
}

/// Kind of a file that holds the 276 features themselves; see [`MotionSource::kind`].
pub(crate) const FEATURES_KIND: &str = "the 276 features";

/// A reader's report on the file of a clip: findings and assumptions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MotionSource {
    /// Format and, where it was recognised, program or rig: `"BVH, joint names of Mixamo"`.
    pub kind: String,
    /// Axis of the file that points up.
    pub up: Option<UpAxis>,
    /// Unit of length of the file, `None` where no known unit gives a body of human size.
    pub unit: Option<LengthUnit>,
    /// Origin of the frame rate: `"file"`, `"given"`, or the program that always writes this rate.
    pub rate: String,
    /// The person that was read, if the file holds several.
    pub person: Option<String>,
    /// All persons of the file, in order, if it names any.
    pub persons: Vec<String>,
    /// Doubts and corrections, one sentence each; each names the option that overrides it.
    pub warnings: Vec<String>,
}

impl MotionSource {
    /// Whether the file holds the features themselves: nothing was converted.
    pub fn holds_features(&self) -> bool {
        self.kind.starts_with(FEATURES_KIND)
    }
}
