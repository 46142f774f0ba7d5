//! The whole network: embed, encode the reference, run the blocks, project.
//!
//! A forward pass has two halves. [`Dit::prepare`] computes the part that does not depend on the timestep or the noisy
//! motion: text projections, each block's text keys and values, positions. [`Dit::velocity`] does the rest, once per
//! denoising step. Nothing that cannot reach the output is computed: the text path runs only for rows that attend to a
//! text, the reference encoder only for the others.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ndarray::{Array3, ArrayView2, s};

use super::attention::KeyValue;
use super::block::{Block, CrossSources, EncoderBlock};
use super::clips::{ClipBatch, Rows};
use super::config::DitConfig;
use super::embed::{TimeEmbedding, embed_time, position_tensor};
use super::head::Head;
use super::host::{download, upload};
use super::kernels::{check_process, in_pool};
use super::layers::{Linear, Mlp, select_rows};
use super::probe;
use crate::error::{Error, Result, check_finite};
use crate::turns::Turn;

/// The conditions of a batch on a device, in the network's order of rows.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    /// Encoded prompts of the leading rows, `[texts, L, text_dim]`.
    pub text: Option<Tensor<3>>,
    /// References of the other rows, padded with zeros, `[references, frames, 138]`.
    pub reference: Option<Tensor<3>>,
    pub rows: Rows,
}

impl Conditions {
    /// Brings a batch of `frames` frames to a device.
    pub(crate) fn new(clips: &ClipBatch, frames: usize, device: &Device) -> Self {
        let text = clips.texts().next().map(|text| text.nrows());
        let reference = (clips.rows().texts < clips.len()).then_some(frames);
        Self {
            text: text.map(|rows| upload(stack(clips.texts(), rows), device)),
            reference: reference.map(|frames| upload(stack(clips.references(), frames), device)),
            rows: clips.rows().clone(),
        }
    }

    /// The same conditions with changed tensors.
    #[cfg(feature = "train")]
    pub(crate) fn map(self, f: impl Fn(Tensor<3>) -> Tensor<3>) -> Self {
        Self { text: self.text.map(&f), reference: self.reference.map(&f), rows: self.rows }
    }
}

/// Arrays of equal width on a new first axis, padded with zeros or cut to `rows` rows.
fn stack<'a>(arrays: impl Iterator<Item = ArrayView2<'a, f32>>, rows: usize) -> Array3<f32> {
    let arrays: Vec<_> = arrays.collect();
    let mut out = Array3::zeros((arrays.len(), rows, arrays.first().map_or(0, |array| array.ncols())));
    for (mut out, array) in out.outer_iter_mut().zip(arrays) {
        let rows = rows.min(array.nrows());
        out.slice_mut(s![..rows, ..]).assign(&array.slice(s![..rows, ..]));
    }
    out
}

/// The part of a generation that does not change from step to step; made by [`Dit::prepare`].
#[derive(Debug, Clone)]
pub struct Prepared {
    rows: Rows,
    positions: Tensor<3>,
    /// Text keys and values of each block, for the rows with a text.
    text: Vec<KeyValue>,
    /// Embedded reference of the other rows.
    reference: Option<Tensor<3>>,
}

impl Prepared {
    /// Number of clips.
    pub fn batch(&self) -> usize {
        self.rows.order.len()
    }
}

/// ViMoGen's transformer (arXiv 2510.26794), with or without the reference path.
#[derive(Module, Debug)]
pub struct Dit {
    /// Motion channels to width.
    pub motion_embedding: Linear,
    /// Text rows to width.
    pub text_embedding: Mlp,
    /// Timestep features to width.
    pub time_embedding: Mlp,
    /// Embedded timestep to six rows.
    pub time_projection: Linear,
    /// Reference channels to width.
    pub ref_motion_embedding: Option<Linear>,
    /// Encoder of the reference motion.
    pub ref_motion_encoder: Vec<EncoderBlock>,
    /// Main blocks.
    pub blocks: Vec<Block>,
    /// Output of all channels.
    pub motion_head: Option<Head>,
    /// Output of the body rotations (split head).
    pub local_motion_head: Option<Head>,
    /// Joins features and local output (split head).
    pub fusion: Option<Linear>,
    /// Output of the other channels (split head).
    pub global_motion_head: Option<Head>,
    #[module(skip)]
    config: DitConfig,
}

