//! Checks of a motion against an action: displacement, heights, headings, paths of wrists and ankles.
//!
//! The thresholds are generous (a recognisable execution passes) and physical: they were set from what the words
//! mean, not from any model. Motion at rest, another family or the wrong side fails.

#[allow(dead_code, reason = "some programs judge the first generation alone")]
pub mod acts;
mod arms;
mod head;
mod lower;
mod track;
mod travel;

use ndarray::ArrayView3;

use track::Track;
use vimogen_core::data::procedural::{ActionSpec, Family, Part, Side};
use vimogen_core::motion::layout::JOINTS;

/// The first mismatch, in words.
type Verdict = Result<(), String>;

/// How strictly a movement is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// It fills the clip: nothing else may happen.
    Alone,
    /// It shares the clip with another one, before, after or during it.
    Shared,
}

/// Index of the left limb in pairs.
const LEFT: usize = 0;
/// Index of the right limb in pairs.
const RIGHT: usize = 1;
/// Height of the toe joint of a flat foot of the neutral skeleton, metres.
const TOE_HEIGHT: f32 = 0.025;
/// Minimum number of frames.
const FEWEST: usize = 30;

/// Checks `joints`, `(T, 22, 3)` at 20 frames per second, z up, metres, T at least 30, against `action`.
///
/// Of two movements in order, the first must be seen in the first 56% of the clip and the second in the second half.
///
/// # Errors
/// What is missing or contradicts the action, in words.
pub fn check(action: &ActionSpec, joints: ArrayView3<'_, f32>) -> Result<(), String> {
    let shape = joints.shape();
    if shape[0] < FEWEST || shape[1] != JOINTS || shape[2] != 3 {
        return Err(format!("joints must be (T, 22, 3) with T >= {FEWEST}, got {shape:?}"));
    }
    if joints.iter().any(|x| !x.is_finite()) {
        return Err("joints hold a number that is not finite".into());
    }
    let track = Track::new(joints);
    match action {
        ActionSpec::One(part) => one(part, &track, View::Alone),
        ActionSpec::Then(a, b) => {
            one(a, &track.window(0.0, 0.56), View::Shared).map_err(|e| format!("first part: {e}"))?;
            one(b, &track.window(0.5, 1.0), View::Shared).map_err(|e| format!("second part: {e}"))
        }
        ActionSpec::While(legs, arms) => {
            one(legs, &track, View::Shared).map_err(|e| format!("legs: {e}"))?;
            one(arms, &track, View::Shared).map_err(|e| format!("arms: {e}"))
        }
    }
}

fn one(part: &Part, track: &Track, view: View) -> Verdict {
    use Family::*;
    match part.family {
        Stand | WalkForward | WalkBackward | Sidestep | WalkCircle | Run | March | Turn | Spin => {
            travel::check(part, track, view)
        }
        Jump | JumpForward | Hop | JumpingJacks | Squat | Crouch | Lunge | SitDown | Kneel | Bow | BendDown | Kick
        | Balance => lower::check(part, track, view),
        Nod | ShakeHead | SideStretch => head::check(part, track, view),
        _ => arms::check(part, track, view),
    }
    .map_err(|e| format!("{:?}: {e}", part.family))
}

/// `Ok` if `holds`, else the name and value of the mismatch.
fn ensure(holds: bool, what: &str, value: f32) -> Verdict {
    if holds { Ok(()) } else { Err(format!("{what} (found {value:.2})")) }
}

/// The limb of a side, and the other one.
fn limbs(part: &Part) -> (usize, usize) {
    if part.side == Some(Side::Left) { (LEFT, RIGHT) } else { (RIGHT, LEFT) }
}

/// +1 for the right, -1 for the left.
fn rightwards(part: &Part) -> f32 {
    if part.side == Some(Side::Left) { -1.0 } else { 1.0 }
}

/// The body stays where it is, faces where it faced and keeps its height.
fn in_place(track: &Track) -> Verdict {
    ensure(track.farthest() < 0.4, "the body should stay in its place, it moved away, metres", track.farthest())?;
    ensure(track.turned().abs() < 45.0, "the body should not turn, degrees", track.turned())
}

/// In place, upright, on both feet.
fn standing(track: &Track) -> Verdict {
    in_place(track)?;
    let pelvis = track.pelvis();
    ensure(track::min(&pelvis) > 0.82, "the body should stand upright, pelvis height", track::min(&pelvis))?;
    let lifted = track::max(&track.toe(LEFT)).max(track::max(&track.toe(RIGHT)));
    ensure(lifted < 0.12, "the feet should stay on the ground, toe height", lifted)
}
