//! MP4 with H.264 as browsers play it: 4:2:0, the index before the pictures.

use std::io::Write;

use muxide::api::{Muxer, MuxerBuilder, MuxerError, VideoCodec};
use openh264::OpenH264API;
use openh264::encoder::{
    Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, MatrixCoefficients, QpRange, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::{RgbSliceU8, YUVBuffer};

use super::image::Image;
use crate::error::{Error, Result};

/// The encoder's largest sides, either way round.
const MAX_SIDES: (usize, usize) = (3840, 2160);
/// Seconds between pictures that a player can jump to.
const KEY_SECONDS: f32 = 2.0;
/// Quantisation of 0 (best) to 51: fine enough for thin lines to stay.
const QUALITY: QpRange = QpRange::new(18, 24);

/// Writes pictures of one size with even sides.
pub(super) struct Writer<W: Write> {
    encoder: Encoder,
    muxer: Muxer<W>,
    frame: u64,
    fps: f64,
}

/// Sides that H.264 can hold.
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
            // One thread: the same film makes the same file on every machine.
            .num_threads(1)
            // The colour conversion is that of BT.601; displays are sRGB, whose primaries are those of BT.709.
            .vui(VuiConfig::bt709().matrix_coefficients(MatrixCoefficients::Smpte170M));
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config).map_err(encoding)?;
        let muxer = MuxerBuilder::new(writer)
            .video(VideoCodec::H264, width as u32, height as u32, fps.into())
            .build()
            .map_err(muxing)?;
        Ok(Self { encoder, muxer, frame: 0, fps: fps.into() })
    }

    /// Adds a picture.
    pub fn add(&mut self, image: &Image) -> Result<()> {
        let colours = YUVBuffer::from_rgb8_source(RgbSliceU8::new(image.pixels(), (image.width(), image.height())));
        let stream = self.encoder.encode(&colours).map_err(encoding)?;
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

fn encoding(error: openh264::Error) -> Error {
    Error::Internal { reason: format!("H.264: {error}") }
}

fn muxing(error: MuxerError) -> Error {
    match error {
        MuxerError::Io(source) => Error::io("write", "", source),
        other => Error::Internal { reason: format!("MP4: {other}") },
    }
}
