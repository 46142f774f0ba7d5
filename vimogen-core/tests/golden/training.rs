//! Golden `training`: prediction, losses, gradients, parameters after one and three steps, moving average.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use ndarray::{Array3, ArrayD};
use vimogen_core::model::arrays::ClipArrays;
use vimogen_core::model::{ClipBatch, Condition, Dit};
use vimogen_core::train::{NoiseDraw, TrainBatch, TrainConfig, Trainer};
use vimogen_core::weights::mapping::{checkpoint_name, is_linear};
use vimogen_core::weights::{WeightDtype, state_dict};

use crate::common::{Golden, device};
use crate::dit::{NAMES, array, three, tiny_model, two};

fn batch(golden: &Golden) -> TrainBatch {
    let get = |name: &str| golden.input("inputs", name);
    let (motion, reference) = (three(get("motion")), three(get("ref_motion")));
    let attend_to_text: Vec<bool> = get("attend_to_text_mask").iter().map(|v| *v != 0.0).collect();
    let (text, frame_mask) = (three(get("prompt_emb")), two(get("motion_mask")));
    let reference_mask = two(get("ref_motion_mask"));
    let arrays = ClipArrays {
        frame_mask: Some(frame_mask.view()),
        reference: Some(reference.view()),
        reference_mask: Some(reference_mask.view()),
        attend_to_text: Some(&attend_to_text),
        ..ClipArrays::new(&NAMES, text.view())
    };
    let clips = arrays.clips(motion.dim().0, motion.dim().1).unwrap();
    TrainBatch { motion, clips, channel_weights: two(get("motion_dim_mask")) }
}

fn draws(golden: &Golden, step: usize) -> NoiseDraw {
    let noise: Array3<f32> = golden.input("inputs", &format!("noise_step{step}")).into_dimensionality().unwrap();
    let index = golden.input("inputs", &format!("timestep_ids_step{step}"));
    NoiseDraw { noise, timestep_index: index.iter().map(|i| *i as usize).collect() }
}

fn config(golden: &Golden, case: &str) -> TrainConfig {
    let json = &golden.case(case)["config"];
    let number = |key: &str| json[key].as_f64().unwrap();
    TrainConfig::default()
        .with_lr(number("lr"))
        .with_weight_decay(number("weight_decay") as f32)
        .with_warmup_steps(number("warmup_steps") as usize)
        .with_grad_clip(number("grad_clip"))
        .with_ema_decay(number("ema_decay"))
}

/// Gradients by checkpoint name, in the checkpoint's layout.
struct Named<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    out: BTreeMap<String, Option<ArrayD<f32>>>,
}

impl ModuleVisitor for Named<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(&self.path.join("."));
        let grad = self.grads.get::<D>(param.id).map(|g| match is_linear(&name, D) {
            true => array(g).t().as_standard_layout().into_owned(),
            false => array(g),
        });
        self.out.insert(name, grad);
    }
}

fn by_name(dit: &Dit, grads: &GradientsParams) -> BTreeMap<String, Option<ArrayD<f32>>> {
    let mut named = Named { grads, path: vec![], out: BTreeMap::new() };
    dit.visit(&mut named);
    named.out
}

