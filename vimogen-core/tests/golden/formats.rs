//! Readers against files that PyTorch and NumPy wrote: the golden checkpoints, and `tests/formats` (see its make.py).

use std::path::PathBuf;

use vimogen_core::format::npz::NpzFile;
use vimogen_core::format::pickle::numpy;
use vimogen_core::format::safetensors::SafetensorsFile;
use vimogen_core::format::torch::{Scalar, TorchFile, load_tensor};
use vimogen_core::format::{DType, RawTensor, TensorSource, npy, open_tensors};

use crate::common::folder;

fn sample(name: &str) -> PathBuf {
    folder().join("../formats").join(name)
}

/// The ramp n / 4 - 1 that the float samples hold.
fn ramp() -> Vec<f32> {
    (0..24u8).map(|n| f32::from(n) / 4.0 - 1.0).collect()
}

/// The contents of the integer samples: 0 to 23.
fn count() -> Vec<f32> {
    (0..24u8).map(f32::from).collect()
}

#[track_caller]
fn assert_is(tensor: &RawTensor, dtype: DType, shape: &[usize], values: &[f32]) {
    assert_eq!((tensor.dtype(), tensor.shape()), (dtype, shape));
    assert_eq!(tensor.to_f32(), values);
}

#[test]
fn both_containers_of_pytorch_give_the_same_tensors() {
    for name in ["torch_zip.pt", "torch_legacy.pt"] {
        let file = TorchFile::open(sample(name)).expect(name);
        let is = |name: &str, dtype, shape: &[usize], values: &[f32]| {
            assert_is(&file.read(name).expect(name), dtype, shape, values);
            assert_eq!(file.read_f32(name).expect(name), values);
        };
        let shape = [2, 3, 4];
        is("floats.float64", DType::F64, &shape, &ramp());
        is("floats.float32", DType::F32, &shape, &ramp());
        is("floats.float16", DType::F16, &shape, &ramp());
        is("floats.bfloat16", DType::BF16, &shape, &ramp());
        is("ints.int64", DType::I64, &shape, &count());
        is("ints.int32", DType::I32, &shape, &count());
        is("ints.int16", DType::I16, &shape, &count());
        is("ints.int8", DType::I8, &shape, &count());
        is("ints.uint8", DType::U8, &shape, &count());
        is("bool", DType::Bool, &shape, &count().iter().map(|n| n % 2.0).collect::<Vec<_>>());
        for name in ["turned", "part", "parameter", "list.0", "list.1.0", "numpy"] {
            is(name, DType::F32, &shape, &ramp());
        }
        is("scalar", DType::F32, &[], &[-1.0]);
        is("expanded", DType::F32, &[2, 3], &[-1.0; 6]);
        is("empty", DType::F32, &[0, 276], &[]);
        is("linear.weight", DType::F32, &[1, 1], &[-1.0]);
        is("linear.bias", DType::F32, &[1], &[0.5]);
        is("numpy_number", DType::F64, &[], &[-1.0]);
        assert_eq!(file.names().len(), 22);
    }
}

#[test]
fn settings_beside_the_tensors_are_read() {
    for name in ["torch_zip.pt", "torch_legacy.pt"] {
        let file = TorchFile::open(sample(name)).expect(name);
        assert_eq!(file.scalar("settings.epoch"), Some(&Scalar::Int(7)));
        assert_eq!(file.scalar("settings.lr"), Some(&Scalar::Float(0.25)));
        assert_eq!(file.scalar("settings.name"), Some(&Scalar::Text("gehend 走る".into())));
        assert_eq!(file.scalar("settings.done"), Some(&Scalar::Bool(true)));
        assert_eq!(file.scalar("settings.none"), None);
        assert_eq!(file.scalar("list.1.1"), Some(&Scalar::Int(3)));
    }
}

#[test]
fn untyped_storages_take_their_type_from_the_tensor() {
    assert_is(&load_tensor(sample("torch_uint16.pt"), "uint16").expect("uint16"), DType::U16, &[2, 3, 4], &count());
    assert!(load_tensor(sample("torch_uint16.pt"), "motion").is_err());
}

