//! The frames of a BVH file: all after `MOTION`.

use super::joint::Joint;
use super::rate::frames_per_second;
use crate::error::Result;
use crate::io::text::{Words, quoted};

/// Maximum number of frames: 36 minutes at 120 frames per second.
const MAX_FRAMES: usize = 1 << 18;

/// The channels of all frames.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frames {
    /// Frame by frame, `len * channels`.
    pub values: Vec<f32>,
    pub len: usize,
    /// Seconds from frame to frame as written; 0 if the file does not say.
    pub frame_time: f64,
    /// Frames per second that the frame time means.
    pub fps: Option<f64>,
    /// Fault of the number of frames, if any.
    pub doubt: Option<String>,
}

impl Frames {
    /// Reads to the end of the file: frames of `channels` values of `joints`.
    pub fn read(words: &mut Words<'_>, joints: &[Joint], channels: usize) -> Result<Self> {
        let header = Header::read(words)?;
        let said = header.frames;
        if channels == 0 && said > 1 {
            return Err(words.bad(format!("{said} frames, but no joint has CHANNELS")));
        }
        // A value and the blank after it are two bytes at least.
        let room = said.saturating_mul(channels).min(words.left() / 2 + 1);
        let mut rows = Rows { joints, channels, values: Vec::with_capacity(room), whole_lines: true };
        let len = if channels == 0 { said } else { rows.read(words, said)? };
        let doubt = if len < said {
            Some(format!("the file says {said} frames and holds {len}; those are read"))
        } else {
            rows.rest(words, said)
        };
        Ok(Self { values: rows.values, len, frame_time: header.frame_time, fps: header.fps, doubt })
    }
}

/// A doubt about a file that ends in a number with fewer decimals than all others of its line: the rest may be missing.
pub(super) fn short_number(text: &[u8]) -> Option<String> {
    /// Other numbers of a line that say how many decimals a writer gives.
    const OTHERS: usize = 5;
    let line = text.rsplit(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let words = line.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut decimals =
        words.map(|word| word.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| word.len() - 1 - dot));
    let last = decimals.next().filter(|_| !line.last().is_some_and(u8::is_ascii_whitespace))?;
    let (others, least) = decimals.fold((0, usize::MAX), |(count, least), digits| (count + 1, least.min(digits)));
    let is_short = others >= OTHERS && last < least;
    is_short
        .then(|| "the file ends in a number with fewer decimals than the others of its line; it may be cut off".into())
}

/// `Frames:` and `Frame Time:`.
struct Header {
    frames: usize,
    frame_time: f64,
    fps: Option<f64>,
}

impl Header {
    fn read(words: &mut Words<'_>) -> Result<Self> {
        let (mut frames, mut time) = (None, None);
        while words.peek().is_some_and(|word| starts_with(word, "frame")) {
            let word = words.need("Frames:")?;
            if starts_with(word, "frames") {
                frames = Some(frame_count(words, &word["frames".len()..])?);
            } else {
                let glued = starts_with(word, "frametime");
                let word = if glued { &word["frame".len()..] } else { words.need("Time:")? };
                if !starts_with(word, "time") {
                    return Err(words.bad(format!("{}, expected Time: after Frame", quoted(word))));
                }
                time = Some(frame_time(words, &word["time".len()..])?);
            }
        }
        let frames = frames.ok_or_else(|| words.unexpected("Frames:"))?;
        let (frame_time, fps) = time.unwrap_or((0.0, None));
        Ok(Self { frames, frame_time, fps })
    }
}

fn starts_with(word: &[u8], start: &str) -> bool {
    word.get(..start.len()).is_some_and(|word| word.eq_ignore_ascii_case(start.as_bytes()))
}

/// The value of a header: behind a colon, glued to it, or the next word.
fn value<'a>(words: &mut Words<'a>, glued: &'a [u8], what: &str) -> Result<&'a [u8]> {
    let glued = glued.strip_prefix(b":").unwrap_or(glued);
    if !glued.is_empty() {
        return Ok(glued);
    }
    let next = words.need(what)?;
    match next.strip_prefix(b":") {
        Some(b"") => words.need(what),
        Some(value) => Ok(value),
        None => Ok(next),
    }
}

