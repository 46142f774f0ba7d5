//! The thread pool of a process, also after a fork.
//!
//! A fork copies one thread only. The child of a process whose pool has started has a pool without threads, in which every
//! job would wait forever. [`enter`] gives the child a pool of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// Remedy for work that a forked process cannot do.
pub const USE_SPAWN: &str =
    "start processes with multiprocessing.set_start_method(\"spawn\"), or load vimogen after the fork";

/// The process that has the global pool; 0 before the first call.
static HOME: AtomicU32 = AtomicU32::new(0);
/// The process that uses a GPU; 0 before the first use.
static ACCELERATED: AtomicU32 = AtomicU32::new(0);
/// The pool of a forked process, with the process that made it.
static OWN: Mutex<Option<(u32, &'static ThreadPool)>> = Mutex::new(None);

/// Records that the global pool belongs to this process, unless it belongs to another one already. Bindings call this when
/// they are loaded.
pub fn adopt() {
    let _ = HOME.compare_exchange(0, std::process::id(), Ordering::Relaxed, Ordering::Relaxed);
}

/// Whether this process was forked from the one that has the global pool.
pub fn is_forked() -> bool {
    ![0, std::process::id()].contains(&HOME.load(Ordering::Relaxed))
}

/// The pool to install work in; `None` if the calling thread can work where it is. A binding calls this before any work.
///
/// In a forked process the first caller becomes a thread of a new pool and stays one. If that process forks again, this thread
/// belongs to a pool without threads, and work of the grandchild goes to a pool that it is not part of.
///
/// # Errors
/// [`Error::Device`] if the threads of the pool cannot start.
pub fn enter() -> Result<Option<&'static ThreadPool>> {
    adopt();
    if !is_forked() {
        return Ok(None);
    }
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    match *own {
        Some((process, pool)) if process == std::process::id() => {
            Ok(pool.current_thread_index().is_none().then_some(pool))
        }
        _ => {
            let is_left_behind = rayon::current_thread_index().is_some();
            let pool: &'static ThreadPool = Box::leak(Box::new(new_pool(!is_left_behind)?));
            *own = Some((std::process::id(), pool));
            Ok(is_left_behind.then_some(pool))
        }
    }
}

/// A pool of the usual number of threads and, if it joins, the calling one, which takes part only while it waits.
fn new_pool(joins: bool) -> Result<ThreadPool> {
    let failed = |e: rayon::ThreadPoolBuildError| Error::Device {
        device: "cpu".into(),
        reason: format!("the threads of this forked process cannot start: {e}; {USE_SPAWN}"),
    };
    // The number of threads of a pool is known without its threads.
    let builder = ThreadPoolBuilder::new().num_threads(rayon::current_num_threads() + usize::from(joins));
    let builder = if joins { builder.use_current_thread() } else { builder };
    builder.build().map_err(failed)
}

/// Checks that no other process, from which this one was forked, uses a GPU: its driver does not survive a fork.
///
/// # Errors
/// [`Error::Device`] naming the remedy.
#[cfg(feature = "model")]
pub(crate) fn check_accelerator() -> Result<()> {
    let this = std::process::id();
    match ACCELERATED.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Ok(()),
        Err(process) if process == this => Ok(()),
        Err(process) => {
            let reason = format!("process {process}, from which this one was forked, uses it; {USE_SPAWN}");
            Err(Error::Device { device: "gpu".into(), reason })
        }
    }
}

/// Runs `f` where its parallel parts have threads: on a thread that `f` does not share with a caller of [`enter`].
///
/// # Errors
/// As [`enter`].
#[cfg(any(feature = "mbench", feature = "model", feature = "render"))]
pub(crate) fn with_pool<T: Send>(f: impl FnOnce() -> T + Send) -> Result<T> {
    Ok(match enter()? {
        None => f(),
        Some(pool) => pool.install(f),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_adopts_the_pool_works_in_it() {
        adopt();
        assert!(!is_forked());
        assert!(enter().unwrap().is_none());
        #[cfg(any(feature = "mbench", feature = "model", feature = "render"))]
        assert_eq!(with_pool(|| 7).unwrap(), 7);
    }

    #[cfg(feature = "model")]
    #[test]
    fn a_gpu_belongs_to_the_process_that_uses_it_first() {
        check_accelerator().unwrap();
        check_accelerator().unwrap();
        ACCELERATED.store(1, Ordering::Relaxed);
        let text = check_accelerator().unwrap_err().to_string();
        ACCELERATED.store(0, Ordering::Relaxed);
        assert!(text.contains("process 1") && text.contains("set_start_method"), "{text}");
    }
}
