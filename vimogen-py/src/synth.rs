//! `vimogen.SyntheticData`: batches of procedural motion.

use std::sync::Arc;

use numpy::{PyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vimogen_core::data::{ConditionMix, ProceduralLoader};
use vimogen_core::motion::codec::encode;
use vimogen_core::motion::layout::FPS;
use vimogen_core::text::WordEncoder;
use vimogen_core::{Motion as CoreMotion, TextEncoder};

use crate::args;
use crate::error::invalid;
use crate::motion::Motion;
use crate::run::detached;
use crate::trainer::batch_to_python;

/// Maximum number of clips in a batch and of rows in a prompt.
const MOST: usize = 4096;

/// An endless, deterministic source of captioned procedural motion: what the built-in model is trained on.
///
/// Parameters
/// ----------
/// batch_size : int
///     Clips of a batch.
/// text_len : int
///     Number of rows to which prompts are padded.
/// seed : int
///     The same seed gives the same batches.
/// mix : dict, optional
///     Mix of conditions: the shares ``text`` and ``null_text``, ``repertoire`` (generation of procedural motion, 1 or 2), and
///     ``corruption``, a dict with the keys of an
///     experiment's ``ref_motion_corruption``.
#[pyclass(frozen, module = "vimogen", name = "SyntheticData")]
pub struct SyntheticData {
    core: ProceduralLoader,
    text_dim: usize,
}

#[pymethods]
impl SyntheticData {
    #[new]
    #[pyo3(signature = (batch_size=16, *, text_len=32, seed=7, mix=None))]
    fn new(
        py: Python<'_>,
        batch_size: usize,
        text_len: usize,
        seed: u64,
        mix: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        for (name, value) in [("batch_size", batch_size), ("text_len", text_len)] {
            if !(1..=MOST).contains(&value) {
                return Err(invalid(py, name, format!("{value} is not in 1..={MOST}")));
            }
        }
        let mix: ConditionMix = mix.as_ref().map_or(Ok(ConditionMix::default()), |mix| args::config("mix", mix))?;
        let (core, text_dim) = detached(py, || {
            let encoder = WordEncoder::builtin()?;
            let text_dim = encoder.dim();
            Ok((ProceduralLoader::new(seed, batch_size, text_len, mix, Arc::new(encoder))?, text_dim))
        })?;
        Ok(Self { core, text_dim })
    }

    /// The batch of a step, as :meth:`Trainer.train_step` takes it.
    fn batch<'py>(&self, py: Python<'py>, step: usize) -> PyResult<Bound<'py, PyDict>> {
        let batch = detached(py, || self.core.batch(step))?;
        batch_to_python(py, batch, self.text_dim)
    }

    /// A clip of the data set, by its number: its caption and its motion.
    ///
    /// Parameters
    /// ----------
    /// index : int
    ///     Number of the clip.
    /// num_frames : int, optional
    ///     Length, 8 to 400 frames. None: as the data set draws it.
    ///
    /// Returns
    /// -------
    /// tuple of str and Motion
    #[pyo3(signature = (index, num_frames=None))]
    fn clip(&self, py: Python<'_>, index: u64, num_frames: Option<usize>) -> PyResult<(String, Motion)> {
        if num_frames.is_some_and(|frames| !(8..=400).contains(&frames)) {
            return Err(invalid(py, "num_frames", format!("{} is not in 8..=400", num_frames.unwrap_or_default())));
        }
        let (caption, motion) = detached(py, || {
            let (caption, motion) = self.core.clip(index, num_frames);
            Ok((caption, CoreMotion::from_features(encode(&motion)?, FPS)?))
        })?;
        Ok((caption, motion.into()))
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

    /// Width of the prompts' rows; the model's ``text_dim`` must equal it.
    #[getter]
    fn text_dim(&self) -> usize {
        self.text_dim
    }
}
