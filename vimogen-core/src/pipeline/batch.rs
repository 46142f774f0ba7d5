//! Requests into batches, and batches into the sampler's inputs.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, s};

use crate::edit::heading::Move;
use crate::error::Result;
use crate::model::{ClipBatch, Condition};
use crate::motion::layout::FEATURES;
use crate::sample::flow::add_noise;
use crate::sample::noise;
use crate::text::padded;

/// Maximum number of clips of a batch.
const MAX_ROWS: usize = 16;
/// Maximum number of frames of a batch, padding included: 4096 of them keep every activation of the full-size model below
/// 300 MB under guidance.
const MAX_TOKENS: usize = 4096;

/// One clip to generate.
#[derive(Debug)]
pub(super) struct Job {
    /// Its place among the requests.
    pub index: usize,
    /// Texts are not padded yet.
    pub condition: Condition,
    pub frames: usize,
    pub seed: u64,
    /// Normalised motion to start from, and the move back to its place.
    pub init: Option<(Array2<f32>, Move)>,
}

impl Job {
    /// Where sampling starts: noise, or the motion to start from with noise of level `start`.
    fn noise(&self, start: f64) -> Array2<f32> {
        let mut noise = noise(self.seed, self.frames);
        if let Some((motion, _)) = &self.init {
            noise.zip_mut_with(motion, |e, x| *e = add_noise(*x, *e, start));
        }
        noise
    }
}

/// Clips that are generated together: all attend to a text of the same padded length, or all to a reference.
#[derive(Debug)]
pub(super) struct Batch {
    pub jobs: Vec<Job>,
    /// Padded length of the texts.
    text_rows: usize,
}

/// Groups clips of one kind and similar length. A prompt is padded to `text_len` rows, or not at all if it is longer:
/// never to its neighbours', since padding takes part in the attention.
pub(super) fn batches(jobs: Vec<Job>, text_len: usize) -> Vec<Batch> {
    let mut groups: BTreeMap<(bool, usize), Vec<Job>> = BTreeMap::new();
    for job in jobs {
        let key = match &job.condition {
            Condition::Text(rows) => (false, rows.nrows().max(text_len)),
            Condition::Reference { .. } => (true, 0),
        };
        groups.entry(key).or_default().push(job);
    }
    let mut batches = Vec::new();
    for ((_, text_rows), mut group) in groups {
        group.sort_by_key(|job| job.frames);
        let mut jobs: Vec<Job> = Vec::new();
        for job in group {
            let rows = jobs.len() + 1;
            if rows > MAX_ROWS || rows * job.frames > MAX_TOKENS.max(job.frames) {
                batches.push(Batch { jobs: std::mem::take(&mut jobs), text_rows });
            }
            jobs.push(job);
        }
        batches.push(Batch { jobs, text_rows });
    }
    batches
}

impl Batch {
    /// Clips that must be generated together, in this order: their texts are padded to the same number of rows.
    pub(super) fn together(jobs: Vec<Job>, text_len: usize) -> Self {
        let rows = |job: &Job| match &job.condition {
            Condition::Text(rows) => rows.nrows(),
            Condition::Reference { .. } => 0,
        };
        Self { text_rows: jobs.iter().map(rows).max().unwrap_or(0).max(text_len), jobs }
    }

    /// The noise of each clip, padded with zeros, `[clips, frames, 276]`.
    pub(super) fn padded(&self, noises: &[Array2<f32>]) -> Array3<f32> {
        let frames = noises.iter().map(Array2::nrows).max().unwrap_or(0);
        let mut x = Array3::zeros((noises.len(), frames, FEATURES));
        for (mut row, noise) in x.outer_iter_mut().zip(noises) {
            row.slice_mut(s![..noise.nrows(), ..]).assign(noise);
        }
        x
    }

    /// The start of each clip, noise of level `start` from its own seed, padded with zeros, `[clips, frames, 276]`.
    pub(super) fn noise(&self, start: f64) -> Array3<f32> {
        self.padded(&self.jobs.iter().map(|job| job.noise(start)).collect::<Vec<_>>())
    }

    /// The conditions, with texts padded.
    pub(super) fn clips(&self, null_context: &Array2<f32>) -> Result<ClipBatch> {
        let condition = |job: &Job| match &job.condition {
            Condition::Text(text) => Ok(Condition::Text(padded(&text.view(), self.text_rows)?)),
            reference => Ok(reference.clone()),
        };
        let conditions = self.jobs.iter().map(condition).collect::<Result<_>>()?;
        let null_rows =
            if self.text_rows == 0 { null_context.nrows() } else { null_context.nrows().min(self.text_rows) };
        ClipBatch::new(conditions, self.jobs.iter().map(|job| job.frames).collect())?
            .with_null_context(vec![null_context.slice(s![..null_rows, ..]).to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(index: usize, rows: usize, frames: usize) -> Job {
        Job { index, condition: Condition::Text(Array2::ones((rows, 4))), frames, seed: index as u64, init: None }
    }

    fn indices(batches: &[Batch]) -> Vec<Vec<usize>> {
        batches.iter().map(|batch| batch.jobs.iter().map(|job| job.index).collect()).collect()
    }

    #[test]
    fn clips_are_grouped_by_padded_length_and_kind_and_sorted_by_frames() {
        let reference =
            Job { index: 4, condition: Condition::reference(Array2::ones((9, 138))), frames: 9, seed: 0, init: None };
        let jobs = vec![text(0, 3, 50), text(1, 12, 10), text(2, 8, 20), text(3, 12, 30), reference];
        assert_eq!(indices(&batches(jobs, 8)), [vec![2, 0], vec![1, 3], vec![4]]);
    }

    #[test]
    fn batches_are_bounded_in_rows_and_frames() {
        let many = batches((0..40).map(|i| text(i, 1, 10)).collect(), 8);
        assert_eq!(many.iter().map(|b| b.jobs.len()).collect::<Vec<_>>(), [16, 16, 8]);
        let long = batches((0..10).map(|i| text(i, 1, 1000)).collect(), 8);
        assert_eq!(long.iter().map(|b| b.jobs.len()).collect::<Vec<_>>(), [4, 4, 2]);
    }

    #[test]
    fn texts_are_padded_with_zeros_and_noise_is_each_clip_s_own() {
        let batch = batches(vec![text(5, 3, 4), text(6, 2, 7)], 8).remove(0);
        let (x, clips) = (batch.noise(1.0), batch.clips(&Array2::ones((2, 4))).unwrap());
        assert_eq!(x.dim(), (2, 7, 276));
        assert_eq!(x.slice(s![0, ..4, ..]), noise(5, 4));
        assert!(x.slice(s![0, 4.., ..]).iter().all(|v| *v == 0.0));
        let texts: Vec<_> = clips.texts().map(|text| (text.dim(), text.sum())).collect();
        assert_eq!(texts, [((8, 4), 12.0), ((8, 4), 8.0)]);
        assert_eq!(clips.frame_lengths(), [4, 7]);
    }
}
