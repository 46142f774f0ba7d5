//! The table of kinds: how each is made, and what captions may ask of it.

use super::*;

/// How much of a body a kind uses, which decides what it can be combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The whole body.
    Whole,
    /// The arms: can accompany a gait.
    Arms,
    /// Legs above all: arms can do something else.
    Gait,
}

/// Where a kind begins and ends, which decides its place in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// From standing to standing.
    Anywhere,
    /// Begins on the floor or on a seat.
    First,
    /// Ends on the floor.
    Last,
    /// Both.
    Alone,
}

/// The properties of a kind.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Makes the movement, for the right side.
    pub build: fn(&Cue<'_>) -> Take,
    /// Sides that captions name; empty without sides.
    pub sides: &'static [Side],
    /// Maximum count; 1 where counting makes no sense.
    pub most: u8,
    /// Whether it goes on for any time, so that captions can say how long.
    pub open: bool,
    /// Whether captions name its pace and size.
    pub paced: bool,
    /// Whether captions name its mood.
    pub moods: bool,
    /// Possible combinations.
    pub uses: Use,
    /// Where it can be in a sequence.
    pub place: Place,
    /// How freely head and body live meanwhile, 0 to 1.
    pub free: (f32, f32),
    /// How often it is drawn, relative to others.
    pub weight: f32,
}

const LR: &[Side] = &[Side::Left, Side::Right];
const LRB: &[Side] = &[Side::Left, Side::Right, Side::Both];

