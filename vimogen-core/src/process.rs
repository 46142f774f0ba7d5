//! The threads that work in a process, also after a fork.
//!
//! A fork copies one thread only. The child of a process whose pool has started has a pool without threads, in which every
//! job would wait forever. [`run`] therefore gives each call of a forked process a pool of one thread, in which all parts of
//! the call run in turn, and the parts that gain from more threads are sent to a pool that the calls of the process share.
//! A call never waits for a thread that another call holds, and a thread of a pool of one has no others that a further fork
//! could lose.
//!
//! A thread that begins or ends while the process forks can hold a lock of the allocator, which nobody opens in the child.
//! All threads of a pool have begun before a call works with them, and threads that a call starts have ended when it returns.
//!
//! In WebAssembly a process has one thread, no number and no clock: all parts of a call run on the thread that made it.

use std::error::Error as _;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{JoinHandle, ScopedJoinHandle};

use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// Remedy for work that a forked process cannot do.
pub const USE_SPAWN: &str =
    "start processes with multiprocessing.set_start_method(\"spawn\"), or load vimogen after the fork";

/// Stack of the thread that a call of a forked process runs on, as large as a caller's usually is.
const STACK: usize = 8 << 20;

/// The process that has the global pool; 0 before the first call.
static HOME: AtomicU32 = AtomicU32::new(0);
/// Number of threads of the global pool; 0 before it starts.
static THREADS: AtomicUsize = AtomicUsize::new(0);
/// The forked process that has a thread with a pool of its own; 0 before.
static JOINED: AtomicU32 = AtomicU32::new(0);
/// The process that uses a GPU; 0 before the first use.
#[cfg(feature = "model")]
static ACCELERATED: AtomicU32 = AtomicU32::new(0);
/// The pool that the calls of a forked process share, with that process.
static SHARED: Mutex<Option<(u32, &'static Pool)>> = Mutex::new(None);

/// Number of this process.
pub(crate) fn this_process() -> u32 {
    if cfg!(target_family = "wasm") { 1 } else { std::process::id() }
}

#[cfg(all(any(feature = "model", feature = "render"), not(target_family = "wasm")))]
pub(crate) use std::time::Instant;

/// A clock that stands still.
#[cfg(all(any(feature = "model", feature = "render"), target_family = "wasm"))]
#[derive(Clone, Copy)]
pub(crate) struct Instant;

#[cfg(all(any(feature = "model", feature = "render"), target_family = "wasm"))]
impl Instant {
    pub fn now() -> Self {
        Self
    }

    pub fn elapsed(self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// Records that the global pool belongs to this process, unless it belongs to another one already. Bindings call this when
/// they are loaded.
pub fn adopt() {
    let _ = HOME.compare_exchange(0, this_process(), Ordering::Relaxed, Ordering::Relaxed);
}

/// Whether this process was forked from the one that has the global pool.
pub fn is_forked() -> bool {
    ![0, this_process()].contains(&HOME.load(Ordering::Relaxed))
}

/// Runs the work of a call where its parallel parts have threads. Bindings call everything through it.
///
/// `stays` says that the calling thread lives on and has to do the work itself, such as the one that Python sends signals to. In
/// a forked process the first such thread does; work of other threads runs on a thread that ends with it.
///
/// # Errors
/// Those of `work`; [`Error::Device`] if the threads of a forked process cannot start.
pub fn run<T: Send>(stays: bool, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    adopt();
    if !is_forked() {
        start();
        return work();
    }
    // A thread that has a pool of one keeps it in a child of this process.
    if rayon::current_thread_index().is_some() {
        return work();
    }
    let this = this_process();
    if stays && JOINED.swap(this, Ordering::Relaxed) != this {
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().map_err(cannot_start)?;
        // The thread belongs to it for ever.
        std::mem::forget(pool);
        return work();
    }
    Pool::new(1, STACK)?.install(work)
}

/// Starts the global pool and waits for its threads.
fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // A pool that cannot start would stay away; without one, jobs run on the thread that gives them.
        if cfg!(target_family = "wasm") {
            return;
        }
        // Threads that cannot start are the error of the work that needs them.
        let failed = ThreadPoolBuilder::new().build_global().is_err_and(|e| e.source().is_some());
        if !failed {
            THREADS.store(rayon::broadcast(|_| ()).len(), Ordering::Relaxed);
        }
    });
}

/// Number of threads that share the parallel parts of a call.
#[cfg(any(feature = "model", feature = "render"))]
pub(crate) fn threads() -> usize {
    let shared = if is_forked() { shared().ok() } else { None };
    shared.map_or_else(rayon::current_num_threads, |pool| pool.current_num_threads())
}

/// Whether the calling thread belongs to the pool that calls share.
#[cfg(feature = "model")]
pub(crate) fn is_in_pool() -> bool {
    if !is_forked() {
        return rayon::current_thread_index().is_some();
    }
    let this = this_process();
    lock_shared().is_some_and(|(process, pool)| process == this && pool.current_thread_index().is_some())
}

