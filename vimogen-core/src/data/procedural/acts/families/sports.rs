//! Ball games, swimming strokes.

use std::f32::consts::PI;

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};
use glam::Vec2;

/// Catching a ball with both hands and drawing it to the chest.
pub fn catch(cue: &Cue<'_>) -> Take {
    let high = cue.pick(0, -0.02, 0.16);
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.55, |f| {
            f.hands(0.11, 0.46, high);
            f.pose.pelvis.z = 0.915;
            f.spine(10.0, 0.0, 0.0);
            f.wrist = [Vec2::new(-0.6, 0.2); 2];
        });
        k.hold(0.15);
        k.to(0.22, |f| {
            f.hands(0.09, 0.22, -0.16);
            f.wrist = [Vec2::new(0.2, 0.4); 2];
            f.pose.pelvis.y -= 0.03;
            f.spine(4.0, 0.0, 0.0);
        });
        k.hold(cue.pick(1, 0.3, 0.6));
        k.stand(0.6);
    }
    k.play()
}

/// Shooting a basketball: dip, jump, both hands up, the right one follows through.
pub fn shoot(cue: &Cue<'_>) -> Take {
    let high = 0.14 * cue.manner.amp;
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.5, |f| {
            f.hands(0.10, 0.24, -0.20);
            f.head(-6.0, 0.0, 0.0);
        });
        k.to(0.4, |f| {
            f.pose.pelvis.z = 0.80;
            f.pose.pelvis.y = -0.05;
            f.tilt(12.0, 0.0, 0.0);
            f.spine(14.0, 0.0, 0.0);
            f.head(-26.0, 0.0, 0.0);
            f.hands(0.10, 0.26, -0.06);
        });
        k.to(0.3, |f| {
            f.pose.pelvis.z = 0.995;
            f.pose.pelvis.y = 0.0;
            f.tilt(0.0, 0.0, 0.0);
            f.spine(-3.0, 0.0, 0.0);
            f.hand(RIGHT, 0.10, 0.16, 0.32);
            f.hand(LEFT, -0.04, 0.18, 0.28);
            f.wrist[RIGHT] = Vec2::new(-0.9, 0.0);
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.6);
        });
        k.to(0.16, |f| {
            f.pose.pelvis.z += high;
            f.pose.legs.iter_mut().for_each(|l| l.toe.z += high);
            f.hand(RIGHT, 0.11, 0.30, 0.40);
            f.wrist[RIGHT] = Vec2::new(0.9, 0.0);
            f.hand(LEFT, -0.10, 0.24, 0.22);
        });
        k.to(0.17, |f| {
            f.pose.pelvis.z -= high;
            f.pose.legs.iter_mut().for_each(|l| l.toe.z -= high);
        });
        k.to(0.22, |f| {
            f.pose.pelvis.z = 0.86;
            f.spine(8.0, 0.0, 0.0);
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.0);
        });
        k.hold(0.1);
        k.stand(0.6);
    }
    k.play()
}

/// Dribbling a ball with the right hand.
pub fn dribble(cue: &Cue<'_>) -> Take {
    let aside = cue.pick(0, 0.22, 0.32);
    let mut k = cue.keys();
    let at = |f: &mut Figure, high: f32, wrist: f32| {
        f.hand(RIGHT, aside, 0.24, -0.36 + high);
        f.wrist[RIGHT].x = wrist;
        f.hand(LEFT, -0.26, 0.24, -0.24);
    };
    k.to(0.5, |f| {
        at(f, 0.10, -0.3);
        f.pose.pelvis.z = 0.885;
        f.tilt(14.0, 0.0, 0.0);
        f.spine(18.0, 0.0, 5.0);
        f.head(-4.0, -6.0, 0.0);
    });
    for _ in 0..cue.cycles(0.52, 1.1, 3) {
        k.to(0.20, |f| {
            at(f, -0.10, 0.6);
            f.pose.pelvis.z = 0.875;
        });
        k.to(0.32, |f| {
            at(f, 0.12, -0.35);
            f.pose.pelvis.z = 0.895;
        });
    }
    k.stand(0.6);
    k.play()
}

