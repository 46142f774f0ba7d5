//! `vimogen.Stream`.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use vimogen_core::pipeline::{Stream as Core, StreamOptions};
use vimogen_core::{Pipeline as CorePipeline, Result};

use crate::motion::Motion;
use crate::pipeline::Pipeline;
use crate::run::interruptible;

/// A pipeline of Python that a stream keeps alive.
struct Held(Py<Pipeline>);

impl Deref for Held {
    type Target = CorePipeline;

    fn deref(&self) -> &CorePipeline {
        self.0.get().core()
    }
}

/// Motion without an end from :meth:`Pipeline.stream`: an iterator of blocks, each a Motion that goes on where the one before
/// ended.
///
/// Examples
/// --------
/// >>> import vimogen
/// >>> stream = vimogen.Pipeline.from_pretrained().stream("a person walks forward", seed=1, block=10)
/// >>> len(next(stream)), stream.frame
/// (10, 10)
/// >>> stream.set_heading(90)  # to the left, from the next frame on
/// >>> stream.set_prompt("a person waves the right hand")
/// >>> stream.block(5)
/// Motion(frames=5, fps=20, seconds=0.25)
#[pyclass(frozen, module = "vimogen", name = "Stream")]
pub struct Stream {
    core: Arc<Mutex<Core<Held>>>,
}

impl Stream {
    pub fn open(py: Python<'_>, pipeline: Py<Pipeline>, prompt: String, options: StreamOptions) -> PyResult<Self> {
        let core = interruptible(py, move || Core::new(Held(pipeline), prompt, options))?;
        Ok(Self { core: Arc::new(Mutex::new(core)) })
    }

    fn with<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Core<Held>) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let core = self.core.clone();
        interruptible(py, move || work(&mut core.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl Stream {
    /// The next `frames` frames.
    fn block(&self, py: Python<'_>, frames: usize) -> PyResult<Motion> {
        Ok(self.with(py, move |stream| stream.block(frames))?.into())
    }

    /// Set what the person does from the next frame on.
    fn set_prompt(&self, py: Python<'_>, prompt: String) -> PyResult<()> {
        self.with(py, move |stream| stream.set_prompt(prompt))
    }

    /// Turn the person to a heading in degrees to the left of the first one. It turns while it moves. None ends steering.
    fn set_heading(&self, py: Python<'_>, degrees: Option<f32>) -> PyResult<()> {
        self.with(py, move |stream| stream.set_heading(degrees))
    }

    /// Lead the person to a place on the ground, metres to the right and forward. None ends steering.
    fn set_target(&self, py: Python<'_>, place: Option<[f32; 2]>) -> PyResult<()> {
        self.with(py, move |stream| stream.set_target(place))
    }

    /// Number of the next frame.
    #[getter]
    fn frame(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |stream| Ok(stream.frame()))
    }

    /// Whether the person is within 0.4 m of the target.
    #[getter]
    fn reached(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |stream| Ok(stream.reached()))
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// The next block.
    fn __next__(&self, py: Python<'_>) -> PyResult<Motion> {
        let next = self.with(py, |stream| {
            stream.next().unwrap_or_else(|| Err(vimogen_core::Error::internal("a stream has ended")))
        });
        Ok(next?.into())
    }
}
