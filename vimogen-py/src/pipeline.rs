//! `vimogen.Pipeline`.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::ArrayView2;
use numpy::{IntoPyArray, PyArray1, PyArray2, ToPyArray};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use vimogen_core::control::Constraints;
use vimogen_core::declare::DEFAULT_SEED;
use vimogen_core::error::check_finite;
use vimogen_core::pipeline::{StreamOptions, TextEdit};
use vimogen_core::text::umt5::Umt5Encoder;
use vimogen_core::weights::ModelDir;
use vimogen_core::{Error, GenerateOptions, Motion as CoreMotion, Pipeline as Core, Prompt, Request, Result};

use crate::args::{self, Floats, Given, as_2d, given, owned};
use crate::direct;
use crate::dit::Dit;
use crate::error::{OrRaise, invalid, raise};
use crate::motion::Motion;
use crate::notes;
use crate::options::generate_options;
use crate::reading::warned;
use crate::run::{interruptible, with_progress};
use crate::stream::Stream;
use crate::text::TextEncoder;

/// A model with its text encoder and statistics: prompts or references in, motions out.
///
/// It may be called from several threads at once.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> pipe = vimogen.Pipeline.from_pretrained()
/// >>> pipe("a person waves", num_frames=40, num_inference_steps=4)
/// Motion(frames=40, fps=20, seconds=2.00)
#[pyclass(frozen, module = "vimogen", name = "Pipeline")]
pub struct Pipeline {
    core: Core,
    device: String,
    path: Option<PathBuf>,
    lora: Option<PathBuf>,
    dtype: String,
    text_only: bool,
}

#[pymethods]
impl Pipeline {
    /// Load a model directory.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike, optional
    ///     A folder of ours or of the release's layout. None: the built-in model.
    /// device : str
    ///     ``"cpu"``, ``"cuda:0"`` or ``"wgpu"``; the last two if vimogen was built with them.
    /// dtype : str
    ///     How weights are kept: ``"float32"``, ``"bfloat16"`` or, on the CPU, ``"int8"``. The smaller, the less memory;
    ///     on a CPU with instructions for bfloat16, these two are also faster. Sums are in float32 with all of them.
    /// text_only : bool
    ///     Leave out the reference path, a third of the model.
    /// lora : str or os.PathLike, optional
    ///     LoRA adapters to add to the weights: a file of :meth:`Trainer.save_lora`, or a folder of ``vimogen finetune``.
    /// text_encoder : TextEncoder, str or os.PathLike, optional
    ///     The release's text encoder, or its folder; for models whose own folder does not hold it.
    #[staticmethod]
    #[pyo3(signature = (path=None, *, device="cpu", dtype="float32", text_only=false, lora=None, text_encoder=None))]
    fn from_pretrained(
        py: Python<'_>,
        path: Option<PathBuf>,
        device: &str,
        dtype: &str,
        text_only: bool,
        lora: Option<PathBuf>,
        text_encoder: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let spec = args::device(py, device)?;
        let mut builder = Core::builder().device(spec).dtype(args::dtype(py, dtype)?);
        if text_only {
            builder = builder.text_only();
        }
        if let Some(lora) = &lora {
            builder = builder.lora(lora);
        }
        if let Some(encoder) = text_encoder {
            builder = builder.text_encoder(text_encoder_of(&encoder, device)?);
        }
        let folder = path.clone();
        let core = interruptible(py, move || match folder {
            Some(folder) => builder.open(folder),
            None => builder.builtin(),
        })?;
        Ok(Self { core, device: spec.to_string(), path, lora, dtype: dtype.into(), text_only })
    }

    /// Load the built-in model; the same as :meth:`from_pretrained` without a path.
    #[staticmethod]
    #[pyo3(signature = (*, device="cpu", dtype="float32"))]
    fn builtin(py: Python<'_>, device: &str, dtype: &str) -> PyResult<Self> {
        Self::from_pretrained(py, None, device, dtype, false, None, None)
    }

    /// Write the model as a folder that :meth:`from_pretrained` loads, with LoRA adapters merged.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The folder. The release's text encoder is not written.
    /// dtype : str
    ///     How weights are stored, ``"float32"``, ``"bfloat16"`` or ``"int8"`` (a quarter of the size, rounded).
    ///
    /// Examples
    /// --------
    /// >>> import os, tempfile, vimogen
    /// >>> folder = tempfile.mkdtemp()
    /// >>> vimogen.Pipeline.builtin().save(folder)
    /// >>> sorted(os.listdir(folder))[:2]
    /// ['config.json', 'mean.npy']
    #[pyo3(signature = (path, *, dtype="float32"))]
    fn save(slf: Py<Self>, py: Python<'_>, path: PathBuf, dtype: &str) -> PyResult<()> {
        let dtype = args::dtype(py, dtype)?;
        interruptible(py, move || slf.get().core.save(path, dtype))
    }

