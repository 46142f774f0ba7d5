//! Clips from files as training samples: the release's sampling rules
//! ([method, section 5](https://github.com/vimogen/vimogen/blob/main/docs/method.md#5-motion-quality-metrics)).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array1, Array2, s};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::batch::Sample;
use super::manifest::{Clip, Manifest};
use super::motion_file;
use super::pack::Shards;
use crate::declare::defaults;
use crate::error::{Error, Result, check_finite};
use crate::format::embedding;
use crate::motion::Stats;
use crate::motion::clip::reference_channels;
use crate::motion::layout::{BODY_ROT6D, FEATURES};
use crate::text::{TextEncoder, padded};

/// Parts of a path that mark optical motion capture, whose clips follow their reference more often.
const MOCAP: [&str; 2] = ["motion31", "mogen_db"];
/// Parts of a path that mark clips of whose captions only the body's rotations are trusted.
const LOCAL_ONLY: [&str; 2] = ["mogen_db", "vigen"];
/// Maximum rows of an encoded caption.
const MAX_TEXT_ROWS: usize = 512;
/// Clips that are drawn in place of one that cannot be used, before giving up.
const MAX_DRAWS: usize = 1000;

defaults! {
    /// How conditions are drawn; the default is the release's way.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Sampling {
        /// Minimum length of a clip, frames.
        min_frames: usize = 40;
        /// Maximum length of a clip, frames.
        max_frames: usize = 200;
        /// Share of clips that attend to their text; the others follow their reference.
        text: f64 = 0.8;
        /// The same of clips whose path has `motion31` or `mogen_db`.
        text_mocap: f64 = 0.4;
        /// Share of captions that are replaced by the empty prompt.
        null_text: f64 = 0.5;
    }
}

impl Sampling {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub fn check(&self) -> Result<()> {
        let shares = [("text", self.text), ("text_mocap", self.text_mocap), ("null_text", self.null_text)];
        check_shares(&shares)?;
        if (1..=self.max_frames).contains(&self.min_frames) {
            return Ok(());
        }
        let reason = format!("{} is not in 1..=max_frames, {}", self.min_frames, self.max_frames);
        Err(Error::config("min_frames", reason))
    }

    /// Draws a clip's conditions: two numbers, the first for text or reference, the second for the empty prompt.
    pub fn draw(&self, path: &Path, rng: &mut impl Rng) -> ConditionDraw {
        let path = path.to_string_lossy();
        let has = |parts: &[&str]| parts.iter().any(|part| path.contains(part));
        let share = if has(&MOCAP) { self.text_mocap } else { self.text };
        let attend_to_text = rng.random_bool(share);
        let null_text = rng.random_bool(self.null_text);
        ConditionDraw { attend_to_text, null_text, local_only: attend_to_text && has(&LOCAL_ONLY) }
    }
}

/// Checks that each value is from 0 to 1.
pub(super) fn check_shares(shares: &[(&str, f64)]) -> Result<()> {
    match shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
        Some((field, share)) => Err(Error::config(*field, format!("{share} is not a share, 0 to 1"))),
        None => Ok(()),
    }
}

/// The error for `count` of `all` clips that cannot be read, of which `example` is one, if they are more than `share`.
pub(super) fn check_bad(count: usize, all: usize, share: f64, example: &BadClip) -> Result<()> {
    if count as f64 <= share * all as f64 {
        return Ok(());
    }
    let BadClip { id, reason } = example;
    let reason = format!("{count} of {all} clips cannot be read, more than a share of {share}; one is {id}: {reason}");
    Err(Error::invalid("max_bad_fraction", reason))
}

/// The condition drawn for one visit of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionDraw {
    /// Whether the clip attends to its text, or to its reference.
    pub attend_to_text: bool,
    /// Whether its text is the empty prompt.
    pub null_text: bool,
    /// Whether only the rotations of the body (channels 0..126) count in the loss.
    pub local_only: bool,
}

/// Where encoded captions come from.
pub enum Captions {
    /// From the files that the manifest names, with rows of this many numbers.
    Files {
        /// Numbers a row.
        width: usize,
    },
    /// From the captions, on the fly.
    Encoder(Arc<dyn TextEncoder>),
}

