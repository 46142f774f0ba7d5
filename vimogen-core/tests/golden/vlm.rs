//! Golden `vlm`: parsing of a judge's answers, and the scores computed from them.

use serde_json::Value;
use vimogen_core::mbench::aggregate::Aggregate;
use vimogen_core::mbench::gate;
use vimogen_core::mbench::vlm::answer::{Verdict, choice, decision, is_choice, is_yes};
use vimogen_core::mbench::vlm::question::candidates;

use crate::common::folder;

/// The topic has no tensors.
fn vlm() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("vlm.json")).unwrap()).unwrap()
}

fn cases(topic: &str) -> Vec<Value> {
    let cases = vlm()[topic].as_array().unwrap().clone();
    assert!(cases.len() > 10, "{topic}");
    cases
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} of {case}"))
}

#[test]
fn verdicts_are_read_as_the_release_reads_them() {
    for case in cases("interpret_vlm_output") {
        let got = Verdict::read(text(&case, "raw"));
        match case.get("raises") {
            Some(_) => assert!(got.is_err(), "{case}"),
            None => {
                let want = Verdict { analysis: case["analysis"].clone(), matches: case["matches"] == true };
                assert_eq!(got.unwrap(), want, "{case}");
            }
        }
    }
}

#[test]
fn choices_are_read_as_the_release_reads_them() {
    for case in cases("motion_condition_consistency") {
        let (label, response) = (text(&case, "label"), text(&case, "response"));
        assert_eq!(choice(response), text(&case, "prediction"), "{case}");
        assert_eq!(is_choice(response, label), case["value"] == 1.0, "{case}");
        let given: Vec<String> = serde_json::from_value(case["candidates_given"].clone()).unwrap();
        let sorted: Vec<String> = serde_json::from_value(case["candidates_sorted"].clone()).unwrap();
        assert_eq!(candidates(label, &given), sorted, "{case}");
    }
}

#[test]
fn decisions_are_read_as_the_release_reads_them() {
    for case in cases("motion_generalizability") {
        let response = text(&case, "response");
        assert_eq!(decision(response), text(&case, "decision"), "{case}");
        assert_eq!(is_yes(response), case["value"] == 1.0, "{case}");
    }
}

#[test]
fn shares_are_aggregated_as_the_release_does() {
    let golden = vlm();
    let correct: Vec<f32> = serde_json::from_value(golden["mcc_aggregate"]["correct"].clone()).unwrap();
    let shares = [(correct.as_slice(), &golden["mcc_aggregate"]["aggregate"]), (&[], &golden["mcc_empty"])];
    for (values, want) in shares {
        let got = Aggregate::of(values).with_share(values);
        let got = serde_json::to_value(got).unwrap();
        for name in ["mean", "std", "accuracy"] {
            let (got, want) = (got[name].as_f64().unwrap(), want[name].as_f64().unwrap());
            assert!((got - want).abs() < 1e-6, "{name}: {got} {want}");
        }
        for name in ["num_samples", "correct", "total"] {
            assert_eq!(got[name], want[name], "{name}");
        }
    }
}

#[test]
fn a_reference_is_used_if_it_is_calm_and_matches() {
    assert!(gate::decide(Some(0.0399), Some(true)));
    let refused = [(Some(0.04), Some(true)), (Some(f32::NAN), Some(true)), (None, Some(true))];
    for (jitter, matches) in refused.into_iter().chain([(Some(0.01), Some(false)), (Some(0.01), None)]) {
        assert!(!gate::decide(jitter, matches), "{jitter:?} {matches:?}");
    }
    assert!(text(&vlm()["quality_gate"], "note").contains("< 0.04"));
}
