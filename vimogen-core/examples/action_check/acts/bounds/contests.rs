//! Bounds of fights and sports.

use super::need;
use crate::action_check::acts::View;
use crate::action_check::acts::measures::Measures;
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::acts::{Act, Kind};

/// Checks martial movements.
pub fn fights(act: &Act, m: &Measures) -> Verdict {
    use Kind::*;
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    match act.kind {
        Punch => {
            ensure(r.front > 0.36 && r.strokes >= 1.0, "the fist should shoot forward", r.front)?;
            ensure(l.front < 0.40, "the other fist should stay back", l.front)?;
            need!(m, guard > 0.04);
            ensure(r.across > -0.36 && r.high < 0.2, "the fist should go straight", r.across)?;
        }
        Uppercut => {
            need!(m, guard > 0.04);
            ensure(r.high > 0.10 && r.rise > 0.3, "the fist should go up", r.high)?;
            ensure(r.front > 0.2 && r.front < 0.46, "the fist should stay close", r.front)?;
            ensure(l.high < 0.16, "the other fist should stay down", l.high)?;
            ensure(m.twist_left - m.twist_right > 36.0, "the body should turn into it", m.twist_left)?;
        }
        ShadowBox => {
            ensure(l.front.min(r.front) > 0.38, "both fists should shoot forward", l.front.min(r.front))?;
            ensure(l.strokes + r.strokes >= 4.0, "again and again", l.strokes)?;
            need!(m, guard > 0.15, alternation < 0.9);
        }
        Block => {
            ensure(r.high > 0.12 && r.across < -0.08, "the forearm should be before the head", r.high)?;
            need!(m, shield > 0.04);
            ensure(
                l.high < 0.10 && r.beats < 2.0 + 2.0 * f32::from(act.count.unwrap_or(1)),
                "the other hand should be lower",
                l.high,
            )?;
            ensure(r.waves < 4.0 + 2.0 * f32::from(act.count.unwrap_or(1)), "the forearm should be still", r.waves)?;
            ensure(m.twist_left - m.twist_right < 60.0, "the body should not swing", m.twist_left)?;
        }
        Dodge => {
            need!(m, far < 0.5, lean_right > 0.16, low < 0.88, low > 0.6);
            ensure(m.duck > 0.08, "the head should move aside and down", m.duck)?;
            ensure(l.over.max(r.over) < 0.05, "hands should stay down", l.over)?;
        }
        SwordSwing => {
            need!(m, together > 0.15);
            ensure(r.high > 0.16, "the hands should go up", r.high)?;
            ensure(l.rise.min(r.rise) > 0.40, "and down", l.rise)?;
            ensure(
                m.twist_left > 8.0 && m.bow > 0.06 && m.twist_right > -40.0,
                "the body should turn into the cut",
                m.twist_left,
            )?;
            ensure(m.swing_across < 0.0, "the hands should end on the other side", m.swing_across)?;
            need!(m, hilt > 0.0, cut > 0.10);
            ensure(r.over > 0.005, "the hands should go over the head", r.over)?;
        }
        _ => {}
    }
    Ok(())
}

/// Checks ball games and strokes.
pub fn sports(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    match act.kind {
        Throw => {
            ensure(r.high > 0.04 && r.out > 0.12, "the hand should go up behind the shoulder", r.high)?;
            ensure(r.rear < 0.12, "the hand should be drawn back", r.rear)?;
            ensure(r.front > 0.26, "the hand should come forward", r.front)?;
            ensure(m.twist_left - m.twist_right > 26.0, "the body should turn into it", m.twist_left)?;
            ensure(m.apart > 0.25, "one hand should throw", m.apart)?;
            ensure(l.high < 0.16, "the other hand should stay down", l.high)?;
        }
        Catch => {
            ensure(l.front.min(r.front) > 0.33, "both hands should go forward", l.front.min(r.front))?;
            need!(m, apart < 0.34, both_ahead > 0.1, knee[LEFT] < 0.72, knee[RIGHT] < 0.72);
            ensure(l.mean.z.max(r.mean.z) < -0.05, "hands should come down", l.mean.z)?;
            ensure(m.catches > 0.0, "hands should be drawn to the chest", m.catches)?;
            ensure(l.high.max(r.high) < 0.26, "hands should stay low", l.high)?;
            ensure(m.bow < 0.34, "the body should be upright", m.bow)?;
        }
        Dribble => {
            ensure(r.beats >= 3.0 && r.high < 0.02, "the hand should bounce a ball", r.beats)?;
            ensure(l.beats < 2.5, "the other hand should be still", l.beats)?;
            need!(m, lean > 0.06);
            ensure(r.mean.y > -0.08, "the hand should be ahead", r.mean.y)?;
            ensure(r.across > -0.12, "the hand should be at the side", r.across)?;
        }
        Golf => {
            need!(m, together > 0.2, bow > 0.12);
            ensure(r.low.min(l.low) < 0.95 && r.high > 0.10, "the hands should swing up from below", r.high)?;
            ensure(m.twist_left > 14.0 && m.twist_right < -12.0, "the chest should turn both ways", m.twist_left)?;
            ensure(m.swing_across < -0.12 && m.addresses > 0.05, "the club should swing through", m.swing_across)?;
        }
        Tennis => {
            ensure(r.out > 0.24 && r.across < -0.18, "the hand should swing across", r.out)?;
            ensure(m.twist_left - m.twist_right > 44.0, "the body should turn into it", m.twist_left)?;
            ensure(m.together < 0.45 && m.hilt < 0.6, "one hand should swing", m.together)?;
            ensure(l.over < 0.05, "hands should stay lower than the head", l.over)?;
        }
        Bat => {
            need!(m, together > 0.1, hilt > 0.3);
            ensure(r.over < 0.2, "the bat should not go over the head", r.over)?;
            ensure(m.twist_left > 18.0 && m.twist_right < -18.0, "the chest should turn both ways", m.twist_left)?;
            ensure(m.swing_across < -0.12 && m.addresses < 0.05, "the bat should swing level", m.addresses)?;
            ensure(m.bow < 0.30, "the body should be upright", m.bow)?;
        }
        _ => {
            // Swim.
            ensure(l.beats.min(r.beats) >= 1.0, "both arms should stroke", l.beats)?;
            ensure(l.strokes.min(r.strokes) >= 1.0, "ahead and back", l.strokes)?;
            ensure(l.rise.min(r.rise) > 0.30, "up and down", l.rise)?;
            need!(m, lean > if view == View::Arms { -1.0 } else { 0.12 });
            ensure(m.alternation > 0.2, "the arms should take turns", m.alternation)?;
        }
    }
    Ok(())
}
