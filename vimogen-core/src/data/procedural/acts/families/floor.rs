//! Movements to, on and from the floor.

use std::f32::consts::PI;

use super::*;
use crate::data::procedural::curve::ease;
use crate::data::procedural::rig::{LEFT, RIGHT};

/// Sitting on the floor behind the feet, knees up.
fn floor_seat(f: &mut Figure) {
    f.pose.pelvis.y = -0.44;
    f.tilt(-12.0, 0.0, 0.0);
    f.spine(26.0, 0.0, 0.0);
    f.head(-4.0, 0.0, 0.0);
    f.both(46.0, 16.0, 20.0, 40.0);
    f.rest();
}

/// From standing to sitting on the floor.
fn down(k: &mut Keys) {
    k.to(0.75, |f| {
        f.pose.pelvis.z = 0.52;
        f.pose.pelvis.y = -0.2;
        f.tilt(30.0, 0.0, 0.0);
        f.spine(30.0, 0.0, 0.0);
        f.head(-15.0, 0.0, 0.0);
        f.both(45.0, 20.0, 10.0, 25.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.3);
    });
    // One hand reaches back for the floor.
    k.to(0.5, |f| {
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.0);
        f.pose.pelvis.z = 0.27;
        f.pose.pelvis.y = -0.38;
        f.tilt(-8.0, 0.0, 0.0);
        f.touch(RIGHT, 0.28, -0.68, 0.05);
    });
    k.to(0.4, |f| {
        let hand = f.world[RIGHT];
        floor_seat(f);
        f.world[RIGHT] = hand;
    });
}

/// Sitting on the floor and staying there.
pub fn sit(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(0.1);
    down(&mut k);
    let far = cue.pick(0, 0.25, 0.62);
    // Then at ease: legs stretched or crossed, hands on knees or behind.
    k.to(0.7, |f| {
        floor_seat(f);
        match (cue.die(1) * 3.0) as usize {
            0 => {
                for (foot, side) in [(LEFT, 1.0), (RIGHT, 1.0)] {
                    let knee = 14.0 + 40.0 * (0.62 - far);
                    f.leg(foot, 80.0 + 0.5 * knee, 6.0 * side, knee, 25.0);
                }
                f.touch(LEFT, -0.3, -0.68, 0.05);
                f.touch(RIGHT, 0.3, -0.68, 0.05);
            }
            1 => {
                // Cross-legged.
                f.leg(LEFT, 100.0, 52.0, 112.0, 15.0);
                f.leg(RIGHT, 106.0, 50.0, 118.0, 15.0);
                f.hands(0.2, 0.3, -0.38);
            }
            _ => {
                f.hand(LEFT, -0.05, 0.42, -0.22);
                f.hand(RIGHT, 0.06, 0.42, -0.2);
            }
        }
        f.rest();
    });
    k.hold(cue.stay(2.5, 0.3));
    k.play()
}

/// Lying on the back, feet ahead.
fn supine(f: &mut Figure) {
    f.pose.pelvis.y = -0.46;
    f.tilt(-90.0, 0.0, 0.0);
    f.spine(2.0, 0.0, 0.0);
    f.head(6.0, 0.0, 0.0);
    f.both(4.0, 22.0, 0.0, 14.0);
    f.leg(LEFT, 3.0, 5.0, 6.0, 30.0);
    f.leg(RIGHT, 4.0, 6.0, 8.0, 32.0);
    f.rest();
}

fn lying_down(cue: &Cue<'_>) -> Keys {
    let mut k = cue.keys();
    k.hold(0.1);
    down(&mut k);
    k.to(0.7, |f| {
        f.tilt(-58.0, 0.0, 0.0);
        f.spine(28.0, 0.0, 0.0);
        f.head(22.0, 0.0, 0.0);
        f.touch(RIGHT, 0.32, -0.80, 0.05);
        f.touch(LEFT, -0.32, -0.80, 0.05);
        f.rest();
    });
    k.to(0.75, |f| {
        let legs = f.pose.legs;
        supine(f);
        f.pose.legs = legs;
        f.rest();
    });
    let knees_up = cue.die(0) < 0.3;
    k.to(0.7, |f| {
        if knees_up {
            return;
        }
        supine(f);
    });
    k
}

/// Lying down on the back and staying there.
pub fn lie(cue: &Cue<'_>) -> Take {
    let mut k = lying_down(cue);
    k.hold(cue.stay(3.95, 0.3));
    k.play()
}

fn rising(cue: &Cue<'_>, from: Figure) -> Keys {
    let mut k = Keys::from(from, cue.manner.tempo);
    let home = Figure::default().pose.legs;
    k.hold(0.25);
    // Knees up, hands behind, sit.
    k.to(0.6, |f| {
        f.pose.legs = home;
        f.head(30.0, 0.0, 0.0);
        f.spine(18.0, 0.0, 0.0);
        f.touch(RIGHT, 0.32, -0.80, 0.05);
        f.touch(LEFT, -0.32, -0.80, 0.05);
        f.rest();
    });
    k.to(0.65, |f| {
        let hands = f.world;
        floor_seat(f);
        f.world = hands;
    });
    k.to(0.55, |f| {
        f.pose.pelvis.z = 0.36;
        f.pose.pelvis.y = -0.28;
        f.tilt(22.0, 0.0, 0.0);
        f.spine(36.0, 0.0, 0.0);
        f.head(-12.0, 0.0, 0.0);
        f.both(50.0, 18.0, 10.0, 20.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.35);
    });
    k.to(0.75, |f| *f = Figure::default());
    k
}

