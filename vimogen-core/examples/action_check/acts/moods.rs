//! Checks of moods and accents: what a posture or a gait shows of them.

use super::View;
use super::measures::Measures;
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::acts::{Accent, Act, Mood, Size};

/// Checks what the mood, size and accent of an act leave in joints.
pub fn check(act: &Act, m: &Measures, view: View) -> Verdict {
    match act.mood {
        Mood::Sad | Mood::Tired | Mood::Old => ensure(m.lean > 0.03, "the trunk should be bowed, metres", m.lean)?,
        Mood::Proud | Mood::Stiff => ensure(m.lean < 0.16, "the trunk should be upright, metres", m.lean)?,
        _ => {}
    }
    match act.size {
        Size::Small => ensure(m.stride < 0.75, "steps should be small, metres", m.stride)?,
        Size::Big => ensure(m.stride > 0.30, "steps should be big, metres", m.stride)?,
        _ => {}
    }
    if view == View::Legs {
        return Ok(());
    }
    let swing = (m.hand[LEFT].front - m.hand[LEFT].rear) + (m.hand[RIGHT].front - m.hand[RIGHT].rear);
    match act.accent {
        Accent::ArmsSwing => ensure(swing > 0.45, "the arms should swing, metres", swing),
        Accent::ArmsStill => ensure(swing < 0.72, "the arms should be still, metres", swing),
        Accent::HeadDown => ensure(m.look_down > 0.3, "the head should be down, share of time", m.look_down),
        Accent::KneesBent => ensure(m.height < 0.925, "the knees should be bent, pelvis height", m.height),
        _ => Ok(()),
    }
}