impl Dit {
    /// A model whose weights are zero until they are loaded ([`crate::weights`]) or drawn ([`Dit::init_weights`]).
    ///
    /// # Errors
    /// [`Error::Config`] if the configuration is impossible.
    pub fn new(config: &DitConfig, device: &Device) -> Result<Self> {
        config.check()?;
        let head = |outputs: usize| Head::new(config, outputs, device);
        let (local, all) = (config.local_features(), config.features());
        let encoder_layers = if config.reference { config.num_layers / 2 } else { 0 };
        Ok(Self {
            motion_embedding: Linear::new(all, config.dim, device),
            text_embedding: Mlp::new(config.text_dim, config.dim, config.dim, device),
            time_embedding: Mlp::new(config.freq_dim, config.dim, config.dim, device),
            time_projection: Linear::new(config.dim, 6 * config.dim, device),
            ref_motion_embedding: config
                .reference
                .then(|| Linear::new(config.reference_features(), config.dim, device)),
            ref_motion_encoder: (0..encoder_layers).map(|_| EncoderBlock::new(config, device)).collect(),
            blocks: (0..config.num_layers).map(|_| Block::new(config, device)).collect(),
            motion_head: (!config.split_head).then(|| head(all)),
            local_motion_head: config.split_head.then(|| head(local)),
            fusion: config.split_head.then(|| Linear::new(config.dim + local, config.dim, device)),
            global_motion_head: config.split_head.then(|| head(all - local)),
            config: config.clone(),
        })
    }

    /// The configuration.
    pub fn config(&self) -> &DitConfig {
        &self.config
    }

    /// The device that the weights are on.
    pub fn device(&self) -> Device {
        self.motion_embedding.weight.lazy_device()
    }

    /// Embeds timesteps in 0..1000; one for the whole batch, or one per row.
    pub fn embed_time(&self, timesteps: &[f32], device: &Device) -> TimeEmbedding {
        embed_time(&self.time_embedding, &self.time_projection, timesteps, &self.config, device)
    }

    /// Computes the part of a batch of `frames` frames (padding included) that stays the same over all denoising steps.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`] if the clips do not fit the model.
    pub fn prepare(&self, clips: &ClipBatch, frames: usize) -> Result<Prepared> {
        clips.check(&self.config, frames)?;
        let device = self.device();
        let positions = position_tensor(frames, self.config.dim, &device);
        Ok(self.prepare_on(Conditions::new(clips, frames, &device), positions))
    }

    fn prepare_on(&self, conditions: Conditions, positions: Tensor<3>) -> Prepared {
        let Conditions { text, reference, rows } = conditions;
        let text = text.map_or(vec![], |text| self.project_text(text));
        let reference = reference.map(|reference| self.embed_reference(reference, &positions));
        Prepared { rows, positions, text, reference }
    }

    /// Keys and values of each block for the texts.
    fn project_text(&self, text: Tensor<3>) -> Vec<KeyValue> {
        let text = self.embed_text(text);
        self.blocks.iter().map(|block| block.cross_attn.key_value(text.clone())).collect()
    }

    pub(super) fn embed_text(&self, text: Tensor<3>) -> Tensor<3> {
        probe::count("text");
        let text = self.text_embedding.gelu(text);
        probe::value("text_embed", &text);
        text
    }

