//! Bounds on the measures of each kind.

use super::measures::Measures;
use super::{View, judges_arms};
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::acts::{Act, Kind, Size};
use vimogen_core::data::procedural::{Pace, Side};

/// Requires bounds of measures; the text of a bound is the message of its mismatch.
macro_rules! need {
    ($m:expr $(,)?) => {{}};
    ($m:expr, $name:ident $([$i:expr])? $(.$sub:ident)? < $bound:expr $(, $($rest:tt)*)?) => {{
        let value = $m.$name$([$i])?$(.$sub)?;
        let what = concat!(stringify!($name), $(" of ", stringify!($i), " ",)? $(stringify!($sub),)? " should be < ", stringify!($bound));
        ensure(value < $bound, what, value)?;
        need!($m $(, $($rest)*)?)
    }};
    ($m:expr, $name:ident $([$i:expr])? $(.$sub:ident)? > $bound:expr $(, $($rest:tt)*)?) => {{
        let value = $m.$name$([$i])?$(.$sub)?;
        let what = concat!(stringify!($name), $(" of ", stringify!($i), " ",)? $(stringify!($sub),)? " should be > ", stringify!($bound));
        ensure(value > $bound, what, value)?;
        need!($m $(, $($rest)*)?)
    }};
    ($m:expr, $name:ident $([$i:expr])? $(.$sub:ident)? >= $bound:expr $(, $($rest:tt)*)?) => {{
        let value = $m.$name$([$i])?$(.$sub)?;
        let what = concat!(stringify!($name), $(" of ", stringify!($i), " ",)? $(stringify!($sub),)? " should be >= ", stringify!($bound));
        ensure(value >= $bound, what, value)?;
        need!($m $(, $($rest)*)?)
    }};
}

/// On both feet, upright, in place.
fn standing(m: &Measures) -> Verdict {
    need!(m, far < 0.45, low > 0.78, air < 0.10, up_low > 0.70);
    need!(m, toe[LEFT] < 0.14, toe[RIGHT] < 0.14);
    ensure(m.turned.abs() < 50.0, "turned should be small", m.turned)
}

/// Standing with hands that stay down.
fn quiet(m: &Measures) -> Verdict {
    need!(m, hand[LEFT].up < 0.12, hand[RIGHT].up < 0.12);
    need!(m, hand[LEFT].ahead < 0.22, hand[RIGHT].ahead < 0.22);
    need!(m, hand[LEFT].aside < 0.3, hand[RIGHT].aside < 0.3, together < 0.3, hips < 0.25, crossed < 0.2);
    ensure(m.hand[LEFT].mean.z.max(m.hand[RIGHT].mean.z) < -0.26, "hands should hang", m.hand[RIGHT].mean.z)?;
    Ok(())
}

/// The left hand does nothing.
fn one_handed(m: &Measures, view: View) -> Verdict {
    if view == View::Part {
        return Ok(());
    }
    need!(m, hand[LEFT].up < 0.15, hand[LEFT].ahead < 0.5);
    Ok(())
}

/// Getting along on two feet, at `low` to `high` metres a second ahead.
fn walks(m: &Measures, view: View, [low, high]: [f32; 2]) -> Verdict {
    let low = if view == View::Part { 0.5 * low } else { low };
    let speed = m.ahead / m.seconds;
    ensure(speed > low, "the body should get ahead, metres a second", speed)?;
    ensure(speed < high, "the body should be slower, metres a second", speed)?;
    ensure(m.aside.abs() < 0.24 * m.ahead.abs() + 0.16, "the way should lead straight, metres aside", m.aside)?;
    ensure(m.turned.abs() < 50.0, "the body should not turn, degrees", m.turned)?;
    Ok(())
}

/// The usual walk: upright, heels down, no hands in use.
fn plainly(m: &Measures, view: View) -> Verdict {
    need!(m, heels < 0.62, low > 0.68, upright > 0.80, climbed < 0.30, sways < 7.0);
    if judges_arms(view) {
        need!(m, hand[LEFT].up < 0.2, hand[RIGHT].up < 0.2, both_ahead < 0.45);
    }
    Ok(())
}

