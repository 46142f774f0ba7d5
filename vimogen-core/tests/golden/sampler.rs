//! Golden `sampler`: whole generations of 50 and 10 steps from text and from a reference, with intermediate values.

use ndarray::{ArrayD, Axis, Ix3, s};
use vimogen_core::model::probe;
use vimogen_core::progress::ignore;
use vimogen_core::sample::{SampleInputs, Sampler, SamplerOptions, Smoothing};

use crate::common::Golden;
use crate::dit::{lengths, tiny_model};

/// The inputs that all cases share, for one that is conditioned on text or on the reference.
pub fn inputs(golden: &Golden, text: bool) -> SampleInputs {
    let get = |name: &str| golden.input("inputs", name).into_dimensionality::<Ix3>().unwrap();
    let mut inputs = SampleInputs::new(get("noise"), get("prompt_emb"), get("prompt_emb_null"));
    inputs.frame_lengths = lengths(&golden.input("inputs", "latents_mask"));
    let reference = if text { get("ref_latents") * 0.0 } else { get("ref_latents") };
    inputs.with_reference(reference, lengths(&golden.input("inputs", "ref_latents_mask")))
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
        let inputs = inputs(&golden, text);
        assert_eq!(inputs.attend_to_text, [text; 2]);
        let (y, trace) = probe::watch(true, || sampler(steps).sample(&dit, &inputs, &mut ignore).unwrap());
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
