//! Checks of arms.

use super::track::{Track, max, min, peaks, reversals, share};
use super::{LEFT, RIGHT, Verdict, View, ensure, limbs, standing};
use vimogen_core::data::procedural::{Family, Part, Side};
use vimogen_core::motion::skeleton::joint;

/// Minimum time of an arm pose, as a share of the clip.
const HELD: f32 = 0.3;

pub fn check(part: &Part, track: &Track, view: View) -> Verdict {
    if view == View::Alone {
        standing(track)?;
    }
    match part.family {
        Family::Wave => both_or_one(part, track, view, waves),
        Family::RaiseArms => both_or_one(part, track, view, raised),
        Family::Point => both_or_one(part, track, view, points),
        Family::Salute => both_or_one(part, track, view, salutes),
        Family::Drink => both_or_one(part, track, view, drinks),
        Family::Punch => punch(part, track, view),
        Family::Throw => throw(part, track),
        Family::Clap => clap(track),
        Family::ArmsOut => arms_out(track),
        Family::HandsOnHips => hands_on_hips(track),
        _ => crossed(track),
    }
}

/// Hands stay below the shoulders and move only as much as in walking.
pub fn quiet(track: &Track) -> Verdict {
    for arm in [LEFT, RIGHT] {
        let high = share(&track.series(|t| track.wrist(t, arm).z), |z| z > 0.0);
        ensure(high < 0.15, "the hands should stay down, share of time", high)?;
    }
    Ok(())
}

/// `f` of the arm or arms asked for; the other arm hangs if one is asked for.
fn both_or_one(part: &Part, track: &Track, view: View, f: fn(&Track, usize, f32) -> Verdict) -> Verdict {
    let held = if view == View::Alone { HELD } else { 0.2 };
    if part.side == Some(Side::Both) || part.side.is_none() {
        return f(track, LEFT, held).and_then(|()| f(track, RIGHT, held));
    }
    let (arm, other) = limbs(part);
    f(track, arm, held)?;
    let raised = share(&track.series(|t| track.wrist(t, other).z), |z| z > -0.2);
    // In a sequence the other movement may use the other arm.
    let most = if view == View::Alone { 0.2 } else { 0.45 };
    ensure(raised < most, "the other arm should hang, share of time raised", raised)
}

fn waves(track: &Track, arm: usize, held: f32) -> Verdict {
    let up = share(&track.series(|t| track.wrist(t, arm).z), |z| z > -0.05);
    ensure(up > held, "the hand should be up, share of time", up)?;
    let swing = track.series(|t| {
        let hand = track.wrist(t, arm);
        if hand.z > -0.1 { hand.x } else { f32::NAN }
    });
    let swing: Vec<f32> = swing.into_iter().filter(|x| x.is_finite()).collect();
    let turns = reversals(&swing, 0.05);
    ensure(turns >= 3, "the hand should move from side to side, turns", turns as f32)
}

fn raised(track: &Track, arm: usize, held: f32) -> Verdict {
    let over = track.series(|t| track.local(t, joint::LEFT_WRIST + arm).z - track.local(t, joint::HEAD).z);
    let up = share(&over, |z| z > 0.08);
    ensure(up > held, "the hand should be above the head, share of time", up)?;
    let lean = max(&track.series(|t| track.local(t, joint::HEAD).x.abs()));
    ensure(lean < 0.12, "the body should be upright, metres aside", lean)?;
    let swing: Vec<f32> = (0..track.len()).filter(|t| over[*t] > 0.08).map(|t| track.wrist(t, arm).x).collect();
    let turns = reversals(&swing, 0.12);
    ensure(turns < 3, "the hand should be held still, turns", turns as f32)
}

/// Stretched out ahead at the height of the shoulder.
fn ahead(track: &Track, t: usize, arm: usize) -> bool {
    let hand = track.wrist(t, arm);
    hand.y > 0.36 && hand.z.abs() < 0.26
}

fn points(track: &Track, arm: usize, held: f32) -> Verdict {
    let out = share(&track.series(|t| f32::from(u8::from(ahead(track, t, arm)))), |x| x > 0.5);
    ensure(out > held + 0.12, "the arm should be held out ahead, share of time", out)
}

/// Where the hand is, from the middle of the head.
fn from_head(track: &Track, t: usize, arm: usize) -> glam::Vec3 {
    track.local(t, joint::LEFT_WRIST + arm) - track.local(t, joint::HEAD)
}

fn salutes(track: &Track, arm: usize, held: f32) -> Verdict {
    let near = |t: usize| {
        let hand = from_head(track, t, arm);
        hand.length() < 0.36 && hand.z > -0.045 && hand.x.abs() > 0.09
    };
    let at = share(&track.series(|t| f32::from(u8::from(near(t)))), |x| x > 0.5);
    ensure(at > held, "the hand should be at the forehead, share of time", at)
}

fn drinks(track: &Track, arm: usize, _: f32) -> Verdict {
    let near = |t: usize| {
        let hand = from_head(track, t, arm);
        hand.length() < 0.28 && hand.z < 0.0 && hand.x.abs() < 0.14
    };
    let at = share(&track.series(|t| f32::from(u8::from(near(t)))), |x| x > 0.5) * track.seconds();
    ensure(at > 0.4, "the hand should be at the mouth, seconds", at)
}

