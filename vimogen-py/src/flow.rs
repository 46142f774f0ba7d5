//! `vimogen.flow`: noise levels.

use numpy::{IntoPyArray, PyArray1, PyArray2, ToPyArray};
use pyo3::prelude::*;
use vimogen_core::model::config::MAX_POSITIONS;
use vimogen_core::sample::{self, Schedule as Core, ScheduleConfig};

use crate::error::{OrRaise, invalid};

/// Noise levels of a generation or of training, highest first.
///
/// Parameters
/// ----------
/// num_steps : int
///     Number of levels.
/// strength : float
///     Level between data (0) and noise (1) at which sampling starts, before the shift.
/// shift : float
///     Shift s of the levels, ``s * sigma / (1 + (s - 1) * sigma)``.
/// training : bool
///     Compute `weights`.
/// sigma_min, sigma_max : float
///     Lowest and highest level, before the shift.
/// extra_one_step : bool
///     Leave out the lowest level, to which the last step goes, or include it.
/// reverse_sigmas : bool
///     Use ``1 - sigma``, from data to noise.
/// inverse_timesteps : bool
///     Run through the levels backwards.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> schedule = vimogen.flow.Schedule(50, strength=0.7)
/// >>> len(schedule), round(float(schedule.sigmas[0]), 3)
/// (50, 0.921)
#[pyclass(frozen, module = "vimogen.flow", name = "Schedule")]
pub struct Schedule {
    core: Core,
}

#[pymethods]
impl Schedule {
    #[new]
    #[pyo3(signature = (num_steps, strength=1.0, shift=5.0, training=false, *, sigma_min=0.0, sigma_max=1.0,
        extra_one_step=true, reverse_sigmas=false, inverse_timesteps=false))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        py: Python<'_>,
        num_steps: usize,
        strength: f64,
        shift: f64,
        training: bool,
        sigma_min: f64,
        sigma_max: f64,
        extra_one_step: bool,
        reverse_sigmas: bool,
        inverse_timesteps: bool,
    ) -> PyResult<Self> {
        let config = ScheduleConfig {
            num_steps,
            strength,
            shift,
            sigma_min,
            sigma_max,
            extra_one_step,
            reverse_sigmas,
            inverse_timesteps,
            training,
        };
        Ok(Self { core: Core::new(&config).or_raise(py)? })
    }

    /// Noise levels in 0..1, float64.
    #[getter]
    fn sigmas<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.core.sigmas().to_pyarray(py)
    }

    /// Timesteps, ``1000 * sigma``, the network's input.
    #[getter]
    fn timesteps<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        self.core.timesteps().to_pyarray(py)
    }

    /// Weights of the levels in the training loss; empty unless `training`.
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        self.core.weights().to_pyarray(py)
    }

    /// The index of the level whose timestep is nearest.
    fn index_of(&self, timestep: f32) -> usize {
        self.core.index_of(timestep)
    }

    /// The change of sigma from level `index` to the next: an Euler step is ``x + velocity * delta``.
    fn delta(&self, py: Python<'_>, index: usize) -> PyResult<f64> {
        self.check(py, index)?;
        Ok(self.core.delta(index))
    }

    /// The change of sigma from level `index` to the end.
    fn delta_to_final(&self, py: Python<'_>, index: usize) -> PyResult<f64> {
        self.check(py, index)?;
        Ok(self.core.delta_to_final(index))
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    fn __repr__(&self) -> String {
        let sigmas = self.core.sigmas();
        format!("Schedule(num_steps={}, sigmas={:.3}..{:.3})", sigmas.len(), sigmas[0], sigmas[sigmas.len() - 1])
    }
}

impl Schedule {
    fn check(&self, py: Python<'_>, index: usize) -> PyResult<()> {
        if index < self.core.len() {
            return Ok(());
        }
        Err(invalid(py, "index", format!("{index} is not in 0..{}", self.core.len())))
    }
}

/// The noise that a generation of this seed and length starts from, (num_frames, 276).
#[pyfunction]
pub fn noise<'py>(py: Python<'py>, seed: u64, num_frames: usize) -> PyResult<Bound<'py, PyArray2<f32>>> {
    match num_frames {
        1..=MAX_POSITIONS => Ok(sample::noise(seed, num_frames).into_pyarray(py)),
        _ => Err(invalid(py, "num_frames", format!("{num_frames} is not in 1..={}", MAX_POSITIONS))),
    }
}
