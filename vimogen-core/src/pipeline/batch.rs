//! Requests into batches, and batches into the sampler's arrays.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, Axis, CowArray, Ix2, s};

use crate::sample::{SampleInputs, noise};

/// Most clips of a batch.
const MAX_ROWS: usize = 16;
/// Most frames of a batch, padding included: 4096 of them keep every activation of the full-size model below 300 MB
/// under guidance.
const MAX_TOKENS: usize = 4096;

/// What a clip attends to.
#[derive(Debug)]
pub(super) enum Condition<'a> {
    /// Encoded prompt, `[rows, text_dim]`.
    Text(CowArray<'a, f32, Ix2>),
    /// Normalised reference, `[at most frames, 138]`.
    Reference(Array2<f32>),
}

/// One clip to generate.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// Its place among the requests.
    pub index: usize,
    pub condition: Condition<'a>,
    pub frames: usize,
    pub seed: u64,
}

/// Clips that are generated together: all attend to a text of the same padded length, or all to a reference.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub jobs: Vec<Job<'a>>,
    /// Rows that each text is padded to.
    words: usize,
}

/// Groups clips of one kind and similar length. A prompt is padded to `text_len` rows, or not at all if it is longer:
/// never to its neighbours', since padding takes part in the attention.
pub(super) fn batches<'a>(jobs: Vec<Job<'a>>, text_len: usize) -> Vec<Batch<'a>> {
    let mut groups: BTreeMap<(bool, usize), Vec<Job<'a>>> = BTreeMap::new();
    for job in jobs {
        let key = match &job.condition {
            Condition::Text(rows) => (false, rows.nrows().max(text_len)),
            Condition::Reference(_) => (true, 1),
        };
        groups.entry(key).or_default().push(job);
    }
    let mut batches = Vec::new();
    for ((_, words), mut group) in groups {
        group.sort_by_key(|job| job.frames);
        let mut jobs: Vec<Job<'a>> = Vec::new();
        for job in group {
            let rows = jobs.len() + 1;
            if rows > MAX_ROWS || rows * job.frames > MAX_TOKENS.max(job.frames) {
                batches.push(Batch { jobs: std::mem::take(&mut jobs), words });
            }
            jobs.push(job);
        }
        batches.push(Batch { jobs, words });
    }
    batches
}

impl Batch<'_> {
    /// The sampler's arrays: noise from each clip's own seed, everything padded with zeros.
    pub(super) fn inputs(&self, null_context: &Array2<f32>) -> SampleInputs {
        let rows = self.jobs.len();
        let frames = self.jobs.iter().map(|job| job.frames).max().unwrap_or(0);
        let mut x = Array3::zeros((rows, frames, crate::motion::layout::FEATURES));
        let mut context = Array3::zeros((rows, self.words, null_context.ncols()));
        let mut reference = Array3::zeros((rows, frames, crate::motion::layout::REFERENCE_FEATURES));
        let mut reference_lengths = vec![0; rows];
        for (i, job) in self.jobs.iter().enumerate() {
            x.slice_mut(s![i, ..job.frames, ..]).assign(&noise(job.seed, job.frames));
            match &job.condition {
                Condition::Text(text) => context.slice_mut(s![i, ..text.nrows(), ..]).assign(text),
                Condition::Reference(clip) => {
                    reference.slice_mut(s![i, ..clip.nrows(), ..]).assign(clip);
                    reference_lengths[i] = clip.nrows();
                }
            }
        }
        // References need no null context, and there is only one row of text to hold it.
        let null_rows = null_context.nrows().min(self.words);
        let null = null_context.slice(s![..null_rows, ..]).to_owned().insert_axis(Axis(0));
        let mut inputs = SampleInputs::new(x, context, null);
        inputs.frame_lengths = self.jobs.iter().map(|job| job.frames).collect();
        inputs.attend_to_text = self.jobs.iter().map(|job| matches!(job.condition, Condition::Text(_))).collect();
        inputs.reference_lengths = reference_lengths;
        inputs.reference = (!inputs.attend_to_text.iter().all(|text| *text)).then_some(reference);
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(index: usize, rows: usize, frames: usize) -> Job<'static> {
        Job { index, condition: Condition::Text(Array2::ones((rows, 4)).into()), frames, seed: index as u64 }
    }

    fn indices(batches: &[Batch<'_>]) -> Vec<Vec<usize>> {
        batches.iter().map(|batch| batch.jobs.iter().map(|job| job.index).collect()).collect()
    }

    #[test]
    fn clips_are_grouped_by_padded_length_and_kind_and_sorted_by_frames() {
        let reference = Job { index: 4, condition: Condition::Reference(Array2::ones((9, 138))), frames: 9, seed: 0 };
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
    fn arrays_are_padded_with_zeros_and_noise_is_each_clip_s_own() {
        let batch = batches(vec![text(5, 3, 4), text(6, 2, 7)], 8).remove(0);
        let inputs = batch.inputs(&Array2::ones((2, 4)));
        assert_eq!((inputs.noise.dim(), inputs.context.dim()), ((2, 7, 276), (2, 8, 4)));
        assert_eq!(inputs.noise.slice(s![0, ..4, ..]), noise(5, 4));
        assert!(inputs.noise.slice(s![0, 4.., ..]).iter().all(|v| *v == 0.0));
        assert_eq!(inputs.context.sum(), (3.0 + 2.0) * 4.0);
        assert_eq!((inputs.frame_lengths, inputs.reference), (vec![4, 7], None));
    }
}