/// Bounds of `act`.
pub fn check(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    match act.kind {
        Stand | Nod | ShakeHead | Look | LookAround | LookUp | LookDown => heads(act, m, view),
        WalkForward | WalkBackward | Sidestep | WalkCircle | WalkDiagonal | WalkLine | WalkAndReturn | Run
        | RunBackward | March | Tiptoe | Sneak | Limp | Stagger | Skip | Moonwalk | ClimbStairs | DescendStairs
        | Carry | Push | Pull | Turn | Spin => going(act, m, view),
        Crawl | SitDown | StandUp | SitAndStand | SitOnFloor | Kneel | LieDown | LieFaceDown | GetUp | LieAndGetUp
        | FallForward | FallBackward | Type | PushUp | SitUp | Plank | Burpee | Cartwheel | ForwardRoll | Backflip => {
            low(act, m, view)
        }
        Jump | JumpForward | Hop | JumpingJacks | JumpRope | Squat | Crouch | Lunge | Bow | BendDown | PickUp
        | PutDown | LiftBox | Kick | Roundhouse | KneeStrike | Balance | ShootBall | Bowl => legs(act, m, view),
        _ => arms(act, m, view),
    }
}

fn heads(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    if view != View::Arms {
        standing(m)?;
        quiet(m)?;
    }
    let least = (0.7 * m.seconds).max(2.0);
    match act.kind {
        Stand => {
            need!(m, speed < 0.35, twist_left < 24.0, twist_right > -24.0, bow < 0.26, look_up < 0.3, chest < 0.10);
            ensure(
                m.look_down < 0.45 || act.mood != vimogen_core::data::procedural::acts::Mood::Plain,
                "the head should be up",
                m.look_down,
            )?;
            ensure(m.look_right.max(m.look_left) < 0.4, "the head should be ahead", m.look_right)?;
            ensure(m.hand[LEFT].front.max(m.hand[RIGHT].front) < 0.30, "hands should hang", m.hand[RIGHT].front)?;
            ensure(m.hand[LEFT].out.max(m.hand[RIGHT].out) < 0.27, "hands should hang", m.hand[RIGHT].out)?;
            need!(m, nods < 4.0 + m.seconds, shakes < 3.0 + m.seconds);
            ensure(m.hand[LEFT].speed + m.hand[RIGHT].speed < 0.55, "hands should rest", m.hand[RIGHT].speed)?;
        }
        Nod => {
            need!(m, nods >= 2.0, chest < 0.12 + if view == View::Arms { 1.0 } else { 0.0 });
            ensure(m.nods > 0.9 * m.shakes, "the head should nod more than it turns", m.shakes)?;
            need!(m, twist_left < 26.0, twist_right > -26.0);
        }
        ShakeHead => {
            need!(m, shakes >= 2.0);
            ensure(m.shakes >= least.min(3.0), "the head should turn again and again", m.shakes)?;
            need!(m, twist_left < 20.0, twist_right > -20.0, chest < 0.10 + if view == View::Arms { 1.0 } else { 0.0 });
        }
        Look => need!(m, look_right > 0.10, look_left < 0.10, look_up < 0.5),
        LookAround => {
            need!(m, look_right > 0.10, look_left > 0.10);
            ensure(m.twist_left - m.twist_right > 18.0, "the chest should turn along", m.twist_left - m.twist_right)?;
        }
        LookUp => need!(m, look_up > 0.15, look_down < 0.5),
        _ => {
            need!(m, look_down > 0.12, look_up < 0.2, bow < 0.34, lean < 0.17);
            need!(m, hand[LEFT].beats < 4.0, hand[RIGHT].beats < 4.0);
            ensure(m.chest < 0.14, "the body should stay up", m.chest)?;
        }
    }
    Ok(())
}

