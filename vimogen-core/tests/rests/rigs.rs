//! One walk on rigs with other rest poses, as BVH.

use std::fmt::Write as _;

use glam::{DMat3, DQuat, DVec3, Quat};
use vimogen_core::body::NEUTRAL;
use vimogen_core::io::bvh::MIXAMO_NAMES;
use vimogen_core::motion::codec::{SmplMotion, encode};
use vimogen_core::motion::skeleton::joint::*;
use vimogen_core::motion::skeleton::{PARENTS, chain_rotations};
use vimogen_core::motion::{Motion, UpAxis};

const FRAMES: usize = 60;

/// A joint's rotation in frame `t`, relative to its parent, y up.
fn local(t: usize, joint: usize) -> DMat3 {
    let phase = t as f64 * 0.35;
    let turn =
        |x: f64, y: f64, z: f64| DMat3::from_rotation_y(y) * DMat3::from_rotation_x(x) * DMat3::from_rotation_z(z);
    let swing = |side: f64| side * phase.sin();
    match joint {
        PELVIS => turn(0.05, 0.08 * phase.sin(), 0.03 * phase.cos()),
        LEFT_HIP | RIGHT_HIP => turn(-0.45 * swing(if joint == LEFT_HIP { 1.0 } else { -1.0 }) - 0.1, 0.0, 0.0),
        LEFT_KNEE | RIGHT_KNEE => turn(0.4 + 0.35 * swing(if joint == LEFT_KNEE { 1.0 } else { -1.0 }), 0.0, 0.0),
        LEFT_ANKLE | RIGHT_ANKLE => turn(0.1 * phase.cos(), 0.0, 0.0),
        SPINE1 | SPINE2 | SPINE3 => turn(0.03, -0.05 * phase.sin(), 0.0),
        NECK => turn(0.05, 0.04 * phase.sin(), 0.0),
        LEFT_SHOULDER => turn(0.0, 0.3 * phase.sin(), -1.2),
        RIGHT_SHOULDER => turn(0.0, 0.3 * phase.sin(), 1.2),
        LEFT_ELBOW => turn(0.0, -0.5 - 0.2 * phase.sin(), 0.0),
        RIGHT_ELBOW => turn(0.0, 0.5 - 0.2 * phase.sin(), 0.0),
        _ => DMat3::IDENTITY,
    }
}

/// World rotations and the pelvis in frame `t`, y up, metres.
fn pose(t: usize) -> ([DMat3; 22], DVec3) {
    let mut turns = std::array::from_fn(|joint| local(t, joint));
    chain_rotations(&PARENTS, &mut turns);
    (turns, DVec3::new(0.02 * (t as f64 * 0.35).sin(), 0.95, 0.06 * t as f64))
}

/// The walk as our own clip.
pub fn walk() -> Motion {
    let mut smpl = SmplMotion::zeros(FRAMES + 1);
    for t in 0..=FRAMES {
        let (mut turns, root) = pose(t.min(FRAMES - 1));
        turns[0] = vimogen_core::motion::axes::SWAP.as_dmat3() * turns[0];
        let turn = |joint: usize| PARENTS[joint].map_or(turns[0], |_| local(t.min(FRAMES - 1), joint));
        let vector = |joint: usize| DQuat::from_mat3(&turn(joint)).to_scaled_axis().as_vec3();
        for c in 0..3 {
            smpl.global_orient[[t, c]] = vector(0)[c];
        }
        for joint in 1..22 {
            for c in 0..3 {
                smpl.body_pose[[t, 3 * (joint - 1) + c]] = vector(joint)[c];
            }
        }
        let root = DVec3::from(vimogen_core::motion::axes::swap_up::<f64>(root)).as_vec3();
        let locals: [Quat; 22] = std::array::from_fn(|joint| DQuat::from_mat3(&turn(joint)).as_quat());
        for (joint, place) in NEUTRAL.fk(root, locals).1.iter().enumerate() {
            for c in 0..3 {
                smpl.joints[[t, joint, c]] = place[c];
            }
        }
    }
    Motion::from_features(encode(&smpl).expect("features"), 20.0).expect("motion")
}

