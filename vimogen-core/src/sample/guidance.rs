//! Classifier-free guidance: which rows the network sees, and how their velocities become one.
//!
//! A row that attends to its text is evaluated twice, with its prompt and with the null context, in one batch; a row
//! that attends to a reference motion once. Without guidance (scale 1, or a noise level outside the interval of guidance)
//! nothing is evaluated twice.

use burn::tensor::{Device, Tensor};
use ndarray::{Array3, ArrayView3, Axis, concatenate, s};
use rayon::prelude::*;

use super::sampler::SampleInputs;
use crate::error::Result;
use crate::model::embed::TimeEmbedding;
use crate::model::host::upload;
use crate::model::{Conditions, Dit, Prepared, probe};

/// The rows of a batch in the order the network sees them: texts, the same texts unconditionally, references.
#[derive(Debug, Clone)]
pub(crate) struct Guidance {
    scale: f32,
    /// Rows of the caller's batch that attend to their text.
    texts: Vec<usize>,
    /// Rows of the caller's batch that attend to their reference.
    references: Vec<usize>,
}

impl Guidance {
    pub(crate) fn new(attend_to_text: &[bool], scale: f32) -> Self {
        let (texts, references) = (0..attend_to_text.len()).partition(|row| attend_to_text[*row]);
        Self { scale, texts, references }
    }

    /// The same rows without guidance.
    fn off(mut self) -> Self {
        self.scale = 1.0;
        self
    }

    /// What the network is conditioned on, in the order of the rows it sees.
    fn conditions(&self, inputs: &SampleInputs, frames: usize, device: &Device) -> Conditions {
        let reference = inputs.reference.as_ref().map(|r| r.slice(s![.., ..frames, ..]));
        Conditions {
            context: upload(self.context(inputs), device),
            reference: self.reference(reference).map(|r| upload(r, device)),
            attend_to_text: self.expand(&inputs.attend_to_text),
            frame_lengths: self.expand(&inputs.frame_lengths),
            reference_lengths: self.expand(&inputs.reference_lengths),
        }
    }

    /// The caller's rows in the sampler's order: texts first.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> + '_ {
        self.texts.iter().chain(&self.references).copied()
    }

    /// Whether any row attends to a reference.
    pub(crate) fn has_references(&self) -> bool {
        !self.references.is_empty()
    }

    /// Rows that the network evaluates without their prompt.
    fn unconditional(&self) -> usize {
        if self.scale == 1.0 { 0 } else { self.texts.len() }
    }

    /// The caller's row behind each row the network sees.
    fn network_rows(&self) -> Vec<usize> {
        let again = &self.texts[..self.unconditional()];
        [&self.texts, again, &self.references].into_iter().flatten().copied().collect()
    }

    /// One value of each of the caller's rows, for the rows the network sees.
    pub(crate) fn expand<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.network_rows().into_iter().map(|row| values[row]).collect()
    }

    /// Text rows for the network: prompts, null contexts padded with zero rows, nothing for references.
    ///
    /// # Shapes
    /// - output: `[network rows, words, text_dim]`, one word if no row attends to a text
    pub(crate) fn context(&self, inputs: &SampleInputs) -> Array3<f32> {
        let (_, words, width) = inputs.context.dim();
        let words = if self.texts.is_empty() { 1 } else { words };
        let mut out = Array3::zeros((self.network_rows().len(), words, width));
        let null = inputs.null_context.view();
        for (i, row) in self.texts.iter().enumerate() {
            out.index_axis_mut(Axis(0), i).assign(&inputs.context.index_axis(Axis(0), *row));
            if self.unconditional() > 0 {
                let null = null.index_axis(Axis(0), if null.len_of(Axis(0)) == 1 { 0 } else { *row });
                out.slice_mut(s![self.texts.len() + i, ..null.nrows(), ..]).assign(&null);
            }
        }
        out
    }

    /// Reference motions for the network, zeros for rows that attend to a text; `None` if all do.
    ///
    /// # Shapes
    /// - reference: `[batch, frames, 138]`
    /// - output: `[network rows, frames, 138]`
    pub(crate) fn reference(&self, reference: Option<ArrayView3<'_, f32>>) -> Option<Array3<f32>> {
        let reference = reference.filter(|_| self.has_references())?;
        let (_, frames, width) = reference.dim();
        let zeros = Array3::zeros((self.texts.len() + self.unconditional(), frames, width));
        let rows = reference.select(Axis(0), &self.references);
        let joined = concatenate(Axis(0), &[zeros.view(), rows.view()]);
        Some(joined.unwrap_or_else(|_| unreachable!("both parts have the frames of reference")))
    }

    /// The rows the network sees, from the sampler's.
    pub(crate) fn double(&self, x: Tensor<3>) -> Tensor<3> {
        if self.unconditional() == 0 {
            return x;
        }
        let texts = x.clone().narrow(0, 0, self.texts.len());
        Tensor::cat(vec![texts, x], 0)
    }

    /// `v_u + scale (v_c - v_u)` of the text rows, and the velocity of the others as it is.
    pub(crate) fn combine(&self, v: Tensor<3>) -> Tensor<3> {
        let (texts, doubled) = (self.texts.len(), self.unconditional());
        if doubled == 0 {
            return v;
        }
        let conditional = v.clone().narrow(0, 0, texts);
        let unconditional = v.clone().narrow(0, texts, texts);
        let guided = unconditional.clone() + (conditional - unconditional) * self.scale;
        match self.references.len() {
            0 => guided,
            rows => Tensor::cat(vec![guided, v.narrow(0, 2 * texts, rows)], 0),
        }
    }
}