#[test]
fn an_archive_whose_start_could_be_guessed_wrong_is_read() {
    let file = open_tensors(sample("checkpoint_epoch_best.tar")).expect("open");
    assert_is(&file.read("model_state_dict.ramp").expect("ramp"), DType::F32, &[2, 3, 4], &ramp());
}

#[test]
fn npy_files_of_all_kinds_are_read() {
    for (name, dtype) in [
        ("f8", DType::F64),
        ("f4", DType::F32),
        ("f2", DType::F16),
        ("big_f4", DType::F32),
        ("fortran_f4", DType::F32),
        ("big_fortran_f8", DType::F64),
        ("version2", DType::F32),
        ("version3", DType::F32),
    ] {
        assert_is(&npy::load(sample(&format!("{name}.npy"))).expect(name), dtype, &[2, 3, 4], &ramp());
    }
    for (name, dtype) in [("i8", DType::I64), ("i4", DType::I32), ("u1", DType::U8)] {
        assert_is(&npy::load(sample(&format!("{name}.npy"))).expect(name), dtype, &[2, 3, 4], &count());
    }
    let odd: Vec<f32> = count().iter().map(|n| n % 2.0).collect();
    assert_is(&npy::load(sample("bool.npy")).expect("bool"), DType::Bool, &[2, 3, 4], &odd);
}

#[test]
fn npz_files_are_read_stored_and_deflated() {
    let stored = NpzFile::open(sample("stored.npz")).expect("stored");
    assert_eq!(stored.names(), ["ramp", "fps", "name"]);
    assert_is(&stored.read("ramp").expect("ramp"), DType::F32, &[2, 3, 4], &ramp());
    assert_is(&stored.read("fps").expect("fps"), DType::I64, &[], &[20.0]);
    assert!(stored.read("name").expect_err("text is no number").to_string().contains("U4"));
    let deflated = open_tensors(sample("deflated.npz")).expect("deflated");
    assert_eq!(deflated.info("count").expect("info").shape, [2, 3, 4]);
    assert_is(&deflated.read("count").expect("count"), DType::I64, &[2, 3, 4], &count());
}

#[test]
fn pickled_arrays_of_all_protocols_are_read() {
    for protocol in 0..6 {
        for numpy_version in 1..3 {
            let path = sample(&format!("numpy{numpy_version}_protocol{protocol}.pkl"));
            if path.exists() {
                assert_is(&numpy::load(&path).expect("pickle"), DType::F32, &[2, 3, 4], &ramp());
            } else {
                assert!(numpy_version == 1 && protocol > 3, "{path:?} is missing");
            }
        }
    }
    assert_is(&numpy::load(sample("fortran.pkl")).expect("pickle"), DType::F64, &[2, 3, 4], &ramp());
}

#[test]
fn a_bf16_state_dict_holds_the_rounded_numbers_of_its_safetensors_twin() {
    let weights = folder().join("dit_weights");
    let pt = TorchFile::open(weights.join("tiny_bf16.pt")).expect("tiny_bf16.pt");
    let st = SafetensorsFile::open(weights.join("tiny.safetensors")).expect("tiny.safetensors");
    let mut names = (pt.names(), st.names());
    names.0.sort();
    names.1.sort();
    assert_eq!(names.0, names.1);
    for name in names.0 {
        let (a, b) = (pt.info(&name).expect("info"), st.info(&name).expect("info"));
        assert_eq!((a.dtype, &a.shape), (DType::BF16, &b.shape), "{name}");
        let rounded = st.read_f32(&name).expect("read").into_iter().map(|v| half::bf16::from_f32(v).to_f32());
        assert_eq!(pt.read_f32(&name).expect("read"), rounded.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_sharded_index_opens_as_one_file() {
    let index = folder().join("dit_weights/base_wan/diffusion_pytorch_model.safetensors.index.json");
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&index).expect("index")).expect("json");
    let all = SafetensorsFile::open(index).expect("index");
    assert_eq!(all.names().len(), json["weight_map"].as_object().expect("map").len());
    for name in all.names() {
        let info = all.info(&name).expect("info");
        assert_eq!(all.read_f32(&name).expect("read").len(), info.checked_len().expect("len"), "{name}");
    }
}
