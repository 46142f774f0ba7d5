//! `vimogen.Dit` and `vimogen.sample`: the network and the sampler on arrays.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use numpy::{IntoPyArray, PyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::declare::DEFAULT_SEED;
use vimogen_core::model::ClipBatch;
use vimogen_core::model::arrays::ClipArrays;
use vimogen_core::model::clips::ArgumentNames;
use vimogen_core::motion::Stats;
use vimogen_core::sample::{Sampler, SamplerOptions};
use vimogen_core::text::TextEncoderConfig;
use vimogen_core::weights::{
    LoadOptions, ModelConfig, NativeParts, Report, load, load_file, open, save, save_native, state_dict,
};
use vimogen_core::{Dit as Core, DitConfig, Error, Result, WeightDtype};

use crate::args::{self, Floats, as_1d, as_2d, as_3d, booleans, optional, owned};
use crate::error::{OrRaise, raise};
use crate::options::set_all;
use crate::run::{interruptible, with_progress};

/// The diffusion transformer: noisy motion, a timestep and a condition in, the velocity of the flow out.
///
/// Arrays are NumPy's; the network runs on its device.
#[pyclass(frozen, module = "vimogen", name = "Dit")]
pub struct Dit {
    core: Arc<Core>,
}

impl From<Core> for Dit {
    fn from(core: Core) -> Self {
        Self { core: Arc::new(core) }
    }
}

impl Dit {
    /// The core's network.
    pub fn core(&self) -> &Core {
        &self.core
    }
}

#[pymethods]
impl Dit {
    /// Load a network from one file of weights.
    ///
    /// Parameters
    /// ----------
    /// weights : str or os.PathLike
    ///     ``.safetensors``, ``.safetensors.index.json``, ``.pt``, ``.pth``, ``.ckpt``, ``.bin``.
    /// config : dict or path of a JSON file
    ///     Sizes: ``dim``, ``ffn_dim``, ``freq_dim``, ``num_heads``, ``num_layers``, ``text_dim``; optional ``text_len``,
    ///     ``reference``, ``split_head``, ``eps``.
    /// device : str
    ///     As in :meth:`Pipeline.from_pretrained`.
    /// dtype : str
    ///     How weights are kept: ``"float32"``, ``"bfloat16"`` or, on the CPU, ``"int8"``.
    #[staticmethod]
    #[pyo3(signature = (weights, config, *, device="cpu", dtype="float32"))]
    fn from_file(
        py: Python<'_>,
        weights: PathBuf,
        config: &Bound<'_, PyAny>,
        device: &str,
        dtype: &str,
    ) -> PyResult<Self> {
        let config: DitConfig = args::config("config", config)?;
        let (device, dtype) = (args::device(py, device)?, args::dtype(py, dtype)?);
        let options = LoadOptions { dtype, ..LoadOptions::default() };
        let (core, _) = interruptible(py, move || load_file(weights, &config, &options, &device.open()?))?;
        Ok(core.into())
    }

    /// A network with drawn weights. The seed is 42 by default.
    #[staticmethod]
    #[pyo3(signature = (config, *, seed=DEFAULT_SEED, device="cpu"))]
    fn from_seed(py: Python<'_>, config: &Bound<'_, PyAny>, seed: u64, device: &str) -> PyResult<Self> {
        let config: DitConfig = args::config("config", config)?;
        let device = args::device(py, device)?;
        let core = interruptible(py, move || {
            let device = device.open()?;
            Ok(Core::new(&config, &device)?.init_weights(seed, &device))
        })?;
        Ok(core.into())
    }

