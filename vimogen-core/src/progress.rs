//! Progress of long calls, and cancelling them.

use std::ops::ControlFlow;

use crate::declare::named_enum;

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
/// [`Error::Cancelled`](crate::Error::Cancelled).
pub type OnProgress<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Callback that does nothing.
pub fn ignore(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Reports one step.
#[cfg(any(feature = "mbench", feature = "model", feature = "render"))]
pub(crate) fn report(on_progress: &mut OnProgress<'_>, stage: Stage, step: usize, total: usize) -> crate::Result<()> {
    match on_progress(Progress { stage, step, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(crate::Error::Cancelled),
    }
}