/// Properties of `kind`.
pub fn entry(kind: Kind) -> Entry {
    use Kind::*;
    let base = Entry {
        build: |cue| earlier_open(Family::Stand, cue, 0.5),
        sides: &[],
        most: 1,
        open: false,
        paced: false,
        moods: false,
        uses: Use::Whole,
        place: Place::Anywhere,
        free: (0.8, 0.8),
        weight: 1.0,
    };
    let make = |build| Entry { build, ..base };
    let sided = |build| Entry { sides: LR, ..make(build) };
    let counted = |build| Entry { most: 5, ..make(build) };
    let both = |build| Entry { sides: LR, most: 5, ..make(build) };
    let open = |build| Entry { open: true, ..make(build) };
    let gait = |build| Entry { uses: Use::Gait, paced: true, moods: true, weight: 1.6, ..open(build) };
    let plain_gait = |build| Entry { uses: Use::Gait, paced: true, weight: 1.2, ..open(build) };
    let arms = |build| Entry { uses: Use::Arms, ..open(build) };
    let head = |entry: Entry| Entry { free: (0.0, 0.7), ..entry };
    let calm = |entry: Entry| Entry { free: (0.35, 0.3), ..entry };
    let dance = |build| Entry { paced: true, free: (0.6, 0.5), ..open(build) };
    match kind {
        Stand => Entry { open: true, moods: true, free: (1.0, 1.0), ..base },
        WalkForward => Entry { weight: 3.5, ..gait(gaits::walk) },
        WalkBackward | WalkCircle | WalkAndReturn => Entry {
            sides: if kind == WalkCircle { LR } else { &[] },
            ..gait(match kind {
                WalkBackward => gaits::backward,
                WalkCircle => gaits::circle,
                _ => gaits::and_return,
            })
        },
        Sidestep => Entry { sides: LR, ..plain_gait(gaits::sidestep) },
        WalkDiagonal => Entry { sides: LR, ..plain_gait(gaits::diagonal) },
        WalkLine => calm(Entry { uses: Use::Whole, ..plain_gait(gaits::line) }),
        Run => Entry { weight: 2.5, ..gait(gaits::run) },
        RunBackward => Entry { paced: false, ..plain_gait(gaits::run_backward) },
        March => Entry { paced: false, ..plain_gait(gaits::march) },
        Tiptoe => plain_gait(gaits::tiptoe),
        Sneak => Entry { uses: Use::Whole, ..plain_gait(gaits::sneak) },
        Limp => Entry { sides: LR, paced: false, ..plain_gait(gaits::limp) },
        Stagger => Entry { uses: Use::Whole, paced: false, ..plain_gait(gaits::stagger) },
        Skip => Entry { paced: false, ..plain_gait(steps::skip) },
        Moonwalk => Entry { paced: false, ..plain_gait(steps::moonwalk) },
        ClimbStairs => plain_gait(steps::climb),
        DescendStairs => plain_gait(steps::descend),
        Crawl => Entry { place: Place::Last, paced: true, ..calm(open(floor::crawl)) },
        Jump => Entry { weight: 1.6, ..counted(|c| earlier_counted(Family::Jump, c, 1.58, 0.0)) },
        JumpForward => counted(|c| earlier_once(Family::JumpForward, c, 1.55)),
        Hop => Entry { most: 5, sides: LR, ..open(steps::hop) },
        JumpingJacks => Entry { most: 5, ..open(exercise::jacks) },
        JumpRope => open(exercise::rope),
        Squat => Entry { paced: true, ..counted(|c| earlier_counted(Family::Squat, c, 1.9, 0.0)) },
        Crouch => open(|c| earlier_open(Family::Crouch, c, 1.7)),
        Lunge => both(|c| earlier_once(Family::Lunge, c, 2.5)),
        SitDown => Entry { weight: 1.5, paced: true, place: Place::Last, ..open(seats::sit_down) },
        StandUp => Entry { paced: true, place: Place::First, ..make(seats::stand_up) },
        SitAndStand => Entry { paced: true, ..counted(seats::sit_and_stand) },
        SitOnFloor => Entry { paced: true, place: Place::Last, ..open(floor::sit) },
        Kneel => Entry { paced: true, ..open(|c| earlier_open(Family::Kneel, c, 2.2)) },
        LieDown => Entry { paced: true, place: Place::Last, ..calm(open(floor::lie)) },
        LieFaceDown => Entry { place: Place::Last, ..calm(open(floor::lie_face_down)) },
        GetUp => Entry { paced: true, place: Place::First, ..calm(make(floor::get_up)) },
        LieAndGetUp => calm(make(floor::lie_and_get_up)),
        FallForward => Entry { place: Place::Last, ..calm(open(floor::fall_forward)) },
        FallBackward => Entry { place: Place::Last, ..calm(open(floor::fall_backward)) },
        Bow => Entry { paced: true, ..counted(|c| earlier_once(Family::Bow, c, 2.0)) },
        BendDown => counted(|c| earlier_once(Family::BendDown, c, 2.35)),
        Turn => Entry { sides: LR, paced: true, weight: 2.4, ..make(steps::turn) },
        Spin => Entry { sides: LR, most: 3, ..make(steps::spin) },
        Look => head(Entry { sides: LR, ..make(heads::look) }),
        LookAround => head(open(heads::around)),
        LookUp => head(make(heads::up)),
        LookDown => head(make(heads::down)),
        Nod => head(Entry { most: 5, uses: Use::Arms, ..open(heads::nod) }),
        ShakeHead => head(Entry { most: 5, uses: Use::Arms, ..open(heads::shake) }),
        Wave => Entry { sides: LRB, most: 5, weight: 2.0, moods: true, ..arms(gestures::wave) },
        RaiseArms => Entry { sides: LRB, ..arms(|c| earlier_open(Family::RaiseArms, c, 1.6)) },
        ArmsOut => arms(|c| earlier_open(Family::ArmsOut, c, 1.6)),
        HandsOnHips => Entry { uses: Use::Arms, ..arms(|c| earlier_open(Family::HandsOnHips, c, 1.7)) },
        CrossArms => arms(gestures::cross),
        Clap => Entry { most: 5, moods: true, ..arms(gestures::clap) },
        Point => Entry { sides: LR, ..arms(|c| earlier_open(Family::Point, c, 1.6)) },
        Salute => Entry { sides: LR, ..arms(gestures::salute) },
        Shrug => Entry { uses: Use::Arms, ..counted(gestures::shrug) },
        Cheer => Entry { uses: Use::Whole, ..arms(gestures::cheer) },
        Think => Entry { sides: LR, ..arms(gestures::think) },
        Pray => arms(gestures::pray),
        ReachUp => Entry { sides: LRB, ..make(objects::reach_up) },
        ReachForward => Entry { sides: LRB, ..make(objects::reach_forward) },
        PickUp => Entry { paced: true, weight: 1.3, ..make(objects::pick_up) },
        PutDown => Entry { paced: true, ..make(objects::put_down) },
        LiftBox => Entry { most: 3, ..make(objects::lift) },
        Carry => Entry { uses: Use::Whole, moods: false, ..plain_gait(gaits::carry) },
        Push => Entry { free: (0.3, 0.3), ..open(objects::push) },
        Pull => Entry { free: (0.3, 0.3), ..open(objects::pull) },
        Drink => both(|c| earlier_once(Family::Drink, c, 3.0)),
        Phone => Entry { sides: LR, ..arms(daily::phone) },
        Type => Entry { place: Place::Alone, ..calm(open(daily::typing)) },
        WashWindow => Entry { sides: LR, ..open(daily::window) },
        Knock => Entry { sides: LR, most: 5, ..make(daily::knock) },
        Sweep => open(daily::sweep),
        DirectTraffic => open(daily::traffic),
        Drum => Entry { uses: Use::Whole, ..arms(music::drum) },
        Guitar => arms(music::guitar),
        Violin => arms(music::violin),
        Conduct => arms(music::conduct),
        Dance => Entry { weight: 1.8, moods: false, ..dance(dances::free) },
        DanceTwist => dance(dances::twist),
        DanceDisco => dance(dances::disco),
        DanceBallet => dance(dances::ballet),
        DanceWaltz => dance(dances::waltz),
        DanceRobot => dance(dances::robot),
        Stretch => calm(make(exercise::stretch)),
        SideStretch => both(|c| earlier_once(Family::SideStretch, c, 2.9)),
        PushUp => Entry { most: 5, place: Place::Alone, ..calm(open(exercise::push_up)) },
        SitUp => Entry { most: 5, place: Place::Alone, ..calm(open(exercise::sit_up)) },
        Plank => Entry { place: Place::Alone, ..calm(open(exercise::plank)) },
        Burpee => Entry { most: 3, ..calm(make(exercise::burpee)) },
        ArmCircles => arms(exercise::arm_circles),
        Punch => Entry { weight: 1.5, ..both(|c| earlier_counted(Family::Punch, c, 0.85, 1.05)) },
        Uppercut => both(fights::uppercut),
        ShadowBox => open(fights::shadow_box),
        Block => both(fights::block),
        Dodge => both(fights::dodge),
        Kick => Entry { weight: 1.5, ..both(|c| earlier_counted(Family::Kick, c, 1.45, 0.15)) },
        Roundhouse => both(fights::roundhouse),
        KneeStrike => both(fights::knee),
        SwordSwing => both(fights::sword),
        Balance => Entry { sides: LR, ..calm(open(|c| earlier_open(Family::Balance, c, 1.7))) },
        Throw => both(|c| earlier_once(Family::Throw, c, 2.2)),
        Catch => counted(sports::catch),
        ShootBall => counted(sports::shoot),
        Dribble => Entry { sides: LR, most: 5, ..open(sports::dribble) },
        Golf => make(sports::golf),
        Tennis => both(sports::tennis),
        Bat => counted(sports::bat),
        Bowl => sided(sports::bowl),
        Swim => arms(sports::swim),
        Cartwheel => Entry { sides: LR, ..calm(make(acrobatics::cartwheel)) },
        ForwardRoll => calm(make(acrobatics::roll)),
        Backflip => calm(make(acrobatics::backflip)),
    }
}
