//! Everyday work of the hands.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};

/// A phone at the right ear.
pub fn phone(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.9, |f| {
        f.hand(RIGHT, 0.15, 0.06, 0.115);
        f.elbow[RIGHT] = -0.5;
        f.head(4.0, -4.0, 9.0);
        f.wrist[RIGHT].x = 0.3;
    });
    k.hold(cue.stay(if cue.returns { 1.7 } else { 1.0 }, 1.2));
    if cue.returns {
        k.stand(0.8);
    }
    k.play()
}

/// Typing at a desk, seated.
pub fn typing(cue: &Cue<'_>) -> Take {
    let mut seat = seats::seated(cue);
    seat.pose.legs = Figure::default().pose.legs;
    let (far, high) = (cue.pick(6, 0.30, 0.36), cue.pick(7, -0.30, -0.24));
    seat.hands(0.11, far, high);
    seat.head(14.0, 0.0, 0.0);
    seat.elbow = [0.2; 2];
    let mut k = Keys::from(seat, cue.manner.tempo);
    for i in 0..cue.cycles(0.24, 0.3, 6) {
        let (hand, reach) = (i % 2, ((i * 7 + 3) % 5) as f32 * 0.008);
        k.to(0.12, |f| {
            f.body[hand].at.z = high + 0.022;
            f.body[hand].at.x += if i % 3 == 0 { reach } else { -reach };
            f.wrist[hand].x = -0.25;
        });
        k.to(0.12, |f| {
            f.hands(0.11, far, high);
            f.wrist[hand].x = 0.15;
        });
    }
    k.play()
}

/// Wiping a window in circles with the right hand.
pub fn window(cue: &Cue<'_>) -> Take {
    let high = cue.pick(0, 0.06, 0.22);
    let (wide, tall) = (0.15 * cue.manner.amp, 0.15 * cue.manner.amp);
    let mut k = cue.keys();
    let at = |f: &mut Figure, x: f32, z: f32| {
        f.hand(RIGHT, 0.18 + x, 0.38, high + z);
        f.wrist[RIGHT].x = -0.7;
        f.spine(4.0, 0.0, 30.0 * x);
        f.pose.pelvis.x = 0.15 * x;
        f.head(-8.0, -40.0 * x, 0.0);
    };
    k.to(0.7, |f| at(f, -wide, 0.0));
    for _ in 0..cue.cycles(1.0, 1.4, 2) {
        k.to(0.25, |f| at(f, 0.0, tall));
        k.to(0.25, |f| at(f, wide, 0.0));
        k.to(0.25, |f| at(f, 0.0, -tall));
        k.to(0.25, |f| at(f, -wide, 0.0));
    }
    k.stand(0.7);
    k.play()
}

/// Knocking at a door with the right hand.
pub fn knock(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.7, |f| {
        f.hand(RIGHT, 0.15, 0.26, 0.02);
        f.wrist[RIGHT].x = 0.3;
    });
    let n = cue.act.count.unwrap_or(3);
    for _ in 0..n {
        k.to(0.15, |f| {
            f.hand(RIGHT, 0.14, 0.40, 0.05);
            f.wrist[RIGHT].x = 0.0;
        });
        k.to(0.23, |f| {
            f.hand(RIGHT, 0.15, 0.27, 0.03);
            f.wrist[RIGHT].x = 0.35;
        });
    }
    k.hold(0.15);
    k.stand(0.7);
    k.play()
}

/// Sweeping the floor with a broom.
pub fn sweep(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    let at = |f: &mut Figure, x: f32| {
        f.hand(LEFT, -0.02 - 0.25 * x, 0.26, -0.08);
        f.hand(RIGHT, 0.06 + 0.8 * x, 0.34, -0.36);
        f.tilt(8.0, -34.0 * x, 0.0);
        f.spine(20.0, -60.0 * x, 0.0);
        f.head(18.0, 20.0 * x, 0.0);
        f.pose.pelvis.x = 0.2 * x;
        f.pose.pelvis.z = 0.925;
    };
    k.to(0.7, |f| at(f, 0.22));
    for _ in 0..cue.cycles(1.1, 1.4, 2) {
        k.to(0.5, |f| at(f, -0.20));
        k.to(0.6, |f| at(f, 0.24));
    }
    k.stand(0.7);
    k.play()
}

/// Directing traffic: stop, to the side, come on.
pub fn traffic(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.1);
    for i in 0..cue.cycles(2.1, 0.8, 1) {
        // Halt with one palm, then the other arm points aside and waves on.
        let (a, b) = if i % 2 == 0 { (RIGHT, LEFT) } else { (LEFT, RIGHT) };
        let side = if b == LEFT { 1.0 } else { -1.0 };
        k.to(0.5, |f| {
            f.arm(a, 84.0, 6.0, 0.0, 6.0);
            f.wrist[a].x = -1.2;
            f.arm(b, 0.0, 9.0, 15.0, 16.0);
            f.head(0.0, 0.0, 0.0);
        });
        k.hold(0.45);
        k.to(0.45, |f| {
            f.arm(b, 0.0, 86.0, 0.0, 6.0);
            f.head(0.0, 42.0 * side, 0.0);
        });
        k.to(0.35, |f| f.arm(b, 40.0, 70.0, -30.0, 100.0));
        k.to(0.35, |f| f.arm(b, 0.0, 86.0, 0.0, 8.0));
    }
    k.stand(0.7);
    k.play()
}