/// Getting up from lying on the back.
pub fn get_up(cue: &Cue<'_>) -> Take {
    let mut lying = Figure::default();
    supine(&mut lying);
    rising(cue, lying).hold(0.3).play()
}

/// Lying down and getting up again.
pub fn lie_and_get_up(cue: &Cue<'_>) -> Take {
    let mut k = lying_down(cue);
    k.hold(cue.pick(1, 0.2, 0.6));
    let up = rising(cue, k.last());
    k.append(&up);
    k.play()
}

/// On hands and knees, the knees at `y`.
fn all_fours(f: &mut Figure, y: f32) {
    f.pose.pelvis.y = y;
    f.pose.pelvis.z = 0.475;
    f.tilt(76.0, 0.0, 0.0);
    f.spine(6.0, 0.0, 0.0);
    f.head(-34.0, 0.0, 0.0);
    f.leg(LEFT, 80.0, 4.0, 92.0, 48.0);
    f.leg(RIGHT, 80.0, 4.0, 92.0, 48.0);
    f.touch(LEFT, -0.19, y + 0.45, 0.045);
    f.touch(RIGHT, 0.19, y + 0.45, 0.045);
}

/// Crawling on hands and knees.
pub fn crawl(cue: &Cue<'_>) -> Take {
    let tempo = cue.manner.tempo;
    let falls_to = if cue.die(0) < 0.5 && cue.room > 3.6 { 1.5 / tempo } else { 0.0 };
    let mut k = cue.keys();
    k.to(0.7, |f| {
        f.pose.pelvis.z = 0.6;
        f.tilt(40.0, 0.0, 0.0);
        f.spine(40.0, 0.0, 0.0);
        f.head(-20.0, 0.0, 0.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.6);
        f.touch(LEFT, -0.2, 0.50, 0.12);
        f.touch(RIGHT, 0.2, 0.50, 0.12);
    });
    k.to(0.8, |f| all_fours(f, 0.2));
    let (intro, stride, period) = (k.play(), 0.34 * cue.manner.stride, 1.05 / tempo);
    let room = cue.room.max(falls_to + 1.8);
    let at = move |t: f32| {
        if t < falls_to {
            return (intro.at)(t);
        }
        let t = t - falls_to;
        let u = t / period;
        let mut f = Figure::default();
        let speed = ease(t / (0.6 * period));
        // How far the body has come, in strides; speed rises at first.
        let way = 0.2 + stride * (u - 0.3 * (1.0 - (-u / 0.3).exp())).max(0.0);
        all_fours(&mut f, way);
        for (limb, offset, side) in [(LEFT, 0.0, -1.0), (RIGHT, 0.5, 1.0)] {
            // A hand and the opposite knee move together; each rests on the floor most of the time.
            let beat = |shift: f32| {
                let v = (u + offset + shift).rem_euclid(1.0);
                let swing = 0.38;
                if v < swing {
                    (-0.5 + ease(v / swing), (PI * v / swing).sin())
                } else {
                    (0.5 - (v - swing) / (1.0 - swing), 0.0)
                }
            };
            let (hand, lift) = beat(0.0);
            f.touch(limb, side * 0.19, way + 0.45 + speed * 0.9 * stride * hand, 0.045 + speed * 0.07 * lift);
            let (knee, _) = beat(0.5);
            let thigh = 80.0 + speed * (0.9 * stride * knee / 0.42).atan().to_degrees();
            f.leg(limb, thigh, 4.0, 92.0 + (thigh - 80.0), 48.0);
        }
        let sway = speed * (2.0 * PI * u).sin();
        f.pose.tilt.y += 0.06 * sway;
        f.pose.spine.y -= 0.10 * sway;
        f.pose.spine.z += 0.06 * sway;
        f.pose.head.y += 0.08 * sway;
        f
    };
    Take { length: room, at: Box::new(move |t| at(t.clamp(0.0, room))) }
}

/// Lying on the belly, feet at the origin.
fn prone(f: &mut Figure) {
    f.pose.pelvis.y = 0.86;
    f.tilt(90.0, 0.0, 0.0);
    f.spine(0.0, 0.0, 0.0);
    f.head(-6.0, 50.0, 0.0);
    f.leg(LEFT, 0.0, 4.0, 5.0, 55.0);
    f.leg(RIGHT, 2.0, 7.0, 9.0, 55.0);
    f.touch(LEFT, -0.36, 1.38, 0.05);
    f.touch(RIGHT, 0.36, 1.32, 0.05);
    f.rest();
}

