//! MP4 with H.264 for browsers: 4:2:0, the index before the pictures.

use std::io::Write;

use glam::Vec3;
use muxide::api::{Muxer, MuxerBuilder, MuxerError, VideoCodec};
use openh264::OpenH264API;
use openh264::encoder::{
    Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange, RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::YUVBuffer;

use super::image::Image;
use crate::error::{Error, Result};

/// Maximum sides of the encoder, in either orientation.
const MAX_SIDES: (usize, usize) = (3840, 2160);
/// Seconds between key frames.
const KEY_SECONDS: f32 = 2.0;
/// Quantisation, 0 (best) to 51; fine enough to keep thin lines.
const QUALITY: QpRange = QpRange::new(18, 24);

/// Writer of pictures of one size with even sides.
pub(super) struct Writer<W: Write> {
    encoder: Encoder,
    muxer: Muxer<W>,
    frame: u64,
    fps: f64,
}

/// Checks the size against the limits of H.264.
pub(super) fn check(width: usize, height: usize) -> Result<()> {
    let fits = width.max(height) <= MAX_SIDES.0 && width.min(height) <= MAX_SIDES.1;
    if fits && width.is_multiple_of(2) && height.is_multiple_of(2) {
        return Ok(());
    }
    let limit = format!("even sides up to {} x {}", MAX_SIDES.0, MAX_SIDES.1);
    Err(Error::invalid("size", format!("{width} x {height} pixels, a video has {limit}")))
}

impl<W: Write> Writer<W> {
    pub fn new(writer: W, width: usize, height: usize, fps: f32) -> Result<Self> {
        check(width, height)?;
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .rate_control_mode(RateControlMode::Off)
            .qp(QUALITY)
            .max_frame_rate(FrameRate::from_hz(fps))
            .intra_frame_period(IntraFramePeriod::from_num_frames((fps * KEY_SECONDS).ceil() as u32))
            .skip_frames(false)
            .scene_change_detect(false)
            .adaptive_quantization(false)
            .background_detection(false)
            // One thread: the same clip gives the same file on every machine.
            .num_threads(1)
            .vui(VuiConfig::bt709());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config).map_err(encoding)?;
        let muxer = MuxerBuilder::new(writer)
            .video(VideoCodec::H264, width as u32, height as u32, fps.into())
            .build()
            .map_err(muxing)?;
        Ok(Self { encoder, muxer, frame: 0, fps: fps.into() })
    }

    /// Adds a picture.
    pub fn add(&mut self, image: &Image) -> Result<()> {
        let stream = self.encoder.encode(&planes(image)).map_err(encoding)?;
        let key = matches!(stream.frame_type(), FrameType::IDR | FrameType::I);
        let seconds = self.frame as f64 / self.fps;
        self.frame += 1;
        self.muxer.write_video(seconds, &stream.to_vec(), key).map_err(muxing)
    }

    /// Writes the file.
    pub fn finish(self) -> Result<()> {
        self.muxer.finish().map_err(muxing)
    }
}

/// Luma of each pixel, then the two chroma values of each square of four: BT.709, 16 to 235 and 16 to 240. The encoder's own
/// conversion truncates fractions, which tints every picture.
fn planes(image: &Image) -> YUVBuffer {
    const LUMA: Vec3 = Vec3::new(0.2126, 0.7152, 0.0722);
    let (width, height) = (image.width(), image.height());
    let pixels = image.pixels().as_chunks::<3>().0;
    let colour = |at: usize| Vec3::from_array(pixels[at].map(f32::from));
    let mut out: Vec<u8> = (0..pixels.len()).map(|at| (16.5 + colour(at).dot(LUMA) * (219.0 / 255.0)) as u8).collect();
    for (channel, range) in [(2, 1.8556), (0, 1.5748)] {
        for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y, x))) {
            let at = 2 * (y * width + x);
            let mean = (colour(at) + colour(at + 1) + colour(at + width) + colour(at + width + 1)) * 0.25;
            out.push((128.5 + (mean[channel] - mean.dot(LUMA)) / range * (224.0 / 255.0)) as u8);
        }
    }
    YUVBuffer::from_vec(out, width, height)
}

/// Ticks per second of the pictures, and of the film.
const MEDIA: f64 = 90_000.0;
const MOVIE: f64 = 1000.0;

/// Gives the only picture of a film its duration. The muxer knows durations from the next picture, and gives the last one
/// that of the picture before it, or one tick.
pub(super) fn hold_one_picture(film: &mut [u8], fps: f32) {
    let seconds = 1.0 / f64::from(fps);
    set_durations(film, (seconds * MEDIA).round() as u32, (seconds * MOVIE).round() as u32);
}

/// Sets the durations in all boxes of `bytes`, of pictures and of the film, in ticks.
fn set_durations(bytes: &mut [u8], media: u32, movie: u32) {
    let mut rest = bytes;
    while let Some(head) = rest.first_chunk::<8>() {
        let (size, kind) =
            (u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize, [head[4], head[5], head[6], head[7]]);
        let Some((inner, after)) = rest.split_at_mut_checked(size.max(8)) else { return };
        let inner = &mut inner[8..];
        match &kind {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" => set_durations(inner, media, movie),
            // Each begins with its version 0, which has 32-bit durations.
            b"mvhd" => set(inner, 16, movie),
            b"tkhd" => set(inner, 20, movie),
            b"mdhd" => set(inner, 16, media),
            b"stts" => set(inner, 12, media),
            _ => {}
        }
        rest = after;
    }
}

fn set(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

fn encoding(error: openh264::Error) -> Error {
    Error::internal(format!("H.264: {error}"))
}

fn muxing(error: MuxerError) -> Error {
    match error {
        MuxerError::Io(source) => Error::io("write", "", source),
        other => Error::internal(format!("MP4: {other}")),
    }
}
