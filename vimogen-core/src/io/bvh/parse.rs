//! BVH, a skeleton and its channels as text: any hierarchy, channels in any order.

use std::path::Path;

use glam::{DMat3, DVec3};

use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::motion::skeleton::{chain_positions, chain_rotations};

const FORMAT: &str = "BVH";
/// Maximum file size.
const MAX_FILE: u64 = 1 << 29;
/// Maximum number of joints, and thereby of nesting.
const MAX_JOINTS: usize = 1024;
const MAX_FRAMES: usize = 1 << 18;

fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

/// A joint of the hierarchy.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Name as in the file.
    pub name: String,
    /// Index of the parent, which comes before; the root has none.
    pub parent: Option<usize>,
    /// Position at rest relative to the parent, in the unit of the file.
    pub offset: DVec3,
    channels: Vec<Channel>,
    /// Index of its first channel in a frame.
    first: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Position(usize),
    Rotation(usize),
}

/// A parsed file: a skeleton and T frames of channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Bvh {
    joints: Vec<Joint>,
    /// Channels of all frames, frame by frame.
    values: Vec<f64>,
    channels: usize,
    frame_time: f64,
}

impl Bvh {
    /// Reads a file of at most 512 MiB.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], [`Error::Format`] for anything but a hierarchy of 1 to
    /// 1024 joints with 1 to 2^18 frames of finite values.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&read_bounded(path, MAX_FILE)?).map_err(|e| e.with_path(path))
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Bvh::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not text"))?;
        let mut words = Words(text.split_ascii_whitespace());
        words.expect("HIERARCHY")?;
        let (joints, channels) = hierarchy(&mut words)?;
        words.expect("MOTION")?;
        words.expect("Frames:")?;
        let frames = words.next()?;
        let frames = frames.parse().ok().filter(|n| (1..=MAX_FRAMES).contains(n));
        let frames: usize = frames.ok_or_else(|| bad(format!("it has no frames, or over {MAX_FRAMES}")))?;
        words.expect("Frame")?;
        words.expect("Time:")?;
        let frame_time = words.number()?;
        if frame_time <= 0.0 {
            return Err(bad(format!("its frame time is {frame_time} seconds")));
        }
        let needed = frames.saturating_mul(channels);
        // A number and the space after it are two bytes at least.
        if needed > bytes.len() {
            return Err(bad(format!("it ends before its {frames} frames of {channels} channels do")));
        }
        let values = (0..needed).map(|_| words.number()).collect::<Result<_>>()?;
        Ok(Self { joints, values, channels, frame_time })
    }

    /// The joints, parents before their children.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "a file has at least one frame")]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.channels).unwrap_or(1)
    }

    /// Seconds from frame to frame.
    pub fn frame_time(&self) -> f64 {
        self.frame_time
    }

    /// World rotations and positions of all joints in a frame, in the axes and the unit of the file.
    ///
    /// # Panics
    /// If the frame is not below [`Bvh::len`].
    pub fn world(&self, frame: usize) -> Vec<(DMat3, DVec3)> {
        let values = &self.values[frame * self.channels..][..self.channels];
        let parents: Vec<_> = self.joints.iter().map(|joint| joint.parent).collect();
        let local = self.joints.iter().map(|joint| joint.local(values));
        let (mut turns, mut places): (Vec<DMat3>, Vec<DVec3>) = local.unzip();
        chain_rotations(&parents, &mut turns);
        chain_positions(&parents, &turns, &mut places);
        turns.into_iter().zip(places).collect()
    }
}

impl Joint {
    /// Rotation, the product in the order of the channels, and position relative to the parent; a position channel
    /// replaces the offset along its axis.
    fn local(&self, values: &[f64]) -> (DMat3, DVec3) {
        let (mut turn, mut place) = (DMat3::IDENTITY, self.offset);
        for (channel, value) in self.channels.iter().zip(&values[self.first..]) {
            match channel {
                Channel::Position(axis) => place[*axis] = *value,
                Channel::Rotation(axis) => {
                    let angle = value.to_radians();
                    turn *= match axis {
                        0 => DMat3::from_rotation_x(angle),
                        1 => DMat3::from_rotation_y(angle),
                        _ => DMat3::from_rotation_z(angle),
                    };
                }
            }
        }
        (turn, place)
    }
}

/// The words of the file.
struct Words<'a>(std::str::SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a str> {
        self.0.next().ok_or_else(|| bad("it ends too early"))
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        let got = self.next()?;
        if got.eq_ignore_ascii_case(word) { Ok(()) } else { Err(bad(format!("{:?} where {word} belongs", short(got)))) }
    }

    fn number(&mut self) -> Result<f64> {
        let word = self.next()?;
        let number = word.parse().ok().filter(|n: &f64| n.is_finite() && n.abs() < 1e12);
        number.ok_or_else(|| bad(format!("{:?} where a number belongs", short(word))))
    }

    fn vector(&mut self) -> Result<DVec3> {
        Ok(DVec3::new(self.number()?, self.number()?, self.number()?))
    }
}

