//! A joint of a BVH file and what its channels mean.

use glam::{DMat3, DVec3};

use super::angle::sin_cos_of_degrees;

/// A joint of the hierarchy.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Name as in the file; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Index of the parent, which comes before; a root has none.
    pub parent: Option<usize>,
    /// Position at rest relative to the parent, in the unit of the file.
    pub offset: DVec3,
    /// End Site relative to the joint, in the unit of the file; of several the farthest.
    pub end: Option<DVec3>,
    pub(super) channels: Vec<Channel>,
    /// Index of its first channel in a frame.
    pub(super) first: usize,
    /// Whether its position channels are added to the offset, not put in its place.
    pub(super) shifts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Position(usize),
    Rotation(usize),
}

impl Channel {
    /// The channel of this name, such as `Xposition`, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let (first, rest) = name.split_first()?;
        let axis = b"xyz".iter().position(|axis| axis.eq_ignore_ascii_case(first))?;
        match rest {
            _ if rest.eq_ignore_ascii_case(b"position") => Some(Self::Position(axis)),
            _ if rest.eq_ignore_ascii_case(b"rotation") => Some(Self::Rotation(axis)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (axis, kind) = match self {
            Self::Position(axis) => (axis, "position"),
            Self::Rotation(axis) => (axis, "rotation"),
        };
        write!(f, "{}{kind}", ["X", "Y", "Z"][*axis])
    }
}

impl Joint {
    /// Rotation, the product in the order of the channels, and position relative to the parent, from the channels of a
    /// frame. A position channel replaces the offset along its axis.
    pub(super) fn local(&self, values: &[f32]) -> (DMat3, DVec3) {
        let (mut turn, mut place) = (DMat3::IDENTITY, self.offset);
        for (channel, value) in self.channels.iter().zip(&values[self.first..]) {
            let value = f64::from(*value);
            match channel {
                Channel::Position(axis) if self.shifts => place[*axis] += value,
                Channel::Position(axis) => place[*axis] = value,
                Channel::Rotation(axis) => turn = turned(turn, *axis, sin_cos_of_degrees(value)),
            }
        }
        (turn, place)
    }

    /// Position channels of a frame, if it has all three.
    pub(super) fn position(&self, values: &[f32]) -> Option<DVec3> {
        let along = |axis: usize| {
            let channel = self.channels.iter().position(|channel| *channel == Channel::Position(axis))?;
            Some(f64::from(values[self.first + channel]))
        };
        Some(DVec3::new(along(0)?, along(1)?, along(2)?))
    }
}

/// `turn` times the rotation about an axis by an angle of this sine and cosine: two of its columns change.
#[inline]
fn turned(turn: DMat3, axis: usize, (sin, cos): (f64, f64)) -> DMat3 {
    let DMat3 { x_axis: x, y_axis: y, z_axis: z } = turn;
    match axis {
        0 => DMat3::from_cols(x, y * cos + z * sin, z * cos - y * sin),
        1 => DMat3::from_cols(x * cos - z * sin, y, z * cos + x * sin),
        _ => DMat3::from_cols(x * cos + y * sin, y * cos - x * sin, z),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_products_in_the_order_of_the_channels() {
        let channels = [2, 0, 1, 0].map(Channel::Rotation).to_vec();
        let (name, offset) = (String::new(), DVec3::X);
        let joint = Joint { name, parent: None, offset, end: None, channels, first: 1, shifts: false };
        let angles: [f32; 4] = [30.0, -100.0, 200.0, 7.5];
        let [z, x, y, again] = angles.map(|angle| f64::from(angle).to_radians());
        let turn = DMat3::from_rotation_z(z) * DMat3::from_rotation_x(x) * DMat3::from_rotation_y(y);
        let (got, place) = joint.local(&[[9.0].as_slice(), &angles].concat());
        assert!(got.abs_diff_eq(turn * DMat3::from_rotation_x(again), 1e-14), "{got}");
        assert_eq!(place, offset);
    }
}
