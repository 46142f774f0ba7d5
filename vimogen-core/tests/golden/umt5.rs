//! Golden `umt5`: text cleaning, buckets of relative positions, the encoder; and its tokeniser against Python's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use ndarray::{Array3, ArrayD, Axis, s};
use tempfile::TempDir;
use vimogen_core::format::torch::{self, TorchFile, Tree};
use vimogen_core::format::{RawTensor, TensorSource, safetensors};
use vimogen_core::motion::stats::Stats;
use vimogen_core::text::umt5::{
    EncoderDtype, EncoderMemory, Tokenizer, Umt5Encoder, Umt5Options, clean, relative_position_bucket,
};
use vimogen_core::text::{EmbedCache, TextEncoder};
use vimogen_core::weights::{ModelDir, WeightDtype, state_dict};
use vimogen_core::{Dit, DitConfig, Error, ErrorCode, GenerateOptions, Pipeline, Prompt, Stage, progress};

use crate::common::{Golden, folder};

/// The tokeniser that `tests/tokenizer/make.py` writes.
pub fn tokenizer() -> PathBuf {
    folder().join("../tokenizer/tokenizer.json")
}

fn tiny(dtype: &str) -> PathBuf {
    folder().join(format!("umt5_model/models_t5_tiny_{dtype}.pth"))
}

/// A folder with weights, copied from the golden ones under the release's name, and a tokeniser.
fn encoder_folder(dtype: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(tiny(dtype), dir.path().join("models_t5_umt5-xxl-enc-bf16.pth")).unwrap();
    std::fs::copy(tokenizer(), dir.path().join("tokenizer.json")).unwrap();
    dir
}

fn open(path: &Path, memory: EncoderMemory) -> Umt5Encoder {
    Umt5Encoder::open(path, &Umt5Options::default().with_memory(memory)).unwrap()
}

fn rows(ids: &ArrayD<f32>) -> Vec<Vec<u32>> {
    ids.outer_iter().map(|row| row.iter().map(|id| *id as u32).collect()).collect()
}

/// Every text of the case `masked`, with its padding computed; `masked`: the padding is not attended to.
fn encode(encoder: &Umt5Encoder, golden: &Golden, masked: bool) -> ArrayD<f32> {
    let ids = rows(&golden.input("masked", "ids"));
    let mask = golden.input("masked", "mask");
    let keys = mask.outer_iter().map(|row| if masked { row.sum() as usize } else { row.len() });
    let texts: Vec<(&[u32], usize)> = ids.iter().map(Vec::as_slice).zip(keys).collect();
    let all = encoder.encode_ids(&texts).unwrap();
    let mut out = Array3::zeros((all.len(), all[0].nrows(), encoder.dim()));
    all.iter().enumerate().for_each(|(i, rows)| out.slice_mut(s![i, .., ..]).assign(rows));
    out.into_dyn()
}

#[test]
fn texts_are_cleaned_as_the_release_does() {
    let golden = Golden::open("umt5");
    let examples = golden.meta()["text_cleaning"]["examples"].as_array().unwrap();
    assert!(examples.len() > 25);
    for example in examples {
        let input = example["input"].as_str().unwrap();
        assert_eq!(clean(input), example["whitespace"].as_str().unwrap(), "{input:?}");
    }
}

#[test]
fn relative_positions_fall_into_the_release_s_buckets() {
    let golden = Golden::open("umt5");
    for (case, bidirectional) in [("buckets", true), ("buckets_unidirectional", false)] {
        let got =
            golden.input(case, "rel_pos").mapv(|p| relative_position_bucket(p as i64, bidirectional, 32, 128) as f32);
        golden.assert_output(case, "bucket", got.view());
    }
}

