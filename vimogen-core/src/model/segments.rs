//! The network cut between its blocks, so that training can keep what lies between them and compute the rest again.
//!
//! [`Dit::stem`], then [`Dit::encoder_block`] and [`Dit::main_block`] one after another, then [`Dit::finish`] are
//! [`Dit::forward`]. Each takes all that it needs as arguments, so each can be differentiated alone.

use burn::tensor::Tensor;

use super::block::CrossSources;
use super::dit::{Conditions, Dit, invert};
use super::embed::position_tensor;
use super::layers::select_rows;
use super::rows::Rows;
use crate::error::Result;

/// What enters the blocks, in the order of [`Rows`].
#[derive(Clone)]
pub(crate) struct Stem {
    /// Embedded motion, `[batch, frames, dim]`.
    pub x: Tensor<3>,
    /// Embedded timestep for the head, `[n, dim]`.
    pub e: Tensor<2>,
    /// Embedded timestep for the blocks, `[n, 6, dim]`.
    pub e0: Tensor<3>,
    /// Embedded text of the rows that attend to it, `[rows, words, dim]`.
    pub text: Option<Tensor<3>>,
    /// Embedded reference of the other rows, `[rows, frames, dim]`.
    pub reference: Option<Tensor<3>>,
}

impl Dit {
    /// Everything before the blocks.
    ///
    /// # Errors
    /// As [`Dit::forward`].
    pub(crate) fn stem(&self, x: Tensor<3>, timesteps: &[f32], conditions: &Conditions) -> Result<(Stem, Rows)> {
        self.check_inputs(&x, timesteps, conditions)?;
        let [_, frames, _] = x.dims();
        let rows = Rows::of(conditions);
        let (texts, references) = rows.groups();
        let positions = position_tensor(frames, self.config().dim, &x.device()).cast(x.dtype());
        let text = (!texts.is_empty()).then(|| self.embed_text(&conditions.context, texts));
        let reference = conditions.reference.as_ref().filter(|_| !references.is_empty());
        let reference =
            reference.map(|reference| self.embed_reference(select_rows(reference.clone(), references), &positions));
        let time = self.embed_time(timesteps, &x.device()).reorder(&rows.order);
        let x = self.motion_embedding.forward(select_rows(x, &rows.order)) + positions;
        Ok((Stem { x, e: time.e, e0: time.e0, text, reference }, rows))
    }

    /// Block `i` of the reference encoder.
    pub(crate) fn encoder_block(&self, i: usize, r: Tensor<3>, e0: Tensor<3>, rows: &Rows) -> Tensor<3> {
        let [references, _, _] = r.dims();
        let e0 = match e0.dims()[0] {
            1 => e0,
            _ => e0.narrow(0, rows.text_rows, references),
        };
        // The encoder's keys are limited by the lengths of the *motions*, as in the release.
        self.ref_motion_encoder[i].forward(r, e0, &rows.frame_lengths[rows.text_rows..])
    }

    /// Main block `i`. `stem` has the embedded text and the *encoded* reference; its `x` is not read.
    pub(crate) fn main_block(&self, i: usize, x: Tensor<3>, stem: &Stem, rows: &Rows) -> Tensor<3> {
        let block = &self.blocks[i];
        let text = stem.text.as_ref().map(|text| block.cross_attn.key_value(text.clone()));
        let sources = CrossSources {
            text_rows: rows.text_rows,
            text: text.as_ref(),
            reference: stem.reference.as_ref(),
            reference_lengths: &rows.reference_lengths,
        };
        block.forward(x, stem.e0.clone(), &rows.frame_lengths, &sources)
    }

    /// The velocity from the last block's output, in the batch's order.
    pub(crate) fn finish(&self, x: Tensor<3>, e: Tensor<2>, rows: &Rows) -> Tensor<3> {
        select_rows(self.project(x, e), &invert(&rows.order))
    }
}