/// A golf swing: both hands back over the right shoulder, through, up over the left.
pub fn golf(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.7, |f| {
        f.pose.pelvis.z = 0.915;
        f.pose.pelvis.y = -0.05;
        f.tilt(22.0, 0.0, 0.0);
        f.spine(14.0, 0.0, 0.0);
        f.head(18.0, 0.0, 0.0);
        f.hand(LEFT, -0.03, 0.36, -0.36);
        f.hand(RIGHT, 0.03, 0.34, -0.39);
    });
    k.hold(cue.pick(0, 0.3, 0.7));
    k.to(0.8, |f| {
        f.tilt(18.0, -24.0, 0.0);
        f.spine(10.0, -42.0, 6.0);
        f.head(18.0, 46.0, 0.0);
        f.hand(LEFT, 0.17, 0.28, 0.20);
        f.hand(RIGHT, 0.25, 0.22, 0.22);
        f.pose.pelvis.x = 0.05;
    });
    k.to(0.22, |f| {
        f.tilt(20.0, 14.0, 0.0);
        f.spine(14.0, 4.0, 6.0);
        f.head(18.0, -4.0, 0.0);
        f.hand(LEFT, -0.03, 0.36, -0.36);
        f.hand(RIGHT, 0.03, 0.34, -0.39);
        f.pose.pelvis.x = -0.04;
    });
    k.to(0.28, |f| {
        f.tilt(2.0, 46.0, 0.0);
        f.spine(-4.0, 40.0, 4.0);
        f.head(0.0, 8.0, 0.0);
        f.hand(LEFT, -0.28, 0.12, 0.24);
        f.hand(RIGHT, -0.20, 0.20, 0.24);
        f.pose.pelvis.x = -0.08;
        f.pose.pelvis.z = 0.945;
        f.pose.legs[RIGHT].pitch = 0.9;
    });
    k.hold(cue.pick(1, 0.4, 0.8));
    k.to(0.7, |f| {
        *f = Figure::default();
    });
    k.play()
}

/// A tennis forehand with the right arm.
pub fn tennis(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.5, |f| {
            f.pose.pelvis.z = 0.91;
            f.hand(RIGHT, 0.10, 0.30, -0.18);
            f.hand(LEFT, -0.06, 0.32, -0.16);
            f.spine(8.0, 0.0, 0.0);
        });
        k.to(0.5, |f| {
            f.tilt(4.0, -26.0, 0.0);
            f.spine(8.0, -44.0, 4.0);
            f.head(0.0, 50.0, 0.0);
            f.hand(RIGHT, 0.48, -0.12, -0.04);
            f.hand(LEFT, -0.04, 0.44, 0.04);
            f.pose.pelvis.x = 0.04;
        });
        k.to(0.22, |f| {
            f.tilt(4.0, 12.0, 0.0);
            f.spine(8.0, 14.0, 0.0);
            f.head(0.0, -10.0, 0.0);
            f.hand(RIGHT, 0.34, 0.38, -0.08);
            f.hand(LEFT, -0.24, 0.28, 0.0);
            f.pose.pelvis.x = -0.03;
            f.pose.legs[RIGHT].pitch = 0.4;
        });
        k.to(0.22, |f| {
            f.tilt(2.0, 30.0, 0.0);
            f.spine(4.0, 38.0, 0.0);
            f.head(0.0, -34.0, 0.0);
            f.hand(RIGHT, -0.20, 0.26, 0.14);
            f.hand(LEFT, -0.30, 0.14, -0.12);
            f.pose.legs[RIGHT].pitch = 0.8;
        });
        k.hold(0.2);
        k.stand(0.6);
    }
    k.play()
}

