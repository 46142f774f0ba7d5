//! BVH files, read back by an independent parser and posed by forward kinematics.
//!
//! The real clip of golden `motion_rep` and a made-up body in made-up poses.

use glam::{DMat3, DVec3, Mat3, Vec3};
use ndarray::{Array2, Array3, Ix2, Ix3};
use vimogen_core::io::bvh::{self, BvhOptions};
use vimogen_core::motion::LengthUnit;
use vimogen_core::motion::codec::SmplMotion;
use vimogen_core::motion::rotation::matrix_from_axis_angle;
use vimogen_core::motion::skeleton::{JOINT_NAMES, PARENTS};

use crate::common::Golden;

/// How far, in metres, the file's joints may be from the motion's.
const MILLIMETRE: f64 = 1e-3;

/// A node of the hierarchy.
struct Node {
    name: String,
    parent: Option<usize>,
    offset: DVec3,
    channels: Vec<String>,
}

/// A parsed file.
struct Bvh {
    nodes: Vec<Node>,
    frames: Vec<Vec<f64>>,
    frame_time: f64,
}

impl Bvh {
    fn parse(text: &str) -> Self {
        let (hierarchy, motion) = text.split_once("MOTION").expect("MOTION");
        let mut words = hierarchy.split_whitespace();
        assert_eq!(words.next(), Some("HIERARCHY"));
        let (mut nodes, mut stack): (Vec<Node>, Vec<usize>) = (Vec::new(), Vec::new());
        while let Some(word) = words.next() {
            match word {
                "ROOT" | "JOINT" | "End" => {
                    let name = words.next().expect("name").to_string();
                    nodes.push(Node { name, parent: stack.last().copied(), offset: DVec3::NAN, channels: Vec::new() });
                }
                "{" => stack.push(nodes.len() - 1),
                "}" => drop(stack.pop().expect("balanced braces")),
                "OFFSET" => {
                    let mut number = || words.next().expect("number").parse::<f64>().expect("number");
                    nodes[*stack.last().expect("open node")].offset = DVec3::new(number(), number(), number());
                }
                "CHANNELS" => {
                    let count: usize = words.next().expect("count").parse().expect("count");
                    nodes[*stack.last().expect("open node")].channels =
                        (0..count).map(|_| words.next().expect("channel").to_string()).collect();
                }
                other => panic!("unexpected {other}"),
            }
        }
        assert!(stack.is_empty(), "balanced braces");
        let mut lines = motion.trim().lines();
        let count: usize = lines.next().expect("frames").strip_prefix("Frames: ").expect("frames").parse().expect("n");
        let frame_time = lines.next().expect("time").strip_prefix("Frame Time: ").expect("time").parse().expect("s");
        let numbers = |line: &str| line.split(' ').map(|w| w.parse().expect("number")).collect();
        let frames: Vec<Vec<f64>> = lines.map(numbers).collect();
        assert_eq!(frames.len(), count);
        Self { nodes, frames, frame_time }
    }

    /// World positions of all nodes of frame `t`, as in the file.
    fn pose(&self, t: usize) -> Vec<DVec3> {
        let mut numbers = self.frames[t].iter();
        let mut world: Vec<(DMat3, DVec3)> = Vec::new();
        for node in &self.nodes {
            let (mut rotation, mut position) = (DMat3::IDENTITY, node.offset);
            for channel in &node.channels {
                let value = numbers.next().expect("a number for each channel");
                let angle = value.to_radians();
                match channel.as_str() {
                    "Xposition" => position.x += value,
                    "Yposition" => position.y += value,
                    "Zposition" => position.z += value,
                    "Xrotation" => rotation *= DMat3::from_rotation_x(angle),
                    "Yrotation" => rotation *= DMat3::from_rotation_y(angle),
                    "Zrotation" => rotation *= DMat3::from_rotation_z(angle),
                    other => panic!("unexpected channel {other}"),
                }
            }
            world.push(match node.parent.map(|p| world[p]) {
                None => (rotation, position),
                Some((turn, origin)) => (turn * rotation, origin + turn * position),
            });
        }
        assert!(numbers.next().is_none(), "no number without a channel");
        world.into_iter().map(|(_, p)| p).collect()
    }

    fn node(&self, name: &str) -> usize {
        self.nodes.iter().position(|n| n.name == name).unwrap_or_else(|| panic!("no node {name}"))
    }

