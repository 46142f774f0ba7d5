//! Options of reading and writing.

use std::collections::BTreeMap;

use super::bvh::BvhOptions;
use crate::body::BodyModel;
use crate::motion::{LengthUnit, UpAxis};

/// Options of [`Motion::load_with`](crate::Motion::load_with). What is left open is found in the file, and reported by
/// [`Motion::source`](crate::Motion::source).
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LoadOptions<'a> {
    /// Body from which a clip of SMPL parameters gets its joints, with the clip's shape; `None`: the neutral body. Files
    /// of other formats hold joint positions.
    pub body: Option<&'a BodyModel>,
    /// Frames per second; `None`: the rate of the file, or the one that its program always writes.
    pub fps: Option<f32>,
    /// Axis of the file that points up.
    pub up: Option<UpAxis>,
    /// Unit of length of the file.
    pub unit: Option<LengthUnit>,
    /// The person to read from a file of several, by name or number.
    pub person: Option<&'a str>,
    /// Names of the file's joints by ours ([`JOINT_NAMES`](crate::motion::skeleton::JOINT_NAMES)), for rigs that are
    /// not recognised.
    pub names: Option<&'a BTreeMap<String, String>>,
    /// Whether a body is fitted to files that hold joint positions without rotations.
    pub fit_joints: bool,
}

impl<'a> LoadOptions<'a> {
    /// Sets the body of clips of SMPL parameters.
    pub fn with_body(mut self, body: impl Into<Option<&'a BodyModel>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the frame rate.
    pub fn with_fps(mut self, fps: impl Into<Option<f32>>) -> Self {
        self.fps = fps.into();
        self
    }

    /// Sets the axis that points up.
    pub fn with_up(mut self, up: impl Into<Option<UpAxis>>) -> Self {
        self.up = up.into();
        self
    }

    /// Sets the unit of length.
    pub fn with_unit(mut self, unit: impl Into<Option<LengthUnit>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Sets the person to read.
    pub fn with_person(mut self, person: impl Into<Option<&'a str>>) -> Self {
        self.person = person.into();
        self
    }

    /// Sets the names of the file's joints.
    pub fn with_names(mut self, names: impl Into<Option<&'a BTreeMap<String, String>>>) -> Self {
        self.names = names.into();
        self
    }

    /// Fits a body to joint positions.
    pub fn with_fit_joints(mut self, fit: bool) -> Self {
        self.fit_joints = fit;
        self
    }
}

/// Options of [`Motion::save_with`](crate::Motion::save_with). A format ignores the options of others.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SaveOptions<'a> {
    /// Body of `.glb`, `.mp4`, `.gif` and `.png`; `None`: the neutral body.
    pub body: Option<&'a BodyModel>,
    /// Caption of the player (`.html`), such as the prompt. Any text: it is escaped.
    pub title: &'a str,
    /// Names, unit and bones of `.bvh`.
    pub bvh: BvhOptions,
}

impl<'a> SaveOptions<'a> {
    /// Sets the body.
    pub fn with_body(mut self, body: impl Into<Option<&'a BodyModel>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the caption.
    pub fn with_title(mut self, title: &'a str) -> Self {
        self.title = title;
        self
    }

    /// Sets names, unit and bones of `.bvh`.
    pub fn with_bvh(mut self, bvh: BvhOptions) -> Self {
        self.bvh = bvh;
        self
    }
}
