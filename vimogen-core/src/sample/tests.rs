//! What a generation computes once, what it never computes, and what it does not depend on.

use std::ops::ControlFlow;

use burn::tensor::Device;
use ndarray::{Array2, Array3, Axis, s};

use super::*;
use crate::error::{Error, ErrorCode, Result};
use crate::model::probe::{self, Trace};
use crate::model::{Dit, DitConfig};
use crate::progress::ignore;

const STEPS: usize = 50;

fn config() -> DitConfig {
    DitConfig {
        dim: 32,
        ffn_dim: 64,
        freq_dim: 16,
        num_heads: 2,
        num_layers: 4,
        text_dim: 12,
        text_len: 6,
        ..DitConfig::vimogen_1_3b()
    }
}

fn model() -> Dit {
    let device = Device::flex();
    Dit::new(&config(), &device).unwrap().init_weights(3, &device)
}

fn sampler(guidance_scale: f32) -> Sampler {
    let options = SamplerOptions::default().with_num_inference_steps(STEPS).with_guidance_scale(guidance_scale);
    Sampler::new(options).unwrap()
}

/// Rows of numbers that look like an encoded prompt or a normalised motion.
fn numbers(batch: usize, rows: usize, width: usize) -> Array3<f32> {
    Array3::from_shape_fn((batch, rows, width), |(b, r, c)| ((b * 71 + r * 13 + c * 7) as f32 * 0.37).sin())
}

/// Text rows of the given lengths, with noise of their own.
fn texts(lengths: &[usize]) -> SampleInputs {
    let frames = lengths.iter().copied().max().unwrap();
    let mut x = Array3::zeros((lengths.len(), frames, 276));
    for (i, (mut row, length)) in x.outer_iter_mut().zip(lengths).enumerate() {
        row.slice_mut(s![..*length, ..]).assign(&noise(i as u64, *length));
    }
    let mut inputs = SampleInputs::new(x, numbers(lengths.len(), 6, 12), numbers(1, 4, 12));
    inputs.frame_lengths = lengths.to_vec();
    inputs
}

/// The same rows attending to references.
fn references(lengths: &[usize]) -> SampleInputs {
    let inputs = texts(lengths);
    let (batch, frames, _) = inputs.noise.dim();
    inputs.with_reference(numbers(batch, frames, 138), lengths.to_vec())
}

fn run(sampler: &Sampler, inputs: &SampleInputs) -> Result<Array3<f32>> {
    sampler.sample(&model(), inputs, &mut ignore)
}

fn watch(sampler: &Sampler, inputs: &SampleInputs) -> Trace {
    let dit = model();
    let (result, trace) = probe::watch(false, || sampler.sample(&dit, inputs, &mut ignore));
    result.unwrap();
    trace
}

#[test]
fn a_text_generation_projects_text_embeds_time_and_positions_once_and_encodes_no_reference() {
    let trace = watch(&sampler(5.0), &texts(&[9, 7]));
    for once in ["text", "time", "positions"] {
        assert_eq!(trace.count(once), 1, "{once}");
    }
    assert_eq!(trace.count("forward"), STEPS);
    assert_eq!(trace.count("rows"), 2 * 2 * STEPS, "each row with its prompt and without");
    assert_eq!(trace.count("text_attn"), 4 * STEPS);
    assert_eq!(trace.count("ref_block") + trace.count("ref_attn"), 0);
}

#[test]
fn a_reference_generation_evaluates_nothing_twice_and_never_touches_text() {
    let trace = watch(&sampler(5.0), &references(&[9, 7]));
    assert_eq!(trace.count("text") + trace.count("text_attn"), 0);
    assert_eq!(trace.count("forward"), STEPS);
    assert_eq!(trace.count("rows"), 2 * STEPS);
    assert_eq!(trace.count("ref_block"), 2 * STEPS);
    assert_eq!((trace.count("time"), trace.count("positions")), (1, 1));
}

#[test]
fn without_guidance_there_is_no_unconditional_half() {
    assert_eq!(watch(&sampler(1.0), &texts(&[9, 7])).count("rows"), 2 * STEPS);
}