/// A file that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadClip {
    /// The clip's name in the manifest.
    pub id: String,
    /// The fault, with the file.
    pub reason: String,
}

/// Clips from files.
pub struct ClipDataset {
    clips: Vec<Clip>,
    stats: Stats,
    sampling: Sampling,
    captions: Captions,
    /// The encoded empty prompt, `[rows, text_dim]`.
    null_text: Array2<f32>,
    max_bad_fraction: f64,
    shards: Shards,
    bad: Mutex<Bad>,
}

/// Clips that could not be read, by their number.
#[derive(Default)]
struct Bad {
    found: BTreeMap<usize, BadClip>,
    untold: Vec<BadClip>,
}

impl ClipDataset {
    /// A data set of the clips of a manifest. Nothing is read yet.
    ///
    /// `null_text`, `[rows, text_dim]`, is the encoded empty prompt. More unreadable clips than `max_bad_fraction` of all
    /// are an error of [`ClipDataset::sample`].
    ///
    /// # Errors
    /// [`Error::Config`] for impossible sampling, [`Error::Shape`] for a `null_text` of another width.
    pub fn new(
        manifest: Manifest,
        stats: Stats,
        sampling: Sampling,
        captions: Captions,
        null_text: Array2<f32>,
        max_bad_fraction: f64,
    ) -> Result<Self> {
        sampling.check()?;
        check_shares(&[("max_bad_fraction", max_bad_fraction)])?;
        let width = match &captions {
            Captions::Files { width } => *width,
            Captions::Encoder(encoder) => encoder.dim(),
        };
        if null_text.ncols() != width || null_text.nrows() == 0 {
            return Err(Error::shape("null context", format!("(L, {width})"), null_text.shape()));
        }
        let (shards, bad) = (Shards::default(), Mutex::default());
        Ok(Self { clips: manifest.clips, stats, sampling, captions, null_text, max_bad_fraction, shards, bad })
    }

    /// Number of clips, repetitions included.
    #[allow(clippy::len_without_is_empty, reason = "a manifest has at least one clip")]
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// The clips.
    pub fn clips(&self) -> &[Clip] {
        &self.clips
    }

    /// Statistics that clips are normalised with.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The encoded empty prompt, `[rows, text_dim]`.
    pub fn null_text(&self) -> &Array2<f32> {
        &self.null_text
    }

    /// The clips found unreadable since the last call.
    pub fn take_bad(&self) -> Vec<BadClip> {
        std::mem::take(&mut self.bad.lock().unwrap_or_else(PoisonError::into_inner).untold)
    }

