//! Generations: parts computed once or never, independence of batch and padding, guides.

use std::ops::ControlFlow;

use burn::tensor::Device;
use ndarray::{Array2, Array3, Axis, s};

use super::*;
use crate::error::{Error, ErrorCode, Result};
use crate::model::probe::{self, Trace};
use crate::model::{ClipBatch, Condition, Dit, DitConfig};
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

/// Rows of values in the range of an encoded prompt or a normalised motion.
fn numbers(batch: usize, rows: usize, width: usize) -> Array3<f32> {
    Array3::from_shape_fn((batch, rows, width), |(b, r, c)| ((b * 71 + r * 13 + c * 7) as f32 * 0.37).sin())
}

/// Noise and clips of a batch.
#[derive(Clone)]
struct Inputs {
    noise: Array3<f32>,
    clips: ClipBatch,
}

/// Clips of the given lengths, each with noise of its own; those for which `text` is true follow a text.
fn mixed(lengths: &[usize], text: &[bool]) -> Inputs {
    let frames = lengths.iter().copied().max().unwrap();
    let mut noise = Array3::zeros((lengths.len(), frames, 276));
    for (i, (mut row, length)) in noise.outer_iter_mut().zip(lengths).enumerate() {
        row.slice_mut(s![..*length, ..]).assign(&super::noise(i as u64, *length));
    }
    let (texts, references) = (numbers(lengths.len(), 6, 12), numbers(lengths.len(), frames, 138));
    let condition = |i: usize| {
        if text[i] {
            return Condition::Text(texts.index_axis(Axis(0), i).to_owned());
        }
        Condition::Reference { channels: references.slice(s![i, ..lengths[i], ..]).to_owned(), length: lengths[i] }
    };
    let clips = ClipBatch::new((0..lengths.len()).map(condition).collect(), lengths.to_vec()).unwrap();
    Inputs { noise, clips: clips.with_null_context(vec![null(4)]).unwrap() }
}

fn null(rows: usize) -> Array2<f32> {
    numbers(1, rows, 12).index_axis_move(Axis(0), 0)
}

fn texts(lengths: &[usize]) -> Inputs {
    mixed(lengths, &vec![true; lengths.len()])
}

fn references(lengths: &[usize]) -> Inputs {
    mixed(lengths, &vec![false; lengths.len()])
}

fn run(sampler: &Sampler, inputs: &Inputs) -> Result<Array3<f32>> {
    sampler.sample(&model(), &inputs.noise, &inputs.clips, &mut ignore)
}

fn watch(sampler: &Sampler, inputs: &Inputs) -> Trace {
    let dit = model();
    let (result, trace) = probe::watch(false, || sampler.sample(&dit, &inputs.noise, &inputs.clips, &mut ignore));
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
    assert_eq!(watch(&middle, &references(&[9, 7])).count("rows"), 2 * STEPS, "references are not guided");
    assert_eq!(watch(&limited((0.0, 1.0)), &texts(&[9, 7])).count("rows"), 2 * 2 * STEPS);

    let inputs = texts(&[9, 7]);
    assert_eq!(run(&limited((0.0, 1.0)), &inputs).unwrap(), run(&sampler(5.0), &inputs).unwrap());
    let never = run(&limited((1.0, 1.0)), &inputs).unwrap();
    let plain = run(&sampler(1.0), &inputs).unwrap();
    let worst = (&never - &plain).iter().fold(0.0f32, |w, d| w.max(d.abs()));
    assert!(worst <= 1e-5, "an interval without a level turns guidance off; differs by {worst:e}");
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
    let inputs = mixed(&[9, 7, 8], &[false, true, false]);
    assert_eq!(watch(&sampler(5.0), &inputs).count("rows"), 4 * STEPS);
}

#[test]
fn rows_evaluated_each_on_its_own_thread_give_what_they_give_together() {
    for inputs in [texts(&[9, 7]), mixed(&[9, 14], &[false, true])] {
        let apart = run(&sampler(5.0), &inputs).unwrap();
        // A watched generation evaluates its rows together.
        let (together, _) = probe::watch(false, || run(&sampler(5.0), &inputs));
        assert!((&apart - &together.unwrap()).iter().all(|d| d.abs() < 1e-5));
    }
}

/// The inputs with padding up to `frames`.
fn padded(inputs: Inputs, frames: usize) -> Inputs {
    let mut noise = Array3::zeros((inputs.noise.len_of(Axis(0)), frames, 276));
    noise.slice_mut(s![.., ..inputs.noise.len_of(Axis(1)), ..]).assign(&inputs.noise);
    Inputs { noise, ..inputs }
}

