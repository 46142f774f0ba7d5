//! `vimogen._vimogen.TrainState`: a model in training, on which the Python layer builds `vimogen.Trainer`.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{Array1, Array2, Array3};
use numpy::IntoPyArray;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::data::batch::pad_stack;
use vimogen_core::model::arrays::{ClipArrays, PaddedClips, lengths_to_mask};
use vimogen_core::model::clips::ArgumentNames;
use vimogen_core::motion::layout::REFERENCE_FEATURES;
use vimogen_core::train::{NoiseDraw, TrainBatch, TrainConfig, Trainer as Core};
use vimogen_core::weights::{LoadOptions, load, open};
use vimogen_core::{Dit as CoreDit, DitConfig, Error};

use crate::args::{self, Floats, as_1d, as_2d, as_3d, booleans, optional, owned};
use crate::collective::{self, Raised};
use crate::dit::Dit;
use crate::error::{OrRaise, raise};
use crate::run::detached;

/// A model in training: weights, their moving average, optimiser, step count. :class:`vimogen.Trainer` wraps it.
#[pyclass(frozen, module = "vimogen._vimogen", name = "TrainState")]
pub struct TrainState {
    core: Mutex<Core>,
    /// The exception of a function given to `join`.
    raised: Raised,
}

impl From<Core> for TrainState {
    fn from(core: Core) -> Self {
        Self { core: Mutex::new(core), raised: Raised::default() }
    }
}

impl TrainState {
    fn lock(&self) -> MutexGuard<'_, Core> {
        // A step replaces the weights as a whole, so a panic in one leaves them as they were.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl TrainState {
    /// Start from drawn weights, over which `weights` (strictly) or `base` (a Wan2.1 checkpoint) are loaded.
    #[new]
    #[pyo3(signature = (model, train, *, device="cpu", weights=None, base=None))]
    fn new(
        py: Python<'_>,
        model: &Bound<'_, PyAny>,
        train: &Bound<'_, PyAny>,
        device: &str,
        weights: Option<PathBuf>,
        base: Option<PathBuf>,
    ) -> PyResult<Self> {
        let (model, train): (DitConfig, TrainConfig) = (args::config("model", model)?, args::config("train", train)?);
        let device = args::device(py, device)?;
        let core = detached(py, || {
            let device = device.open()?;
            let mut dit = CoreDit::new(&model, &device)?.init_weights(train.seed, &device);
            for (path, options) in [(base, LoadOptions::warm_start()), (weights, LoadOptions::default())] {
                if let Some(path) = path {
                    (dit, _) = load(dit, open(path)?.as_ref(), &options, &device)?;
                }
            }
            Core::from_model(dit, &train, &device)
        })?;
        Ok(core.into())
    }

    /// Continue from the newest checkpoint below `folder`; None if there is none.
    #[staticmethod]
    #[pyo3(signature = (model, train, folder, *, device="cpu"))]
    fn resume(
        py: Python<'_>,
        model: &Bound<'_, PyAny>,
        train: &Bound<'_, PyAny>,
        folder: PathBuf,
        device: &str,
    ) -> PyResult<Option<Self>> {
        let (model, train): (DitConfig, TrainConfig) = (args::config("model", model)?, args::config("train", train)?);
        let device = args::device(py, device)?;
        let core = detached(py, || Core::resume(&model, &train, &device.open()?, folder))?;
        Ok(core.map(Self::from))
    }

    /// Train together with other processes; `all_reduce(buffer)` sums a float32 array over all of them, "mpi" is MPI.
    #[pyo3(signature = (all_reduce, rank=0, world_size=1))]
    fn join(&self, py: Python<'_>, all_reduce: &Bound<'_, PyAny>, rank: usize, world_size: usize) -> PyResult<()> {
        let collective = collective::open(all_reduce, rank, world_size, &self.raised)?;
        collective::prefer_raised(&self.raised, detached(py, || self.lock().join(collective)))
    }

