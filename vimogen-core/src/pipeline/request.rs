//! What one motion is generated from.

use std::path::Path;

use ndarray::Array2;

use crate::error::Result;
use crate::format::embedding;
use crate::motion::Motion;

/// A sentence, or what a text encoder made of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// A sentence such as "a person walks forward".
    Text(String),
    /// Rows of a text encoder, `[rows, text_dim]`: skips the pipeline's own.
    Embeds(Array2<f32>),
}

impl Prompt {
    /// The sentence, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Embeds(_) => None,
        }
    }

    /// Reads an encoded prompt; see [`embedding::load`].
    ///
    /// # Errors
    /// Those of [`embedding::load`].
    pub fn load_embeds(path: impl AsRef<Path>) -> Result<Self> {
        embedding::load(path).map(Self::Embeds)
    }
}

/// One motion to generate: a prompt or a reference, and what it does not share with the others.
///
/// With a reference the motion follows the reference and not the prompt, as in the release; the prompt is not looked at.
///
/// ```
/// use vimogen_core::Request;
/// let request = Request::text("a person waves").with_seed(1).with_num_frames(60);
/// assert_eq!(request.seed, Some(1));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// What to do.
    pub prompt: Option<Prompt>,
    /// A motion to follow; resampled to the model's frame rate.
    pub reference: Option<Motion>,
    /// Instead of the options' number of frames.
    pub num_frames: Option<usize>,
    /// Instead of the options' seed.
    pub seed: Option<u64>,
}

impl Request {
    fn new(prompt: Option<Prompt>, reference: Option<Motion>) -> Self {
        Self { prompt, reference, num_frames: None, seed: None }
    }

    /// A motion from a sentence.
    pub fn text(prompt: impl Into<String>) -> Self {
        Prompt::Text(prompt.into()).into()
    }

    /// A motion from an encoded prompt, `[rows, text_dim]`.
    pub fn embeds(rows: Array2<f32>) -> Self {
        Prompt::Embeds(rows).into()
    }

    /// A motion that follows a reference.
    pub fn following(reference: Motion) -> Self {
        Self::new(None, Some(reference))
    }

    /// Adds a reference to follow; see [`Motion::load`], and [`Motion::with_fps`] if the file does not say its rate.
    pub fn with_reference(mut self, reference: Motion) -> Self {
        self.reference = Some(reference);
        self
    }

    /// Sets the number of frames. A longer reference is cut.
    pub fn with_num_frames(mut self, frames: usize) -> Self {
        self.num_frames = Some(frames);
        self
    }

    /// Sets the seed of the noise.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl From<Prompt> for Request {
    fn from(prompt: Prompt) -> Self {
        Self::new(Some(prompt), None)
    }
}

impl From<&str> for Request {
    fn from(prompt: &str) -> Self {
        Self::text(prompt)
    }
}

impl From<String> for Request {
    fn from(prompt: String) -> Self {
        Self::text(prompt)
    }
}
