//! A trainer as a member of a group of processes.

use std::sync::Arc;

use super::collective::{Collective, from_first, unavailable};
use super::trainer::Trainer;
use crate::error::{Error, Result};

impl Trainer {
    /// Makes each step a step of all processes of `collective`: [`Trainer::train_step`] takes the clips of this process,
    /// and its update and report are those of one process with the clips of all. All start from the weights of process 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the rank is not below the size, [`Error::ProcessGroup`] if another process is gone.
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

    /// Number of processes that train together.
    pub fn world_size(&self) -> usize {
        self.collective.as_ref().map_or(1, |c| c.size())
    }

    /// Whether the flag is set in any process. All processes must call this.
    ///
    /// # Errors
    /// [`Error::ProcessGroup`] if another process is gone.
    pub fn any(&self, flag: bool) -> Result<bool> {
        let Some(collective) = &self.collective else { return Ok(flag) };
        let mut count = [f32::from(u8::from(flag))];
        collective.all_reduce_sum(&mut count)?;
        Ok(count[0] > 0.0)
    }

    /// Ends this process's part in the group, so that it may exit without an error for the others.
    pub fn finish(&self) {
        if let Some(collective) = &self.collective {
            collective.finish();
        }
    }
}
