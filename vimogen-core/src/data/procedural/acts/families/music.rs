//! Playing instruments, and conducting.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};
use glam::Vec2;

/// Beating drums with both hands in turn.
pub fn drum(cue: &Cue<'_>) -> Take {
    let (wide, high) = (cue.pick(0, 0.12, 0.24), cue.pick(1, -0.26, -0.14));
    let mut k = cue.keys();
    let up = |f: &mut Figure, hand: usize| {
        let side = if hand == LEFT { -1.0 } else { 1.0 };
        f.hand(hand, side * wide, 0.30, high + 0.20);
        f.wrist[hand].x = -0.6;
    };
    let down = |f: &mut Figure, hand: usize| {
        let side = if hand == LEFT { -1.0 } else { 1.0 };
        f.hand(hand, side * (wide + 0.01), 0.37, high - 0.03);
        f.wrist[hand].x = 0.35;
    };
    k.to(0.6, |f| {
        up(f, RIGHT);
        down(f, LEFT);
        f.pose.pelvis.z -= 0.03;
        f.spine(8.0, 0.0, 0.0);
        f.head(10.0, 0.0, 0.0);
    });
    for i in 0..cue.cycles(0.30, 1.2, 6) {
        let (hits, lifts) = if i % 2 == 0 { (RIGHT, LEFT) } else { (LEFT, RIGHT) };
        k.to(0.30, |f| {
            down(f, hits);
            up(f, lifts);
            f.pose.spine.y = if hits == RIGHT { 0.07 } else { -0.07 };
            f.pose.head.x = if i % 2 == 0 { 0.26 } else { 0.12 };
        });
    }
    k.stand(0.6);
    k.play()
}

/// Playing the guitar: the right hand strums, the left moves on the neck.
pub fn guitar(cue: &Cue<'_>) -> Take {
    let neck = cue.pick(0, -0.40, -0.33);
    let mut k = cue.keys();
    k.to(0.8, |f| {
        f.hand(LEFT, neck, 0.27, -0.12);
        f.hand(RIGHT, 0.07, 0.20, -0.26);
        f.wrist[LEFT] = Vec2::new(0.5, 0.9);
        f.head(16.0, 14.0, 0.0);
        f.spine(5.0, 5.0, 0.0);
        f.elbow = [0.25, 0.35];
    });
    for i in 0..cue.cycles(0.44, 1.6, 4) {
        let slide = if (i / 3) % 2 == 0 { 0.0 } else { 0.07 };
        k.to(0.20, |f| {
            f.hand(RIGHT, 0.09, 0.20, -0.34);
            f.hand(LEFT, neck + slide, 0.28, -0.13 - 0.3 * slide);
            f.pose.pelvis.x = if i % 2 == 0 { 0.012 } else { -0.012 };
        });
        k.to(0.24, |f| f.hand(RIGHT, 0.05, 0.205, -0.18));
    }
    k.stand(0.7);
    k.play()
}

/// Playing the violin: the left arm holds it, the right one bows.
pub fn violin(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    let bow = |f: &mut Figure, out: f32| {
        f.hand(RIGHT, 0.06 + 0.30 * out, 0.30 - 0.06 * out, 0.02 - 0.12 * out);
        f.pose.spine.y = -0.06 * out;
    };
    k.to(0.9, |f| {
        f.hand(LEFT, -0.28, 0.34, 0.06);
        f.wrist[LEFT] = Vec2::new(0.7, 1.1);
        f.head(10.0, 28.0, -10.0);
        f.elbow = [0.0, 0.6];
        bow(f, 0.0);
    });
    for _ in 0..cue.cycles(1.3, 1.7, 2) {
        k.to(0.65, |f| bow(f, 1.0));
        k.to(0.65, |f| bow(f, 0.0));
    }
    k.stand(0.8);
    k.play()
}

/// Conducting an orchestra with both arms, in four.
pub fn conduct(cue: &Cue<'_>) -> Take {
    let wide = cue.manner.amp * 0.16;
    let mut k = cue.keys();
    k.to(0.7, |f| {
        f.hands(0.18, 0.34, 0.18);
        f.elbow = [0.4; 2];
    });
    for _ in 0..cue.cycles(1.6, 1.3, 1) {
        k.to(0.4, |f| {
            f.hands(0.16, 0.36, -0.14);
            f.head(8.0, 0.0, 0.0);
        });
        k.to(0.4, |f| f.hands(0.08, 0.32, 0.02));
        k.to(0.4, |f| f.hands(0.18 + wide, 0.32, 0.02));
        k.to(0.4, |f| {
            f.hands(0.18, 0.34, 0.22);
            f.head(-4.0, 0.0, 0.0);
        });
    }
    k.stand(0.7);
    k.play()
}