#[test]
fn frames_beyond_the_longest_clip_are_not_computed() {
    let inputs = padded(texts(&[8]), 30);
    let options = SamplerOptions { num_inference_steps: 1, ..SamplerOptions::default() };
    for (smoothing, frames) in [(Smoothing::PerClip, 8), (Smoothing::Off, 8), (Smoothing::Padded, 10)] {
        let sampler = Sampler::new(SamplerOptions { smoothing, ..options }).unwrap();
        let (result, trace) = probe::watch(true, || run(&sampler, &inputs));
        assert_eq!(trace.values["step0"].shape(), [1, frames, 276]);
        assert_eq!(result.unwrap().shape(), [1, 30, 276]);
    }
}

#[test]
fn a_clip_does_not_depend_on_its_batch() {
    let lengths = [9, 14, 11];
    for text in [[true; 3], [false, true, false]] {
        let inputs = mixed(&lengths, &text);
        let together = run(&sampler(5.0), &inputs).unwrap();
        for (row, length) in lengths.into_iter().enumerate() {
            let alone = |x: &Array3<f32>| x.slice(s![row..=row, ..length, ..]).to_owned();
            let clips = inputs.clips.select(&[row]).with_null_context(vec![null(4)]).unwrap();
            let one = run(&sampler(5.0), &Inputs { noise: alone(&inputs.noise), clips }).unwrap();
            let worst = (&one - &alone(&together)).iter().fold(0.0f32, |w, d| w.max(d.abs()));
            assert!(worst <= 1e-5, "row {row} of {text:?} differs by {worst:e}");
        }
    }
}

#[test]
fn smoothing_over_the_padded_length_does_not_depend_on_how_much_padding_there_is() {
    let sampler = Sampler::new(SamplerOptions { smoothing: Smoothing::Padded, ..SamplerOptions::default() }).unwrap();
    let noise = noise(5, 20).insert_axis(Axis(0));
    let result = |frames: usize| {
        let inputs = Inputs { noise: noise.slice(s![.., ..frames, ..]).to_owned(), ..texts(&[8]) };
        run(&sampler, &inputs).unwrap().slice_move(s![0, ..8, ..])
    };
    let difference: Array2<f32> = result(11) - result(20);
    assert!(difference.iter().all(|d| d.abs() < 1e-5));
}

#[test]
fn a_null_context_shorter_than_the_prompt_is_padded_with_zero_rows() {
    let short = texts(&[8]);
    let mut rows = Array2::zeros((6, 12));
    rows.slice_mut(s![..4, ..]).assign(&null(4));
    let long = Inputs { clips: short.clips.clone().with_null_context(vec![rows]).unwrap(), ..short.clone() };
    assert_eq!(run(&sampler(5.0), &short).unwrap(), run(&sampler(5.0), &long).unwrap());
}

/// Writes a value to frames of every clip, and keeps the levels.
#[derive(Default)]
struct Pin {
    frames: std::ops::Range<usize>,
    value: f32,
    levels: Vec<f64>,
    finished: Vec<(usize, usize)>,
}