    /// This network with the weights that a Wan2.1 base checkpoint has, the others unchanged; and a report, a dict of
    /// the names that were ``applied``, ``kept`` and ``ignored``.
    fn warm_start<'py>(&self, py: Python<'py>, weights: PathBuf) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let own = self.core.clone();
        let (core, report) = interruptible(py, move || {
            load(Core::clone(&own), open(weights)?.as_ref(), &LoadOptions::warm_start(), &own.device())
        })?;
        Ok((core.into(), names(py, &report)?))
    }

    /// One evaluation.
    ///
    /// Parameters
    /// ----------
    /// x : array_like, (B, T, 276)
    ///     Noisy normalised motion.
    /// timestep : float or array_like, (B,)
    ///     0 to 1000.
    /// context : array_like, (B, L, text_dim)
    ///     Encoded prompts; padding rows take part.
    /// x_mask, ref_motion_mask : array_like, (B, T), optional
    ///     1 at valid frames. Only their number counts, not their place.
    /// ref_motion : array_like, (B, T, 138), optional
    ///     Normalised reference motions.
    /// attend_to_text : array_like of bool, (B,), optional
    ///     Whether a row attends to its text or to its reference. None: to its text exactly if its reference is all zeros.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray, (B, T, 276)
    ///     The velocity.
    #[pyo3(signature = (x, timestep, context, x_mask=None, ref_motion=None, ref_motion_mask=None, attend_to_text=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        x: Floats<'py>,
        timestep: Floats<'py>,
        context: Floats<'py>,
        x_mask: Option<Floats<'py>>,
        ref_motion: Option<Floats<'py>>,
        ref_motion_mask: Option<Floats<'py>>,
        attend_to_text: Option<Floats<'py>>,
    ) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let x = owned(as_3d(&x, "x")?);
        let batch = Arrays { context: &context, x_mask, ref_motion, ref_motion_mask, attend_to_text };
        let clips = batch.clips(py, x.dim().0, x.dim().1)?;
        let timesteps: Vec<f32> = timestep.as_array().iter().copied().collect();
        let dit = self.core.clone();
        Ok(interruptible(py, move || dit.forward_arrays(x, &timesteps, &clips))?.into_pyarray(py))
    }

    /// All parameters by checkpoint name, Linear weights (out, in), as PyTorch has them.
    fn state_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let core = self.core.clone();
        let read =
            move || state_dict(&core, WeightDtype::F32).iter().map(|(n, e)| Ok((n.clone(), array(e)?))).collect();
        let arrays: Vec<(String, ArrayD<f32>)> = interruptible(py, read)?;
        let dict = PyDict::new(py);
        arrays.into_iter().try_for_each(|(name, values)| dict.set_item(name, values.into_pyarray(py)))?;
        Ok(dict)
    }

    /// Write the weights as one ``.safetensors`` file, which PyTorch reads too.
    #[pyo3(signature = (path, *, dtype="float32"))]
    fn save(&self, py: Python<'_>, path: PathBuf, dtype: &str) -> PyResult<()> {
        let dtype = args::dtype(py, dtype)?;
        let core = self.core.clone();
        interruptible(py, move || save(&core, path, dtype))
    }

    /// Write a model directory that :meth:`Pipeline.from_pretrained` loads.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The folder.
    /// mean, std : array_like, (276,)
    ///     Statistics of the features that the network was trained on.
    /// null_context : array_like, (L, text_dim), optional
    ///     The encoded empty prompt. None: zero rows.
    /// text_encoder : dict or "built-in", optional
    ///     Settings of the text encoder. None: prompts come encoded.
    /// generation : dict, optional
    ///     How the model is best sampled: ``guidance_scale``, ``strength``, ``reconcile``. None: the release's way.
    /// fps : float
    ///     Frames per second of the motions.
    /// dtype : str
    ///     How weights are stored, ``"float32"``, ``"bfloat16"`` or ``"int8"`` (a quarter of the size, rounded).
    #[pyo3(signature = (path, *, mean, std, null_context=None, text_encoder=None, generation=None,
        fps=20.0, dtype="float32"))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn save_pretrained(
        &self,
        py: Python<'_>,
        path: PathBuf,
        mean: Floats<'_>,
        std: Floats<'_>,
        null_context: Option<Floats<'_>>,
        text_encoder: Option<Bound<'_, PyAny>>,
        generation: Option<Bound<'_, PyAny>>,
        fps: f32,
        dtype: &str,
    ) -> PyResult<()> {
        let dtype = args::dtype(py, dtype)?;
        let stats = Stats::new(owned(as_1d(&mean, "mean")?), owned(as_1d(&std, "std")?)).or_raise(py)?;
        let sizes = self.core.config();
        let mut config = ModelConfig::new(sizes.clone());
        config.generation =
            generation.as_ref().map_or(Ok(config.generation), |value| args::config("generation", value))?;
        config.fps = fps;
        config.text_encoder = text_encoder.as_ref().map(encoder).transpose()?;
        let null_context = match &null_context {
            Some(rows) => owned(as_2d(rows, "null_context")?),
            None => ndarray::Array2::zeros((sizes.text_len, sizes.text_dim)),
        };
        let core = self.core.clone();
        interruptible(py, move || {
            let parts =
                NativeParts { config: &config, stats: &stats, null_context: &null_context, words: None, prompts: None };
            save_native(path, &core, parts, dtype)
        })
    }

    /// The configuration.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        args::to_python(py, self.core.config())
    }

    /// Number of parameters.
    #[getter]
    fn num_parameters(&self) -> usize {
        state_dict(&self.core, WeightDtype::F32).values().map(|entry| entry.shape().iter().product::<usize>()).sum()
    }

    fn __repr__(&self) -> String {
        let c = self.core.config();
        format!("Dit(dim={}, num_layers={}, parameters={})", c.dim, c.num_layers, self.num_parameters())
    }
}