    /// Maximum distance, in metres, between this file's joints and `joints` (z up).
    fn farthest(&self, joints: &Array3<f32>, units_per_metre: f64) -> f64 {
        let mut worst = 0.0f64;
        for t in 0..joints.shape()[0] {
            let pose = self.pose(t);
            for (j, name) in JOINT_NAMES.iter().enumerate() {
                let p = pose[self.node(name)] / units_per_metre;
                let want = DVec3::from_array(std::array::from_fn(|c| f64::from(joints[[t, j, c]])));
                worst = worst.max((DVec3::new(-p.x, p.z, p.y) - want).length());
            }
        }
        worst
    }
}

/// Joints of `motion` by forward kinematics in the z-up world, from its pelvis and rotations.
fn forward_kinematics(motion: &SmplMotion, offsets: &[[f32; 3]; 22]) -> Array3<f32> {
    let mut joints = motion.joints.clone();
    let vec = |row: ndarray::ArrayView1<'_, f32>, i: usize| Vec3::new(row[i], row[i + 1], row[i + 2]);
    for t in 0..motion.len() {
        let mut world = [(Mat3::IDENTITY, Vec3::ZERO); 22];
        world[0] = (
            matrix_from_axis_angle(vec(motion.global_orient.row(t), 0)),
            Vec3::from_array(std::array::from_fn(|c| motion.joints[[t, 0, c]])),
        );
        for j in 1..22 {
            let (turn, origin) = world[PARENTS[j].expect("a parent")];
            let local = matrix_from_axis_angle(vec(motion.body_pose.row(t), 3 * (j - 1)));
            world[j] = (turn * local, origin + turn * Vec3::from_array(offsets[j]));
        }
        for (j, (_, p)) in world.iter().enumerate() {
            (0..3).for_each(|c| joints[[t, j, c]] = p.to_array()[c]);
        }
    }
    joints
}

/// A body of made-up proportions in poses that turn every joint, also past half a turn.
fn made_up() -> (SmplMotion, [[f32; 3]; 22]) {
    let wave = |t: usize, i: usize| (0.37 * i as f32 + 0.21 * t as f32 * (1.0 + 0.1 * (i % 7) as f32)).sin();
    let frames = 40;
    let offsets = std::array::from_fn(|j| std::array::from_fn(|c| 0.3 * wave(j, 3 * j + c)));
    let mut motion = SmplMotion {
        global_orient: Array2::from_shape_fn((frames, 3), |(t, c)| 3.0 * wave(t, 100 + c)),
        body_pose: Array2::from_shape_fn((frames, 63), |(t, c)| 1.7 * wave(t, c)),
        transl: Array2::zeros((frames, 3)),
        joints: Array3::from_shape_fn((frames, 22, 3), |(t, _, c)| wave(t, c)),
    };
    motion.joints = forward_kinematics(&motion, &offsets);
    (motion, offsets)
}

#[test]
fn a_bvh_file_poses_the_skeleton_as_forward_kinematics_of_the_rotations_does() {
    let (motion, offsets) = made_up();
    for (unit, per_metre) in [(LengthUnit::Centimetres, 100.0), (LengthUnit::Metres, 1.0)] {
        for rest in [None, Some(offsets)] {
            let text = bvh::to_string(&motion, 20.0, &BvhOptions { unit, rest, ..BvhOptions::default() }).expect("bvh");
            let far = Bvh::parse(&text).farthest(&motion.joints, per_metre);
            assert!(far < MILLIMETRE, "{far} m, {unit:?}, {rest:?}");
        }
    }
}

#[test]
fn the_real_clip_keeps_its_joints() {
    let golden = Golden::open("motion_rep");
    let case = "clip.decode_plain";
    let array2 = |name: &str| golden.output(case, name).into_dimensionality::<Ix2>().expect("two axes");
    let motion = SmplMotion {
        global_orient: array2("global_orient"),
        body_pose: array2("body_pose"),
        transl: array2("transl"),
        joints: golden.output(case, "joints").into_dimensionality::<Ix3>().expect("three axes"),
    };
    let file = Bvh::parse(&bvh::to_string(&motion, 20.0, &BvhOptions::default()).expect("bvh"));
    let far = file.farthest(&motion.joints, 100.0);
    assert!(far < MILLIMETRE, "{far} m");
    assert!((file.frame_time - 0.05).abs() < 1e-8);
    let rest = |name: &str| file.nodes[file.node(name)].offset;
    assert!(rest("left_knee").y < -25.0 && rest("neck").y > 5.0, "the rest pose stands upright");
    assert!(rest("left_hip").x > 2.0 && rest("left_foot").z > 3.0, "faces +z with its left at +x");
    assert_eq!(file.nodes.iter().filter(|n| n.name == "Site").count(), 5, "two feet, two hands, the head");
}
