//! Checks of standing, getting about and turning.

use super::track::{Track, max, peaks, reversals};
use super::{LEFT, RIGHT, Verdict, View, arms, ensure, rightwards, standing};
use vimogen_core::data::procedural::{Family, Pace, Part};
use vimogen_core::motion::layout::JOINTS;
use vimogen_core::motion::skeleton::joint;

pub fn check(part: &Part, track: &Track, view: View) -> Verdict {
    match part.family {
        Family::Stand => stand(track),
        Family::WalkForward | Family::WalkBackward | Family::Run => straight(part, track, view),
        Family::Sidestep => sidestep(part, track, view),
        Family::WalkCircle => circle(part, track),
        Family::March => march(track),
        _ => turn(part, track),
    }?;
    match view {
        View::Alone => arms::quiet(track),
        View::Shared => Ok(()),
    }
}

fn stand(track: &Track) -> Verdict {
    standing(track)?;
    let moved = (0..JOINTS).map(|j| max(&track.series(|t| track.at(t, j).distance(track.at(0, j)))));
    let moved = moved.fold(0.0, f32::max);
    ensure(moved < 0.14, "nothing should move much, metres", moved)?;
    let tip = |t: usize| track.local(t, joint::HEAD) - track.local(t, joint::NECK);
    let (turns, nods) = (reversals(&track.series(|t| tip(t).x), 0.05), reversals(&track.series(|t| tip(t).z), 0.035));
    ensure(turns + nods < 3, "the head should be still, turns", (turns + nods) as f32)
}

/// Bounds of the speed along the way, metres per second.
fn speeds(part: &Part, view: View) -> (f32, f32) {
    let (low, high) = match (part.family, part.pace) {
        (Family::Run, _) => (1.4, 6.0),
        (Family::WalkBackward, Pace::Slow) => (0.12, 0.68),
        (Family::WalkBackward, Pace::Normal) => (0.25, 1.2),
        (Family::WalkBackward, Pace::Fast) => (0.65, 2.0),
        (_, Pace::Slow) => (0.2, 0.8),
        (_, Pace::Normal) => (0.4, 1.5),
        _ => (1.0, 2.2),
    };
    // Between two other movements there is time to speed up and slow down in.
    if view == View::Shared { (0.4 * low, high) } else { (low, high) }
}

fn straight(part: &Part, track: &Track, view: View) -> Verdict {
    let ahead = if part.family == Family::WalkBackward { -1.0 } else { 1.0 };
    let (low, high) = speeds(part, view);
    let way = track.end() * ahead;
    ensure(way.y > 0.5 * low * track.seconds(), "the body should get along, metres", way.y)?;
    ensure(way.x.abs() < 0.4 * way.y + 0.1, "the way should be straight, metres aside", way.x)?;
    ensure(track.turned().abs() < 45.0, "the body should not turn, degrees", track.turned())?;
    let cruise = track.cruise().y * ahead;
    // The last part of a window may be the end of the walk.
    let speed = if view == View::Shared { way.y / track.seconds() } else { cruise };
    ensure(speed > low && speed < high, "the speed does not fit, metres per second", speed)?;
    let airborne = peaks(&track.both_toes(), 0.06, 0.1);
    ensure(airborne == 0 || part.family == Family::Run, "there should be no jumps, number", airborne as f32)?;
    steps(track, way.y)
}

/// Both feet take part, and stand still in between.
fn steps(track: &Track, way: f32) -> Verdict {
    for foot in [LEFT, RIGHT] {
        let toe = joint::LEFT_FOOT + foot;
        let moved = track.at(track.len() - 1, toe).truncate().distance(track.at(0, toe).truncate());
        ensure(moved > 0.4 * way - 0.1, "both feet should come along, metres", moved)?;
        let pace = |t: usize| track.at(t, toe).distance(track.at(t + 1, toe));
        let planted = (0..track.len() - 1).filter(|t| pace(*t) < 0.03).count() as f32 / track.len() as f32;
        ensure(planted > 0.12, "the feet should stand between swings, share of time", planted)?;
    }
    Ok(())
}

fn sidestep(part: &Part, track: &Track, view: View) -> Verdict {
    let way = track.end();
    let aside = way.x * rightwards(part);
    let (low, high) = match part.pace {
        Pace::Slow => (0.08, 0.34),
        Pace::Normal => (0.14, 1.0),
        _ => (0.28, 1.5),
    };
    let speed = aside / track.seconds();
    let low = if view == View::Shared { 0.1 } else { low };
    ensure(speed > low && speed < high, "the body should move aside, metres per second", speed)?;
    ensure(way.y.abs() < 0.5 * aside, "the way should lead aside, metres ahead", way.y)?;
    ensure(track.turned().abs() < 45.0, "the body should not turn, degrees", track.turned())?;
    steps(track, aside)
}

fn circle(part: &Part, track: &Track) -> Verdict {
    let turned = -track.turned() * rightwards(part);
    let least = 18.0 * track.seconds();
    ensure(turned > least, "the way should bend to the side asked for, degrees", turned)?;
    let far = track.farthest();
    ensure(far > 0.6, "the body should get about, metres", far)?;
    let way: f32 = (1..track.len())
        .map(|t| track.at(t, joint::PELVIS).truncate().distance(track.at(t - 1, joint::PELVIS).truncate()))
        .sum();
    ensure(way > 0.3 * track.seconds(), "the body should walk, metres", way)
}

fn march(track: &Track) -> Verdict {
    ensure(track.farthest() < 0.45, "the body should stay in its place, metres away", track.farthest())?;
    ensure(track.turned().abs() < 45.0, "the body should not turn, degrees", track.turned())?;
    let least = (0.4 * track.seconds()) as usize;
    for foot in [LEFT, RIGHT] {
        let lifts = peaks(&track.toe(foot), 0.07, 0.13);
        ensure(lifts >= least.max(1), "each foot should be lifted again and again, times", lifts as f32)?;
    }
    let airborne = max(&track.both_toes());
    ensure(airborne < 0.1, "one foot should be on the ground, height", airborne)
}

fn turn(part: &Part, track: &Track) -> Verdict {
    let turned = -track.turned() * rightwards(part);
    let (low, high) = match (part.family, part.degrees) {
        (Family::Spin, _) => (260.0, 480.0),
        (_, 0..=90) => (50.0, 130.0),
        _ => (130.0, 240.0),
    };
    ensure(turned > low && turned < high, "the turn should be as far as asked for, degrees", turned)?;
    ensure(track.farthest() < 0.5, "the body should turn in its place, metres away", track.farthest())
}
