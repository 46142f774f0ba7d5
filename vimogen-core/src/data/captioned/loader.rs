//! Batches that mix clips of folders with procedural motion.

use std::sync::Arc;

use ndarray::{Array1, Array2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;

use super::clips::CaptionedClips;
use crate::data::batch::{Sample, collate};
use crate::data::loader::Batches;
use crate::data::repertoire::Repertoire;
use crate::data::synth_loader::{ConditionMix, draw_frames, floored, statistics};
use crate::error::{Error, Result};
use crate::motion::Stats;
use crate::motion::clip::reference_channels;
use crate::motion::codec::encode;
use crate::motion::layout::FEATURES;
use crate::text::{TextEncoder, padded};
use crate::train::TrainBatch;

/// Sets the draws apart from those of other loaders.
const DRAWS: u64 = 0x5eed_c11b_ba7c;
/// Minimum and maximum rows of features where there is no procedural motion to say them.
const FRAMES: (usize, usize) = (60, 120);
/// Crops that are tried before an error: one may start in a pose without a heading.
const MAX_DRAWS: usize = 20;

/// Sources of mixed batches.
pub struct Sources {
    /// Whether the share that folders leave is procedural motion.
    pub procedural: bool,
    /// Clips, with their share of the samples.
    pub clips: Vec<(f64, CaptionedClips)>,
    /// Statistics to normalise with, such as those of a model that is trained further; `None`: those of the sources, by
    /// their shares.
    pub stats: Option<Stats>,
    /// The encoded empty prompt, `[rows, text_dim]`.
    pub null_text: Array2<f32>,
}

/// An endless, deterministic source of batches: number `step` is a function of seed and step.
pub struct MixedLoader {
    procedural: Option<Repertoire>,
    clips: Vec<(f64, CaptionedClips)>,
    stats: Stats,
    null_text: Array2<f32>,
    encoder: Arc<dyn TextEncoder>,
    mix: ConditionMix,
    seed: u64,
    batch_size: usize,
}

impl MixedLoader {
    /// A loader of these sources. Without procedural motion, the shares of folders are relative to each other.
    ///
    /// # Errors
    /// [`Error::Config`] for an impossible mix: shares that sum to more than 1, or to nothing.
    pub fn new(
        seed: u64,
        batch_size: usize,
        mix: ConditionMix,
        encoder: Arc<dyn TextEncoder>,
        sources: Sources,
    ) -> Result<Self> {
        mix.check()?;
        let Sources { procedural, mut clips, stats, null_text } = sources;
        let sum: f64 = clips.iter().map(|(share, _)| share).sum();
        if sum > 1.0 + 1e-9 && procedural || !procedural && sum <= 0.0 {
            let reason = format!("the shares of all folders sum to {sum}, expected a sum above 0 and at most 1");
            return Err(Error::config("clips.share", reason));
        }
        if !procedural {
            clips.iter_mut().for_each(|(share, _)| *share /= sum);
        }
        let procedural = procedural.then(|| Repertoire::of(mix.repertoire, seed));
        let stats = match stats {
            Some(stats) => stats,
            None => mixture(procedural.as_ref(), &clips)?,
        };
        Ok(Self { procedural, clips, stats, null_text, encoder, mix, seed, batch_size })
    }

    /// Statistics that clips are normalised with.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    fn sample(&self, number: u64, frames: usize, mut rng: ChaCha12Rng) -> Result<Sample> {
        let (follows_text, is_silent) = (rng.random_bool(self.mix.text), rng.random_bool(self.mix.null_text));
        let (features, caption) = match self.source(rng.random()) {
            None => self.procedural(number, frames)?,
            Some(clips) => self.clip(clips, &mut rng)?,
        };
        let motion = self.stats.normalize(features.view())?;
        let reference = if follows_text { None } else { Some(reference_channels(motion.view())?) };
        let text = if follows_text && !is_silent { self.text(&caption)? } else { self.null_text.clone() };
        Ok(Sample { motion, text, reference, channel_weights: Array1::ones(FEATURES) })
    }

    /// The folder that `draw`, from 0 to 1, falls on; `None`: procedural motion.
    fn source(&self, draw: f64) -> Option<&CaptionedClips> {
        let mut left = draw;
        for (share, clips) in &self.clips {
            if left < *share {
                return Some(clips);
            }
            left -= share;
        }
        // Shares may sum to a little less than 1 by rounding.
        if self.procedural.is_some() { None } else { self.clips.last().map(|(_, clips)| clips) }
    }

    fn procedural(&self, number: u64, frames: usize) -> Result<(Array2<f32>, String)> {
        let data = self.procedural.as_ref().ok_or_else(|| Error::internal("procedural motion that is not a source"))?;
        let clip = data.sample_with_frames(number, frames);
        Ok((encode(&clip.motion)?, clip.caption))
    }

    fn clip(&self, clips: &CaptionedClips, rng: &mut ChaCha12Rng) -> Result<(Array2<f32>, String)> {
        let mut last = None;
        for _ in 0..MAX_DRAWS {
            match clips.sample(rng) {
                Ok((features, caption)) => return Ok((features, caption.to_string())),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::internal("no crop was drawn")))
    }

    /// A caption as a generation encodes and pads it.
    fn text(&self, caption: &str) -> Result<Array2<f32>> {
        let words = self.encoder.encode(caption)?;
        let rows = self.null_text.nrows();
        padded(&words.slice(s![..words.nrows().min(rows), ..]), rows)
    }
}

impl Batches for MixedLoader {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        let mut rng = stream(self.seed, step as u64);
        let frames = draw_frames(&mut rng, self.procedural.map_or(FRAMES, |motion| motion.frames()));
        let seeds: Vec<u64> = (0..self.batch_size).map(|_| rng.random()).collect();
        let first = (step * self.batch_size) as u64;
        let sample = |(i, seed): (usize, &u64)| self.sample(first + i as u64, frames, stream(*seed, 0));
        let samples = seeds.par_iter().enumerate().map(sample).collect::<Result<_>>()?;
        collate(samples, &self.mix.corruption, &mut rng)
    }
}

fn stream(seed: u64, number: u64) -> ChaCha12Rng {
    let mut rng = ChaCha12Rng::seed_from_u64(seed ^ DRAWS);
    rng.set_stream(number);
    rng
}

/// Statistics of samples that come from the sources by their shares.
fn mixture(procedural: Option<&Repertoire>, clips: &[(f64, CaptionedClips)]) -> Result<Stats> {
    let mut parts: Vec<(f64, Stats)> = vec![];
    for (share, clips) in clips.iter().filter(|(share, _)| *share > 0.0) {
        parts.push((*share, clips.statistics()?.finish()?));
    }
    let left = 1.0 - parts.iter().map(|(share, _)| share).sum::<f64>();
    if let Some(data) = procedural.filter(|_| left > 0.0) {
        parts.push((left, statistics(data)?));
    }
    let (mut mean, mut square) = (Array1::<f64>::zeros(FEATURES), Array1::<f64>::zeros(FEATURES));
    for (share, stats) in &parts {
        let (m, s) = (stats.mean().mapv(f64::from), stats.std().mapv(f64::from));
        mean += &(&m * *share);
        square += &((&s * &s + &m * &m) * *share);
    }
    let std = (&square - &mean * &mean).mapv(|v| v.max(1e-16).sqrt() as f32);
    floored(Stats::new(mean.mapv(|v| v as f32), std)?)
}
