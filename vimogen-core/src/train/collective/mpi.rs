//! MPI: `mpirun` or Slurm starts the processes.

use std::sync::Arc;

use super::{Collective, unavailable};
use crate::error::Result;

/// All processes that `mpirun` or Slurm started together. The first call starts MPI.
///
/// A process that dies, or ends without [`Collective::finish`], ends all others: MPI sees to it.
///
/// # Errors
/// [`crate::Error::ProcessGroup`] in a build without the feature `mpi`, or if MPI cannot be started.
pub fn mpi() -> Result<Arc<dyn Collective>> {
    #[cfg(feature = "mpi")]
    return world::open();
    #[cfg(not(feature = "mpi"))]
    Err(unavailable("mpi", "this build has none; build with the feature mpi, or pass all_reduce in Python"))
}

#[cfg(feature = "mpi")]
mod world {
    use std::sync::{Mutex, PoisonError};

    use mpi::Threading;
    use mpi::collective::SystemOperation;
    use mpi::environment::Universe;
    use mpi::topology::SimpleCommunicator;
    use mpi::traits::{Communicator, CommunicatorCollectives};

    use super::{Arc, Collective, Result, unavailable};

    /// MPI between its start and its end.
    static UNIVERSE: Mutex<Option<Universe>> = Mutex::new(None);

    /// The calls of one process come one after another, from whichever thread.
    static CALL: Mutex<()> = Mutex::new(());

    pub(super) fn open() -> Result<Arc<dyn Collective>> {
        let mut universe = UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner);
        if universe.is_none() {
            let start = mpi::initialize_with_threading(Threading::Serialized);
            let used = || unavailable("mpi", "it was started by another part of this program, or is finished");
            *universe = Some(start.ok_or_else(used)?.0);
        }
        // Asked once: MPI answers nothing after its end.
        let world = SimpleCommunicator::world();
        let rank = usize::try_from(world.rank()).unwrap_or(0);
        Ok(Arc::new(World { rank, size: usize::try_from(world.size()).unwrap_or(1) }))
    }

    struct World {
        rank: usize,
        size: usize,
    }

    impl Collective for World {
        fn rank(&self) -> usize {
            self.rank
        }

        fn size(&self) -> usize {
            self.size
        }

        fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
            let _one_at_a_time = CALL.lock().unwrap_or_else(PoisonError::into_inner);
            if UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
                return Err(unavailable("mpi", "it is finished"));
            }
            let own = values.to_vec();
            SimpleCommunicator::world().all_reduce_into(&own[..], values, SystemOperation::sum());
            Ok(())
        }

        fn finish(&self) {
            drop(UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}