/// The network under guidance, prepared for a generation.
pub(crate) struct Evaluator<'a> {
    dit: &'a Dit,
    /// The rows at levels inside the interval of guidance, then those outside, if there are such levels.
    sides: (Side, Option<Side>),
    interval: (f64, f64),
}

/// Which rows are evaluated, and what they are conditioned on.
struct Side {
    guidance: Guidance,
    /// All rows, or each of them alone.
    parts: Vec<Prepared>,
}

impl Side {
    fn new(dit: &Dit, inputs: &SampleInputs, guidance: Guidance, frames: usize) -> Result<Self> {
        let conditions = guidance.conditions(inputs, frames, &dit.device());
        let rows = conditions.attend_to_text.len();
        let parts = match apart(dit, rows, frames) {
            true => (0..rows).map(|row| dit.prepare(&conditions.row(row), frames)).collect::<Result<_>>()?,
            false => vec![dit.prepare(&conditions, frames)?],
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
    /// What a core's cache can hold of the weights of the blocks.
    const MOST_WEIGHTS: usize = 4 << 20;
    /// Enough for all threads within a layer.
    const MOST_FRAMES: usize = 1024;
    let config = dit.config();
    let weights = config.num_layers * config.dim * (8 * config.dim + 2 * config.ffn_dim);
    let on_cpu = dit.device() == Device::flex();
    // A watcher sees what its own thread does.
    on_cpu && !probe::is_watched() && rows > 1 && rows * frames <= MOST_FRAMES && weights <= MOST_WEIGHTS
}

impl<'a> Evaluator<'a> {
    /// Projects the texts and prepares the references, once for each set of rows that the interval leaves.
    pub(crate) fn new(
        dit: &'a Dit,
        inputs: &SampleInputs,
        guidance: &Guidance,
        interval: Option<(f64, f64)>,
        frames: usize,
    ) -> Result<Self> {
        let inside = Side::new(dit, inputs, guidance.clone(), frames)?;
        let limited = interval.is_some() && guidance.unconditional() > 0;
        let outside = limited.then(|| Side::new(dit, inputs, guidance.clone().off(), frames)).transpose()?;
        Ok(Self { dit, sides: (inside, outside), interval: interval.unwrap_or((0.0, 1.0)) })
    }

    /// The guided velocity at noise level `sigma`.
    ///
    /// # Shapes
    /// - x, output: `[batch, frames, 276]`, rows in the order of the guidance
    pub(crate) fn velocity(&self, x: Tensor<3>, sigma: f64, time: &TimeEmbedding) -> Tensor<3> {
        let (inside, outside) = &self.sides;
        let within = self.interval.0 <= sigma && sigma <= self.interval.1;
        let side = outside.as_ref().filter(|_| !within).unwrap_or(inside);
        side.velocity(self.dit, x, time)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn only_text_rows_are_doubled_and_only_under_guidance() {
        let attend = [false, true, false, true];
        assert_eq!(Guidance::new(&attend, 5.0).expand(&[0, 1, 2, 3]), [1, 3, 1, 3, 0, 2]);
        assert_eq!(Guidance::new(&attend, 1.0).expand(&[0, 1, 2, 3]), [1, 3, 0, 2]);
        assert_eq!(Guidance::new(&[false; 2], 5.0).expand(&[0, 1]), [0, 1]);
    }

    #[test]
    fn guidance_extrapolates_from_the_unconditional_velocity() {
        let guidance = Guidance::new(&[true, false], 5.0);
        let column =
            |values: [f32; 3]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [3, 1, 1]), &Device::flex());
        let v = guidance.combine(column([3.0, 2.0, 7.0]));
        assert_eq!(v.try_into_vec_as::<f32>().unwrap(), [7.0, 7.0]);
        let x = guidance.double(column([1.0, 2.0, 0.0]).narrow(0, 0, 2));
        assert_eq!(x.try_into_vec_as::<f32>().unwrap(), [1.0, 1.0, 2.0]);
    }
}
