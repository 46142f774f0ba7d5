//! Dances.

use glam::Vec3;

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};

/// Whatever people do to music: one of four grooves.
pub fn free(cue: &Cue<'_>) -> Take {
    match (cue.die(0) * 4.0) as usize {
        0 => groove(cue),
        1 => step_touch(cue),
        2 => disco(cue),
        _ => twist(cue),
    }
}

/// Bouncing from side to side, arms swinging in front of the body.
fn groove(cue: &Cue<'_>) -> Take {
    let (m, beat) = (&cue.manner, cue.pick(1, 0.42, 0.54));
    let amp = m.amp.clamp(0.7, 1.35);
    let mut k = cue.keys();
    k.to(0.3, |f| f.pose.pelvis.z -= 0.05);
    for i in 0..cue.cycles(beat, 0.9, 6) {
        let side = if i % 2 == 0 { 1.0 } else { -1.0 };
        let high = if (i / 4) % 2 == 0 { 0.0 } else { 0.22 };
        k.to(0.5 * beat, |f| {
            f.pose.pelvis.z = 0.925 - 0.045 * amp;
            f.pose.pelvis.x = 0.06 * side * amp;
            f.tilt(4.0, 0.0, 0.0);
            f.hands(0.24, 0.26, -0.26 + high);
            f.head(12.0, 0.0, 0.0);
        });
        k.to(0.5 * beat, |f| {
            f.pose.pelvis.z = 0.935;
            f.pose.pelvis.x = 0.095 * side * amp;
            f.tilt(2.0, 12.0 * side, 5.0 * side);
            f.spine(4.0, -14.0 * side * amp, -7.0 * side);
            f.head(-2.0, 8.0 * side, 6.0 * side);
            f.hand(RIGHT, 0.20 + 0.14 * side * amp, 0.27, -0.14 + high + 0.06 * side);
            f.hand(LEFT, -0.20 + 0.14 * side * amp, 0.27, -0.14 + high - 0.06 * side);
            f.elbow = [0.35; 2];
            f.pose.legs[LEFT].pitch = if side > 0.0 { 0.45 } else { 0.0 };
            f.pose.legs[RIGHT].pitch = if side > 0.0 { 0.0 } else { 0.45 };
        });
    }
    k.stand(0.5);
    k.play()
}

/// Stepping to one side and closing, to the other and closing, with claps.
fn step_touch(cue: &Cue<'_>) -> Take {
    let beat = cue.pick(1, 0.46, 0.56);
    let wide = 0.30 * cue.manner.amp.clamp(0.7, 1.35);
    let mut k = cue.keys();
    let n = cue.cycles(2.0 * beat, 0.8, 3);
    for i in 0..n {
        let (lead, follow, side) = if i % 2 == 0 { (RIGHT, LEFT, 1.0) } else { (LEFT, RIGHT, -1.0) };
        k.step(beat, lead, 0.06, |f| {
            f.pose.legs[lead].toe.x += wide * side;
            f.pose.pelvis.x += 0.6 * wide * side;
            f.pose.pelvis.z = 0.925;
            f.spine(3.0, 0.0, -8.0 * side);
            f.both(20.0, 34.0, 0.0, 50.0);
            f.head(0.0, -10.0 * side, 0.0);
        });
        k.step(beat, follow, 0.06, |f| {
            f.pose.legs[follow].toe.x += wide * side;
            f.pose.pelvis.x += 0.4 * wide * side;
            f.pose.pelvis.z = 0.935;
            f.spine(3.0, 0.0, 5.0 * side);
            f.hands(0.05, 0.30, if i % 4 < 2 { -0.08 } else { 0.14 });
            f.elbow = [0.4; 2];
        });
    }
    k.stand(0.5);
    k.play()
}

/// The twist: hips against chest, on bent knees.
pub fn twist(cue: &Cue<'_>) -> Take {
    let beat = cue.pick(1, 0.34, 0.44);
    let amp = cue.manner.amp.clamp(0.7, 1.3);
    let mut k = cue.keys();
    k.to(0.3, |f| f.pose.pelvis.z -= 0.07);
    for i in 0..cue.cycles(beat, 0.9, 6) {
        let side = if i % 2 == 0 { 1.0 } else { -1.0 };
        let deep = 0.10 + 0.07 * (0.5 - 0.5 * (i as f32 * 0.45).cos());
        k.to(beat, |f| {
            f.pose.pelvis.z = 0.945 - deep;
            f.tilt(3.0, 24.0 * side * amp, 0.0);
            f.spine(6.0, -44.0 * side * amp, 0.0);
            f.head(0.0, 18.0 * side, 0.0);
            for (foot, leg) in f.pose.legs.iter_mut().enumerate() {
                leg.yaw = 0.14 * if foot == LEFT { 1.0 } else { -1.0 } + 0.38 * side;
                leg.pitch = 0.3;
            }
            f.arm(LEFT, 26.0 - 14.0 * side, 26.0, 20.0, 84.0);
            f.arm(RIGHT, 26.0 + 14.0 * side, 26.0, 20.0, 84.0);
        });
    }
    k.stand(0.5);
    k.play()
}

