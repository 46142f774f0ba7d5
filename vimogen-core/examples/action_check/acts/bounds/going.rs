//! Bounds of ways of getting about and of turns.

use super::{need, plainly, walks};
use crate::action_check::acts::View;
use crate::action_check::acts::measures::Measures;
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::Pace;
use vimogen_core::data::procedural::acts::{Act, Kind, Size};

/// Checks ways of getting about and turns.
pub fn check(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let pace = |slow: f32, usual: f32, fast: f32| match act.pace {
        Pace::Slow => slow,
        Pace::Fast => fast,
        _ => usual,
    };
    match act.kind {
        WalkForward => {
            let most = pace(0.9, 1.75, 2.6);
            walks(m, view, [pace(0.14, 0.13, 0.5), if act.size == Size::Big { 2.2 } else { most }])?;
            need!(m, flights < 1.0);
            ensure(m.lean_right - m.lean_left < 0.20, "the body should not stagger", m.lean_right - m.lean_left)?;
            ensure((m.lean_right + m.lean_left).abs() < 0.085, "the body should not limp", m.lean_right + m.lean_left)?;
            plainly(m, view)?;
        }
        Run => {
            walks(m, view, [pace(0.7, 0.7, 1.4), 7.5])?;
            need!(m, flights >= 1.0, lean > -0.2, high < 1.035);
        }
        WalkBackward | RunBackward => {
            let back = Measures { ahead: -m.ahead, ..m.clone() };
            let fast = act.kind == RunBackward;
            walks(&back, view, if fast { [0.7, 4.0] } else { [pace(0.1, 0.1, 0.3), 2.0] })?;
            ensure(m.toe[LEFT].max(m.toe[RIGHT]) > 0.065, "feet should be lifted", m.toe[LEFT])?;
            let flies = m.flights >= 1.0;
            ensure(fast == flies, "running leaves the ground, walking does not", m.flights)?;
            if !fast {
                plainly(m, view)?;
            }
        }
        Sidestep => {
            let speed = m.aside / m.seconds;
            let least = if view == View::Part { 0.05 } else { pace(0.07, 0.12, 0.25) };
            ensure(speed > least && speed < 1.6, "the body should move aside, metres a second", speed)?;
            ensure(m.ahead.abs() < 0.5 * m.aside, "the way should lead aside", m.ahead)?;
            need!(m, turning < 50.0, up_low > 0.8);
        }
        WalkDiagonal => {
            let angle = m.aside.atan2(m.ahead).to_degrees();
            ensure((15.0..62.0).contains(&angle), "the way should lead ahead and aside, degrees", angle)?;
            ensure(m.aside > 0.2, "the way should lead aside, metres", m.aside)?;
            ensure(m.hand[LEFT].up < 0.2 || view == View::Legs, "hands should be down", m.hand[LEFT].up)?;
            need!(m, far > 0.35, turning < 55.0);
        }
        WalkCircle => {
            let need = if view == View::Part { 8.0 } else { 14.0 };
            ensure(m.turned > need * m.seconds, "the way should bend to the side asked for, degrees", m.turned)?;
            ensure(m.speed > 0.22, "the body should walk, metres a second", m.speed)?;
            need!(m, far > 0.32, rush < 128.0, up_low > 0.7, stride > 0.2);
        }
        WalkLine => {
            walks(m, view, [0.06, 0.6])?;
            need!(m, width < 0.13);
            ensure(m.hand[LEFT].aside.min(m.hand[RIGHT].aside) > 0.3, "arms should be out", m.hand[LEFT].aside)?;
        }
        WalkAndReturn => {
            need!(m, far > 0.35, turning > 120.0, flights < 1.0);
            ensure(m.turned.abs() > 110.0 && m.turned.abs() < 250.0, "the body should turn around", m.turned)?;
            let back = m.ahead.hypot(m.aside);
            ensure(back < 0.8 * m.far, "the way should lead back, metres from the start", back)?;
        }
        _ => return other(act, m, view),
    }
    Ok(())
}

