//! Acts as data: kinds, moods, sizes, scripts of several acts.

use serde::{Deserialize, Serialize};

use crate::data::procedural::{Pace, Side};
use crate::declare::named_enum;

named_enum! {
    /// A kind of movement of the second generation; its phrases are in `assets/procedural/acts.txt`.
    pub enum Kind("kind") {
        Stand = "stand",
        WalkForward = "walk_forward",
        WalkBackward = "walk_backward",
        Sidestep = "sidestep",
        WalkCircle = "walk_circle",
        WalkDiagonal = "walk_diagonal",
        WalkLine = "walk_line",
        WalkAndReturn = "walk_and_return",
        Run = "run",
        RunBackward = "run_backward",
        March = "march",
        Tiptoe = "tiptoe",
        Sneak = "sneak",
        Limp = "limp",
        Stagger = "stagger",
        Skip = "skip",
        Moonwalk = "moonwalk",
        ClimbStairs = "climb_stairs",
        DescendStairs = "descend_stairs",
        Crawl = "crawl",
        Jump = "jump",
        JumpForward = "jump_forward",
        Hop = "hop",
        JumpingJacks = "jumping_jacks",
        JumpRope = "jump_rope",
        Squat = "squat",
        Crouch = "crouch",
        Lunge = "lunge",
        SitDown = "sit_down",
        StandUp = "stand_up",
        SitAndStand = "sit_and_stand",
        SitOnFloor = "sit_on_floor",
        Kneel = "kneel",
        LieDown = "lie_down",
        LieFaceDown = "lie_face_down",
        GetUp = "get_up",
        LieAndGetUp = "lie_and_get_up",
        FallForward = "fall_forward",
        FallBackward = "fall_backward",
        Bow = "bow",
        BendDown = "bend_down",
        Turn = "turn",
        Spin = "spin",
        Look = "look",
        LookAround = "look_around",
        LookUp = "look_up",
        LookDown = "look_down",
        Nod = "nod",
        ShakeHead = "shake_head",
        Wave = "wave",
        RaiseArms = "raise_arms",
        ArmsOut = "arms_out",
        HandsOnHips = "hands_on_hips",
        CrossArms = "cross_arms",
        Clap = "clap",
        Point = "point",
        Salute = "salute",
        Shrug = "shrug",
        Cheer = "cheer",
        Think = "think",
        Pray = "pray",
        ReachUp = "reach_up",
        ReachForward = "reach_forward",
        PickUp = "pick_up",
        PutDown = "put_down",
        LiftBox = "lift_box",
        Carry = "carry",
        Push = "push",
        Pull = "pull",
        Drink = "drink",
        Phone = "phone",
        Type = "type",
        WashWindow = "wash_window",
        Knock = "knock",
        Sweep = "sweep",
        DirectTraffic = "direct_traffic",
        Drum = "drum",
        Guitar = "guitar",
        Violin = "violin",
        Conduct = "conduct",
        Dance = "dance",
        DanceTwist = "dance_twist",
        DanceDisco = "dance_disco",
        DanceBallet = "dance_ballet",
        DanceWaltz = "dance_waltz",
        DanceRobot = "dance_robot",
        Stretch = "stretch",
        SideStretch = "side_stretch",
        PushUp = "push_up",
        SitUp = "sit_up",
        Plank = "plank",
        Burpee = "burpee",
        ArmCircles = "arm_circles",
        Punch = "punch",
        Uppercut = "uppercut",
        ShadowBox = "shadow_box",
        Block = "block",
        Dodge = "dodge",
        Kick = "kick",
        Roundhouse = "roundhouse",
        KneeStrike = "knee_strike",
        SwordSwing = "sword_swing",
        Balance = "balance",
        Throw = "throw",
        Catch = "catch",
        ShootBall = "shoot_ball",
        Dribble = "dribble",
        Golf = "golf",
        Tennis = "tennis",
        Bat = "bat",
        Bowl = "bowl",
        Swim = "swim",
        Cartwheel = "cartwheel",
        ForwardRoll = "forward_roll",
        Backflip = "backflip",
    }
}

named_enum! {
    /// The mood that a movement shows.
    pub enum Mood("mood") {
        Plain = "plain",
        Proud = "proud",
        Sad = "sad",
        Happy = "happy",
        Angry = "angry",
        Tired = "tired",
        Nervous = "nervous",
        Careful = "careful",
        Old = "old",
        Stiff = "stiff",
        Relaxed = "relaxed",
    }
}

named_enum! {
    /// The size of a movement.
    pub enum Size("size") {
        Small = "small",
        Normal = "normal",
        Big = "big",
    }
}

named_enum! {
    /// An accent of a walk, apart from its legs.
    pub enum Accent("accent") {
        Plain = "plain",
        ArmsSwing = "arms_swing",
        ArmsStill = "arms_still",
        HeadDown = "head_down",
        KneesBent = "knees_bent",
    }
}

/// One movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Act {
    /// The kind.
    pub kind: Kind,
    /// The side, for kinds that have one.
    pub side: Option<Side>,
    /// How often, if a caption says so; kinds that repeat are open without it.
    pub count: Option<u8>,
    /// Degrees of a turn, 0 elsewhere.
    pub degrees: u16,
    /// The pace.
    pub pace: Pace,
    /// The mood.
    pub mood: Mood,
    /// The size.
    pub size: Size,
    /// Which part of the body stands out.
    pub accent: Accent,
    /// How long, in seconds, if a caption says so.
    pub seconds: Option<u8>,
}

impl Act {
    /// The plain movement.
    pub fn plain(kind: Kind, side: Option<Side>) -> Self {
        let degrees = if kind == Kind::Turn { 90 } else { 0 };
        Self {
            kind,
            side,
            count: None,
            degrees,
            pace: Pace::Normal,
            mood: Mood::Plain,
            size: Size::Normal,
            accent: Accent::Plain,
            seconds: None,
        }
    }
}

/// The content of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Script {
    /// One to four movements in order.
    pub acts: Vec<Act>,
    /// Movement of the arms during the only act, a way of getting about.
    pub arms: Option<Act>,
}

impl Script {
    /// A single movement.
    pub fn one(act: Act) -> Self {
        Self { acts: vec![act], arms: None }
    }

    /// All movements, those of the arms last.
    pub fn all(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().chain(&self.arms)
    }
}