/// A baseball swing: the bat over the right shoulder, level across to the left.
pub fn bat(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    for _ in 0..cue.count() {
        k.to(0.6, |f| {
            f.pose.pelvis.z = 0.895;
            f.pose.pelvis.x = 0.04;
            f.tilt(8.0, -14.0, 0.0);
            f.spine(12.0, -34.0, 0.0);
            f.head(-4.0, 52.0, 0.0);
            f.hand(RIGHT, 0.26, 0.16, 0.10);
            f.hand(LEFT, 0.18, 0.22, 0.05);
            f.elbow = [0.5, 0.7];
        });
        k.hold(cue.pick(0, 0.25, 0.6));
        k.to(0.17, |f| {
            f.tilt(6.0, 16.0, 0.0);
            f.spine(10.0, 6.0, 0.0);
            f.head(4.0, 8.0, 0.0);
            f.hand(RIGHT, 0.10, 0.46, -0.16);
            f.hand(LEFT, 0.02, 0.42, -0.18);
            f.pose.pelvis.x = -0.05;
            f.pose.legs[RIGHT].pitch = 0.5;
        });
        k.to(0.22, |f| {
            f.tilt(2.0, 44.0, 0.0);
            f.spine(2.0, 44.0, 0.0);
            f.head(0.0, -20.0, 0.0);
            f.hand(RIGHT, -0.26, 0.24, 0.08);
            f.hand(LEFT, -0.34, 0.16, 0.10);
            f.pose.legs[RIGHT].pitch = 0.9;
        });
        k.hold(cue.pick(1, 0.25, 0.5));
        k.to(0.65, |f| *f = Figure::default());
    }
    k.play()
}

/// Bowling: a long step with the left foot, the right arm swings back and forward low.
pub fn bowl(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.6, |f| {
        f.hand(RIGHT, 0.10, 0.24, -0.20);
        f.hand(LEFT, -0.02, 0.24, -0.20);
        f.head(6.0, 0.0, 0.0);
    });
    k.step(0.6, LEFT, 0.06, |f| {
        f.pose.legs[LEFT].toe.y += 0.55;
        f.pose.pelvis.y += 0.30;
        f.pose.pelvis.z = 0.84;
        f.tilt(14.0, -10.0, 0.0);
        f.spine(26.0, -14.0, 0.0);
        f.head(-24.0, 16.0, 0.0);
        f.arm(RIGHT, -58.0, 14.0, 0.0, 6.0);
        f.arm(LEFT, 10.0, 52.0, 0.0, 20.0);
        f.pose.legs[RIGHT].pitch = 0.5;
    });
    k.to(0.28, |f| {
        f.pose.pelvis.y += 0.10;
        f.pose.pelvis.z = 0.74;
        f.arm(RIGHT, 20.0, 6.0, 0.0, 4.0);
        f.pose.legs[RIGHT].pitch = 0.9;
        f.tilt(20.0, 0.0, 0.0);
        f.spine(34.0, 4.0, 0.0);
    });
    k.to(0.24, |f| {
        f.arm(RIGHT, 112.0, 4.0, 0.0, 16.0);
        f.pose.pelvis.z = 0.78;
        f.spine(22.0, 12.0, 0.0);
    });
    k.hold(cue.pick(0, 0.3, 0.7));
    k.step(0.8, RIGHT, 0.06, |f| {
        let mut there = Figure::default().moved(Vec2::new(0.0, 0.55), 0.0);
        there.pose.legs[LEFT] = f.pose.legs[LEFT];
        there.pose.legs[LEFT].pitch = 0.0;
        *f = there;
    });
    k.stand(0.2);
    k.play()
}

/// The strokes of the front crawl, standing, bent forward.
pub fn swim(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    let at = |k: &mut Keys, seconds: f32, turn: f32| {
        k.to(seconds, |f| {
            f.pose.pelvis.z = 0.94;
            f.pose.pelvis.y = -0.06;
            f.tilt(26.0, 0.0, 0.0);
            let roll = (2.0 * PI * turn).sin();
            f.spine(26.0, 20.0 * roll, 0.0);
            f.head(-24.0, -16.0 * roll, 0.0);
            for (arm, side, shift) in [(LEFT, -1.0, 0.0), (RIGHT, 1.0, 0.5)] {
                let (s, c) = (2.0 * PI * (turn + shift)).sin_cos();
                // Around the shoulder: ahead, down, back, up.
                f.hand(arm, side * (0.20 + 0.05 * s.abs()), 0.10 + 0.34 * c, -0.04 - 0.34 * s);
                f.elbow[arm] = if s < 0.0 { 0.8 } else { 0.2 };
            }
        });
    };
    at(&mut k, 0.7, 0.0);
    for _ in 0..cue.cycles(1.2, 1.4, 2) {
        (1..=8).for_each(|i| at(&mut k, 0.15, i as f32 / 8.0));
    }
    k.stand(0.7);
    k.play()
}
