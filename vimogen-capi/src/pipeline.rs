//! Loading and describing a model.

use std::ffi::c_char;

use vimogen_core::declare::NamedEnum;
use vimogen_core::sample::options::{MAX_FRAMES, MIN_FRAMES};
use vimogen_core::{DeviceSpec, Error, Pipeline, PipelineBuilder, Result, WeightDtype};

use crate::edge::{
    Growing, Params, Place, borrow, free, handle, init, optional_params, optional_text, output, owned_text, room, text,
};
use crate::status::{guard, vimogen_status};

/// A loaded model. `const vimogen_pipeline *` may be used from several threads at once.
pub struct vimogen_pipeline(pub(crate) Pipeline);

/// Options of loading a model. Fill it with `vimogen_load_params_init`, then change fields.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_load_params {
    /// Set by `vimogen_load_params_init`.
    pub struct_size: u32,
    /// A `vimogen_dtype`. Default: `VIMOGEN_DTYPE_F32`.
    pub dtype: i32,
    /// Device that computes: `"cpu"`, `"cuda:0"`, `"wgpu"`. Default: NULL, which is `"cpu"`.
    pub device: *const c_char,
    /// Not 0: leave out the reference path, a third of the model. Default: 0.
    pub text_only: i32,
    /// Always 0.
    pub reserved: i32,
}

// SAFETY: plain values and a pointer, the first field is the size.
unsafe impl Growing for vimogen_load_params {
    const NAME: &'static str = "vimogen_load_params";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_load_params {
    fn defaults() -> Self {
        let struct_size = size_of::<Self>() as u32;
        Self {
            struct_size,
            dtype: WeightDtype::default().number(),
            device: std::ptr::null(),
            text_only: 0,
            reserved: 0,
        }
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_load_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_load_params_init(params: *mut vimogen_load_params, size: usize) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(params, size) })
}

fn builder(params: &vimogen_load_params) -> Result<PipelineBuilder> {
    // SAFETY: the caller keeps the conventions of the header.
    let device = unsafe { optional_text("device", params.device) }?;
    let dtype = WeightDtype::from_number(params.dtype)?;
    let device: DeviceSpec = device.map_or(Ok(DeviceSpec::Cpu), str::parse)?;
    let builder = Pipeline::builder().device(device).dtype(dtype);
    Ok(if params.text_only != 0 { builder.text_only() } else { builder })
}

/// Loads a model.
///
/// `path`: a model directory; NULL is the built-in model. `params`: NULL for the defaults. `pipeline`: receives
/// the model, to be freed with `vimogen_pipeline_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_pipeline_load(
    path: *const c_char,
    params: *const vimogen_load_params,
    pipeline: *mut *mut vimogen_pipeline,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (path, params, place) = unsafe {
            (optional_text("path", path)?, optional_params("params", params)?, Place::new("pipeline", pipeline)?)
        };
        let builder = builder(&params)?;
        let loaded = match path {
            Some(path) => builder.open(path),
            None => builder.builtin(),
        };
        place.write(handle(vimogen_pipeline(loaded?)));
        Ok(())
    })
}

/// Frees a model. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_pipeline_free(pipeline: *mut vimogen_pipeline) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { free("pipeline", pipeline) })
}

/// Description of a model.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_pipeline_info {
    /// Frames per second of its motions.
    pub fps: f32,
    /// Recommended guidance scale.
    pub guidance_scale: f32,
    /// Recommended strength.
    pub strength: f64,
    /// Minimum length of a motion in frames.
    pub min_frames: u32,
    /// Maximum length of a motion in frames.
    pub max_frames: u32,
    /// Width of the rows of prompt embeddings.
    pub text_dim: u32,
    /// 1 if it encodes prompts, 0 if it needs embeddings.
    pub has_text_encoder: i32,
    /// 1 if it can follow a reference motion.
    pub has_reference: i32,
    /// Always 0.
    pub reserved: i32,
}

// SAFETY: plain values.
unsafe impl Growing for vimogen_pipeline_info {
    const NAME: &'static str = "vimogen_pipeline_info";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

/// Describes a model. `size` is `sizeof(vimogen_pipeline_info)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_pipeline_get_info(
    pipeline: *const vimogen_pipeline,
    info: *mut vimogen_pipeline_info,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, place) = unsafe { (borrow("pipeline", pipeline)?, output("info", info, size)?) };
        place.write(describe(&pipeline.0));
        Ok(())
    })
}

fn describe(pipeline: &Pipeline) -> vimogen_pipeline_info {
    let config = pipeline.config();
    vimogen_pipeline_info {
        fps: config.fps,
        guidance_scale: config.generation.guidance_scale,
        strength: config.generation.strength,
        min_frames: MIN_FRAMES as u32,
        max_frames: MAX_FRAMES as u32,
        text_dim: config.dit.text_dim as u32,
        has_text_encoder: pipeline.encoder().is_some().into(),
        has_reference: config.dit.reference.into(),
        reserved: 0,
    }
}

/// The model's `config.json`. `json` receives a string, to be freed with `vimogen_string_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_pipeline_config(
    pipeline: *const vimogen_pipeline,
    json: *mut *mut c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, place) = unsafe { (borrow("pipeline", pipeline)?, Place::new("json", json)?) };
        let text =
            serde_json::to_string_pretty(pipeline.0.config()).map_err(|e| Error::config("config", e.to_string()))?;
        place.write(owned_text(text)?);
        Ok(())
    })
}

/// Notes on a prompt: words, movements and counts outside of what the model was trained on. `json` receives an array of objects
/// with `kind`, `words`, `suggestions` and `message`, to be freed with `vimogen_string_free`; it is empty for models without
/// a list of their movements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_pipeline_notes(
    pipeline: *const vimogen_pipeline,
    prompt: *const c_char,
    json: *mut *mut c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, prompt, place) =
            unsafe { (borrow("pipeline", pipeline)?, text("prompt", prompt)?, Place::new("json", json)?) };
        let notes =
            serde_json::to_string(&pipeline.0.notes(prompt)).map_err(|e| Error::config("notes", e.to_string()))?;
        place.write(owned_text(notes)?);
        Ok(())
    })
}

/// Encodes a prompt as rows of `text_dim` values for `vimogen_generate_from_embeddings`.
///
/// `rows`: receives the number of rows. `embeddings`: memory for `capacity` values, or NULL with a capacity of 0 to
/// receive the number of rows only. If `capacity` is too small, only `rows` is written, and the status is
/// `VIMOGEN_STATUS_SHAPE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_pipeline_encode(
    pipeline: *const vimogen_pipeline,
    prompt: *const c_char,
    embeddings: *mut f32,
    capacity: usize,
    rows: *mut usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, prompt, count) =
            unsafe { (borrow("pipeline", pipeline)?, text("prompt", prompt)?, Place::new("rows", rows)?) };
        let encoded = pipeline.0.encode(prompt)?;
        count.write(encoded.nrows());
        if embeddings.is_null() && capacity == 0 {
            return Ok(());
        }
        // SAFETY: as above.
        let room = unsafe { room("embeddings", embeddings, capacity)? };
        if capacity < encoded.len() {
            return Err(Error::shape("embeddings", format!("room for {} numbers", encoded.len()), &[capacity]));
        }
        room.iter_mut().zip(&encoded).for_each(|(place, value)| _ = place.write(*value));
        Ok(())
    })
}
