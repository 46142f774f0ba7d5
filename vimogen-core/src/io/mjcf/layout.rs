//! Layouts of tables of joint values.

use std::io::{self, Write};

use glam::DQuat;
use ndarray::ArrayView1;

use crate::declare::named_enum;

named_enum! {
    /// Layout of a robot's `.csv`.
    pub enum RobotLayout("layout", default MuJoCo) {
        /// MuJoCo's `qpos`, which Kimodo writes too: no header, metres, radians, root quaternion w, x, y, z.
        MuJoCo = "mujoco" | "kimodo",
        /// The retargeted LAFAN1 set, read by whole_body_tracking and unitree_rl_lab: no header, metres, radians, root quaternion
        /// x, y, z, w. Its readers take 30 frames per second unless another rate is given.
        Lafan1 = "lafan1",
        /// BONES-SEED, the default of ProtoMotions' converter: a header, the number of the frame, centimetres, degrees, root
        /// rotation as angles about the fixed axes x, y, z.
        BonesSeed = "bones-seed" | "protomotions",
    }
}

impl RobotLayout {
    /// Frames per second that readers of the layout assume; `None` where they ask for it.
    pub fn usual_fps(self) -> Option<f32> {
        match self {
            Self::MuJoCo => None,
            Self::Lafan1 | Self::BonesSeed => Some(30.0),
        }
    }

    /// Unit of length and of angles, and how the root is turned.
    pub(super) fn conventions(self) -> [&'static str; 3] {
        match self {
            Self::MuJoCo => ["m", "rad", "quaternion w, x, y, z"],
            Self::Lafan1 => ["m", "rad", "quaternion x, y, z, w"],
            Self::BonesSeed => ["cm", "deg", "angles about the fixed axes x, y, z"],
        }
    }

    /// Names of the columns of a root and joints of these names.
    pub(super) fn columns(self, joints: &[String]) -> Vec<String> {
        let root: &[&str] = match self {
            Self::MuJoCo => &["root_x", "root_y", "root_z", "root_qw", "root_qx", "root_qy", "root_qz"],
            Self::Lafan1 => &["root_x", "root_y", "root_z", "root_qx", "root_qy", "root_qz", "root_qw"],
            Self::BonesSeed => &[
                "Frame",
                "root_translateX",
                "root_translateY",
                "root_translateZ",
                "root_rotateX",
                "root_rotateY",
                "root_rotateZ",
            ],
        };
        let ending = if self == Self::BonesSeed { "_dof" } else { "" };
        let names = joints.iter().map(|name| format!("{name}{ending}"));
        root.iter().map(|name| (*name).to_string()).chain(names).collect()
    }

    /// Writes the header, if there is one.
    pub(super) fn head(self, w: &mut impl Write, joints: &[String]) -> io::Result<()> {
        if self == Self::BonesSeed { writeln!(w, "{}", self.columns(joints).join(",")) } else { Ok(()) }
    }

    /// Writes a frame: root place and quaternion (w, x, y, z), then joint values.
    pub(super) fn row(self, w: &mut impl Write, frame: usize, qpos: ArrayView1<'_, f64>) -> io::Result<()> {
        let mut values = qpos.to_vec();
        match self {
            Self::MuJoCo => (),
            Self::Lafan1 => values[3..7].rotate_left(1),
            Self::BonesSeed => {
                let angles = fixed_angles(DQuat::from_xyzw(values[4], values[5], values[6], values[3]));
                let place = values[..3].iter().map(|x| 100.0 * x);
                let joints = values[7..].iter().map(|x| x.to_degrees());
                write!(w, "{frame},")?;
                values = place.chain(angles.map(f64::to_degrees)).chain(joints).collect();
            }
        }
        let mut first = true;
        for value in values {
            write!(w, "{}{value:.8}", if first { "" } else { "," })?;
            first = false;
        }
        writeln!(w)
    }
}

/// Angles about the fixed axes x, then y, then z.
fn fixed_angles(turn: DQuat) -> [f64; 3] {
    let (z, y, x) = turn.to_euler(glam::EulerRot::ZYX);
    [x, y, z]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_angles_turn_about_x_first() {
        let about = |angles: [f64; 3]| {
            DQuat::from_rotation_z(angles[2]) * DQuat::from_rotation_y(angles[1]) * DQuat::from_rotation_x(angles[0])
        };
        let angles = [0.4, -0.7, 2.1];
        let found = fixed_angles(about(angles));
        assert!(found.iter().zip(angles).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn each_layout_has_its_units_and_order() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let row = ndarray::array![1.0, 2.0, 0.5, half, 0.0, 0.0, half, 0.25];
        let text = |layout: RobotLayout| {
            let mut out = Vec::new();
            layout.head(&mut out, &["knee".into()]).unwrap();
            layout.row(&mut out, 3, row.view()).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(RobotLayout::MuJoCo).split(',').nth(3), Some("0.70710678"));
        assert_eq!(text(RobotLayout::Lafan1).split(',').nth(3), Some("0.00000000"));
        assert_eq!(text(RobotLayout::Lafan1).split(',').nth(6), Some("0.70710678"));
        let seed = text(RobotLayout::BonesSeed);
        let (head, row) = seed.split_once('\n').unwrap();
        assert!(head.starts_with("Frame,root_translateX,") && head.ends_with("root_rotateZ,knee_dof"), "{head}");
        assert!(row.starts_with("3,100.00000000,200.00000000,50.00000000,"), "{row}");
        assert!(row.trim_end().ends_with("90.00000000,14.32394488"), "{row}");
    }
}
