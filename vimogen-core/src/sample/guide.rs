//! Steering a generation from outside: constraints, windows and the like.

use burn::tensor::Tensor;
use ndarray::{Array3, ArrayView2, ArrayViewMut2, Axis, s};

use crate::error::Result;
use crate::model::ClipBatch;
use crate::model::host::{download, upload};

/// A clip during a generation; all values are normalised.
#[derive(Debug)]
pub struct GuidedClip<'a> {
    /// Index of the clip: its row in the batch of [`super::Sampler::sample_guided`], or its place among the requests of
    /// [`crate::Pipeline::generate_guided`].
    pub index: usize,
    /// The network's estimate of the finished motion after guidance, `[frames, 276]`, without padding.
    pub clean: ArrayViewMut2<'a, f32>,
}

/// A clip at the end of a generation; all values are normalised.
#[derive(Debug)]
pub struct FinishedClip<'a> {
    /// As [`GuidedClip::index`].
    pub index: usize,
    /// The motion before smoothing, `[frames, 276]`.
    pub sampled: ArrayView2<'a, f32>,
    /// The motion after smoothing, `[frames, 276]`: the result.
    pub smoothed: ArrayViewMut2<'a, f32>,
}

/// Changes the course of a generation.
///
/// At each evaluation of the network, at state `x` and noise level `s` with velocity `v`, the guide receives the estimate
/// `c = x - s v` of the finished motion and may replace it by `c'`. The solver then goes on with the velocity of `c'`: a step
/// of [`super::Solver::Euler`] to level `s'` leads to `c' + (s' / s) (x - c')`. In the last step the guide receives the end
/// of the step itself, so the sampled motion is exactly what the guide made of it, with every solver.
///
/// ```
/// use ndarray::{Array2, s};
/// use vimogen_core::sample::{FinishedClip, Guide, GuidedClip};
/// use vimogen_core::{GenerateOptions, Pipeline, Request, Result, progress};
///
/// /// Pins the first frames of every clip.
/// struct Start(Array2<f32>);
///
/// impl Guide for Start {
///     fn guide(&mut self, _: f64, clips: &mut [GuidedClip<'_>]) -> Result<()> {
///         for clip in clips {
///             clip.clean.slice_mut(s![..self.0.nrows(), ..]).assign(&self.0);
///         }
///         Ok(())
///     }
///
///     fn finish(&mut self, clips: &mut [FinishedClip<'_>]) -> Result<()> {
///         for clip in clips {
///             clip.smoothed.slice_mut(s![..self.0.nrows(), ..]).assign(&self.0);
///         }
///         Ok(())
///     }
/// }
///
/// let pipeline = Pipeline::builtin()?;
/// let options = GenerateOptions::default().with_num_frames(40).with_num_inference_steps(4);
/// let before = pipeline.generate("a person walks forward", &options)?;
/// let last = pipeline.stats().normalize(before.features().slice(s![30.., ..]))?;
/// let request = Request::text("a person waves the right hand");
/// let after = pipeline.generate_guided(&[request], &options, &mut Start(last), &mut progress::ignore)?;
/// assert_eq!(after[0].len(), 40);
/// # Ok::<(), vimogen_core::Error>(())
/// ```
pub trait Guide: Send {
    /// Sees the clips of a batch at noise level `level`, in 0..=1, and may replace their estimates.
    ///
    /// [`super::Solver::Heun`] evaluates the network twice per step, at two levels.
    ///
    /// # Errors
    /// Ends the generation with the error.
    fn guide(&mut self, level: f64, clips: &mut [GuidedClip<'_>]) -> Result<()>;

    /// Sees the clips of a batch after the last step, and may change the result: smoothing moves frames that the guide
    /// pinned.
    ///
    /// # Errors
    /// Ends the generation with the error.
    fn finish(&mut self, clips: &mut [FinishedClip<'_>]) -> Result<()> {
        _ = clips;
        Ok(())
    }
}

/// The guide, lent for a call.
pub(crate) fn reborrow<'a>(guide: &'a mut Option<&mut dyn Guide>) -> Option<&'a mut dyn Guide> {
    match guide {
        Some(guide) => Some(&mut **guide),
        None => None,
    }
}

/// A guide with an index of its own for each row of the batch.
pub(crate) struct Renumbered<'a> {
    pub guide: &'a mut dyn Guide,
    /// The index of each row.
    pub indices: Vec<usize>,
}

impl Guide for Renumbered<'_> {
    fn guide(&mut self, level: f64, clips: &mut [GuidedClip<'_>]) -> Result<()> {
        clips.iter_mut().for_each(|clip| clip.index = self.indices[clip.index]);
        self.guide.guide(level, clips)
    }

    fn finish(&mut self, clips: &mut [FinishedClip<'_>]) -> Result<()> {
        clips.iter_mut().for_each(|clip| clip.index = self.indices[clip.index]);
        self.guide.finish(clips)
    }
}

/// The velocity that leads to the guide's estimates.
///
/// # Shapes
/// - x, v, output: `[batch, frames, 276]`, in the network's order of rows
pub(super) fn steer(
    guide: &mut dyn Guide,
    clips: &ClipBatch,
    level: f64,
    x: Tensor<3>,
    v: Tensor<3>,
) -> Result<Tensor<3>> {
    let device = v.device();
    let estimate = download(x - v.clone() * level)?;
    let change = &estimate - &replaced(guide, clips, level, estimate.clone())?;
    // As a difference, so that a guide that changes nothing leaves the velocity as it is.
    Ok(v + upload(change, &device) / level)
}

/// The guide's estimates in place of `x`, which is clean.
pub(super) fn replace(guide: &mut dyn Guide, clips: &ClipBatch, level: f64, x: Tensor<3>) -> Result<Tensor<3>> {
    let device = x.device();
    Ok(upload(replaced(guide, clips, level, download(x)?)?, &device))
}

fn replaced(guide: &mut dyn Guide, clips: &ClipBatch, level: f64, mut estimate: Array3<f32>) -> Result<Array3<f32>> {
    let rows = clips.rows();
    let views = estimate.axis_iter_mut(Axis(0)).zip(rows.order.iter().zip(&rows.frame_lengths));
    let mut guided: Vec<_> = views
        .map(|(row, (index, length))| GuidedClip { index: *index, clean: row.slice_move(s![..*length, ..]) })
        .collect();
    guided.sort_by_key(|clip| clip.index);
    guide.guide(level, &mut guided)?;
    Ok(estimate)
}