/// How far a fist is stretched out at the height of shoulder and chest, else 0.
fn thrust(track: &Track, t: usize, arm: usize) -> f32 {
    let hand = track.wrist(t, arm);
    if hand.z.abs() < 0.3 { hand.y } else { 0.0 }
}

fn punch(part: &Part, track: &Track, view: View) -> Verdict {
    let (arm, other) = limbs(part);
    let out = track.series(|t| thrust(track, t, arm));
    let hits = peaks(&out, 0.30, 0.37);
    let wanted = usize::from(part.count.max(1));
    ensure(hits == wanted, &format!("the fist should shoot forward {wanted} times"), hits as f32)?;
    let long = share(&out, |y| y > 0.36);
    ensure(long < 0.38, "the fist should come back, share of time", long)?;
    let idle = max(&track.series(|t| thrust(track, t, other)));
    ensure(idle < 0.36, "the other fist should stay back, metres", idle)?;
    let end = track.wrist(track.len() - 1, arm).z;
    ensure(end < -0.25 || view == View::Shared, "the arm should come down, metres", end)?;
    let cocked = max(&track.series(|t| if track.wrist(t, arm).y < 0.0 { track.wrist(t, arm).z } else { -1.0 }));
    ensure(cocked < 0.1, "the fist should not go up behind the shoulder, metres", cocked)
}

fn throw(part: &Part, track: &Track) -> Verdict {
    let (arm, _) = limbs(part);
    let cocked = (0..track.len()).find(|t| {
        let hand = track.wrist(*t, arm);
        hand.z > 0.06 && hand.y < 0.06
    });
    let Some(start) = cocked else { return Err("the hand should first go up behind the shoulder".into()) };
    let ahead = max(&track.series(|t| if t > start { track.wrist(t, arm).y } else { 0.0 }));
    ensure(ahead > 0.3, "the hand should then come forward, metres", ahead)?;
    let end = track.wrist(track.len() - 1, arm).z;
    ensure(end < 0.0, "the arm should come down, metres", end)
}

fn clap(track: &Track) -> Verdict {
    let apart = |t: usize| track.at(t, joint::LEFT_WRIST).distance(track.at(t, joint::RIGHT_WRIST));
    let up = |t: usize| {
        let (left, right) = (track.wrist(t, LEFT), track.wrist(t, RIGHT));
        left.z.min(right.z) > -0.36 && left.y.min(right.y) > 0.15 && (left.y - right.y).abs() < 0.12
    };
    let gaps: Vec<f32> = (0..track.len()).filter(|t| up(*t)).map(apart).collect();
    ensure(gaps.len() as f32 > 0.35 * track.len() as f32, "the hands should be in front, frames", gaps.len() as f32)?;
    ensure(min(&gaps) < 0.34, "the hands should meet, metres apart", min(&gaps))?;
    let turns = reversals(&gaps, 0.08);
    ensure(turns >= 3, "the hands should meet again and again, turns", turns as f32)
}

fn arms_out(track: &Track) -> Verdict {
    let out = |t: usize| {
        [LEFT, RIGHT].iter().all(|arm| {
            let hand = track.wrist(t, *arm);
            hand.x > 0.34 && hand.z.abs() < 0.24
        })
    };
    let held = share(&track.series(|t| f32::from(u8::from(out(t)))), |x| x > 0.5);
    ensure(held > HELD, "both arms should be held out to the sides, share of time", held)?;
    let swing = [LEFT, RIGHT].map(|arm| reversals(&track.series(|t| track.wrist(t, arm).z), 0.12)).into_iter().max();
    let swing = swing.unwrap_or(0);
    ensure(swing < 3, "the arms should be held still, turns", swing as f32)
}

fn hands_on_hips(track: &Track) -> Verdict {
    let on = |t: usize| {
        [LEFT, RIGHT].iter().all(|arm| {
            let (hand, elbow) = (track.local(t, joint::LEFT_WRIST + arm), track.local(t, joint::LEFT_ELBOW + arm));
            elbow.x.abs() > hand.x.abs() + 0.07 && (0.8..1.2).contains(&hand.z) && hand.x.abs() > 0.08 && hand.y < 0.15
        })
    };
    let held = share(&track.series(|t| f32::from(u8::from(on(t)))), |x| x > 0.5);
    ensure(held > HELD, "both hands should be on the hips, share of time", held)
}

fn crossed(track: &Track) -> Verdict {
    let on = |t: usize| {
        let (left, right) = (track.local(t, joint::LEFT_WRIST), track.local(t, joint::RIGHT_WRIST));
        right.x - left.x < 0.05 && left.y.min(right.y) > 0.08 && left.z.min(right.z) > 1.0
    };
    let held = share(&track.series(|t| f32::from(u8::from(on(t)))), |x| x > 0.5);
    ensure(held > HELD, "the arms should be crossed in front of the chest, share of time", held)
}
