//! Checks of the second generation: a script against a motion.
//!
//! Each kind is a list of bounds on [`Measures`]: what the words mean, in metres, degrees and shares of time. The asked
//! side is on the right: clips of the left side are seen in a mirror.

mod bounds;
mod counts;
mod measures;
mod moods;

use ndarray::ArrayView3;

use super::track::Track;
use super::{FEWEST, Verdict};
use measures::Measures;
use vimogen_core::data::procedural::Side;
use vimogen_core::data::procedural::acts::{Act, Script};
use vimogen_core::motion::layout::JOINTS;

/// How strictly an act is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// It fills the clip.
    Alone,
    /// It is a part of the clip.
    Part,
    /// It is done by the legs while the arms do something else.
    Legs,
    /// It is done by the arms while the legs walk.
    Arms,
}

/// Steps in the search for the parts of a sequence, frames.
const GRID: usize = 5;

/// Checks `joints`, `(T, 22, 3)` at 20 frames per second, z up, metres, T at least 30, against `script`.
///
/// Acts in order must be found one after the other; where one ends and the next begins is searched for.
///
/// # Errors
/// What is missing or contradicts the script, in words.
pub fn check_script(script: &Script, joints: ArrayView3<'_, f32>) -> Verdict {
    let shape = joints.shape();
    if shape[0] < FEWEST || shape[1] != JOINTS || shape[2] != 3 {
        return Err(format!("joints must be (T, 22, 3) with T >= {FEWEST}, got {shape:?}"));
    }
    if joints.iter().any(|x| !x.is_finite()) {
        return Err("joints hold a number that is not finite".into());
    }
    let track = Track::new(joints);
    match (&script.arms, script.acts.as_slice()) {
        (Some(arms), [legs]) => {
            one(legs, &track, View::Legs).map_err(|e| format!("legs: {e}"))?;
            one(arms, &track, View::Arms).map_err(|e| format!("arms: {e}"))
        }
        (_, [act]) => one(act, &track, View::Alone),
        (_, acts) => in_order(acts, &track),
    }
}

/// Finds the acts one after the other, each as early as it can end.
fn in_order(acts: &[Act], track: &Track) -> Verdict {
    let mut free = 0;
    for (i, act) in acts.iter().enumerate() {
        let mut why = String::from("there is no time left for it");
        let found = ends(free, track.len()).find(|end| {
            let starts = (free..end.saturating_sub(20)).step_by(GRID);
            starts.into_iter().any(|start| match one(act, &track.part(start..*end), View::Part) {
                Ok(()) => true,
                Err(reason) => {
                    why = reason;
                    false
                }
            })
        });
        match found {
            // Neighbours may overlap a little: a step belongs to both.
            Some(end) => free = end.saturating_sub(8),
            None => return Err(format!("part {}: {why}", i + 1)),
        }
    }
    Ok(())
}

fn ends(from: usize, len: usize) -> impl Iterator<Item = usize> {
    let rest = (from + 24 < len).then_some(len);
    (from + 24..len).step_by(GRID).chain(rest)
}

/// Checks one act.
fn one(act: &Act, track: &Track, view: View) -> Verdict {
    let mirrored = act.side == Some(Side::Left);
    let m = Measures::of(&if mirrored { track.mirrored() } else { track.clone() });
    bounds::check(act, &m, view)
        .and_then(|()| counts::check(act, track, &m, view))
        .and_then(|()| moods::check(act, &m, view))
        .map_err(|e| format!("{}: {e}", act.kind))
}

/// Whether the arms are free to be judged: not when something else is done with them.
fn judges_arms(view: View) -> bool {
    view != View::Legs
}
