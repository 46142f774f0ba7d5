//! Sample motions of a model in training, and their quality.

use std::path::Path;

use ndarray::{Array2, Axis};

use super::file::Experiment;
use super::training_data::TrainingData;
use crate::error::{Error, Result};
use crate::mbench::quality::{Quality, UpAxis};
use crate::model::{ClipBatch, Condition, Dit};
use crate::motion::Motion;
use crate::motion::layout::FPS;
use crate::pipeline::motion_of;
use crate::progress::ignore;
use crate::render::html::{self, Clip};
use crate::sample::options::{MAX_FRAMES_AT_ONCE, MIN_FRAMES};
use crate::sample::{Sampler, SamplerOptions, noise};
use crate::text::padded;

/// Prompts for a model of procedural motion.
const PROMPTS: [&str; 4] = [
    "a person walks forward",
    "a person waves the right hand",
    "a person jumps up and then sits down",
    "a person turns left and walks",
];
/// Frames of a motion of a fixed prompt.
const FRAMES: usize = 100;
/// Maximum number of clips that are tried for a readable caption.
const MAX_LOOK: usize = 64;

/// A caption and the length of its motion.
struct Probe {
    title: String,
    /// `[rows, text_dim]`
    context: Array2<f32>,
    frames: usize,
}

/// Captions whose motions show the progress of a training.
#[derive(Default)]
pub struct Probes(Vec<Probe>);

impl Probes {
    /// The captions of the first clips, or fixed prompts for procedural motion.
    pub fn new(experiment: &Experiment, source: &TrainingData) -> Self {
        let few = experiment.visualize_clips;
        let Some(clips) = &source.clips else {
            let encode = |prompt: &&str| Some((prompt.to_string(), source.encoder.as_ref()?.encode(prompt).ok()?));
            let probe = |(title, context)| Probe { title, context, frames: FRAMES };
            return Self(PROMPTS.iter().take(few).filter_map(encode).map(probe).collect());
        };
        let probe = |index: usize| {
            let clip = &clips.clips()[index];
            let frames = clips.motion(index).ok()?.nrows().clamp(MIN_FRAMES, MAX_FRAMES_AT_ONCE);
            let title = clip.text.clone().unwrap_or_else(|| clip.id.clone());
            Some(Probe { title, context: clips.caption(index).ok()?, frames })
        };
        Self((0..clips.len().min(MAX_LOOK)).filter_map(probe).take(few).collect())
    }

    /// Writes a motion for each caption as `.npz` and all of them as a page that plays them; gives the means of their
    /// qualities.
    ///
    /// # Errors
    /// Those of [`Sampler::sample`], [`Error::Io`].
    pub fn generate(
        &self,
        experiment: &Experiment,
        source: &TrainingData,
        dit: &Dit,
        folder: &Path,
    ) -> Result<Vec<(&'static str, f64)>> {
        if self.0.is_empty() {
            return Ok(vec![]);
        }
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let mut made = vec![];
        for (i, probe) in self.0.iter().enumerate() {
            let motion = motion(probe, i as u64, experiment, source, dit)?;
            motion.save(folder.join(format!("{i:02}.npz")))?;
            let quality = Quality::measure(motion.joints(), UpAxis::Z)?.named();
            made.push((probe.title.as_str(), quality, motion));
        }
        let clip = |(title, metrics, joints)| Clip { joints, fps: FPS, title, metrics };
        let clips: Vec<Clip<'_>> =
            made.iter().map(|(title, metrics, motion)| clip((*title, &metrics[..], motion.joints()))).collect();
        html::save(folder.join("player.html"), &clips)?;
        let mean = |q: usize| {
            let values: Vec<f64> = made.iter().map(|m| f64::from(m.1[q].1)).filter(|v| v.is_finite()).collect();
            values.iter().sum::<f64>() / values.len().max(1) as f64
        };
        Ok(made[0].1.iter().enumerate().map(|(q, (name, _))| (*name, mean(q))).collect())
    }
}

fn motion(probe: &Probe, seed: u64, experiment: &Experiment, source: &TrainingData, dit: &Dit) -> Result<Motion> {
    let options = SamplerOptions::default().for_model(&experiment.generation);
    let rows = experiment.model.text_len.max(probe.context.nrows()).max(source.null_text.nrows());
    let text = Condition::Text(padded(&probe.context.view(), rows)?);
    let clips = ClipBatch::new(vec![text], vec![probe.frames])?.with_null_context(vec![source.null_text.clone()])?;
    let noise = noise(seed, probe.frames).insert_axis(Axis(0));
    let x = Sampler::new(options)?.sample(dit, &noise, &clips, &mut ignore)?;
    motion_of(x.index_axis(Axis(0), 0), &source.stats, &experiment.generation, FPS)
}
