//! MBench's nine dimensions: names, what each is measured on, and which way is better.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A dimension of MBench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(non_camel_case_types, reason = "the names that MBench writes into its files")]
pub enum Dimension {
    /// See [`jitter_degree`](super::quality::jitter_degree).
    Jitter_Degree,
    /// See [`ground_penetration`](super::quality::ground_penetration).
    Ground_Penetration,
    /// See [`foot_floating`](super::quality::foot_floating).
    Foot_Floating,
    /// See [`foot_sliding`](super::quality::foot_sliding).
    Foot_Sliding,
    /// See [`dynamic_degree`](super::quality::dynamic_degree).
    Dynamic_Degree,
    /// See [`body_penetration`](super::penetration::body_penetration).
    Body_Penetration,
    /// See [`Nrdf::pose_quality`](super::nrdf::Nrdf::pose_quality).
    Pose_Quality,
    /// Whether a judge tells the motion from others.
    Motion_Condition_Consistency,
    /// Whether a judge finds the prompt in the motion.
    Motion_Generalizability,
}

/// What a dimension is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Joints, `<id>.npy` or `<id>.pt`.
    Joints,
    /// A fitted body, `<id>.pt`, or joints to fit one to.
    Body,
    /// A video, `<id>.mp4`, and a judge.
    Video,
}

impl Dimension {
    /// All of them, in the order of MBench.
    pub const ALL: [Self; 9] = [
        Self::Jitter_Degree,
        Self::Ground_Penetration,
        Self::Foot_Floating,
        Self::Foot_Sliding,
        Self::Dynamic_Degree,
        Self::Body_Penetration,
        Self::Pose_Quality,
        Self::Motion_Condition_Consistency,
        Self::Motion_Generalizability,
    ];

    /// The name that MBench writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jitter_Degree => "Jitter_Degree",
            Self::Ground_Penetration => "Ground_Penetration",
            Self::Foot_Floating => "Foot_Floating",
            Self::Foot_Sliding => "Foot_Sliding",
            Self::Dynamic_Degree => "Dynamic_Degree",
            Self::Body_Penetration => "Body_Penetration",
            Self::Pose_Quality => "Pose_Quality",
            Self::Motion_Condition_Consistency => "Motion_Condition_Consistency",
            Self::Motion_Generalizability => "Motion_Generalizability",
        }
    }

    /// What it is measured on.
    pub fn source(self) -> Source {
        match self {
            Self::Body_Penetration | Self::Pose_Quality => Source::Body,
            Self::Motion_Condition_Consistency | Self::Motion_Generalizability => Source::Video,
            _ => Source::Joints,
        }
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        self == Self::Dynamic_Degree || self.source() == Source::Video
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dimension {
    type Err = Error;

    /// Reads a name, in any case.
    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|known| known.name()).collect();
            Error::invalid("dimensions", format!("{name:?} is none of {}", names.join(", ")))
        })
    }
}