fn l2(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Compares parameters by the 2-norm of the difference: single entries with vanishing gradients may deviate more.
fn assert_params(golden: &Golden, case: &str, prefix: &str, dit: &Dit) {
    let params = state_dict(dit, WeightDtype::F32);
    let names = golden.names(&format!("{case}.output.{prefix}."));
    assert!(!names.is_empty());
    for full in names {
        let name = full.strip_prefix(&format!("{case}.output.{prefix}.")).unwrap();
        let (got, want) = (params[name].to_f32(), golden.tensor(&full));
        let distance = l2(got.iter().zip(&want).map(|(g, w)| f64::from(g - w)));
        let bound = f64::from(golden.atol(case, &format!("{prefix}.{name}"))) * (want.len() as f64).sqrt();
        assert!(distance <= bound.max(1e-7), "{full}: distance {distance:e}, bound {bound:e}");
    }
}

#[test]
fn the_first_step_has_the_reference_prediction_losses_and_gradients() {
    let golden = Golden::open("training");
    let config = config(&golden, "upstream");
    let trainer = Trainer::from_model(tiny_model(), &config, &device()).unwrap();
    let (grads, loss) = trainer.gradients(&batch(&golden), &draws(&golden, 0)).unwrap();
    golden.assert_output("upstream", "step0.pred", array(loss.prediction.clone()).view());

    let values = loss.values().unwrap();
    let step = &golden.case("upstream")["config"]["steps"][0];
    let close = |got: f64, key: &str| {
        let want = step[key].as_f64().unwrap();
        assert!((got - want).abs() <= 2e-6 * want.abs(), "{key}: {got} is not {want}");
    };
    close(values.total, "loss_f64");
    close(values.text.unwrap(), "loss_text_f64");
    close(values.ref_motion.unwrap(), "loss_ref_motion_f64");

    let grads = by_name(&trainer.model(), &grads);
    for full in golden.names("upstream.output.step0.grad.") {
        let name = full.strip_prefix("upstream.output.step0.grad.").unwrap();
        let grad = grads[name].as_ref().unwrap_or_else(|| panic!("{name} has no gradient"));
        golden.assert_output("upstream", &format!("step0.grad.{name}"), grad.view());
    }
    let norms = golden.case("upstream")["config"]["grad_l2_norm_step0_f64"].as_object().unwrap();
    for (name, want) in norms {
        let got = l2(grads[name].as_ref().unwrap().iter().map(|v| f64::from(*v)));
        let want = want.as_f64().unwrap();
        assert!((got - want).abs() <= 2e-4 * want.max(1e-3), "gradient norm of {name}: {got} is not {want}");
    }
}

#[test]
fn parameters_and_average_follow_the_reference_for_three_steps() {
    let golden = Golden::open("training");
    let batch = batch(&golden);
    let runs = ["upstream", "fast"].map(|case| [(case, 1, false), (case, 3, false), (case, 1, true)]);
    for (case, accumulation, checkpoint_activations) in runs.into_iter().flatten() {
        let config = config(&golden, case).with_accumulation(accumulation);
        let config = config.with_checkpoint_activations(checkpoint_activations);
        let mut trainer = Trainer::from_model(tiny_model(), &config, &device()).unwrap();
        for step in 0..3 {
            let report = trainer.train_step(&batch, &draws(&golden, step)).unwrap();
            let want = &golden.case(case)["config"]["steps"][step];
            let close = |got: f64, key: &str, tolerance: f64| {
                let want = want[key].as_f64().unwrap();
                assert!((got - want).abs() <= tolerance * want.abs(), "{case} step {step} {key}: {got} is not {want}");
            };
            close(report.lr, "lr", 1e-12);
            close(report.loss.total, "loss_f64", 5e-6);
            close(report.grad_norm, "grad_norm_f64", 2e-5);
            let prefix = format!("step{step}.param");
            if !golden.names(&format!("{case}.output.{prefix}.")).is_empty() {
                assert_params(&golden, case, &prefix, &trainer.model());
            }
        }
        if case == "fast" {
            assert_params(&golden, case, "ema", trainer.ema());
        }
    }
}

#[test]
fn parameters_without_a_gradient_stay_as_they_are() {
    let golden = Golden::open("training");
    let mut batch = batch(&golden);
    let texts = three(golden.input("inputs", "prompt_emb"));
    let conditions = texts.outer_iter().map(|text| Condition::Text(text.to_owned())).collect();
    batch.clips = ClipBatch::new(conditions, batch.clips.frame_lengths().to_vec()).unwrap();
    let mut trainer = Trainer::from_model(tiny_model(), &config(&golden, "fast"), &device()).unwrap();
    let before = state_dict(&trainer.model(), WeightDtype::F32);
    let (grads, loss) = trainer.gradients(&batch, &draws(&golden, 0)).unwrap();
    // The json gives no bound of its own; model and sizes are those of `upstream`.
    let atol = golden.atol("upstream", "step0.pred");
    golden.assert_within("only_text", "pred", array(loss.prediction.clone()).view(), atol);
    let values = loss.values().unwrap();
    assert_eq!(values.ref_motion, None);
    assert_eq!(Some(values.total), values.text);

    let json = &golden.case("only_text")["config"];
    assert!((values.total - json["loss"].as_f64().unwrap()).abs() < 5e-6);
    let listed: Vec<&str> = json["no_grad"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let grads = by_name(&trainer.model(), &grads);
    let mut without: Vec<&str> = grads.iter().filter(|(_, g)| g.is_none()).map(|(n, _)| n.as_str()).collect();
    let mut want = listed.clone();
    want.sort_unstable();
    without.sort_unstable();
    assert_eq!(without, want);

    for step in 0..2 {
        trainer.train_step(&batch, &draws(&golden, step)).unwrap();
    }
    let after = state_dict(&trainer.model(), WeightDtype::F32);
    assert!(listed.iter().all(|name| before[*name].to_f32() == after[*name].to_f32()));
    assert_ne!(before["blocks.0.ffn.0.weight"].to_f32(), after["blocks.0.ffn.0.weight"].to_f32());
}
