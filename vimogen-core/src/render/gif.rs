//! GIF with one palette for the whole clip; each frame stores only the changed pixels.

use std::borrow::Cow;
use std::io::Write;

use gif::{Encoder, Frame, Repeat};

use super::image::Image;
use super::palette::Palette;
use crate::error::{Error, Result};

/// Minimum duration of a frame, hundredths of a second: browsers slow down shorter ones.
const SHORTEST: f32 = 2.0;

/// The frames that a GIF of a clip of this rate shows, at most 50 per second.
pub(super) fn frames(count: usize, fps: f32) -> Vec<usize> {
    let every = (fps * SHORTEST / 100.0).ceil().max(1.0) as usize;
    (0..count).step_by(every).collect()
}

/// Writer of pictures of one size; the GIF loops forever.
pub(super) struct Writer<W: Write> {
    encoder: Encoder<W>,
    palette: Palette,
    shown: Vec<u8>,
    /// Time of the next picture, hundredths of a second.
    time: f32,
    step: f32,
}

impl<W: Write> Writer<W> {
    /// `palette` is that of the clip; `fps` is the rate of the written pictures.
    pub fn new(writer: W, width: usize, height: usize, palette: Palette, fps: f32) -> Result<Self> {
        // Sides are at most 4096.
        let mut encoder = Encoder::new(writer, width as u16, height as u16, &palette.bytes()).map_err(failed)?;
        encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
        Ok(Self { encoder, palette, shown: vec![], time: 0.0, step: 100.0 / fps })
    }

    /// Adds a picture.
    pub fn add(&mut self, image: &Image) -> Result<()> {
        let (width, height) = (image.width(), image.height());
        let pixels = image.pixels().as_chunks::<3>().0.iter().enumerate();
        let new: Vec<u8> = pixels.map(|(at, p)| self.palette.nearest(dithered(*p, at % width, at / width))).collect();
        let (left, top, right, bottom) = self.changed(&new, width, height);
        let mut buffer = Vec::with_capacity((right - left) * (bottom - top));
        for at in (top..bottom).flat_map(|y| y * width + left..y * width + right) {
            let same = self.shown.get(at) == Some(&new[at]);
            buffer.push(if same { Palette::CLEAR } else { new[at] });
        }
        let next = self.time + self.step;
        let frame = Frame {
            delay: (next.round() - self.time.round()).max(SHORTEST) as u16,
            transparent: Some(Palette::CLEAR),
            left: left as u16,
            top: top as u16,
            width: (right - left) as u16,
            height: (bottom - top) as u16,
            buffer: Cow::Owned(buffer),
            ..Frame::default()
        };
        (self.time, self.shown) = (next, new);
        self.encoder.write_frame(&frame).map_err(failed)
    }

    /// Writes the end of the file.
    pub fn finish(self) -> Result<()> {
        self.encoder.into_inner().map(drop).map_err(failed)
    }

    /// The bounding rectangle of all changes; one pixel if there are none.
    fn changed(&self, new: &[u8], width: usize, height: usize) -> (usize, usize, usize, usize) {
        if self.shown.is_empty() {
            return (0, 0, width, height);
        }
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (at, _) in new.iter().zip(&self.shown).enumerate().filter(|(_, (a, b))| a != b) {
            let (x, y) = (at % width, at / width);
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
        }
        if right == 0 { (0, 0, 1, 1) } else { (left, top, right, bottom) }
    }
}

/// Bayer's dithering pattern, which hides the steps of gradients. The pattern is the same in all frames, so unchanged pixels
/// stay unchanged and are left out.
const PATTERN: [[i16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

fn dithered(colour: [u8; 3], x: usize, y: usize) -> [u8; 3] {
    let offset = PATTERN[y % 4][x % 4] * 5 / 16 - 2;
    colour.map(|c| (i16::from(c) + offset).clamp(0, 255) as u8)
}

fn failed(error: gif::EncodingError) -> Error {
    match error {
        gif::EncodingError::Io(source) => Error::io("write", "", source),
        other => Error::internal(format!("GIF: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gif_comes_back_with_its_pictures_and_times() {
        let picture = |i: u8| {
            let mut image = Image::filled(20, 10, [250, 250, 250]);
            image.pixels_mut()[3 * usize::from(i)..3 * usize::from(i) + 3].copy_from_slice(&[200, 30, 10]);
            image
        };
        let pictures: Vec<Image> = [0, 1, 1, 150].map(picture).to_vec();
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, 20, 10, Palette::of(&pictures), 30.0).unwrap();
        pictures.iter().for_each(|p| writer.add(p).unwrap());
        writer.finish().unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(&bytes[..]).unwrap();
        let (mut canvas, mut time) = (vec![0u8; 4 * 200], 0);
        for picture in &pictures {
            let frame = decoder.read_next_frame().unwrap().unwrap();
            time += frame.delay;
            for (i, p) in frame.buffer.chunks_exact(4).enumerate().filter(|(_, p)| p[3] > 0) {
                let (w, x, y) = (usize::from(frame.width), usize::from(frame.left), usize::from(frame.top));
                let at = 4 * ((y + i / w) * 20 + x + i % w);
                canvas[at..at + 4].copy_from_slice(p);
            }
            let shown: Vec<u8> = canvas.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
            assert_eq!(shown, picture.pixels());
        }
        assert_eq!(time, 13, "4 frames at 30 a second, rounded");
        assert!(decoder.read_next_frame().unwrap().is_none());
    }

    #[test]
    fn a_gif_shows_at_most_50_frames_a_second() {
        assert_eq!(frames(4, 20.0), [0, 1, 2, 3]);
        assert_eq!(frames(5, 120.0), [0, 3]);
    }
}
