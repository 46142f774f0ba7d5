//! BVH, a skeleton and its channels as text, as programs and people write it: any hierarchy, several roots, channels in
//! any order, comments, any encoding and line end.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::frames::{Frames, short_number};
use super::hierarchy::Hierarchy;
use super::joint::Joint;
use crate::error::Result;
use crate::format::read_bounded;
use crate::io::text::{Words, utf8};

/// Maximum file size.
const MAX_FILE: u64 = 1 << 29;

/// A parsed file: a skeleton, or several, and T frames of channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Bvh {
    joints: Vec<Joint>,
    /// Values of one frame.
    channels: usize,
    frames: Frames,
}

impl Bvh {
    /// Reads a file of at most 512 MiB.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
    /// [`Error::TooLarge`](crate::Error::TooLarge), [`Error::Format`](crate::Error::Format), which names the line, for
    /// anything but a hierarchy of 1 to 1024 joints with 1 to 2^18 frames of finite values.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&read_bounded(path, MAX_FILE)?).map_err(|e| e.with_path(path))
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Bvh::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let text = utf8(bytes);
        let mut words = Words::new("BVH", &text);
        let Hierarchy { mut joints, channels } = Hierarchy::read(&mut words)?;
        let mut frames = Frames::read(&mut words, &joints, channels)?;
        frames.doubt = frames.doubt.or_else(|| short_number(text.as_ref()));
        find_shifts(&mut joints, channels, &frames);
        Ok(Self { joints, channels, frames })
    }

    /// The joints, parents before their children, root by root.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "a file has at least one frame")]
    pub fn len(&self) -> usize {
        self.frames.len
    }

    /// Seconds from frame to frame as written, 0 if the file does not say.
    pub fn frame_time(&self) -> f64 {
        self.frames.frame_time
    }

    /// Frames per second that the digits of the frame time mean: 30 for 0.0333333, 23.976 for 0.0417083. `None` if the
    /// file does not say.
    pub fn fps(&self) -> Option<f64> {
        self.frames.fps
    }

    /// Fault of the number of frames as a sentence, if any.
    pub fn doubt(&self) -> Option<&str> {
        self.frames.doubt.as_deref()
    }

    /// World rotations and positions of all joints in a frame, in the axes and the unit of the file.
    ///
    /// # Panics
    /// If the frame is not below [`Bvh::len`].
    pub fn world(&self, frame: usize) -> Vec<(DMat3, DVec3)> {
        let mut out = vec![(DMat3::IDENTITY, DVec3::ZERO); self.joints.len()];
        self.write_world(frame, self.joints.iter().map(|joint| joint.parent).enumerate(), &mut out);
        out
    }

    /// Writes [`Bvh::world`] of some joints, each with the place in `out` of the one above it.
    pub(super) fn write_world(
        &self,
        frame: usize,
        joints: impl Iterator<Item = (usize, Option<usize>)>,
        out: &mut [(DMat3, DVec3)],
    ) {
        let values = &self.frames.values[frame * self.channels..][..self.channels];
        for (i, (joint, parent)) in joints.enumerate() {
            let (turn, place) = self.joints[joint].local(values);
            out[i] = match parent.map(|parent| out[parent]) {
                None => (turn, place),
                Some((above, from)) => (above * turn, from + above * place),
            };
        }
    }
}