    /// Number of clips found unreadable so far.
    pub fn bad_count(&self) -> usize {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner).found.len()
    }

    /// The clip with a number as a training sample. A clip that is too short, too long or unreadable is replaced by a
    /// random other. `rng` is asked for, in this order: the other clips' numbers, if any; the condition.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] once too many clips are unreadable, or if no clip of a thousand drawn has a length that
    /// is allowed.
    pub fn sample(&self, index: usize, rng: &mut impl Rng) -> Result<Sample> {
        let mut index = index;
        for _ in 0..MAX_DRAWS {
            if let Some(loaded) = self.load(index)? {
                let condition = self.sampling.draw(&self.clips[index].motion_path, rng);
                return Ok(self.conditioned(loaded, condition));
            }
            index = rng.random_range(0..self.clips.len());
        }
        let (low, high) = (self.sampling.min_frames, self.sampling.max_frames);
        let reason = format!("none of {MAX_DRAWS} clips that were drawn can be read and has {low} to {high} frames");
        Err(Error::invalid("dataset", reason))
    }

    /// The encoded caption of a clip, `[rows, text_dim]`.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn caption(&self, index: usize) -> Result<Array2<f32>> {
        self.encoded(&self.clips[index])
    }

    /// The clip's motion, not normalised, of any length; a file of another program is converted, see
    /// [`Prepare`](super::prepare::Prepare).
    ///
    /// # Errors
    /// Those of reading it.
    pub fn motion(&self, index: usize) -> Result<Array2<f32>> {
        let clip = &self.clips[index];
        match self.shards.read(clip, "motion")? {
            Some(rows) => Ok(rows),
            None => Ok(motion_file::load(&clip.motion_path)?.0),
        }
    }

    /// The clip's arrays; `None` if it is not of an allowed length or cannot be read.
    fn load(&self, index: usize) -> Result<Option<Loaded>> {
        let bad = self.bad.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clip) = bad.found.get(&index) {
            check_bad(bad.found.len(), self.clips.len(), self.max_bad_fraction, clip)?;
            return Ok(None);
        }
        drop(bad);
        match self.try_load(index) {
            Ok(loaded) => Ok(loaded),
            Err(error) => {
                self.note_bad(index, &error)?;
                Ok(None)
            }
        }
    }

    fn try_load(&self, index: usize) -> Result<Option<Loaded>> {
        let clip = &self.clips[index];
        let motion = self.motion(index)?;
        if !(self.sampling.min_frames..=self.sampling.max_frames).contains(&motion.nrows()) {
            return Ok(None);
        }
        let reference = match (&clip.ref_motion_path, self.shards.read(clip, "reference")?) {
            (_, Some(rows)) => Some(rows),
            (Some(path), None) => Some(motion_file::load(path)?.0),
            (None, None) => None,
        };
        let motion = self.stats.normalize(motion.view())?;
        let reference = match reference {
            // The network sees as many frames of a reference as of the clip.
            Some(rows) => {
                let rows = rows.slice(s![..rows.nrows().min(motion.nrows()), ..]);
                reference_channels(self.stats.normalize(rows)?.view())?
            }
            None => reference_channels(motion.view())?,
        };
        Ok(Some(Loaded { motion, reference, caption: self.encoded(clip)? }))
    }

    fn encoded(&self, clip: &Clip) -> Result<Array2<f32>> {
        let none = |what: &str| Error::format("manifest", format!("clip {} has no {what}", clip.id));
        match &self.captions {
            Captions::Encoder(encoder) => {
                let rows = encoder.encode(clip.text.as_deref().ok_or_else(|| none("caption"))?)?;
                // As a generation pads it; the padding takes part in the attention.
                padded(&rows.view(), rows.nrows().max(self.null_text.nrows()))
            }
            Captions::Files { width } => {
                if let Some(rows) = self.shards.read(clip, "text")? {
                    return check_caption(rows, *width);
                }
                let path = clip.embed_path.as_deref().ok_or_else(|| none("encoded caption; run encode-text first"))?;
                check_caption(embedding::load(path)?, *width)
            }
        }
    }

    fn note_bad(&self, index: usize, error: &Error) -> Result<()> {
        let mut bad = self.bad.lock().unwrap_or_else(PoisonError::into_inner);
        let clip = BadClip { id: self.clips[index].id.clone(), reason: error.to_string() };
        if bad.found.insert(index, clip.clone()).is_none() {
            bad.untold.push(clip.clone());
        }
        check_bad(bad.found.len(), self.clips.len(), self.max_bad_fraction, &clip)
    }

    fn conditioned(&self, loaded: Loaded, condition: ConditionDraw) -> Sample {
        let mut channel_weights = Array1::ones(FEATURES);
        if condition.local_only {
            channel_weights.slice_mut(s![BODY_ROT6D.end..]).fill(0.0);
        }
        Sample {
            motion: loaded.motion,
            text: if condition.null_text { self.null_text.clone() } else { loaded.caption },
            reference: (!condition.attend_to_text).then_some(loaded.reference),
            channel_weights,
        }
    }
}

/// A clip's normalised arrays.
struct Loaded {
    motion: Array2<f32>,
    reference: Array2<f32>,
    caption: Array2<f32>,
}

fn check_caption(rows: Array2<f32>, width: usize) -> Result<Array2<f32>> {
    if rows.ncols() != width || !(1..=MAX_TEXT_ROWS).contains(&rows.nrows()) {
        return Err(Error::shape("encoded caption", format!("(1 to {MAX_TEXT_ROWS}, {width})"), rows.shape()));
    }
    check_finite("encoded caption", &rows.view())?;
    Ok(rows)
}
