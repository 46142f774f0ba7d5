//! Parts of a batch on thread pools of their own.
//!
//! Much of a small model's step is work for one core. Parts that are computed at the same time keep all cores busy, and
//! their sum does not depend on the number of cores: the parts are added in their order.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// Pools that share the processor's cores, one per part.
pub(crate) fn pools(parts: usize) -> Result<Vec<ThreadPool>> {
    let cores = rayon::current_num_threads();
    let pool = |_| {
        let pool = ThreadPoolBuilder::new().num_threads((cores / parts).max(1)).build();
        pool.map_err(|e| Error::internal(format!("no threads to train with: {e}")))
    };
    (0..parts).map(pool).collect()
}

/// The results of `part(i)` for each pool, computed at the same time, in the order of `i`.
pub(crate) fn on_each<T: Send>(pools: &[ThreadPool], part: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let part = &part;
        let pools = pools.iter().enumerate();
        let threads: Vec<_> = pools.map(|(i, pool)| scope.spawn(move || pool.install(|| part(i)))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}
