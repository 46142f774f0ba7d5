//! Acrobatics.

use super::*;
use crate::data::procedural::rig::{LEFT, RIGHT};
use glam::Vec2;

/// A cartwheel to the right.
pub fn cartwheel(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    // Arms up, weight to the left; a long step to the right.
    k.to(0.5, |f| {
        f.both(0.0, 150.0, 0.0, 6.0);
        f.pose.pelvis.x = -0.04;
    });
    k.step(0.4, RIGHT, 0.10, |f| {
        f.pose.legs[RIGHT].toe.x += 0.52;
        f.pose.legs[RIGHT].yaw -= 0.7;
        f.pose.pelvis.x = 0.34;
        f.pose.pelvis.z = 0.80;
        f.tilt(0.0, 0.0, 24.0);
        f.spine(0.0, 0.0, 12.0);
        f.touch(RIGHT, 1.0, 0.02, 0.9);
    });
    // The first hand goes down, the left leg swings up.
    k.to(0.33, |f| {
        f.pose.pelvis.x = 0.62;
        f.pose.pelvis.z = 0.80;
        f.tilt(0.0, 0.0, 84.0);
        f.spine(0.0, 0.0, 16.0);
        f.touch(RIGHT, 1.12, 0.02, 0.05);
        f.touch(LEFT, 1.36, 0.02, 0.70);
        f.leg(LEFT, 0.0, 62.0, 4.0, 40.0);
    });
    // Upside down on both hands, legs apart.
    k.to(0.33, |f| {
        f.pose.pelvis.x = 1.26;
        f.pose.pelvis.z = 0.97;
        f.tilt(0.0, 0.0, 180.0);
        f.spine(0.0, 0.0, 0.0);
        f.touch(RIGHT, 1.12, 0.02, 0.05);
        f.touch(LEFT, 1.46, 0.02, 0.05);
        f.leg(LEFT, 0.0, 52.0, 4.0, 40.0);
        f.leg(RIGHT, 0.0, 52.0, 4.0, 40.0);
    });
    // The left foot comes down, the right hand has left the floor.
    k.to(0.33, |f| {
        f.pose.pelvis.x = 1.90;
        f.pose.pelvis.z = 0.80;
        f.tilt(0.0, 0.0, 276.0);
        f.spine(0.0, 0.0, -16.0);
        f.touch(LEFT, 1.46, 0.02, 0.05);
        f.touch(RIGHT, 1.22, 0.02, 0.74);
        let landed = Figure::default().moved(Vec2::new(2.22, 0.0), 0.0).pose.legs[LEFT];
        f.pose.legs[LEFT] = landed;
        f.leg(RIGHT, 0.0, 62.0, 4.0, 40.0);
    });
    k.to(0.32, |f| {
        f.pose.pelvis.x = 2.18;
        f.pose.pelvis.z = 0.86;
        f.tilt(0.0, 0.0, 334.0);
        f.spine(0.0, 0.0, -10.0);
        f.both(0.0, 150.0, 0.0, 6.0);
        f.leg(RIGHT, 0.0, 40.0, 8.0, 30.0);
    });
    k.to(0.34, |f| {
        f.pose.pelvis.x = 2.40;
        f.pose.pelvis.z = 0.93;
        f.tilt(0.0, 0.0, 360.0);
        f.spine(3.0, 0.0, 0.0);
        f.both(0.0, 125.0, 0.0, 10.0);
        let mut right = Figure::default().moved(Vec2::new(2.52, 0.0), 0.0).pose.legs[RIGHT];
        right.swing = f.pose.legs[RIGHT].swing;
        f.pose.legs[RIGHT] = right;
    });
    k.hold(0.15);
    k.step(0.5, RIGHT, 0.04, |f| {
        let mut there = Figure::default().moved(Vec2::new(2.22, 0.0), 0.0);
        there.pose.tilt.z = 360.0f32.to_radians();
        *f = there;
    });
    k.play()
}