    /// Generate one motion, or a list of them if any of prompt, prompt_embeds, reference, seed or num_frames is a list.
    ///
    /// Parameters
    /// ----------
    /// prompt : str or list of str, optional
    ///     What the person does, such as ``"a person walks forward and waves"``.
    /// num_frames : int or list of int, optional
    ///     Length in frames, 2 to 72000. None: that of the reference, or 100. More than the model was trained on are made of
    ///     windows, unless `windows` is False.
    /// seed : int or list of int
    ///     Seed of the noise. The same seed and prompt give the same motion, alone or in a list.
    /// reference : Motion, path, or list of them, optional
    ///     A motion to follow, in place of a prompt: giving both is an InvalidArgumentError.
    /// prompt_embeds : array_like (L, text_dim), path, or list of them, optional
    ///     Encoded prompts, instead of `prompt`.
    /// callback : callable, optional
    ///     ``callback(stage, step, total)`` after each step; stage is ``"encode"`` or ``"sample"``. Returning False
    ///     raises CancelledError; what it raises ends the generation.
    /// quality : str
    ///     ``"full"``, 50 steps of ``"euler"`` as the release; or ``"fast"``, 40 of ``"ab2"``, which are as exact.
    /// **options
    ///     Options of the sampler; :func:`vimogen.generate` lists them.
    ///
    /// Returns
    /// -------
    /// Motion or list of Motion
    #[pyo3(signature = (prompt=None, *, num_frames=None, seed=None, reference=None, prompt_embeds=None, callback=None,
        **options))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        prompt: Option<Bound<'py, PyAny>>,
        num_frames: Option<Bound<'py, PyAny>>,
        seed: Option<Bound<'py, PyAny>>,
        reference: Option<Bound<'py, PyAny>>,
        prompt_embeds: Option<Bound<'py, PyAny>>,
        callback: Option<Py<PyAny>>,
        options: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let asked = Asked::read(py, prompt, prompt_embeds, reference, num_frames, seed)?;
        let options = generate_options(py, options.as_ref())?;
        let requests = asked.requests(py)?;
        notes::warn(py, &self.core, &requests)?;
        let work = |on_progress: &mut vimogen_core::progress::OnProgress<'_>| {
            self.core.generate_with(&requests, &options, on_progress)
        };
        let mut motions = with_progress(py, callback, work)?.into_iter().map(Motion::from);
        if asked.is_list() {
            let motions = motions.map(|motion| Bound::new(py, motion)).collect::<PyResult<Vec<_>>>()?;
            return Ok(PyList::new(py, motions)?.into_any());
        }
        let missing = || raise(py, &Error::Internal { reason: "no motion came back".into() });
        Ok(Bound::new(py, motions.next().ok_or_else(missing)?)?.into_any())
    }

    /// Generate a motion that meets constraints: poses, places of hands and feet, way points, a path, a loop.
    ///
    /// Parameters
    /// ----------
    /// prompt : str
    ///     What the person does.
    /// constraints : Constraints, dict or path
    ///     What is to be met at which frames; a dict or JSON file has the form of :meth:`Constraints.to_dict`.
    /// num_frames : int, optional
    ///     Length in frames, 2 to 1000. None: 100.
    /// seed : int, optional
    ///     Seed of the noise. None: 42.
    /// callback : callable, optional
    ///     As for calling the pipeline.
    /// **options
    ///     Options of the sampler; :func:`vimogen.generate` lists them.
    ///
    /// Returns
    /// -------
    /// (Motion, list of dict)
    ///     Of each constraint its distance in metres: ``raw`` of the sampled motion and ``landed`` of the result. A place
    ///     out of reach is approached.
    #[pyo3(signature = (prompt, constraints, *, num_frames=None, seed=None, callback=None, **options))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn constrained<'py>(
        &self,
        py: Python<'py>,
        prompt: &str,
        constraints: &Bound<'py, PyAny>,
        num_frames: Option<usize>,
        seed: Option<u64>,
        callback: Option<Py<PyAny>>,
        options: Option<Bound<'py, PyDict>>,
    ) -> PyResult<(Motion, Vec<Bound<'py, PyDict>>)> {
        let constraints = constraints_of(constraints)?;
        notes::warn(py, &self.core, &[Request::text(prompt)])?;
        let mut options = generate_options(py, options.as_ref())?;
        options.num_frames = num_frames.or(options.num_frames);
        options.seed = seed.unwrap_or(options.seed);
        let work = |on_progress: &mut vimogen_core::progress::OnProgress<'_>| {
            self.core.generate_constrained_with(prompt, &constraints, &options, on_progress)
        };
        let made = with_progress(py, callback, work)?;
        let met = made.met.iter().map(|met| {
            let dict = PyDict::new(py);
            dict.set_item("raw", met.raw)?;
            dict.set_item("landed", met.landed)?;
            Ok(dict)
        });
        Ok((made.motion.into(), met.collect::<PyResult<_>>()?))
    }

    /// Generate one motion of several prompts, each after the other, on one floor and without a cut.
    ///
    /// Parameters
    /// ----------
    /// prompts : list of str, or str
    ///     The actions in order. A single sentence such as ``"walks forward for four seconds, then sits down"`` is split by
    ///     :func:`vimogen.split_prompt`.
    /// seconds : float or list of float, optional
    ///     Duration of each action. None: 4, or what the sentence says.
    /// after : Motion, optional
    ///     A motion to go on from. It stays as it is, and the result begins with it, at its frame rate.
    /// seed : int, optional
    ///     Seed of the noise. None: 42.
    /// callback : callable, optional
    ///     As for calling the pipeline.
    /// **options
    ///     Options of the sampler; :func:`vimogen.generate` lists them.
    ///
    /// Returns
    /// -------
    /// (Motion, dict)
    ///     ``parts``: ``prompt``, ``start`` and ``end`` in seconds, and ``frames`` of each action; ``seams``: how much each
    ///     join of two windows shows, as in :meth:`Motion.join`.
    #[pyo3(signature = (prompts, seconds=None, *, after=None, seed=None, callback=None, **options))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn sequence<'py>(
        &self,
        py: Python<'py>,
        prompts: &Bound<'py, PyAny>,
        seconds: Option<&Bound<'py, PyAny>>,
        after: Option<PyRef<'py, Motion>>,
        seed: Option<u64>,
        callback: Option<Py<PyAny>>,
        options: Option<Bound<'py, PyDict>>,
    ) -> PyResult<(Motion, Bound<'py, PyDict>)> {
        let parts = direct::parts(py, prompts, seconds)?;
        let options = seeded(py, seed, options.as_ref())?;
        let given = direct::core_parts(&parts);
        let after = after.map(|motion| motion.core().clone());
        let sequence = with_progress(py, callback, |on_progress| match &after {
            None => self.core.sequence_with(&given, &options, on_progress),
            Some(motion) => self.core.extend_with(motion, &given, &options, on_progress),
        })?;
        direct::made(py, &parts, sequence)
    }

    /// Motion without an end that can be directed while it goes on.
    ///
    /// Parameters
    /// ----------
    /// prompt : str
    ///     What the person does first.
    /// seed : int, default 42
    ///     Seed of the noise. The same seed and the same wishes at the same frames give the same motion, in blocks of any size.
    /// block : int, default 4
    ///     Frames of each block of the iterator.
    /// num_inference_steps : int, default 6
    ///     Steps from noise to motion of each window.
    ///
    /// Returns
    /// -------
    /// Stream
    #[pyo3(signature = (prompt, *, seed=DEFAULT_SEED, block=StreamOptions::default().block,
        num_inference_steps=StreamOptions::default().num_inference_steps))]
    fn stream(
        slf: Py<Self>,
        py: Python<'_>,
        prompt: String,
        seed: u64,
        block: usize,
        num_inference_steps: usize,
    ) -> PyResult<Stream> {
        let options = StreamOptions::default().with_seed(seed).with_block(block);
        Stream::open(py, slf, prompt, options.with_num_inference_steps(num_inference_steps))
    }

    /// Change what a motion shows, and keep the rest.
    ///
    /// Parameters
    /// ----------
    /// motion : Motion or path
    ///     The motion.
    /// prompt : str
    ///     What it shall show.
    /// source : str, optional
    ///     What it shows now. Whatever both prompts have in common stays.
    /// strength : float, optional
    ///     How much may change, above 0 and at most 1. None: 0.8.
    /// method : str
    ///     ``"flow"``: the difference between the two prompts is added to the motion; ``"noise"``: from the motion with noise
    ///     on it.
    /// seed : int, optional
    ///     Seed of the noise. None: 42.
    /// callback : callable, optional
    ///     As for calling the pipeline.
    /// **options
    ///     Options of the sampler; :func:`vimogen.generate` lists them.
    ///
    /// Returns
    /// -------
    /// Motion
    #[pyo3(signature = (motion, prompt, *, source=None, strength=None, method="flow", seed=None, callback=None, **options))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn edit<'py>(
        &self,
        py: Python<'py>,
        motion: Bound<'py, PyAny>,
        prompt: String,
        source: Option<String>,
        strength: Option<f64>,
        method: &str,
        seed: Option<u64>,
        callback: Option<Py<PyAny>>,
        options: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Motion> {
        let motion = one_motion(&motion)?;
        let options = seeded(py, seed, options.as_ref())?;
        let mut edit = TextEdit::default().with_method(method.parse().or_raise(py)?);
        (edit.source, edit.strength) = (source.map(Prompt::Text), strength);
        let work = |on_progress: &mut vimogen_core::progress::OnProgress<'_>| {
            self.core.edit_with(&motion, Prompt::Text(prompt), &edit, &options, on_progress)
        };
        Ok(with_progress(py, callback, work)?.into())
    }

    /// Motions like a motion.
    ///
    /// Parameters
    /// ----------
    /// motion : Motion or path
    ///     The motion.
    /// n : int
    ///     How many, 1 to 1000.
    /// prompt : str, optional
    ///     What they lean towards. None: nothing in particular.
    /// strength : float, optional
    ///     How much they differ, above 0 and at most 1. None: 0.4.
    /// seed : int, optional
    ///     Seed of the first; the next have the seeds after it. None: 42.
    /// callback : callable, optional
    ///     As for calling the pipeline.
    /// **options
    ///     Options of the sampler; :func:`vimogen.generate` lists them.
    ///
    /// Returns
    /// -------
    /// list of Motion
    #[pyo3(signature = (motion, n, *, prompt=None, strength=None, seed=None, callback=None, **options))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn variations<'py>(
        &self,
        py: Python<'py>,
        motion: Bound<'py, PyAny>,
        n: usize,
        prompt: Option<String>,
        strength: Option<f64>,
        seed: Option<u64>,
        callback: Option<Py<PyAny>>,
        options: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Vec<Motion>> {
        let motion = one_motion(&motion)?;
        let options = seeded(py, seed, options.as_ref())?;
        let work = |on_progress: &mut vimogen_core::progress::OnProgress<'_>| {
            self.core.variations_with(&motion, n, prompt.map(Prompt::Text), strength, &options, on_progress)
        };
        Ok(with_progress(py, callback, work)?.into_iter().map(Motion::from).collect())
    }

    /// Notes on a prompt: words, movements and counts outside of what the model was trained on.
    ///
    /// Generating raises each as a ``PromptWarning``. Models without a list of their movements have no notes.
    ///
    /// Returns
    /// -------
    /// list of dict
    ///     ``kind``: ``"misspelt"``, ``"unknown-word"``, ``"unfamiliar"``, ``"too-many-actions"``, ``"count"``,
    ///     ``"duration"`` or ``"truncated"``; ``words`` of the prompt; ``suggestions``; ``message``.
    ///
    /// Examples
    /// --------
    /// >>> import vimogen
    /// >>> vimogen.Pipeline.from_pretrained().notes("a person wlaks")[0]["message"]
    /// '"wlaks" was read as "walks"'
    fn notes<'py>(&self, py: Python<'py>, prompt: &str) -> PyResult<Bound<'py, PyAny>> {
        args::to_python(py, &self.core.notes(prompt))
    }

    /// The movements that the model was trained on, by name, each with its phrases; None without a list of them.
    #[getter]
    fn known_prompts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.core.known_prompts().map(|known| &known.movements);
        let phrases = known.map(|all| all.iter().map(|(name, movement)| (name, &movement.phrases)));
        args::to_python(py, &phrases.map(|all| all.collect::<std::collections::BTreeMap<_, _>>()))
    }

    /// Encode a prompt as the model's text encoder does: (L, text_dim).
    fn encode<'py>(&self, py: Python<'py>, prompt: &str) -> PyResult<Bound<'py, PyArray2<f32>>> {
        Ok(with_progress(py, None, |on_progress| self.core.encode_with(prompt, on_progress))?.into_pyarray(py))
    }

    /// Features as the network sees them: (T, 276) less the mean, divided by the standard deviation.
    fn normalize<'py>(&self, py: Python<'py>, features: Floats<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        Ok(self.core.stats().normalize(finite(&features)?).or_raise(py)?.into_pyarray(py))
    }

    /// The inverse of :meth:`normalize`.
    fn denormalize<'py>(&self, py: Python<'py>, features: Floats<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        Ok(self.core.stats().denormalize(finite(&features)?).or_raise(py)?.into_pyarray(py))
    }

    /// The network, which shares its weights with the pipeline.
    #[getter]
    fn dit(&self) -> Dit {
        self.core.dit().clone().into()
    }

    /// Frames per second of the motions.
    #[getter]
    fn fps(&self) -> f32 {
        self.core.fps()
    }

    /// The model's configuration.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        args::to_python(py, self.core.config())
    }

    /// Means of the features, (276,).
    #[getter]
    fn mean<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        self.core.stats().mean().to_pyarray(py)
    }

    /// Standard deviations of the features, (276,).
    #[getter]
    fn std<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        self.core.stats().std().to_pyarray(py)
    }

    /// The encoded empty prompt, (L, text_dim).
    #[getter]
    fn null_context<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f32>> {
        self.core.null_context().to_pyarray(py)
    }

    /// Settings on which the motions depend, apart from prompts and options, for the record of a run.
    #[getter]
    fn _origin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let origin = PyDict::new(py);
        origin.set_item("model", &self.path)?;
        origin.set_item("lora", &self.lora)?;
        origin.set_item("dtype", &self.dtype)?;
        origin.set_item("text_only", self.text_only)?;
        origin.set_item("text_encoder", self.core.encoder().map(|encoder| encoder.fingerprint()))?;
        Ok(origin)
    }

    fn __repr__(&self) -> String {
        let model = self.path.as_ref().map_or_else(|| "built-in".into(), |path| path.display().to_string());
        format!("Pipeline({model:?}, device={:?})", self.device)
    }
}