#[test]
fn outside_its_interval_guidance_costs_nothing() {
    let level = |step: usize| Schedule::generation(STEPS, 0.7).unwrap().sigmas()[step];
    let limited = |interval| {
        let guidance_interval = Some(interval);
        Sampler::new(SamplerOptions { num_inference_steps: STEPS, guidance_interval, ..SamplerOptions::default() })
            .unwrap()
    };
    let middle = limited((level(29), level(10)));
    assert_eq!(watch(&middle, &texts(&[9, 7])).count("rows"), 2 * (STEPS + 20), "steps 10 to 29 are guided");
    assert_eq!(watch(&middle, &references(&[9, 7])).count("rows"), 2 * STEPS, "references know no guidance");
    assert_eq!(watch(&limited((0.0, 1.0)), &texts(&[9, 7])).count("rows"), 2 * 2 * STEPS);

    let inputs = texts(&[9, 7]);
    assert_eq!(run(&limited((0.0, 1.0)), &inputs).unwrap(), run(&sampler(5.0), &inputs).unwrap());
    let never = run(&limited((1.0, 1.0)), &inputs).unwrap();
    let plain = run(&sampler(1.0), &inputs).unwrap();
    let worst = (&never - &plain).iter().fold(0.0f32, |w, d| w.max(d.abs()));
    assert!(worst <= 1e-5, "an interval without a level is no guidance; differs by {worst:e}");
}

#[test]
fn heun_evaluates_twice_a_step_and_the_others_once() {
    for solver in Solver::ALL {
        let options = SamplerOptions { num_inference_steps: 5, solver, ..SamplerOptions::default() };
        let trace = watch(&Sampler::new(options).unwrap(), &texts(&[9]));
        assert_eq!(trace.count("forward"), solver.evaluations(5), "{solver}");
    }
}

#[test]
fn a_mixed_batch_doubles_only_its_text_rows() {
    let mut inputs = references(&[9, 7, 8]);
    inputs.attend_to_text[1] = true;
    assert_eq!(watch(&sampler(5.0), &inputs).count("rows"), 4 * STEPS);
}

#[test]
fn rows_evaluated_each_on_its_own_thread_give_what_they_give_together() {
    let mut mixed = references(&[9, 14]);
    mixed.attend_to_text[1] = true;
    for inputs in [texts(&[9, 7]), mixed] {
        let apart = run(&sampler(5.0), &inputs).unwrap();
        // A watched generation evaluates its rows together.
        let (together, _) = probe::watch(false, || run(&sampler(5.0), &inputs));
        assert!((&apart - &together.unwrap()).iter().all(|d| d.abs() < 1e-5));
    }
}

#[test]
fn frames_beyond_the_longest_clip_are_not_computed() {
    let mut inputs = texts(&[30]);
    inputs.frame_lengths = vec![8];
    let dit = model();
    let options = SamplerOptions { num_inference_steps: 1, ..SamplerOptions::default() };
    for (smoothing, frames) in [(Smoothing::PerClip, 8), (Smoothing::Off, 8), (Smoothing::Padded, 10)] {
        let sampler = Sampler::new(SamplerOptions { smoothing, ..options }).unwrap();
        let (result, trace) = probe::watch(true, || sampler.sample(&dit, &inputs, &mut ignore));
        assert_eq!(trace.values["step0"].shape(), [1, frames, 276]);
        assert_eq!(result.unwrap().shape(), [1, 30, 276]);
    }
}

#[test]
fn a_clip_does_not_depend_on_its_batch() {
    let lengths = [9, 14, 11];
    for mut inputs in [texts(&lengths), references(&lengths)] {
        if inputs.reference.is_some() {
            inputs.attend_to_text[1] = true;
        }
        let together = run(&sampler(5.0), &inputs).unwrap();
        for (row, length) in lengths.into_iter().enumerate() {
            let alone = |x: &Array3<f32>| x.slice(s![row..=row, ..length.min(x.len_of(Axis(1))), ..]).to_owned();
            let one = SampleInputs {
                noise: alone(&inputs.noise),
                context: inputs.context.slice(s![row..=row, .., ..]).to_owned(),
                null_context: inputs.null_context.clone(),
                frame_lengths: vec![length],
                reference: inputs.reference.as_ref().map(alone),
                reference_lengths: vec![inputs.reference_lengths[row]],
                attend_to_text: vec![inputs.attend_to_text[row]],
            };
            let one = run(&sampler(5.0), &one).unwrap();
            let worst = (&one - &alone(&together)).iter().fold(0.0f32, |w, d| w.max(d.abs()));
            assert!(worst <= 1e-5, "row {row} of {:?} differs by {worst:e}", inputs.attend_to_text);
        }
    }
}

