//! Golden `sampler`: whole generations of 50 and 10 steps from text and from a reference, with intermediate values.

use ndarray::{Array3, ArrayD, Axis, s};
use vimogen_core::model::arrays::ClipArrays;
use vimogen_core::model::{ClipBatch, probe};
use vimogen_core::progress::ignore;
use vimogen_core::sample::{Sampler, SamplerOptions, Smoothing};

use crate::common::Golden;
use crate::dit::{NAMES, lengths, three, tiny_model, two};

/// Noise and clips that all cases share, conditioned on text or on the reference.
pub fn inputs(golden: &Golden, text: bool) -> (Array3<f32>, ClipBatch) {
    let get = |name: &str| three(golden.input("inputs", name));
    let mask = |name: &str| two(golden.input("inputs", name));
    let (noise, reference) = (get("noise"), if text { get("ref_latents") * 0.0 } else { get("ref_latents") });
    let (text, frame_mask, reference_mask) = (get("prompt_emb"), mask("latents_mask"), mask("ref_latents_mask"));
    let arrays = ClipArrays {
        frame_mask: Some(frame_mask.view()),
        reference: Some(reference.view()),
        reference_mask: Some(reference_mask.view()),
        ..ClipArrays::new(&NAMES, text.view())
    };
    let clips = arrays.clips(noise.dim().0, noise.dim().1).unwrap();
    let null = get("prompt_emb_null").outer_iter().map(|rows| rows.to_owned()).collect();
    (noise, clips.with_null_context(null).unwrap())
}

pub fn sampler(steps: usize) -> Sampler {
    let options = SamplerOptions::default().with_num_inference_steps(steps).with_smoothing(Smoothing::Padded);
    Sampler::new(options).unwrap()
}

/// Mean over the batch of the squared distance to `latents`, over valid frames and channels.
fn validation_loss(golden: &Golden, x: &ArrayD<f32>) -> f64 {
    let latents = golden.input("inputs", "latents");
    let lengths = lengths(&golden.input("inputs", "latents_mask"));
    let rows = x.axis_iter(Axis(0)).zip(latents.axis_iter(Axis(0))).zip(&lengths);
    let losses = rows.map(|((x, y), n)| {
        let valid = |a: &ndarray::ArrayViewD<'_, f32>| a.slice(s![..*n, ..]).mapv(f64::from);
        (valid(&x) - valid(&y)).mapv(|d| d * d).mean().unwrap()
    });
    losses.sum::<f64>() / lengths.len() as f64
}

#[test]
fn generations_match_with_every_intermediate() {
    let golden = Golden::open("sampler");
    let dit = tiny_model();
    for (case, steps, text) in
        [("text50", 50, true), ("motion50", 50, false), ("text10", 10, true), ("motion10", 10, false)]
    {
        let (noise, clips) = inputs(&golden, text);
        assert!(clips.conditions().iter().all(|condition| condition.is_text() == text));
        let (y, trace) = probe::watch(true, || sampler(steps).sample(&dit, &noise, &clips, &mut ignore).unwrap());
        golden.assert_output(case, "y", y.into_dyn().view());

        let last = format!("step{}", steps - 1);
        for name in golden.names(&format!("{case}.mid.")) {
            let name = name.rsplit('.').next().unwrap();
            let ours = match name {
                "velocity_step1" => "step0.velocity",
                "x_after_step1" => "step0",
                "x_after_step25" => "step24",
                "x_final_before_smoothing" => &last,
                other => panic!("unknown intermediate {other}"),
            };
            golden.assert_output(case, name, trace.values[ours].view());
        }
        let want = golden.case(case)["config"]["validation_loss"].as_f64().unwrap();
        let loss = validation_loss(&golden, &trace.values[&last]);
        assert!((loss - want).abs() < 1e-5 * want, "{case}: validation loss {loss}, expected {want}");
    }
}