impl Pipeline {
    /// The pipeline of the core.
    pub fn core(&self) -> &Core {
        &self.core
    }
}

/// Options with a seed of their own.
fn seeded(py: Python<'_>, seed: Option<u64>, arguments: Option<&Bound<'_, PyDict>>) -> PyResult<GenerateOptions> {
    let mut options = generate_options(py, arguments)?;
    options.seed = seed.unwrap_or(options.seed);
    Ok(options)
}

/// A motion, or that of a file.
fn one_motion(value: &Bound<'_, PyAny>) -> PyResult<CoreMotion> {
    motion(value).map_err(|error| match error.is_instance_of::<PyTypeError>(value.py()) {
        true => PyTypeError::new_err("motion must be a Motion or a path"),
        false => error,
    })
}

/// Constraints of a file, of a dict, or of an object with ``to_dict``.
fn constraints_of(value: &Bound<'_, PyAny>) -> PyResult<Constraints> {
    if let Ok(path) = value.extract::<PathBuf>() {
        return Constraints::load(path).or_raise(value.py());
    }
    let dict = if value.hasattr("to_dict")? { value.call_method0("to_dict")? } else { value.clone() };
    args::config("constraints", &dict)
}

/// An encoder, or one from its folder.
fn text_encoder_of(value: &Bound<'_, PyAny>, device: &str) -> PyResult<Arc<Umt5Encoder>> {
    if let Ok(encoder) = value.cast::<TextEncoder>() {
        return Ok(encoder.get().core());
    }
    let path =
        value.extract::<PathBuf>().map_err(|_| invalid(value.py(), "text_encoder", "give a TextEncoder or a path"))?;
    Ok(TextEncoder::open(value.py(), path, "auto", "stored", device, None)?.core())
}

