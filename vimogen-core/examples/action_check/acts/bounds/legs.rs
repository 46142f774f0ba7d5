//! Bounds of jumps, kicks, squats and bends.

use super::need;
use crate::action_check::acts::View;
use crate::action_check::acts::measures::Measures;
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::acts::{Act, Kind};

/// Checks jumps, kicks, squats and bends.
pub fn check(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let whole = view == View::Alone;
    match act.kind {
        Jump => {
            need!(m, far < 0.45, flights >= 1.0, air > 0.09, spread < 0.44, inverted < 0.01, up_low > 0.6);
            ensure(m.prone < 0.02, "the body should stay on its feet", m.prone)?;
            if whole {
                ensure(m.hand[RIGHT].high < 0.30, "the hands should not reach up", m.hand[RIGHT].high)?;
            }
        }
        JumpForward => {
            need!(m, flights >= 1.0, ahead > 0.33, up_low > 0.5);
            ensure(m.ahead / m.seconds < 1.1, "there should be jumps, not a run", m.ahead / m.seconds)?;
            ensure(m.knee[LEFT].max(m.knee[RIGHT]) < 0.78, "knees should stay low", m.knee[LEFT])?;
            ensure(m.stride < 0.4, "both feet should jump together", m.stride)?;
        }
        Hop => {
            need!(m, far < 0.5, foot_up[LEFT] > 0.18, toe[RIGHT] > 0.05, toe[RIGHT] < 0.15, foot_up[RIGHT] < 0.04);
        }
        JumpingJacks => {
            need!(m, far < 0.4, spread > 0.42, hand[LEFT].high > 0.12, hand[RIGHT].high > 0.12);
        }
        JumpRope => {
            need!(m, far < 0.4, flights >= 2.0, spread < 0.36, air < 0.16);
            need!(m, hand[LEFT].up < 0.2, hand[RIGHT].up < 0.2, hand[LEFT].ahead < 0.6);
            ensure(m.foot_up[LEFT] < 0.2 && m.foot_up[RIGHT] < 0.2, "both feet should jump", m.foot_up[LEFT])?;
            ensure(m.hand[RIGHT].mean.x > 0.12, "hands should be out at the sides", m.hand[RIGHT].mean.x)?;
        }
        ShootBall => {
            need!(m, far < 0.4, air > 0.05, hand[RIGHT].high > 0.30, hand[LEFT].high > 0.1, spread < 0.4);
            ensure(m.prone < 0.01 && m.inverted < 0.01, "the body should stay on its feet", m.prone)?;
            ensure(m.apart < 0.3, "hands should hold a ball", m.apart)?;
        }
        Kick => {
            need!(m, far < 0.5, kicks >= 1.0, toe[LEFT] < 0.13);
            ensure(m.turning < 42.0, "the body should not turn", m.turning)?;
        }
        Roundhouse => {
            need!(m, far < 0.6, toe[RIGHT] > 0.45);
            ensure(m.turning > 42.0, "the hips should turn", m.turning)?;
            need!(m, toe[LEFT] < 0.2, low > 0.75);
        }
        KneeStrike => {
            need!(m, far < 0.5, knee[RIGHT] > 0.84, kick < 0.52, toe[LEFT] < 0.13, foot_up[RIGHT] < 0.4);
            ensure(m.hand[LEFT].front.min(m.hand[RIGHT].front) > 0.28, "hands should pull", m.hand[LEFT].front)?;
        }
        Balance => {
            need!(m, far < 0.5, foot_up[RIGHT] > 0.30, knee[RIGHT] > 0.6, kick < 0.72, toe[LEFT] < 0.10);
            ensure(m.turning < 40.0, "the body should not turn", m.turning)?;
            ensure(m.hand[LEFT].high.max(m.hand[RIGHT].high) < 0.2, "hands should stay down", m.hand[LEFT].high)?;
            need!(m, up_low > 0.8);
        }
        _ => return bent(act, m, view),
    }
    Ok(())
}