fn short(word: &str) -> String {
    word.chars().take(40).collect()
}

/// The joints and the number of channels of a frame.
fn hierarchy(words: &mut Words<'_>) -> Result<(Vec<Joint>, usize)> {
    words.expect("ROOT")?;
    let mut joints = vec![joint(words, None, 0)?];
    let mut open = vec![0];
    let mut channels = 0;
    while let Some(current) = open.last().copied() {
        match words.next()?.to_ascii_uppercase().as_str() {
            "OFFSET" => joints[current].offset = words.vector()?,
            "CHANNELS" => {
                joints[current].first = channels;
                joints[current].channels = channel_list(words)?;
                channels += joints[current].channels.len();
            }
            "JOINT" if joints.len() < MAX_JOINTS => {
                open.push(joints.len());
                joints.push(joint(words, Some(current), channels)?);
            }
            "JOINT" => return Err(bad(format!("it has more than {MAX_JOINTS} joints"))),
            "END" => {
                ["Site", "{", "OFFSET"].iter().try_for_each(|word| words.expect(word))?;
                words.vector()?;
                words.expect("}")?;
            }
            "}" => drop(open.pop()),
            other => return Err(bad(format!("{:?} within a joint", short(other)))),
        }
    }
    Ok((joints, channels))
}

/// The name of a joint and the brace after it; names may have spaces.
fn joint(words: &mut Words<'_>, parent: Option<usize>, first: usize) -> Result<Joint> {
    let mut name = String::new();
    loop {
        match words.next()? {
            "{" => return Ok(Joint { name, parent, offset: DVec3::ZERO, channels: Vec::new(), first }),
            word if name.len() + word.len() < 200 => {
                name.extend((!name.is_empty()).then_some(' '));
                name.push_str(word);
            }
            _ => return Err(bad("the name of a joint is too long")),
        }
    }
}

fn channel_list(words: &mut Words<'_>) -> Result<Vec<Channel>> {
    let count = words.next()?.parse().ok().filter(|n| *n <= 6);
    let count: usize = count.ok_or_else(|| bad("a joint has more than six channels"))?;
    let channel = |word: &str| {
        let axis = ["x", "y", "z"].iter().position(|axis| word.starts_with(axis))?;
        match &word[1..] {
            "position" => Some(Channel::Position(axis)),
            "rotation" => Some(Channel::Rotation(axis)),
            _ => None,
        }
    };
    let read = |_| {
        let word = words.next()?.to_ascii_lowercase();
        channel(&word).ok_or_else(|| bad(format!("{:?} where a channel belongs", short(&word))))
    };
    (0..count).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: &str = "HIERARCHY\nROOT upper arm\n{\n OFFSET 0 0 0\n CHANNELS 6 Xposition Yposition Zposition \
        Zrotation Xrotation Yrotation\n JOINT fore\n {\n  OFFSET 1 0 0\n  CHANNELS 3 Yrotation Xrotation Zrotation\n  \
        End Site\n  {\n OFFSET 1 0 0\n }\n }\n}\nMOTION\nFrames: 2\nFrame Time: 0.05\n\
        0 0 0 0 0 0 0 0 0\n1 2 3 90 0 0 0 0 90\n";

    #[test]
    fn joints_stand_where_channels_put_them() {
        let bvh = Bvh::from_bytes(ARM.as_bytes()).unwrap();
        assert_eq!((bvh.len(), bvh.joints().len(), bvh.frame_time()), (2, 2, 0.05));
        assert_eq!(bvh.joints()[0].name, "upper arm");
        assert_eq!(bvh.world(0)[1].1, DVec3::X);
        let world = bvh.world(1);
        assert!(world[1].1.abs_diff_eq(DVec3::new(1.0, 3.0, 3.0), 1e-12), "{}", world[1].1);
        assert!((world[1].0 * DVec3::X).abs_diff_eq(-DVec3::X, 1e-12));
    }

    #[test]
    fn damage_is_an_error_that_says_where() {
        let reason = |text: &str| Bvh::from_bytes(text.as_bytes()).unwrap_err().to_string();
        assert!(reason("").contains("ends"));
        assert!(reason("hello").contains("HIERARCHY"));
        assert!(reason(&ARM.replace("Frames: 2", "Frames: 200000")).contains("200000 frames"));
        assert!(reason(&ARM.replace("Frames: 2", "Frames: 3")).contains("ends"));
        assert!(reason(&ARM.replace("Frames: 2", "Frames: 99999999999")).contains("frames"));
        assert!(reason(&ARM.replace("90 0 0 0 0 90", "90 0 0 nan 0 90")).contains("nan"));
        assert!(reason(&ARM.replace("Yposition", "Wposition")).contains("wposition"));
        assert!(reason(&ARM.replace("CHANNELS 3", "CHANNELS 7")).contains("six"));
        assert!(reason(&ARM.replace("0.05", "0")).contains("frame time"));
        assert!(reason(&"HIERARCHY ROOT a { JOINT b { ".replace("JOINT", &"JOINT x { ".repeat(2000))).contains("1024"));
    }
}