#[test]
fn smoothing_over_the_padded_length_does_not_depend_on_how_much_padding_there_is() {
    let sampler = Sampler::new(SamplerOptions { smoothing: Smoothing::Padded, ..SamplerOptions::default() }).unwrap();
    let inputs = |frames: usize| {
        let x = noise(5, frames).insert_axis(Axis(0));
        let mut inputs = SampleInputs::new(x, numbers(1, 6, 12), numbers(1, 6, 12));
        inputs.frame_lengths = vec![8];
        run(&sampler, &inputs).unwrap().slice_move(s![0, ..8, ..])
    };
    let difference: Array2<f32> = inputs(11) - inputs(20);
    assert!(difference.iter().all(|d| d.abs() < 1e-5));
}

#[test]
fn a_null_context_shorter_than_the_prompt_is_padded_with_zero_rows() {
    let short = texts(&[8]);
    let mut long = short.clone();
    let mut padded = Array3::zeros((1, 6, 12));
    padded.slice_mut(s![.., ..4, ..]).assign(&short.null_context);
    long.null_context = padded;
    assert_eq!(run(&sampler(5.0), &short).unwrap(), run(&sampler(5.0), &long).unwrap());
}

#[test]
fn cancelling_stops_at_the_step_that_asked_for_it() {
    let mut seen = vec![];
    let dit = model();
    let (result, trace) = probe::watch(false, || {
        sampler(5.0).sample(&dit, &texts(&[8]), &mut |p| {
            seen.push((p.step, p.total));
            if p.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    });
    assert!(matches!(result, Err(Error::Cancelled)));
    assert_eq!(seen, [(1, STEPS), (2, STEPS), (3, STEPS)]);
    assert_eq!(trace.count("forward"), 3);
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let bad = |name: &str, code: ErrorCode, edit: &dyn Fn(&mut SampleInputs)| {
        let mut inputs = references(&[6, 5]);
        edit(&mut inputs);
        let error = run(&sampler(5.0), &inputs).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    };
    bad("noise", ErrorCode::Shape, &|i| i.noise = numbers(2, 6, 275));
    bad("noise", ErrorCode::Shape, &|i| i.noise = Array3::zeros((2, 0, 276)));
    bad("noise", ErrorCode::Shape, &|i| i.noise = Array3::zeros((1, MAX_FRAMES + 1, 276)));
    bad("noise", ErrorCode::NonFinite, &|i| i.noise[[1, 2, 3]] = f32::NAN);
    bad("context", ErrorCode::Shape, &|i| i.context = numbers(2, 6, 13));
    bad("context", ErrorCode::Shape, &|i| i.context = numbers(3, 6, 12));
    bad("context", ErrorCode::Shape, &|i| i.context = Array3::zeros((2, 0, 12)));
    bad("context", ErrorCode::NonFinite, &|i| i.context[[0, 0, 0]] = f32::INFINITY);
    bad("null_context", ErrorCode::Shape, &|i| i.null_context = numbers(1, 7, 12));
    bad("null_context", ErrorCode::Shape, &|i| i.null_context = numbers(3, 6, 12));
    bad("null_context", ErrorCode::NonFinite, &|i| i.null_context[[0, 0, 0]] = f32::NAN);
    bad("x_mask", ErrorCode::InvalidArgument, &|i| i.frame_lengths = vec![7, 5]);
    bad("x_mask", ErrorCode::InvalidArgument, &|i| i.frame_lengths = vec![0, 5]);
    bad("x_mask", ErrorCode::InvalidArgument, &|i| i.frame_lengths = vec![5]);
    bad("ref_motion_mask", ErrorCode::InvalidArgument, &|i| i.reference_lengths = vec![7, 5]);
    bad("attend_to_text", ErrorCode::InvalidArgument, &|i| i.attend_to_text = vec![true]);
    bad("ref_motion", ErrorCode::InvalidArgument, &|i| i.reference = None);
    bad("ref_motion", ErrorCode::Shape, &|i| i.reference = Some(numbers(2, 5, 138)));
    bad("ref_motion", ErrorCode::NonFinite, &|i| i.reference.as_mut().unwrap()[[1, 0, 0]] = f32::NAN);
}

#[test]
fn a_network_that_overflows_is_reported_and_not_returned() {
    let mut dit = model();
    dit.motion_embedding.bias = dit.motion_embedding.bias.map(|b| b * 0.0 + f32::MAX);
    let result = sampler(5.0).sample(&dit, &texts(&[8]), &mut ignore);
    let error = result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Diverged);
    assert!(error.to_string().contains("not finite"), "{error}");
}
