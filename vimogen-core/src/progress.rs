//! Telling the caller how far long work is, and letting the caller stop it.

use std::ops::ControlFlow;

use crate::error::{Error, Result};

/// What a long call is doing.
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

/// A report of progress: `step` of `total` steps of `stage` are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Steps done, 1..=total.
    pub step: usize,
    /// Steps there are, of the whole call.
    pub total: usize,
}

/// Called on the calling thread after each step; [`ControlFlow::Break`] stops the work with [`Error::Cancelled`].
pub type OnProgress<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// A callback for those who do not want to know.
pub fn ignore(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Reports one step.
///
/// # Errors
/// [`Error::Cancelled`] if the callback breaks.
pub(crate) fn report(on_progress: &mut OnProgress<'_>, stage: Stage, step: usize, total: usize) -> Result<()> {
    match on_progress(Progress { stage, step, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}
