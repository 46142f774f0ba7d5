//! Training batches of procedural motion: the built-in model's training data.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, Array2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::batch::{Sample, collate};
use super::corruption::Corruption;
use super::dataset::check_shares;
use super::repertoire::Repertoire;
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::motion::Stats;
use crate::motion::clip::reference_channels;
use crate::motion::codec::{SmplMotion, encode};
use crate::motion::layout::{
    BODY_ROT6D, FEATURES, POSITIONS, ROOT_ROT6D, ROOT_STEP6D, TRANSL, TRANSL_STEP, VELOCITIES,
};
use crate::motion::stats::StatsBuilder;
use crate::text::TextEncoder;
use crate::train::TrainBatch;

/// Lower bounds on standard deviations: channels that hardly move in this data (toes, wrists, hinge axes) must neither blow up
/// rounding noise nor claim as much of a small model as those that matter. Rotations, metres, metres per frame.
const STD_FLOORS: [(Range<usize>, f32); 7] = [
    (BODY_ROT6D, 0.03),
    (POSITIONS, 0.02),
    (VELOCITIES, 0.003),
    (ROOT_ROT6D, 0.03),
    (ROOT_STEP6D, 0.01),
    (TRANSL, 0.02),
    (TRANSL_STEP, 0.003),
];
/// Number of clips in the statistics.
const STATS_CLIPS: u64 = 2048;

defaults! {
    /// Mix of conditions.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ConditionMix {
        /// Share of samples that attend to their text; the others follow a reference.
        text: f64 = 0.85;
        /// Share of the text samples whose text is left out, for guidance.
        null_text: f64 = 0.1;
        /// Generation of procedural motion: 1, which the committed weights were trained on, or 2, over a hundred movements.
        repertoire: u8 = 1;
        /// Corruption of references.
        corruption: Corruption = Corruption::release();
    }
}

impl ConditionMix {
    /// Checks the shares.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub fn check(&self) -> Result<()> {
        if !(1..=2).contains(&self.repertoire) {
            return Err(Error::config("repertoire", format!("{} is neither 1 nor 2", self.repertoire)));
        }
        check_shares(&[("text", self.text), ("null_text", self.null_text)])
    }
}

/// An endless, deterministic source of batches: number `step` is a function of seed and step.
pub struct ProceduralLoader {
    dataset: Repertoire,
    encoder: Arc<dyn TextEncoder>,
    stats: Stats,
    mix: ConditionMix,
    seed: u64,
    batch_size: usize,
    text_len: usize,
}

impl ProceduralLoader {
    /// A loader whose statistics are computed from the data set itself.
    ///
    /// # Errors
    /// [`Error::Config`] for an impossible mix; those of encoding a clip, which are bugs in the data set.
    pub fn new(
        seed: u64,
        batch_size: usize,
        text_len: usize,
        mix: ConditionMix,
        encoder: Arc<dyn TextEncoder>,
    ) -> Result<Self> {
        mix.check()?;
        let dataset = Repertoire::of(mix.repertoire, seed);
        let stats = statistics(&dataset)?;
        Ok(Self { dataset, encoder, stats, mix, seed, batch_size, text_len })
    }

    /// Caption and motion of a clip, by its number; `frames` rows of features, or as many as the data set draws.
    pub fn clip(&self, index: u64, frames: Option<usize>) -> (String, SmplMotion) {
        let told = match frames {
            None => self.dataset.sample(index),
            Some(frames) => self.dataset.sample_with_frames(index, frames),
        };
        (told.caption, told.motion)
    }

    /// Mean and standard deviation of the data set's channels.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The batch of a step. All its clips have the same number of frames; those that attend to their text come first.
    ///
    /// # Errors
    /// Those of encoding a clip or a caption, which are bugs in the data set.
    pub fn batch(&self, step: usize) -> Result<TrainBatch> {
        let mut rng = ChaCha12Rng::seed_from_u64(self.seed ^ 0x5eed_ba7c);
        rng.set_stream(step as u64);
        let frames = draw_frames(&mut rng, self.dataset.frames());
        let b = self.batch_size;
        let texts = (0..b).filter(|_| rng.random_bool(self.mix.text)).count();
        let silent: Vec<bool> = (0..b).map(|_| rng.random_bool(self.mix.null_text)).collect();
        let sample = |i: usize| self.sample((step * b + i) as u64, frames, i < texts, i < texts && !silent[i]);
        let samples = (0..b).into_par_iter().map(sample).collect::<Result<_>>()?;
        collate(samples, &self.mix.corruption, &mut rng)
    }

    fn sample(&self, index: u64, frames: usize, follows_text: bool, captioned: bool) -> Result<Sample> {
        let clip = self.dataset.sample_with_frames(index, frames);
        let motion = self.stats.normalize(encode(&clip.motion)?.view())?;
        let reference = if follows_text { None } else { Some(reference_channels(motion.view())?) };
        let mut text = Array2::zeros((self.text_len, self.encoder.dim()));
        if captioned {
            let words = self.encoder.encode(&clip.caption)?;
            let words = words.slice(s![..words.nrows().min(self.text_len), ..]);
            text.slice_mut(s![..words.nrows(), ..]).assign(&words);
        }
        Ok(Sample { motion, text, reference, channel_weights: Array1::ones(FEATURES) })
    }
}

/// Number of frames of all clips of a batch, if it is not the usual one from `fewest` to `most`.
pub(super) fn draw_frames(rng: &mut ChaCha12Rng, (fewest, most): (usize, usize)) -> usize {
    if rng.random_bool(0.5) { 100 } else { rng.random_range(fewest..=most) }
}

/// Statistics over the first clips of the data set.
pub(super) fn statistics(dataset: &Repertoire) -> Result<Stats> {
    let features: Vec<Array2<f32>> =
        (0..STATS_CLIPS).into_par_iter().map(|i| encode(&dataset.sample(i).motion)).collect::<Result<_>>()?;
    let mut builder = StatsBuilder::new(FEATURES);
    for clip in &features {
        builder.add(clip.view())?;
    }
    floored(builder.finish()?)
}

/// Statistics without standard deviations below those of [`STD_FLOORS`].
pub(super) fn floored(stats: Stats) -> Result<Stats> {
    let mut std = stats.std().clone();
    for (channels, floor) in STD_FLOORS {
        std.slice_mut(s![channels]).mapv_inplace(|s| s.max(floor));
    }
    Stats::new(stats.mean().clone(), std)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_of_impossible_shares_is_named() {
        ConditionMix::default().check().unwrap();
        let third = ConditionMix { repertoire: 3, ..ConditionMix::default() };
        assert!(third.check().unwrap_err().to_string().contains("repertoire"));
        for share in [-0.1, 1.5, f64::NAN] {
            let text = |mix: ConditionMix| mix.check().unwrap_err().to_string();
            assert!(text(ConditionMix { text: share, ..ConditionMix::default() }).contains("text"));
            assert!(text(ConditionMix { null_text: share, ..ConditionMix::default() }).contains("null_text"));
        }
    }
}
