//! The source of one motion.

use std::path::Path;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::format::embedding;
use crate::motion::Motion;

/// A sentence, plain or encoded.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// A sentence such as "a person walks forward".
    Text(String),
    /// Rows of a text encoder, `[rows, text_dim]`: skips the pipeline's own.
    Embeds(Array2<f32>),
}

impl Prompt {
    /// The argument that holds it.
    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "prompt",
            Self::Embeds(_) => "prompt_embeds",
        }
    }

    /// The sentence, unless it is encoded.
    pub(super) fn sentence(&self) -> Option<&str> {
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

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The source of a motion: a prompt or a reference, never both.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A prompt.
    Prompt(Prompt),
    /// A motion to follow; resampled to the model's frame rate.
    Reference(Motion),
}

/// One motion to generate: its source, and the settings that it does not share with the others.
///
/// ```
/// use vimogen_core::Request;
/// let request = Request::text("a person waves").with_seed(1).with_num_frames(60);
/// assert_eq!(request.seed, Some(1));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The prompt or the reference.
    pub source: Source,
    /// Number of frames. `None`: the options'.
    pub num_frames: Option<usize>,
    /// Seed of the noise. `None`: the options'.
    pub seed: Option<u64>,
    /// A motion to start from instead of pure noise, with noise of the level at which sampling starts
    /// ([`SamplerOptions::strength`](crate::SamplerOptions::strength)) on it. The result has its length, place and heading.
    pub init: Option<Motion>,
}

impl Request {
    fn new(source: Source) -> Self {
        Self { source, num_frames: None, seed: None, init: None }
    }

    /// A motion from a sentence.
    pub fn text(prompt: impl Into<String>) -> Self {
        Prompt::Text(prompt.into()).into()
    }

    /// A motion from an encoded prompt, `[rows, text_dim]`.
    pub fn embeds(rows: Array2<f32>) -> Self {
        Prompt::Embeds(rows).into()
    }

    /// A motion that follows another; see [`Motion::load`], and [`Motion::with_fps`] if the file does not hold its rate.
    pub fn reference(motion: Motion) -> Self {
        Self::new(Source::Reference(motion))
    }

    /// A motion from whichever of a prompt and a reference is given: for callers with two optional arguments.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if both are given, or neither.
    pub fn from_either(prompt: Option<Prompt>, reference: Option<Motion>) -> Result<Self> {
        match (prompt, reference) {
            (Some(prompt), None) => Ok(prompt.into()),
            (None, Some(motion)) => Ok(Self::reference(motion)),
            (None, None) => Err(Error::invalid("prompt", "there is none; give prompt, prompt_embeds or reference")),
            (Some(prompt), Some(_)) => {
                let name = prompt.name();
                let reason =
                    format!("a motion follows either {name} or reference, and both were given; drop one of them");
                Err(Error::invalid(name, reason))
            }
        }
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

    /// Starts from a motion instead of pure noise; see [`Request::init`].
    pub fn with_init(mut self, motion: Motion) -> Self {
        self.init = Some(motion);
        self
    }
}

impl From<Prompt> for Request {
    fn from(prompt: Prompt) -> Self {
        Self::new(Source::Prompt(prompt))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_next_to_a_reference_is_an_error_and_not_dropped() {
        let motion = || Some(Motion::from_features(Array2::zeros((4, 276)), 20.0).unwrap());
        for (prompt, name) in
            [(Prompt::Text("walk".into()), "prompt"), (Prompt::Embeds(Array2::ones((1, 4))), "prompt_embeds")]
        {
            let text = Request::from_either(Some(prompt.clone()), motion()).unwrap_err().to_string();
            assert!(text.contains(name) && text.contains("reference"), "{text}");
            assert_eq!(Request::from_either(Some(prompt.clone()), None).unwrap().source, Source::Prompt(prompt));
        }
        assert!(matches!(Request::from_either(None, motion()).unwrap().source, Source::Reference(_)));
        assert!(Request::from_either(None, None).is_err());
    }
}