    pub(super) fn embed_reference(&self, reference: Tensor<3>, positions: &Tensor<3>) -> Tensor<3> {
        let embedding = self.ref_motion_embedding.as_ref().expect("conditions are checked against the configuration");
        let embedded = embedding.forward(reference) + positions.clone();
        probe::value("ref_embed_pe", &embedded);
        embedded
    }

    /// The velocity of the flow at `x`: one denoising step's network evaluation.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, frames, 276]`, noisy normalised motion; clips with a text come first
    /// - time: one embedding for the batch, or one per row
    /// - output: `[batch, frames, 276]`
    pub fn velocity(&self, x: Tensor<3>, time: &TimeEmbedding, prepared: &Prepared) -> Tensor<3> {
        probe::count("forward");
        probe::add("rows", x.dims()[0]);
        let rows = &prepared.rows;
        let mut x = self.motion_embedding.forward(x) + prepared.positions.clone();
        probe::value("motion_embed_pe", &x);

        let reference = self.encode_reference(time, prepared);
        for (i, block) in self.blocks.iter().enumerate() {
            let sources = CrossSources {
                text_rows: rows.texts,
                text: prepared.text.get(i),
                reference: reference.as_ref(),
                reference_lengths: &rows.reference_lengths,
            };
            let e0 = time.e0.clone();
            x = probe::numbered("block", i, || block.forward(x, e0, &rows.frame_lengths, &sources));
        }
        self.project(x, time.e.clone())
    }

    /// Runs the reference encoder on the rows that attend to a reference, if any.
    fn encode_reference(&self, time: &TimeEmbedding, prepared: &Prepared) -> Option<Tensor<3>> {
        let mut r = prepared.reference.clone()?;
        for i in 0..self.ref_motion_encoder.len() {
            r = probe::numbered("ref_block", i, || self.encoder_block(i, r, time.e0.clone(), &prepared.rows));
        }
        Some(r)
    }

    /// Block `i` of the reference encoder.
    pub(crate) fn encoder_block(&self, i: usize, r: Tensor<3>, e0: Tensor<3>, rows: &Rows) -> Tensor<3> {
        let [references, _, _] = r.dims();
        // With one timestep for all rows there is a single row of modulation to share.
        let e0 = if e0.dims()[0] == 1 { e0 } else { e0.narrow(0, rows.texts, references) };
        // The encoder's keys are limited by the lengths of the *motions*, as in the release.
        self.ref_motion_encoder[i].forward(r, e0, &rows.frame_lengths[rows.texts..])
    }

    /// Output channels from the last block's features.
    pub(super) fn project(&self, x: Tensor<3>, e: Tensor<2>) -> Tensor<3> {
        match (&self.motion_head, &self.local_motion_head, &self.fusion, &self.global_motion_head) {
            (Some(head), ..) => head.forward(x, e),
            (None, Some(local), Some(fusion), Some(global)) => {
                let local = local.forward(x.clone(), e.clone());
                let x = fusion.forward(Tensor::cat(vec![x, local.clone()], 2));
                Tensor::cat(vec![local, global.forward(x, e)], 2)
            }
            _ => unreachable!("a model has either one head or a split head"),
        }
    }

