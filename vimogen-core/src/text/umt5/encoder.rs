//! The encoder: texts in, a row a token out, with as much of it in memory as there is room for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard};

use burn::tensor::{DType, Device, Tensor};
use ndarray::Array2;
use sha2::{Digest, Sha256};

use super::block::{self, Packed};
use super::files::Files;
use super::matrix::{Int8, Matrix};
use super::memory;
use super::tokenizer::{self, Tokenizer, check_length};
use super::weights::{BlockWeights, Umt5Config, Weights};
use super::{cache::EmbedCache, clean};
use crate::declare::named_enum;
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::model::host::upload_values;
use crate::progress::{OnProgress, Stage, report};
use crate::text::TextEncoder;

/// Tokens at which the release cuts a text, `</s>` included.
pub const MAX_TOKENS: usize = 512;
/// Tokens that are computed together: more would need as much memory as the blocks themselves.
const PASS_TOKENS: usize = 4096;
/// Memory that stays free when the blocks are kept, in bytes.
const HEADROOM: u64 = 2 << 30;

named_enum! {
    /// Residency of the encoder's blocks.
    pub enum EncoderMemory("memory", default Auto) {
        /// On the CPU all blocks in memory if 2 GiB remain free, otherwise, and on a GPU, one at a time.
        Auto = "auto",
        /// One block at a time, and the next one, which a thread reads meanwhile: each call reads the file once.
        Streamed = "streamed",
        /// All blocks in memory.
        Resident = "resident",
    }
}

named_enum! {
    /// Type of the encoder's matrices in memory.
    pub enum EncoderDtype("dtype", default Stored) {
        /// The type in the file.
        Stored = "stored",
        /// 8 bits, with a scale per 128 values of a row: half the memory of bf16.
        Int8 = "int8",
    }
}

/// How an encoder is loaded.
#[derive(Debug, Clone)]
pub struct Umt5Options {
    /// How many of the blocks stay in memory.
    pub memory: EncoderMemory,
    /// How they are kept.
    pub dtype: EncoderDtype,
    /// Where it computes: in f32 on the CPU, in bf16 with f32 norms and softmax on CUDA.
    pub device: Device,
    /// Encoded texts on disk.
    pub cache: Option<EmbedCache>,
}

impl Default for Umt5Options {
    fn default() -> Self {
        let (memory, dtype) = (EncoderMemory::default(), EncoderDtype::default());
        Self { memory, dtype, device: Device::default(), cache: None }
    }
}

/// UMT5's encoder, the text encoder of the release.
///
/// ```no_run
/// use vimogen_core::Pipeline;
/// use vimogen_core::text::umt5::{Umt5Encoder, Umt5Options};
/// let encoder = Umt5Encoder::open("Wan2.1-T2V-1.3B", &Umt5Options::default())?;
/// let pipeline = Pipeline::builder().text_encoder(encoder).open("ViMoGen-DiT-1.3B")?;
/// # Ok::<(), vimogen_core::Error>(())
/// ```
pub struct Umt5Encoder {
    tokenizer: Tokenizer,
    weights: Weights,
    /// Locked while a call computes: two at once would need twice the memory and take turns at the same cores.
    blocks: Mutex<Blocks>,
    memory: EncoderMemory,
    final_norm: Vec<f32>,
    dtype: EncoderDtype,
    arithmetic: DType,
    device: Device,
    cache: Option<EmbedCache>,
    fingerprint: String,
}

/// What became of the wish of [`EncoderMemory`]; it is decided when the first text comes, and the blocks are kept as they
/// pass by.
enum Blocks {
    Undecided,
    Streamed,
    Resident(Vec<BlockWeights>),
}

