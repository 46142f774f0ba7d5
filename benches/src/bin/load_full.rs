//! Peak memory and time of loading the released model's size: `load_full make FILE`, then `load_full f32|bf16 FILE` and
//! `load_full text-only FILE`. The weights are random bf16, 4.5 GB; each measurement is a process of its own.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::borrow::Cow;
use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use vimogen_bench as _;
use vimogen_core::format::{DType, TensorInfo, safetensors};
use vimogen_core::weights::mapping::{checkpoint_name, is_linear};
use vimogen_core::weights::{LoadOptions, load, open};
use vimogen_core::{Device, Dit, DitConfig, Result, WeightDtype};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [mode, file] = &words[..] else {
        println!("usage: load_full make|f32|bf16|text-only FILE");
        return Ok(());
    };
    let device = Device::flex();
    let config = DitConfig::vimogen_1_3b();
    if mode == "make" {
        return make(&Dit::new(&config, &device)?, file);
    }
    let text_only = mode == "text-only";
    let dtype = if mode == "f32" { WeightDtype::F32 } else { WeightDtype::Bf16 };
    let options = LoadOptions { dtype, ..LoadOptions::default() };
    let options = if text_only { options.text_only() } else { options };
    let dit = Dit::new(&DitConfig { reference: !text_only, ..config }, &device)?;
    let start = Instant::now();
    let source = open(file)?;
    let (dit, report) = load(dit, source.as_ref(), &options, &device)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{mode}: {} tensors, {:.2} billion parameters, {seconds:.1} s, peak {}",
        report.applied.len(),
        dit.num_params() as f64 / 1e9,
        memory()
    );
    Ok(())
}

/// Peak of resident memory, and of the part that is not file pages.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |key: &str| {
        let found = status.lines().find_map(|l| l.strip_prefix(key));
        found.map_or_else(|| "unknown".into(), |v| v.trim().to_string())
    };
    format!("{} resident (now {}: {} own, {} of files)", line("VmHWM:"), line("VmRSS:"), line("RssAnon:"), line("RssFile:"))
}

/// Writes random weights without holding them.
fn make(dit: &Dit, file: &str) -> Result<()> {
    let mut names = Names { path: vec![], out: vec![] };
    dit.visit(&mut names);
    let tensors: Vec<(&str, TensorInfo)> = names.out.iter().map(|(name, info)| (name.as_str(), info.clone())).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    safetensors::save_with(file, &tensors, &[], |i| {
        let n: usize = tensors[i].1.shape.iter().product();
        let mut bytes = Vec::with_capacity(2 * n);
        for _ in 0..n {
            // xorshift; the value is a small bf16 of either sign.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = 0x3c00 | (state as u16 & 0x80ff);
            bytes.extend(value.to_le_bytes());
        }
        Ok(Cow::Owned(bytes))
    })
}

struct Names {
    path: Vec<String>,
    out: Vec<(String, TensorInfo)>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(&self.path.join("."));
        let mut shape = param.lazy_shape().as_slice().to_vec();
        if is_linear(&name, D) {
            shape.reverse();
        }
        self.out.push((name, TensorInfo { dtype: DType::BF16, shape }));
    }
}
