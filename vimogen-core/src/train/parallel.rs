//! The gradients of a batch, computed in parts side by side.
//!
//! Much of a small model's step is work that one core does at a time. Parts of a batch on pools of their own keep all
//! cores busy, and the sum does not depend on how many there are: the parts are added in their order.

use burn::module::Module;
use burn::optim::GradientsParams;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::batch::{Draws, TrainBatch};
use super::engine::{Engine, add};
use super::freeze::Track;
use super::loss::{LossSums, mass, masses};
use crate::error::{Error, Result};
use crate::model::{Dit, named};

/// Pools that share the processor's cores, one for each part.
pub(crate) fn pools(parts: usize) -> Result<Vec<ThreadPool>> {
    let cores = rayon::current_num_threads();
    let pool = |_| {
        let pool = ThreadPoolBuilder::new().num_threads((cores / parts).max(1)).build();
        pool.map_err(|e| Error::Internal { reason: format!("no threads to train with: {e}") })
    };
    (0..parts).map(pool).collect()
}

/// Gradients of `share` times the batch's loss, and the sums that it is made of. Part `i` of `n` has the clips
/// `i, i + n, ..`.
pub(crate) fn gradients(
    engine: &Engine,
    dit: &Dit,
    batch: &TrainBatch,
    draws: &Draws,
    share: f64,
) -> Result<(GradientsParams, LossSums)> {
    // A part needs a clip.
    let pools = &engine.pools[..engine.pools.len().min(batch.len())];
    if engine.pools.len() == 1 {
        return engine.part(dit, batch, draws, share);
    }
    let whole = mass(&masses(batch));
    let part = |i: usize| {
        let rows: Vec<usize> = (i..batch.len()).step_by(pools.len()).collect();
        let (batch, draws) = (batch.select(&rows), draws.select(&rows));
        // Leaves of its own: parts with common leaves would be one graph, and wait for each other.
        let dit = named::map(dit.valid(), &mut Track::new(&engine.trainable));
        engine.part(&dit, &batch, &draws, share * mass(&masses(&batch)) / whole)
    };
    let parts: Vec<Result<(GradientsParams, LossSums)>> = std::thread::scope(|scope| {
        let part = &part;
        let pools = pools.iter().enumerate();
        let threads: Vec<_> = pools.map(|(i, pool)| scope.spawn(move || pool.install(|| part(i)))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    let mut sums = LossSums::default();
    let mut total = GradientsParams::new();
    for part in parts {
        let (grads, part_sums) = part?;
        sums.add(&part_sums);
        add(dit, &mut total, grads);
    }
    Ok((total, sums))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use ndarray::{Array2, Array3};

    use super::*;
    use crate::model::DitConfig;
    use crate::train::{TrainConfig, Trainer};

    fn batch(config: &DitConfig) -> TrainBatch {
        let (b, t) = (5, 12);
        let wave = |i: usize, j: usize, k: usize| ((i * 31 + j * 7 + k) as f32 * 0.37).sin();
        let mut ref_motion = Array3::from_shape_fn((b, t, 138), |(i, j, k)| wave(i + 3, j, k));
        ref_motion.slice_mut(ndarray::s![..3, .., ..]).fill(0.0);
        TrainBatch {
            motion: Array3::from_shape_fn((b, t, 276), |(i, j, k)| wave(i, j, k)),
            // Clips of different lengths: parts do not count equally.
            motion_mask: Array2::from_shape_fn((b, t), |(i, j)| if j < 4 + 2 * i { 1.0 } else { 0.0 }),
            prompt_embeds: Array3::from_shape_fn((b, 6, config.text_dim), |(i, j, k)| wave(i, j + 5, k)),
            ref_motion,
            ref_motion_mask: Array2::ones((b, t)),
            motion_dim_mask: Array2::ones((b, 276)),
            attend_to_text: vec![true, true, true, false, false],
        }
    }

    #[test]
    fn a_batch_of_fewer_clips_than_parts_is_trained_on() {
        let model = DitConfig { dim: 32, ffn_dim: 48, num_heads: 2, num_layers: 2, text_dim: 16, ..DitConfig::small() };
        let config = TrainConfig { batch_size: 5, micro_batches: 3, ..TrainConfig::default() };
        let mut trainer = Trainer::new(&model, &config, &Device::flex()).unwrap();
        let last = batch(&model).select(&[1, 4]);
        let draws = trainer.draws(&last);
        let report = trainer.train_step(&last, &draws).unwrap();
        assert!(report.loss_text.is_some() && report.loss_ref_motion.is_some());
    }

    #[test]
    fn parts_of_a_batch_give_the_step_of_the_whole() {
        let model = DitConfig { dim: 32, ffn_dim: 48, num_heads: 2, num_layers: 2, text_dim: 16, ..DitConfig::small() };
        let run = |micro_batches: usize| {
            let config = TrainConfig { batch_size: 5, micro_batches, warmup_steps: 1, ..TrainConfig::default() };
            let mut trainer = Trainer::new(&model, &config, &Device::flex()).unwrap();
            let batch = batch(&model);
            let report = |_| {
                let draws = trainer.draws(&batch);
                trainer.train_step(&batch, &draws).unwrap()
            };
            (0..3).map(report).collect::<Vec<_>>()
        };
        for (whole, parts) in run(1).iter().zip(run(2)) {
            approx::assert_relative_eq!(whole.loss, parts.loss, max_relative = 1e-5);
            approx::assert_relative_eq!(whole.loss_text.unwrap(), parts.loss_text.unwrap(), max_relative = 1e-5);
            approx::assert_relative_eq!(
                whole.loss_ref_motion.unwrap(),
                parts.loss_ref_motion.unwrap(),
                max_relative = 1e-5
            );
            approx::assert_relative_eq!(whole.grad_norm, parts.grad_norm, max_relative = 1e-4);
        }
    }
}
