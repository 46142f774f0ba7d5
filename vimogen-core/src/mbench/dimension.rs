//! MBench's nine dimensions: names, what each is measured on, and which way is better.

use crate::declare::named_enum;

named_enum! {
    /// Dimension of MBench. Names are those in MBench's files.
    pub enum Dimension("dimensions") {
        /// See [`jitter_degree`](super::quality::jitter_degree).
        Jitter_Degree = "Jitter_Degree",
        /// See [`ground_penetration`](super::quality::ground_penetration).
        Ground_Penetration = "Ground_Penetration",
        /// See [`foot_floating`](super::quality::foot_floating).
        Foot_Floating = "Foot_Floating",
        /// See [`foot_sliding`](super::quality::foot_sliding).
        Foot_Sliding = "Foot_Sliding",
        /// See [`dynamic_degree`](super::quality::dynamic_degree).
        Dynamic_Degree = "Dynamic_Degree",
        /// See [`body_penetration`](super::penetration::body_penetration).
        Body_Penetration = "Body_Penetration",
        /// See [`Nrdf::pose_quality`](super::nrdf::Nrdf::pose_quality).
        Pose_Quality = "Pose_Quality",
        /// Whether a judge tells the motion from others.
        Motion_Condition_Consistency = "Motion_Condition_Consistency",
        /// Whether a judge finds the prompt in the motion.
        Motion_Generalizability = "Motion_Generalizability",
    }
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