fn frame_count<'a>(words: &mut Words<'a>, glued: &'a [u8]) -> Result<usize> {
    let what = format!("a number of frames from 1 to {MAX_FRAMES}");
    let text = value(words, glued, &what)?;
    let count = Words::new("BVH", text).number().filter(|n| n.fract() == 0.0 && *n >= 0.0);
    match count {
        Some(0.0) => Err(words.bad("the file has no frames")),
        Some(count) if count <= MAX_FRAMES as f64 => Ok(count as usize),
        Some(count) => Err(words.bad(format!("{count} frames, at most {MAX_FRAMES} are read"))),
        None => Err(words.bad(format!("{}, expected {what}", quoted(text)))),
    }
}

/// The frame time in seconds and the rate that it means.
fn frame_time<'a>(words: &mut Words<'a>, glued: &'a [u8]) -> Result<(f64, Option<f64>)> {
    let what = "a frame time in seconds";
    let text = value(words, glued, what)?;
    let seconds = Words::new("BVH", text).number().filter(|n| *n >= 0.0);
    let seconds = seconds.ok_or_else(|| words.bad(format!("{}, expected {what}", quoted(text))))?;
    Ok((seconds, frames_per_second(seconds, &String::from_utf8_lossy(text))))
}

/// Reads rows of values.
struct Rows<'a> {
    joints: &'a [Joint],
    channels: usize,
    values: Vec<f32>,
    /// Whether each line is one frame; otherwise frames are broken over lines.
    whole_lines: bool,
}

impl Rows<'_> {
    /// Reads up to `frames` frames; the number of those that are complete.
    fn read(&mut self, words: &mut Words<'_>, frames: usize) -> Result<usize> {
        words.skip_blanks();
        self.whole_lines = is_one_frame(words.clone(), self.channels);
        for frame in 0..frames {
            if words.peek().is_none() || !self.row(words)? {
                self.values.truncate(frame * self.channels);
                self.values.shrink_to_fit();
                return if frame == 0 {
                    Err(words.bad("the file ends before its first frame does"))
                } else {
                    Ok(frame)
                };
            }
        }
        Ok(frames)
    }

    /// Reads one frame; whether it is complete, or the file ends within it.
    fn row(&mut self, words: &mut Words<'_>) -> Result<bool> {
        for channel in 0..self.channels {
            let more = if channel > 0 && self.whole_lines { words.skip_blanks_of_line() } else { !words.at_end() };
            match words.number_here().filter(|_| more) {
                Some(value) => self.values.push(value as f32),
                None if words.clone().at_end() => return Ok(false),
                None if !more => {
                    return Err(words.bad(format!("{channel} values, {}", self.expected())));
                }
                None => return Err(self.no_number(words, channel)),
            }
        }
        if self.whole_lines && words.skip_blanks_of_line() {
            return Err(words.bad(format!("more values than a frame has, {}", self.expected())));
        }
        Ok(true)
    }

    fn expected(&self) -> String {
        format!("expected {}, one for each channel of {} joints", self.channels, self.joints.len())
    }

    fn no_number(&self, words: &mut Words<'_>, channel: usize) -> crate::Error {
        let word = words.peek().map_or_else(String::new, quoted);
        let owner = self.joints.iter().rfind(|joint| joint.first <= channel && !joint.channels.is_empty());
        let place = owner.and_then(|joint| Some((&joint.name, joint.channels.get(channel - joint.first)?)));
        let place = place.map_or("an End Site".into(), |(name, channel)| format!("{channel} of the joint {name:?}"));
        words.bad(format!("{word} is no number, expected the value of {place}"))
    }

    /// The text after the frames.
    fn rest(&self, words: &mut Words<'_>, said: usize) -> Option<String> {
        let numbers = words.clone().number().is_some();
        let lines = words.lines_left();
        match (lines, numbers && self.whole_lines) {
            (0, _) => None,
            (_, true) => Some(format!("the file says {said} frames and holds {}; {said} are read", said + lines)),
            (_, false) => Some(format!("{lines} lines after the {said} frames of the file are not read")),
        }
    }
}

/// Whether the line here has as many words as a frame has values, or more.
fn is_one_frame(mut line: Words<'_>, channels: usize) -> bool {
    (0..channels).all(|_| line.skip_blanks_of_line() && line.next().is_some())
}