/// The arguments of a call.
struct Asked {
    prompts: Option<Given<Prompt>>,
    references: Option<Given<CoreMotion>>,
    num_frames: Option<Given<usize>>,
    seeds: Option<Given<u64>>,
    /// How many motions, if any argument is a list.
    listed: Option<usize>,
}

impl Asked {
    fn read<'py>(
        py: Python<'py>,
        prompt: Option<Bound<'py, PyAny>>,
        prompt_embeds: Option<Bound<'py, PyAny>>,
        reference: Option<Bound<'py, PyAny>>,
        num_frames: Option<Bound<'py, PyAny>>,
        seed: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let texts = given(prompt.as_ref(), "prompt", "a string", |v| Ok(Prompt::Text(v.extract()?)))?;
        let embeds = given(prompt_embeds.as_ref(), "prompt_embeds", "a path or an array (L, text_dim)", embeds)?;
        let prompts = match (texts, embeds) {
            (Some(_), Some(_)) => return Err(invalid(py, "prompt_embeds", "give it or prompt, not both")),
            (texts, embeds) => texts.or(embeds),
        };
        let references = given(reference.as_ref(), "reference", "a Motion or a path", motion)?;
        let num_frames = given(num_frames.as_ref(), "num_frames", "an int", |v| v.extract())?;
        let seeds = given(seed.as_ref(), "seed", "an int from 0 to 2**64 - 1", |v| v.extract())?;
        let lists = [
            ("prompt", prompts.as_ref().and_then(Given::listed)),
            ("reference", references.as_ref().and_then(Given::listed)),
            ("num_frames", num_frames.as_ref().and_then(Given::listed)),
            ("seed", seeds.as_ref().and_then(Given::listed)),
        ];
        let listed = lists.iter().find_map(|(_, n)| *n);
        for (name, n) in lists {
            if n.is_some() && n != listed {
                let counts = format!("it lists {} values, another argument {}", n.unwrap_or(0), listed.unwrap_or(0));
                return Err(invalid(py, name, counts));
            }
        }
        Ok(Self { prompts, references, num_frames, seeds, listed })
    }

    fn is_list(&self) -> bool {
        self.listed.is_some()
    }

    fn requests(&self, py: Python<'_>) -> PyResult<Vec<Request>> {
        (0..self.listed.unwrap_or(1)).map(|i| self.request(i).or_raise(py)).collect()
    }

    fn request(&self, i: usize) -> Result<Request> {
        let prompt = self.prompts.as_ref().and_then(|given| given.at(i)).cloned();
        let reference = self.references.as_ref().and_then(|given| given.at(i)).cloned();
        let mut request = Request::from_either(prompt, reference)?;
        request.num_frames = self.num_frames.as_ref().and_then(|given| given.at(i)).copied();
        request.seed = self.seeds.as_ref().and_then(|given| given.at(i)).copied();
        Ok(request)
    }
}

