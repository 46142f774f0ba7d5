//! The network cut between its blocks, so that training can keep the values between them and recompute the rest.
//!
//! [`Dit::stem`], then [`Dit::encoder_block`] and [`Dit::main_block`] one after another, then [`Dit::finish`] are
//! [`Dit::forward`]. Each takes all its inputs as arguments, so each can be differentiated alone.

use burn::tensor::Tensor;

use super::block::CrossSources;
use super::clips::Rows;
use super::dit::{Conditions, Dit};
use super::embed::position_tensor;
use super::layers::select_rows;

/// The inputs of the blocks, in the order of [`Rows`].
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
    pub(crate) fn stem(&self, x: Tensor<3>, timesteps: &[f32], conditions: Conditions) -> Stem {
        let Conditions { text, reference, rows } = conditions;
        let positions = position_tensor(x.dims()[1], self.config().dim, &x.device()).cast(x.dtype());
        let text = text.map(|text| self.embed_text(text));
        let reference = reference.map(|reference| self.embed_reference(reference, &positions));
        let time = self.embed_time(timesteps, &x.device()).reorder(&rows.order);
        let x = self.motion_embedding.forward(select_rows(x, &rows.order)) + positions;
        Stem { x, e: time.e, e0: time.e0, text, reference }
    }

    /// Main block `i`. `stem` has the embedded text and the *encoded* reference; its `x` is not read.
    pub(crate) fn main_block(&self, i: usize, x: Tensor<3>, stem: &Stem, rows: &Rows) -> Tensor<3> {
        let block = &self.blocks[i];
        let text = stem.text.as_ref().map(|text| block.cross_attn.key_value(text.clone()));
        let sources = CrossSources {
            text_rows: rows.texts,
            text: text.as_ref(),
            reference: stem.reference.as_ref(),
            reference_lengths: &rows.reference_lengths,
        };
        block.forward(x, stem.e0.clone(), &rows.frame_lengths, &sources)
    }

    /// The velocity from the last block's output, in the batch's order.
    pub(crate) fn finish(&self, x: Tensor<3>, e: Tensor<2>, rows: &Rows) -> Tensor<3> {
        select_rows(self.project(x, e), &rows.inverse())
    }
}
