//! Sitting down on a chair and standing up from it.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};

/// Seated on a chair behind the feet.
pub fn seated(cue: &Cue<'_>) -> Figure {
    let mut f = Figure::default();
    f.pose.pelvis.z = cue.pick(0, 0.50, 0.56);
    f.pose.pelvis.y = -0.40;
    f.tilt(-6.0, 0.0, 0.0);
    f.spine(cue.pick(1, 8.0, 18.0), 0.0, 0.0);
    f.head(cue.pick(2, -4.0, 8.0), 0.0, 0.0);
    let spread = cue.pick(3, 0.0, 0.05);
    for (foot, side) in [(LEFT, -1.0), (RIGHT, 1.0)] {
        f.pose.legs[foot].toe.x += side * spread;
        f.pose.legs[foot].toe.y += cue.pick(4, -0.02, 0.06);
        // Hands on the thighs.
        f.hand(foot, side * cue.pick(5, 0.12, 0.17), 0.29, -0.36);
    }
    f
}

/// Leaning forward, half way between seat and standing.
fn leaning(f: &mut Figure) {
    f.pose.pelvis.y = -0.26;
    f.pose.pelvis.z = 0.64;
    f.tilt(30.0, 0.0, 0.0);
    f.spine(20.0, 0.0, 0.0);
    f.head(-24.0, 0.0, 0.0);
    f.both(28.0, 12.0, 12.0, 45.0);
}

fn down(cue: &Cue<'_>, k: &mut Keys) {
    k.to(0.75, leaning);
    let seat = seated(cue);
    // The feet stay where they stand.
    k.to(0.75, |f| {
        let legs = f.pose.legs;
        *f = seat;
        f.pose.legs = legs;
    });
}

fn up(k: &mut Keys) {
    k.to(0.55, leaning);
    k.to(0.65, |f| *f = Figure::default());
}

/// Sitting down on a chair and staying there.
pub fn sit_down(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.1);
    down(cue, &mut k);
    k.hold(cue.stay(1.7, 0.4));
    k.play()
}

/// Standing up from a chair.
pub fn stand_up(cue: &Cue<'_>) -> Take {
    let mut seat = seated(cue);
    seat.pose.legs = Figure::default().pose.legs;
    let mut k = Keys::from(seat, cue.manner.tempo);
    k.hold(cue.pick(6, 0.3, 0.8));
    up(&mut k);
    k.hold(0.3);
    k.play()
}

/// Sitting down and standing up again, as often as asked for.
pub fn sit_and_stand(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.hold(0.1);
        down(cue, &mut k);
        k.hold(cue.pick(6, 0.15, 0.6));
        up(&mut k);
    }
    k.play()
}
