//! The words: how each movement can be said.
//!
//! In a pattern `{verb}` is inflected, `<side>` and `<other>` become left or right, `<clock>` clockwise or
//! counterclockwise. A sided movement said without a side is done with the right. Patterns that begin with `*` are
//! never used in training: they say the same in words that training knows.

mod body;
mod limbs;
mod travel;

use super::spec::{Family, Part, Side};

/// The patterns for a movement; those that name no side fit the right side only.
pub fn patterns(part: &Part) -> &'static [&'static str] {
    match (part.family, part.side) {
        (Family::Wave, Some(Side::Both)) => limbs::WAVE_BOTH,
        (Family::RaiseArms, Some(Side::Both)) => limbs::RAISE_BOTH,
        (Family::Turn, _) if part.degrees > 90 => travel::TURN_AROUND,
        (family, _) => of_family(family),
    }
}

fn of_family(family: Family) -> &'static [&'static str] {
    match family {
        Family::Stand => travel::STAND,
        Family::WalkForward => travel::WALK_FORWARD,
        Family::WalkBackward => travel::WALK_BACKWARD,
        Family::Sidestep => travel::SIDESTEP,
        Family::WalkCircle => travel::WALK_CIRCLE,
        Family::Run => travel::RUN,
        Family::March => travel::MARCH,
        Family::Turn => travel::TURN,
        Family::Spin => travel::SPIN,
        Family::Jump => body::JUMP,
        Family::JumpForward => body::JUMP_FORWARD,
        Family::Hop => body::HOP,
        Family::JumpingJacks => body::JUMPING_JACKS,
        Family::Squat => body::SQUAT,
        Family::Crouch => body::CROUCH,
        Family::Lunge => body::LUNGE,
        Family::SitDown => body::SIT_DOWN,
        Family::Kneel => body::KNEEL,
        Family::Bow => body::BOW,
        Family::BendDown => body::BEND_DOWN,
        Family::Kick => body::KICK,
        Family::Balance => body::BALANCE,
        Family::Wave => limbs::WAVE,
        Family::RaiseArms => limbs::RAISE_ARMS,
        Family::ArmsOut => limbs::ARMS_OUT,
        Family::HandsOnHips => limbs::HANDS_ON_HIPS,
        Family::CrossArms => limbs::CROSS_ARMS,
        Family::Clap => limbs::CLAP,
        Family::Punch => limbs::PUNCH,
        Family::Throw => limbs::THROW,
        Family::Point => limbs::POINT,
        Family::Drink => limbs::DRINK,
        Family::Salute => limbs::SALUTE,
        Family::SideStretch => limbs::SIDE_STRETCH,
        Family::Nod => limbs::NOD,
        Family::ShakeHead => limbs::SHAKE_HEAD,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::data::synth::caption::every_part;

    #[test]
    fn every_movement_has_many_phrases_and_some_that_training_never_sees() {
        for part in every_part() {
            let reserved = patterns(&part).iter().filter(|p| p.starts_with('*')).count();
            assert!(reserved >= 2 && patterns(&part).len() - reserved >= 8, "{part:?}");
        }
    }

    #[test]
    fn no_two_movements_share_a_phrase() {
        let lists: BTreeSet<&[&str]> = every_part().iter().map(patterns).collect();
        let phrases: BTreeSet<&str> = lists.iter().flat_map(|list| list.iter().copied()).collect();
        assert_eq!(phrases.len(), lists.iter().map(|list| list.len()).sum::<usize>());
    }
}
