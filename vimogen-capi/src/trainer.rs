//! Training on batches that the caller makes.

use std::ffi::c_char;

use ndarray::{Array, Array2, Array3, ArrayView, Dimension, IntoDimension};
use serde_json::Value;
use vimogen_core::model::Dit;
use vimogen_core::model::arrays::ClipArrays;
use vimogen_core::model::clips::ArgumentNames;
use vimogen_core::train::{NoiseDraw, StepReport, TrainBatch, TrainConfig, Trainer};
use vimogen_core::weights::{self, WeightDtype};
use vimogen_core::{DeviceSpec, DitConfig, Error, Result};

use crate::edge::{
    Growing, Params, Place, borrow, borrow_mut, free, handle, init, optional_text, output, params, slice, text, volume,
};
use crate::pipeline::vimogen_pipeline;
use crate::status::{guard, vimogen_status};

/// A model in training: weights, their moving average, optimiser, step count. One thread at a time may use it.
pub struct vimogen_trainer(Trainer);

/// How a training starts. Fill it with `vimogen_trainer_params_init`, then set `pipeline` or `model`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_trainer_params {
    /// Set by `vimogen_trainer_params_init`.
    pub struct_size: u32,
    /// Always 0.
    pub reserved: i32,
    /// Start from this model, on its device; load it with 32-bit weights. It is copied. Default: NULL.
    pub pipeline: *const vimogen_pipeline,
    /// Start from drawn weights: JSON of the network's sizes, as `"dit"` in a model's `config.json`. Default: NULL.
    pub model: *const c_char,
    /// JSON of settings, such as `{"lr": 1e-4, "num_steps": 1000}`; what it leaves out has the released recipe's value.
    /// Default: NULL, which is `{}`.
    pub config: *const c_char,
    /// Go on from the newest checkpoint below this folder, if there is one: its network must be that of `pipeline` or
    /// `model`. Default: NULL.
    pub resume: *const c_char,
    /// Where `model` computes; see `vimogen_load_params`. Default: NULL, which is `"cpu"`.
    pub device: *const c_char,
}

// SAFETY: integers and pointers, the first field is the size.
unsafe impl Growing for vimogen_trainer_params {
    const NAME: &'static str = "vimogen_trainer_params";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_trainer_params {
    fn defaults() -> Self {
        let null = std::ptr::null();
        let struct_size = size_of::<Self>() as u32;
        Self {
            struct_size,
            reserved: 0,
            pipeline: std::ptr::null(),
            model: null,
            config: null,
            resume: null,
            device: null,
        }
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_trainer_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_trainer_params_init(
    params: *mut vimogen_trainer_params,
    size: usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(params, size) })
}

/// Reads JSON; errors name the argument.
fn json<T: serde::de::DeserializeOwned>(name: &'static str, text: &str) -> Result<T> {
    // By way of a Value: a key that is given twice is then the last one, as in Python.
    let value: Value = serde_json::from_str(text).map_err(|e| Error::config(name, e.to_string()))?;
    serde_json::from_value(value).map_err(|e| Error::config(name, e.to_string()))
}

impl vimogen_trainer_params {
    /// # Safety
    /// The conventions of the header.
    unsafe fn create(&self) -> Result<Trainer> {
        // SAFETY: as ours.
        let (model, config, resume, device) = unsafe {
            (
                optional_text("model", self.model)?,
                optional_text("config", self.config)?,
                optional_text("resume", self.resume)?,
                optional_text("device", self.device)?,
            )
        };
        let config: TrainConfig = config.map_or_else(|| Ok(TrainConfig::default()), |text| json("config", text))?;
        config.check()?;
        let (dit, device) = match (self.pipeline.is_null(), model) {
            (false, None) if device.is_none() => {
                // SAFETY: as ours.
                let dit = unsafe { borrow("pipeline", self.pipeline)? }.0.dit().clone();
                let device = dit.device();
                (dit, device)
            }
            (true, Some(text)) => {
                let model: DitConfig = json("model", text)?;
                let device = device.map_or(Ok(DeviceSpec::Cpu), str::parse)?.open()?;
                (Dit::new(&model, &device)?.init_weights(config.seed, &device), device)
            }
            (false, None) => return Err(Error::invalid("device", "leave it NULL: a pipeline is where it was loaded")),
            _ => return Err(Error::invalid("params", "set either pipeline or model")),
        };
        if let Some(folder) = resume
            && let Some(trainer) = Trainer::resume(dit.config(), &config, &device, folder)?
        {
            return Ok(trainer);
        }
        Trainer::from_model(dit, &config, &device)
    }
}

/// Starts or resumes a training. `trainer`: receives it, to be freed with `vimogen_trainer_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_trainer_create(
    params: *const vimogen_trainer_params,
    trainer: *mut *mut vimogen_trainer,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (params, place) = unsafe { (crate::edge::params("params", params)?, Place::new("trainer", trainer)?) };
        // SAFETY: as above.
        let created = unsafe { params.create()? };
        place.write(handle(vimogen_trainer(created)));
        Ok(())
    })
}