#[test]
fn the_encoder_gives_the_release_s_numbers_however_much_of_it_is_in_memory() {
    let golden = Golden::open("umt5");
    let dir = encoder_folder("f32");
    let mut made = Vec::new();
    for memory in [EncoderMemory::Streamed, EncoderMemory::Resident, EncoderMemory::Auto] {
        let encoder = open(dir.path(), memory);
        let y = encode(&encoder, &golden, true);
        golden.assert_output("masked", "y", y.view());
        golden.assert_output("no_mask", "y", encode(&encoder, &golden, false).view());
        let long = rows(&golden.input("long", "ids"));
        let long = encoder.encode_ids(&[(&long[0], long[0].len())]).unwrap().remove(0);
        golden.assert_output("long", "y", long.insert_axis(Axis(0)).into_dyn().view());
        made.push(y);
    }
    assert!(made.iter().all(|y| *y == made[0]), "the modes must agree bit for bit");
}

#[test]
fn bf16_weights_are_computed_with_in_f32() {
    let golden = Golden::open("umt5");
    let y = encode(&open(encoder_folder("bf16").path(), EncoderMemory::Streamed), &golden, true);
    // The json has no bound for this case; weights of one size and inputs are those of `masked`.
    golden.assert_within("bf16_weights_f32_math", "y", y.view(), golden.atol("masked", "y"));
}

/// The golden weights under the names that `transformers` gives them.
fn transformers_names() -> Vec<(String, RawTensor)> {
    let source = TorchFile::open(tiny("f32")).unwrap();
    let renamed = |name: &str| {
        let Some((block, part)) = name.strip_prefix("blocks.").and_then(|rest| rest.split_once('.')) else {
            return if name == "norm.weight" { "encoder.final_layer_norm.weight" } else { "shared.weight" }.to_string();
        };
        let part = match part {
            "norm1.weight" => "0.layer_norm.weight",
            "norm2.weight" => "1.layer_norm.weight",
            "attn.q.weight" => "0.SelfAttention.q.weight",
            "attn.k.weight" => "0.SelfAttention.k.weight",
            "attn.v.weight" => "0.SelfAttention.v.weight",
            "attn.o.weight" => "0.SelfAttention.o.weight",
            "pos_embedding.embedding.weight" => "0.SelfAttention.relative_attention_bias.weight",
            "ffn.gate.0.weight" => "1.DenseReluDense.wi_0.weight",
            "ffn.fc1.weight" => "1.DenseReluDense.wi_1.weight",
            "ffn.fc2.weight" => "1.DenseReluDense.wo.weight",
            other => panic!("{other}"),
        };
        format!("encoder.block.{block}.layer.{part}")
    };
    source.names().iter().map(|name| (renamed(name), source.read(name).unwrap())).collect()
}

#[test]
fn names_of_transformers_in_one_file_or_several_give_the_same_numbers() {
    let golden = Golden::open("umt5");
    let want = encode(&open(encoder_folder("f32").path(), EncoderMemory::Streamed), &golden, true);
    let tensors = transformers_names();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::copy(tokenizer(), at("tokenizer.json")).unwrap();
    let list = |part: &[(String, RawTensor)], name: &str| {
        let part: Vec<_> = part.iter().map(|(n, t)| (n.as_str(), t)).collect();
        safetensors::save(at(name), &part, &[]).unwrap();
    };
    list(&tensors, "model.safetensors");
    assert_eq!(encode(&open(dir.path(), EncoderMemory::Streamed), &golden, true), want);

    std::fs::remove_file(at("model.safetensors")).unwrap();
    let (first, second) = tensors.split_at(tensors.len() / 2);
    list(first, "a.safetensors");
    list(second, "b.safetensors");
    let shard = |part: &[(String, RawTensor)], file: &str| -> Vec<(String, serde_json::Value)> {
        part.iter().map(|(name, _)| (name.clone(), file.into())).collect()
    };
    let map: serde_json::Map<_, _> =
        shard(first, "a.safetensors").into_iter().chain(shard(second, "b.safetensors")).collect();
    let index = serde_json::json!({ "metadata": {}, "weight_map": map });
    std::fs::write(at("model.safetensors.index.json"), index.to_string()).unwrap();
    assert_eq!(encode(&open(dir.path(), EncoderMemory::Resident), &golden, true), want);
}

