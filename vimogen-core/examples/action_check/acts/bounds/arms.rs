//! Bounds of gestures, work, music and dances.

use super::{contests, need, one_handed};
use crate::action_check::acts::View;
use crate::action_check::acts::measures::{Hand, Measures};
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::Side;
use vimogen_core::data::procedural::acts::{Act, Kind};

/// Checks movements of the arms above a standing body, fights, sports and dances.
pub fn check(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let travels = matches!(
        act.kind,
        Cheer | Dance | DanceTwist | DanceDisco | DanceBallet | DanceWaltz | DanceRobot | Dodge | Stretch | ReachUp
    );
    if view != View::Arms && !travels {
        need!(m, far < 0.5, low > 0.72, air < 0.12, turning < 75.0);
    }
    match act.kind {
        Dance | DanceTwist | DanceDisco | DanceBallet | DanceWaltz | DanceRobot => dances(act, m),
        ReachUp | ReachForward | Drink | Phone | WashWindow | Knock | Sweep | DirectTraffic => work(act, m, view),
        Drum | Guitar | Violin | Conduct | Stretch | SideStretch | ArmCircles => music(act, m, view),
        Punch | Uppercut | ShadowBox | Block | Dodge | SwordSwing => contests::fights(act, m),
        Throw | Catch | Dribble | Golf | Tennis | Bat | Swim => contests::sports(act, m, view),
        _ => gestures(act, m, view),
    }
}

fn gestures(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    let both = act.side == Some(Side::Both);
    let least = |f: fn(&Hand) -> f32| if both { f(l).min(f(r)) } else { f(r) };
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
            ensure(l.strokes + r.strokes < 4.0 || view == View::Arms, "hands should move aside", l.strokes)?;
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
        _ => {}
    }
    Ok(())
}

fn work(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    let both = act.side == Some(Side::Both);
    let least = |f: fn(&Hand) -> f32| if both { f(l).min(f(r)) } else { f(r) };
    let single = || if both { Ok(()) } else { one_handed(m, view) };
    match act.kind {
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
                r.at_chin < 0.86 && l.mean.y < 0.26 && r.rise > 0.35,
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
        _ => {}
    }
    Ok(())
}

fn music(act: &Act, m: &Measures, view: View) -> Verdict {
    use Kind::*;
    let (l, r) = (&m.hand[LEFT], &m.hand[RIGHT]);
    match act.kind {
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
            need!(m, alternation < 0.25);
            ensure(m.bounces < 4.0 || view == View::Arms, "the body should stand", m.bounces)?;
            ensure(l.high.max(r.high) > 0.05, "hands should go up", l.high)?;
        }
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
        _ => {}
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