    /// Number of this process, and of all processes that train together.
    fn place(&self, py: Python<'_>) -> PyResult<(usize, usize)> {
        detached(py, || {
            let core = self.lock();
            Ok((core.rank(), core.world_size()))
        })
    }

    /// Tell the other processes that this one is done, so that it may end.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            self.lock().finish();
            Ok(())
        })
    }

    /// One optimiser step.
    fn train_step<'py>(&self, py: Python<'py>, batch: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let batch = Batch::read(batch)?;
        let report = detached(py, || {
            let mut core = self.lock();
            let draws = batch.draws(&core);
            core.train_step(&batch.core, &draws)
        });
        let report = collective::prefer_raised(&self.raised, report)?;
        let dict = PyDict::new(py);
        dict.set_item("step", report.step)?;
        dict.set_item("loss", report.loss.total)?;
        dict.set_item("loss_text", report.loss.text)?;
        dict.set_item("loss_ref_motion", report.loss.ref_motion)?;
        dict.set_item("grad_norm", report.grad_norm)?;
        dict.set_item("lr", report.lr)?;
        Ok(dict)
    }

    /// The losses of a batch, without an update.
    fn loss<'py>(&self, py: Python<'py>, batch: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let batch = Batch::read(batch)?;
        let values = detached(py, || {
            let core = self.lock();
            core.evaluate(&batch.core, &batch.draws(&core))
        })?;
        let dict = PyDict::new(py);
        dict.set_item("loss", values.total)?;
        dict.set_item("loss_text", values.text)?;
        dict.set_item("loss_ref_motion", values.ref_motion)?;
        Ok(dict)
    }

    /// The gradients of a batch's loss by checkpoint name, without an update; parameters that it does not reach have none.
    fn gradients<'py>(&self, py: Python<'py>, batch: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let batch = Batch::read(batch)?;
        let gradients = detached(py, || {
            let core = self.lock();
            core.named_gradients(&batch.core, &batch.draws(&core))
        })?;
        let dict = PyDict::new(py);
        gradients.into_iter().try_for_each(|(name, grad)| dict.set_item(name, grad.into_pyarray(py)))?;
        Ok(dict)
    }

    /// Write a checkpoint below `folder` and remove all but the newest two; gives its folder.
    fn save_checkpoint(&self, py: Python<'_>, folder: PathBuf) -> PyResult<PathBuf> {
        detached(py, || self.lock().save_checkpoint(folder))
    }

    /// Write the averaged LoRA adapters without the weights under them.
    fn save_lora(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        detached(py, || self.lock().save_lora(path))
    }

    /// The weights in training.
    fn model(&self, py: Python<'_>) -> PyResult<Dit> {
        Ok(detached(py, || Ok(self.lock().model()))?.into())
    }

    /// The moving average of the weights.
    fn ema(&self, py: Python<'_>) -> PyResult<Dit> {
        Ok(detached(py, || Ok(self.lock().ema().clone()))?.into())
    }

    /// Recommended sampling of a model that is trained like this, with a share `null_text` of captions left out.
    fn sampling<'py>(&self, py: Python<'py>, null_text: f64) -> PyResult<Bound<'py, PyAny>> {
        let sampling = detached(py, || {
            let core = self.lock();
            Ok(core.config().sampling(core.ema().config(), null_text))
        })?;
        args::to_python(py, &sampling)
    }

    /// A warning about the moving average, if it would hardly move.
    fn ema_warning(&self, py: Python<'_>) -> PyResult<Option<String>> {
        detached(py, || Ok(self.lock().config().ema_warning()))
    }

    /// Number of steps done.
    fn steps_done(&self, py: Python<'_>) -> PyResult<usize> {
        detached(py, || Ok(self.lock().steps_done()))
    }

    /// The settings of the optimiser and the loop.
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let config = detached(py, || Ok(self.lock().config().clone()))?;
        args::to_python(py, &config)
    }
}

/// A batch, with the random numbers that were given.
struct Batch {
    core: TrainBatch,
    noise: Option<Array3<f32>>,
    timestep_index: Option<Vec<usize>>,
}

