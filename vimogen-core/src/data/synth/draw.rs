//! Drawing actions: which movements are asked for, and how often.

use super::compose::Manner;
use super::dice::Dice;
use super::spec::{ActionSpec, Family, Pace, Part, Side};

/// Families that sequences are made of.
pub const SEQUENCED: &[Family] = &[
    Family::WalkForward,
    Family::WalkForward,
    Family::WalkBackward,
    Family::Sidestep,
    Family::Turn,
    Family::Turn,
    Family::Jump,
    Family::Squat,
    Family::SitDown,
    Family::Bow,
    Family::Wave,
    Family::Wave,
    Family::RaiseArms,
    Family::Clap,
    Family::Punch,
    Family::Kick,
    Family::Kneel,
    Family::Crouch,
];
/// Ways of getting about that arms may accompany.
pub const ACCOMPANIED: &[Family] = &[
    Family::WalkForward,
    Family::WalkForward,
    Family::WalkForward,
    Family::WalkBackward,
    Family::Sidestep,
    Family::WalkCircle,
    Family::March,
];
/// What arms may do meanwhile.
pub const ACCOMPANYING: &[Family] =
    &[Family::Wave, Family::Wave, Family::Wave, Family::RaiseArms, Family::Clap, Family::ArmsOut, Family::Point];

/// Fewest frames of a clip with two movements in order.
pub const SEQUENCE_FRAMES: usize = 90;

/// Number of frames: 100 in half the cases, else 60 to 120.
pub fn draw_frames(dice: &mut Dice) -> usize {
    let other = 60 + dice.below(61);
    if dice.chance(0.5) { 100 } else { other }
}

/// An action for a clip of `frames` frames: 70% one movement, 16% two in order, 14% two at once.
pub fn draw_action(frames: usize, dice: &mut Dice) -> ActionSpec {
    let kind = dice.unit();
    if kind < 0.16 && frames >= SEQUENCE_FRAMES {
        let (a, b) = draw_pair(dice);
        ActionSpec::Then(a, b)
    } else if kind > 0.86 {
        let (legs, arms) = (pick(ACCOMPANIED, dice), pick(ACCOMPANYING, dice));
        ActionSpec::While(plain(legs, dice), plain(arms, dice))
    } else {
        ActionSpec::One(draw_part(frames, dice))
    }
}

fn pick(families: &[Family], dice: &mut Dice) -> Family {
    families[dice.below(families.len())]
}

fn draw_pair(dice: &mut Dice) -> (Part, Part) {
    let first = pick(SEQUENCED, dice);
    let others: Vec<Family> = SEQUENCED.iter().copied().filter(|f| *f != first).collect();
    (plain(first, dice), plain(pick(&others, dice), dice))
}

/// One movement at normal pace, once.
pub fn plain(family: Family, dice: &mut Dice) -> Part {
    let sides = family.sides();
    let side = sides.get(dice.below(sides.len())).copied();
    // Hands are mostly waved one at a time.
    let side = if side == Some(Side::Both) && dice.chance(0.4) { Some(Side::Right) } else { side };
    let degrees = match family {
        Family::Turn => 90,
        _ => 0,
    };
    Part { family, side, pace: Pace::Normal, count: 1, degrees }
}

/// One movement with pace and count.
pub fn draw_part(frames: usize, dice: &mut Dice) -> Part {
    // Walking and turning have more to tell apart than the other families.
    let family = match dice.below(Family::ALL.len() + 3) {
        i if i < Family::ALL.len() => Family::ALL[i],
        36 => Family::WalkForward,
        37 => Family::Turn,
        _ => Family::Wave,
    };
    let mut part = plain(family, dice);
    if family == Family::Turn && dice.chance(0.5) {
        part.degrees = 180;
    }
    if family.has_pace() {
        let u = dice.unit();
        part.pace = if u < 0.2 {
            Pace::Slow
        } else if u < 0.4 {
            Pace::Fast
        } else {
            Pace::Normal
        };
    }
    let most = match frames {
        0..90 => 1,
        90..100 => 2,
        _ => 3,
    };
    let most = family.most().min(most);
    if most > 1 && dice.chance(0.45) {
        part.count = 2 + dice.below(usize::from(most) - 1) as u8;
        part.pace = Pace::Normal;
    }
    part
}

/// Small differences from one execution to the next.
pub fn draw_manner(dice: &mut Dice) -> Manner {
    Manner {
        amp: dice.range(0.9, 1.1),
        tempo: dice.range(0.96, 1.05),
        arms: dice.range(-0.02, 0.04),
        lean: dice.range(-0.015, 0.02),
    }
}