/// The walk on a skeleton whose rest pose is turned, joint by joint, from ours.
pub struct Rig {
    /// Rotation of each joint's axes and bones at rest, from our rest pose.
    rest: [DMat3; 22],
    /// From y up to the axes of the file.
    axes: DMat3,
    metres: f64,
    /// Whether the channels of each joint hold its offset and the hierarchy holds none.
    placed: bool,
    /// Whether the first frame is a T pose.
    begins: bool,
    /// Rotation of the motion, but not of the rest pose.
    moved: DMat3,
    /// Whether the pelvis stays in its place.
    still: bool,
    /// Bend of a joint in the place of the hips that carries the spine, degrees.
    loin: f64,
}

impl Rig {
    pub fn t_pose() -> Self {
        Self {
            rest: [DMat3::IDENTITY; 22],
            axes: DMat3::IDENTITY,
            metres: 0.01,
            placed: false,
            begins: false,
            moved: DMat3::IDENTITY,
            still: false,
            loin: 0.0,
        }
    }

    /// Every bone along its joint's x axis, and some twist.
    pub fn heap() -> Self {
        let bone = |joint: usize| match joint {
            PELVIS => DVec3::Y,
            SPINE3 => NEUTRAL.offsets[NECK].as_dvec3(),
            HEAD => DVec3::Y,
            LEFT_FOOT | RIGHT_FOOT => DVec3::Z,
            LEFT_WRIST => DVec3::X,
            RIGHT_WRIST => DVec3::NEG_X,
            _ => NEUTRAL.offsets[(1..22).rfind(|child| PARENTS[*child] == Some(joint)).expect("child")].as_dvec3(),
        };
        let rest = std::array::from_fn(|joint| {
            let twist = DMat3::from_rotation_x(0.7 * joint as f64);
            twist * DMat3::from_quat(DQuat::from_rotation_arc(bone(joint).normalize_or_zero(), DVec3::X))
        });
        Self { rest, ..Self::t_pose() }
    }

    /// Bends a joint and all below it at rest, degrees about x, y and z.
    pub fn with_bend(mut self, joint: usize, degrees: [f64; 3]) -> Self {
        let [x, y, z] = degrees.map(f64::to_radians);
        let bend = DMat3::from_rotation_z(z) * DMat3::from_rotation_y(y) * DMat3::from_rotation_x(x);
        let mut below = [false; 22];
        for j in 0..22 {
            below[j] = j == joint || PARENTS[j].is_some_and(|parent| below[parent]);
            // Feet stay level.
            if below[j] && !(joint < LEFT_ANKLE && j >= LEFT_ANKLE) {
                self.rest[j] = bend * self.rest[j];
            }
        }
        self
    }

    /// With another axis up, and faced as programs with that axis do.
    pub fn turned(mut self, up: UpAxis) -> Self {
        let (up, front) = match up {
            UpAxis::Y => (DVec3::Y, DVec3::Z),
            UpAxis::Z => (DVec3::Z, DVec3::NEG_Y),
            UpAxis::X => (DVec3::X, DVec3::Y),
            UpAxis::MinusY => (DVec3::NEG_Y, DVec3::NEG_Z),
            UpAxis::MinusZ => (DVec3::NEG_Z, DVec3::Y),
            _ => (DVec3::NEG_X, DVec3::Y),
        };
        self.axes = DMat3::from_cols(up.cross(front), up, front);
        self
    }

    /// With y up, faced along `front`.
    pub fn facing(mut self, front: DVec3) -> Self {
        self.axes = DMat3::from_cols(DVec3::Y.cross(front), DVec3::Y, front);
        self
    }

    /// With six channels for each joint and all offsets zero.
    pub fn placed_by_channels(mut self) -> Self {
        self.placed = true;
        self
    }

    /// With a joint in the place of the hips, as CMU's lower back, that bends ahead.
    pub fn with_lower_back(mut self, degrees: f64) -> Self {
        self.loin = degrees;
        self
    }

    /// With z up in the motion and y up at rest.
    pub fn with_z_up_in_motion(mut self) -> Self {
        self.moved = DMat3::from_cols(DVec3::X, DVec3::Z, DVec3::NEG_Y);
        self
    }

    /// Walking in its place.
    pub fn in_place(mut self) -> Self {
        self.still = true;
        self
    }

    /// With a T pose as its first frame.
    pub fn beginning_with_t(mut self) -> Self {
        self.begins = true;
        self
    }

