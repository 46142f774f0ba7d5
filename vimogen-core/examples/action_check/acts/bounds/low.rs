//! Bounds of movements to and on the floor, on seats and of acrobatics.

use super::need;
use crate::action_check::acts::View;
use crate::action_check::acts::measures::Measures;
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::acts::{Act, Kind};

/// Checks movements that leave the feet.
pub fn check(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let whole = view == View::Alone;
    match act.kind {
        Crawl => {
            ensure(m.ahead > 0.22, "the body should get ahead", m.ahead)?;
            need!(m, end < 0.62, prone_end > 0.5, knee_low < 0.14, hand[LEFT].low < 0.16, hand[RIGHT].low < 0.16);
            ensure(m.end > 0.34, "the body should be on hands and knees", m.end)?;
        }
        SitDown => {
            need!(m, start > 0.82, end < 0.68, up_end > 0.78, knee_low > 0.33, low > 0.42);
            ensure(m.end > 0.38, "the seat should be as high as a chair", m.end)?;
            ensure(m.ahead < -0.15, "the seat should be behind the feet", m.ahead)?;
            need!(m, bow < 0.62);
        }
        StandUp => {
            need!(m, start < 0.70, end > 0.82, up_start > 0.75, knee_low > 0.33);
            ensure(m.start > 0.38, "the body should be on a chair at first", m.start)?;
            need!(m, ahead > 0.12);
        }
        SitAndStand => {
            need!(m, start > 0.8, end > 0.8, low < 0.68);
            ensure(m.low > 0.40, "the seat should be as high as a chair", m.low)?;
            need!(m, knee_low > 0.33, far > 0.22, hand[LEFT].low > 0.3);
        }
        SitOnFloor => {
            need!(m, start > 0.8, end < 0.36, up_end > 0.6);
        }
        Kneel => {
            need!(m, low < 0.66, knee_low < 0.27, upright > 0.7, up_low > 0.5);
            if whole {
                need!(m, end < 0.66);
            }
        }
        LieDown => {
            need!(m, start > 0.75, end < 0.34, supine_end > 0.5, plunge < 1.95);
            ensure(m.seconds > 0.0 && m.supine < 0.86, "the body should stand at first", m.supine)?;
        }
        LieFaceDown => {
            need!(m, start > 0.75, end < 0.34, prone_end > 0.5, plunge < 2.0);
        }
        GetUp => {
            need!(m, start < 0.34, end > 0.82, supine_start > 0.5);
        }
        LieAndGetUp => {
            need!(m, start > 0.75, end > 0.78, low < 0.3, supine > 0.03);
        }
        FallForward => {
            need!(m, start > 0.7, end < 0.34, prone_end > 0.5, plunge > 2.0);
        }
        FallBackward => {
            need!(m, start > 0.7, end < 0.36, supine_end > 0.5, plunge > 1.95);
        }
        Type => {
            need!(m, start < 0.68, end < 0.68, knee_low > 0.3, upright > 0.8, both_ahead > 0.6, low > 0.38);
        }
        PushUp => {
            need!(m, prone > 0.6, hand[LEFT].floor > 0.6, hand[RIGHT].floor > 0.6, far < 0.4, chest > 0.15);
        }
        Plank => {
            need!(m, prone > 0.9, hand[LEFT].floor > 0.9, far < 0.3);
            ensure(m.high - m.low < 0.12, "the body should be held still", m.high - m.low)?;
            ensure(m.low > 0.28, "the body should be off the floor", m.low)?;
        }
        SitUp => {
            need!(m, supine > 0.2, high < 0.4, hand[LEFT].at_head > 0.5, hand[RIGHT].at_head > 0.5);
            ensure(m.up_low < 0.3, "the back should be on the floor", m.up_low)?;
        }
        Burpee => {
            need!(m, start > 0.7, end > 0.7, prone > 0.02, air > 0.08, inverted < 0.01);
        }
        Cartwheel => {
            need!(m, inverted > 0.015, aside > 1.0, end > 0.75);
        }
        ForwardRoll => {
            need!(m, inverted > 0.02, ahead > 0.7, low < 0.45, end > 0.6);
            ensure(m.high < 1.1, "the body should stay on the floor", m.high)?;
        }
        _ => {
            need!(m, inverted > 0.004, air > 0.3, ahead < 0.1, end > 0.6, high > 1.2);
            ensure(m.aside.abs() < 0.5, "the flip should go straight back", m.aside)?;
        }
    }
    Ok(())
}
