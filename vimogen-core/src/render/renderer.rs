//! Pictures of a motion, frame by frame.

use std::path::PathBuf;

use glam::{Vec2, Vec3};
use rayon::prelude::*;

use super::camera::{Aim, Camera, Extrinsics, bounds, focal_length};
use super::depth;
use super::ground::Ground;
use super::image::{Image, MAX_SIDE};
use super::light::{self, Shadow};
use super::mesh_sequence::{MeshSequence, SIDES, linear};
use super::raster::{NOTHING, Samples, Weights, project, sample};
use crate::declare::{OptionSet, named_enum, options};
use crate::error::{Error, Result};

/// Samples of a pixel along x and y.
const FINE: usize = 3;
/// Minimum side of a picture in pixels.
const MIN_SIDE: usize = 16;
/// Share of the picture that is left free at each border.
const FREE: f32 = 0.07;
/// Extent of a path on the ground that a camera sees without following, metres for a body of scale 1.
const STILL: f32 = 2.0;
/// Field of view of depth videos over the larger side of the picture, degrees.
const DEPTH_FIELD: f64 = 55.0;

named_enum! {
    /// Movement of the camera.
    pub enum View("view", default Auto) {
        /// Stands still and sees the whole path.
        Path = "path",
        /// Keeps its distance to the body.
        Follow = "follow",
        /// Stands still for a path within 2 m, and follows a longer one.
        Auto = "auto",
        /// That of MBench's videos, regardless of yaw and pitch: stands still in front, 30 degrees up, and sees the whole path.
        Mbench = "mbench",
    }
}

named_enum! {
    /// Content of the pixels.
    pub enum Style("style", default Lit) {
        /// A lit body on the ground; the built-in body's left is tinted blue, its right orange.
        Lit = "lit",
        /// Depth over the whole clip in shades of grey, white is near. The camera is that of MBench's depth videos with a
        /// field of view of 55 degrees, regardless of view, yaw and pitch.
        Depth = "depth",
        /// As `lit`, but the whole body in one light grey.
        Plain = "plain",
    }
}

options! {
    /// Options of pictures. The default is a three-quarter view, 960 x 960.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct RenderOptions {
        /// Width in pixels.
        width, with_width: usize = 960, in MIN_SIDE..=MAX_SIDE;
        /// Height in pixels.
        height, with_height: usize = 960, in MIN_SIDE..=MAX_SIDE;
        /// Content of the pixels.
        style, with_style: Style = Style::default();
        /// Movement of the camera.
        view, with_view: View = View::default();
        /// Direction of the camera in degrees around the body: 0 in front of a canonical motion, 90 at its right.
        yaw, with_yaw: f32 = 35.0;
        /// Downward angle of the camera in degrees.
        pitch, with_pitch: f32 = 12.0, in -10.0..=89.0;
    }
}

impl RenderOptions {
    /// Depth as models that follow a depth video read it, 384 x 384.
    pub fn depth() -> Self {
        Self::default().with_size(384, 384).with_style(Style::Depth)
    }

    /// Sets width and height in pixels.
    pub fn with_size(self, width: usize, height: usize) -> Self {
        self.with_width(width).with_height(height)
    }

    /// Sets yaw and pitch in degrees.
    pub fn with_angles(self, yaw: f32, pitch: f32) -> Self {
        self.with_yaw(yaw).with_pitch(pitch)
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the option that is out of range.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()?;
        if self.yaw.is_finite() { Ok(()) } else { Err(Error::invalid("yaw", format!("{} degrees", self.yaw))) }
    }

    /// Direction and field of view of the camera.
    fn aim(&self) -> Aim {
        let (yaw, pitch, field) =
            if self.view == View::Mbench { (0.0, 30.0, 60f32) } else { (self.yaw, self.pitch, 40.0) };
        Aim { yaw: yaw.to_radians(), pitch: pitch.to_radians(), field: field.to_radians() }
    }
}

/// The pictures of a motion. They are drawn when asked for.
pub struct Renderer<'a> {
    sequence: &'a MeshSequence,
    options: RenderOptions,
    /// One for all frames, or one per frame.
    cameras: Vec<Camera>,
    ground: Ground,
    /// The ground without a shadow, if the camera stands still.
    backdrop: Option<Image>,
    /// Minimum and maximum depth of the clip, for depth pictures.
    range: Option<(f32, f32)>,
    /// PNG files that the pictures are laid over, or none.
    below: Vec<PathBuf>,
}

