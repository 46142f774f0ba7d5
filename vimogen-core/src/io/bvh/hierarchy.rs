//! The skeleton of a BVH file: `HIERARCHY` up to `MOTION`.

use glam::DVec3;

use super::joint::{Channel, Joint};
use crate::error::Result;
use crate::io::text::{Words, quoted};

/// Maximum number of joints, and thereby of nesting.
const MAX_JOINTS: usize = 1024;
const MAX_NAME: usize = 200;
/// Channels of one joint: position and rotation.
const MAX_CHANNELS: usize = 6;

/// A skeleton, or several.
#[derive(Debug, Default)]
pub(super) struct Hierarchy {
    /// The joints of all roots, parents before their children, root by root.
    pub joints: Vec<Joint>,
    /// Values of one frame.
    pub channels: usize,
}

impl Hierarchy {
    /// Reads up to `MOTION`, which is passed.
    pub fn read(words: &mut Words<'_>) -> Result<Self> {
        words.expect("HIERARCHY")?;
        let mut out = Self::default();
        while !words.take("MOTION") {
            if !words.take("ROOT") {
                return Err(words.unexpected(if out.joints.is_empty() { "ROOT" } else { "ROOT or MOTION" }));
            }
            out.root(words)?;
        }
        if out.joints.is_empty() {
            return Err(words.bad("MOTION, expected ROOT"));
        }
        Ok(out)
    }

    /// A root and all below it.
    fn root(&mut self, words: &mut Words<'_>) -> Result<()> {
        let mut open = vec![self.joint(words, None)?];
        while let Some(current) = open.last().copied() {
            let word = words.need("} at the end of the joint")?;
            match word.to_ascii_uppercase().as_slice() {
                b"OFFSET" => self.joints[current].offset = vector(words)?,
                b"CHANNELS" => {
                    let channels = channel_list(words)?;
                    self.joints[current].first = self.channels;
                    self.channels += channels.len();
                    self.joints[current].channels = channels;
                }
                b"JOINT" => open.push(self.joint(words, Some(current))?),
                b"END" | b"ENDSITE" => self.end_site(words, current)?,
                b"}" => drop(open.pop()),
                _ => {
                    let joint = &self.joints[current].name;
                    let expected = "expected OFFSET, CHANNELS, JOINT, End Site or }";
                    return Err(words.bad(format!("{} within the joint {joint:?}, {expected}", quoted(word))));
                }
            }
        }
        Ok(())
    }

    /// Adds the joint whose name and brace come next; its index.
    fn joint(&mut self, words: &mut Words<'_>, parent: Option<usize>) -> Result<usize> {
        if self.joints.len() == MAX_JOINTS {
            return Err(words.bad(format!("more than {MAX_JOINTS} joints")));
        }
        let name = words.name();
        if name.len() > MAX_NAME {
            return Err(words.bad(format!("the name of a joint is longer than {MAX_NAME} bytes")));
        }
        if !words.take("{") {
            return Err(words.unexpected(&format!("{{ after the name of the joint {name:?}")));
        }
        let name = name.into_owned();
        let (offset, first) = (DVec3::ZERO, self.channels);
        self.joints.push(Joint { name, parent, offset, end: None, channels: Vec::new(), first, shifts: false });
        Ok(self.joints.len() - 1)
    }

    /// An End Site, after its first word: named or not. Its channels, if it has any, move nothing.
    fn end_site(&mut self, words: &mut Words<'_>, joint: usize) -> Result<()> {
        words.name();
        words.expect("{")?;
        let mut offset = DVec3::ZERO;
        loop {
            match words.need("} at the end of the End Site")?.to_ascii_uppercase().as_slice() {
                b"OFFSET" => offset = vector(words)?,
                b"CHANNELS" => self.channels += channel_list(words)?.len(),
                b"}" => break,
                word => return Err(words.bad(format!("{} within an End Site, expected OFFSET or }}", quoted(word)))),
            }
        }
        let end = &mut self.joints[joint].end;
        let far = end.is_none_or(|end| end.length_squared() < offset.length_squared());
        if far && offset != DVec3::ZERO {
            *end = Some(offset);
        }
        Ok(())
    }
}

fn vector(words: &mut Words<'_>) -> Result<DVec3> {
    let mut out = DVec3::ZERO;
    for axis in 0..3 {
        out[axis] = words.number().ok_or_else(|| words.unexpected("a number of OFFSET"))?;
    }
    Ok(out)
}

fn channel_list(words: &mut Words<'_>) -> Result<Vec<Channel>> {
    let expected = "the number of CHANNELS, 0 to 6";
    let is_count = |n: &f64| n.fract() == 0.0 && (0.0..=MAX_CHANNELS as f64).contains(n);
    let count = words.clone().number().filter(is_count).ok_or_else(|| words.unexpected(expected))? as usize;
    words.next();
    let mut channels = Vec::with_capacity(count);
    for _ in 0..count {
        let channel = words.peek().and_then(Channel::from_name);
        channels.push(channel.ok_or_else(|| words.unexpected("a channel such as Xposition or Zrotation"))?);
        words.next();
    }
    Ok(channels)
}
