//! Options of reading and writing.

use std::collections::BTreeMap;

use super::bvh::BvhOptions;
use crate::body::BodyModel;
use crate::declare::defaults;
use crate::motion::{LengthUnit, UpAxis};

defaults! {
    /// Options of [`Motion::load_with`](crate::Motion::load_with). Open options are found in the file, and reported by
    /// [`Motion::source`](crate::Motion::source).
    #[derive(Debug, Clone, Copy)]
    #[non_exhaustive]
    pub struct LoadOptions<'a> {
        /// Body from which a clip of SMPL parameters gets its joints, with the clip's shape; `None`: the neutral body.
        /// Files of other formats hold joint positions.
        body, with_body(into): Option<&'a BodyModel> = None;
        /// Frames per second; `None`: the rate of the file, or the one that its program always writes.
        fps, with_fps(into): Option<f32> = None;
        /// Axis of the file that points up.
        up, with_up(into): Option<UpAxis> = None;
        /// Unit of length of the file.
        unit, with_unit(into): Option<LengthUnit> = None;
        /// The person to read from a file of several, by name or number.
        person, with_person(into): Option<&'a str> = None;
        /// Names of the file's joints by ours ([`JOINT_NAMES`](crate::motion::skeleton::JOINT_NAMES)), for rigs that are
        /// not recognised.
        names, with_names(into): Option<&'a BTreeMap<String, String>> = None;
        /// Whether a body is fitted to files that hold joint positions without rotations.
        fit_joints, with_fit_joints: bool = false;
    }
}

defaults! {
    /// Options of [`Motion::save_with`](crate::Motion::save_with). A format ignores the options of others.
    #[derive(Debug, Clone, Copy)]
    #[non_exhaustive]
    pub struct SaveOptions<'a> {
        /// Body of `.glb`, `.mp4`, `.gif` and `.png`; `None`: the neutral body.
        body, with_body(into): Option<&'a BodyModel> = None;
        /// Caption of the player (`.html`), such as the prompt. Any text: it is escaped.
        title, with_title: &'a str = "";
        /// Names, unit and bones of `.bvh`.
        bvh, with_bvh: BvhOptions = BvhOptions::default();
    }
}
