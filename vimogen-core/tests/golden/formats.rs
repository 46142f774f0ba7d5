//! Checkpoints of the golden folder: `.pt` and safetensors readers against files that PyTorch wrote.

use vimogen_core::format::{DType, TensorSource, safetensors::SafetensorsFile, torch::TorchFile};

use crate::common::folder;

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
    let all = SafetensorsFile::open(index).expect("index");
    let json: serde_json::Value = serde_json::from_slice(
        &std::fs::read(folder().join("dit_weights/base_wan/diffusion_pytorch_model.safetensors.index.json"))
            .expect("index"),
    )
    .expect("json");
    assert_eq!(all.names().len(), json["weight_map"].as_object().expect("map").len());
    for name in all.names() {
        let info = all.info(&name).expect("info");
        assert_eq!(all.read_f32(&name).expect("read").len(), info.checked_len().expect("len"), "{name}");
    }
}
