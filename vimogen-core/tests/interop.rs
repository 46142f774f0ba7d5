//! Writes files for other programs: `tests/python` opens them with NumPy, safetensors and PyTorch, and repeats the formulas
//! used here. Checks that do not need those programs are here.
#![cfg(feature = "full")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use ndarray::{Array2, ArrayD};
use vimogen_core::Motion;
use vimogen_core::format::safetensors::SafetensorsFile;
use vimogen_core::format::torch::{self, TorchFile, Tree};
use vimogen_core::format::{DType, RawTensor, TensorSource, npy};
use vimogen_core::model::{Dit, DitConfig};
use vimogen_core::weights::{self, LoadOptions, WeightDtype};

/// The folder that `tests/python` looks into.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn raw(dtype: DType, shape: &[usize], bytes: Vec<u8>) -> RawTensor {
    RawTensor::new(dtype, shape.to_vec(), bytes).expect("bytes fit the shape")
}

/// The values n / 4 - 1 for n from 0 to 23, which are exact in every float type.
fn ramp(to_bytes: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    (0..24u8).flat_map(|n| to_bytes(f32::from(n) / 4.0 - 1.0)).collect()
}

/// A clip of 5 frames: frame t, feature c is t + c / 276.
fn clip() -> Array2<f32> {
    Array2::from_shape_fn((5, 276), |(t, c)| t as f32 + c as f32 / 276.0)
}

/// The golden model `tiny`, which `dit_weights/tiny.safetensors` fits.
fn tiny() -> DitConfig {
    DitConfig {
        dim: 64,
        ffn_dim: 128,
        freq_dim: 32,
        num_heads: 4,
        num_layers: 4,
        text_dim: 48,
        text_len: 16,
        reference: true,
        split_head: false,
        eps: 1e-6,
    }
}

#[test]
fn npy_files_come_back_as_written() {
    let shape = [2, 3, 4];
    let tensors = [
        ("ramp_f32", raw(DType::F32, &shape, ramp(|v| v.to_le_bytes().to_vec()))),
        ("ramp_f64", raw(DType::F64, &shape, ramp(|v| f64::from(v).to_le_bytes().to_vec()))),
        ("ramp_f16", raw(DType::F16, &shape, ramp(|v| half::f16::from_f32(v).to_le_bytes().to_vec()))),
        ("ramp_i64", raw(DType::I64, &[6], (-3i64..3).flat_map(i64::to_le_bytes).collect())),
        ("mask", raw(DType::Bool, &[3], vec![1, 0, 1])),
        ("scalar", raw(DType::F32, &[], 20f32.to_le_bytes().to_vec())),
        ("empty", raw(DType::F32, &[0, 276], vec![])),
    ];
    for (name, tensor) in tensors {
        let path = folder().join(name).with_extension("npy");
        npy::save(&path, &tensor).unwrap();
        let read = npy::load(&path).unwrap();
        assert_eq!((read.info(), read.bytes()), (tensor.info(), tensor.bytes()), "{name}");
    }
}

#[test]
fn a_torch_file_keeps_a_motion_and_what_belongs_to_it() {
    let motion = RawTensor::from_f32(clip().into_dyn().view());
    let ids = raw(DType::I64, &[6], (-3i64..3).flat_map(i64::to_le_bytes).collect());
    let half = raw(DType::BF16, &[2, 3, 4], ramp(|v| half::bf16::from_f32(v).to_le_bytes().to_vec()));
    let tree = Tree::Dict(vec![
        ("motion", Tree::Tensor(&motion)),
        ("ids", Tree::Tensor(&ids)),
        ("nested", Tree::Dict(vec![("embedding", Tree::Tensor(&half))])),
        ("fps", Tree::Float(20.0)),
        ("frames", Tree::Int(5)),
        ("prompt", Tree::Text("a person winkt — 走る")),
    ]);
    let path = folder().join("motion.pt");
    torch::save(&path, &tree).unwrap();
    let file = TorchFile::open(&path).unwrap();
    assert_eq!(file.read("motion").unwrap().bytes(), motion.bytes());
    assert_eq!(file.read("nested.embedding").unwrap().bytes(), half.bytes());
}

#[test]
fn a_bare_tensor_is_a_torch_file_too() {
    let tensor = RawTensor::from_f32(ArrayD::from_elem(vec![3, 2], 0.5f32).view());
    let path = folder().join("tensor.pt");
    torch::save(&path, &Tree::Tensor(&tensor)).unwrap();
    assert_eq!(torch::load_tensor(&path, "").unwrap().bytes(), tensor.bytes());
}

#[test]
fn motions_come_back_from_every_format() {
    for (name, fps) in [("clip.npz", 16.0), ("clip.npy", 20.0), ("clip.pt", 20.0), ("clip16.pt", 16.0)] {
        let motion = Motion::from_features(clip(), fps).unwrap();
        motion.save(folder().join(name)).unwrap();
        assert_eq!(Motion::load(folder().join(name)).unwrap(), motion, "{name}");
    }
}

#[test]
fn saved_weights_equal_the_loaded_ones() {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/dit_weights/tiny.safetensors");
    let original = SafetensorsFile::open(original).unwrap();
    let device = Device::flex();
    let dit = Dit::new(&tiny(), &device).unwrap();
    let (dit, _) = weights::load(dit, &original, &LoadOptions::default(), &device).unwrap();
    weights::save(&dit, folder().join("weights_bf16.safetensors"), WeightDtype::Bf16).unwrap();
    let path = folder().join("weights_f32.safetensors");
    weights::save(&dit, &path, WeightDtype::F32).unwrap();
    let saved = SafetensorsFile::open(&path).unwrap();
    let sorted = |source: &SafetensorsFile| {
        let mut names = source.names();
        names.sort();
        names
    };
    assert_eq!(sorted(&saved), sorted(&original));
    for name in original.names() {
        assert_eq!(saved.read(&name).unwrap().bytes(), original.read(&name).unwrap().bytes(), "{name}");
    }
}
