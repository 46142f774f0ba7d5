//! Animated properties of nodes over time.

use std::collections::HashSet;
use std::sync::Arc;

use glam::{DAffine3, DQuat, DVec4};

use super::accessor::{Accessors, Rows};
use super::container::bad;
use super::json::{Animation, Channel, Interpolation, Path};
use super::nodes::{Local, unit};
use crate::error::Result;
use crate::io::scene::animated::Curves;

/// Seconds by which a key may be late: times are in single precision.
const ROUNDING: f64 = 1e-4;

/// A property of a node over time.
#[derive(Debug)]
pub(super) struct Track {
    pub node: usize,
    path: Path,
    times: Arc<Rows>,
    values: Arc<Rows>,
    interpolation: Interpolation,
}

impl Track {
    /// The track of a channel of `animation`; `None` for properties other than a node's place.
    pub(super) fn read(animation: &Animation, channel: &Channel, accessors: &Accessors<'_>) -> Result<Option<Self>> {
        let (Some(node), path @ (Path::Translation | Path::Rotation | Path::Scale)) =
            (channel.target.node, channel.target.path)
        else {
            return Ok(None);
        };
        let name = &animation.name;
        let fault = |reason: &str| bad(format!("animation {name:?}, node {node}: {reason}"));
        let sampler = animation.samplers.get(channel.sampler).ok_or_else(|| fault("its sampler is missing"))?;
        let (times, values) = (accessors.rows(sampler.input)?, accessors.rows(sampler.output)?);
        let per_key = if sampler.interpolation == Interpolation::CubicSpline { 3 } else { 1 };
        if times.width != 1 || times.values.is_empty() {
            return Err(fault("it has no list of times"));
        }
        if values.width != if path == Path::Rotation { 4 } else { 3 } || values.len() < per_key * times.len() {
            return Err(fault("values and times do not match"));
        }
        if times.values.windows(2).any(|pair| pair[1] < pair[0]) {
            return Err(fault("its times do not rise"));
        }
        Ok(Some(Self { node: node as usize, path, times, values, interpolation: sampler.interpolation }))
    }

    /// Times of the keys, seconds.
    pub(super) fn times(&self) -> &[f32] {
        &self.times.values
    }

    /// Whether the values of the keys differ.
    pub(super) fn moves(&self) -> bool {
        let width = self.values.width;
        let (first, later) = self.values.values.split_at(width.min(self.values.values.len()));
        let far = |row: &[f32]| row.iter().zip(first).any(|(a, b)| (a - b).abs() > 1e-4);
        // Tangents lie between the values of a spline.
        if self.interpolation == Interpolation::CubicSpline {
            let key = |n: usize| self.values.row::<4>(3 * n + 1);
            return (1..self.times.len()).any(|n| DVec4::from(key(n)).distance(key(0).into()) > 1e-4);
        }
        later.chunks_exact(width).any(far)
    }

    /// Puts the property at a time, seconds, into a node's place.
    pub(super) fn apply(&self, time: f64, local: &mut Local) {
        let value = self.at(time);
        match self.path {
            Path::Translation => local.translation = value.truncate(),
            Path::Scale => local.scale = value.truncate(),
            _ => local.rotation = unit(DQuat::from_vec4(value)),
        }
    }

    fn at(&self, time: f64) -> DVec4 {
        let times = self.times();
        let after = times.partition_point(|t| f64::from(*t) <= time + ROUNDING);
        let Some(before) = after.checked_sub(1) else { return self.key(0) };
        if after == times.len() || self.interpolation == Interpolation::Step {
            return self.key(before);
        }
        let (start, end) = (f64::from(times[before]), f64::from(times[after]));
        let (step, s) = (end - start, ((time - start) / (end - start)).clamp(0.0, 1.0));
        match self.interpolation {
            Interpolation::CubicSpline => self.spline(before, step, s),
            _ if self.path == Path::Rotation => {
                let turn = |key| unit(DQuat::from_vec4(self.key(key)));
                turn(before).slerp(turn(after), s).into()
            }
            _ => self.key(before).lerp(self.key(after), s),
        }
    }

    /// The value at a key.
    fn key(&self, key: usize) -> DVec4 {
        self.part(key, 1)
    }

    /// Of a spline's key the incoming tangent (0), the value (1) or the outgoing tangent (2).
    fn part(&self, key: usize, part: usize) -> DVec4 {
        let spline = self.interpolation == Interpolation::CubicSpline;
        self.values.row::<4>(if spline { 3 * key + part } else { key }).into()
    }

    /// Hermite's spline; glTF 2.0, appendix C.
    fn spline(&self, key: usize, step: f64, s: f64) -> DVec4 {
        let (s2, s3) = (s * s, s * s * s);
        self.key(key) * (2.0 * s3 - 3.0 * s2 + 1.0)
            + self.part(key, 2) * (step * (s3 - 2.0 * s2 + s))
            + self.key(key + 1) * (3.0 * s2 - 2.0 * s3)
            + self.part(key + 1, 0) * (step * (s3 - s2))
    }
}

/// The tracks of an animation, with the places of all nodes without it.
#[derive(Debug)]
pub(super) struct Tracks {
    locals: Vec<Local>,
    /// Sorted by their nodes.
    tracks: Vec<Track>,
}

impl Tracks {
    pub(super) fn new(locals: Vec<Local>, mut tracks: Vec<Track>) -> Self {
        tracks.sort_by_key(|track| track.node);
        Self { locals, tracks }
    }

    /// Times of all keys, in no order.
    pub(super) fn times(&self) -> Vec<f64> {
        let mut seen = HashSet::new();
        let mut times = Vec::new();
        for track in &self.tracks {
            // Most tracks share one list of times.
            if seen.insert(Arc::as_ptr(&track.times)) {
                times.extend(track.times().iter().map(|t| f64::from(*t)));
            }
        }
        times
    }
}

impl Curves for Tracks {
    fn local(&self, node: usize, time: f64) -> DAffine3 {
        let mut local = self.locals[node];
        let start = self.tracks.partition_point(|track| track.node < node);
        let own = self.tracks[start..].iter().take_while(|track| track.node == node);
        own.for_each(|track| track.apply(time, &mut local));
        local.affine()
    }
}
