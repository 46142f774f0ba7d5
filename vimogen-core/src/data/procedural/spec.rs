//! Actions as data: families, sides, paces, counts.

use serde::{Deserialize, Serialize};

/// A kind of movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the documentation; phrases are in assets/procedural")]
pub enum Family {
    Stand,
    WalkForward,
    WalkBackward,
    Sidestep,
    WalkCircle,
    Run,
    March,
    Jump,
    JumpForward,
    Hop,
    JumpingJacks,
    Squat,
    Crouch,
    Lunge,
    SitDown,
    Kneel,
    Bow,
    BendDown,
    Turn,
    Spin,
    Wave,
    RaiseArms,
    ArmsOut,
    HandsOnHips,
    CrossArms,
    Clap,
    Punch,
    Throw,
    Point,
    Drink,
    Salute,
    SideStretch,
    Kick,
    Balance,
    Nod,
    ShakeHead,
}

/// Which side, seen by the person who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Side {
    Left,
    Right,
    Both,
}

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Pace {
    Slow,
    Normal,
    Fast,
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
    /// All families.
    pub const ALL: [Self; 36] = {
        use Family::*;
        [
            Stand,
            WalkForward,
            WalkBackward,
            Sidestep,
            WalkCircle,
            Run,
            March,
            Jump,
            JumpForward,
            Hop,
            JumpingJacks,
            Squat,
            Crouch,
            Lunge,
            SitDown,
            Kneel,
            Bow,
            BendDown,
            Turn,
            Spin,
            Wave,
            RaiseArms,
            ArmsOut,
            HandsOnHips,
            CrossArms,
            Clap,
            Punch,
            Throw,
            Point,
            Drink,
            Salute,
            SideStretch,
            Kick,
            Balance,
            Nod,
            ShakeHead,
        ]
    };

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

    /// Whether the whole body travels or steps, so that arms may do something else meanwhile.
    pub fn is_locomotion(self) -> bool {
        use Family::*;
        matches!(self, WalkForward | WalkBackward | Sidestep | WalkCircle | March)
    }

    /// Whether only arms move.
    pub fn is_gesture(self) -> bool {
        use Family::*;
        matches!(self, Wave | RaiseArms | Clap | ArmsOut | Point)
    }
}
