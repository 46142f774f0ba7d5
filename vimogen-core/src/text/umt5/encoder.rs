//! The encoder: texts in, one row per token out.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{DType, Tensor};
use ndarray::Array2;

use super::block::{self, Packed};
use super::files::Files;
use super::fingerprint::fingerprint;
use super::options::{EncoderMemory, Umt5Options};
use super::residency::{Blocks, Residency};
use super::tokenizer::{self, Tokenizer, check_length};
use super::weights::{Umt5Config, Weights};
use super::{cache::EmbedCache, clean};
use crate::error::{Error, Result};
use crate::format::read_bounded;
use crate::model::host::upload_values;
use crate::process::with_pool;
use crate::progress::{OnProgress, Stage, report};
use crate::text::TextEncoder;

/// Maximum number of tokens of a text, `</s>` included; the release truncates longer ones.
pub const MAX_TOKENS: usize = 512;
/// Maximum number of tokens computed together: more would need as much memory as the blocks.
const PASS_TOKENS: usize = 4096;

/// UMT5's encoder, the text encoder of the release.
///
/// ```no_run
/// use std::sync::Arc;
/// use vimogen_core::Pipeline;
/// use vimogen_core::text::umt5::{Umt5Encoder, Umt5Options};
/// let encoder = Umt5Encoder::open("Wan2.1-T2V-1.3B", &Umt5Options::default())?;
/// let pipeline = Pipeline::builder().text_encoder(Arc::new(encoder)).open("ViMoGen-DiT-1.3B")?;
/// # Ok::<(), vimogen_core::Error>(())
/// ```
pub struct Umt5Encoder {
    tokenizer: Tokenizer,
    blocks: Blocks,
    final_norm: Vec<f32>,
    cache: Option<EmbedCache>,
    fingerprint: String,
}

impl std::fmt::Debug for Umt5Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Umt5Encoder");
        out.field("config", self.config()).field("memory", &self.memory()).finish_non_exhaustive()
    }
}

impl Umt5Encoder {
    /// Opens an encoder: a folder with weights and tokeniser, or the weight file with the tokeniser next to it.
    ///
    /// Weights are `.pth`, `.safetensors` or several of them with an index, in any float type, with the names of the
    /// release or of `transformers`. They are read in place.
    ///
    /// # Errors
    /// [`Error::NoTextEncoder`] for missing files, with their source; [`Error::Weights`], [`Error::Format`], [`Error::Io`].
    pub fn open(path: impl AsRef<Path>, options: &Umt5Options) -> Result<Self> {
        let files = Files::find(path.as_ref())?;
        let json = read_bounded(&files.tokenizer, tokenizer::MAX_FILE)?;
        let tokenizer = Tokenizer::from_bytes(&json).map_err(|e| e.with_path(&files.tokenizer))?;
        let weights = Weights::new(files.open()?)?;
        Ok(Self {
            tokenizer,
            fingerprint: fingerprint(&weights, &json, options.dtype)?,
            final_norm: weights.final_norm()?,
            blocks: Blocks::new(weights, options),
            cache: options.cache.clone(),
        })
    }

    /// Sizes of the network.
    pub fn config(&self) -> &Umt5Config {
        self.blocks.weights().config()
    }

    /// Blocks kept in memory; the option itself until the first text has decided on [`EncoderMemory::Auto`].
    pub fn memory(&self) -> EncoderMemory {
        self.blocks.memory()
    }

    /// The tokeniser.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Encodes token ids, each text independently; rows beyond a text's `keys` are computed but not attended to.
    ///
    /// # Shapes
    /// - output: for each text `[ids, dim]`
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a text without ids or with more than 512, and unless there are
    /// 1 to as many keys as ids; [`Error::Config`] for an id beyond the vocabulary; those of reading the weights.
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

    /// All passes; `after` is called with the output of each block.
    fn run(
        &self,
        texts: &[(&[u32], usize)],
        mut after: impl FnMut(&Tensor<2>) -> Result<()>,
    ) -> Result<Vec<Array2<f32>>> {
        let mut residency = self.blocks.lock();
        let mut out = Vec::with_capacity(texts.len());
        for pass in passes(texts) {
            out.extend(self.pass(&mut residency, pass, &mut after)?);
        }
        Ok(out)
    }

    fn pass(
        &self,
        residency: &mut Residency,
        texts: &[(&[u32], usize)],
        mut after: impl FnMut(&Tensor<2>) -> Result<()>,
    ) -> Result<Vec<Array2<f32>>> {
        let packed = Packed::new(texts.iter().map(|(ids, keys)| (ids.len(), *keys)));
        let rows = self.blocks.weights().rows(texts.iter().flat_map(|(ids, _)| ids.iter().copied()))?;
        let dim = self.config().dim;
        let mut x = upload_values(rows, [packed.texts().last().map_or(0, |t| t.rows.end), dim], self.blocks.device());
        x = x.cast(self.blocks.arithmetic());
        self.blocks.each(residency, |weights| {
            x = with_pool(|| block::block(x.clone(), weights, self.config(), &packed))?;
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

    /// Encodes prompts together. An empty prompt gives the null context of the release. Progress: one step per block.
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
        // Each prompt once, in order: many motions may have the same prompt.
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

/// Splits texts into groups that are computed together.
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
    fn each_part_of_a_block_adds_what_it_adds_in_the_release() {
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
        let rows = encoder.blocks.weights().rows(asked.iter().flat_map(|(ids, _)| ids.iter().copied())).unwrap();
        let x = upload_values(rows, [4 * 24, 32], encoder.blocks.device());
        let first = encoder.blocks.weights().block(0).unwrap();
        let attention = block::attention(x.clone(), &first, encoder.config(), &packed);
        check("block0.attn", &attention);
        check("block0.ffn", &block::ffn(x + attention, &first));
    }

    #[test]
    fn in_bf16_as_on_a_gpu_values_are_as_near_as_those_of_the_release() {
        let (mut encoder, texts) = masked();
        encoder.blocks.set_arithmetic(DType::BF16);
        let asked: Vec<(&[u32], usize)> = texts.iter().map(|(ids, keys)| (ids.as_slice(), *keys)).collect();
        let y = encoder.encode_ids(&asked).unwrap();
        let y: Vec<f32> = y.iter().flat_map(|rows| rows.iter().copied()).collect();
        // Every operation rounds values up to 4.1: the release's own bf16 is 0.037 away from its f32, and two orders of
        // rounding differ more from each other than from the exact result.
        assert!(worst(&y, "masked.output.y") < 0.06 && worst(&y, "bf16_math.output.y") < 0.08);
        assert!(worst(&y, "masked.output.y") > 1e-3, "it computed in f32");
    }
}
