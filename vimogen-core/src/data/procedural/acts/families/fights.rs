//! Martial movements.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};

/// Fists up, the left foot half a step ahead.
fn guard(f: &mut Figure) {
    f.hand(LEFT, -0.10, 0.30, 0.02);
    f.hand(RIGHT, 0.10, 0.22, 0.0);
    f.pose.pelvis.z = 0.925;
    f.tilt(3.0, 0.0, 0.0);
    f.spine(10.0, -10.0, 0.0);
    f.head(4.0, 8.0, 0.0);
}

/// Uppercuts with the right fist.
pub fn uppercut(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.45, guard);
    for _ in 0..cue.count() {
        k.to(0.24, |f| {
            f.hand(RIGHT, 0.22, 0.10, -0.30);
            f.spine(16.0, -26.0, 8.0);
            f.pose.pelvis.z = 0.88;
        });
        k.to(0.18, |f| {
            f.hand(RIGHT, 0.04, 0.34, 0.22);
            f.spine(-2.0, 26.0, 0.0);
            f.pose.pelvis.z = 0.955;
            f.pose.legs[RIGHT].pitch = 0.4;
        });
        k.hold(0.08);
        k.to(0.34, |f| {
            guard(f);
            f.pose.legs[RIGHT].pitch = 0.0;
        });
        k.hold(0.1);
    }
    k.stand(0.5);
    k.play()
}

/// Shadow boxing: punches with both fists, bobbing.
pub fn shadow_box(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.4, guard);
    for i in 0..cue.cycles(0.52, 1.0, 4) {
        // Two jabs with the left, one with the right.
        let arm = if i % 3 == 2 { RIGHT } else { LEFT };
        let side = if arm == LEFT { -1.0 } else { 1.0 };
        k.to(0.17, |f| {
            f.hand(arm, 0.04 * side, 0.50, 0.04);
            f.spine(10.0, -22.0 * -side, 0.0);
            f.pose.pelvis.y = 0.05;
            f.pose.pelvis.z = 0.915;
            f.pose.legs[RIGHT].pitch = if arm == RIGHT { 0.45 } else { 0.1 };
        });
        k.to(0.20, |f| {
            guard(f);
            f.pose.pelvis.y = 0.0;
        });
        k.to(0.15, |f| {
            f.pose.pelvis.x = if i % 2 == 0 { 0.05 } else { -0.05 };
            f.pose.pelvis.z = 0.89;
            f.spine(16.0, -6.0, if i % 2 == 0 { 10.0 } else { -10.0 });
        });
    }
    k.stand(0.5);
    k.play()
}

/// Blocking with the right forearm raised before the head.
pub fn block(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.15);
    for _ in 0..cue.count() {
        k.to(0.26, |f| {
            f.hand(RIGHT, 0.00, 0.27, 0.26);
            f.elbow[RIGHT] = 1.0;
            f.hand(LEFT, -0.10, 0.16, -0.14);
            f.pose.pelvis.z = 0.905;
            f.pose.pelvis.y = -0.06;
            f.spine(-4.0, 12.0, 0.0);
            f.head(12.0, -4.0, 0.0);
        });
        k.hold(cue.pick(0, 0.25, 0.5));
        k.to(0.5, |f| {
            f.hand(RIGHT, 0.13, 0.22, -0.16);
            f.elbow[RIGHT] = 0.0;
            f.pose.pelvis.z = 0.94;
            f.pose.pelvis.y = 0.0;
            f.spine(4.0, 0.0, 0.0);
        });
    }
    k.stand(0.5);
    k.play()
}

/// Ducking away to the right.
pub fn dodge(cue: &Cue<'_>) -> Take {
    let far = 0.19 * cue.manner.amp.clamp(0.8, 1.25);
    let mut k = cue.keys();
    k.hold(0.15);
    for _ in 0..cue.count() {
        k.to(0.3, |f| {
            f.pose.pelvis.x = far;
            f.pose.pelvis.z = 0.80;
            f.tilt(10.0, 0.0, 9.0);
            f.spine(14.0, -10.0, 26.0);
            f.head(-8.0, 14.0, -12.0);
            f.both(34.0, 22.0, 20.0, 96.0);
            f.pose.legs[LEFT].pitch = 0.35;
        });
        k.hold(cue.pick(0, 0.12, 0.3));
        k.to(0.5, |f| *f = Figure::default());
        k.hold(0.12);
    }
    k.stand(0.2);
    k.play()
}

