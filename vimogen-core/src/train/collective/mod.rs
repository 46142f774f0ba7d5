//! Training by several processes: each has a part of every batch, and all make the same step.
//!
//! The transport is not ours. A [`Collective`] sums one flat buffer over all processes; MPI ([`mpi`], with the feature
//! of that name), a Python function around `torch.distributed`, Horovod or mpi4py, and threads of one process
//! ([`Threads`]) are such.

mod mpi;
mod reduce;
mod threads;

use std::sync::Arc;

pub use mpi::mpi;
pub use threads::Threads;

pub(crate) use reduce::{by_first, from_first, from_owners, sum_gradients, to_first};

use super::trainer::Trainer;
use crate::error::{Error, Result};

/// A group of processes that can add up numbers.
///
/// All processes make the same calls in the same order. One that fails must end the calls of the others with an error,
/// or end the others: nobody waits for it.
pub trait Collective: Send + Sync {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// Number of processes.
    fn size(&self) -> usize;

    /// Replaces each number by its sum over all processes, the same on all to the last bit.
    ///
    /// # Errors
    /// [`Error::Device`] if another process is gone.
    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()>;

    /// The work is done: this process may end without an error for the others.
    fn finish(&self) {}
}

fn unavailable(group: &str, reason: &str) -> Error {
    Error::Device { device: group.into(), reason: reason.into() }
}

impl Trainer {
    /// Makes each step one of all processes of `collective`: [`Trainer::train_step`] takes this process's clips, and its
    /// update and report are those of one process that has the clips of all. The weights to start from are those of
    /// process 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the rank is not below the size, [`Error::Device`] if another process is gone.
    pub fn join(&mut self, collective: Arc<dyn Collective>) -> Result<()> {
        let (rank, size) = (collective.rank(), collective.size());
        if rank >= size {
            return Err(Error::invalid("rank", format!("{rank} is not below the number of processes, {size}")));
        }
        let mut steps = [self.step as f32];
        collective.all_reduce_sum(&mut steps)?;
        if steps[0] != self.step as f32 * size as f32 {
            let reason = "the processes have done different numbers of steps; let all resume from one folder";
            return Err(unavailable("process group", reason));
        }
        let exact = from_first(collective.as_ref(), self.optimizer.exact(self.dit.clone()))?;
        self.dit = self.optimizer.round(exact);
        self.average = from_first(collective.as_ref(), self.average.clone())?;
        if self.config.shard_optimizer {
            self.optimizer.share_out(&self.dit, collective.as_ref());
        }
        self.collective = Some(collective);
        Ok(())
    }

    /// Number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.collective.as_ref().map_or(0, |c| c.rank())
    }

    /// Tells the other processes that this one is done with its work, so that it may end.
    pub fn finish(&self) {
        if let Some(collective) = &self.collective {
            collective.finish();
        }
    }

    /// Whether the flag is set in any process; all must ask.
    ///
    /// # Errors
    /// [`Error::Device`] if another process is gone.
    pub fn any(&self, flag: bool) -> Result<bool> {
        let Some(collective) = &self.collective else { return Ok(flag) };
        let mut count = [f32::from(u8::from(flag))];
        collective.all_reduce_sum(&mut count)?;
        Ok(count[0] > 0.0)
    }

    /// Number of processes that train together.
    pub fn world_size(&self) -> usize {
        self.collective.as_ref().map_or(1, |c| c.size())
    }
}

#[cfg(test)]
mod tests;