fn going(act: &Act, m: &Measures, view: View) -> Verdict {
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
            ensure(m.hand[LEFT].up < 0.2, "hands should be down", m.hand[LEFT].up)?;
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

fn low(act: &Act, m: &Measures, view: View) -> Verdict {
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

fn legs(act: &Act, m: &Measures, view: View) -> Verdict {
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
            need!(m, bow > 0.21, low > 0.80, far < 0.4, hand[LEFT].beats < 4.0, hand[RIGHT].beats < 4.0);
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
        ShootBall => {
            need!(m, far < 0.4, air > 0.05, hand[RIGHT].high > 0.30, hand[LEFT].high > 0.1, spread < 0.4);
            ensure(m.prone < 0.01 && m.inverted < 0.01, "the body should stay on its feet", m.prone)?;
            ensure(m.apart < 0.3, "hands should hold a ball", m.apart)?;
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

fn arms(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    if view != View::Arms
        && !matches!(
            act.kind,
            Cheer | Dance | DanceTwist | DanceDisco | DanceBallet | DanceWaltz | DanceRobot | Dodge | Stretch | ReachUp
        )
    {
        need!(m, far < 0.5, low > 0.72, air < 0.12, turning < 75.0);
    }
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    let both = act.side == Some(Side::Both);
    let least = |f: fn(&super::measures::Hand) -> f32| if both { f(l).min(f(r)) } else { f(r) };
    let single = || if both { Ok(()) } else { one_handed(m, view) };
    match act.kind {
        Wave => {
            single()?;
            ensure(least(|h| h.up) > 0.18, "the hand should be up", least(|h| h.up))?;
            ensure(least(|h| h.waves) >= 2.0, "the hand should wave", least(|h| h.waves))?;
            ensure(least(|h| h.out) > 0.16, "the arm should be out", least(|h| h.out))?;
            ensure(m.toe[LEFT].max(m.toe[RIGHT]) < 0.12 || view == View::Arms, "feet should stay down", m.air)?;
            ensure(l.akimbo < 0.3 && (m.bounces < 3.0 || view == View::Arms), "the body should rest", m.bounces)?;
            ensure(r.ahead < 0.3 && m.knocks < 4.0, "the hand should wave aside, not ahead", r.ahead)?;
        }
        RaiseArms => {
            single()?;
            ensure(least(|h| h.over) > 0.25, "the hand should be over the head", least(|h| h.over))?;
            ensure(least(|h| h.high) > 0.3, "the arm should be raised", least(|h| h.high))?;
            ensure(least(|h| h.sweeps) < 3.0, "the hand should be still", least(|h| h.sweeps))?;
            ensure(least(|h| h.beats) < 4.0 || view == View::Arms, "the hand should stay up", least(|h| h.beats))?;
            ensure(m.heels < 0.05 || view == View::Arms, "feet should stay flat", m.heels)?;
            ensure(
                m.lean_right.max(-m.lean_left) < 0.14 || view != View::Alone,
                "the body should be upright",
                m.lean_right,
            )?;
        }
        ArmsOut => {
            ensure(l.aside.min(r.aside) > 0.28, "both arms should be out", l.aside.min(r.aside))?;
            ensure(l.beats.max(r.beats) < 6.0, "the arms should be still", l.beats)?;
            ensure(l.over.max(r.over) < 0.1, "the arms should be level", l.over)?;
        }
        HandsOnHips => {
            let down = l.mean.z.max(r.mean.z);
            need!(m, between > 0.30);
            ensure(down < -0.24 && l.rear.max(r.rear) < 0.02, "hands should be on the hips", down)?;
            ensure(l.low.min(r.low) > 0.6, "hands should not reach down", l.low)?;
            ensure(l.ahead.max(r.ahead) < 0.25, "hands should not be ahead", l.ahead)?;
            ensure(l.out.max(r.out) < 0.36, "elbows should be bent", l.out)?;
            ensure(m.hips > 0.3, "hands should be on the hips, elbows out", m.hips)?;
        }
        CrossArms => {
            ensure(l.across.max(r.across) < -0.17, "both hands should cross the body", l.across.max(r.across))?;
            ensure(m.crossed > 0.3, "the arms should be crossed", m.crossed)?;
        }
        Clap => {
            need!(m, apart < 0.24, claps >= 1.0);
            ensure(m.claps >= 3.0 || act.count.is_some(), "again and again", m.claps)?;
            ensure(l.strokes + r.strokes < 4.0, "hands should move aside", l.strokes)?;
            ensure(m.both_ahead > 0.2, "hands should be in front", m.both_ahead)?;
            ensure(l.beats.max(r.beats) < 5.0, "hands should move aside, not up", l.beats)?;
            ensure(l.high.max(r.high) < 0.2, "hands should be lower than the head", l.high)?;
        }
        Point => {
            single()?;
            ensure(r.ahead > 0.32, "the arm should be held out ahead", r.ahead)?;
            ensure(r.front > 0.36, "the arm should be straight", r.front)?;
            ensure(r.strokes < 3.0 && r.beats < 3.0 + m.seconds && r.sweeps < 3.0, "the arm should be still", r.beats)?;
            ensure(m.toe[LEFT].max(m.toe[RIGHT]) < 0.14 || view != View::Alone, "feet should stay down", m.toe[RIGHT])?;
            ensure(m.lean < 0.16 || view != View::Alone, "the body should be upright", m.lean)?;
        }
        Salute => {
            single()?;
            ensure(r.at_head > 0.28, "the hand should be at the head", r.at_head)?;
            ensure(m.brow > 0.2, "the hand should be at the forehead", m.brow)?;
            ensure(r.across > -0.3, "the hand should be on its side", r.across)?;
        }
        Shrug => {
            ensure(l.out.min(r.out) > 0.12, "hands should be out", l.out.min(r.out))?;
            ensure(l.high.max(r.high) < 0.06, "hands should be lower than the shoulders", l.high)?;
            ensure(l.rise.min(r.rise) > 0.08, "hands should come up", l.rise)?;
            need!(m, shrugs > 0.02, apart > 0.22);
            ensure(
                (m.air < 0.045 || view == View::Arms) && l.beats.max(r.beats) < 11.0,
                "feet should stay down",
                m.air,
            )?;
        }
        Cheer => {
            ensure(l.over.min(r.over) > 0.2, "hands should be over the head", l.over.min(r.over))?;
            need!(m, bounces >= 2.0, spread < 0.4, far < 0.4, air < 0.12);
        }
        Think => {
            single_think(m)?;
            ensure(r.at_chin > 0.35, "the hand should be at the chin", r.at_chin)?;
            ensure(l.across < -0.06, "the other hand should support the elbow", l.across)?;
            ensure(l.ahead + l.up < 0.6, "the other hand should support it", l.ahead)?;
            ensure(m.look_up < 0.2, "the head should be down", m.look_up)?;
        }
        Pray => {
            need!(m, together > 0.35, claps < 2.0);
            ensure(m.both_ahead > 0.3, "hands should be in front", m.both_ahead)?;
            ensure(l.beats.max(r.beats) < 4.0, "hands should be still", l.beats)?;
            ensure(l.mean.z > -0.34, "hands should be before the chest", l.mean.z)?;
        }
        ReachUp => {
            single()?;
            need!(m, far < 0.4);
            let high = if both { l.high.min(r.high) } else { r.high };
            ensure(high > 0.36, "the hand should reach up", high)?;
            need!(
                m,
                heels > 0.06,
                air < 0.12,
                bounces < 3.0,
                spread < 0.36,
                foot_up[LEFT] < 0.05,
                foot_up[RIGHT] < 0.05
            );
            ensure(l.out.min(r.out) < 0.36, "arms should come straight down", l.out.min(r.out))?;
            ensure(l.sweeps.max(r.sweeps) < 3.0, "the hand should reach once", r.sweeps)?;
            if both {
                ensure(m.between < 0.75, "hands should reach for one thing", m.between)?;
            }
        }
        ReachForward => {
            single()?;
            ensure(least(|h| h.front) > 0.36, "the hand should reach forward", least(|h| h.front))?;
            need!(m, bow > 0.13, low > 0.8);
            ensure(both || l.front < 0.36 || view == View::Part, "the other hand should stay back", l.front)?;
            ensure(m.bow < 0.5, "the body should not bend down", m.bow)?;
            ensure(r.across > -0.6 && r.beats < 4.0 && r.strokes < 7.0, "the hand should reach once", r.beats)?;
        }
        Drink => {
            single()?;
            ensure(r.at_chin > 0.08, "the hand should be at the mouth", r.at_chin)?;
            ensure(
                r.at_chin < 0.86 && l.mean.y < 0.16 && r.rise > 0.35,
                "the hand should come up and go down",
                r.rise,
            )?;
            ensure(r.pokes < 12.0 && m.twist_left - m.twist_right < 40.0, "the body should rest", m.twist_left)?;
        }
        Phone => {
            single()?;
            ensure(r.at_ear > 0.35, "the hand should be at the ear", r.at_ear)?;
            ensure(m.brow < 0.25, "the hand should not be at the forehead", m.brow)?;
        }
        WashWindow => {
            single()?;
            ensure(r.ahead > 0.3 && r.up > 0.3, "the hand should be ahead and up", r.ahead)?;
            ensure(r.beats >= 2.0 && r.waves >= 2.0 && r.rise > 0.2, "the hand should circle", r.beats)?;
            ensure(r.sweeps >= 1.0, "widely", r.sweeps)?;
        }
        Knock => {
            single()?;
            ensure(r.front > 0.30 && r.high > -0.10, "the hand should knock ahead", r.front)?;
            need!(m, knocks >= 1.0, toe[LEFT] < 0.14, toe[RIGHT] < 0.14);
            let pokes = 2.0 * f32::from(act.count.unwrap_or(3)) - 2.0;
            ensure(r.pokes >= pokes.max(1.0), "the hand should knock again and again", r.pokes)?;
            ensure(l.front < 0.28 && l.high < 0.0 && r.high < 0.2, "the other hand should rest", l.front)?;
            ensure(r.across > -0.14, "the hand should stay on its side", r.across)?;
            ensure(m.bow < 0.28, "the body should be upright", m.bow)?;
        }
        Sweep => {
            need!(m, lean > 0.08, guard < 0.15);
            ensure(r.low < 0.95 && l.akimbo < 0.3, "the right hand should be low", r.low)?;
            ensure(l.mean.z.max(r.mean.z) < 0.0, "hands should be low", r.mean.z)?;
            ensure(m.both_in_front > 0.2, "both hands should hold a broom", m.both_in_front)?;
            ensure(m.twist_left - m.twist_right > 22.0, "the chest should turn", m.twist_left - m.twist_right)?;
        }
        DirectTraffic => {
            ensure(l.aside.max(r.aside) > 0.08 && l.ahead.max(r.ahead) > 0.2, "one arm aside, one ahead", l.aside)?;
            need!(m, foot_up[LEFT] < 0.04, foot_up[RIGHT] < 0.04);
            ensure(m.signals > 0.08, "one arm should be out ahead and the other one up", m.signals)?;
        }
        Drum => {
            ensure(l.beats.min(r.beats) >= 3.0, "both hands should beat", l.beats.min(r.beats))?;
            ensure(l.ahead.min(r.ahead) > 0.25, "hands should be in front", l.ahead.min(r.ahead))?;
            need!(m, alternation > 0.2, twists < 9.0);
            ensure(
                l.aside.max(r.aside) < 0.1 && (m.toe[LEFT].max(m.toe[RIGHT]) < 0.12 || view == View::Arms),
                "hands should be in front",
                l.aside,
            )?;
            ensure(l.high.max(r.high) < 0.24, "hands should be low", l.high)?;
        }
        Guitar => {
            ensure(l.mean.x > 0.05 && l.high < 0.15, "the left hand should hold the neck", l.mean.x)?;
            ensure(r.beats >= 2.0, "the right hand should strum", r.beats)?;
            ensure(r.across < -0.02 && r.high < 0.0, "the right hand should be at the belly", r.across)?;
            ensure(l.out > 0.10, "the left hand should be out", l.out)?;
            ensure(r.aside < 0.1 && l.beats < r.beats, "the right arm should be bent", l.beats)?;
        }
        Violin => {
            ensure(l.mean.y > 0.18 && l.mean.z > -0.2, "the left hand should hold a violin", l.mean.z)?;
            ensure(r.mean.z > -0.35 && r.waves >= 1.0, "the right hand should bow", r.waves)?;
            ensure(l.sweeps < 4.0 && l.beats < 5.0, "the left hand should be still", l.beats)?;
            ensure(r.front > 0.15, "the right hand should be in front", r.front)?;
        }
        Conduct => {
            ensure(l.beats.min(r.beats) >= 2.0, "both hands should beat time", l.beats)?;
            ensure(l.waves.min(r.waves) >= 1.0, "and move aside", l.waves)?;
            ensure(l.ahead.min(r.ahead) > 0.3, "hands should be in front", l.ahead)?;
            need!(m, alternation < 0.25, bounces < 4.0);
            ensure(l.high.max(r.high) > 0.05, "hands should go up", l.high)?;
        }
        Dance | DanceTwist | DanceDisco | DanceBallet | DanceWaltz | DanceRobot => dances(act, m)?,
        Stretch => {
            ensure(l.high.min(r.high) > 0.36, "hands should go up", l.high.min(r.high))?;
            need!(m, together > 0.08, heels > 0.04, air < 0.1, flights < 1.0, far < 0.35);
            ensure(l.out.min(r.out) > 0.34, "arms should come down at the sides", l.out.min(r.out))?;
            ensure(m.bounces < 3.0, "the body should not bounce", m.bounces)?;
        }
        SideStretch => {
            ensure(m.lean_right > 0.13, "the body should lean to the side", m.lean_right)?;
            ensure(l.high > 0.2, "the other arm should be overhead", l.high)?;
            ensure(l.over > 0.1, "the other hand should be over the head", l.over)?;
        }
        ArmCircles => {
            ensure(l.beats.min(r.beats) >= 3.0, "both arms should circle", l.beats)?;
            ensure(l.aside.min(r.aside) > 0.2, "arms should be out", l.aside)?;
            ensure(m.spread < 0.36, "feet should stay together", m.spread)?;
        }
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

fn single_think(m: &Measures) -> Verdict {
    ensure(
        m.hand[LEFT].over < 0.1 && m.hand[RIGHT].over < 0.1,
        "hands should stay lower than the head",
        m.hand[LEFT].over,
    )
}

fn dances(act: &Act, m: &Measures) -> Verdict {
    use Kind::*;
    need!(m, flights < 1.0, up_low > 0.6);
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    match act.kind {
        Dance => {
            need!(m, far < 0.9);
            let moves = m.bounces + m.shifts + m.twists;
            ensure(moves >= 0.7 * m.seconds - 1.0 && moves >= 2.0, "the body should move again and again", moves)?;
            need!(m, toe[LEFT] < 0.2, toe[RIGHT] < 0.2, guard < 0.6);
            ensure(l.over.max(r.over) < 0.5 && m.lean < 0.17, "the body should dance upright", m.lean)?;
            ensure(l.speed + r.speed > 0.5, "the arms should dance along", l.speed + r.speed)?;
            ensure(m.turning < 80.0, "the body should stay where it is", m.turning)?;
        }
        DanceTwist => {
            need!(m, far < 0.4, twists >= 3.0);
            ensure(m.turning > 20.0, "the hips should turn", m.turning)?;
            ensure(l.high.max(r.high) < 0.1, "hands should stay down", l.high)?;
        }
        DanceDisco => {
            need!(m, far < 0.4);
            let beats = l.beats.max(r.beats);
            ensure(beats >= 2.0 && l.rise.max(r.rise) > 0.55, "an arm should point up and down", beats)?;
            ensure(l.beats.min(r.beats) < 3.0, "the other arm should be still", l.beats)?;
            ensure(l.akimbo.max(r.akimbo) > 0.25, "the other arm should be on the hip", l.akimbo)?;
        }
        DanceBallet => {
            need!(m, far < 0.6);
            ensure(l.over.min(r.over) > 0.06, "arms should be round over the head", l.over)?;
            ensure(m.foot_up[LEFT].max(m.foot_up[RIGHT]) > 0.08, "a leg should be stretched back", m.foot_up[LEFT])?;
        }
        DanceWaltz => {
            need!(m, far < 1.0, far > 0.15);
            ensure(l.up > 0.3 && l.out > 0.2, "the left hand should hold the partner's", l.up)?;
            ensure(r.mean.y > 0.15 && r.mean.z < 0.12, "the right hand should be on the partner", r.mean.y)?;
        }
        _ => {
            need!(m, far < 0.4, robot > 0.35, foot_up[LEFT] < 0.04);
            ensure(l.rise.min(r.rise) > 0.35, "forearms should point up and down", l.rise.min(r.rise))?;
            ensure(l.waves < 30.0, "arms should be stiff", l.waves)?;
        }
    }
    Ok(())
}
