//! The whole network: embed, encode the reference, run the blocks, project.
//!
//! A forward pass has two halves. [`Dit::prepare`] computes what does not depend on the timestep or the noisy motion:
//! text projections, each block's text keys and values, positions, masks. [`Dit::velocity`] does the rest, once per
//! denoising step. Nothing that cannot reach the output is computed: the text path only for rows that attend to the
//! text, the reference encoder only for the others.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::attention::KeyValue;
use super::block::{Block, CrossSources, EncoderBlock};
use super::config::DitConfig;
use super::embed::{TimeEmbedding, embed_time, position_tensor};
use super::head::Head;
use super::layers::{Linear, Mlp, select_rows};
use super::probe;
use super::rows::Rows;
use crate::error::{Error, Result};

/// What a batch of motions is conditioned on.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Encoded prompts, padded with zero rows, `[batch, words, text_dim]`.
    pub context: Tensor<3>,
    /// Normalised reference motion, `[batch, frames, 138]`; needed if any row does not attend to the text.
    pub reference: Option<Tensor<3>>,
    /// Whether each row attends to its text (true) or to its reference.
    pub attend_to_text: Vec<bool>,
    /// Valid frames of each motion; the frames after them are padding.
    pub frame_lengths: Vec<usize>,
    /// Valid frames of each reference.
    pub reference_lengths: Vec<usize>,
}

impl Conditions {
    /// Those of one row alone.
    pub(crate) fn row(&self, row: usize) -> Self {
        Self {
            context: self.context.clone().narrow(0, row, 1),
            reference: self.reference.clone().map(|reference| reference.narrow(0, row, 1)),
            attend_to_text: vec![self.attend_to_text[row]],
            frame_lengths: vec![self.frame_lengths[row]],
            reference_lengths: vec![self.reference_lengths[row]],
        }
    }
}

/// Everything about [`Conditions`] that does not change from step to step; made by [`Dit::prepare`].
///
/// Rows are kept in an order of their own: those that attend to the text first.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Position in the batch of each ordered row.
    order: Vec<usize>,
    text_rows: usize,
    positions: Tensor<3>,
    /// Text keys and values of each block, for the text rows.
    text: Vec<KeyValue>,
    /// Embedded reference of the other rows.
    reference: Option<Tensor<3>>,
    /// Valid frames of each row.
    frame_lengths: Vec<usize>,
    /// Valid reference frames of the rows that attend to a reference.
    reference_lengths: Vec<usize>,
}

impl Prepared {
    /// Rows of the batch.
    pub fn batch(&self) -> usize {
        self.order.len()
    }

    /// Number of rows that attend to the text.
    pub fn text_rows(&self) -> usize {
        self.text_rows
    }
}

