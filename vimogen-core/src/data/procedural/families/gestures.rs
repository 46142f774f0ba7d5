//! Movements of arms and chest above a standing body.

use super::{Performance, Setting};
use crate::data::procedural::curve::pulse;
use crate::data::procedural::rig::{Arm, LEFT, Pose, RIGHT};
use crate::data::procedural::spec::{Family, Part, Side};

/// The arms a part uses; parts without a side use both.
fn arms_of(part: &Part) -> &'static [usize] {
    match part.side {
        None | Some(Side::Both) => &[LEFT, RIGHT],
        _ => &[RIGHT],
    }
}

/// Taking an arm pose and keeping it.
pub fn held(part: &Part, s: &Setting) -> Performance {
    let (hold, arms, amp) = (s.hold(0.9), arms_of(part), s.amp);
    let target = match part.family {
        Family::RaiseArms => Arm::deg(160.0 + 60.0 * (amp - 1.0), 8.0, 0.0, 12.0),
        Family::ArmsOut => Arm::deg(0.0, 86.0 + 40.0 * (amp - 1.0), 0.0, 8.0),
        Family::HandsOnHips => Arm::deg(-22.0, 42.0, 62.0, 92.0),
        _ => Arm::deg(86.0 + 40.0 * (amp - 1.0), 2.0, 0.0, 6.0),
    };
    Box::new(move |t| {
        let mut pose = Pose::default();
        let w = hold(t);
        for &arm in arms {
            pose.arms[arm] = pose.arms[arm].toward(target, w);
        }
        pose
    })
}

/// Drinking from something in the right hand.
pub fn drink(s: &Setting) -> Performance {
    let clock = s.clock(3.0, s.tempo);
    Box::new(move |t| {
        let u = clock(t);
        let (w, sip) = (pulse(u, [0.0, 0.9, 2.1, 3.0]), pulse(u, [0.8, 1.3, 1.7, 2.2]));
        let mut pose = Pose::default();
        pose.arms[RIGHT] = pose.arms[RIGHT].toward(Arm::deg(60.0 + 8.0 * sip, 8.0, 42.0, 124.0), w);
        pose.head.x -= 0.35 * sip;
        pose.spine.x -= 0.08 * sip;
        pose
    })
}

/// Leaning to the right with the left arm overhead.
pub fn side_stretch(s: &Setting) -> Performance {
    let (clock, amp) = (s.clock(2.9, s.tempo), s.amp);
    Box::new(move |t| {
        let u = clock(t);
        let (arm, lean) = (pulse(u, [0.0, 0.9, 2.0, 2.9]), pulse(u, [0.35, 1.25, 1.65, 2.55]));
        let mut pose = Pose::default();
        pose.arms[LEFT] = pose.arms[LEFT].toward(Arm::deg(0.0, 158.0, 0.0, 22.0), arm);
        pose.spine.z += 0.58 * amp * lean;
        pose.tilt.z += 0.10 * amp * lean;
        pose.head.z += 0.12 * lean;
        pose.pelvis.x -= 0.06 * lean;
        pose
    })
}
