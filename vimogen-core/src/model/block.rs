//! Transformer blocks with adaptive layer norm: the timestep shifts, scales and gates every residual.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::attention::{Attention, KeyValue};
use super::config::DitConfig;
use super::kernels;
use super::layers::{LayerNorm, Linear, Mlp, parameter};
use super::probe;

/// Shift, scale and gate of one residual branch, each `[batch or 1, 1, dim]`.
pub(crate) struct Modulation {
    shift: Tensor<3>,
    scale: Tensor<3>,
    gate: Tensor<3>,
}

impl Modulation {
    /// The rows `3 * branch ..` of `modulation + e0`.
    fn of(branch: usize, rows: &Tensor<3>) -> Self {
        let row = |i: usize| rows.clone().narrow(1, 3 * branch + i, 1);
        Self { shift: row(0), scale: row(1), gate: row(2) }
    }

    /// `LN(x) * (1 + scale) + shift`
    fn enter(&self, x: Tensor<3>, eps: f64) -> Tensor<3> {
        kernels::layer_norm(x, self.scale.clone() + 1.0, self.shift.clone(), eps)
    }

    /// `x + y * gate`
    fn leave(self, x: Tensor<3>, y: Tensor<3>) -> Tensor<3> {
        kernels::add_gated(x, y, self.gate)
    }
}

/// The sources of a block's cross-attention. Rows with a text come first, rows with a reference motion after them.
pub(crate) struct CrossSources<'a> {
    /// Number of leading rows that attend to the text.
    pub text_rows: usize,
    /// Keys and values of the text for those rows, with this block's projections.
    pub text: Option<&'a KeyValue>,
    /// Encoded reference motion of the other rows, `[rows, tokens, dim]`.
    pub reference: Option<&'a Tensor<3>>,
    /// Valid frames of each of those references.
    pub reference_lengths: &'a [usize],
}

/// One main block: self-attention, then text or reference attention, then feed-forward.
#[derive(Module, Debug)]
pub struct Block {
    /// `[1, 6, dim]`, added to the timestep's six rows.
    pub modulation: Param<Tensor<3>>,
    /// Attention among frames.
    pub self_attn: Attention,
    /// Norm before the text attention.
    pub norm3: LayerNorm,
    /// Attention to the text.
    pub cross_attn: Attention,
    /// Norm before the reference attention.
    pub norm4: Option<LayerNorm>,
    /// Attention to the reference motion.
    pub ref_motion_cross_attn: Option<Attention>,
    /// Feed-forward.
    pub ffn: Mlp,
    eps: f64,
}

