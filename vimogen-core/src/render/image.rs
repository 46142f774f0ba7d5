//! Pictures in memory, and PNG files.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::format::{read_bounded, write_atomic};

/// Maximum side of a picture, pixels.
pub const MAX_SIDE: usize = 4096;
/// Maximum size of a PNG file, bytes.
const MAX_FILE: u64 = 256 << 20;

/// A picture: 8-bit red, green and blue (sRGB) by rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// A picture of these pixels.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for sides outside 1 to 4096, [`Error::Shape`] unless there are
    /// `3 * width * height` bytes.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self> {
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(Error::invalid("size", format!("{width} x {height} pixels, use 1 to {MAX_SIDE} per side")));
        }
        if pixels.len() == 3 * width * height {
            Ok(Self { width, height, pixels })
        } else {
            Err(Error::shape("pixels", "(height, width, 3)", &[pixels.len()]))
        }
    }

    /// A picture of one colour. The caller has checked the size.
    pub(super) fn filled(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self { width, height, pixels: colour.repeat(width * height) }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Red, green, blue of every pixel, by rows from the top.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Writes a PNG file.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomic(path, |w| self.write_png(w))
    }

    /// Writes PNG bytes.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn write_png(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(writer, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut body = encoder.write_header()?;
        body.write_image_data(&self.pixels)?;
        Ok(body.finish()?)
    }

    /// Reads a PNG file of any kind; transparency is dropped.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`] for files over 256 MB, [`Error::Format`] for damaged ones
    /// and sides over 4096.
    pub fn load_png(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE)?;
        Self::decode_png(&bytes).map_err(|reason| Error::format("PNG", reason).with_path(path))
    }

    fn decode_png(bytes: &[u8]) -> std::result::Result<Self, String> {
        let mut decoder = png::Decoder::new(io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
        let (width, height) = (reader.info().width as usize, reader.info().height as usize);
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(format!("{width} x {height} pixels, at most {MAX_SIDE} per side are read"));
        }
        let (colour, _) = reader.output_color_type();
        let mut raw = vec![0; width * height * colour.samples()];
        let frame = reader.next_frame(&mut raw).map_err(|e| e.to_string())?;
        let samples = &raw[..frame.buffer_size().min(raw.len())];
        let pixels: Vec<u8> = match colour.samples() {
            n @ (1 | 2) => samples.chunks_exact(n).flat_map(|p| [p[0]; 3]).collect(),
            n => samples.chunks_exact(n).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        };
        Self::new(width, height, pixels).map_err(|e| e.to_string())
    }

    /// The mean of two pictures of equal size, pixel by pixel: an overlay at 50 %.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sizes differ.
    pub fn overlaid(mut self, other: &Image) -> Result<Self> {
        if (self.width, self.height) != (other.width, other.height) {
            let sizes = format!("{} x {} pixels over {} x {}", other.width, other.height, self.width, self.height);
            return Err(Error::invalid("size", format!("{sizes}: both pictures must have the same size")));
        }
        for (mine, theirs) in self.pixels.iter_mut().zip(&other.pixels) {
            *mine = ((u16::from(*mine) + u16::from(*theirs)) / 2) as u8;
        }
        Ok(self)
    }

    /// Pictures of equal size in rows of `columns`, with white gaps of `gap` pixels.
    pub(super) fn sheet(pictures: &[Image], columns: usize, gap: usize) -> Self {
        let (width, height) = (pictures[0].width, pictures[0].height);
        let rows = pictures.len().div_ceil(columns);
        let full = (columns * (width + gap) - gap, rows * (height + gap) - gap);
        let mut sheet = Self::filled(full.0, full.1, [255; 3]);
        for (i, picture) in pictures.iter().enumerate() {
            let (left, top) = (i % columns * (width + gap), i / columns * (height + gap));
            for (y, row) in picture.pixels.chunks_exact(3 * width).enumerate() {
                let start = 3 * ((top + y) * full.0 + left);
                sheet.pixels[start..start + row.len()].copy_from_slice(row);
            }
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Image {
        Image::new(width, height, (0..3 * width * height).map(|i| (i * 7 % 256) as u8).collect()).unwrap()
    }

    #[test]
    fn a_png_comes_back_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        ramp(31, 17).save_png(&path).unwrap();
        assert_eq!(Image::load_png(&path).unwrap(), ramp(31, 17));
    }

    #[test]
    fn damaged_pngs_and_bad_sizes_are_errors() {
        let mut bytes = Vec::new();
        ramp(8, 8).write_png(&mut bytes).unwrap();
        for cut in [0, 7, 20, bytes.len() / 2] {
            assert!(Image::decode_png(&bytes[..cut]).is_err(), "{cut}");
        }
        // A header that promises 2^31 pixels per side: nothing of that size is allocated.
        bytes[16..20].copy_from_slice(&0x7fff_ffffu32.to_be_bytes());
        assert!(Image::decode_png(&bytes).is_err());
        assert!(Image::new(0, 4, vec![]).is_err() && Image::new(4097, 1, vec![0; 3 * 4097]).is_err());
        assert!(Image::new(2, 2, vec![0; 11]).is_err());
    }

    #[test]
    fn an_overlay_is_the_mean_of_two_pictures_of_equal_size() {
        let (black, colour) = (Image::filled(4, 2, [0; 3]), Image::filled(4, 2, [255, 100, 1]));
        assert_eq!(black.clone().overlaid(&colour).unwrap(), Image::filled(4, 2, [127, 50, 0]));
        assert!(black.overlaid(&Image::filled(2, 4, [0; 3])).unwrap_err().to_string().contains("2 x 4"));
    }

    #[test]
    fn a_sheet_has_its_pictures_side_by_side() {
        let pictures = [Image::filled(2, 1, [1; 3]), Image::filled(2, 1, [2; 3]), Image::filled(2, 1, [3; 3])];
        let sheet = Image::sheet(&pictures, 2, 1);
        assert_eq!((sheet.width(), sheet.height()), (5, 3));
        let row = |y: usize| sheet.pixels()[15 * y..15 * (y + 1)].iter().step_by(3).copied().collect::<Vec<_>>();
        assert_eq!([row(0), row(1), row(2)], [vec![1, 1, 255, 2, 2], vec![255; 5], vec![3, 3, 255, 255, 255]]);
    }
}
