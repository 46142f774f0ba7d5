//! Gestures of the arms above a standing body.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};

fn arms_of(cue: &Cue<'_>) -> &'static [usize] {
    if cue.act.side == Some(Side::Both) { &[LEFT, RIGHT] } else { &[RIGHT] }
}

/// Waving with the right hand or both.
pub fn wave(cue: &Cue<'_>) -> Take {
    let (m, arms) = (&cue.manner, arms_of(cue));
    let (high, wide) = (cue.pick(0, 68.0, 100.0), 24.0 * m.amp.clamp(0.7, 1.35));
    let mut k = cue.keys();
    let pose = |f: &mut Figure, bend: f32| {
        for &arm in arms {
            f.arm(arm, 10.0, high, -75.0, bend);
            f.wrist[arm].x = (bend - 78.0) * 0.012;
        }
    };
    k.to(0.62, |f| {
        pose(f, 78.0 + wide);
        f.pose.spine.z -= if arms.len() == 1 { 0.05 } else { 0.0 };
    });
    for _ in 0..cue.cycles(0.58, 1.3, 2) {
        k.to(0.29, |f| pose(f, 78.0 - wide));
        k.to(0.29, |f| pose(f, 78.0 + wide));
    }
    k.stand(0.7);
    k.play()
}

/// Clapping.
pub fn clap(cue: &Cue<'_>) -> Take {
    let amp = cue.manner.amp.clamp(0.7, 1.3);
    let (high, far) = (cue.pick(0, -0.24, -0.06), cue.pick(1, 0.28, 0.36));
    let mut k = cue.keys();
    k.to(0.5, |f| {
        f.hands(0.14 + 0.09 * amp, far, high);
        f.elbow = [0.35; 2];
    });
    for _ in 0..cue.cycles(0.5, 1.1, 2) {
        k.to(0.22, |f| f.hands(0.055, far, high + 0.02));
        k.to(0.28, |f| f.hands(0.14 + 0.09 * amp, far, high));
    }
    k.stand(0.6);
    k.play()
}

/// Crossing the arms in front of the chest.
pub fn cross(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.8, |f| {
        f.hand(RIGHT, -0.13, 0.24, -0.20);
        f.hand(LEFT, 0.12, 0.20, -0.15);
        f.elbow = [0.25; 2];
    });
    k.hold(cue.stay(if cue.returns { 1.6 } else { 0.9 }, 0.9));
    if cue.returns {
        k.stand(0.7);
    }
    k.play()
}

/// Shrugging the shoulders.
pub fn shrug(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.1);
    for _ in 0..cue.count() {
        k.to(0.42, |f| {
            f.both(4.0, 26.0, -48.0, 88.0);
            f.head(3.0, 0.0, cue.pick(0, 6.0, 14.0));
            f.pose.spine.x -= 0.03;
            f.wrist = [glam::Vec2::new(-0.4, -0.8); 2];
        });
        k.hold(cue.pick(1, 0.15, 0.4));
        k.stand(0.5);
    }
    k.play()
}

/// Cheering with both arms in the air, bouncing.
pub fn cheer(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.5, |f| {
        f.both(150.0, 28.0, 0.0, 20.0);
        f.head(-14.0, 0.0, 0.0);
    });
    for _ in 0..cue.cycles(0.62, 1.1, 2) {
        k.to(0.31, |f| {
            f.both(118.0, 42.0, 0.0, 62.0);
            f.pose.pelvis.z -= 0.06;
        });
        k.to(0.31, |f| {
            f.both(156.0, 26.0, 0.0, 12.0);
            f.pose.pelvis.z += 0.06;
        });
    }
    k.stand(0.6);
    k.play()
}

/// Thinking with the right hand at the chin.
pub fn think(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.8, |f| {
        f.hand(RIGHT, 0.05, 0.17, 0.045);
        f.hand(LEFT, 0.10, 0.22, -0.22);
        f.head(13.0, -8.0, 5.0);
    });
    k.hold(cue.stay(if cue.returns { 1.5 } else { 0.9 }, 1.1));
    if cue.returns {
        k.stand(0.7);
    }
    k.play()
}

/// Praying with both hands together.
pub fn pray(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.9, |f| {
        f.hands(0.035, 0.26, -0.13);
        f.elbow = [0.3; 2];
        f.head(24.0, 0.0, 0.0);
        f.wrist = [glam::Vec2::new(-0.5, 0.6); 2];
    });
    k.hold(cue.stay(if cue.returns { 1.8 } else { 1.0 }, 1.2));
    if cue.returns {
        k.stand(0.8);
    }
    k.play()
}

/// A salute with the right hand at the forehead.
pub fn salute(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(cue.pick(0, 0.5, 0.8), |f| {
        f.hand(RIGHT, 0.125, 0.13, 0.235);
        f.elbow[RIGHT] = 1.0;
        f.spine(-2.0, 0.0, 0.0);
        f.head(-4.0, 0.0, 0.0);
    });
    k.hold(cue.stay(if cue.returns { 1.3 } else { 0.8 }, 0.9));
    if cue.returns {
        k.stand(0.6);
    }
    k.play()
}
