//! Changing what a clip shows: the difference between two prompts, integrated from the clip.
//!
//! FlowEdit (arXiv 2412.08629, algorithm 1): with `z` the clip in the making, `x` the source and `e` fresh noise, at each
//! level `s` from the starting level down
//!
//! `a = (1 - s) x + s e`, `b = z + a - x`, `z <- z + (s' - s) (v(b, new prompt) - v(a, old prompt))`.
//!
//! Where both prompts ask for the same, both velocities are the same and the clip stays.

use burn::tensor::Tensor;
use ndarray::{Array2, Array3, Axis, concatenate, s};

use super::guidance::Evaluator;
use super::noise::NoiseStream;
use super::sampler::Sampler;
use crate::error::{Error, Result};
use crate::model::host::{download, upload};
use crate::model::kernels::{check_process, in_pool};
use crate::model::{ClipBatch, Dit};
use crate::progress::{OnProgress, Stage, report};
use crate::turns::Turn;

impl Sampler {
    /// A clip changed from one prompt to another, smoothed.
    ///
    /// # Shapes
    /// - source, output: `[frames, 276]`, normalised
    /// - clips: the new prompt, then the old one, both of all frames
    ///
    /// # Errors
    /// As [`Sampler::sample`].
    pub(crate) fn change(
        &self,
        dit: &Dit,
        source: &Array2<f32>,
        clips: &ClipBatch,
        seed: u64,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Array2<f32>> {
        let frames = source.nrows();
        let both = concatenate(Axis(0), &[source.view().insert_axis(Axis(0)); 2]);
        let both = both.map_err(|e| Error::internal(e.to_string()))?;
        self.check(dit, &both, clips)?;
        check_process(&dit.device())?;
        let (device, steps) = (dit.device(), self.schedule.len());
        let time = dit.embed_time(self.schedule.timesteps(), &device);
        let turn = Turn::take();
        let mut first = || report(on_progress, Stage::Sample, 0, steps);
        let prepare = || Evaluator::new(dit, clips, self.guidance_scale, self.options.guidance_interval, frames);
        let evaluator = turn.step(&mut first, || in_pool(&device, prepare))??;
        let mut changed = both.slice(s![..1, .., ..]).to_owned();
        // It does not repeat from step to step, and depends on the seed alone.
        let mut noises = NoiseStream::new(seed);
        for step in 0..steps {
            let level = self.schedule.sigmas()[step];
            let noised = (noises.draw(frames) - source) * level as f32;
            let mut x = Array3::zeros(both.raw_dim());
            x.slice_mut(s![0, .., ..]).assign(&(&changed.slice(s![0, .., ..]) + &noised));
            x.slice_mut(s![1, .., ..]).assign(&(source + &noised));
            let mut waiting = || report(on_progress, Stage::Sample, step, steps);
            let evaluate =
                || in_pool(&device, || evaluator.velocity(upload::<3, _>(x, &device), level, &time.row(step)));
            let v: Tensor<3> = turn.step(&mut waiting, evaluate)?;
            let v = download(v)?;
            let difference = &v.slice(s![..1, .., ..]) - &v.slice(s![1.., .., ..]);
            changed.scaled_add(self.schedule.delta(step) as f32, &difference);
            report(on_progress, Stage::Sample, step + 1, steps)?;
        }
        let mut out = Array3::zeros(both.raw_dim());
        let padded = concatenate(Axis(0), &[changed.view(), changed.view()]);
        self.finish(clips, &padded.map_err(|e| Error::internal(e.to_string()))?, &mut out)?;
        Ok(out.index_axis_move(Axis(0), 0))
    }
}
