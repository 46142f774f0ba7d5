//! Reading golden files and comparing with the tolerance of each tensor.

use std::borrow::Cow;
use std::path::PathBuf;

use burn::tensor::Device;
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use vimogen_core::DeviceSpec;
use vimogen_core::format::{RawTensor, TensorInfo, TensorSource};

/// The folder `tests/golden` of the repository.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

/// Where the network computes: `VIMOGEN_TEST_DEVICE`, such as `wgpu`, else the processor.
pub fn device_name() -> String {
    std::env::var("VIMOGEN_TEST_DEVICE").unwrap_or_else(|_| "cpu".into())
}

/// The device of that name.
pub fn device() -> Device {
    let spec = device_name().parse::<DeviceSpec>();
    spec.and_then(DeviceSpec::open).expect("the device that VIMOGEN_TEST_DEVICE names")
}

/// One topic: `<name>.safetensors` and `<name>.json`.
pub struct Golden {
    bytes: Vec<u8>,
    meta: Value,
}

impl Golden {
    pub fn open(topic: &str) -> Self {
        let read = |ext: &str| std::fs::read(folder().join(format!("{topic}.{ext}"))).expect("golden file");
        let meta = serde_json::from_slice(&read("json")).expect("golden json");
        Self { bytes: read("safetensors"), meta }
    }

    /// Names of the cases.
    pub fn cases(&self) -> Vec<String> {
        self.meta["cases"].as_object().expect("cases").keys().cloned().collect()
    }

    /// The whole json entry of a case.
    pub fn case(&self, case: &str) -> &Value {
        &self.meta["cases"][case]
    }

    /// The json of the topic.
    pub fn meta(&self) -> &Value {
        &self.meta
    }

    pub fn has(&self, name: &str) -> bool {
        SafeTensors::deserialize(&self.bytes).expect("safetensors").tensor(name).is_ok()
    }

    /// Names of all tensors that start with `prefix`.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let tensors = SafeTensors::deserialize(&self.bytes).expect("safetensors");
        let mut names: Vec<_> =
            tensors.names().into_iter().filter(|n| n.starts_with(prefix)).map(String::from).collect();
        names.sort();
        names
    }

    /// Any tensor as f32 (integers, booleans and f64 are converted), such as `aa_generic.input.aa`.
    pub fn tensor(&self, name: &str) -> ArrayD<f32> {
        let tensors = SafeTensors::deserialize(&self.bytes).expect("safetensors");
        let t = tensors.tensor(name).unwrap_or_else(|_| panic!("no golden tensor {name}"));
        let d = t.data();
        let values: Vec<f32> = match t.dtype() {
            Dtype::F32 => d.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::F64 => d.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            Dtype::I64 => d.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect(),
            Dtype::I32 => d.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b) as f32).collect(),
            Dtype::BF16 => d.as_chunks::<2>().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
            Dtype::BOOL | Dtype::U8 => d.iter().map(|b| f32::from(*b)).collect(),
            other => panic!("golden tensor {name} has dtype {other:?}"),
        };
        ArrayD::from_shape_vec(IxDyn(t.shape()), values).expect("shape")
    }

    pub fn input(&self, case: &str, name: &str) -> ArrayD<f32> {
        self.tensor(&format!("{case}.input.{name}"))
    }

    pub fn output(&self, case: &str, name: &str) -> ArrayD<f32> {
        self.tensor(&format!("{case}.output.{name}"))
    }

    /// The bound that the golden README gives for this tensor: `suggest_atol`, or 0 (exact) where none is given.
    pub fn atol(&self, case: &str, name: &str) -> f32 {
        self.case(case)["f32_vs_f64"][name]["suggest_atol"].as_f64().unwrap_or(0.0) as f32
    }

    /// Asserts that `got` equals the case's output (or mid) tensor within its own bound.
    #[track_caller]
    pub fn assert_output(&self, case: &str, name: &str, got: ArrayViewD<'_, f32>) {
        self.assert_within(case, name, got, self.atol(case, name));
    }

    /// Asserts that `got` equals the case's output (or mid) tensor within `atol`.
    #[track_caller]
    pub fn assert_within(&self, case: &str, name: &str, got: ArrayViewD<'_, f32>, atol: f32) {
        let output = format!("{case}.output.{name}");
        let full = if self.has(&output) { output } else { format!("{case}.mid.{name}") };
        assert_close(&full, got, self.tensor(&full).view(), atol);
    }
}

/// Asserts equal shapes and `|got - want| <= atol` for each element; NaN equals NaN.
#[track_caller]
pub fn assert_close(what: &str, got: ArrayViewD<'_, f32>, want: ArrayViewD<'_, f32>, atol: f32) {
    assert_eq!(got.shape(), want.shape(), "shape of {what}");
    let mut worst = (0.0f32, IxDyn(&[]), 0.0, 0.0);
    for ((index, g), w) in got.indexed_iter().zip(want.iter()) {
        let diff = if g.is_nan() && w.is_nan() || g == w { 0.0 } else { (g - w).abs() };
        if diff.is_nan() || diff > worst.0 {
            worst = (if diff.is_nan() { f32::INFINITY } else { diff }, index, *g, *w);
        }
    }
    let (diff, index, g, w) = worst;
    assert!(diff <= atol, "{what}: |{g} - {w}| = {diff:e} > {atol:e} at {index:?}");
}

/// Asserts that `consumed` names every case of the topic and nothing else, so that a new case cannot go unnoticed.
#[track_caller]
pub fn assert_all_cases<'a>(golden: &Golden, consumed: impl IntoIterator<Item = &'a str>) {
    let mut consumed: Vec<&str> = consumed.into_iter().collect();
    consumed.sort_unstable();
    let mut cases = golden.cases();
    cases.sort_unstable();
    assert_eq!(consumed, cases);
}

/// A few tensors of a golden file (those whose names start with `prefix`) as a checkpoint.
pub struct Params {
    pub golden: Golden,
    pub prefix: String,
}

impl Params {
    /// The checkpoint `dit_weights/<name>.safetensors`.
    pub fn file(name: &str) -> Self {
        let bytes = std::fs::read(folder().join("dit_weights").join(name)).expect("weights");
        Self { golden: Golden { bytes, meta: Value::Null }, prefix: String::new() }
    }
}

impl TensorSource for Params {
    fn names(&self) -> Vec<String> {
        self.golden.names(&self.prefix).iter().map(|n| n[self.prefix.len()..].to_string()).collect()
    }

    fn info(&self, name: &str) -> vimogen_core::Result<TensorInfo> {
        Ok(self.read(name)?.info().clone())
    }

    fn bytes(&self, name: &str) -> vimogen_core::Result<Cow<'_, [u8]>> {
        Ok(Cow::Owned(self.read(name)?.into_bytes()))
    }

    fn read(&self, name: &str) -> vimogen_core::Result<RawTensor> {
        Ok(RawTensor::from_f32(self.golden.tensor(&format!("{}{name}", self.prefix)).view()))
    }
}
