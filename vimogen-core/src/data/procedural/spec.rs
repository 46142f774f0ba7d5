//! Movements as data: families, sides, paces; wordings.

use crate::declare::named_enum;

/// A movement of [`perform`](super::families::perform).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Stand,
    Jump,
    JumpForward,
    Hop,
    JumpingJacks,
    Squat,
    Crouch,
    Lunge,
    Kneel,
    Bow,
    BendDown,
    Turn,
    Spin,
    RaiseArms,
    ArmsOut,
    HandsOnHips,
    Punch,
    Throw,
    Point,
    Drink,
    SideStretch,
    Kick,
    Balance,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The kind.
    pub family: Family,
    /// The side, for families that have one.
    pub side: Option<Side>,
    /// How often; 1 where counting makes no sense.
    pub count: u8,
    /// Degrees of a turn, 0 elsewhere.
    pub degrees: u16,
}

/// Which wordings are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Wordings for training.
    Train,
    /// Wordings that training never sees: other combinations of the same words.
    HeldOut,
}

/// The words of a caption: lower case, split at everything that is neither letter nor digit.
pub fn words(caption: &str) -> impl Iterator<Item = String> + '_ {
    caption.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}