/// Frees a training. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_trainer_free(trainer: *mut vimogen_trainer) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { free("trainer", trainer) })
}

/// Normalised clips, padded with zeros to the longest. Fill it with `vimogen_train_batch_init`, then set what has no default.
/// The arrays are copied during the call.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_train_batch {
    /// Set by `vimogen_train_batch_init`.
    pub struct_size: u32,
    /// Always 0.
    pub reserved: i32,
    /// Clips, B.
    pub batch: usize,
    /// Frames of the longest clip, T.
    pub frames: usize,
    /// Rows of the longest prompt, L.
    pub text_rows: usize,
    /// `[B][T][VIMOGEN_FEATURES]`.
    pub motion: *const f32,
    /// `[B][T]`: 1 for frames of the clip, 0 for padding. Default: NULL, which is all 1.
    pub motion_mask: *const f32,
    /// `[B][L][text_dim]`.
    pub prompt_embeddings: *const f32,
    /// `[B][T][VIMOGEN_REFERENCE_FEATURES]`; all 0 for clips that attend to their text. Default: NULL, which is all 0.
    pub reference: *const f32,
    /// `[B][T]`: 1 for frames of the reference, 0 for padding. Default: NULL, which is as `motion_mask`.
    pub reference_mask: *const f32,
    /// `[B][VIMOGEN_FEATURES]`: 1 for channels that count in the loss. Default: NULL, which is all 1.
    pub channel_mask: *const f32,
    /// `[B]`: 1 for clips that attend to their text, 0 for clips that attend to their reference. Default: NULL:
    /// 1 for clips without a reference.
    pub attend_to_text: *const u8,
    /// `[B][T][VIMOGEN_FEATURES]`, standard normal. Default: NULL, drawn from the settings' seed.
    pub noise: *const f32,
    /// `[B]`: the noise level of each clip, 0 to 999. Default: NULL, drawn from the settings' seed.
    pub timestep_index: *const u32,
}

// SAFETY: integers and pointers, the first field is the size.
unsafe impl Growing for vimogen_train_batch {
    const NAME: &'static str = "vimogen_train_batch";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_train_batch {
    fn defaults() -> Self {
        let null = std::ptr::null();
        Self {
            struct_size: size_of::<Self>() as u32,
            reserved: 0,
            batch: 0,
            frames: 0,
            text_rows: 0,
            motion: null,
            motion_mask: null,
            prompt_embeddings: null,
            reference: null,
            reference_mask: null,
            channel_mask: null,
            attend_to_text: std::ptr::null(),
            noise: null,
            timestep_index: std::ptr::null(),
        }
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_train_batch)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_train_batch_init(batch: *mut vimogen_train_batch, size: usize) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(batch, size) })
}

static NAMES: ArgumentNames = ArgumentNames {
    text: "prompt_embeddings",
    frame_lengths: "motion_mask",
    reference: "reference",
    reference_lengths: "reference_mask",
};

/// A copy of an array of this shape.
///
/// # Safety
/// As [`slice`].
unsafe fn array<S: IntoDimension>(name: &'static str, data: *const f32, shape: S) -> Result<Array<f32, S::Dim>> {
    let shape = shape.into_dimension();
    // SAFETY: as ours.
    let numbers = unsafe { slice(name, data, volume(name, shape.slice())?)? };
    let view = ArrayView::from_shape(shape.clone(), numbers);
    Ok(view.map_err(|e| Error::Internal { reason: e.to_string() })?.to_owned())
}

/// As [`array`]; NULL is `otherwise`.
///
/// # Safety
/// As [`slice`].
unsafe fn array_or<S: IntoDimension>(
    name: &'static str,
    data: *const f32,
    shape: S,
    otherwise: impl FnOnce(S::Dim) -> Array<f32, S::Dim>,
) -> Result<Array<f32, S::Dim>> {
    let shape = shape.into_dimension();
    volume(name, shape.slice())?;
    match data.is_null() {
        true => Ok(otherwise(shape)),
        // SAFETY: as ours.
        false => unsafe { array(name, data, shape) },
    }
}

