//! Golden `ref_corruption`: given random numbers, the corrupted reference and its mask.

use ndarray::{Ix2, Ix3};
use vimogen_core::data::corruption::{Corruption, DrawSource, Rate};

use crate::common::{Golden, assert_all_cases};

/// The draws of a case, in order; each request must have the draw's kind and size.
struct Given {
    draws: Vec<(String, Vec<f32>)>,
    next: usize,
}

impl Given {
    fn new(golden: &Golden, case: &str) -> Self {
        let names = golden.names(&format!("{case}.input.draw"));
        let draws = names.iter().map(|name| {
            let kind = name.rsplit('_').next().unwrap().to_string();
            (kind, golden.tensor(name).iter().copied().collect())
        });
        Self { draws: draws.collect(), next: 0 }
    }

    fn take(&mut self, kind: &str, n: usize) -> Vec<f32> {
        let (got, values) = &self.draws[self.next];
        assert_eq!((got.as_str(), values.len()), (kind, n), "draw {}", self.next);
        self.next += 1;
        values.clone()
    }
}

impl DrawSource for Given {
    fn scalar(&mut self) -> f32 {
        self.take("rand", 1)[0]
    }
    fn uniform(&mut self, n: usize) -> Vec<f32> {
        self.take("rand", n)
    }
    fn normal(&mut self, n: usize) -> Vec<f32> {
        self.take("randn", n)
    }
}

#[test]
fn corrupted_references_match_draw_by_draw() {
    let golden = Golden::open("ref_corruption");
    let mut seen = vec![];
    for case in golden.cases() {
        let mut json = golden.case(&case)["config"].clone();
        let object = json.as_object_mut().unwrap();
        object.remove("draws");
        let is_test = object.remove("is_test").is_some();
        let corruption: Corruption =
            if is_test { Corruption::release() } else { serde_json::from_value(json).unwrap() };
        let mut reference = golden.input(&case, "ref_motion").into_dimensionality::<Ix3>().unwrap();
        let mut mask = golden.input(&case, "ref_motion_mask").into_dimensionality::<Ix2>().unwrap();
        let mut draws = Given::new(&golden, &case);
        if is_test {
            // Validation only draws the rates, so that its random numbers stay in step with training's.
            for rate in [&corruption.corrupt_rate, &corruption.noise_scale, &corruption.replace_noise_rate] {
                rate.draw(&mut draws);
            }
        } else {
            corruption.apply(&mut reference, &mut mask, &mut draws).unwrap();
        }
        assert_eq!(draws.next, draws.draws.len(), "{case}: draws left over");
        golden.assert_within(&case, "ref_motion", reference.view().into_dyn(), 1e-6);
        golden.assert_within(&case, "ref_motion_mask", mask.view().into_dyn(), 0.0);
        seen.push(case);
    }
    assert_all_cases(&golden, seen.iter().map(String::as_str));
}

#[test]
fn rates_are_read_as_in_the_release() {
    let golden = Golden::open("ref_corruption");
    for example in golden.meta()["sample_from_range"].as_array().unwrap() {
        let rate = serde_json::from_value::<Rate>(example["spec"].clone());
        let u = example["u"].as_f64().unwrap() as f32;
        match example["result"].as_f64() {
            Some(want) => {
                let mut draws = Given { draws: vec![("rand".into(), vec![u])], next: 0 };
                let got = rate.unwrap().draw(&mut draws);
                assert!((got - want).abs() < 1e-7, "{}: {got} is not {want}", example["spec"]);
            }
            // The release raises, or has no rate (null), which is a missing key here.
            None => assert!(rate.unwrap_err().to_string().contains("rate"), "{}", example["spec"]),
        }
    }
}