impl Guide for Pin {
    fn guide(&mut self, level: f64, clips: &mut [GuidedClip<'_>]) -> Result<()> {
        self.levels.push(level);
        for clip in clips {
            clip.clean.slice_mut(s![self.frames.clone(), ..]).fill(self.value);
        }
        Ok(())
    }

    fn finish(&mut self, clips: &mut [FinishedClip<'_>]) -> Result<()> {
        for clip in clips {
            assert!(clip.sampled.slice(s![self.frames.clone(), ..]).iter().all(|v| *v == self.value));
            self.finished.push((clip.index, clip.smoothed.nrows()));
            clip.smoothed.slice_mut(s![self.frames.clone(), ..]).fill(self.value);
        }
        Ok(())
    }
}

fn guided(sampler: &Sampler, inputs: &Inputs, guide: &mut dyn Guide) -> Result<Array3<f32>> {
    sampler.sample_guided(&model(), &inputs.noise, &inputs.clips, guide, &mut ignore)
}

fn with_solver(solver: Solver) -> Sampler {
    Sampler::new(SamplerOptions { num_inference_steps: 8, solver, ..SamplerOptions::default() }).unwrap()
}

#[test]
fn a_guide_that_changes_nothing_gives_the_unguided_motion() {
    let inputs = mixed(&[9, 14, 11], &[false, true, true]);
    for solver in Solver::ALL {
        let sampler = with_solver(solver);
        let mut guide = Pin::default();
        let difference = guided(&sampler, &inputs, &mut guide).unwrap() - run(&sampler, &inputs).unwrap();
        let worst = difference.iter().fold(0.0f32, |w, d| w.max(d.abs()));
        assert!(worst <= 1e-5, "{solver} differs by {worst:e}");
        assert_eq!(guide.levels.len(), solver.evaluations(8), "{solver}");
        assert!(guide.levels.is_sorted_by(|a, b| a >= b) && guide.levels[7] > 0.0);
    }
}

#[test]
fn frames_that_a_guide_pins_are_exactly_its_own_with_every_solver_and_the_others_follow() {
    let inputs = mixed(&[9, 14, 11], &[false, true, true]);
    for solver in Solver::ALL {
        let sampler = with_solver(solver);
        let mut guide = Pin { frames: 2..5, value: 1.5, ..Pin::default() };
        let motion = guided(&sampler, &inputs, &mut guide).unwrap();
        assert_eq!(guide.finished, [(0, 9), (1, 14), (2, 11)]);
        assert!(motion.slice(s![.., 2..5, ..]).iter().all(|v| *v == 1.5), "{solver}");
        let free = run(&sampler, &inputs).unwrap();
        let moved = (&motion - &free).slice(s![.., 7..9, ..]).iter().fold(0.0f32, |w, d| w.max(d.abs()));
        assert!(moved > 1e-3, "{solver}: the other frames do not see the pinned ones");
    }
}

#[test]
fn a_guide_works_in_a_batch_as_on_one_clip() {
    let inputs = mixed(&[9, 14, 11], &[false, true, true]);
    let guide = || Pin { frames: 0..3, value: -0.5, ..Pin::default() };
    let together = guided(&sampler(5.0), &inputs, &mut guide()).unwrap();
    for (row, length) in [9, 14, 11].into_iter().enumerate() {
        let clips = inputs.clips.select(&[row]).with_null_context(vec![null(4)]).unwrap();
        let noise = inputs.noise.slice(s![row..=row, ..length, ..]).to_owned();
        let alone = guided(&sampler(5.0), &Inputs { noise, clips }, &mut guide()).unwrap();
        let difference = &alone.index_axis(Axis(0), 0) - &together.slice(s![row, ..length, ..]);
        assert!(difference.iter().all(|d| d.abs() < 1e-5), "row {row}");
    }
}

#[test]
fn an_error_of_a_guide_ends_the_generation() {
    struct Broken;
    impl Guide for Broken {
        fn guide(&mut self, _: f64, _: &mut [GuidedClip<'_>]) -> Result<()> {
            Err(Error::invalid("target", "out of reach"))
        }
    }
    let error = guided(&sampler(5.0), &texts(&[8]), &mut Broken).unwrap_err();
    assert!(error.to_string().contains("out of reach"), "{error}");
}

#[test]
fn cancelling_stops_at_the_step_that_asked_for_it() {
    let mut seen = vec![];
    let (dit, inputs) = (model(), texts(&[8]));
    let (result, trace) = probe::watch(false, || {
        sampler(5.0).sample(&dit, &inputs.noise, &inputs.clips, &mut |p| {
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
    let bad = |name: &str, code: ErrorCode, edit: &dyn Fn(&mut Inputs)| {
        let mut inputs = mixed(&[6, 5], &[true, false]);
        edit(&mut inputs);
        let error = run(&sampler(5.0), &inputs).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    };
    bad("noise", ErrorCode::Shape, &|i| i.noise = numbers(2, 6, 275));
    bad("noise", ErrorCode::Shape, &|i| i.noise = numbers(1, 6, 276));
    bad("noise", ErrorCode::Shape, &|i| i.noise = Array3::zeros((2, 5001, 276)));
    bad("noise", ErrorCode::NonFinite, &|i| i.noise[[1, 2, 3]] = f32::NAN);
    bad("frame_lengths", ErrorCode::InvalidArgument, &|i| i.noise = numbers(2, 5, 276));
    bad("null_context", ErrorCode::InvalidArgument, &|i| i.clips = i.clips.select(&[0, 1]));
    let clips = |condition: Condition| ClipBatch::new(vec![condition; 2], vec![6, 5]).unwrap();
    let text = clips(Condition::Text(Array2::zeros((6, 13)))).with_null_context(vec![Array2::zeros((4, 13))]).unwrap();
    bad("text", ErrorCode::Shape, &|i| i.clips = text.clone());
    bad("reference", ErrorCode::InvalidArgument, &|i| i.clips = clips(Condition::reference(Array2::zeros((7, 138)))));
    bad("reference", ErrorCode::Shape, &|i| i.clips = clips(Condition::reference(Array2::zeros((6, 137)))));
}

#[test]
fn a_network_that_overflows_is_reported_and_not_returned() {
    let mut dit = model();
    dit.motion_embedding.bias = dit.motion_embedding.bias.map(|b| b * 0.0 + f32::MAX);
    let inputs = texts(&[8]);
    let result = sampler(5.0).sample(&dit, &inputs.noise, &inputs.clips, &mut ignore);
    let error = result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Diverged);
    assert!(error.to_string().contains("not finite"), "{error}");
}
