//! Actions as data: families, sides, paces, counts.

use serde::{Deserialize, Serialize};

use crate::declare::named_enum;

named_enum! {
    /// A kind of movement; its phrases are in `assets/procedural`.
    pub enum Family("family") {
        Stand = "stand",
        WalkForward = "walk_forward",
        WalkBackward = "walk_backward",
        Sidestep = "sidestep",
        WalkCircle = "walk_circle",
        Run = "run",
        March = "march",
        Jump = "jump",
        JumpForward = "jump_forward",
        Hop = "hop",
        JumpingJacks = "jumping_jacks",
        Squat = "squat",
        Crouch = "crouch",
        Lunge = "lunge",
        SitDown = "sit_down",
        Kneel = "kneel",
        Bow = "bow",
        BendDown = "bend_down",
        Turn = "turn",
        Spin = "spin",
        Wave = "wave",
        RaiseArms = "raise_arms",
        ArmsOut = "arms_out",
        HandsOnHips = "hands_on_hips",
        CrossArms = "cross_arms",
        Clap = "clap",
        Punch = "punch",
        Throw = "throw",
        Point = "point",
        Drink = "drink",
        Salute = "salute",
        SideStretch = "side_stretch",
        Kick = "kick",
        Balance = "balance",
        Nod = "nod",
        ShakeHead = "shake_head",
    }
}

named_enum! {
    /// A side, as the person who moves sees it.
    pub enum Side("side") {
        Left = "left",
        Right = "right",
        Both = "both",
    }
}

named_enum! {
    /// Pace of a movement.
    pub enum Pace("pace") {
        Slow = "slow",
        Normal = "normal",
        Fast = "fast",
    }
}

/// One movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// The kind.
    pub family: Family,
    /// The side, for families that have one.
    pub side: Option<Side>,
    /// The pace.
    pub pace: Pace,
    /// How often; 1 where counting makes no sense.
    pub count: u8,
    /// Degrees of a turn, 0 elsewhere.
    pub degrees: u16,
}

/// The action of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionSpec {
    /// One movement.
    One(Part),
    /// The first movement in the first half of the clip, the second in the second half.
    Then(Part, Part),
    /// A way of moving about, and arms that do something else at the same time.
    While(Part, Part),
}

impl ActionSpec {
    /// The movements in order.
    pub fn parts(&self) -> Vec<Part> {
        match self {
            Self::One(a) => vec![*a],
            Self::Then(a, b) | Self::While(a, b) => vec![*a, *b],
        }
    }
}

const LEFT_RIGHT: &[Side] = &[Side::Left, Side::Right];
const LEFT_RIGHT_BOTH: &[Side] = &[Side::Left, Side::Right, Side::Both];

impl Family {
    /// The sides this family comes in; empty if it has none.
    pub fn sides(self) -> &'static [Side] {
        use Family::*;
        match self {
            Wave | RaiseArms => LEFT_RIGHT_BOTH,
            Sidestep | WalkCircle | Hop | Lunge | Turn | Spin | Punch | Throw | Point | Drink | Salute
            | SideStretch | Kick | Balance => LEFT_RIGHT,
            _ => &[],
        }
    }

    /// Whether captions speak of its pace.
    pub fn has_pace(self) -> bool {
        use Family::*;
        matches!(
            self,
            WalkForward | WalkBackward | Sidestep | WalkCircle | March | Squat | SitDown | Kneel | Bow | Turn
        )
    }

    /// Maximum number of repetitions.
    pub fn most(self) -> u8 {
        match self {
            Self::Jump | Self::Punch | Self::Kick => 3,
            Self::Squat => 2,
            _ => 1,
        }
    }
}
