//! MBench's nine dimensions: names, input, and direction.

use crate::declare::named_enum;

named_enum! {
    /// Dimension of MBench. Names are those in MBench's files.
    ///
    /// The dimensions of joints are functions of joints `(T, 22, 3)` in metres, see `Dimension::measure`; speeds are per frame,
    /// regardless of the frame rate, as in the release.
    pub enum Dimension("dimensions") {
        /// Mean length of the second difference of the joints, plus the same with the pelvis subtracted; metres per frame
        /// squared. NaN for fewer than three frames.
        JitterDegree = "Jitter_Degree",
        /// Mean depth, in metres, of the foot samples below -0.005 m; 0 if there are none.
        GroundPenetration = "Ground_Penetration",
        /// Share of frames with implausible foot movement; can exceed 1. An error for a single frame.
        ///
        /// The sum of three counts, divided by the number of frames: frames in which the feet in contact are carried along or
        /// flail while the root moves; half the frames in which a foot in the air is carried along; the length of flights in
        /// which the left foot turns more than twice (docs/method.md section 5 has the thresholds).
        FootFloating = "Foot_Floating",
        /// Mean horizontal speed, in metres per frame, of the feet in contact; the mean of both feet.
        ///
        /// Contact is that of `foot_contact`; a foot without contact counts as 0.
        FootSliding = "Foot_Sliding",
        /// Mean length of the joints' steps, plus the same with the pelvis subtracted; metres per frame. Higher is more motion.
        /// NaN for a single frame.
        DynamicDegree = "Dynamic_Degree",
        /// See `body_penetration`.
        BodyPenetration = "Body_Penetration",
        /// See `Nrdf::pose_quality`.
        PoseQuality = "Pose_Quality",
        /// Share of videos whose prompt a judge picks from several.
        MotionConditionConsistency = "Motion_Condition_Consistency",
        /// Share of videos in which a judge recognises the prompt.
        MotionGeneralizability = "Motion_Generalizability",
    }
}

/// Input of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// Joints, `<id>.npy` or `<id>.pt`.
    Joints,
    /// A fitted body, `<id>.pt`, or joints to fit one to.
    Body,
    /// A video, `<id>.mp4`, and a judge.
    Video,
}

impl Dimension {
    /// Input of the dimension.
    pub const fn input(self) -> Input {
        match self {
            Self::BodyPenetration | Self::PoseQuality => Input::Body,
            Self::MotionConditionConsistency | Self::MotionGeneralizability => Input::Video,
            _ => Input::Joints,
        }
    }

    /// The dimensions of one kind of input, in the order of MBench.
    pub fn of(input: Input) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |dimension| dimension.input() == input)
    }

    /// Whether higher values are better.
    pub const fn higher_is_better(self) -> bool {
        matches!(self, Self::DynamicDegree | Self::MotionConditionConsistency | Self::MotionGeneralizability)
    }
}
