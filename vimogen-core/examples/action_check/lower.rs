//! Checks of jumps, kicks and movements towards the ground.

use super::track::{Track, max, min, peaks, share};
use super::{LEFT, RIGHT, Verdict, View, ensure, in_place, limbs};
use vimogen_core::data::procedural::{Family, Part};
use vimogen_core::motion::skeleton::joint;

/// Clips shorter than this need not show how a movement ends.
const COMPLETE: f32 = 4.0;

pub fn check(part: &Part, track: &Track, view: View) -> Verdict {
    match part.family {
        Family::Jump => jump(part, track),
        Family::JumpForward => jump_forward(track),
        Family::Hop => hop(part, track),
        Family::JumpingJacks => jacks(track),
        Family::Squat => squat(part, track, view),
        Family::Crouch | Family::SitDown | Family::Kneel => low(part, track, view),
        Family::Lunge => lunge(part, track, view),
        Family::Bow | Family::BendDown => bend(part, track, view),
        Family::Kick => kick(part, track),
        _ => balance(part, track),
    }
}

/// As often as the action's count.
fn counted(part: &Part, count: usize, what: &str) -> Verdict {
    let wanted = usize::from(part.count.max(1));
    ensure(count == wanted, &format!("{what} {wanted} times"), count as f32)
}

fn jump(part: &Part, track: &Track) -> Verdict {
    in_place(track)?;
    counted(part, peaks(&track.both_toes(), 0.06, 0.1), "both feet should leave the ground")?;
    let apart = track.series(|t| ankles_apart(track, t));
    ensure(max(&apart) < 0.42, "the feet should stay together, metres", max(&apart))
}

fn ankles_apart(track: &Track, t: usize) -> f32 {
    (track.local(t, joint::RIGHT_ANKLE) - track.local(t, joint::LEFT_ANKLE)).x.abs()
}

fn jump_forward(track: &Track) -> Verdict {
    let jumps = peaks(&track.both_toes(), 0.05, 0.08);
    ensure(jumps == 1 || jumps == 2, "both feet should leave the ground, times", jumps as f32)?;
    let way = track.end();
    ensure(way.y > 0.35 && way.y < 2.0, "the jump should lead forward, metres", way.y)?;
    ensure(way.x.abs() < 0.5 * way.y, "the jump should lead straight ahead, metres aside", way.x)
}

fn hop(part: &Part, track: &Track) -> Verdict {
    in_place(track)?;
    let (on, off) = limbs(part);
    let hops = peaks(&track.toe(on), 0.045, 0.058);
    let least = ((track.seconds() - 1.0) as usize).max(2);
    ensure(hops >= least, "the foot should hop again and again, times", hops as f32)?;
    let up = share(&track.toe(off), |z| z > 0.12);
    ensure(up > 0.4, "the other foot should be held up, share of time", up)
}

fn jacks(track: &Track) -> Verdict {
    in_place(track)?;
    let opened = peaks(&track.series(|t| ankles_apart(track, t)), 0.32, 0.45);
    let least = ((track.seconds() / 1.5) as usize).saturating_sub(1).max(1);
    ensure(opened >= least, "the feet should part again and again, times", opened as f32)?;
    let hands = track.series(|t| track.wrist(t, LEFT).z.min(track.wrist(t, RIGHT).z));
    let raised = peaks(&hands, -0.1, 0.15);
    ensure(raised >= least, "the hands should go up again and again, times", raised as f32)
}

/// Both feet stay about where they were.
fn planted(track: &Track) -> Verdict {
    for foot in [LEFT, RIGHT] {
        let toe = joint::LEFT_FOOT + foot;
        let far = max(&track.series(|t| track.at(t, toe).distance(track.at(0, toe))));
        ensure(far < 0.22, "the feet should stay where they are, metres", far)?;
    }
    Ok(())
}

/// How far the neck is ahead of the pelvis.
fn lean(track: &Track, t: usize) -> f32 {
    track.local(t, joint::NECK).y
}

fn squat(part: &Part, track: &Track, view: View) -> Verdict {
    if view == View::Alone {
        planted(track)?;
    }
    let depth: Vec<f32> = track.pelvis().iter().map(|z| 0.958 - z).collect();
    counted(part, peaks(&depth, 0.14, 0.26), "the body should go down")?;
    let hands = min(&track.series(|t| track.at(t, joint::LEFT_WRIST).z.min(track.at(t, joint::RIGHT_WRIST).z)));
    ensure(hands > 0.3, "the hands should not reach the ground, height", hands)?;
    let end = depth[depth.len() - 1];
    ensure(end < 0.15 || track.seconds() < COMPLETE, "the body should stand up again, metres below", end)?;
    ensure(
        part.count > 1 || share(&depth, |d| d > 0.2) < 0.62,
        "the body should not stay down, share",
        share(&depth, |d| d > 0.2),
    )
}

