//! The generations of procedural motion behind one type.

use super::procedural::acts::{FRAMES, Scenes};
use super::procedural::{ProceduralDataset, Split};
use crate::motion::codec::SmplMotion;

/// A caption and its motion.
pub(super) struct Captioned {
    pub caption: String,
    /// One frame more than the rows of features it encodes to.
    pub motion: SmplMotion,
}

/// Procedural motion for training, of one generation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Repertoire {
    First(ProceduralDataset),
    Second(Scenes),
}

impl Repertoire {
    /// The motion of a generation, 1 or 2, and a seed.
    pub fn of(generation: u8, seed: u64) -> Self {
        match generation {
            1 => Self::First(ProceduralDataset::new(seed, Split::Train)),
            _ => Self::Second(Scenes::new(seed, Split::Train)),
        }
    }

    /// Clip `index`, of a drawn length.
    pub fn sample(&self, index: u64) -> Captioned {
        match self {
            Self::First(data) => {
                let sample = data.sample(index);
                Captioned { caption: sample.caption, motion: sample.motion }
            }
            Self::Second(data) => {
                let scene = data.sample(index);
                Captioned { caption: scene.caption, motion: scene.motion }
            }
        }
    }

    /// Clip `index` with `frames` rows of features.
    pub fn sample_with_frames(&self, index: u64, frames: usize) -> Captioned {
        match self {
            Self::First(data) => {
                let sample = data.sample_with_frames(index, frames);
                Captioned { caption: sample.caption, motion: sample.motion }
            }
            Self::Second(data) => {
                let scene = data.sample_with_frames(index, frames);
                Captioned { caption: scene.caption, motion: scene.motion }
            }
        }
    }

    /// Minimum and maximum rows of features of clips that do not have the usual 100.
    pub fn frames(&self) -> (usize, usize) {
        match self {
            Self::First(_) => (60, 120),
            Self::Second(_) => FRAMES,
        }
    }
}