/// Lying down on the belly.
pub fn lie_face_down(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.8, |f| {
        f.pose.pelvis.z = 0.6;
        f.tilt(40.0, 0.0, 0.0);
        f.spine(40.0, 0.0, 0.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.6);
        f.touch(LEFT, -0.22, 0.55, 0.1);
        f.touch(RIGHT, 0.22, 0.55, 0.1);
    });
    k.to(0.8, |f| {
        all_fours(f, 0.25);
        f.touch(LEFT, -0.22, 0.8, 0.045);
        f.touch(RIGHT, 0.22, 0.8, 0.045);
    });
    k.to(0.7, |f| {
        f.pose.pelvis.y = 0.55;
        f.pose.pelvis.z = 0.25;
        f.tilt(80.0, 0.0, 0.0);
        f.leg(LEFT, 45.0, 6.0, 60.0, 50.0);
        f.leg(RIGHT, 30.0, 6.0, 45.0, 50.0);
        f.touch(LEFT, -0.26, 1.05, 0.045);
        f.touch(RIGHT, 0.26, 1.05, 0.045);
    });
    k.to(0.7, |f| {
        prone(f);
    });
    k.hold(cue.stay(3.0, 0.4));
    k.play()
}

/// Falling forward onto hands and belly.
pub fn fall_forward(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(cue.pick(0, 0.2, 0.6));
    // A stumble, then over the toes.
    k.to(0.28, |f| {
        f.pose.pelvis.y = 0.1;
        f.pose.pelvis.z -= 0.05;
        f.tilt(12.0, 0.0, cue.pick(1, -5.0, 5.0));
        f.spine(14.0, 0.0, 0.0);
        f.both(40.0, 30.0, 0.0, 50.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.4);
    });
    k.to(0.30, |f| {
        f.pose.pelvis.y = 0.50;
        f.pose.pelvis.z = 0.62;
        f.tilt(58.0, 0.0, cue.pick(1, -8.0, 8.0));
        f.spine(10.0, 0.0, 0.0);
        f.head(-40.0, 0.0, 0.0);
        f.both(92.0, 22.0, 0.0, 24.0);
        f.pose.legs.iter_mut().for_each(|l| l.pitch = 0.95);
    });
    k.to(0.18, |f| {
        f.pose.pelvis.y = 0.72;
        f.pose.pelvis.z = 0.34;
        f.tilt(80.0, 0.0, 0.0);
        f.touch(LEFT, -0.28, 1.30, 0.045);
        f.touch(RIGHT, 0.28, 1.26, 0.045);
        f.leg(LEFT, 4.0, 4.0, 22.0, 45.0);
        f.leg(RIGHT, 14.0, 6.0, 34.0, 45.0);
    });
    k.to(0.22, |f| {
        prone(f);
        f.head(-18.0, 10.0, 0.0);
        f.leg(LEFT, -4.0, 5.0, 34.0, 45.0);
    });
    k.to(0.4, prone);
    k.hold(cue.stay(1.9, 0.5));
    k.play()
}

/// Falling backward onto seat and back.
pub fn fall_backward(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.hold(cue.pick(0, 0.2, 0.6));
    k.to(0.3, |f| {
        f.pose.pelvis.y = -0.12;
        f.pose.pelvis.z -= 0.06;
        f.tilt(-12.0, 0.0, cue.pick(1, -5.0, 5.0));
        f.spine(12.0, 0.0, 0.0);
        f.both(58.0, 40.0, 0.0, 30.0);
    });
    k.to(0.36, |f| {
        f.pose.pelvis.y = -0.52;
        f.pose.pelvis.z = 0.40;
        f.tilt(-32.0, 0.0, 0.0);
        f.spine(32.0, 0.0, 0.0);
        f.head(22.0, 0.0, 0.0);
        f.both(30.0, 60.0, 0.0, 25.0);
    });
    k.to(0.18, |f| {
        f.pose.pelvis.y = -0.62;
        f.tilt(-48.0, 0.0, 0.0);
        f.spine(34.0, 0.0, 0.0);
        f.both(-20.0, 46.0, 0.0, 30.0);
        f.leg(LEFT, 70.0, 6.0, 50.0, 10.0);
        f.leg(RIGHT, 58.0, 8.0, 40.0, 10.0);
        f.rest();
    });
    k.to(0.24, |f| {
        f.tilt(-86.0, 0.0, 0.0);
        f.spine(6.0, 0.0, 0.0);
        f.head(26.0, 0.0, 0.0);
        f.both(8.0, 62.0, 0.0, 24.0);
        f.leg(LEFT, 48.0, 6.0, 46.0, 10.0);
        f.leg(RIGHT, 34.0, 8.0, 30.0, 10.0);
        f.rest();
    });
    k.to(0.5, |f| {
        let y = f.pose.pelvis.y;
        supine(f);
        f.pose.pelvis.y = y;
        f.both(6.0, 48.0, 0.0, 18.0);
        f.leg(LEFT, 16.0, 5.0, 34.0, 30.0);
        f.rest();
    });
    k.hold(cue.stay(2.1, 0.5));
    k.play()
}
