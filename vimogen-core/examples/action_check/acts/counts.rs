//! Counting repetitions.

use super::View;
use super::measures::Measures;
use crate::action_check::track::{Track, peaks};
use crate::action_check::{LEFT, RIGHT, Verdict, ensure};
use vimogen_core::data::procedural::Side;
use vimogen_core::data::procedural::acts::{Act, Kind};
use vimogen_core::motion::skeleton::joint;

/// Checks that what can be counted happens as often as asked for; once, where nothing is asked for and once is usual.
pub fn check(act: &Act, track: &Track, m: &Measures, view: View) -> Verdict {
    let wanted = match (act.count, view) {
        (Some(count), _) => usize::from(count),
        (None, View::Alone) if is_once(act.kind) => 1,
        _ => return Ok(()),
    };
    let mirrored;
    let track = if act.side == Some(Side::Left) {
        mirrored = track.mirrored();
        &mirrored
    } else {
        track
    };
    let Some(found) = count(act, track, m) else { return Ok(()) };
    ensure(found == wanted, &format!("it should happen {wanted} times"), found as f32)
}

/// Kinds that are done once unless a caption says otherwise.
fn is_once(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Jump | Squat
            | Punch
            | Kick
            | Roundhouse
            | KneeStrike
            | Uppercut
            | Lunge
            | JumpForward
            | Bow
            | BendDown
            | SitAndStand
            | Burpee
    )
}

/// How often the movement of a kind is seen; `None` where it cannot be counted.
fn count(act: &Act, track: &Track, m: &Measures) -> Option<usize> {
    use Kind::*;
    let z = |j: usize| track.series(|t| track.at(t, j).z);
    let wrist = |arm: usize, f: fn(glam::Vec3) -> f32| track.series(|t| f(track.wrist(t, arm)));
    let down = |high: f32, low: f32| {
        let depth: Vec<f32> = track.pelvis().iter().map(|z| -z).collect();
        peaks(&depth, -high, -low)
    };
    let gap = || track.series(|t| -track.at(t, joint::LEFT_WRIST).distance(track.at(t, joint::RIGHT_WRIST)));
    let lean = || track.series(|t| track.local(t, joint::NECK).y);
    Some(match act.kind {
        Jump | JumpForward => peaks(&track.both_toes(), 0.05, 0.075),
        Hop => peaks(&track.toe(RIGHT), 0.043, 0.056),
        JumpingJacks => peaks(&track.series(|t| spread(track, t)), 0.30, 0.40),
        Squat | SitAndStand => down(0.86, 0.74),
        Lunge => peaks(&track.series(|t| ahead(track, t)), 0.15, 0.3),
        Bow => peaks(&lean(), 0.14, 0.20),
        BendDown => peaks(&lean(), 0.18, 0.26),
        Kick => peaks(&track.series(|t| high_foot(track, t)), 0.44, 0.55),
        Roundhouse => peaks(&track.toe(RIGHT), 0.25, 0.42),
        KneeStrike => peaks(&z(joint::RIGHT_KNEE), 0.62, 0.78),
        Punch => peaks(&track.series(|t| thrust(track, t)), 0.28, 0.35),
        PushUp => {
            let chest: Vec<f32> = z(joint::NECK).iter().map(|z| -z).collect();
            peaks(&chest, -0.42, -0.34)
        }
        SitUp => peaks(&track.series(|t| rise(track, t)), 0.35, 0.55),
        Burpee => peaks(&track.pelvis(), 0.93, 1.03),
        SideStretch => peaks(&track.series(|t| track.local(t, joint::NECK).x), 0.07, 0.13),
        LiftBox => {
            let low = |t: usize| track.wrist(t, LEFT).z.min(track.wrist(t, RIGHT).z);
            peaks(&track.series(low), 0.2, 0.34)
        }
        Spin => ((m.turned / 360.0).round()).max(0.0) as usize,
        Knock => peaks(&wrist(RIGHT, |p| p.y), 0.315, 0.345),
        Clap => peaks(&gap(), -0.30, -0.22),
        Nod => {
            let up = track.series(|t| (track.local(t, joint::HEAD) - track.local(t, joint::NECK)).z);
            let top = up.iter().copied().fold(f32::MIN, f32::max);
            peaks(&up.iter().map(|z| top - z).collect::<Vec<f32>>(), 0.007, 0.012)
        }
        ShakeHead => {
            peaks(&track.series(|t| (track.local(t, joint::NECK) - track.local(t, joint::HEAD)).x), 0.0, 0.0105)
        }
        Wave => waves(track),
        Shrug => peaks(&track.series(|t| track.wrist(t, LEFT).z.min(track.wrist(t, RIGHT).z)), -0.36, -0.26),
        Drink => peaks(&wrist(RIGHT, |p| p.z), -0.20, 0.0),
        Uppercut => peaks(&wrist(RIGHT, |p| p.z), 0.07, 0.14),
        Block => peaks(&wrist(RIGHT, |p| p.z), -0.02, 0.12),
        Dodge => peaks(&track.series(|t| track.local(t, joint::NECK).x), 0.06, 0.13),
        SwordSwing => peaks(&wrist(RIGHT, |p| p.z), 0.0, 0.15),
        Throw => peaks(&wrist(RIGHT, |p| p.z), -0.25, 0.03),
        Catch => peaks(&track.series(|t| track.wrist(t, LEFT).y.min(track.wrist(t, RIGHT).y)), 0.26, 0.32),
        ShootBall => peaks(&track.both_toes(), 0.035, 0.055),
        Tennis | Bat => peaks(&wrist(RIGHT, |p| -p.x), 0.02, 0.16),
        _ => return None,
    })
}

fn spread(track: &Track, t: usize) -> f32 {
    (track.local(t, joint::RIGHT_ANKLE) - track.local(t, joint::LEFT_ANKLE)).x
}

fn ahead(track: &Track, t: usize) -> f32 {
    (track.local(t, joint::RIGHT_ANKLE) - track.local(t, joint::LEFT_ANKLE)).y
}

fn high_foot(track: &Track, t: usize) -> f32 {
    let toe = track.local(t, joint::RIGHT_FOOT);
    if toe.z > 0.3 { toe.y } else { 0.0 }
}

fn thrust(track: &Track, t: usize) -> f32 {
    let hand = track.wrist(t, RIGHT);
    if hand.z.abs() < 0.3 { hand.y } else { 0.0 }
}

/// How often the forearm of a raised right hand leans out.
fn waves(track: &Track) -> usize {
    let lean = |t: usize| {
        let fore = track.local(t, joint::RIGHT_WRIST) - track.local(t, joint::RIGHT_ELBOW);
        (fore.z > 0.1).then_some(fore.x)
    };
    let path: Vec<f32> = (0..track.len()).filter_map(lean).collect();
    let (low, high) = path.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    // The arm passes the same way twice more, when it goes up and when it comes down.
    peaks(&path, low + 0.35 * (high - low), low + 0.65 * (high - low)).saturating_sub(2)
}

/// How upright the trunk is.
fn rise(track: &Track, t: usize) -> f32 {
    (track.at(t, joint::NECK) - track.at(t, joint::PELVIS)).normalize_or_zero().z
}