/// Finds the joints whose position channels shift them from their offset. Most programs write the whole position relative
/// to the parent, which is the offset where a bone keeps its length; some write the difference, which is then 0.
fn find_shifts(joints: &mut [Joint], channels: usize, frames: &Frames) {
    for joint in joints.iter_mut().filter(|joint| joint.parent.is_some()) {
        let positions = [0, frames.len / 2, frames.len - 1].into_iter().filter_map(|frame| {
            let values = frames.values.get(frame * channels..)?;
            joint.position(values)
        });
        let (from_zero, from_offset) = positions.fold((0.0, 0.0), |(zero, offset), position| {
            (zero + position.length(), offset + (position - joint.offset).length())
        });
        joint.shifts = from_zero < from_offset;
    }
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
    fn damage_is_an_error_that_names_its_line_and_what_belongs_there() {
        let reason = |text: &str| Bvh::from_bytes(text.as_bytes()).unwrap_err().to_string();
        let with = |from: &str, to: &str| {
            assert!(ARM.contains(from), "{from}");
            reason(&ARM.replace(from, to))
        };
        let cases = [
            (reason(""), "line 1: the file ends, expected HIERARCHY"),
            (reason("hello"), "line 1: \"hello\", expected HIERARCHY"),
            (reason("HIERARCHY\nMOTION"), "line 2: MOTION, expected ROOT"),
            (with("Frames: 2", "Frames: 0"), "line 17: the file has no frames"),
            (with("Frames: 2", "Frames: many"), "line 17: \"many\", expected a number of frames from 1 to 262144"),
            (with("Frames: 2", "Frames: 2.5"), "\"2.5\", expected a number of frames"),
            (with("Frames: 2", "Frames: 99999999999"), "99999999999 frames, at most 262144 are read"),
            (with("Frame Time: 0.05", "Frame Time: -1"), "line 18: \"-1\", expected a frame time in seconds"),
            (with("Frame Time: 0.05", "Frame Rate: 20"), "line 18: \"Rate:\", expected Time: after Frame"),
            (
                with("90 0 0 0 0 90", "90 0 0 nan 0 90"),
                "line 20: \"nan\" is no number, expected the value of Yrotation of the joint \"fore\"",
            ),
            (
                with("1 2 3", "1 -1.#IND 3"),
                "line 20: \"-1.#IND\" is no number, expected the value of Yposition of the joint \"upper arm\"",
            ),
            (
                with("0 0 0 0 0 0 0 0 0\n", "0 0 0 0 0 0 0 0 0 0\n"),
                "line 19: more values than a frame has, expected 9, one for each channel of 2 joints",
            ),
            (with("0 90\n", "0\n1 2 3\n"), "line 20: 8 values, expected 9"),
            (with("Yposition", "Wposition"), "line 5: \"Wposition\", expected a channel such as"),
            (with("CHANNELS 3", "CHANNELS 7"), "line 9: \"7\", expected the number of CHANNELS, 0 to 6"),
            (with("OFFSET 0 0 0", "OFFSET 0 zero 0"), "line 4: \"zero\", expected a number of OFFSET"),
            (
                with("JOINT fore\n {", "JOINT fore\n OFFSET"),
                "line 7: \"OFFSET\", expected { after the name of the joint \"fore\"",
            ),
            (
                with(" }\n}\nMOTION", " }\nMOTION"),
                "line 15: \"MOTION\" within the joint \"upper arm\", expected OFFSET",
            ),
            (
                reason(&"HIERARCHY ROOT a { JOINT b { ".replace("JOINT", &"JOINT x { ".repeat(2000))),
                "more than 1024 joints",
            ),
            (reason(&ARM[..ARM.find("Frame Time").unwrap()]), "the file ends before its first frame does"),
        ];
        for (got, expected) in cases {
            assert!(got.contains(expected), "{got}\nhas no {expected}");
        }
    }

    #[test]
    fn rows_that_are_missing_or_too_many_are_counted() {
        let read = |text: &str| Bvh::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(read(ARM).doubt(), None);
        let more = read(&ARM.replace("Frames: 2", "Frames: 1"));
        assert_eq!((more.len(), more.doubt()), (1, Some("the file says 1 frames and holds 2; 1 are read")));
        let fewer = read(&ARM.replace("Frames: 2", "Frames: 200000"));
        assert_eq!((fewer.len(), fewer.doubt()), (2, Some("the file says 200000 frames and holds 2; those are read")));
        let cut = read(&ARM[..ARM.len() - 4]);
        assert_eq!((cut.len(), cut.doubt()), (1, Some("the file says 2 frames and holds 1; those are read")));
        let note = read(&format!("{ARM}made by hand\n"));
        assert_eq!(note.doubt(), Some("1 lines after the 2 frames of the file are not read"));
    }

    #[test]
    fn a_last_number_that_is_cut_is_doubted() {
        let row = "1.000 2.000 3.000 90.000 0.000 0.000 0.000 0.000 90.250";
        let whole = ARM.replace("1 2 3 90 0 0 0 0 90\n", row);
        let doubt = |text: &str| Bvh::from_bytes(text.as_bytes()).unwrap().doubt().map(str::to_string);
        assert_eq!(doubt(&whole), None);
        for cut in 1..6 {
            let doubt = doubt(&whole[..whole.len() - cut]).unwrap();
            assert!(doubt.contains("cut off"), "{doubt}");
        }
        assert_eq!(doubt(&format!("{}\n", &whole[..whole.len() - 1])), None);
    }

    #[test]
    fn frames_may_be_broken_over_lines() {
        let broken = ARM.replace("1 2 3 90", "1 2 3\n90").replace("0 0 0 0 0 0 0 0 0\n", "0 0 0\n0 0 0 0 0 0\n");
        assert_eq!(Bvh::from_bytes(broken.as_bytes()).unwrap(), Bvh::from_bytes(ARM.as_bytes()).unwrap());
    }

    #[test]
    fn positions_of_a_joint_replace_its_offset_or_shift_it() {
        let arm = |a: &str, b: &str| {
            let text = ARM
                .replace("CHANNELS 3", "CHANNELS 6 Xposition Yposition Zposition")
                .replace("0 0 0\n1", &format!("{a} 0 0 0\n1"))
                .replace("0 0 90\n", &format!("{b} 0 0 90\n"));
            Bvh::from_bytes(text.as_bytes()).unwrap().world(0)[1].1
        };
        // The offset is 1 0 0.
        assert_eq!(arm("1.25 0 0", "1 0 0"), DVec3::new(1.25, 0.0, 0.0));
        assert_eq!(arm("0.25 0 0", "0 0 0"), DVec3::new(1.25, 0.0, 0.0));
    }
}
