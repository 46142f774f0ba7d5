//! Classifier-free guidance: which rows the network sees, and how their velocities become one.
//!
//! A row that attends to its text is evaluated twice, with its prompt and with the null context, in one batch; a row
//! that attends to a reference motion once. Without guidance (scale 1, or a noise level outside the interval of guidance)
//! nothing is evaluated twice.

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use crate::error::Result;
use crate::model::embed::TimeEmbedding;
use crate::model::{ClipBatch, Dit, Prepared, probe};

/// How many rows of a batch are of which kind. The network sees texts, the same clips with the empty prompt, references.
#[derive(Debug, Clone, Copy)]
struct Guidance {
    scale: f32,
    texts: usize,
    references: usize,
}

impl Guidance {
    fn new(clips: &ClipBatch, scale: f32) -> Self {
        let texts = clips.rows().texts;
        Self { scale, texts, references: clips.len() - texts }
    }

    /// Rows that the network evaluates without their prompt.
    fn unconditional(&self) -> usize {
        if self.scale == 1.0 { 0 } else { self.texts }
    }

    /// The rows that the network sees.
    fn double(&self, x: Tensor<3>) -> Tensor<3> {
        if self.unconditional() == 0 {
            return x;
        }
        let texts = x.clone().narrow(0, 0, self.texts);
        Tensor::cat(vec![texts, x], 0)
    }

    /// `v_u + scale (v_c - v_u)` of the text rows, and the velocity of the others as it is.
    fn combine(&self, v: Tensor<3>) -> Tensor<3> {
        let texts = self.texts;
        if self.unconditional() == 0 {
            return v;
        }
        let conditional = v.clone().narrow(0, 0, texts);
        let unconditional = v.clone().narrow(0, texts, texts);
        let guided = unconditional.clone() + (conditional - unconditional) * self.scale;
        match self.references {
            0 => guided,
            rows => Tensor::cat(vec![guided, v.narrow(0, 2 * texts, rows)], 0),
        }
    }
}

/// The network under guidance, prepared for a generation.
pub(crate) struct Evaluator<'a> {
    dit: &'a Dit,
    /// For levels inside the guidance interval.
    guided: Pass,
    /// For the other levels, if there are any.
    unguided: Option<Pass>,
    interval: (f64, f64),
}

/// One set of rows that the network evaluates, with their conditions.
struct Pass {
    guidance: Guidance,
    /// All rows, or each of them alone.
    parts: Vec<Prepared>,
}

impl Pass {
    fn new(dit: &Dit, clips: &ClipBatch, scale: f32, frames: usize) -> Result<Self> {
        let guidance = Guidance::new(clips, scale);
        let rows = if guidance.unconditional() > 0 { &clips.with_unconditional() } else { clips };
        let parts = if apart(dit, rows.len(), frames) {
            let order = rows.rows().order.iter();
            order.map(|row| dit.prepare(&rows.select(&[*row]), frames)).collect::<Result<_>>()?
        } else {
            vec![dit.prepare(rows, frames)?]
        };
        Ok(Self { guidance, parts })
    }

    fn velocity(&self, dit: &Dit, x: Tensor<3>, time: &TimeEmbedding) -> Tensor<3> {
        let x = self.guidance.double(x);
        let v = match &self.parts[..] {
            [all] => dit.velocity(x, time, all),
            parts => {
                let row = |(i, part)| dit.velocity(x.clone().narrow(0, i, 1), time, part);
                Tensor::cat(parts.par_iter().enumerate().map(row).collect(), 0)
            }
        };
        self.guidance.combine(v)
    }
}

/// Whether a few rows of a small network are evaluated each on a thread of its own: less time is lost than where threads
/// share the work of every layer. A large network's weights would be read once for each row.
fn apart(dit: &Dit, rows: usize, frames: usize) -> bool {
    /// Weights of the blocks that fit in a core's cache.
    const MAX_WEIGHTS: usize = 4 << 20;
    /// More frames keep all threads of a layer busy.
    const MAX_FRAMES: usize = 1024;
    let config = dit.config();
    let weights = config.num_layers * config.dim * (8 * config.dim + 2 * config.ffn_dim);
    let on_cpu = dit.device() == Device::flex();
    // Probes are thread-local.
    on_cpu && !probe::is_watched() && rows > 1 && rows * frames <= MAX_FRAMES && weights <= MAX_WEIGHTS
}

impl<'a> Evaluator<'a> {
    /// Projects the texts and prepares the references, once for each set of rows that the interval leaves.
    pub(crate) fn new(
        dit: &'a Dit,
        clips: &ClipBatch,
        scale: f32,
        interval: Option<(f64, f64)>,
        frames: usize,
    ) -> Result<Self> {
        let guided = Pass::new(dit, clips, scale, frames)?;
        let limited = interval.is_some() && guided.guidance.unconditional() > 0;
        let unguided = limited.then(|| Pass::new(dit, clips, 1.0, frames)).transpose()?;
        Ok(Self { dit, guided, unguided, interval: interval.unwrap_or((0.0, 1.0)) })
    }

    /// The guided velocity at noise level `sigma`.
    ///
    /// # Shapes
    /// - x, output: `[batch, frames, 276]`, in the network's order of rows
    pub(crate) fn velocity(&self, x: Tensor<3>, sigma: f64, time: &TimeEmbedding) -> Tensor<3> {
        let within = self.interval.0 <= sigma && sigma <= self.interval.1;
        let pass = self.unguided.as_ref().filter(|_| !within).unwrap_or(&self.guided);
        pass.velocity(self.dit, x, time)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn guidance_extrapolates_from_the_unconditional_velocity() {
        let guidance = Guidance { scale: 5.0, texts: 1, references: 1 };
        let column =
            |values: [f32; 3]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [3, 1, 1]), &Device::flex());
        let v = guidance.combine(column([3.0, 2.0, 7.0]));
        assert_eq!(v.try_into_vec_as::<f32>().unwrap(), [7.0, 7.0]);
        let x = guidance.double(column([1.0, 2.0, 0.0]).narrow(0, 0, 2));
        assert_eq!(x.try_into_vec_as::<f32>().unwrap(), [1.0, 1.0, 2.0]);
    }
}
