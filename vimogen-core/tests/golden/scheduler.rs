//! Golden `scheduler`: levels, timesteps, weights, steps, noising.

use ndarray::{ArrayD, IxDyn};
use vimogen_core::sample::flow::{Schedule, ScheduleConfig, add_noise};

use crate::common::{Golden, assert_close};

fn config(golden: &Golden, case: &str) -> ScheduleConfig {
    let json = &golden.case(case)["config"];
    let number = |key: &str, default: f64| json[key].as_f64().unwrap_or(default);
    let flag = |key: &str, default: bool| json[key].as_bool().unwrap_or(default);
    ScheduleConfig {
        num_steps: number("num_inference_steps", 100.0) as usize,
        strength: number("denoising_strength", 1.0),
        shift: number("shift", 5.0),
        sigma_min: number("sigma_min", 0.0),
        sigma_max: number("sigma_max", 1.0),
        extra_one_step: flag("extra_one_step", true),
        reverse_sigmas: flag("reverse_sigmas", false),
        inverse_timesteps: flag("inverse_timesteps", false),
        training: flag("training", false),
    }
}

fn vector(values: impl IntoIterator<Item = f32>) -> ArrayD<f32> {
    ndarray::Array1::from_iter(values).into_dyn()
}

#[test]
fn levels_timesteps_and_weights_match() {
    let golden = Golden::open("scheduler");
    let cases = golden.cases().into_iter().filter(|c| golden.has(&format!("{c}.output.sigmas")));
    for case in cases {
        let schedule = Schedule::new(&config(&golden, &case)).unwrap();
        let check =
            |name: &str, got: ArrayD<f32>| golden.assert_within(&case, name, got.view(), bound(&golden, &case, name));
        check("sigmas", vector(schedule.sigmas().iter().map(|s| *s as f32)));
        check("timesteps", vector(schedule.timesteps().iter().copied()));
        if golden.has(&format!("{case}.output.weights")) {
            check("weights", vector(schedule.weights().iter().copied()));
        }
    }
}

/// The golden bound, or f32 rounding where none is given.
fn bound(golden: &Golden, case: &str, name: &str) -> f32 {
    match golden.atol(case, name) {
        0.0 if name == "timesteps" => 5e-4,
        0.0 => 1e-6,
        atol => atol,
    }
}

#[test]
fn steps_match() {
    let golden = Golden::open("scheduler");
    for (case, back, steps) in [("step_n50", "return_to_timestep_n50", 50), ("step_n10", "return_to_timestep_n10", 10)]
    {
        let schedule = Schedule::generation(steps, 0.7).unwrap();
        let (x, v) = (golden.input(case, "sample"), golden.input(case, "model_output"));
        let timesteps = golden.input(case, "timesteps");
        let stack = |f: &dyn Fn(usize, f32, f32) -> f32| {
            let values = timesteps.iter().flat_map(|t| {
                let index = schedule.index_of(*t);
                x.iter().zip(&v).map(move |(x, v)| f(index, *x, *v)).collect::<Vec<_>>()
            });
            ArrayD::from_shape_vec(IxDyn(&[5, 2, 7, 5]), values.collect()).unwrap()
        };
        let prev = stack(&|i, x, v| x + v * schedule.delta(i) as f32);
        golden.assert_within(case, "prev", prev.view(), bound(&golden, case, "prev"));
        let last = stack(&|i, x, v| x + v * schedule.delta_to_final(i) as f32);
        golden.assert_within(case, "prev_to_final", last.view(), bound(&golden, case, "prev_to_final"));
        let y = stack(&|i, x, v| (x - v) / schedule.sigmas()[i] as f32);
        let want = golden.output(back, "y");
        let atol = 1e-5 * want.iter().fold(0f32, |m, v| m.max(v.abs()));
        assert_close(back, y.view(), want.view(), atol);
    }
}

#[test]
fn training_noise_targets_and_weights_match() {
    let golden = Golden::open("scheduler");
    let schedule = Schedule::training();
    let (x, noise) = (golden.input("train", "latents"), golden.input("train", "noise"));
    let ids = golden.input("train", "timestep_ids");
    for case in ["train", "train_bf16_timesteps", "train_offgrid"] {
        let levels: Vec<usize> = match case {
            "train" => ids.iter().map(|i| *i as usize).collect(),
            "train_offgrid" => golden.input(case, "timesteps").iter().map(|t| schedule.index_of(*t)).collect(),
            _ => golden.input(case, "timesteps_bf16").iter().map(|t| schedule.index_of(*t)).collect(),
        };
        let mut noisy = x.clone();
        for ((b, row), n) in noisy.outer_iter_mut().enumerate().zip(noise.outer_iter()) {
            let sigma = schedule.sigmas()[levels[b]];
            ndarray::Zip::from(row).and(n).for_each(|x, n| *x = add_noise(*x, *n, sigma));
        }
        golden.assert_within(case, "noisy", noisy.view(), bound(&golden, case, "noisy").max(1e-6));
        let weight = vector(levels.iter().map(|i| schedule.weights()[*i]));
        golden.assert_within(case, "weight", weight.view(), bound(&golden, case, "weight").max(2e-6));
    }
    golden.assert_output("train", "target", (&noise - &x).view());
}