impl std::fmt::Debug for Umt5Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Umt5Encoder");
        out.field("config", self.config()).field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl Umt5Encoder {
    /// Opens an encoder: a folder with weights and tokeniser, or the file of the weights with the tokeniser beside it.
    ///
    /// Weights are `.pth`, `.safetensors` or several of them with an index, in any float type, with the names of the
    /// release or of `transformers`. They are read in place.
    ///
    /// # Errors
    /// [`Error::NoTextEncoder`] if files are missing, saying where they are to be had; [`Error::Weights`],
    /// [`Error::Format`], [`Error::Io`].
    pub fn open(path: impl AsRef<Path>, options: &Umt5Options) -> Result<Self> {
        let files = Files::find(path.as_ref())?;
        let json = read_bounded(&files.tokenizer, tokenizer::MAX_FILE)?;
        let tokenizer = Tokenizer::from_bytes(&json).map_err(|e| e.with_path(&files.tokenizer))?;
        let weights = Weights::new(files.open()?)?;
        let fingerprint = fingerprint(&weights, &json, options.dtype)?;
        Ok(Self {
            tokenizer,
            final_norm: weights.final_norm()?,
            weights,
            blocks: Mutex::new(Blocks::Undecided),
            memory: options.memory,
            dtype: options.dtype,
            arithmetic: compute_type(&options.device),
            device: options.device.clone(),
            cache: options.cache.clone(),
            fingerprint,
        })
    }

    /// Whether all blocks are to be kept.
    fn keeps(&self) -> bool {
        let bytes = match self.dtype {
            EncoderDtype::Stored => self.weights.block_bytes(),
            // One byte of two or four, and a scale for each 128.
            EncoderDtype::Int8 => self.weights.block_bytes() / 2,
        };
        match self.memory {
            EncoderMemory::Streamed => false,
            EncoderMemory::Resident => true,
            // How much a GPU has left is not known here.
            EncoderMemory::Auto if self.device != Device::flex() => false,
            EncoderMemory::Auto => memory::available().is_some_and(|free| bytes.saturating_add(HEADROOM) <= free),
        }
    }

    /// A block as it is kept: on the host, from where the CPU widens it at each use, or on the device.
    fn kept(&self, block: BlockWeights) -> Result<BlockWeights> {
        match self.device == Device::flex() {
            true => Ok(block),
            false => block.try_map(|m| Ok(Matrix::Loaded(m.load(&self.device, self.arithmetic)))),
        }
    }

    fn read(&self, index: usize) -> Result<BlockWeights> {
        let block = self.weights.block(index)?;
        match self.dtype {
            EncoderDtype::Stored => Ok(block),
            EncoderDtype::Int8 => block.try_map(|matrix| match matrix {
                Matrix::Stored(raw) => Int8::quantize(&raw).map(Matrix::Int8),
                other => Ok(other),
            }),
        }
    }

    /// Sizes.
    pub fn config(&self) -> &Umt5Config {
        self.weights.config()
    }

    /// How many of the blocks stay in memory: what was asked for, until the first text was encoded decides on
    /// [`EncoderMemory::Auto`].
    pub fn memory(&self) -> EncoderMemory {
        match *self.lock() {
            Blocks::Undecided => self.memory,
            Blocks::Streamed => EncoderMemory::Streamed,
            Blocks::Resident(_) => EncoderMemory::Resident,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The tokeniser.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Encodes token ids, each text by itself; rows beyond a text's `keys` are computed but not attended to.
    ///
    /// # Shapes
    /// - output: for each text `[ids, dim]`
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a text without ids or with more than 512, and for keys that are not 1 to as many
    /// as ids; [`Error::Config`] for an id beyond the vocabulary; those of reading the weights.
    pub fn encode_ids(&self, texts: &[(&[u32], usize)]) -> Result<Vec<Array2<f32>>> {
        if let Some((ids, keys)) =
            texts.iter().find(|(ids, keys)| !(1..=ids.len()).contains(keys) || ids.len() > MAX_TOKENS)
        {
            let reason =
                format!("{} ids with {keys} keys, expected 1 to {MAX_TOKENS} and 1 to as many keys", ids.len());
            return Err(Error::invalid("ids", reason));
        }
        self.run(texts, |_| Ok(()))
    }

    /// All passes; `after` is called with what each block of each gives.
    fn run(
        &self,
        texts: &[(&[u32], usize)],
        mut after: impl FnMut(&Tensor<2>) -> Result<()>,
    ) -> Result<Vec<Array2<f32>>> {
        let mut blocks = self.lock();
        let mut out = Vec::with_capacity(texts.len());
        for pass in passes(texts) {
            out.extend(self.pass(&mut blocks, pass, &mut after)?);
        }
        Ok(out)
    }

    fn pass(
        &self,
        blocks: &mut Blocks,
        texts: &[(&[u32], usize)],
        mut after: impl FnMut(&Tensor<2>) -> Result<()>,
    ) -> Result<Vec<Array2<f32>>> {
        let packed = Packed::new(texts.iter().map(|(ids, keys)| (ids.len(), *keys)));
        let rows = self.weights.rows(texts.iter().flat_map(|(ids, _)| ids.iter().copied()))?;
        let dim = self.config().dim;
        let mut x = upload_values(rows, [packed.texts().last().map_or(0, |t| t.rows.end), dim], &self.device);
        x = x.cast(self.arithmetic);
        self.each_block(blocks, |weights| {
            x = block::block(x.clone(), weights, self.config(), &packed);
            after(&x)
        })?;
        let y = block::rms_norm(x, &self.final_norm).cast(DType::F32);
        let failed = |e: String| Error::Device { device: "of the text encoder".into(), reason: e };
        let y = y.try_into_vec_as::<f32>().map_err(|e| failed(e.to_string()))?;
        let text = |rows: std::ops::Range<usize>| {
            let values = y[rows.start * dim..rows.end * dim].to_vec();
            Array2::from_shape_vec((rows.len(), dim), values).map_err(|e| failed(e.to_string()))
        };
        packed.texts().iter().map(|t| text(t.rows.clone())).collect()
    }

    /// Runs `f` on each block in turn, and keeps them if there is room.
    fn each_block(&self, blocks: &mut Blocks, mut f: impl FnMut(&BlockWeights) -> Result<()>) -> Result<()> {
        match blocks {
            Blocks::Resident(blocks) => return blocks.iter().try_for_each(f),
            Blocks::Undecided if self.keeps() => {
                let mut kept = Vec::with_capacity(self.config().layers);
                self.stream(|block| {
                    kept.push(self.kept(block)?);
                    kept.last().map_or(Ok(()), &mut f)
                })?;
                *blocks = Blocks::Resident(kept);
                return Ok(());
            }
            Blocks::Undecided => *blocks = Blocks::Streamed,
            Blocks::Streamed => {}
        }
        self.stream(|block| f(&block))
    }

    /// Reads the blocks one after the other. This and the next are in memory at most: a thread reads the next while this
    /// one computes, and waits with it until it is taken.
    fn stream(&self, mut f: impl FnMut(BlockWeights) -> Result<()>) -> Result<()> {
        std::thread::scope(|scope| {
            let (give, take) = sync_channel(0);
            scope.spawn(move || {
                for index in 0..self.config().layers {
                    let block = self.read(index);
                    let failed = block.is_err();
                    if give.send(block).is_err() || failed {
                        return;
                    }
                }
            });
            take.into_iter().try_for_each(|block| f(block?))
        })
    }

    /// Encodes prompts together, and reports each block as a step. Empty prompts are allowed: what they give is the
    /// release's null context.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming a prompt that is too long, [`Error::Cancelled`], and those of reading the
    /// weights and the cache.
    pub fn encode_texts(&self, prompts: &[&str], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        prompts.iter().try_for_each(|prompt| check_length(prompt))?;
        let texts: Vec<String> = prompts.iter().map(|prompt| clean(prompt)).collect();
        let cached = |text: &String| self.cache.as_ref().and_then(|c| c.get(&self.fingerprint, text, self.dim()));
        let mut known: HashMap<&String, Option<Array2<f32>>> = HashMap::new();
        for text in &texts {
            known.entry(text).or_insert_with(|| cached(text));
        }
        // In the order of the prompts, each once: many motions of one prompt need it encoded once.
        let mut unknown: Vec<&String> = Vec::new();
        for text in &texts {
            if known.get(text).is_some_and(Option::is_none) && !unknown.contains(&text) {
                unknown.push(text);
            }
        }
        for (text, rows) in unknown.iter().zip(self.compute(&unknown, on_progress)?) {
            if let Some(cache) = &self.cache {
                cache.put(&self.fingerprint, text, rows.view())?;
            }
            known.insert(text, Some(rows));
        }
        Ok(texts.iter().filter_map(|text| known.get(text)?.clone()).collect())
    }

    /// Encodes cleaned texts.
    fn compute(&self, texts: &[&String], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        let ids = texts.iter().map(|text| self.tokenizer.encode(text, MAX_TOKENS)).collect::<Result<Vec<_>>>()?;
        let asked: Vec<(&[u32], usize)> = ids.iter().map(|ids| (ids.as_slice(), ids.len())).collect();
        let (mut step, total) = (0, passes(&asked).count() * self.config().layers);
        self.run(&asked, |_| {
            step += 1;
            report(on_progress, Stage::Encode, step, total)
        })
    }
}

/// Texts that are computed together.
fn passes<'t, 'i>(mut texts: &'t [(&'i [u32], usize)]) -> impl Iterator<Item = &'t [(&'i [u32], usize)]> {
    std::iter::from_fn(move || {
        let mut tokens = 0;
        let fit = texts.iter().take_while(|(ids, _)| {
            tokens += ids.len();
            tokens <= PASS_TOKENS
        });
        let (pass, rest) = texts.split_at(fit.count().max(1).min(texts.len()));
        texts = rest;
        (!pass.is_empty()).then_some(pass)
    })
}