/// Marching, sneaking, limping and the like, loads, turns.
fn other(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    match act.kind {
        March => {
            need!(m, far < 0.5, turning < 50.0, air < 0.1);
            ensure(m.lifts[LEFT].min(m.lifts[RIGHT]) >= 1.0, "each foot should be lifted", m.lifts[LEFT])?;
            ensure(m.lifts[LEFT] + m.lifts[RIGHT] >= 3.0, "again and again", m.lifts[RIGHT])?;
            need!(m, up_low > 0.8);
        }
        Tiptoe => {
            walks(m, view, [0.1, 1.6])?;
            need!(m, heels > 0.66, flights < 1.0);
        }
        Sneak => {
            walks(m, view, [0.08, 1.2])?;
            need!(m, lean > 0.08, flights < 1.0, bow > 0.15);
            ensure(
                m.hand[LEFT].mean.y.min(m.hand[RIGHT].mean.y) > 0.12,
                "hands should be in front",
                m.hand[LEFT].mean.y,
            )?;
            ensure(m.toe[LEFT].max(m.toe[RIGHT]) > 0.14, "feet should be lifted high", m.toe[RIGHT])?;
        }
        Limp => {
            walks(m, view, [0.08, 1.3])?;
            // The body dips onto the hurt leg: it leans to that side, more than to the other.
            ensure(m.lean_right > -m.lean_left + 0.03, "the body should lean onto the hurt leg", m.lean_right)?;
            need!(m, lean_right > 0.055, flights < 1.0);
        }
        Stagger => {
            let speed = m.ahead / m.seconds;
            ensure(speed > 0.06 && speed < 1.4, "the body should get ahead", speed)?;
            ensure(m.lean_right - m.lean_left > 0.15, "the body should sway", m.lean_right - m.lean_left)?;
            need!(m, flights < 1.0);
        }
        Skip => {
            walks(m, view, [0.4, 3.2])?;
            need!(m, flights >= 2.0, high > 1.005);
            ensure(m.knee[LEFT].min(m.knee[RIGHT]) > 0.66, "knees should be lifted high", m.knee[LEFT])?;
        }
        Moonwalk => {
            let speed = -m.ahead / m.seconds;
            ensure(speed > 0.08 && speed < 1.2, "the body should glide backward", speed)?;
            ensure(m.toe[LEFT].max(m.toe[RIGHT]) < 0.065, "feet should stay on the floor", m.toe[LEFT])?;
            need!(m, turning < 50.0, up_low > 0.85);
        }
        ClimbStairs => {
            need!(m, ahead > 0.2, climbed > 0.13, up_low > 0.7, turning < 60.0);
        }
        DescendStairs => {
            need!(m, ahead > 0.2, climbed < -0.13, up_low > 0.7, turning < 60.0);
        }
        Carry => {
            walks(m, view, [0.1, 1.7])?;
            need!(m, both_ahead > 0.6, lean < 0.16);
            need!(m, hand[LEFT].beats < 6.0, hand[RIGHT].beats < 6.0, apart < 0.55);
            ensure(m.hand[RIGHT].mean.z < -0.10, "hands should be lower than the shoulders", m.hand[RIGHT].mean.z)?;
        }
        Push => {
            walks(m, view, [0.05, 1.2])?;
            need!(m, both_ahead > 0.55, lean > 0.14);
            ensure(
                m.hand[LEFT].mean.y.min(m.hand[RIGHT].mean.y) > 0.27,
                "arms should be stretched out",
                m.hand[LEFT].mean.y,
            )?;
        }
        Pull => {
            ensure(-m.ahead / m.seconds > 0.05, "the body should go backward", m.ahead)?;
            need!(m, both_ahead > 0.5, lean < 0.08, turning < 50.0, up_low > 0.7, low > 0.7);
        }
        _ => {
            let around =
                if act.kind == Spin { 360.0 * f32::from(act.count.unwrap_or(1)) } else { f32::from(act.degrees) };
            let slack = if around > 300.0 { 80.0 } else { 0.42 * around };
            ensure((m.turned - around).abs() < slack, "the turn should be as far as asked for", m.turned)?;
            need!(m, far < 0.55, up_low > 0.75, low > 0.78);
            if view == View::Alone {
                need!(m, hand[LEFT].up < 0.15, hand[RIGHT].up < 0.15);
            }
        }
    }
    Ok(())
}
