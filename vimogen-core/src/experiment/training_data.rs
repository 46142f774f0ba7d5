//! Opens the training data of an experiment.

use std::sync::Arc;

use ndarray::Array2;

use super::file::{Data, Experiment, FileData, MixedData};
use crate::data::captioned::Sources;
use crate::data::{
    Batches, CaptionedClips, Captions, ClipDataset, ClipLoader, ConditionMix, Manifest, MixedLoader, ProceduralLoader,
};
use crate::error::{Error, Result};
use crate::format::embedding;
use crate::motion::Stats;
use crate::text::{TextEncoder, WordEncoder};
use crate::train::TrainBatch;

/// Training data, opened.
pub struct TrainingData {
    pub batches: Arc<dyn Batches>,
    /// The clips of a manifest.
    pub clips: Option<Arc<ClipDataset>>,
    /// Captions of folders.
    pub captions: Vec<String>,
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
            Data::Procedural(mix) if experiment.start.is_none() => procedural(experiment, mix, (rank, ranks)),
            Data::Procedural(mix) => {
                let data = MixedData { mix: mix.clone(), procedural: true, folders: vec![] };
                mixed(experiment, &data, (rank, ranks), notes)
            }
            Data::Mixed(data) => mixed(experiment, data, (rank, ranks), notes),
            Data::Files(files) => {
                let encoder = if files.builtin_captions { Some(builtin(width)?) } else { None };
                let null_text = match &files.null_context {
                    Some(path) => embedding::load(path)?,
                    None => Array2::zeros((rows, width)),
                };
                let clips = Arc::new(clips(files, width, encoder.clone(), null_text.clone(), notes)?);
                let loader = ClipLoader::new(clips.clone(), files.corruption.clone(), train.seed, train.batch_size)?;
                let batches = Arc::new(loader.for_rank(rank, ranks)?);
                let stats = clips.stats().clone();
                Ok(Self { batches, stats, clips: Some(clips), captions: vec![], null_text, encoder })
            }
        }
    }
}

fn procedural(experiment: &Experiment, mix: &ConditionMix, (rank, ranks): (usize, usize)) -> Result<TrainingData> {
    let (train, model) = (&experiment.train, &experiment.model);
    let encoder = builtin(model.text_dim)?;
    let loader = ProceduralLoader::new(train.seed, train.batch_size, model.text_len, mix.clone(), encoder.clone())?;
    let (stats, null_text) = (loader.stats().clone(), Array2::zeros((model.text_len, model.text_dim)));
    let batches = Arc::new(Share { loader, rank, ranks });
    Ok(TrainingData { batches, clips: None, captions: vec![], stats, null_text, encoder: Some(encoder) })
}

fn mixed(
    experiment: &Experiment,
    data: &MixedData,
    (rank, ranks): (usize, usize),
    notes: &mut Vec<String>,
) -> Result<TrainingData> {
    let mut clips = vec![];
    for folder in &data.folders {
        if folder.optional && !folder.folder.exists() {
            notes.push(format!("there is no folder {:?}: its share is left to the other data", folder.folder));
            continue;
        }
        let opened = CaptionedClips::open(folder, false)?;
        notes.extend_from_slice(opened.notes());
        clips.push((folder.share, opened));
    }
    // Without a folder, the same run as on procedural motion alone.
    if clips.is_empty() && data.procedural && experiment.start.is_none() {
        return procedural(experiment, &data.mix, (rank, ranks));
    }
    let (train, model) = (&experiment.train, &experiment.model);
    let encoder = builtin(model.text_dim)?;
    experiment.start.as_ref().map_or(Ok(()), |start| start.check_builtin_captions())?;
    let captions = clips.iter().flat_map(|(_, clips)| clips.captions()).flatten().cloned().collect();
    let zeros = || Array2::zeros((model.text_len, model.text_dim));
    let null_text = experiment.start.as_ref().map_or_else(zeros, |start| start.null_context().clone());
    let stats = experiment.start.as_ref().map(|start| start.stats().clone());
    let sources = Sources { procedural: data.procedural, clips, stats, null_text: null_text.clone() };
    let loader = MixedLoader::new(train.seed, train.batch_size, data.mix.clone(), encoder.clone(), sources)?;
    let stats = loader.stats().clone();
    let batches = Arc::new(Share { loader, rank, ranks });
    Ok(TrainingData { batches, clips: None, captions, stats, null_text, encoder: Some(encoder) })
}

/// The batches of one of several processes, whose loader numbers those of all.
struct Share<L> {
    loader: L,
    rank: usize,
    ranks: usize,
}

impl<L: Batches> Batches for Share<L> {
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