/// Roundhouse kicks with the right leg: the body pivots to the left, the leg sweeps around at hip height.
pub fn roundhouse(cue: &Cue<'_>) -> Take {
    let high = 66.0 * cue.manner.amp.clamp(0.85, 1.2);
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.32, |f| {
            guard(f);
            f.pose.pelvis.x = -0.06;
            f.spine(8.0, -24.0, 0.0);
        });
        // The knee comes up at the side.
        k.to(0.28, |f| {
            f.pose.pelvis.x = -0.085;
            f.pose.pelvis.z = 0.945;
            f.tilt(-6.0, 24.0, -16.0);
            f.spine(6.0, -4.0, -6.0);
            f.leg(RIGHT, 44.0, 58.0, 104.0, 25.0);
            f.pose.legs[LEFT].yaw = 0.5;
            f.pose.legs[LEFT].pitch = 0.12;
        });
        // Then sweeps across.
        k.to(0.15, |f| {
            f.tilt(-8.0, 62.0, -26.0);
            f.spine(8.0, -26.0, -10.0);
            f.leg(RIGHT, high, 44.0, 12.0, 45.0);
            f.pose.legs[LEFT].yaw = 0.95;
            f.arm(RIGHT, -18.0, 30.0, 10.0, 40.0);
        });
        k.to(0.09, |f| f.tilt(-8.0, 74.0, -26.0));
        k.to(0.28, |f| {
            f.tilt(-2.0, 40.0, -10.0);
            f.spine(8.0, -14.0, 0.0);
            f.leg(RIGHT, 52.0, 20.0, 100.0, 20.0);
            f.pose.legs[LEFT].yaw = 0.5;
            guard_hands(f);
        });
        k.to(0.35, |f| {
            *f = Figure::default();
            guard(f);
        });
    }
    k.stand(0.45);
    k.play()
}

fn guard_hands(f: &mut Figure) {
    f.hand(LEFT, -0.10, 0.30, 0.02);
    f.hand(RIGHT, 0.10, 0.22, 0.0);
}

/// Knee strikes with the right knee, pulling down with both hands.
pub fn knee(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.4, |f| {
            f.hands(0.13, 0.40, 0.14);
            f.pose.pelvis.z = 0.92;
            f.pose.pelvis.x = -0.05;
            f.spine(6.0, 0.0, 0.0);
        });
        k.to(0.22, |f| {
            f.hands(0.14, 0.22, -0.26);
            f.pose.pelvis.x = -0.085;
            f.pose.pelvis.z = 0.955;
            f.tilt(-9.0, 8.0, 0.0);
            f.spine(20.0, 4.0, 0.0);
            f.leg(RIGHT, 100.0, 3.0, 112.0, 30.0);
            f.pose.legs[LEFT].pitch = 0.25;
        });
        k.hold(0.08);
        k.to(0.38, |f| {
            let hands = f.body;
            *f = Figure::default();
            f.body = hands;
            f.pose.pelvis.x = -0.02;
        });
    }
    k.stand(0.45);
    k.play()
}

/// Sword cuts from over the right shoulder down to the left, both hands on the hilt.
pub fn sword(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.5, |f| {
        f.hand(RIGHT, 0.06, 0.30, -0.16);
        f.hand(LEFT, 0.02, 0.27, -0.24);
        f.pose.pelvis.z = 0.93;
    });
    for _ in 0..cue.count() {
        k.to(0.42, |f| {
            f.hand(RIGHT, 0.24, 0.02, 0.32);
            f.hand(LEFT, 0.17, 0.08, 0.27);
            f.elbow = [0.4; 2];
            f.spine(-6.0, -26.0, 6.0);
            f.pose.pelvis.z = 0.94;
        });
        k.to(0.20, |f| {
            f.hand(RIGHT, -0.10, 0.42, -0.12);
            f.hand(LEFT, -0.15, 0.38, -0.18);
            f.elbow = [0.1; 2];
            f.spine(22.0, 22.0, -4.0);
            f.pose.pelvis.z = 0.88;
            f.pose.pelvis.y = 0.05;
            f.pose.legs[RIGHT].pitch = 0.35;
        });
        k.to(0.12, |f| {
            f.hand(RIGHT, -0.20, 0.30, -0.36);
            f.hand(LEFT, -0.24, 0.25, -0.40);
            f.spine(26.0, 28.0, -4.0);
        });
        k.hold(0.15);
        k.to(0.45, |f| {
            f.hand(RIGHT, 0.06, 0.30, -0.16);
            f.hand(LEFT, 0.02, 0.27, -0.24);
            f.spine(3.0, 0.0, 0.0);
            f.pose.pelvis.z = 0.93;
            f.pose.pelvis.y = 0.0;
            f.pose.legs[RIGHT].pitch = 0.0;
        });
    }
    k.stand(0.5);
    k.play()
}
