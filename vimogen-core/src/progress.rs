//! Progress of long calls, and cancelling them.

use std::ops::ControlFlow;

/// Kind of work that a long call is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Encoding prompts; a step is a prompt, or a block of a large encoder.
    Encode,
    /// Denoising; a step is one evaluation of the network for one batch.
    Sample,
    /// Scoring motions; a step is a file measured or a judge's answer.
    Evaluate,
    /// Fitting a body; a step is a frame.
    Fit,
    /// Drawing; a step is a picture.
    Render,
    /// Preparing a data set; a step is a clip.
    Prepare,
    /// Downloading; a step is 1 MiB.
    Download,
}

impl Stage {
    /// The name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Sample => "sample",
            Self::Evaluate => "evaluate",
            Self::Fit => "fit",
            Self::Render => "render",
            Self::Prepare => "prepare",
            Self::Download => "download",
        }
    }
}

/// Report of progress: `step` of `total` steps of `stage` are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Kind of work.
    pub stage: Stage,
    /// Steps done, 1..=total.
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
///
/// # Errors
/// [`Error::Cancelled`](crate::Error::Cancelled) if the callback breaks.
#[cfg(any(feature = "mbench", feature = "model", feature = "render"))]
pub(crate) fn report(on_progress: &mut OnProgress<'_>, stage: Stage, step: usize, total: usize) -> crate::Result<()> {
    match on_progress(Progress { stage, step, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(crate::Error::Cancelled),
    }
}