/// Disco: pointing high to one side and low to the other.
pub fn disco(cue: &Cue<'_>) -> Take {
    let beat = cue.pick(1, 0.46, 0.58);
    let arm = if cue.act.kind == Kind::DanceDisco || cue.die(2) < 0.5 { RIGHT } else { LEFT };
    let out = if arm == RIGHT { 1.0 } else { -1.0 };
    let mut k = cue.keys();
    k.to(0.3, |f| {
        f.arm(LEFT + RIGHT - arm, -20.0, 42.0, 60.0, 92.0);
        f.pose.pelvis.z -= 0.04;
    });
    for _ in 0..cue.cycles(2.0 * beat, 1.0, 3) {
        k.to(beat, |f| {
            f.hand(arm, out * 0.42, 0.14, 0.40);
            f.elbow[arm] = 0.2;
            f.pose.pelvis.x = 0.07 * out;
            f.tilt(0.0, 0.0, 6.0 * out);
            f.spine(-3.0, -8.0 * out, -7.0 * out);
            f.head(-16.0, -26.0 * out, 0.0);
            f.pose.legs[LEFT + RIGHT - arm].pitch = 0.4;
            f.pose.legs[arm].pitch = 0.0;
        });
        k.to(beat, |f| {
            f.hand(arm, -out * 0.20, 0.26, -0.32);
            f.pose.pelvis.x = -0.07 * out;
            f.tilt(4.0, 0.0, -6.0 * out);
            f.spine(12.0, 14.0 * out, 5.0 * out);
            f.head(12.0, 18.0 * out, 0.0);
            f.pose.legs[arm].pitch = 0.4;
            f.pose.legs[LEFT + RIGHT - arm].pitch = 0.0;
        });
    }
    k.stand(0.5);
    k.play()
}

/// Ballet: up on the toes with round arms, a leg stretched aside or back, down again.
pub fn ballet(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    for i in 0..cue.cycles(3.0, 0.6, 1) {
        let (up, side) = if i % 2 == 0 { (RIGHT, 1.0) } else { (LEFT, -1.0) };
        // Plie with low round arms.
        k.to(0.7, |f| {
            f.pose.pelvis.z = 0.86;
            f.hands(0.12, 0.30, -0.40);
            f.elbow = [0.5; 2];
        });
        // Releve, arms overhead.
        k.to(0.7, |f| {
            f.pose.pelvis.z = 1.02;
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.7);
            f.hands(0.12, 0.10, 0.44);
            f.elbow = [0.6; 2];
            f.head(-6.0, 14.0 * side, 0.0);
        });
        k.hold(0.2);
        // Arabesque.
        k.to(0.8, |f| {
            f.pose.pelvis.z = 0.965;
            f.pose.pelvis.x = -0.07 * side;
            f.pose.legs[LEFT].pitch = 0.0;
            f.pose.legs[RIGHT].pitch = 0.0;
            f.leg(up, -46.0, 8.0, 6.0, 45.0);
            f.tilt(24.0, 0.0, 0.0);
            f.spine(-16.0, 0.0, 0.0);
            f.arm(LEFT + RIGHT - up, 100.0, 10.0, 0.0, 8.0);
            f.arm(up, 0.0, 84.0, 0.0, 10.0);
            f.head(-12.0, 0.0, 0.0);
        });
        k.hold(0.3);
        k.stand(0.7);
    }
    k.play()
}

/// A waltz with an unseen partner: box steps in three.
pub fn waltz(cue: &Cue<'_>) -> Take {
    let beat = cue.pick(1, 0.42, 0.52);
    let (long, wide) = (0.30 * cue.manner.amp.clamp(0.7, 1.3), 0.26);
    let mut k = cue.keys();
    k.to(0.5, |f| {
        f.hand(LEFT, -0.44, 0.22, 0.10);
        f.hand(RIGHT, 0.16, 0.36, -0.02);
        f.elbow = [0.6, 0.8];
        f.head(-4.0, 22.0, 0.0);
        f.spine(-4.0, 0.0, 0.0);
    });
    for i in 0..cue.cycles(3.0 * beat, 1.0, 2) {
        let (lead, follow, sign) = if i % 2 == 0 { (LEFT, RIGHT, 1.0) } else { (RIGHT, LEFT, -1.0) };
        let aside = if i % 2 == 0 { 1.0 } else { -1.0 };
        k.step(beat, lead, 0.05, |f| {
            f.pose.legs[lead].toe.y += sign * long;
            f.pose.pelvis.y += 0.75 * sign * long;
            f.pose.pelvis.z = 0.925;
        });
        k.step(beat, follow, 0.05, |f| {
            f.pose.legs[follow].toe += Vec3::new(aside * wide, sign * long, 0.0);
            f.pose.pelvis.y += 0.25 * sign * long;
            f.pose.pelvis.x += 0.6 * aside * wide;
            f.pose.pelvis.z = 0.975;
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.3);
        });
        k.step(beat, lead, 0.03, |f| {
            f.pose.legs[lead].toe.x += aside * wide;
            f.pose.pelvis.x += 0.4 * aside * wide;
            f.pose.pelvis.z = 0.965;
            f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.2);
        });
        k.to(0.06, |f| f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.1));
    }
    k.stand(0.6);
    k.play()
}

/// The robot: stiff poses with sudden changes.
pub fn robot(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.1);
    for i in 0..cue.cycles(0.75, 0.7, 3) {
        let (up, down, side) = if i % 2 == 0 { (RIGHT, LEFT, 1.0) } else { (LEFT, RIGHT, -1.0) };
        k.to(0.26, |f| {
            f.arm(up, 0.0, 84.0, -84.0, 88.0);
            f.arm(down, 0.0, 84.0, 84.0, 88.0);
            f.tilt(0.0, 0.0, 0.0);
            f.spine(if i % 3 == 2 { 22.0 } else { 0.0 }, 26.0 * side, 0.0);
            f.head(0.0, -34.0 * side, 0.0);
            f.pose.pelvis.z = 0.94;
        });
        k.hold(0.30);
        k.to(0.19, |f| {
            f.arm(up, 0.0, 84.0, -30.0, 88.0);
            f.arm(down, 0.0, 84.0, 30.0, 88.0);
            f.head(0.0, 20.0 * side, 0.0);
        });
    }
    k.stand(0.6);
    k.play()
}