/// Runs `f`, a parallel part of a call that waits for nothing but its own parts, where it has threads.
///
/// # Errors
/// [`Error::Device`] if the threads of a forked process cannot start.
pub(crate) fn with_pool<T: Send>(f: impl FnOnce() -> T + Send) -> Result<T> {
    adopt();
    Ok(if is_forked() { shared()?.install(f) } else { f() })
}

/// Runs `f` on a thread of the pool.
#[cfg(feature = "model")]
pub(crate) fn in_pool<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    adopt();
    if !is_forked() {
        return rayon::scope(|_| f());
    }
    // Without more threads this one has to do.
    match shared() {
        Ok(pool) => pool.install(f),
        Err(_) => f(),
    }
}

/// The pool of this forked process.
fn shared() -> Result<&'static Pool> {
    let this = this_process();
    let mut shared = lock_shared();
    match *shared {
        Some((process, pool)) if process == this => Ok(pool),
        _ => {
            let pool: &'static Pool = Box::leak(Box::new(Pool::new(THREADS.load(Ordering::Relaxed), 0)?));
            *shared = Some((this, pool));
            Ok(pool)
        }
    }
}

fn lock_shared() -> MutexGuard<'static, Option<(u32, &'static Pool)>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cannot_start(e: rayon::ThreadPoolBuildError) -> Error {
    let reason = format!("the threads of process {} cannot start: {e}; {USE_SPAWN}", this_process());
    Error::Device { device: "cpu".into(), reason }
}

/// A pool whose threads have all begun when it is made, and have ended when it is dropped.
pub(crate) struct Pool {
    /// `None` while it is dropped.
    pool: Option<ThreadPool>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `count` threads, 0 for one per core; a `stack` of 0 is the usual one.
    ///
    /// # Errors
    /// [`Error::Device`] if they cannot start.
    pub fn new(count: usize, stack: usize) -> Result<Self> {
        let mut threads = Vec::with_capacity(count);
        let spawn = |worker: ThreadBuilder| {
            let builder = std::thread::Builder::new().name(format!("vimogen-{}", worker.index()));
            let builder = if stack == 0 { builder } else { builder.stack_size(stack) };
            threads.push(builder.spawn(|| worker.run())?);
            Ok(())
        };
        let pool = ThreadPoolBuilder::new().num_threads(count).spawn_handler(spawn).build().map_err(cannot_start)?;
        pool.broadcast(|_| ());
        Ok(Self { pool: Some(pool), threads })
    }
}

impl Deref for Pool {
    type Target = ThreadPool;

    fn deref(&self) -> &ThreadPool {
        self.pool.as_ref().expect("only a dropped pool is empty")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.pool.take());
        for thread in self.threads.drain(..) {
            // A job's panic has reached the caller of the job.
            let _ = thread.join();
        }
    }
}

/// Waits until threads of a scope have ended, which the end of the scope does not: their variables may still be dropped
/// then. A panic goes on here.
#[cfg(any(feature = "mbench", feature = "model", feature = "render"))]
pub(crate) fn join<'a>(threads: impl IntoIterator<Item = ScopedJoinHandle<'a, ()>>) {
    for thread in threads {
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

/// Checks that no other process, from which this one was forked, uses a GPU: its driver does not survive a fork.
///
/// # Errors
/// [`Error::Device`] naming the remedy.
#[cfg(feature = "model")]
pub(crate) fn check_accelerator() -> Result<()> {
    let this = this_process();
    match ACCELERATED.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Ok(()),
        Err(process) if process == this => Ok(()),
        Err(process) => {
            let reason = format!("process {process}, from which this one was forked, uses it; {USE_SPAWN}");
            Err(Error::Device { device: "gpu".into(), reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_process_that_adopts_the_pool_works_in_it() {
        adopt();
        assert!(!is_forked());
        let caller = std::thread::current().id();
        assert_eq!(run(false, || Ok(std::thread::current().id())).unwrap(), caller);
        assert_eq!(with_pool(|| 7).unwrap(), 7);
    }

    #[cfg(feature = "model")]
    #[test]
    fn the_pool_has_as_many_threads_as_the_library_uses() {
        assert_eq!(threads(), rayon::current_num_threads());
        assert!(!is_in_pool() && in_pool(is_in_pool));
    }

    #[test]
    fn a_pool_ends_with_its_threads() {
        let alive = Arc::new(());
        let pool = Pool::new(3, 0).unwrap();
        pool.broadcast(|_| {
            thread_local!(static KEPT: std::cell::RefCell<Option<Arc<()>>> = const { std::cell::RefCell::new(None) });
            KEPT.with(|kept| *kept.borrow_mut() = Some(alive.clone()));
        });
        assert_eq!((pool.current_num_threads(), Arc::strong_count(&alive)), (3, 4));
        drop(pool);
        assert_eq!(Arc::strong_count(&alive), 1);
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