static NAMES: ArgumentNames = ArgumentNames {
    text: "prompt_embeds",
    frame_lengths: "motion_mask",
    reference: "ref_motion",
    reference_lengths: "ref_motion_mask",
};

const KEYS: [&str; 9] = [
    "motion",
    "prompt_embeds",
    "motion_mask",
    "ref_motion",
    "ref_motion_mask",
    "motion_dim_mask",
    "attend_to_text",
    "noise",
    "timestep_index",
];

impl Batch {
    fn read(batch: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = batch.py();
        for key in batch.keys() {
            let known = key.extract::<&str>().is_ok_and(|key| KEYS.contains(&key));
            if !known {
                return Err(raise(py, &Error::invalid("batch", format!("{key} is none of {}", KEYS.join(", ")))));
            }
        }
        let get = |name: &str| -> PyResult<Option<Floats<'_>>> {
            batch.get_item(name)?.filter(|v| !v.is_none()).map(|v| v.extract()).transpose()
        };
        let needed = |name: &str| -> PyResult<Array3<f32>> {
            let array = get(name)?.ok_or_else(|| PyKeyError::new_err(format!("batch has no {name}")))?;
            Ok(owned(as_3d(&array, name)?))
        };
        let (motion, prompt_embeds) = (needed("motion")?, needed("prompt_embeds")?);
        let (rows, frames, channels) = motion.dim();
        if motion.is_empty() {
            return Err(raise(py, &Error::shape("motion", "(B, T, 276), none of them 0", motion.shape())));
        }
        let [motion_mask, ref_motion, ref_motion_mask, channel_mask, flags] =
            ["motion_mask", "ref_motion", "ref_motion_mask", "motion_dim_mask", "attend_to_text"].map(get);
        let (motion_mask, ref_motion, ref_motion_mask) = (motion_mask?, ref_motion?, ref_motion_mask?);
        let attend_to_text = booleans(flags?.as_ref(), "attend_to_text")?;
        let arrays = ClipArrays {
            names: &NAMES,
            text: prompt_embeds.view(),
            frame_mask: optional(motion_mask.as_ref(), "motion_mask", "two axes")?,
            reference: optional(ref_motion.as_ref(), "ref_motion", "three axes")?,
            reference_mask: optional(ref_motion_mask.as_ref(), "ref_motion_mask", "two axes")?,
            attend_to_text: attend_to_text.as_deref(),
        };
        let clips = arrays.clips(rows, frames).or_raise(py)?;
        let channel_weights = match channel_mask? {
            Some(mask) if mask.as_array().shape() != [rows, channels] => {
                let expected = format!("({rows}, {channels})");
                return Err(raise(py, &Error::shape("motion_dim_mask", expected, mask.as_array().shape())));
            }
            Some(mask) => owned(as_2d(&mask, "motion_dim_mask")?),
            None => Array2::ones((rows, channels)),
        };
        let core = TrainBatch { motion, clips, channel_weights };
        let noise = get("noise")?.map(|n| Ok::<_, PyErr>(owned(as_3d(&n, "noise")?))).transpose()?;
        Ok(Self { core, noise, timestep_index: get("timestep_index")?.map(|index| indices(&index)).transpose()? })
    }

    /// The random numbers of the step to come, as far as they were not given.
    fn draws(&self, trainer: &Core) -> NoiseDraw {
        match (&self.noise, &self.timestep_index) {
            (Some(noise), Some(index)) => NoiseDraw { noise: noise.clone(), timestep_index: index.clone() },
            (noise, index) => {
                let drawn = trainer.draws(&self.core);
                NoiseDraw {
                    noise: noise.clone().unwrap_or(drawn.noise),
                    timestep_index: index.clone().unwrap_or(drawn.timestep_index),
                }
            }
        }
    }
}