    /// Offset of a joint from its parent, in the axes and the unit of the file.
    fn offset(&self, joint: usize) -> DVec3 {
        let parent = PARENTS[joint].expect("parent");
        self.axes * self.rest[parent] * NEUTRAL.offsets[joint].as_dvec3() / self.metres
    }

    pub fn in_unit(mut self, metres: f64) -> Self {
        self.metres = metres;
        self
    }

    /// The walk on this rig.
    pub fn to_bvh(&self) -> String {
        let mut poses: Vec<_> = (0..FRAMES).map(pose).collect();
        if self.begins {
            poses[0].0 = [DMat3::from_rotation_y(0.8); 22];
        }
        self.to_bvh_of(&poses)
    }

    /// Any motion on this rig: world rotations and the pelvis, y up, metres.
    pub fn to_bvh_of(&self, poses: &[([DMat3; 22], DVec3)]) -> String {
        let mut text = String::from("HIERARCHY\n");
        self.write_joint(&mut text, PELVIS);
        let _ = write!(text, "MOTION\nFrames: {}\nFrame Time: 0.05\n", poses.len());
        for (turns, root) in poses {
            let turns: [DMat3; 22] =
                std::array::from_fn(|j| self.axes * turns[j] * self.rest[j].transpose() * self.axes.transpose());
            let turns = turns.map(|turn| self.moved * turn);
            let root = if self.still { DVec3::Y } else { self.moved * self.axes * *root / self.metres };
            let _ = write!(text, "{:.8} {:.8} {:.8}", root.x, root.y, root.z);
            for joint in order(PELVIS) {
                let mut local =
                    PARENTS[joint].map_or(DMat3::IDENTITY, |parent| turns[parent].transpose()) * turns[joint];
                if joint == SPINE1 && self.loin != 0.0 {
                    let _ = write!(text, " 0 {:.6} 0", self.loin);
                    local = DMat3::from_rotation_x(-self.loin.to_radians()) * local;
                }
                if self.placed && joint != PELVIS {
                    let place = self.offset(joint);
                    let _ = write!(text, " {:.8} {:.8} {:.8}", place.x, place.y, place.z);
                }
                let (z, x, y) = DQuat::from_mat3(&local).to_euler(glam::EulerRot::ZXY);
                let _ = write!(text, " {:.6} {:.6} {:.6}", z.to_degrees(), x.to_degrees(), y.to_degrees());
            }
            text.push('\n');
        }
        text
    }

    fn write_joint(&self, text: &mut String, joint: usize) {
        let inserted = joint == SPINE1 && self.loin != 0.0;
        if inserted {
            text.push_str("JOINT LowerBack\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n");
        }
        let kind = if joint == PELVIS { "ROOT" } else { "JOINT" };
        let offset = |v: DVec3| format!("OFFSET {:.8} {:.8} {:.8}", v.x, v.y, v.z);
        let fixed = joint != PELVIS && !self.placed;
        let place = offset(if fixed { self.offset(joint) } else { DVec3::ZERO });
        let position = if fixed { "3" } else { "6 Xposition Yposition Zposition" };
        let _ = write!(
            text,
            "{kind} mixamorig:{}\n{{\n{place}\nCHANNELS {position} Zrotation Xrotation Yrotation\n",
            MIXAMO_NAMES[joint]
        );
        let children: Vec<usize> = (1..22).filter(|child| PARENTS[*child] == Some(joint)).collect();
        for child in &children {
            self.write_joint(text, *child);
        }
        if children.is_empty() {
            let end = match joint {
                HEAD => DVec3::Y * 0.18,
                LEFT_WRIST => DVec3::X * 0.16,
                RIGHT_WRIST => DVec3::X * -0.16,
                _ => DVec3::Z * 0.07,
            };
            let _ = writeln!(text, "End Site\n{{\n{}\n}}", offset(self.axes * self.rest[joint] * end / self.metres));
        }
        text.push_str(if inserted { "}\n}\n" } else { "}\n" });
    }
}

/// The joints depth first.
fn order(joint: usize) -> Vec<usize> {
    let below = (1..22).filter(|child| PARENTS[*child] == Some(joint)).flat_map(order);
    std::iter::once(joint).chain(below).collect()
}