/// Down and staying there: crouching, sitting, kneeling; told apart at the lowest settled moment.
fn low(part: &Part, track: &Track, view: View) -> Verdict {
    let heights = track.pelvis();
    let last = track.len() - 1;
    let lowest = (0..=last).min_by(|a, b| heights[*a].total_cmp(&heights[*b])).unwrap_or(last);
    let t = if view == View::Alone { last } else { lowest };
    ensure(heights[t] < 0.68, "the body should be down, pelvis height", heights[t])?;
    let knees = [LEFT, RIGHT].map(|k| track.at(t, joint::LEFT_KNEE + k).z);
    let knee = knees[0].min(knees[1]);
    let feet_back = -track.local(t, joint::LEFT_FOOT).y.min(track.local(t, joint::RIGHT_FOOT).y);
    let seat_back = track.local(t, joint::LEFT_ANKLE).y.min(track.local(t, joint::RIGHT_ANKLE).y);
    match part.family {
        Family::Kneel => {
            ensure(knee < 0.24, "a knee should be on the ground, height", knee)?;
            ensure(feet_back > 0.1, "a foot should be behind the body, metres", feet_back)
        }
        Family::SitDown => {
            ensure(knee > 0.3, "the knees should be up, height", knee)?;
            ensure(seat_back > 0.2, "the seat should be behind the feet, metres", seat_back)?;
            ensure(lean(track, t) < 0.25, "the back should be upright, metres ahead", lean(track, t))
        }
        _ => {
            ensure(knee > 0.24, "the knees should be off the ground, height", knee)?;
            ensure(seat_back < 0.26, "the body should be above the feet, metres behind", seat_back)?;
            ensure(lean(track, t) > 0.12, "the body should be bent, metres ahead", lean(track, t))
        }
    }
}

fn lunge(part: &Part, track: &Track, view: View) -> Verdict {
    let (front, rear) = limbs(part);
    let stride =
        track.series(|t| (track.local(t, joint::LEFT_FOOT + front) - track.local(t, joint::LEFT_FOOT + rear)).y);
    ensure(max(&stride) > 0.35, "the leg asked for should be in front, metres", max(&stride))?;
    let lowest = min(&track.pelvis());
    ensure(lowest < 0.83, "the body should go down, pelvis height", lowest)?;
    ensure(
        track.end().length() < 0.45 || view == View::Shared,
        "the body should come back, metres away",
        track.end().length(),
    )?;
    let ahead = max(&track.series(|t| track.at(t, joint::PELVIS).y));
    ensure(ahead > 0.12, "the body should go forward, metres", ahead)
}

fn bend(part: &Part, track: &Track, view: View) -> Verdict {
    if view == View::Alone {
        planted(track)?;
    }
    let leans = track.series(|t| lean(track, t));
    let hands = track.series(|t| track.at(t, joint::LEFT_WRIST).z.min(track.at(t, joint::RIGHT_WRIST).z));
    ensure(max(&leans) > 0.2, "the body should bend forward, metres", max(&leans))?;
    if view == View::Alone {
        ensure(min(&track.pelvis()) > 0.6, "the body should not crouch, pelvis height", min(&track.pelvis()))?;
    }
    if part.family == Family::BendDown {
        ensure(min(&hands) < 0.48, "the hands should go down, height", min(&hands))?;
    } else {
        ensure(min(&hands) > 0.45, "the hands should not reach down, height", min(&hands))?;
        ensure(min(&track.pelvis()) > 0.8, "the legs should stay straight, pelvis height", min(&track.pelvis()))?;
    }
    let end = leans[leans.len() - 1];
    ensure(end < 0.2 || track.seconds() < COMPLETE, "the body should come up again, metres ahead", end)
}

fn kick(part: &Part, track: &Track) -> Verdict {
    in_place(track)?;
    let (leg, other) = limbs(part);
    let out = track.series(|t| {
        let toe = track.local(t, joint::LEFT_FOOT + leg);
        if toe.z > 0.3 { toe.y } else { 0.0 }
    });
    counted(part, peaks(&out, 0.45, 0.55), "the foot should fly forward")?;
    let lifted = max(&track.toe(other));
    ensure(lifted < 0.12, "the other foot should stay on the ground, height", lifted)
}

fn balance(part: &Part, track: &Track) -> Verdict {
    in_place(track)?;
    let (leg, other) = limbs(part);
    let up = share(&track.toe(leg), |z| z > 0.15);
    ensure(up > 0.45, "the foot should be held up, share of time", up)?;
    let thigh = max(&track.series(|t| track.at(t, joint::LEFT_KNEE + leg).z));
    ensure(thigh > 0.6, "the knee should be raised, height", thigh)?;
    let kicked = max(&track.series(|t| track.local(t, joint::LEFT_FOOT + leg).y));
    ensure(kicked < 0.75, "the foot should not kick, metres ahead", kicked)?;
    ensure(max(&track.toe(other)) < 0.1, "the other foot should stay on the ground, height", max(&track.toe(other)))
}
