//! The motion: an AMC file.

use std::collections::HashMap;

use super::skeleton::Skeleton;
use crate::error::Result;
use crate::io::text::{Words, quoted, utf8};

/// Maximum number of frames: 36 minutes at 120 frames per second.
const MAX_FRAMES: usize = 1 << 18;

/// The values of all frames.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frames {
    /// Frame by frame, `len * width`.
    values: Vec<f32>,
    width: usize,
    pub len: usize,
    /// Index of the first value of each bone in a frame; none for a bone that the file does not move.
    slots: Vec<Option<usize>>,
    /// Frames per second, if the file says.
    pub fps: Option<f64>,
    /// Whether angles are radians; none if the file does not say.
    pub radians: Option<bool>,
}

impl Frames {
    /// Reads the bytes of an AMC file.
    pub fn from_bytes(bytes: &[u8], skeleton: &Skeleton) -> Result<Self> {
        let text = utf8(bytes);
        let mut words = Words::new("AMC", &text);
        let slots = vec![None; skeleton.bones.len()];
        let mut frames = Self { values: Vec::new(), width: 0, len: 0, slots, fps: None, radians: None };
        frames.header(&mut words)?;
        let names: HashMap<&[u8], usize> =
            skeleton.bones.iter().enumerate().map(|(i, bone)| (bone.name.as_bytes(), i)).collect();
        while !words.at_end() {
            frames.frame(&mut words, skeleton, &names)?;
        }
        if frames.len == 0 { Err(words.bad("the file has no frames")) } else { Ok(frames) }
    }

    /// Values of a bone in a frame; none for one that does not move.
    pub fn values(&self, frame: usize, bone: usize) -> &[f32] {
        let row = &self.values[frame * self.width..][..self.width];
        self.slots[bone].map_or(&[], |slot| &row[slot..])
    }

    /// Words with a colon.
    fn header(&mut self, words: &mut Words<'_>) -> Result<()> {
        while let Some(word) = words.peek().filter(|word| word.starts_with(b":")) {
            words.next();
            match word.to_ascii_lowercase().as_slice() {
                b":degrees" => self.radians = Some(false),
                b":radians" => self.radians = Some(true),
                b":samples-per-second" => {
                    let fps = words.number().filter(|fps| *fps > 0.0);
                    self.fps = Some(fps.ok_or_else(|| words.unexpected("a number of samples per second"))?);
                }
                _ => words.skip_line(),
            }
        }
        Ok(())
    }

    /// Reads the number of a frame and the lines of its bones. The first frame says which bones all frames have.
    fn frame(&mut self, words: &mut Words<'_>, skeleton: &Skeleton, names: &HashMap<&[u8], usize>) -> Result<()> {
        let top = words.clone();
        if words.number().is_none_or(|number| number.fract() != 0.0) {
            return Err(words.unexpected("the number of a frame"));
        }
        if self.len == MAX_FRAMES {
            return Err(words.bad(format!("more than {MAX_FRAMES} frames")));
        }
        let start = self.values.len();
        self.values.resize(start + self.width, 0.0);
        let mut seen = vec![false; skeleton.bones.len()];
        while let Some(word) = words.peek().filter(|word| !word[0].is_ascii_digit()) {
            let bone = names.get(word).copied();
            let bone = bone.ok_or_else(|| words.bad(format!("{} is no bone of the skeleton", quoted(word))))?;
            words.next();
            if std::mem::replace(&mut seen[bone], true) {
                return Err(words.bad(format!("{} comes twice in one frame", quoted(word))));
            }
            let count = skeleton.bones[bone].freedoms.len();
            if self.len == 0 {
                self.slots[bone] = Some(self.width);
                self.width += count;
                self.values.resize(self.width, 0.0);
            }
            let slot = self.slots[bone];
            let slot = slot.ok_or_else(|| words.bad(format!("{} was not in the first frame", quoted(word))))?;
            line(words, word, &mut self.values[start + slot..][..count])?;
        }
        let lacks = (0..seen.len()).find(|bone| self.slots[*bone].is_some() && !seen[*bone]);
        if let Some(bone) = lacks {
            let name = &skeleton.bones[bone].name;
            return Err(top.bad(format!("the frame here lacks the bone {name:?}")));
        }
        if self.width == 0 {
            return Err(top.bad("a frame without values"));
        }
        self.len += 1;
        Ok(())
    }
}

/// The values of a bone: all words of the line.
fn line(words: &mut Words<'_>, bone: &[u8], values: &mut [f32]) -> Result<()> {
    let count = values.len();
    for (i, value) in values.iter_mut().enumerate() {
        if !words.skip_blanks_of_line() {
            return Err(words.bad(format!("{i} values of {}, expected {count}", quoted(bone))));
        }
        let number = words.number_here();
        *value = number.ok_or_else(|| words.unexpected(&format!("a value of {}", quoted(bone))))? as f32;
    }
    if words.skip_blanks_of_line() {
        return Err(words.bad(format!("more values of {} than its {count} degrees of freedom", quoted(bone))));
    }
    Ok(())
}