impl vimogen_train_batch {
    /// # Safety
    /// The conventions of the header.
    unsafe fn read(&self, model: &DitConfig) -> Result<TrainBatch> {
        let (b, t) = (self.batch, self.frames);
        let (features, reference) = (model.features(), model.reference_features());
        if b == 0 || t == 0 || self.text_rows == 0 {
            return Err(Error::shape("motion", "batch, frames and text_rows of at least 1", &[b, t, self.text_rows]));
        }
        // SAFETY: as ours.
        unsafe {
            let motion_mask: Array2<f32> = array_or("motion_mask", self.motion_mask, (b, t), Array::ones)?;
            let text = array("prompt_embeddings", self.prompt_embeddings, (b, self.text_rows, model.text_dim))?;
            let reference: Array3<f32> = array_or("reference", self.reference, (b, t, reference), Array::zeros)?;
            let reference_mask = array_or("reference_mask", self.reference_mask, (b, t), |_| motion_mask.clone())?;
            let attend_to_text: Option<Vec<bool>> = match self.attend_to_text.is_null() {
                true => None,
                false => Some(slice("attend_to_text", self.attend_to_text, b)?.iter().map(|flag| *flag != 0).collect()),
            };
            let arrays = ClipArrays {
                names: &NAMES,
                text: text.view(),
                frame_mask: Some(motion_mask.view()),
                reference: Some(reference.view()),
                reference_mask: Some(reference_mask.view()),
                attend_to_text: attend_to_text.as_deref(),
            };
            Ok(TrainBatch {
                motion: array("motion", self.motion, (b, t, features))?,
                clips: arrays.clips(b, t)?,
                channel_weights: array_or("channel_mask", self.channel_mask, (b, features), Array::ones)?,
            })
        }
    }

    /// The random numbers of the trainer's next step, replaced by the caller's where given.
    ///
    /// # Safety
    /// The conventions of the header.
    unsafe fn draws(&self, trainer: &Trainer, batch: &TrainBatch) -> Result<NoiseDraw> {
        let mut draws = trainer.draws(batch);
        // SAFETY: as ours.
        unsafe {
            if !self.noise.is_null() {
                draws.noise = array("noise", self.noise, batch.motion.raw_dim())?;
            }
            if !self.timestep_index.is_null() {
                let levels = slice("timestep_index", self.timestep_index, self.batch)?;
                draws.timestep_index = levels.iter().map(|level| *level as usize).collect();
            }
        }
        Ok(draws)
    }
}

/// Report of a training step.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_train_report {
    /// Number of the step, from 0.
    pub step: u64,
    /// Loss over the batch, before the update.
    pub loss: f64,
    /// Loss over the clips that attend to their text; NaN if there are none.
    pub loss_text: f64,
    /// Loss over the clips that attend to their reference; NaN if there are none.
    pub loss_reference: f64,
    /// Norm of the gradients before clipping.
    pub grad_norm: f64,
    /// Learning rate of the update.
    pub lr: f64,
}

// SAFETY: integers and floats.
unsafe impl Growing for vimogen_train_report {
    const NAME: &'static str = "vimogen_train_report";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

impl From<StepReport> for vimogen_train_report {
    fn from(report: StepReport) -> Self {
        Self {
            step: report.step as u64,
            loss: report.loss.total,
            loss_text: report.loss.text.unwrap_or(f64::NAN),
            loss_reference: report.loss.ref_motion.unwrap_or(f64::NAN),
            grad_norm: report.grad_norm,
            lr: report.lr,
        }
    }
}

/// Does one step of the optimiser. If it fails, the weights are as before.
///
/// `report`: receives what it did; `size` is `sizeof(vimogen_train_report)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_train_step(
    trainer: *mut vimogen_trainer,
    batch: *const vimogen_train_batch,
    report: *mut vimogen_train_report,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (trainer, given, place) = unsafe {
            (&mut borrow_mut("trainer", trainer)?.0, params("batch", batch)?, output("report", report, size)?)
        };
        // SAFETY: as above.
        let (batch, draws) = unsafe {
            let batch = given.read(trainer.ema().config())?;
            batch.check(trainer.ema().config())?;
            let draws = given.draws(trainer, &batch)?;
            (batch, draws)
        };
        place.write(trainer.train_step(&batch, &draws)?.into());
        Ok(())
    })
}

/// The number of steps done, those before a checkpoint that was resumed included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_trainer_steps(trainer: *const vimogen_trainer, steps: *mut u64) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (trainer, place) = unsafe { (borrow("trainer", trainer)?, Place::new("steps", steps)?) };
        place.write(trainer.0.steps_done() as u64);
        Ok(())
    })
}

/// Writes the moving average of the weights, with which motions are generated, as a `.safetensors` file that PyTorch reads
/// too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_trainer_save(trainer: *const vimogen_trainer, path: *const c_char) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (trainer, path) = unsafe { (borrow("trainer", trainer)?, text("path", path)?) };
        if !path.to_ascii_lowercase().ends_with(".safetensors") {
            return Err(Error::invalid("path", format!("{path:?} does not end in .safetensors")));
        }
        weights::save(trainer.0.ema(), path, WeightDtype::F32)
    })
}

/// Writes a checkpoint below a folder, from which `resume` in `vimogen_trainer_params` goes on, and removes all but the two
/// newest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_trainer_checkpoint(
    trainer: *const vimogen_trainer,
    folder: *const c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (trainer, folder) = unsafe { (borrow("trainer", trainer)?, text("folder", folder)?) };
        trainer.0.save_checkpoint(folder).map(|_| ())
    })
}