    /// A whole forward pass.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, frames, 276]`, noisy normalised motion
    /// - timesteps: one value in 0..=1000 for the batch, or one per clip
    /// - output: `[batch, frames, 276]`, the velocity
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`] for inputs that do not fit the model or each other.
    pub fn forward(&self, x: Tensor<3>, timesteps: &[f32], clips: &ClipBatch) -> Result<Tensor<3>> {
        let [batch, frames, width] = x.dims();
        if width != self.config.features() || batch != clips.len() {
            return Err(Error::shape("x", format!("({}, T, {})", clips.len(), self.config.features()), &x.dims()));
        }
        if timesteps.len() != 1 && timesteps.len() != batch {
            let reason = format!("{} timesteps for a batch of {batch}; give one, or one per clip", timesteps.len());
            return Err(Error::invalid("timestep", reason));
        }
        if let Some(t) = timesteps.iter().find(|t| !(0.0..=1000.0).contains(*t)) {
            return Err(Error::invalid("timestep", format!("{t} is not in 0..=1000")));
        }
        clips.check(&self.config, frames)?;
        let conditions = Conditions::new(clips, frames, &x.device());
        Ok(self.forward_on(x, timesteps, conditions))
    }

    /// [`Dit::forward`] of conditions that are on the device of `x`, in its type.
    pub(crate) fn forward_on(&self, x: Tensor<3>, timesteps: &[f32], conditions: Conditions) -> Tensor<3> {
        let positions = position_tensor(x.dims()[1], self.config.dim, &x.device()).cast(x.dtype());
        let prepared = self.prepare_on(conditions, positions);
        let order = &prepared.rows.order;
        let time = self.embed_time(timesteps, &x.device()).reorder(order);
        let velocity = self.velocity(select_rows(x, order), &time, &prepared);
        select_rows(velocity, &prepared.rows.inverse())
    }

    /// [`Dit::forward`] on plain arrays.
    ///
    /// # Errors
    /// As [`Dit::forward`]; [`Error::NonFinite`], [`Error::Device`] if the device fails.
    pub fn forward_arrays(&self, x: Array3<f32>, timesteps: &[f32], clips: &ClipBatch) -> Result<Array3<f32>> {
        check_finite("x", &x.view())?;
        let device = self.device();
        check_process(&device)?;
        let forward = || in_pool(&device, || self.forward(upload(x, &device), timesteps, clips));
        download(Turn::take().step(&mut || Ok(()), forward)??)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::clips::Condition;
    use super::*;

    #[test]
    fn inputs_that_do_not_fit_are_errors_and_those_that_do_give_a_velocity() {
        let config = DitConfig { dim: 16, ffn_dim: 16, num_heads: 2, num_layers: 2, text_dim: 8, ..DitConfig::small() };
        let dit = Dit::new(&config, &Device::flex()).unwrap().init_weights(1, &Device::flex());
        let text_only = DitConfig { reference: false, ..config };
        let text_only = Dit::new(&text_only, &Device::flex()).unwrap().init_weights(1, &Device::flex());
        let text = |width| Condition::Text(Array2::from_elem((3, width), 0.1));
        let reference = |frames, width| Condition::reference(Array2::from_elem((frames, width), 0.1));
        let clips = |other| ClipBatch::new(vec![text(8), other], vec![5, 3]).unwrap();
        let (x, good) = (Array3::from_elem((2, 5, 276), 0.1), clips(reference(5, 138)));
        assert_eq!(dit.forward_arrays(x.clone(), &[500.0], &good).unwrap().dim(), (2, 5, 276));
        let mut nan = x.clone();
        nan[[1, 2, 3]] = f32::NAN;
        for (name, dit, x, timesteps, clips) in [
            ("x", &dit, nan, vec![1.0], &good),
            ("x", &dit, Array3::zeros((2, 5, 275)), vec![1.0], &good),
            ("x", &dit, Array3::zeros((3, 5, 276)), vec![1.0], &good),
            ("frame_lengths", &dit, Array3::zeros((2, 4, 276)), vec![1.0], &good),
            ("timestep", &dit, x.clone(), vec![f32::NAN], &good),
            ("timestep", &dit, x.clone(), vec![1.0; 3], &good),
            ("text", &dit, x.clone(), vec![1.0], &clips(text(9))),
            ("reference", &dit, x.clone(), vec![1.0], &clips(reference(5, 137))),
            ("reference", &dit, x.clone(), vec![1.0], &clips(reference(6, 138))),
            ("text-only", &text_only, x.clone(), vec![1.0], &good),
        ] {
            let text = dit.forward_arrays(x, &timesteps, clips).unwrap_err().to_string();
            assert!(text.contains(name), "{name}: {text}");
        }
    }
}
