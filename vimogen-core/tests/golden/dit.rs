//! Golden `dit` and `dit_t2m`: outputs and every saved intermediate of the network.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use ndarray::{Array2, Array3, ArrayD, Axis};
use vimogen_core::format::safetensors::SafetensorsFile;
use vimogen_core::model::arrays::ClipArrays;
use vimogen_core::model::clips::ArgumentNames;
use vimogen_core::model::{ClipBatch, Condition, Dit, DitConfig, probe};
use vimogen_core::weights::{LoadOptions, Report, load};

use crate::common::{Golden, Params, assert_close, device, folder};

/// Configuration of the golden model `tiny`.
pub fn tiny() -> DitConfig {
    DitConfig {
        dim: 64,
        ffn_dim: 128,
        freq_dim: 32,
        num_heads: 4,
        num_layers: 4,
        text_dim: 48,
        text_len: 16,
        reference: true,
        split_head: false,
        eps: 1e-6,
    }
}

/// Configuration of the golden text-only models.
pub fn t2m(split_head: bool) -> DitConfig {
    DitConfig {
        dim: 16,
        ffn_dim: 40,
        freq_dim: 16,
        num_heads: 2,
        num_layers: 2,
        text_dim: 24,
        text_len: 11,
        reference: false,
        split_head,
        eps: 1e-6,
    }
}

/// The release's words for the arrays of a batch.
pub static NAMES: ArgumentNames = ArgumentNames {
    text: "context",
    frame_lengths: "x_mask",
    reference: "ref_motion",
    reference_lengths: "ref_motion_mask",
};

/// Inputs of the golden text-only case.
pub fn t2m_inputs(golden: &Golden, case: &str) -> Inputs {
    let get = |name: &str| golden.input(case, name);
    Inputs {
        x: get("x"),
        timestep: get("timestep").iter().copied().collect(),
        context: three(get("context")),
        x_mask: Some(two(get("x_mask"))),
        ref_motion: None,
        ref_motion_mask: None,
        attend_to_text: None,
    }
}

pub fn two(values: ArrayD<f32>) -> Array2<f32> {
    values.into_dimensionality().unwrap()
}

pub fn three(values: ArrayD<f32>) -> Array3<f32> {
    values.into_dimensionality().unwrap()
}

/// The golden model `tiny` with its weights.
pub fn tiny_model() -> Dit {
    let device = device();
    let dit = Dit::new(&tiny(), &device).unwrap();
    load(dit, &Params::file("tiny.safetensors"), &LoadOptions::default(), &device).unwrap().0
}

pub fn tensor<const D: usize>(values: &ArrayD<f32>) -> Tensor<D> {
    let shape = values.shape().to_vec();
    Tensor::from_data(TensorData::new(values.iter().copied().collect::<Vec<f32>>(), shape), &device())
}

pub fn array<const D: usize>(tensor: Tensor<D>) -> ArrayD<f32> {
    let shape = tensor.dims().to_vec();
    ArrayD::from_shape_vec(shape, tensor.try_into_vec_as::<f32>().unwrap()).unwrap()
}

/// Number of ones in each row of a mask; masks count, their order does not matter.
pub fn lengths(mask: &ArrayD<f32>) -> Vec<usize> {
    mask.axis_iter(Axis(0)).map(|row| row.sum() as usize).collect()
}

/// The arrays of a forward case.
pub struct Inputs {
    pub x: ArrayD<f32>,
    pub timestep: Vec<f32>,
    pub context: Array3<f32>,
    pub x_mask: Option<Array2<f32>>,
    pub ref_motion: Option<Array3<f32>>,
    pub ref_motion_mask: Option<Array2<f32>>,
    pub attend_to_text: Option<Vec<bool>>,
}

impl Inputs {
    fn clips(&self) -> ClipBatch {
        let arrays = ClipArrays {
            names: &NAMES,
            text: self.context.view(),
            frame_mask: self.x_mask.as_ref().map(|mask| mask.view()),
            reference: self.ref_motion.as_ref().map(|reference| reference.view()),
            reference_mask: self.ref_motion_mask.as_ref().map(|mask| mask.view()),
            attend_to_text: self.attend_to_text.as_deref(),
        };
        arrays.clips(self.x.shape()[0], self.x.shape()[1]).unwrap()
    }
}

/// Each tensor from `case` if it has one, else from `mixed`.
pub fn inputs(golden: &Golden, case: &str) -> Inputs {
    let get = |name: &str| match golden.has(&format!("{case}.input.{name}")) {
        true => golden.input(case, name),
        false => golden.input("mixed", name),
    };
    Inputs {
        x: get("x"),
        timestep: get("timestep").iter().copied().collect(),
        context: three(get("context")),
        x_mask: Some(two(get("x_mask"))),
        ref_motion: Some(three(get("ref_motion"))),
        ref_motion_mask: Some(two(get("ref_motion_mask"))),
        attend_to_text: Some(get("attend_to_text_mask").iter().map(|v| *v != 0.0).collect()),
    }
}

pub fn run(dit: &Dit, inputs: &Inputs) -> ArrayD<f32> {
    array(dit.forward(tensor(&inputs.x), &inputs.timestep, &inputs.clips()).unwrap())
}

