//! Checks of head and side stretch.

use super::track::{Track, max, min, reversals};
use super::{Verdict, View, arms, ensure, limbs, rightwards, standing};
use vimogen_core::data::procedural::{Family, Part};
use vimogen_core::motion::skeleton::joint;

pub fn check(part: &Part, track: &Track, view: View) -> Verdict {
    standing(track)?;
    if part.family == Family::SideStretch {
        return side_stretch(part, track);
    }
    if view == View::Alone {
        arms::quiet(track)?;
    }
    let tip = |t: usize| track.local(t, joint::HEAD) - track.local(t, joint::NECK);
    let (aside, up) = (track.series(|t| tip(t).x), track.series(|t| tip(t).z));
    let least = (track.seconds() as usize).max(2);
    let (width, depth) = (max(&aside) - min(&aside), max(&up) - min(&up));
    if part.family == Family::Nod {
        ensure(depth > width, "the head should move up and down, metres", depth)?;
        let nods = reversals(&up, 0.012);
        ensure(nods >= least, "the head should go up and down again and again, turns", nods as f32)
    } else {
        ensure(width > depth, "the head should turn from side to side, metres", width)?;
        let turns = reversals(&aside, 0.02);
        ensure(turns >= least, "the head should turn again and again, turns", turns as f32)
    }
}

fn side_stretch(part: &Part, track: &Track) -> Verdict {
    let (_, arm) = limbs(part);
    let lean = track.series(|t| {
        let raised = track.local(t, joint::LEFT_WRIST + arm).z > track.local(t, joint::HEAD).z;
        let aside = rightwards(part) * (track.local(t, joint::HEAD).x - track.local(t, joint::PELVIS).x);
        if raised { aside } else { 0.0 }
    });
    ensure(max(&lean) > 0.1, "the body should lean to the side with the other arm up, metres", max(&lean))
}
