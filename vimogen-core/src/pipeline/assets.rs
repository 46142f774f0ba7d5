//! The built-in model, compiled in.

use super::Pipeline;
use crate::error::Result;
use crate::weights::ModelDir;

/// Files of `assets/nano` by name.
macro_rules! nano {
    ($($name:literal),*) => { &[$(($name, include_bytes!(concat!("../../assets/nano/", $name)) as &[u8])),*] };
}

/// The files of a native model directory; its word vectors are compiled into the text encoder already.
const FILES: &[(&str, &[u8])] =
    nano!["config.json", "model.safetensors", "mean.npy", "std.npy", "null_context.safetensors", "prompts.json"];

impl Pipeline {
    /// The built-in model on the CPU.
    ///
    /// # Errors
    /// As [`Pipeline::open`], if the library was built with damaged assets.
    pub fn builtin() -> Result<Self> {
        Self::builder().builtin()
    }

    /// The built-in model's directory, as if it were on disk.
    ///
    /// # Errors
    /// As [`Pipeline::builtin`].
    pub fn builtin_dir() -> Result<ModelDir> {
        ModelDir::from_bytes(FILES)
    }
}