/// Indices from 0, one per row. An f32 holds them exactly: there are 1000 levels.
fn indices(values: &Floats<'_>) -> PyResult<Vec<usize>> {
    let whole = |v: &f32| (v.fract() == 0.0 && (0.0..1e6).contains(v)).then_some(*v as usize);
    let found: Option<Vec<usize>> = as_1d(values, "timestep_index")?.iter().map(whole).collect();
    let wrong = || raise(values.py(), &Error::invalid("timestep_index", "expected integers from 0 to 999"));
    found.ok_or_else(wrong)
}

/// A batch as a dict of arrays.
pub(crate) fn batch_to_python(py: Python<'_>, batch: TrainBatch, text_dim: usize) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    let clips = PaddedClips::new(&batch.clips, batch.motion.dim().1, text_dim);
    dict.set_item("motion", batch.motion.into_pyarray(py))?;
    dict.set_item("motion_mask", clips.frame_mask.into_pyarray(py))?;
    dict.set_item("prompt_embeds", clips.text.into_pyarray(py))?;
    dict.set_item("ref_motion", clips.reference.into_pyarray(py))?;
    dict.set_item("ref_motion_mask", clips.reference_mask.into_pyarray(py))?;
    dict.set_item("motion_dim_mask", batch.channel_weights.into_pyarray(py))?;
    dict.set_item("attend_to_text", Array1::from(clips.attend_to_text).into_pyarray(py))?;
    Ok(dict)
}

/// Pad samples with zeros to the longest of them and stack them to a batch.
///
/// Parameters
/// ----------
/// samples : list of dict
///     Each with ``motion`` (T, 276) and ``prompt_embeds`` (L, text_dim); optional ``ref_motion`` (T', 138).
///
/// Returns
/// -------
/// dict
///     What :meth:`Trainer.train_step` takes.
#[pyfunction]
pub fn collate<'py>(py: Python<'py>, samples: Vec<Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyDict>> {
    let get = |name: &str| -> PyResult<Vec<Option<Array2<f32>>>> {
        let one = |sample: &Bound<'py, PyDict>| {
            let found = sample.get_item(name)?.filter(|v| !v.is_none());
            found.map(|v| Ok(owned(as_2d(&v.extract::<Floats<'_>>()?, name)?))).transpose()
        };
        samples.iter().map(one).collect()
    };
    let needed = |name: &str| -> PyResult<Vec<Array2<f32>>> {
        let missing = || PyKeyError::new_err(format!("a sample has no {name}"));
        get(name)?.into_iter().map(|array| array.ok_or_else(missing)).collect()
    };
    let dict = PyDict::new(py);
    let stack = |name: &str, arrays: &[Array2<f32>]| -> PyResult<Vec<usize>> {
        let stacked = pad_stack(arrays.iter().map(|array| array.view())).or_raise(py)?;
        dict.set_item(name, stacked.into_pyarray(py))?;
        Ok(arrays.iter().map(|array| array.nrows()).collect())
    };
    let mask = |name: &str, lengths: &[usize]| {
        dict.set_item(name, lengths_to_mask(lengths, lengths.iter().copied().max().unwrap_or(0)).into_pyarray(py))
    };
    let motion = needed("motion")?;
    mask("motion_mask", &stack("motion", &motion)?)?;
    stack("prompt_embeds", &needed("prompt_embeds")?)?;
    let zeros = |motion: &Array2<f32>| Array2::zeros((motion.nrows(), REFERENCE_FEATURES));
    let references: Vec<_> = get("ref_motion")?
        .into_iter()
        .zip(&motion)
        .map(|(given, motion)| given.unwrap_or_else(|| zeros(motion)))
        .collect();
    mask("ref_motion_mask", &stack("ref_motion", &references)?)?;
    dict.set_item("motion_dim_mask", Array2::<f32>::ones((motion.len(), motion[0].ncols())).into_pyarray(py))?;
    let attend: Vec<bool> = references.iter().map(|reference| reference.iter().all(|v| *v == 0.0)).collect();
    dict.set_item("attend_to_text", Array1::from(attend).into_pyarray(py))?;
    Ok(dict)
}