fn array(entry: &save::StateEntry) -> Result<ArrayD<f32>> {
    ArrayD::from_shape_vec(IxDyn(entry.shape()), entry.to_f32()).map_err(|e| Error::Internal { reason: e.to_string() })
}

fn names<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("applied", &report.applied)?;
    dict.set_item("kept", &report.kept)?;
    dict.set_item("ignored", &report.ignored)?;
    Ok(dict)
}

static NAMES: ArgumentNames = ArgumentNames {
    text: "context",
    frame_lengths: "x_mask",
    reference: "ref_motion",
    reference_lengths: "ref_motion_mask",
};

/// The arrays that condition a batch.
struct Arrays<'a, 'py> {
    context: &'a Floats<'py>,
    x_mask: Option<Floats<'py>>,
    ref_motion: Option<Floats<'py>>,
    ref_motion_mask: Option<Floats<'py>>,
    attend_to_text: Option<Floats<'py>>,
}

impl Arrays<'_, '_> {
    fn clips(&self, py: Python<'_>, batch: usize, frames: usize) -> PyResult<ClipBatch> {
        let attend_to_text = booleans(self.attend_to_text.as_ref(), "attend_to_text")?;
        let arrays = ClipArrays {
            names: &NAMES,
            text: as_3d(self.context, "context")?,
            frame_mask: optional(self.x_mask.as_ref(), "x_mask", "two axes")?,
            reference: optional(self.ref_motion.as_ref(), "ref_motion", "three axes")?,
            reference_mask: optional(self.ref_motion_mask.as_ref(), "ref_motion_mask", "two axes")?,
            attend_to_text: attend_to_text.as_deref(),
        };
        arrays.clips(batch, frames).or_raise(py)
    }
}

/// Settings of a text encoder for `config.json`.
fn encoder(value: &Bound<'_, PyAny>) -> PyResult<serde_json::Value> {
    let internal = |e: serde_json::Error| raise(value.py(), &Error::config("text_encoder", e.to_string()));
    match value.extract::<&str>() {
        Ok("built-in") => serde_json::to_value(TextEncoderConfig::default()).map_err(internal),
        _ => args::config("text_encoder", value),
    }
}

/// Run the flow from noise to normalised motion.
///
/// Parameters
/// ----------
/// dit : Dit
///     The network.
/// noise : array_like, (B, T, 276)
///     What the motion is made from; see :func:`vimogen.flow.noise`.
/// context : array_like, (B, L, text_dim)
///     Encoded prompts.
/// null_context : array_like, (1 or B, at most L, text_dim)
///     The encoded empty prompt.
/// x_mask, ref_motion_mask : array_like, (B, T), optional
///     1 at valid frames. Only their number counts, not their place.
/// ref_motion : array_like, (B, T, 138), optional
///     Normalised reference motions.
/// attend_to_text : array_like of bool, (B,), optional
///     Whether a row attends to its text or to its reference. None: to its text exactly if its reference is all zeros.
/// callback : callable, optional
///     As in :meth:`Pipeline.__call__`.
/// **options
///     Options of the sampler; :func:`vimogen.generate` lists them. None leaves a setting as in the release.
///
/// Returns
/// -------
/// numpy.ndarray, (B, T, 276)
///     Normalised motion.
#[pyfunction]
#[pyo3(signature = (dit, noise, context, null_context, x_mask=None, ref_motion=None, ref_motion_mask=None,
    attend_to_text=None, *, callback=None, **options))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn sample<'py>(
    py: Python<'py>,
    dit: &Bound<'py, Dit>,
    noise: Floats<'py>,
    context: Floats<'py>,
    null_context: Floats<'py>,
    x_mask: Option<Floats<'py>>,
    ref_motion: Option<Floats<'py>>,
    ref_motion_mask: Option<Floats<'py>>,
    attend_to_text: Option<Floats<'py>>,
    callback: Option<Py<PyAny>>,
    options: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyArray3<f32>>> {
    let mut sampler = SamplerOptions::default();
    set_all(py, &mut sampler, options.as_ref(), &[])?;
    let sampler = Sampler::new(sampler).or_raise(py)?;
    let noise = owned(as_3d(&noise, "noise")?);
    let batch = Arrays { context: &context, x_mask, ref_motion, ref_motion_mask, attend_to_text };
    let null = as_3d(&null_context, "null_context")?.outer_iter().map(owned).collect();
    let clips = batch.clips(py, noise.dim().0, noise.dim().1)?.with_null_context(null).or_raise(py)?;
    let dit = dit.get().core();
    let x = with_progress(py, callback, |on_progress| sampler.sample(dit, &noise, &clips, on_progress))?;
    Ok(x.into_pyarray(py))
}