#[test]
fn positions_and_timestep_features_match() {
    let golden = Golden::open("dit");
    let table = ArrayD::from_shape_vec(vec![5000, 64], vimogen_core::model::embed::positions(5000, 64)).unwrap();
    let first = table.select(Axis(0), &(0..32).collect::<Vec<_>>());
    golden.assert_within("pos_embedding", "rows_0_to_31", first.view(), 1e-5);
    // At position 4999 the f32 angle itself is uncertain by 3e-4.
    let far = table.select(Axis(0), &[1000, 1999, 4999]);
    golden.assert_within("pos_embedding", "rows_1000_1999_4999", far.view(), 4e-4);

    let t = golden.input("sinusoid", "t");
    let rows: Vec<f32> = t.iter().flat_map(|t| vimogen_core::model::embed::timestep_features(*t, 32)).collect();
    let rows = ArrayD::from_shape_vec(vec![t.len(), 32], rows).unwrap();
    golden.assert_output("sinusoid", "emb", rows.view());
}

#[test]
fn text_and_reference_rows_match_with_every_intermediate() {
    let golden = Golden::open("dit");
    let dit = tiny_model();
    let inputs = inputs(&golden, "mixed");
    let (y, trace) = probe::watch(true, || run(&dit, &inputs));
    golden.assert_output("mixed", "y", y.view());

    // The network keeps text rows first: rows 0, 2, then 1.
    for name in golden.names("mixed.mid.") {
        let name = name.strip_prefix("mixed.mid.").unwrap();
        let want = golden.tensor(&format!("mixed.mid.{name}"));
        let want = match name {
            n if n.ends_with("_rows") => want,
            n if n.starts_with("ref_") => want.select(Axis(0), &[1]),
            "text_embed" => want.select(Axis(0), &[0, 2]),
            "time_e" | "time_e0_flat" => want,
            _ => want.select(Axis(0), &[0, 2, 1]),
        };
        let got = match name {
            "time_e" => array(dit.embed_time(&inputs.timestep, &device()).e),
            "time_e0_flat" => {
                let e0 = array(dit.embed_time(&inputs.timestep, &device()).e0);
                e0.into_shape_with_order(vec![3, 384]).unwrap()
            }
            _ => trace.values.get(name).unwrap_or_else(|| panic!("{name} was not recorded")).clone(),
        };
        assert_close(name, got.view(), want.view(), golden.atol("mixed", name));
    }
}

#[test]
fn other_masks_and_conditions_match() {
    let golden = Golden::open("dit");
    let dit = tiny_model();
    let base = || inputs(&golden, "mixed");
    let check = |case: &str, inputs: Inputs| golden.assert_output(case, "y", run(&dit, &inputs).view());

    check("mixed_t1", inputs(&golden, "mixed_t1"));
    check("ref_len_zero", inputs(&golden, "ref_len_zero"));
    let mut holes = inputs(&golden, "mask_holes");
    holes.attend_to_text = Some(vec![false; 3]);
    check("mask_holes", holes);
    for (case, text) in [("all_text", true), ("all_motion", false)] {
        let mut inputs = base();
        inputs.attend_to_text = Some(vec![text; 3]);
        check(case, inputs);
    }
    let mut no_mask = base();
    no_mask.x_mask = None;
    check("no_x_mask", no_mask);

    let mut inferred = base();
    inferred.attend_to_text = None;
    inferred.ref_motion.as_mut().unwrap().index_axis_mut(Axis(0), 0).fill(0.0);
    assert_eq!(inferred.clips().conditions().iter().map(Condition::is_text).collect::<Vec<_>>(), [true, false, false]);
    check("inferred_mask", inferred);
}

#[test]
fn padding_rows_of_long_prompts_take_part() {
    let golden = Golden::open("dit");
    let get = |name: &str| golden.input("text226", name);
    let inputs = Inputs {
        x: get("x"),
        timestep: get("timestep").iter().copied().collect(),
        context: three(get("context")),
        x_mask: None,
        ref_motion: None,
        ref_motion_mask: None,
        attend_to_text: None,
    };
    golden.assert_output("text226", "y", run(&tiny_model(), &inputs).view());
}

#[test]
fn a_warm_start_reports_what_the_base_lacks() {
    let golden = Golden::open("dit");
    let mut dit = tiny_model();
    let index = folder().join("dit_weights/base_wan/diffusion_pytorch_model.safetensors.index.json");
    let source = SafetensorsFile::open(index).unwrap();
    let report: Report;
    (dit, report) = load(dit, &source, &LoadOptions::warm_start(), &device()).unwrap();

    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let listed = |key: &str| {
        let names = golden.case("warm_start")["config"][key].as_array().unwrap().iter();
        sorted(names.map(|v| v.as_str().unwrap().to_string()).filter(|n| !n.ends_with(".pe")).collect())
    };
    assert_eq!(sorted(report.kept), listed("missing_keys"));
    assert_eq!(sorted(report.ignored), listed("unexpected_keys"));
    // The json gives no bound of its own; the sizes are those of `mixed`.
    let atol = golden.atol("mixed", "y");
    golden.assert_within("warm_start", "y", run(&dit, &inputs(&golden, "mixed")).view(), atol);
}

#[test]
fn text_only_models_match() {
    let golden = Golden::open("dit_t2m");
    for (case, split_head) in [("plain", false), ("split_head", true)] {
        let config = t2m(split_head);
        let device = device();
        let dit = Dit::new(&config, &device).unwrap();
        let params = Params { golden: Golden::open("dit_t2m"), prefix: format!("{case}.param.") };
        let (dit, report) = load(dit, &params, &LoadOptions::default(), &device).unwrap();
        assert_eq!(report.applied.len(), golden.names(&format!("{case}.param.")).len());
        assert!(dit.num_params() > 0);
        golden.assert_output(case, "y", run(&dit, &t2m_inputs(&golden, case)).view());
    }
}
