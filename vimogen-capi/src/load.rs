//! Reading motion files with options, and what was found in them.

use std::ffi::c_char;
use std::path::Path;
use std::ptr::null;

use vimogen_core::body::BodyModel;
use vimogen_core::declare::NamedEnum;
use vimogen_core::io::{JointMap, LoadOptions, load_joint_map, parse_joint_map};
use vimogen_core::motion::{LengthUnit, UpAxis};
use vimogen_core::{Error, Motion, Result};

use crate::edge::{Growing, Params, Place, borrow, handle, init, optional_params, optional_text, owned_text, text};
use crate::motion::vimogen_motion;
use crate::status::{guard, vimogen_status};

/// As stated by the file, or found in it.
pub const VIMOGEN_FROM_FILE: i32 = -1;

/// Options of reading a motion file. Fill it with `vimogen_motion_load_params_init`, then change fields.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_motion_load_params {
    /// Set by `vimogen_motion_load_params_init`.
    pub struct_size: u32,
    /// Axis of the file that points up, a `vimogen_up_axis`. Default: `VIMOGEN_FROM_FILE`.
    pub up: i32,
    /// Unit of length of the file, a `vimogen_unit`. Default: `VIMOGEN_FROM_FILE`.
    pub unit: i32,
    /// Frames per second. Default: 0, which is the file's rate, or that of the program that wrote it.
    pub fps: f32,
    /// Name or number of the person to read from a file of several. Default: NULL.
    pub person: *const c_char,
    /// Names of the file's joints by ours, for a skeleton that is not recognised: a JSON object such as
    /// `{"pelvis": "Hips", "left_hip": "LeftUpLeg"}`, or the path of a file that holds one. Default: NULL.
    pub names: *const c_char,
    /// SMPL or SMPL-X file, such as `SMPLX_NEUTRAL.npz`, of the body that gives a clip of SMPL parameters its joints.
    /// Default: NULL, the neutral body.
    pub body: *const c_char,
    /// Not 0: fit a body to a file of joint positions without rotations. Default: 0.
    pub fit_joints: i32,
    /// Always 0.
    pub reserved: i32,
}

// SAFETY: plain values and pointers, of which a NULL one is valid; the first field is the size.
unsafe impl Growing for vimogen_motion_load_params {
    const NAME: &'static str = "vimogen_motion_load_params";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_motion_load_params {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            up: VIMOGEN_FROM_FILE,
            unit: VIMOGEN_FROM_FILE,
            fps: 0.0,
            person: null(),
            names: null(),
            body: null(),
            fit_joints: 0,
            reserved: 0,
        }
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_motion_load_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_load_params_init(
    params: *mut vimogen_motion_load_params,
    size: usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(params, size) })
}

/// The value of an enum, or what the file says.
fn choice<E: NamedEnum>(number: i32) -> Result<Option<E>> {
    (number != VIMOGEN_FROM_FILE).then(|| E::from_number(number)).transpose()
}

pub(crate) fn joint_map(names: &str) -> Result<JointMap> {
    if names.trim_start().starts_with('{') { parse_joint_map(names) } else { load_joint_map(names) }
}

/// Options of reading with all that they refer to.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    body: Option<BodyModel>,
    fps: Option<f32>,
    up: Option<UpAxis>,
    unit: Option<LengthUnit>,
    person: Option<String>,
    names: Option<JointMap>,
    fit_joints: bool,
    /// The same as a text.
    pub(crate) settings: String,
}

impl Reading {
    /// # Safety
    /// Pointers in `params` are NULL or texts, by the conventions of the header.
    pub(crate) unsafe fn new(params: &vimogen_motion_load_params) -> Result<Self> {
        // SAFETY: as ours.
        let text = |name, pointer| unsafe { optional_text(name, pointer) };
        let body = text("body", params.body)?;
        let reading = Self {
            body: None,
            // NaN is passed on and refused.
            fps: (params.fps != 0.0).then_some(params.fps),
            up: choice(params.up)?,
            unit: choice(params.unit)?,
            person: text("person", params.person)?.map(String::from),
            names: text("names", params.names)?.map(joint_map).transpose()?,
            fit_joints: params.fit_joints != 0,
            settings: String::new(),
        };
        let settings = format!("{reading:?} {body:?}");
        Ok(Self { body: body.map(BodyModel::load).transpose()?, settings, ..reading })
    }

    pub(crate) fn load(&self, path: impl AsRef<Path>) -> Result<Motion> {
        let options = LoadOptions::default()
            .with_body(self.body.as_ref())
            .with_fps(self.fps)
            .with_up(self.up)
            .with_unit(self.unit)
            .with_person(self.person.as_deref())
            .with_names(self.names.as_ref())
            .with_fit_joints(self.fit_joints);
        Motion::load_with(path, &options)
    }
}

/// Reads a motion as `vimogen_motion_load` does, with options. `params`: NULL for the defaults. `motion`: receives it, to be
/// freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_load_with(
    path: *const c_char,
    params: *const vimogen_motion_load_params,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (path, params, place) =
            unsafe { (text("path", path)?, optional_params("params", params)?, Place::new("motion", motion)?) };
        // SAFETY: as above.
        place.write(handle(vimogen_motion::new(unsafe { Reading::new(&params)? }.load(path)?)));
        Ok(())
    })
}

/// How the motion was made. `json` receives an object, to be freed with `vimogen_string_free`: `"prompt"`, `"seed"`,
/// `"model"`, `"version"`, `"options"` and, where they apply, `"parts"`, `"from"`, `"constraints"` and `"changes"`. For a
/// motion that was not generated it is the text `null`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_meta(motion: *const vimogen_motion, json: *mut *mut c_char) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("json", json)?) };
        let meta = serde_json::to_string_pretty(&motion.motion.meta()).map_err(Error::internal)?;
        place.write(owned_text(meta)?);
        Ok(())
    })
}

/// The reader's report on the motion's file. `json` receives an object, to be freed with `vimogen_string_free`: `"kind"`
/// (format and program), `"up"` and `"unit"` of the file, `"rate"` (origin of the frame rate), `"person"`, `"persons"` and
/// `"warnings"`, of which each names the option that settles it. For a motion that was made otherwise, or changed, it is the
/// text `null`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_source(
    motion: *const vimogen_motion,
    json: *mut *mut c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("json", json)?) };
        let source = serde_json::to_string_pretty(&motion.motion.source()).map_err(Error::internal)?;
        place.write(owned_text(source)?);
        Ok(())
    })
}
