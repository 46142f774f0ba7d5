//! Parts of a batch on thread pools of their own.
//!
//! Much of a small model's step is work for one core. Parts that are computed at the same time keep all cores busy, and
//! their sum does not depend on the number of cores: the parts are added in their order.

use crate::error::Result;
use crate::process::{Pool, threads};

/// Pools that share the processor's cores, one per part.
pub(crate) fn pools(parts: usize) -> Result<Vec<Pool>> {
    let each = (threads() / parts).max(1);
    (0..parts).map(|_| Pool::new(each, 0)).collect()
}

/// The results of `part(i)` for each pool, computed at the same time, in the order of `i`.
pub(crate) fn on_each<T: Send>(pools: &[Pool], part: impl Fn(usize) -> T + Sync) -> Vec<T> {
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
