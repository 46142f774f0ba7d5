//! Golden `dit` and `sampler` with weights of 16 and 8 bits: distance of the outputs from those in f32.
//!
//! The bounds hold at every level of instructions, and on a GPU.

use ndarray::ArrayD;
use vimogen_core::model::Dit;
use vimogen_core::progress::ignore;
use vimogen_core::weights::{LoadOptions, WeightDtype, load};

use crate::common::{Golden, Params, device, device_name};
use crate::dit::{inputs, run, tiny};
use crate::sampler;

fn model(dtype: WeightDtype) -> Dit {
    let device = device();
    let dit = Dit::new(&tiny(), &device).unwrap();
    let options = LoadOptions { dtype, ..LoadOptions::default() };
    load(dit, &Params::file("tiny.safetensors"), &options, &device).unwrap().0
}

/// The smaller types that the device supports.
fn smaller() -> &'static [WeightDtype] {
    match device_name().as_str() {
        "cpu" => &[WeightDtype::Bf16, WeightDtype::Int8],
        name if name.starts_with("cuda") => &[WeightDtype::Bf16],
        _ => &[],
    }
}

/// Root of the mean squared difference, as a share of that of `want`.
fn distance(got: &ArrayD<f32>, want: &ArrayD<f32>) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let (apart, size) = got.iter().zip(want).fold((0.0, 0.0), |(a, s), (g, w)| (a + square(g - w), s + square(*w)));
    (apart / size).sqrt()
}

#[track_caller]
fn assert_distance(what: &str, got: &ArrayD<f32>, want: &ArrayD<f32>, most: f64) {
    let distance = distance(got, want);
    println!("{what}: {distance:.2e}");
    assert!(distance <= most, "{what}: {distance:.2e} > {most:.2e}");
}

#[test]
fn velocities_stay_close_with_smaller_weights() {
    let golden = Golden::open("dit");
    for (dtype, most) in smaller().iter().zip([1e-2, 2e-2]) {
        let dit = model(*dtype);
        for case in ["mixed", "mixed_t1", "ref_len_zero"] {
            let y = run(&dit, &inputs(&golden, case));
            assert_distance(&format!("{dtype:?} {case}"), &y, &golden.output(case, "y"), most);
        }
    }
}

#[test]
fn generations_stay_close_with_smaller_weights() {
    let golden = Golden::open("sampler");
    for (dtype, most) in smaller().iter().zip([2e-2, 4e-2]) {
        let dit = model(*dtype);
        for (case, text) in [("text50", true), ("motion50", false)] {
            let (noise, clips) = sampler::inputs(&golden, text);
            let generate = || sampler::sampler(50).sample(&dit, &noise, &clips, &mut ignore).unwrap();
            let y = generate();
            assert_eq!(y, generate(), "the same seed gives the same numbers");
            assert_distance(&format!("{dtype:?} {case}"), &y.into_dyn(), &golden.output(case, "y"), most);
        }
    }
}