#[test]
fn a_damaged_set_of_weights_is_refused_with_the_names() {
    let source = TorchFile::open(tiny("f32")).unwrap();
    let all: Vec<(String, RawTensor)> =
        source.names().into_iter().map(|name| (name.clone(), source.read(&name).unwrap())).collect();
    let dir = encoder_folder("f32");
    let report = |tensors: Vec<(&str, &RawTensor)>| {
        let tree = Tree::Dict(tensors.into_iter().map(|(name, t)| (name, Tree::Tensor(t))).collect());
        torch::save(dir.path().join("models_t5_umt5-xxl-enc-bf16.pth"), &tree).unwrap();
        let error = Umt5Encoder::open(dir.path(), &Umt5Options::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Weights);
        error.to_string()
    };
    let entries = || all.iter().map(|(name, t)| (name.as_str(), t));
    let text = report(entries().filter(|(name, _)| *name != "blocks.1.attn.k.weight").collect());
    assert!(text.contains("missing blocks.1.attn.k.weight"), "{text}");
    let text = report(entries().chain([("blocks.9.norm3.weight", &all[1].1)]).collect());
    assert!(text.contains("blocks.9.norm3.weight is not known"), "{text}");
    let wrong = RawTensor::new(vimogen_core::format::DType::F32, vec![2, 2], vec![0; 16]).unwrap();
    let text = report(entries().map(|(n, t)| (n, if n == "blocks.2.ffn.fc2.weight" { &wrong } else { t })).collect());
    assert!(text.contains("blocks.2.ffn.fc2.weight has the shape [2, 2], expected [32, 64]"), "{text}");
    let text = report(vec![("motion", &wrong)]);
    assert!(text.contains("not a UMT5 encoder"), "{text}");
}

#[test]
fn ids_are_those_of_python_s_tokenizers_in_several_scripts() {
    let tokenizer = Tokenizer::open(tokenizer()).unwrap();
    let json = std::fs::read_to_string(folder().join("../tokenizer/ids.json")).unwrap();
    let pairs: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert!(pairs.len() >= 200);
    for pair in &pairs {
        let text = pair["text"].as_str().unwrap();
        let want: Vec<u32> = pair["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
        assert_eq!(tokenizer.encode(text, 512).unwrap(), want, "{text:?}");
        let cut = tokenizer.encode(text, 4).unwrap();
        assert_eq!((cut.len(), cut.last()), (want.len().min(4), Some(&1)), "{text:?}");
        assert_eq!(cut[..cut.len() - 1], want[..cut.len() - 1]);
    }
    assert!(matches!(tokenizer.encode(&"a".repeat(2 << 20), 512), Err(Error::InvalidArgument { .. })));
    assert!(matches!(Tokenizer::from_bytes(b"{}"), Err(Error::Format { .. })));
}

/// Folder of an encoder whose embedding has a row for every piece of the tokeniser.
pub fn random_encoder(dir: &Path, dim: usize) {
    let (heads, hidden, vocab) = (4, 2 * dim, 1200);
    let mut state = 7u32;
    let mut tensor = |shape: &[usize], scale: f32, offset: f32| {
        let n: usize = shape.iter().product();
        let values = (0..n).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            offset + scale * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        });
        RawTensor::from_f32(ArrayD::from_shape_vec(shape, values.collect()).unwrap().view())
    };
    let scale = 1.0 / (dim as f32).sqrt();
    let mut all = vec![("token_embedding.weight".to_string(), tensor(&[vocab, dim], 1.0, 0.0))];
    for i in 0..2 {
        let mut add = |name: &str, t: RawTensor| all.push((format!("blocks.{i}.{name}.weight"), t));
        ["norm1", "norm2"].iter().for_each(|name| add(name, tensor(&[dim], 0.1, 1.0)));
        ["attn.q", "attn.k", "attn.v", "attn.o"].iter().for_each(|name| add(name, tensor(&[dim, dim], scale, 0.0)));
        ["ffn.gate.0", "ffn.fc1"].iter().for_each(|name| add(name, tensor(&[hidden, dim], scale, 0.0)));
        add("ffn.fc2", tensor(&[dim, hidden], scale, 0.0));
        add("pos_embedding.embedding", tensor(&[32, heads], 0.5, 0.0));
    }
    all.push(("norm.weight".into(), tensor(&[dim], 0.1, 1.0)));
    let tree = Tree::Dict(all.iter().map(|(name, t)| (name.as_str(), Tree::Tensor(t))).collect());
    torch::save(dir.join("models_t5_umt5-xxl-enc-bf16.pth"), &tree).unwrap();
    std::fs::create_dir_all(dir.join("google/umt5-xxl")).unwrap();
    std::fs::copy(tokenizer(), dir.join("google/umt5-xxl/tokenizer.json")).unwrap();
}