impl<'a> Renderer<'a> {
    /// Places the camera.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a size or an angle out of range.
    pub fn new(sequence: &'a MeshSequence, options: &RenderOptions) -> Result<Self> {
        options.check()?;
        let (low, high) = bounds(sequence.path.iter().copied());
        let reach = (high - low).truncate().length() * 0.5 + 2.6 * sequence.scale;
        let centre = ((low + high) * 0.5).truncate();
        let ground = Ground { height: sequence.floor, centre, reach, scale: sequence.scale };
        let mut renderer =
            Self { sequence, options: *options, cameras: vec![], ground, backdrop: None, range: None, below: vec![] };
        renderer.cameras = match options.style {
            Style::Depth => vec![renderer.viewer()?],
            Style::Lit | Style::Plain => renderer.aimed(),
        };
        match options.style {
            Style::Depth => renderer.range = renderer.depths(),
            Style::Lit | Style::Plain if renderer.cameras.len() == 1 => {
                renderer.backdrop = Some(ground.picture(&renderer.cameras[0], options.width, options.height));
            }
            Style::Lit | Style::Plain => {}
        }
        Ok(renderer)
    }

    /// Lays the pictures at 50 % over PNG files of their size, one per frame, such as the frames of a video.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are fewer files than frames.
    pub fn over(self, files: Vec<PathBuf>) -> Result<Self> {
        match files.len() >= self.len() {
            true => Ok(Self { below: files, ..self }),
            false => {
                let counts = format!("{} pictures for {} frames; cut the motion", files.len(), self.len());
                Err(Error::invalid("overlay", counts))
            }
        }
    }

    /// Number of frames.
    #[allow(clippy::len_without_is_empty, reason = "a renderer has at least one frame")]
    pub fn len(&self) -> usize {
        self.sequence.len()
    }

    /// Pixels in a row, and rows.
    pub fn size(&self) -> (usize, usize) {
        (self.options.width, self.options.height)
    }

    /// The picture of a frame.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a frame that is not there; of a film over files those of [`Image::load_png`], and
    /// [`Error::InvalidArgument`] for a file of another size.
    pub fn frame(&self, index: usize) -> Result<Image> {
        if index >= self.len() {
            return Err(Error::invalid("frame", format!("{index} of a clip of {} frames, the first is 0", self.len())));
        }
        let picture = match self.options.style {
            Style::Lit | Style::Plain => self.lit(index),
            Style::Depth => self.gray(index),
        };
        match self.below.get(index) {
            Some(file) => Image::load_png(file)?.overlaid(&picture),
            None => Ok(picture),
        }
    }

    fn camera(&self, index: usize) -> &Camera {
        self.cameras.get(index).unwrap_or(&self.cameras[0])
    }

    fn viewer(&self) -> Result<Camera> {
        let (width, height) = self.size();
        let path = ndarray::Array3::from_shape_fn((self.len(), crate::motion::layout::JOINTS, 3), |(t, _, c)| {
            self.sequence.path[t][c]
        });
        let extrinsics = Extrinsics::viewer(path.view(), super::camera::Up::Z)?;
        Ok(extrinsics.camera(width, height, focal_length(width, height, DEPTH_FIELD) as f32))
    }

    /// The cameras that see the whole path, or go with it.
    fn aimed(&self) -> Vec<Camera> {
        let RenderOptions { width, height, view, .. } = self.options;
        let (aim, sequence) = (self.options.aim(), self.sequence);
        let follows = match view {
            View::Path | View::Mbench => false,
            View::Follow => true,
            View::Auto => {
                let (low, high) = bounds(sequence.path.iter().copied());
                (high - low).truncate().length() > STILL * sequence.scale
            }
        };
        match follows {
            false => vec![aim.frame(sequence.frames.iter().flatten().copied(), width, height, FREE)],
            true => {
                let path = smoothed(&sequence.path);
                let around =
                    path.iter().zip(&sequence.frames).flat_map(|(at, frame)| frame.iter().map(|v| *v - at.extend(0.0)));
                let camera = aim.frame(around, width, height, FREE);
                path.iter().map(|at| camera.moved(at.extend(0.0))).collect()
            }
        }
    }

