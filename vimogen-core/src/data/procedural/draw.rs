//! Random actions: movements and their frequencies.

use super::compose::Variation;
use super::rng::Rng;
use super::spec::{ActionSpec, Family, Pace, Part, Side};

/// Families in sequences.
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
/// Movements of the arms during locomotion.
pub const ACCOMPANYING: &[Family] =
    &[Family::Wave, Family::Wave, Family::Wave, Family::RaiseArms, Family::Clap, Family::ArmsOut, Family::Point];

/// Minimum frames of a clip with two movements in order.
pub const SEQUENCE_FRAMES: usize = 90;

/// Number of frames: 100 in half the cases, else 60 to 120.
pub fn draw_frames(rng: &mut Rng) -> usize {
    let other = 60 + rng.below(61);
    if rng.chance(0.5) { 100 } else { other }
}

/// An action for a clip of `frames` frames: 70% one movement, 16% two in order, 14% two at once.
pub fn draw_action(frames: usize, rng: &mut Rng) -> ActionSpec {
    let kind = rng.unit();
    if kind < 0.16 && frames >= SEQUENCE_FRAMES {
        let (a, b) = draw_pair(rng);
        ActionSpec::Then(a, b)
    } else if kind > 0.86 {
        let (legs, arms) = (pick(ACCOMPANIED, rng), pick(ACCOMPANYING, rng));
        ActionSpec::While(plain(legs, rng), plain(arms, rng))
    } else {
        ActionSpec::One(draw_part(frames, rng))
    }
}

fn pick(families: &[Family], rng: &mut Rng) -> Family {
    families[rng.below(families.len())]
}

fn draw_pair(rng: &mut Rng) -> (Part, Part) {
    let first = pick(SEQUENCED, rng);
    let others: Vec<Family> = SEQUENCED.iter().copied().filter(|f| *f != first).collect();
    (plain(first, rng), plain(pick(&others, rng), rng))
}

/// One movement at normal pace, once.
pub fn plain(family: Family, rng: &mut Rng) -> Part {
    let sides = family.sides();
    let side = sides.get(rng.below(sides.len())).copied();
    // Hands are mostly waved one at a time.
    let side = if side == Some(Side::Both) && rng.chance(0.4) { Some(Side::Right) } else { side };
    let degrees = match family {
        Family::Turn => 90,
        _ => 0,
    };
    Part { family, side, pace: Pace::Normal, count: 1, degrees }
}

/// One movement with pace and count.
pub fn draw_part(frames: usize, rng: &mut Rng) -> Part {
    // Walking and turning have more variants than the other families.
    let family = match rng.below(Family::ALL.len() + 3) {
        i if i < Family::ALL.len() => Family::ALL[i],
        36 => Family::WalkForward,
        37 => Family::Turn,
        _ => Family::Wave,
    };
    let mut part = plain(family, rng);
    if family == Family::Turn && rng.chance(0.5) {
        part.degrees = 180;
    }
    if family.has_pace() {
        let u = rng.unit();
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
    if most > 1 && rng.chance(0.45) {
        part.count = 2 + rng.below(usize::from(most) - 1) as u8;
        part.pace = Pace::Normal;
    }
    part
}

/// Small differences from one execution to the next.
pub fn draw_variation(rng: &mut Rng) -> Variation {
    Variation {
        amp: rng.range(0.9, 1.1),
        tempo: rng.range(0.96, 1.05),
        arms: rng.range(-0.02, 0.04),
        lean: rng.range(-0.015, 0.02),
    }
}