/// Features that are finite.
fn finite<'a>(features: &'a Floats<'_>) -> PyResult<ArrayView2<'a, f32>> {
    let rows = as_2d(features, "features")?;
    check_finite("features", &rows).or_raise(features.py())?;
    Ok(rows)
}

fn embeds(value: &Bound<'_, PyAny>) -> PyResult<Prompt> {
    if let Ok(path) = value.extract::<PathBuf>() {
        return Prompt::load_embeds(path).or_raise(value.py());
    }
    Ok(Prompt::Embeds(owned(as_2d(&value.extract::<Floats<'_>>()?, "prompt_embeds")?)))
}

fn motion(value: &Bound<'_, PyAny>) -> PyResult<CoreMotion> {
    if let Ok(motion) = value.cast::<Motion>() {
        return Ok(motion.get().core().clone());
    }
    match value.extract::<PathBuf>() {
        Ok(path) => warned(value.py(), &path, CoreMotion::load(&path).or_raise(value.py())?),
        Err(_) => Err(PyTypeError::new_err("")),
    }
}

/// Write a model directory in our own layout.
///
/// Parameters
/// ----------
/// path : str or os.PathLike, optional
///     A folder of ours or of the release's layout. None: the built-in model.
/// out : str or os.PathLike
///     The folder to write.
/// dtype : str
///     How weights are stored, ``"float32"``, ``"bfloat16"`` or ``"int8"`` (a quarter of the size, rounded).
/// text_only : bool
///     Leave out the reference path, a third of the model.
///
/// Returns
/// -------
/// list of str
///     Names of the parameters that were written.
#[pyfunction]
#[pyo3(signature = (path, out, *, dtype="float32", text_only=false))]
pub fn convert(
    py: Python<'_>,
    path: Option<PathBuf>,
    out: PathBuf,
    dtype: &str,
    text_only: bool,
) -> PyResult<Vec<String>> {
    let dtype = args::dtype(py, dtype)?;
    let report = interruptible(py, move || {
        let dir = match path {
            Some(path) => ModelDir::open(path)?,
            None => Core::builtin_dir()?,
        };
        dir.convert(&out, dtype, text_only)
    })?;
    Ok(report.applied)
}