impl Block {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let norm = || LayerNorm::new(config.dim, config.eps, device);
        Self {
            modulation: parameter([1, 6, config.dim], device),
            self_attn: Attention::new(config, device),
            norm3: norm(),
            cross_attn: Attention::new(config, device),
            norm4: config.reference.then(norm),
            ref_motion_cross_attn: config.reference.then(|| Attention::new(config, device)),
            ffn: Mlp::new(config.dim, config.ffn_dim, config.dim, device),
            eps: config.eps,
        }
    }

    pub(super) fn layers(&mut self) -> Vec<&mut Linear> {
        let attention = [Some(&mut self.self_attn), Some(&mut self.cross_attn), self.ref_motion_cross_attn.as_mut()];
        attention.into_iter().flatten().flat_map(Attention::layers).chain(self.ffn.layers()).collect()
    }

    /// # Shapes
    ///
    /// - x, output: `[batch, frames, dim]`
    /// - e0: `[batch or 1, 6, dim]`, the timestep
    /// - frames: valid frames of each row
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        e0: Tensor<3>,
        frames: &[usize],
        sources: &CrossSources<'_>,
    ) -> Tensor<3> {
        let rows = self.modulation.val().cast(e0.dtype()) + e0;
        let (attn, ffn) = (Modulation::of(0, &rows), Modulation::of(1, &rows));

        probe::lazy("norm1", || {
            let [_, _, dim] = x.dims();
            let (one, zero) = (Tensor::ones([1, 1, dim], &x.device()), Tensor::zeros([1, 1, dim], &x.device()));
            kernels::layer_norm(x.clone(), one, zero, self.eps)
        });
        let entered = attn.enter(x.clone(), self.eps);
        let y = probe::part("self_attn", || self.self_attn.attend_self(entered, frames));
        let x = attn.leave(x, y);

        let x = self.attend_to_sources(x, sources);

        let entered = ffn.enter(x.clone(), self.eps);
        let y = probe::part("ffn", || self.ffn.gelu(entered));
        ffn.leave(x, y)
    }

    /// Adds the text attention to the leading rows and the reference attention to the others.
    fn attend_to_sources(&self, x: Tensor<3>, sources: &CrossSources<'_>) -> Tensor<3> {
        let [batch, _, _] = x.dims();
        match sources.text_rows {
            0 => self.attend_to_reference(x, sources),
            rows if rows == batch => self.attend_to_text(x, sources),
            rows => {
                let text = self.attend_to_text(x.clone().narrow(0, 0, rows), sources);
                let reference = self.attend_to_reference(x.narrow(0, rows, batch - rows), sources);
                Tensor::cat(vec![text, reference], 0)
            }
        }
    }

    fn attend_to_text(&self, x: Tensor<3>, sources: &CrossSources<'_>) -> Tensor<3> {
        probe::count("text_attn");
        let text = sources.text.expect("text is projected when a row attends to it");
        let queries = self.norm3.forward(x.clone());
        // Text keys are never limited: the zero rows that pad a prompt take part, as in the release.
        let all = vec![usize::MAX; queries.dims()[0]];
        let y = probe::part("cross_attn_text_rows", || self.cross_attn.forward(queries, text.clone(), &all));
        let y = y.cast(x.dtype());
        x + y
    }

    fn attend_to_reference(&self, x: Tensor<3>, sources: &CrossSources<'_>) -> Tensor<3> {
        probe::count("ref_attn");
        let (norm, attn) = match (&self.norm4, &self.ref_motion_cross_attn) {
            (Some(norm), Some(attn)) => (norm, attn),
            _ => unreachable!("conditions are checked against the configuration"),
        };
        let reference = sources.reference.expect("the reference is encoded when a row attends to it");
        let source = attn.key_value(reference.clone());
        let queries = norm.forward(x.clone());
        let y = probe::part("ref_cross_attn_motion_rows", || attn.forward(queries, source, sources.reference_lengths));
        let y = y.cast(x.dtype());
        x + y
    }
}

/// One block of the reference encoder: self-attention and feed-forward, modulated like the main blocks.
#[derive(Module, Debug)]
pub struct EncoderBlock {
    /// `[1, 6, dim]`, added to the timestep's six rows.
    pub modulation: Param<Tensor<3>>,
    /// Attention among reference frames.
    pub self_attn: Attention,
    /// Feed-forward.
    pub ffn: Mlp,
    eps: f64,
}

impl EncoderBlock {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        Self {
            modulation: parameter([1, 6, config.dim], device),
            self_attn: Attention::new(config, device),
            ffn: Mlp::new(config.dim, config.ffn_dim, config.dim, device),
            eps: config.eps,
        }
    }

    pub(super) fn layers(&mut self) -> Vec<&mut Linear> {
        self.self_attn.layers().into_iter().chain(self.ffn.layers()).collect()
    }

    /// # Shapes
    ///
    /// - r, output: `[batch, frames, dim]`
    /// - e0: `[batch or 1, 6, dim]`, the timestep
    /// - frames: valid frames of each row
    pub(crate) fn forward(&self, r: Tensor<3>, e0: Tensor<3>, frames: &[usize]) -> Tensor<3> {
        let rows = self.modulation.val().cast(e0.dtype()) + e0;
        let (attn, ffn) = (Modulation::of(0, &rows), Modulation::of(1, &rows));
        let y = self.self_attn.attend_self(attn.enter(r.clone(), self.eps), frames);
        let r = attn.leave(r, y);
        let y = self.ffn.gelu(ffn.enter(r.clone(), self.eps));
        ffn.leave(r, y)
    }
}
