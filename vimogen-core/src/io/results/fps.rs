//! Frame rates: the given one, the file's, or the one that a program always writes.

use crate::error::{Error, Result};
use crate::format::tree::Value;
use crate::io::LoadOptions;
use crate::motion::resample::check_fps;

/// Rate of a layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rate {
    /// The file has it.
    File(f64),
    /// The program always writes this one.
    Always(f64),
    /// The program writes at this rate by default: a doubt.
    Usually(f64),
    /// That of a video that only its user knows.
    Unknown,
}

impl Rate {
    /// The rate in the file, or else `otherwise`.
    pub(super) fn of(tree: &Value<'_>, otherwise: Self) -> Self {
        const NAMES: [&str; 6] = ["mocap_frame_rate", "mocap_framerate", "fps", "frame_rate", "framerate", "frameRate"];
        let value = NAMES.into_iter().find_map(|name| tree.get(name));
        value.and_then(first).map_or(otherwise, Self::File)
    }

    /// Frames per second, where they are from, and what is to be said about them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an impossible rate, or if the rate must be given.
    pub(super) fn choose(self, options: &LoadOptions<'_>, kind: &str) -> Result<(f32, String, Option<String>)> {
        let (fps, source, said) = match (options.fps, self) {
            (Some(fps), _) => (fps, "given".to_string(), None),
            (None, Self::File(fps)) => (fps as f32, "file".to_string(), None),
            (None, Self::Always(fps)) => (fps as f32, format!("{kind}, which always writes {fps}"), None),
            (None, Self::Usually(fps)) => {
                let said =
                    format!("the file has no frame rate: read at {fps}, usual for {kind}; fps= (--from-fps) overrides");
                (fps as f32, format!("{kind}, which usually writes {fps}"), Some(said))
            }
            (None, Self::Unknown) => {
                let reason = format!(
                    "the file ({kind}) has no frame rate (mocap_frame_rate, fps); give it, such as fps=30 (--from-fps 30)"
                );
                return Err(Error::invalid("fps", reason));
            }
        };
        check_fps("fps", fps)?;
        Ok((fps, source, said))
    }
}

/// A number, or the first of an array of them.
fn first(value: &Value<'_>) -> Option<f64> {
    value.number().or_else(|| {
        let array = value.array().filter(|array| array.shape().len() == 1)?;
        array.to_f32().ok()?.first().map(|v| (*v).into())
    })
}