    fn lit(&self, index: usize) -> Image {
        let (width, height) = self.size();
        let (camera, sequence) = (self.camera(index), self.sequence);
        let vertices = &sequence.frames[index];
        let mut image = match &self.backdrop {
            Some(image) => image.clone(),
            None => self.ground.picture(camera, width, height),
        };
        let shadow = Shadow::new(vertices, &sequence.faces, sequence.floor, sequence.scale);
        self.ground.darken(&mut image, camera, &shadow);
        let spots = project(camera, vertices, FINE);
        let samples = sample(&spots, &sequence.faces, FINE * width, FINE * height);
        let normals = sequence.normals(index);
        let plain = (self.options.style == Style::Plain).then(|| linear(SIDES[0]));
        let colour = |v: u32| plain.unwrap_or_else(|| sequence.colour(v));
        let light = |face: u32, x: f32, y: f32| {
            let corners = sequence.faces[face as usize];
            let Some(weights) = Weights::new(corners.map(|v| spots[v as usize].truncate())) else { return Vec3::ZERO };
            let near = Vec3::from_array(corners.map(|v| spots[v as usize].z));
            let weights = weights.get(x, y) * near;
            let weights = weights / weights.element_sum();
            let mix = |of: &dyn Fn(u32) -> Vec3| (0..3).map(|i| of(corners[i]) * weights[i]).sum::<Vec3>();
            let normal = mix(&|v| normals[v as usize]).normalize_or_zero();
            let viewer = -camera.ray(x / FINE as f32, y / FINE as f32).normalize_or_zero();
            light::shade(mix(&colour), normal, viewer)
        };
        lay_over(&mut image, &samples, light);
        image
    }

    /// Depth at the centres of the pixels.
    fn depth(&self, index: usize) -> Samples {
        let (width, height) = self.size();
        let spots = project(self.camera(index), &self.sequence.frames[index], 1);
        sample(&spots, &self.sequence.faces, width, height)
    }

    fn depths(&self) -> Option<(f32, f32)> {
        let one = |index| {
            let seen = self.depth(index).nearness;
            seen.into_iter().filter(|n| *n > 0.0).fold(None, |range, n| depth::widened(range, 1.0 / n))
        };
        let all: Vec<_> = (0..self.len()).into_par_iter().map(one).collect();
        all.into_iter().flatten().fold(None, |range, (low, high)| depth::widened(depth::widened(range, low), high))
    }

    fn gray(&self, index: usize) -> Image {
        let (width, height) = self.size();
        let mut image = Image::filled(width, height, [0; 3]);
        let samples = self.depth(index);
        let mut nearness = samples.nearness.iter();
        for y in samples.y.clone() {
            for (x, near) in samples.x.clone().zip(&mut nearness).filter(|(_, near)| **near > 0.0) {
                let at = 3 * (y * width + x);
                image.pixels_mut()[at..at + 3].fill(depth::gray(1.0 / near, self.range));
            }
        }
        image
    }
}

/// Positions on the ground with a weighted mean over a second and more of video: the camera does not rock with each step.
fn smoothed(path: &[Vec3]) -> Vec<Vec2> {
    const REACH: isize = 16;
    let last = path.len() as isize - 1;
    let at = |t: isize| path[t.clamp(0, last) as usize].truncate();
    let weight = |k: isize| (-0.5 * (2.0 * k as f32 / REACH as f32).powi(2)).exp();
    let total: f32 = (-REACH..=REACH).map(weight).sum();
    (0..=last).map(|t| (-REACH..=REACH).map(|k| at(t + k) * weight(k)).sum::<Vec2>() / total).collect()
}

/// Means of the samples of each pixel, in linear light, over what the picture shows there.
fn lay_over(image: &mut Image, samples: &Samples, light: impl Fn(u32, f32, f32) -> Vec3) {
    let width = image.width();
    let columns = samples.x.len();
    for y in samples.y.start / FINE..samples.y.end.div_ceil(FINE) {
        for x in samples.x.start / FINE..samples.x.end.div_ceil(FINE) {
            let (mut sum, mut count) = (Vec3::ZERO, 0);
            for sy in (FINE * y).max(samples.y.start)..(FINE * (y + 1)).min(samples.y.end) {
                for sx in (FINE * x).max(samples.x.start)..(FINE * (x + 1)).min(samples.x.end) {
                    let face = samples.face[(sy - samples.y.start) * columns + sx - samples.x.start];
                    if face != NOTHING {
                        sum += light(face, sx as f32 + 0.5, sy as f32 + 0.5);
                        count += 1;
                    }
                }
            }
            if count > 0 {
                let at = 3 * (y * width + x);
                let pixel = &mut image.pixels_mut()[at..at + 3];
                let behind = linear([pixel[0], pixel[1], pixel[2]]) * (FINE * FINE - count) as f32;
                pixel.copy_from_slice(&display((sum + behind) / (FINE * FINE) as f32));
            }
        }
    }
}

/// Linear light to sRGB.
fn display(light: Vec3) -> [u8; 3] {
    light.to_array().map(|v| {
        let v = v.clamp(0.0, 1.0);
        let v = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        (255.0 * v + 0.5) as u8
    })
}
