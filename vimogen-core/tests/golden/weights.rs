//! Golden `dit` and `dit_t2m`: the cases about checkpoint files; and model directories made of golden weights.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use ndarray::{Array1, Axis};
use tempfile::TempDir;
use vimogen_core::format::torch::{self, TorchFile, Tree};
use vimogen_core::format::{RawTensor, TensorSource, safetensors};
use vimogen_core::model::{Dit, DitConfig};
use vimogen_core::motion::stats::Stats;
use vimogen_core::weights::{self, Layout, LoadOptions, ModelConfig, ModelDir, WeightDtype, load, load_file};
use vimogen_core::{Error, ErrorCode};

use crate::common::{Golden, folder};
use crate::dit::{inputs, run, t2m, t2m_inputs, tiny};

fn file(name: &str) -> PathBuf {
    folder().join("dit_weights").join(name)
}

fn tensors(source: &dyn TensorSource) -> BTreeMap<String, RawTensor> {
    source.names().into_iter().map(|name| (name.clone(), source.read(&name).unwrap())).collect()
}

fn options(dtype: WeightDtype) -> LoadOptions {
    LoadOptions { dtype, ..LoadOptions::default() }
}

/// Asserts that the network computes golden `dit` / `bf16_checkpoint` in f32.
fn assert_bf16_checkpoint(dit: &Dit) {
    // The json gives no bound of its own; inputs and sizes are those of `mixed`.
    assert_bf16_checkpoint_within(dit, Golden::open("dit").atol("mixed", "y"));
}

fn assert_bf16_checkpoint_within(dit: &Dit, atol: f32) {
    let golden = Golden::open("dit");
    golden.assert_within("bf16_checkpoint", "y", run(dit, &inputs(&golden, "mixed")).view(), atol);
}

/// A directory in the release's layout around the golden bf16 checkpoint.
fn release() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::copy(file("tiny_bf16.pt"), at("model.pt")).unwrap();
    fs::copy(file("base_wan/config.json"), at("config.json")).unwrap();
    let stats = Stats::new(Array1::linspace(-1.0, 1.0, 276), Array1::linspace(0.5, 2.0, 276)).unwrap();
    stats.save(at("mean.npy"), at("std.npy")).unwrap();
    let null = Golden::open("sampler").input("inputs", "prompt_emb_null").index_axis_move(Axis(0), 0);
    torch::save(at("context_null_padded.pth"), &Tree::Tensor(&RawTensor::from_f32(null.view()))).unwrap();
    dir
}

#[test]
fn bf16_state_dicts_are_loaded_whether_kept_as_bf16_or_f32() {
    for dtype in [WeightDtype::F32, WeightDtype::Bf16] {
        let (dit, report) = load_file(file("tiny_bf16.pt"), &tiny(), &options(dtype), &Device::flex()).unwrap();
        assert!(report.is_complete() && report.ignored.is_empty());
        match dtype {
            WeightDtype::F32 => assert_bf16_checkpoint(&dit),
            // Activations are rounded to bf16 too: 4.6e-3 at most was measured, at every level of instructions.
            _ => assert_bf16_checkpoint_within(&dit, 1e-2),
        }
    }
}

#[test]
fn the_position_buffer_of_a_full_state_dict_is_recomputed() {
    let golden = Golden::open("dit_t2m");
    let (dit, report) =
        load_file(file("t2m_plain_bf16.pt"), &t2m(false), &LoadOptions::default(), &Device::flex()).unwrap();
    assert_eq!(report.ignored, ["motion_pos_embedding.pe"]);
    let y = run(&dit, &t2m_inputs(&golden, "plain"));
    // As above: the bound of `plain`.
    golden.assert_within("plain_bf16_checkpoint", "y_pe_recomputed", y.view(), golden.atol("plain", "y"));
}

#[test]
fn nested_and_wrapped_state_dicts_are_found() {
    let tensors = tensors(&TorchFile::open(file("tiny_bf16.pt")).unwrap());
    let wrapped: Vec<(String, &RawTensor)> = tensors.iter().map(|(k, v)| (format!("module.{k}"), v)).collect();
    let entries = || wrapped.iter().map(|(k, v)| (k.as_str(), Tree::Tensor(v))).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nested.pt");
    let step = ("step", Tree::Int(3));
    for tree in [
        Tree::Dict(vec![step, ("model", Tree::Dict(vec![("state_dict", Tree::Dict(entries()))]))]),
        Tree::Dict(entries()),
    ] {
        torch::save(&path, &tree).unwrap();
        let (dit, _) = load_file(&path, &tiny(), &LoadOptions::default(), &Device::flex()).unwrap();
        assert_bf16_checkpoint(&dit);
    }
}

