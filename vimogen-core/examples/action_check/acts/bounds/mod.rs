//! Bounds on the measures of each kind.

mod arms;
mod contests;
mod going;
mod legs;
mod low;

use super::measures::Measures;
use super::{View, judges_arms};
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::acts::{Act, Kind};

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

use need;

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
        | Carry | Push | Pull | Turn | Spin => going::check(act, m, view),
        Crawl | SitDown | StandUp | SitAndStand | SitOnFloor | Kneel | LieDown | LieFaceDown | GetUp | LieAndGetUp
        | FallForward | FallBackward | Type | PushUp | SitUp | Plank | Burpee | Cartwheel | ForwardRoll | Backflip => {
            low::check(act, m, view)
        }
        Jump | JumpForward | Hop | JumpingJacks | JumpRope | Squat | Crouch | Lunge | Bow | BendDown | PickUp
        | PutDown | LiftBox | Kick | Roundhouse | KneeStrike | Balance | ShootBall | Bowl => legs::check(act, m, view),
        _ => arms::check(act, m, view),
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
            need!(m, nods >= 1.0, chest < 0.12 + if view == View::Arms { 1.0 } else { 0.0 });
            ensure(m.nods > 0.9 * m.shakes, "the head should nod more than it turns", m.shakes)?;
            need!(m, twist_left < 26.0, twist_right > -26.0);
        }
        ShakeHead => {
            need!(m, shakes >= 1.0);
            ensure(
                m.shakes >= least.min(3.0) || act.count.is_some(),
                "the head should turn again and again",
                m.shakes,
            )?;
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