/// Squats, lunges, bows and lifting.
fn bent(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let whole = view == View::Alone;
    match act.kind {
        Squat => {
            need!(m, far < 0.4, low < 0.70, end > 0.78, knee_low > 0.30, up_low > 0.35);
            ensure(
                m.hand[LEFT].low.min(m.hand[RIGHT].low) > 0.33,
                "hands should stay off the floor",
                m.hand[LEFT].low,
            )?;
            ensure(m.hand[LEFT].front.min(m.hand[RIGHT].front) > 0.3, "arms should balance ahead", m.hand[LEFT].front)?;
            need!(m, air < 0.06, apart > 0.16);
        }
        Crouch => {
            need!(m, low < 0.62, knee_low > 0.24, upright > 0.3, prone < 0.3, far < 0.42, bow > 0.12);
            ensure(m.low > 0.3, "the body should be above its feet", m.low)?;
            ensure(m.hand[LEFT].low > 0.12, "hands should stay off the floor", m.hand[LEFT].low)?;
            if whole {
                need!(m, end < 0.66);
                ensure(m.ahead > -0.26, "there should be no seat behind", m.ahead)?;
            }
        }
        Lunge => {
            need!(m, stride > 0.38, low < 0.84, up_low > 0.72, end > 0.78);
            ensure(m.low > 0.45, "the body should not sit", m.low)?;
            need!(m, hand[LEFT].front < 0.5, hand[RIGHT].rear > -0.32, hand[LEFT].rear > -0.32, bow < 0.26);
        }
        Bow => {
            need!(m, bow > 0.21, low > 0.80, far < 0.4, hand[LEFT].beats < 8.0, hand[RIGHT].beats < 8.0);
            ensure(m.hand[LEFT].low.min(m.hand[RIGHT].low) > 0.42, "hands should not reach down", m.hand[LEFT].low)?;
            ensure(m.hand[LEFT].up.max(m.hand[RIGHT].up) < 0.15, "hands should rest", m.hand[LEFT].up)?;
            ensure(m.twist_left - m.twist_right < 34.0, "the body should not turn", m.twist_left - m.twist_right)?;
            ensure(m.lean_right.max(-m.lean_left) < 0.17, "the body should not lean aside", m.lean_right)?;
        }
        BendDown => {
            need!(m, bow > 0.26, low > 0.56, far < 0.45);
            ensure(m.hand[LEFT].low.min(m.hand[RIGHT].low) < 0.50, "hands should reach down", m.hand[LEFT].low)?;
            ensure(m.up_low < 0.35, "the trunk should be level", m.up_low)?;
        }
        PickUp | PutDown | LiftBox => {
            ensure(m.hand[LEFT].low.max(m.hand[RIGHT].low) < 0.40, "hands should reach down", m.hand[LEFT].low)?;
            need!(m, low < 0.74, far < 0.5, up_low > -0.3, inverted < 0.01, air < 0.07);
            let over = m.hand[LEFT].high.min(m.hand[RIGHT].high);
            ensure((over > 0.34) == (act.kind == LiftBox), "only weights go over the head", over)?;
            match act.kind {
                PickUp => {
                    need!(m, both_ahead > 0.1, end > 0.8, holds_first < 0.5);
                    ensure(!whole || m.holds_last > 0.5, "it should be held at the end", m.holds_last)?;
                }
                PutDown => {
                    need!(m, both_ahead > 0.05, holds_last < 0.5);
                    ensure(!whole || m.holds_first > 0.5, "it should be held at first", m.holds_first)?;
                }
                _ => {}
            }
        }
        _ => {
            // Bowl.
            need!(m, stride > 0.34, low < 0.82, bow > 0.2);
            ensure(m.hand[RIGHT].rear < -0.20, "the hand should swing back", m.hand[RIGHT].rear)?;
            ensure(m.hand[RIGHT].front > 0.25, "the hand should swing forward", m.hand[RIGHT].front)?;
        }
    }
    Ok(())
}