#[test]
fn weights_come_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let device = Device::flex();
    for (original, dtype) in [("tiny_bf16.pt", WeightDtype::Bf16), ("tiny.safetensors", WeightDtype::F32)] {
        let path = dir.path().join("model.safetensors");
        let source = weights::open(file(original)).unwrap();
        let (dit, _) = load(Dit::new(&tiny(), &device).unwrap(), source.as_ref(), &options(dtype), &device).unwrap();
        weights::save(&dit, &path, dtype).unwrap();
        let saved = weights::open(&path).unwrap();
        assert!(tensors(saved.as_ref()) == tensors(source.as_ref()), "{original}");
    }
}

#[test]
fn weights_that_do_not_fit_are_listed_by_name() {
    let mut kept = tensors(&TorchFile::open(file("tiny_bf16.pt")).unwrap());
    let renamed = kept.remove("blocks.2.ffn.0.weight").unwrap();
    kept.insert("blocks.2.ffn.1.weight".into(), renamed);
    kept.insert("motion_embedding.bias".into(), RawTensor::from_f32(Array1::zeros(63).view().into_dyn()));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged.safetensors");
    let entries: Vec<_> = kept.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    safetensors::save(&path, &entries, &[]).unwrap();

    let error = load_file(&path, &tiny(), &LoadOptions::default(), &Device::flex()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Weights);
    let text = error.to_string();
    for part in [
        "1 missing: blocks.2.ffn.0.weight",
        "1 unused: blocks.2.ffn.1.weight",
        "motion_embedding.bias (expected [64], got [63])",
        "blocks.2.ffn.1.weight for blocks.2.ffn.0.weight",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn the_release_s_layout_is_understood_from_its_files() {
    let release = release();
    let dir = ModelDir::open(release.path()).unwrap();
    assert_eq!(dir.layout(), Layout::Release);
    // The release pads to its null context, regardless of Wan's text_len.
    assert_eq!(dir.config(), &ModelConfig::new(DitConfig { text_len: 6, ..tiny() }));
    assert_eq!(dir.null_context().dim(), (6, 48));
    assert_bf16_checkpoint(&dir.load(&Device::flex(), WeightDtype::F32, false).unwrap().0);
}

#[test]
fn a_release_converts_to_a_native_directory_and_computes_the_same() {
    let release = release();
    let from = ModelDir::open(release.path()).unwrap();
    for dtype in [WeightDtype::Bf16, WeightDtype::F32] {
        let out = tempfile::tempdir().unwrap();
        let native = out.path().join("native");
        from.convert(&native, dtype, false).unwrap();
        let to = ModelDir::open(&native).unwrap();
        assert_eq!((to.layout(), to.config()), (Layout::Native, from.config()));
        assert_eq!((to.stats(), to.null_context()), (from.stats(), from.null_context()));
        assert_bf16_checkpoint(&to.load(&Device::flex(), WeightDtype::F32, false).unwrap().0);
        assert!(matches!(to.convert(&native, dtype, false), Err(Error::InvalidArgument { .. })));
    }
}

#[test]
fn text_only_loading_and_conversion_never_read_the_reference_path() {
    /// A checkpoint that fails when anything of the reference path is read.
    struct Guarded(TorchFile);
    impl TensorSource for Guarded {
        fn names(&self) -> Vec<String> {
            self.0.names()
        }
        fn info(&self, name: &str) -> vimogen_core::Result<vimogen_core::format::TensorInfo> {
            self.0.info(name)
        }
        fn bytes(&self, name: &str) -> vimogen_core::Result<Cow<'_, [u8]>> {
            assert!(!name.contains("ref_motion") && !name.contains("norm4"), "{name} was read");
            self.0.bytes(name)
        }
    }
    let device = Device::flex();
    let guarded = Guarded(TorchFile::open(file("tiny_bf16.pt")).unwrap());
    let config = DitConfig { reference: false, ..tiny() };
    let dit = Dit::new(&config, &device).unwrap();
    let (dit, _) = load(dit, &guarded, &LoadOptions::default().text_only(), &device).unwrap();

    let release = release();
    let from = ModelDir::open(release.path()).unwrap();
    let out = tempfile::tempdir().unwrap();
    from.convert(out.path(), WeightDtype::Bf16, true).unwrap();
    let to = ModelDir::open(out.path()).unwrap();
    assert!(!to.config().dit.reference);
    assert!(to.weights().names().iter().all(|name| !name.contains("ref_motion") && !name.contains("norm4")));
    let (converted, _) = to.load(&device, WeightDtype::F32, false).unwrap();

    let golden = Golden::open("dit");
    let mut inputs = inputs(&golden, "mixed");
    inputs.attend_to_text = Some(vec![true; 3]);
    assert_eq!(run(&dit, &inputs), run(&converted, &inputs));
}

#[test]
fn a_missing_file_is_named_with_the_layout_it_belongs_to() {
    let error_without = |folder: &Path, name: &str| {
        fs::remove_file(folder.join(name)).unwrap();
        let error = ModelDir::open(folder).err().unwrap();
        assert_eq!(error.code(), ErrorCode::NotFound, "{error}");
        error.to_string()
    };
    for name in ["model.pt", "context_null_padded.pth", "mean.npy", "std.npy"] {
        let text = error_without(release().path(), name);
        assert!(text.contains(name) && text.contains("release"), "{text}");
    }
    for name in ["model.safetensors", "null_context.safetensors", "mean.npy"] {
        let out = tempfile::tempdir().unwrap();
        ModelDir::open(release().path()).unwrap().convert(out.path(), WeightDtype::Bf16, false).unwrap();
        let text = error_without(out.path(), name);
        assert!(text.contains(name) && text.contains("native"), "{text}");
    }
    let text = error_without(release().path(), "config.json");
    assert!(text.contains("native") && text.contains("release"), "{text}");
    let text = ModelDir::open("no/such/folder").err().unwrap().to_string();
    assert!(text.contains("folder of the model") && text.contains("no/such/folder"), "{text}");
    assert!(ModelDir::open(file("tiny_bf16.pt")).err().unwrap().to_string().contains("is a file"));
}

#[test]
fn damaged_and_hostile_directories_are_errors() {
    let broken = |name: &str, bytes: &[u8]| {
        let dir = release();
        fs::write(dir.path().join(name), bytes).unwrap();
        ModelDir::open(dir.path()).and_then(|d| d.load(&Device::flex(), WeightDtype::F32, false)).err().unwrap()
    };
    let config = |text: &str| broken("config.json", text.as_bytes());
    assert_eq!(config("{").code(), ErrorCode::Format);
    assert_eq!(config(&"[".repeat(100_000)).code(), ErrorCode::Format);
    assert_eq!(config("{}").code(), ErrorCode::Config);
    assert_eq!(config(r#"{"num_layers": 4}"#).code(), ErrorCode::Config);
    let sizes = |dim: &str| {
        let rest = r#""ffn_dim": 128, "freq_dim": 32, "num_heads": 4, "num_layers": 4"#;
        config(&format!(r#"{{"dim": {dim}, {rest}}}"#))
    };
    assert_eq!(sizes("1099511627776").code(), ErrorCode::Config);
    assert_eq!(sizes("-1").code(), ErrorCode::Config);
    assert_eq!(sizes("128").code(), ErrorCode::Weights);
    assert_eq!(broken("config.json", &vec![b' '; 2 << 20]).code(), ErrorCode::TooLarge);

    let weights = fs::read(file("tiny_bf16.pt")).unwrap();
    assert_eq!(broken("model.pt", &weights[..weights.len() / 2]).code(), ErrorCode::Format);
    assert_eq!(broken("model.pt", b"").code(), ErrorCode::Format);
    let other = folder().join("dit_weights/t2m_plain_bf16.pt");
    assert_eq!(broken("model.pt", &fs::read(other).unwrap()).code(), ErrorCode::Shape);
    assert_eq!(broken("mean.npy", b"nonsense").code(), ErrorCode::Format);
    assert_eq!(broken("mean.npy", &vec![0; 1 << 20]).code(), ErrorCode::TooLarge);
}