#[test]
fn a_prompt_gives_the_same_rows_alone_and_among_others_and_from_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    random_encoder(dir.path(), 32);
    let encoder = open(dir.path(), EncoderMemory::Streamed);
    let prompts = ["a person walks", "Eine Frau hüpft über die Stühle, dann langsam zurück", "一个人向前走。"];
    let mut steps = Vec::new();
    let together = encoder
        .encode_batch(&prompts, &mut |p| {
            steps.push((p.stage, p.step, p.total));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(steps, [(Stage::Encode, 1, 2), (Stage::Encode, 2, 2)]);
    for (prompt, rows) in prompts.iter().zip(&together) {
        let alone = encoder.encode(prompt).unwrap();
        let worst = (&alone - rows).iter().fold(0.0f32, |w, d| w.max(d.abs()));
        // Sums of another length of matrix may be taken in another order.
        assert!(alone.dim() == rows.dim() && worst < 1e-5, "{worst:e}");
    }
    assert_eq!(encoder.encode("a  person walks\n").unwrap(), encoder.encode("a person walks").unwrap());
    let twice = encoder.encode_batch(&["b", "a", "b", "b "], &mut progress::ignore).unwrap();
    assert!(twice.len() == 4 && twice[0] == twice[2] && twice[0] == twice[3] && twice[0] != twice[1]);

    let cache = EmbedCache::new(dir.path().join("cache"), 1 << 20).unwrap();
    let options = Umt5Options::default().with_cache(Some(cache));
    let caching = Umt5Encoder::open(dir.path(), &options).unwrap();
    let first = caching.encode_batch(&prompts, &mut progress::ignore).unwrap();
    let mut computed = 0;
    let second = caching.encode_batch(&prompts, &mut |_| {
        computed += 1;
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!((second.unwrap(), computed), (first, 0));
}

#[test]
fn encoding_stops_when_asked_to_and_empty_prompts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    random_encoder(dir.path(), 32);
    let encoder = open(dir.path(), EncoderMemory::Streamed);
    let stop = encoder.encode_batch(&["walk"], &mut |_| std::ops::ControlFlow::Break(()));
    assert!(matches!(stop, Err(Error::Cancelled)));
    assert!(encoder.encode(" \n ").unwrap_err().to_string().contains("prompt"));
    assert_eq!(encoder.encode_texts(&[""], &mut progress::ignore).unwrap()[0].dim(), (1, 32));
    assert!(encoder.encode_ids(&[(&[1; 513], 513)]).is_err() && encoder.encode_ids(&[(&[1, 2], 3)]).is_err());
    assert!(matches!(encoder.encode_ids(&[(&[4_000_000], 1)]), Err(Error::Config { .. })));
}

#[test]
fn bf16_is_close_to_f32_and_the_same_streamed() {
    let dir = tempfile::tempdir().unwrap();
    random_encoder(dir.path(), 128);
    let encoder = |memory| {
        let options = Umt5Options::default().with_dtype(EncoderDtype::Bf16).with_memory(memory);
        Umt5Encoder::open(dir.path(), &options).unwrap()
    };
    let full = open(dir.path(), EncoderMemory::Resident);
    let (resident, streamed) = (encoder(EncoderMemory::Resident), encoder(EncoderMemory::Streamed));
    assert_ne!(full.fingerprint(), resident.fingerprint());
    for prompt in ["a person walks forward slowly", "a person jumps, then waves the left hand and sits down"] {
        let (a, b) = (full.encode(prompt).unwrap(), resident.encode(prompt).unwrap());
        assert!(cosine(&a, &b) > 0.9999 && a != b, "{}", cosine(&a, &b));
        assert_eq!(b, streamed.encode(prompt).unwrap());
        // Kept blocks.
        assert_eq!(b, resident.encode(prompt).unwrap());
    }
}

fn cosine(a: &ndarray::Array2<f32>, b: &ndarray::Array2<f32>) -> f32 {
    let dot = |a: &ndarray::Array2<f32>, b: &ndarray::Array2<f32>| (a * b).sum();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn eight_bits_are_close_to_all_of_them_and_are_another_encoder() {
    let dir = tempfile::tempdir().unwrap();
    random_encoder(dir.path(), 128);
    let full = open(dir.path(), EncoderMemory::Resident);
    let options = Umt5Options::default().with_dtype(EncoderDtype::Int8).with_memory(EncoderMemory::Resident);
    let eight = Umt5Encoder::open(dir.path(), &options).unwrap();
    assert_ne!(full.fingerprint(), eight.fingerprint());
    let (a, b) =
        (full.encode("a person walks forward slowly").unwrap(), eight.encode("a person walks forward slowly").unwrap());
    assert!(cosine(&a, &b) > 0.999 && a != b, "{}", cosine(&a, &b));
}

/// A TM2M directory in the release's layout: random full-precision weights of a tiny network, statistics, null context.
fn release_folder(dir: &Path, text_dim: usize) {
    let device = Device::flex();
    let sizes =
        DitConfig { dim: 24, ffn_dim: 48, freq_dim: 16, num_heads: 2, num_layers: 2, ..DitConfig::vimogen_1_3b() };
    let config = DitConfig { text_dim, text_len: 16, ..sizes };
    let dit = Dit::new(&config, &device).unwrap().init_weights(3, &device);
    let weights = state_dict(&dit, WeightDtype::F32);
    let tensors: Vec<(String, RawTensor)> = weights
        .iter()
        .map(|(name, entry)| {
            let values = ArrayD::from_shape_vec(entry.shape(), entry.to_f32()).unwrap();
            (name.clone(), RawTensor::from_f32(values.view()))
        })
        .collect();
    let tree = Tree::Dict(tensors.iter().map(|(name, t)| (name.as_str(), Tree::Tensor(t))).collect());
    torch::save(dir.join("model.pt"), &tree).unwrap();
    let wan = serde_json::json!({
        "_class_name": "WanModel", "model_type": "t2v", "dim": config.dim, "ffn_dim": config.ffn_dim, "eps": 1e-6,
        "freq_dim": config.freq_dim, "in_dim": 16, "num_heads": config.num_heads, "num_layers": config.num_layers,
        "out_dim": 16, "text_len": 512
    });
    std::fs::write(dir.join("config.json"), wan.to_string()).unwrap();
    let stats =
        Stats::new(ndarray::Array1::linspace(-1.0, 1.0, 276), ndarray::Array1::linspace(0.5, 2.0, 276)).unwrap();
    stats.save(dir.join("mean.npy"), dir.join("std.npy")).unwrap();
    let null = RawTensor::from_f32(ndarray::Array2::<f32>::from_elem((16, text_dim), 0.25).view().into_dyn());
    torch::save(dir.join("context_null_padded.pth"), &Tree::Tensor(&null)).unwrap();
}

#[test]
fn a_release_with_its_text_encoder_generates_from_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    release_folder(dir.path(), 32);
    let options = GenerateOptions::default().with_num_frames(20).with_num_inference_steps(3).with_seed(5);
    let sentence = "a person walks forward, then waves";

    let bare = Pipeline::open(dir.path()).unwrap();
    let error = bare.generate(sentence, &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NoTextEncoder);
    let text = error.to_string();
    for part in
        ["models_t5_umt5-xxl-enc-bf16.pth", "google/umt5-xxl/tokenizer.json", "vimogen download", "prompt_embeds"]
    {
        assert!(text.contains(part), "{text}");
    }

    let elsewhere = tempfile::tempdir().unwrap();
    random_encoder(elsewhere.path(), 32);
    let encoder = open(elsewhere.path(), EncoderMemory::Streamed);
    let rows = encoder.encode(sentence).unwrap();
    let given = Pipeline::builder().text_encoder(Arc::new(encoder)).open(dir.path()).unwrap();
    let given = given.generate(sentence, &options).unwrap();

    random_encoder(dir.path(), 32);
    let pipeline = Pipeline::open(dir.path()).unwrap();
    assert!(pipeline.config().dit.reference && pipeline.encoder().unwrap().name() == "umt5");
    let motion = pipeline.generate(sentence, &options).unwrap();
    assert_eq!(motion.features().dim(), (20, 276));
    assert!(motion.features().iter().all(|v| v.is_finite()));
    assert_eq!(motion.features(), given.features());
    assert_eq!(motion.features(), pipeline.generate(Prompt::Embeds(rows), &options).unwrap().features());
    let other = pipeline.generate("eine Frau hüpft über die Stühle", &options).unwrap();
    assert_ne!(motion.features(), other.features(), "the sentence must reach the motion");
}

#[test]
fn a_native_directory_names_the_encoder_and_its_folder() {
    let (release, native) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    release_folder(release.path(), 32);
    ModelDir::open(release.path()).unwrap().convert(native.path(), WeightDtype::F32, false).unwrap();
    let path = native.path().join("config.json");
    let name = |encoder: serde_json::Value| {
        let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        config["text_encoder"] = encoder;
        std::fs::write(&path, config.to_string()).unwrap();
        Pipeline::open(native.path())
    };
    let without = name(serde_json::json!({ "kind": "umt5" })).unwrap();
    let text = without.encode("walk").unwrap_err().to_string();
    assert!(text.contains("text_encoder") && text.contains("prompt_embeds"), "{text}");

    std::fs::create_dir(native.path().join("text_encoder")).unwrap();
    random_encoder(&native.path().join("text_encoder"), 32);
    let with = name(serde_json::json!({ "kind": "umt5" })).unwrap();
    assert_eq!(with.encode("walk").unwrap().ncols(), 32);
    for path in ["../elsewhere", "/etc", "a/../../b"] {
        let error = name(serde_json::json!({ "kind": "umt5", "path": path })).unwrap_err();
        assert!(error.to_string().contains("text_encoder.path"), "{error}");
    }
}

#[test]
fn broken_texts_are_repaired_as_by_python_s_ftfy() {
    let json = std::fs::read_to_string(folder().join("../tokenizer/cleaned.json")).unwrap();
    let pairs: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let text = |pair: &serde_json::Value, key: &str| pair[key].as_str().unwrap().to_string();
    let other: Vec<_> = pairs.iter().filter(|p| clean(&text(p, "input")) != text(p, "cleaned")).collect();
    for pair in other.iter().take(40) {
        eprintln!(
            "{:?} is {:?}, ftfy makes {:?}",
            text(pair, "input"),
            clean(&text(pair, "input")),
            text(pair, "cleaned")
        );
    }
    assert!(pairs.len() > 150 && other.is_empty(), "{} of {} differ", other.len(), pairs.len());
}