/// The permutation that undoes `order`.
pub(super) fn invert(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    for (position, row) in order.iter().enumerate() {
        inverse[*row] = position;
    }
    inverse
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

    /// Computes what stays the same over all denoising steps of a batch of `frames` frames (padding included).
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`] for conditions that do not fit the model or each other.
    pub fn prepare(&self, conditions: &Conditions, frames: usize) -> Result<Prepared> {
        self.check(conditions, frames)?;
        let device = conditions.context.device();
        let Rows { order, text_rows, frame_lengths, reference_lengths } = Rows::of(conditions);
        let (texts, references) = order.split_at(text_rows);

        let positions = position_tensor(frames, self.config.dim, &device).cast(conditions.context.dtype());
        let text = if texts.is_empty() { vec![] } else { self.project_text(&conditions.context, texts) };
        let reference = (!references.is_empty())
            .then_some(conditions.reference.as_ref())
            .flatten()
            .map(|reference| self.embed_reference(select_rows(reference.clone(), references), &positions));
        Ok(Prepared { frame_lengths, reference_lengths, text_rows, positions, text, reference, order })
    }

    /// Keys and values of each block for the given rows of the text.
    fn project_text(&self, context: &Tensor<3>, rows: &[usize]) -> Vec<KeyValue> {
        let text = self.embed_text(context, rows);
        self.blocks.iter().map(|block| block.cross_attn.key_value(text.clone())).collect()
    }

    /// The given rows of the text, embedded.
    pub(super) fn embed_text(&self, context: &Tensor<3>, rows: &[usize]) -> Tensor<3> {
        probe::count("text");
        let text = self.text_embedding.gelu(select_rows(context.clone(), rows));
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
    /// - x: `[batch, frames, 276]`, noisy normalised motion
    /// - time: one embedding for the batch, or one per row
    /// - output: `[batch, frames, 276]`
    pub fn velocity(&self, x: Tensor<3>, time: &TimeEmbedding, prepared: &Prepared) -> Tensor<3> {
        probe::count("forward");
        probe::add("rows", x.dims()[0]);
        let time = time.clone().reorder(&prepared.order);
        let x = select_rows(x, &prepared.order);
        let mut x = self.motion_embedding.forward(x) + prepared.positions.clone();
        probe::value("motion_embed_pe", &x);

        let reference = self.encode_reference(&time, prepared);
        for (i, block) in self.blocks.iter().enumerate() {
            let sources = CrossSources {
                text_rows: prepared.text_rows,
                text: prepared.text.get(i),
                reference: reference.as_ref(),
                reference_lengths: &prepared.reference_lengths,
            };
            let e0 = time.e0.clone();
            x = probe::numbered("block", i, || block.forward(x, e0, &prepared.frame_lengths, &sources));
        }
        select_rows(self.project(x, time.e), &invert(&prepared.order))
    }

    /// Runs the reference encoder on the rows that attend to a reference, if any.
    fn encode_reference(&self, time: &TimeEmbedding, prepared: &Prepared) -> Option<Tensor<3>> {
        let mut r = prepared.reference.clone()?;
        let [rows, _, _] = r.dims();
        // With one timestep for all rows there is a single row of modulation to share.
        let e0 = match time.e0.dims()[0] {
            1 => time.e0.clone(),
            _ => time.e0.clone().narrow(0, prepared.text_rows, rows),
        };
        // The encoder's keys are limited by the lengths of the *motions*, as in the release.
        let lengths = &prepared.frame_lengths[prepared.text_rows..];
        for (i, block) in self.ref_motion_encoder.iter().enumerate() {
            let e0 = e0.clone();
            r = probe::numbered("ref_block", i, || block.forward(r, e0, lengths));
        }
        Some(r)
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
    /// - timesteps: one number in 0..1000 for the batch, or one per row
    /// - output: `[batch, frames, 276]`, the velocity
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`] for inputs that do not fit the model or each other.
    pub fn forward(&self, x: Tensor<3>, timesteps: &[f32], conditions: &Conditions) -> Result<Tensor<3>> {
        self.check_inputs(&x, timesteps, conditions)?;
        let prepared = self.prepare(conditions, x.dims()[1])?;
        let time = self.embed_time(timesteps, &x.device());
        Ok(self.velocity(x, &time, &prepared))
    }

    pub(super) fn check_inputs(&self, x: &Tensor<3>, timesteps: &[f32], conditions: &Conditions) -> Result<()> {
        let [batch, frames, width] = x.dims();
        if width != self.config.features() || batch != conditions.attend_to_text.len() {
            return Err(Error::shape("x", format!("({}, T, 276)", conditions.attend_to_text.len()), &x.dims()));
        }
        if timesteps.len() != 1 && timesteps.len() != batch {
            let reason = format!("{} timesteps for a batch of {batch}; give one, or one per row", timesteps.len());
            return Err(Error::invalid("timestep", reason));
        }
        self.check(conditions, frames)
    }

    fn check(&self, conditions: &Conditions, frames: usize) -> Result<()> {
        let batch = conditions.attend_to_text.len();
        let [rows, words, width] = conditions.context.dims();
        if rows != batch || width != self.config.text_dim || words == 0 {
            let expected = format!("({batch}, L, {})", self.config.text_dim);
            return Err(Error::shape("context", expected, &[rows, words, width]));
        }
        if conditions.frame_lengths.len() != batch || conditions.reference_lengths.len() != batch {
            return Err(Error::invalid("mask", format!("there must be one length for each of the {batch} rows")));
        }
        if frames == 0 || batch == 0 {
            return Err(Error::invalid("x", "there is no frame or no row"));
        }
        if conditions.attend_to_text.iter().all(|text| *text) {
            return Ok(());
        }
        if !self.config.reference {
            return Err(Error::invalid("attend_to_text", "this model is text-only: every row must attend to its text"));
        }
        let expected = [batch, frames, self.config.reference_features()];
        match &conditions.reference {
            Some(reference) if reference.dims() == expected => Ok(()),
            Some(reference) => Err(Error::shape("ref_motion", format!("{expected:?}"), &reference.dims())),
            None => Err(Error::invalid("ref_motion", "a row attends to its reference, but none was given")),
        }
    }
}

/// The rule for conditions that do not say what a row attends to: to the text exactly if its reference is all zeros.
///
/// # Shapes
/// - reference: `[batch, frames, 138]`
pub fn infer_attend_to_text(reference: ndarray::ArrayViewD<'_, f32>) -> Vec<bool> {
    reference.outer_iter().map(|row| row.iter().all(|v| *v == 0.0)).collect()
}