/// A forward roll over the shoulders, from a crouch to standing.
pub fn roll(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    let tuck = |f: &mut Figure| {
        f.leg(LEFT, 118.0, 8.0, 128.0, 20.0);
        f.leg(RIGHT, 118.0, 8.0, 128.0, 20.0);
        f.spine(78.0, 0.0, 0.0);
        f.head(46.0, 0.0, 0.0);
    };
    k.to(0.6, |f| {
        f.pose.pelvis.z = 0.44;
        f.pose.pelvis.y = -0.06;
        f.tilt(40.0, 0.0, 0.0);
        f.spine(50.0, 0.0, 0.0);
        f.head(0.0, 0.0, 0.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.7);
        f.touch(LEFT, -0.22, 0.44, 0.05);
        f.touch(RIGHT, 0.22, 0.44, 0.05);
    });
    // The seat goes over the hands.
    k.to(0.35, |f| {
        f.pose.pelvis.z = 0.66;
        f.pose.pelvis.y = 0.26;
        f.tilt(96.0, 0.0, 0.0);
        f.spine(76.0, 0.0, 0.0);
        f.head(46.0, 0.0, 0.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 1.2);
    });
    k.to(0.22, |f| {
        f.pose.pelvis.y = 0.60;
        f.tilt(178.0, 0.0, 0.0);
        tuck(f);
        f.touch(LEFT, -0.26, 0.44, 0.06);
        f.touch(RIGHT, 0.26, 0.44, 0.06);
        f.rest();
    });
    k.to(0.22, |f| {
        f.pose.pelvis.y = 0.98;
        f.tilt(262.0, 0.0, 0.0);
        tuck(f);
        f.both(88.0, 14.0, 20.0, 60.0);
        f.rest();
    });
    k.to(0.2, |f| {
        f.pose.pelvis.y = 1.12;
        f.tilt(318.0, 0.0, 0.0);
        tuck(f);
        f.spine(60.0, 0.0, 0.0);
        f.head(10.0, 0.0, 0.0);
        f.rest();
    });
    let there = Figure::default().moved(Vec2::new(0.0, 1.36), 0.0);
    k.to(0.25, |f| {
        f.pose.legs = there.pose.legs;
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.5);
        f.pose.pelvis.y = 1.28;
        f.pose.pelvis.z = 0.36;
        f.tilt(380.0, 0.0, 0.0);
        f.spine(44.0, 0.0, 0.0);
        f.head(-14.0, 0.0, 0.0);
        f.both(75.0, 14.0, 10.0, 30.0);
    });
    k.to(0.65, |f| {
        *f = there;
        f.pose.tilt.x = 360.0f32.to_radians();
    });
    k.play()
}

/// A backflip: dip, jump, tuck, once around backward, landing on both feet.
pub fn backflip(cue: &Cue<'_>) -> Take {
    let high = cue.pick(0, 0.44, 0.54);
    let mut k = cue.keys();
    k.to(0.4, |f| f.both(120.0, 12.0, 0.0, 20.0));
    k.to(0.42, |f| {
        f.pose.pelvis.z = 0.68;
        f.pose.pelvis.y = -0.10;
        f.tilt(26.0, 0.0, 0.0);
        f.spine(26.0, 0.0, 0.0);
        f.head(-14.0, 0.0, 0.0);
        f.both(-38.0, 14.0, 10.0, 12.0);
    });
    // Take-off on the toes, arms up, a little back.
    k.to(0.24, |f| {
        f.pose.pelvis.z = 1.0;
        f.pose.pelvis.y = -0.10;
        f.tilt(-14.0, 0.0, 0.0);
        f.spine(-6.0, 0.0, 0.0);
        f.head(-16.0, 0.0, 0.0);
        f.both(160.0, 10.0, 0.0, 10.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.75);
    });
    let flight = (8.0 * high / 9.81f32).sqrt();
    let legs = k.last().pose.legs;
    let far = 0.34;
    // Height and rotation follow the flight; the legs are free in it.
    for i in 1..=6 {
        let u = i as f32 / 6.0;
        k.to(flight / 6.0 * cue.manner.tempo, |f| {
            f.pose.pelvis.z = 1.0 + 4.0 * high * u * (1.0 - u) - 0.16 * u;
            f.pose.pelvis.y = -0.10 - far * u;
            f.tilt(-14.0 - 330.0 * (u + 0.07 * (2.0 * std::f32::consts::PI * (u - 0.5)).sin()), 0.0, 0.0);
            let tuck = (std::f32::consts::PI * u).sin().max(0.0).powf(0.7);
            f.leg(LEFT, 12.0 + 104.0 * tuck, 6.0, 20.0 + 100.0 * tuck, 30.0);
            f.leg(RIGHT, 12.0 + 104.0 * tuck, 6.0, 20.0 + 100.0 * tuck, 30.0);
            f.spine(30.0 * tuck, 0.0, 0.0);
            f.head(10.0 * tuck - 10.0, 0.0, 0.0);
            f.both(150.0 - 95.0 * tuck, 12.0, 0.0, 10.0 + 40.0 * tuck);
            for (leg, from) in f.pose.legs.iter_mut().zip(legs) {
                leg.toe = from.toe;
                leg.toe.y -= far + 0.16;
                leg.pitch = 0.2;
            }
        });
    }
    let there = Figure::default().moved(Vec2::new(0.0, -far - 0.16), 0.0);
    k.to(0.07, |f| {
        f.pose.legs = there.pose.legs;
        f.pose.pelvis.z = 0.80;
        f.tilt(-346.0, 0.0, 0.0);
    });
    k.to(0.2, |f| {
        f.pose.pelvis.z = 0.68;
        f.pose.pelvis.y = -far - 0.24;
        f.tilt(-330.0, 0.0, 0.0);
        f.spine(24.0, 0.0, 0.0);
        f.head(-12.0, 0.0, 0.0);
        f.both(64.0, 16.0, 0.0, 30.0);
    });
    k.hold(0.1);
    k.to(0.6, |f| {
        *f = there;
        f.pose.tilt.x = -360.0f32.to_radians();
    });
    k.play()
}