impl TextEncoder for Umt5Encoder {
    fn encode(&self, prompt: &str) -> Result<Array2<f32>> {
        let mut rows = self.encode_batch(&[prompt], &mut crate::progress::ignore)?;
        rows.pop().ok_or_else(|| Error::Internal { reason: "a prompt gave no rows".into() })
    }

    fn encode_batch(&self, prompts: &[&str], on_progress: &mut OnProgress<'_>) -> Result<Vec<Array2<f32>>> {
        prompts.iter().try_for_each(|prompt| check_length(prompt))?;
        if prompts.iter().any(|prompt| clean(prompt).is_empty()) {
            let reason = "it is empty; describe the motion, such as \"a person walks forward\"";
            return Err(Error::invalid("prompt", reason));
        }
        self.encode_texts(prompts, on_progress)
    }

    fn dim(&self) -> usize {
        self.config().dim
    }

    fn max_words(&self) -> usize {
        MAX_TOKENS
    }

    fn name(&self) -> &str {
        "umt5"
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

/// bf16 where the device computes faster in it. The CPU does not, and wgpu mostly cannot.
fn compute_type(device: &Device) -> DType {
    match *device != Device::flex() && device.supports_dtype(DType::BF16) {
        true => DType::BF16,
        false => DType::F32,
    }
}

/// Bytes of a tensor that are looked at, at its start and in its middle.
const SAMPLE: usize = 64;

/// Hash of the tokeniser, of the sizes, and of some of the bytes of every tensor: reading all 11 GB to name an encoder
/// would take longer than encoding with it.
fn fingerprint(weights: &Weights, tokenizer: &[u8], dtype: EncoderDtype) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(format!("umt5-1 {dtype:?} {:?}", weights.config()));
    hash.update(Sha256::digest(tokenizer));
    let source = weights.source();
    for name in source.names() {
        let info = source.info(&name)?;
        let bytes = source.bytes(&name)?;
        hash.update(format!("{name} {info:?}"));
        hash.update(&bytes[..SAMPLE.min(bytes.len())]);
        let middle = bytes.len() / 2;
        hash.update(&bytes[middle..(middle + SAMPLE).min(bytes.len())]);
    }
    Ok(hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::TensorSource;
    use crate::format::safetensors::SafetensorsFile;

    #[test]
    fn passes_are_bounded_and_keep_the_order() {
        let ids = vec![1u32; 512];
        let texts: Vec<(&[u32], usize)> = (0..20).map(|_| (ids.as_slice(), 512)).collect();
        assert_eq!(passes(&texts).map(<[_]>::len).collect::<Vec<_>>(), [8, 8, 4]);
        assert_eq!(passes(&[]).count(), 0);
    }

    fn golden(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
    }

    /// The encoder of golden `umt5`, and the ids and keys of its case `masked`.
    fn masked() -> (Umt5Encoder, Vec<(Vec<u32>, usize)>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::copy(golden("umt5_model/models_t5_tiny_f32.pth"), dir.path().join("model.pth")).unwrap();
        std::fs::copy(golden("../tokenizer/tokenizer.json"), dir.path().join("tokenizer.json")).unwrap();
        let encoder = Umt5Encoder::open(dir.path().join("model.pth"), &Umt5Options::default()).unwrap();
        let file = SafetensorsFile::open(golden("umt5.safetensors")).unwrap();
        let read = |name: &str| file.read_f32(name).unwrap();
        let (ids, mask) = (read("masked.input.ids"), read("masked.input.mask"));
        let rows = ids.chunks(24).zip(mask.chunks(24));
        let texts =
            rows.map(|(ids, mask)| (ids.iter().map(|i| *i as u32).collect(), mask.iter().sum::<f32>() as usize));
        (encoder, texts.collect())
    }

    fn worst(got: &[f32], name: &str) -> f32 {
        let want = SafetensorsFile::open(golden("umt5.safetensors")).unwrap().read_f32(name).unwrap();
        assert_eq!(got.len(), want.len());
        got.iter().zip(want).fold(0.0f32, |most, (g, w)| most.max((g - w).abs()))
    }

    #[test]
    fn what_each_part_of_a_block_adds_is_what_the_release_s_adds() {
        let meta: serde_json::Value = serde_json::from_slice(&std::fs::read(golden("umt5.json")).unwrap()).unwrap();
        let (encoder, texts) = masked();
        let asked: Vec<(&[u32], usize)> = texts.iter().map(|(ids, keys)| (ids.as_slice(), *keys)).collect();
        let check = |name: &str, got: &Tensor<2>| {
            let bound = meta["cases"]["masked"]["f32_vs_f64"][name]["suggest_atol"].as_f64().unwrap() as f32;
            let worst = worst(&got.clone().try_into_vec_as::<f32>().unwrap(), &format!("masked.mid.{name}"));
            assert!(worst <= bound, "{name}: {worst:e} > {bound:e}");
        };
        let mut block = 0;
        encoder
            .run(&asked, |x| {
                check(&format!("block{block}"), x);
                block += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(block, 3);

        let packed = Packed::new(asked.iter().map(|(ids, keys)| (ids.len(), *keys)));
        let rows = encoder.weights.rows(asked.iter().flat_map(|(ids, _)| ids.iter().copied())).unwrap();
        let x = upload_values(rows, [4 * 24, 32], &encoder.device);
        let first = encoder.weights.block(0).unwrap();
        let attention = block::attention(x.clone(), &first, encoder.config(), &packed);
        check("block0.attn", &attention);
        check("block0.ffn", &block::ffn(x + attention, &first));
    }

    #[test]
    fn in_bf16_as_on_a_gpu_the_numbers_are_as_near_as_the_release_s_own() {
        let (mut encoder, texts) = masked();
        encoder.arithmetic = DType::BF16;
        let asked: Vec<(&[u32], usize)> = texts.iter().map(|(ids, keys)| (ids.as_slice(), *keys)).collect();
        let y = encoder.encode_ids(&asked).unwrap();
        let y: Vec<f32> = y.iter().flat_map(|rows| rows.iter().copied()).collect();
        // Rounding in every operation, of numbers up to 4.1: the release's own bf16 is 0.037 away from its f32, and two
        // orders of rounding are further apart than each is from the truth.
        assert!(worst(&y, "masked.output.y") < 0.06 && worst(&y, "bf16_math.output.y") < 0.08);
        assert!(worst(&y, "masked.output.y") > 1e-3, "it computed in f32");
    }
}
