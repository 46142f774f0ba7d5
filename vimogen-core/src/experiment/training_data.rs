//! Opens the training data of an experiment.

use std::sync::Arc;

use ndarray::Array2;

use super::file::{Data, Experiment, FileData};
use crate::data::{Batches, Captions, ClipDataset, ClipLoader, Manifest, ProceduralLoader};
use crate::error::{Error, Result};
use crate::format::embedding;
use crate::motion::Stats;
use crate::text::{TextEncoder, WordEncoder};
use crate::train::TrainBatch;

/// Training data, opened.
pub struct TrainingData {
    pub batches: Arc<dyn Batches>,
    /// The clips, unless the motion is procedural.
    pub clips: Option<Arc<ClipDataset>>,
    pub stats: Stats,
    /// The encoded empty prompt.
    pub null_text: Array2<f32>,
    /// The built-in text encoder, if it encodes the captions.
    pub encoder: Option<Arc<dyn TextEncoder>>,
}

impl TrainingData {
    /// The data of process `rank` of `ranks`. Remarks about the data are added to `notes`.
    ///
    /// # Errors
    /// Those of reading manifests, statistics and the empty prompt; [`Error::Config`] if they do not fit the model.
    pub fn open(experiment: &Experiment, (rank, ranks): (usize, usize), notes: &mut Vec<String>) -> Result<Self> {
        let train = &experiment.train;
        let (rows, width) = (experiment.model.text_len, experiment.model.text_dim);
        match &experiment.data {
            Data::Procedural(mix) => {
                let encoder = builtin(width)?;
                let loader = ProceduralLoader::new(train.seed, train.batch_size, rows, mix.clone(), encoder.clone())?;
                let (stats, null_text) = (loader.stats().clone(), Array2::zeros((rows, width)));
                let batches = Arc::new(Share { loader, rank, ranks });
                Ok(Self { batches, clips: None, stats, null_text, encoder: Some(encoder) })
            }
            Data::Files(files) => {
                let encoder = if files.builtin_captions { Some(builtin(width)?) } else { None };
                let null_text = match &files.null_context {
                    Some(path) => embedding::load(path)?,
                    None => Array2::zeros((rows, width)),
                };
                let clips = Arc::new(clips(files, width, encoder.clone(), null_text.clone(), notes)?);
                let loader = ClipLoader::new(clips.clone(), files.corruption.clone(), train.seed, train.batch_size)?;
                let batches = Arc::new(loader.for_rank(rank, ranks)?);
                Ok(Self { batches, stats: clips.stats().clone(), clips: Some(clips), null_text, encoder })
            }
        }
    }
}

/// The procedural batches of one of several processes.
struct Share {
    loader: ProceduralLoader,
    rank: usize,
    ranks: usize,
}

impl Batches for Share {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        self.loader.batch(step * self.ranks + self.rank)
    }
}

fn clips(
    files: &FileData,
    width: usize,
    encoder: Option<Arc<dyn TextEncoder>>,
    null_text: Array2<f32>,
    notes: &mut Vec<String>,
) -> Result<ClipDataset> {
    let manifest = Manifest::read(&files.manifests, &files.text_key, files.root.as_deref())?;
    notes.push(format!("{} clips", manifest.clips.len()));
    if manifest.duplicates > 0 {
        let some = manifest.named_duplicates.join(", ");
        notes.push(format!("{} clips are exact duplicates of others: {some}", manifest.duplicates));
    }
    let stats = Stats::load(&files.mean, &files.std)?;
    let captions = encoder.map_or(Captions::Files { width }, Captions::Encoder);
    ClipDataset::new(manifest, stats, files.sampling.clone(), captions, null_text, files.max_bad_fraction)
}

fn builtin(width: usize) -> Result<Arc<dyn TextEncoder>> {
    let encoder = WordEncoder::builtin()?;
    if encoder.dim() != width {
        let reason = format!("{width}; the built-in text encoder makes rows of {}", encoder.dim());
        return Err(Error::config("model.text_dim", reason));
    }
    Ok(Arc::new(encoder))
}
