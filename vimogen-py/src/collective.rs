//! A Python function as the transport between processes that train together.

use std::sync::{Arc, Mutex, PoisonError};

use numpy::{IntoPyArray, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use vimogen_core::train::collective::Collective;
use vimogen_core::{Error, Result};

use crate::error::raise;

/// Exception of a Python function that Rust called.
pub type Raised = Arc<Mutex<Option<PyErr>>>;

/// Processes whose buffers a Python function sums.
pub struct Hook {
    function: Py<PyAny>,
    rank: usize,
    size: usize,
    raised: Raised,
}

/// Group of processes of `all_reduce`: the name "mpi", or a function.
pub fn open(
    all_reduce: &Bound<'_, PyAny>,
    rank: usize,
    world_size: usize,
    raised: &Raised,
) -> PyResult<Arc<dyn Collective>> {
    let py = all_reduce.py();
    if all_reduce.extract::<&str>().is_ok_and(|name| name == "mpi") {
        return crate::error::OrRaise::or_raise(vimogen_core::train::collective::mpi(), py);
    }
    if !all_reduce.is_callable() {
        return Err(raise(py, &Error::invalid("all_reduce", "expected a function, or \"mpi\"")));
    }
    let function = all_reduce.clone().unbind();
    Ok(Arc::new(Hook { function, rank, size: world_size, raised: raised.clone() }))
}

/// Prefers the exception of the function to the error that followed from it.
pub fn prefer_raised<T>(raised: &Raised, result: PyResult<T>) -> PyResult<T> {
    let error = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (result, error) {
        (Err(_), Some(error)) => Err(error),
        (result, _) => result,
    }
}

impl Hook {
    /// The function changes the array in place or returns a new one.
    fn call(&self, py: Python<'_>, values: &mut [f32]) -> PyResult<()> {
        let array = values.to_vec().into_pyarray(py);
        let answer = self.function.bind(py).call1((&array,))?;
        let summed = match answer.is_none() {
            true => array,
            false => answer.cast_into::<PyArray1<f32>>().map_err(|_| {
                raise(py, &Error::invalid("all_reduce", "the function must give None or a 1-D float32 array"))
            })?,
        };
        let summed = summed.readonly();
        let slice = summed.as_slice()?;
        if slice.len() != values.len() {
            let error = Error::shape("the answer of all_reduce", format!("({},)", values.len()), &[slice.len()]);
            return Err(raise(py, &error));
        }
        values.copy_from_slice(slice);
        Ok(())
    }
}

impl Collective for Hook {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        Python::attach(|py| self.call(py, values)).map_err(|error| {
            let reason = error.to_string();
            *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            Error::ProcessGroup { group: "all_reduce".into(), reason }
        })
    }
}
