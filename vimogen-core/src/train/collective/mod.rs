//! Training by several processes: each has a part of every batch, and all make the same step.
//!
//! A [`Collective`] is the transport: it sums one flat buffer over all processes. There are MPI ([`mpi`], behind the
//! feature of that name) and the threads of one process ([`Threads`]); in Python a function around `torch.distributed`,
//! Horovod or mpi4py takes its place.

mod mpi;
mod reduce;
#[cfg(test)]
mod tests;
mod threads;

pub use mpi::mpi;
pub use threads::Threads;

pub(crate) use reduce::{by_first, from_first, from_owners, sum_gradients, to_first};

use crate::error::{Error, Result};

/// A group of processes that sums arrays.
///
/// All processes make the same calls in the same order. When one fails, it must end the calls of the others with an
/// error, or end the others: no process waits for it.
pub trait Collective: Send + Sync {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// Number of processes.
    fn size(&self) -> usize;

    /// Replaces each value by its sum over all processes, which is the same on all to the last bit.
    ///
    /// # Errors
    /// [`Error::ProcessGroup`] if another process is gone.
    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()>;

    /// Marks the work as done: this process may end without an error for the others.
    fn finish(&self) {}
}

pub(crate) fn unavailable(group: &str, reason: &str) -> Error {
    Error::ProcessGroup { group: group.into(), reason: reason.into() }
}
