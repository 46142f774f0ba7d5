//! What one motion is generated from.

use std::path::Path;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::format::torch::TorchFile;
use crate::format::{RawTensor, TensorInfo, TensorSource, extension, npy};
use crate::motion::Motion;

/// Most rows of an encoded prompt; the release cuts prompts at 512.
pub(super) const MAX_PROMPT_ROWS: usize = 4096;
const MAX_PROMPT_WIDTH: usize = 1 << 15;

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

    /// Reads an encoded prompt, a float array `(rows, text_dim)`, from `.pt` (a tensor, or a dict with
    /// `prompt_embeds`) or `.npy`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::InvalidArgument`] for another extension, [`Error::Format`] for
    /// damaged or hostile files, [`Error::Shape`].
    pub fn load_embeds(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let tensor = match extension(path).as_str() {
            "pt" | "pth" => {
                let file = TorchFile::open(path)?;
                let name = if file.names().iter().any(|n| n.is_empty()) { "" } else { "prompt_embeds" };
                // Before reading: a hostile file may declare any size.
                check_embeds(&file.info(name).map_err(|_| no_embeds(path))?)?;
                file.read(name)?
            }
            "npy" => npy::load(path)?,
            other => {
                let reason = format!("{other:?} is none of pt, npy, path: {path:?}");
                return Err(Error::invalid("file extension", reason));
            }
        };
        from_tensor(&tensor)
    }
}

fn no_embeds(path: &Path) -> Error {
    let reason = "it holds neither a single tensor nor a dict with the tensor \"prompt_embeds\"";
    Error::format("PyTorch", reason).with_path(path)
}

fn check_embeds(info: &TensorInfo) -> Result<()> {
    match info.shape[..] {
        [1..=MAX_PROMPT_ROWS, 1..=MAX_PROMPT_WIDTH] if info.dtype.is_float() => Ok(()),
        _ => Err(Error::shape("prompt_embeds", "floats (rows, text_dim)", &info.shape)),
    }
}

fn from_tensor(tensor: &RawTensor) -> Result<Prompt> {
    check_embeds(tensor.info())?;
    let shape = (tensor.shape()[0], tensor.shape()[1]);
    let rows = Array2::from_shape_vec(shape, tensor.to_f32());
    Ok(Prompt::Embeds(rows.map_err(|_| Error::shape("prompt_embeds", "(rows, text_dim)", tensor.shape()))?))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::torch::{self, Tree};

    #[test]
    fn encoded_prompts_are_read_and_others_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let rows = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f32);
        let tensor = RawTensor::from_f32(rows.view().into_dyn());
        torch::save(at("plain.pt"), &Tree::Tensor(&tensor)).unwrap();
        torch::save(at("dict.pt"), &Tree::Dict(vec![("prompt_embeds", Tree::Tensor(&tensor))])).unwrap();
        npy::save(at("rows.npy"), &tensor).unwrap();
        for name in ["plain.pt", "dict.pt", "rows.npy"] {
            assert_eq!(Prompt::load_embeds(at(name)).unwrap(), Prompt::Embeds(rows.clone()), "{name}");
        }
        torch::save(at("other.pt"), &Tree::Dict(vec![("motion", Tree::Tensor(&tensor))])).unwrap();
        assert!(Prompt::load_embeds(at("other.pt")).unwrap_err().to_string().contains("prompt_embeds"));
        npy::save_f32(at("flat.npy"), ndarray::arr1(&[1.0f32]).view().into_dyn()).unwrap();
        assert!(matches!(Prompt::load_embeds(at("flat.npy")), Err(Error::Shape { .. })));
        assert!(matches!(Prompt::load_embeds(at("none.pt")), Err(Error::NotFound { .. })));
        assert!(matches!(Prompt::load_embeds(at("a.txt")), Err(Error::InvalidArgument { .. })));
    }
}
