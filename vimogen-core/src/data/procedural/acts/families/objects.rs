//! Movements with something to reach, lift, push or pull.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};
use glam::Vec2;

fn arms_of(cue: &Cue<'_>) -> &'static [usize] {
    if cue.act.side == Some(Side::Both) { &[LEFT, RIGHT] } else { &[RIGHT] }
}

fn side_of(arm: usize) -> f32 {
    if arm == LEFT { -1.0 } else { 1.0 }
}

/// Reaching up for something high, on the toes, and back.
pub fn reach_up(cue: &Cue<'_>) -> Take {
    let arms = arms_of(cue);
    let mut k = cue.keys();
    k.to(0.85, |f| {
        for &arm in arms {
            f.hand(arm, side_of(arm) * cue.pick(0, 0.12, 0.24), cue.pick(1, 0.10, 0.22), 0.47);
            f.wrist[arm].x = -0.2;
        }
        f.head(-30.0, 0.0, 0.0);
        f.pose.pelvis.z += 0.055;
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.5);
        if arms.len() == 1 {
            f.spine(-2.0, 0.0, -9.0);
        }
    });
    k.to(0.3, |f| {
        for &arm in arms {
            f.body[arm].at.z += 0.015;
            f.wrist[arm].x = 0.5;
        }
    });
    k.hold(cue.pick(2, 0.2, 0.8));
    k.stand(0.9);
    k.play()
}

/// Reaching forward for something, leaning, and back.
pub fn reach_forward(cue: &Cue<'_>) -> Take {
    let arms = arms_of(cue);
    let high = cue.pick(0, -0.14, 0.06);
    let mut k = cue.keys();
    k.to(0.8, |f| {
        for &arm in arms {
            f.hand(arm, side_of(arm) * 0.14, 0.46, high + 0.10);
            f.wrist[arm].x = -0.1;
        }
        f.tilt(12.0, if arms.len() == 1 { 8.0 } else { 0.0 }, 0.0);
        f.spine(15.0, if arms.len() == 1 { 12.0 } else { 0.0 }, 0.0);
        f.head(-10.0, 0.0, 0.0);
        f.pose.pelvis.y -= 0.02;
        f.pose.pelvis.z -= 0.03;
    });
    k.to(0.3, |f| arms.iter().for_each(|arm| f.wrist[*arm].x = 0.55));
    k.hold(cue.pick(1, 0.15, 0.6));
    k.stand(0.8);
    k.play()
}

/// Down with bent knees to something on the floor.
fn stoop(f: &mut Figure, cue: &Cue<'_>) {
    f.pose.pelvis.z = 0.54;
    f.pose.pelvis.y = -0.20;
    f.tilt(38.0, 0.0, 0.0);
    f.spine(42.0, 0.0, 0.0);
    f.head(-8.0, 0.0, 0.0);
    let wide = cue.pick(3, 0.12, 0.19);
    f.touch(LEFT, -wide, 0.34, 0.15);
    f.touch(RIGHT, wide, 0.34, 0.15);
    f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.25);
}

/// Holding a box in front of the belly.
fn hold_box(f: &mut Figure, cue: &Cue<'_>) {
    let wide = cue.pick(3, 0.12, 0.19);
    *f = super::super::keys::standing_at(f);
    f.hands(wide, 0.30, cue.pick(4, -0.34, -0.22));
    f.spine(-3.0, 0.0, 0.0);
    f.wrist = [Vec2::new(-0.1, 0.8); 2];
}

/// Picking something up from the floor with both hands and holding it.
pub fn pick_up(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.1);
    k.to(0.95, |f| stoop(f, cue));
    k.to(0.3, |f| f.wrist = [Vec2::new(0.25, 0.7); 2]);
    k.to(1.05, |f| hold_box(f, cue));
    k.hold(0.5);
    if cue.returns {
        k.stand(0.7);
    }
    k.play()
}

/// Putting something that is held down on the floor.
pub fn put_down(cue: &Cue<'_>) -> Take {
    let mut start = Figure::default();
    hold_box(&mut start, cue);
    let mut k = Keys::from(start, cue.manner.tempo);
    k.hold(0.45);
    k.to(1.1, |f| stoop(f, cue));
    k.hold(0.3);
    k.stand(0.95);
    k.play()
}

/// Lifting something heavy from the floor over the head.
pub fn lift(cue: &Cue<'_>) -> Take {
    let wide = cue.pick(0, 0.20, 0.34);
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.9, |f| {
            stoop(f, cue);
            f.touch(LEFT, -wide, 0.26, 0.2);
            f.touch(RIGHT, wide, 0.26, 0.2);
            f.tilt(42.0, 0.0, 0.0);
            f.spine(22.0, 0.0, 0.0);
            f.head(-25.0, 0.0, 0.0);
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.0);
        });
        k.hold(0.2);
        // To the chest, then up.
        k.to(0.85, |f| {
            *f = super::super::keys::standing_at(f);
            f.pose.pelvis.z -= 0.05;
            f.hands(wide, 0.17, 0.0);
            f.spine(-6.0, 0.0, 0.0);
        });
        k.hold(0.15);
        k.to(0.7, |f| {
            f.pose.pelvis.z += 0.05;
            f.hands(wide, 0.06, 0.50);
            f.head(-8.0, 0.0, 0.0);
        });
        k.hold(cue.pick(1, 0.3, 0.7));
        k.to(0.6, |f| f.hands(wide, 0.17, 0.0));
    }
    k.to(0.9, |f| {
        stoop(f, cue);
        f.touch(LEFT, -wide, 0.26, 0.2);
        f.touch(RIGHT, wide, 0.26, 0.2);
    });
    k.stand(0.8);
    k.play()
}

/// Pushing something heavy forward, walking.
pub fn push(cue: &Cue<'_>) -> Take {
    gaits::pushing(cue, cue.pick(2, -0.16, 0.02))
}

/// Pulling something heavy backward, walking.
pub fn pull(cue: &Cue<'_>) -> Take {
    gaits::pulling(cue, cue.pick(2, -0.26, -0.12))
}
