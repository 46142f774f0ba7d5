//! Progress of long calls, and cancelling them.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::declare::named_enum;
use crate::error::{Error, Result};

named_enum! {
    /// Kind of work that a long call is doing.
    pub enum Stage("stage") {
        /// Encoding prompts; a step is a prompt, or a block of a large encoder.
        Encode = "encode",
        /// Denoising; a step is one evaluation of the network for one batch.
        Sample = "sample",
        /// Preparing a data set; a step is a clip.
        Prepare = "prepare",
        /// Drawing; a step is a picture.
        Render = "render",
        /// Scoring motions; a step is a file measured or a judge's answer.
        Evaluate = "evaluate",
        /// Fitting a body; a step is a frame.
        Fit = "fit",
        /// Downloading; a step is 1 MiB.
        Download = "download",
    }
}

/// Report of progress: `step` of `total` steps of `stage` are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Kind of work.
    pub stage: Stage,
    /// Steps done. A call that waits for its turn in the thread pool repeats its last step, which is 0 before the first.
    pub step: usize,
    /// Steps of the whole call.
    pub total: usize,
}

/// Called on the calling thread after each step; [`ControlFlow::Break`] stops the work with
/// [`Error::Cancelled`].
pub type OnProgress<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Callback that does nothing.
pub fn ignore(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

thread_local! {
    /// Flag that stops the work of this thread.
    static STOP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Runs `work` on this thread. Soon after `stop` is set it ends with [`Error::Cancelled`]: at its
/// next step, or before a file takes its place. Work without steps or files goes on to its end.
///
/// ```
/// use std::sync::{Arc, atomic::AtomicBool};
/// use vimogen_core::{Error, format::write_atomic, progress::stopped_by};
/// let stop = Arc::new(AtomicBool::new(true));
/// let done = stopped_by(&stop, || write_atomic("never.txt", |_| Ok(())));
/// assert!(matches!(done, Err(Error::Cancelled)));
/// ```
pub fn stopped_by<T>(stop: &Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    /// Puts back what was there, also after a panic.
    struct Before(Option<Arc<AtomicBool>>);
    impl Drop for Before {
        fn drop(&mut self) {
            STOP.set(self.0.take());
        }
    }
    let _before = Before(STOP.replace(Some(stop.clone())));
    work()
}

/// Checks whether the work of this thread was asked to stop, see [`stopped_by`].
pub(crate) fn check_stop() -> Result<()> {
    let asked = STOP.with_borrow(|stop| stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)));
    if asked { Err(Error::Cancelled) } else { Ok(()) }
}

/// Reports one step.
#[cfg(any(feature = "mbench", feature = "model", feature = "render"))]
pub(crate) fn report(on_progress: &mut OnProgress<'_>, stage: Stage, step: usize, total: usize) -> Result<()> {
    check_stop()?;
    match on_progress(Progress { stage, step, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}
